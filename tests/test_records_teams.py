"""Who a team is: the file of teams, every fault of it at once, and names that pass for others."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ConfigurationError
from harness.records.team_names import appearance, team_key
from harness.records.teams import Teams, parse_teams

ROOT = Path(__file__).parent.parent
FINE = """
schema = 1
organisers = ["Ada", "grace-h"]

[[teams]]
id = "green-bits"
name = "Green Bits"
logins = ["Octocat", "hubot[bot]", "john.doe"]

[[teams]]
id = "reference"
name = "🌱 équipe نبات"
"""


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse_teams(text.encode(), "teams.toml")
    return [line.removeprefix("teams.toml: ") for line in caught.value.message.split("\n")]


def team(ident: str, name: str, logins: str = "[]") -> str:
    return f'\n[[teams]]\nid = "{ident}"\nname = "{name}"\nlogins = {logins}\n'


def test_a_team_is_found_by_its_id_and_by_a_login_whatever_their_letters_case() -> None:
    teams = parse_teams(FINE.encode(), "teams.toml")

    found = teams.named(" Green-Bits ")
    assert found is not None
    assert found.name == "Green Bits"
    assert teams.of("OCTOCAT") is found
    assert teams.of("HUBOT[bot]") is found
    assert teams.of("John.Doe") is found  # as GitLab allows
    assert teams.of("ada") is None
    assert teams.is_organiser("ADA")
    assert not teams.is_organiser("octocat")
    assert teams.named("Green Bits") is None  # a name is for people: an entry gives the id


def test_the_committed_file_knows_every_team_of_the_committed_entries() -> None:
    file = ROOT / "leaderboard" / "teams.toml"
    teams = parse_teams(file.read_bytes(), file)

    for manifest in ROOT.glob("submissions/*/submission.toml"):
        (line,) = [x for x in manifest.read_text().splitlines() if x.startswith("team = ")]
        assert teams.named(line.removeprefix("team = ").strip('"')), manifest


def test_every_fault_is_named_at_once() -> None:
    text = (
        'schema = 2\norganisers = ["a b", 3]\nlogin = "x"\n'
        + team("Green", "", '["octocat", "OCTOCAT"]')
        + team("other", "Other\\u202e", '"hubot"')
        + '\n[[teams]]\nname = 5\nidd = "x"\nlogins = ["Octocat"]\n'
    )

    found = faults(text)

    for start in (
        "schema: is 2, and this version reads schema 1",
        "login: unknown key: known are schema, organisers, teams",
        "organisers[1]: is no login, found 'a b'",
        "organisers[2]: is no login, found 3",
        "teams[1].id: takes at most 80 small letters",
        "teams[1].name: takes 1 to 80 characters that show",
        "teams[1].logins[2]: OCTOCAT stands in this list already",
        "teams[2].name: takes 1 to 80 characters that show",
        'teams[2].logins: takes a list of logins, as in ["octocat"]',
        "teams[3].idd: unknown key: did you mean id?",
        "teams[3].id: is missing",
        "teams[3].name: Expected `str`, got `int`, found 5",
        "teams[3].logins: Octocat is in teams[1] already",
    ):
        assert any(line.startswith(start) for line in found), (start, found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "schema: is missing"),
        ("schema = true", "schema: Expected `int`, got `bool`, found True"),
        ("schema = 1\nteams = 3", "teams: is no list of tables"),
        ("schema = 1\nteams = [1]", "teams: is no list of tables"),
        ("schema = 1\nschema = 1", "not valid TOML"),
        ("schema = 1\norganisers = {}", "organisers: takes a list of logins"),
    ],
)
def test_what_is_no_file_of_teams_is_refused(text: str, said: str) -> None:
    assert any(line.startswith(said) for line in faults(text))


@pytest.mark.parametrize(
    "other",
    [
        "Green Bits",
        "GREEN-BITS",
        "Gree\N{CYRILLIC SMALL LETTER PE} Bits",
        "Gr\N{CYRILLIC SMALL LETTER IE}\N{CYRILLIC SMALL LETTER IE}n Bits",
        "Green \N{GREEK CAPITAL LETTER BETA}its",
        "Grëén Bìts",
        "Green B1ts",
        "Green Blts",
        "\uff27\uff32\uff25\uff25\uff2e Bits",
        "Green\N{ZERO WIDTH JOINER} Bits",
    ],
)
def test_two_teams_that_look_alike_are_refused(other: str) -> None:
    text = "schema = 1\n" + team("green-bits", "Green Bits") + team("another", other)
    assert [x for x in faults(text) if "teams[2].name" in x and "can be taken for" in x]


def test_an_id_twice_and_an_id_that_is_anothers_name_are_refused() -> None:
    same = faults("schema = 1\n" + team("one", "First") + team("one", "Second"))
    assert same == ["teams[2].id: 'one' is that of teams[1] already"]
    crossed = faults("schema = 1\n" + team("one", "First") + team("first", "Second"))
    assert crossed == ["teams[2].id: 'first' can be taken for 'First' of teams[1]"]


def test_names_that_differ_are_let_stand() -> None:
    names = ("Vert", "Grün", "Зелёные", "緑", "🚀", "🌱", "Team 1", "Team 2")
    teams = "".join(team(f"team-{letter}", n) for letter, n in zip("abcdefgh", names, strict=True))
    assert len(parse_teams(f"schema = 1\n{teams}".encode(), "x").teams) == len(names)


def test_a_team_that_something_passes_for_is_found() -> None:
    teams = parse_teams(FINE.encode(), "teams.toml")
    alike = teams.alike("gr\u0435\u0435n bits")  # Cyrillic
    assert alike is not None
    assert alike.id == "green-bits"
    assert teams.alike("blue bits") is None
    assert Teams().alike("") is None


@given(st.text(max_size=30))
def test_any_text_has_a_key_and_a_look(text: str) -> None:
    assert team_key(team_key(text)) == team_key(text)
    assert appearance(text) == appearance(f"  {text}\u200b ")


def test_what_a_table_may_hold_is_looked_up_once_for_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It took a second for every thousand teams, in each command that reads who they are."""
    asked: list[object] = []

    def counted(kind: object, **options: bool) -> dict[str, Any]:
        asked.append(kind)
        return get_type_hints(kind, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("harness.records.fields.get_type_hints", counted)
    tables = "".join(f'[[teams]]\nid = "t{n}"\nname = "A {n} b"\n' for n in range(50))
    assert len(parse_teams(f"schema = 1\n{tables}".encode(), "teams.toml").teams) == 50
    assert len(asked) <= 2
