"""What the script is handed: it comes back as it was, and nothing in a name ends it early."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import Any

import pytest
import site_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.records.board import Board
from harness.records.joint import Claim
from harness.site.client import (
    FLAGS,
    LONGEST_NAME,
    board_script,
    claim_runs,
    claims_script,
    columns,
)
from harness.site.text import shorten, significant, watt_hours
from harness.site.views import view

CALL = re.compile(r"Frugal\.(add|addClaims)\('(.*)'\);\n")
HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!-- <script>",
    "it's \"quoted\" \\ and \\' more",
    "line\u2028and\u2029paragraph",
    "two\nlines\r\nand\ta tab",
    "نموذج سريع",
    "\u202egnp.exe\u2066",
    "👩\u200d🔬🌍",
    "\ud800",
    "\x00\x1b[31mred",
    "__proto__",
    "x" * 5000,
    "",
)


def handed(script: bytes) -> Any:  # noqa: ANN401 - plain JSON
    """Read a script as a browser does: one call with one string, which is JSON."""
    source = script.decode()
    match = CALL.fullmatch(source)
    assert match is not None
    literal = match[2]
    assert re.fullmatch(r"(?:[^'\\\n\r\u2028\u2029]|\\(?:u202[89]|[\\'/!]))*", literal)
    escapes = {"u2028": "\u2028", "u2029": "\u2029"}
    text = re.sub(r"\\(u202[89]|.)", lambda found: escapes.get(found[1], found[1]), literal)
    return json.loads(text)


def named(*names: str) -> Board:
    return samples.board(
        *(
            samples.entry(name, team=name, name=name, quality=0.9 - 0.01 * n)
            for n, name in enumerate(names)
        )
    )


def test_what_is_handed_over_comes_back_as_it_was() -> None:
    board = samples.small().boards[0]
    assert handed(board_script(board)) == columns(board)


def test_the_columns_are_those_of_the_board_in_its_order() -> None:
    board = samples.small().boards[0]
    data = handed(board_script(board))
    assert data["board"] == board.id
    assert data["n"] == 5
    assert data["entry"] == [entry.entry for entry in board.entries]
    assert data["slug"] == [0, 0, 0, 0, 0]
    assert [data["teams"][team] for team in data["team"]] == ["A team"] * 5
    assert data["quality"] == [entry.quality for entry in board.entries]
    assert data["joules"] == [entry.joules_per_1000_queries for entry in board.entries]
    assert data["joulesLow"][-1] is None  # too few sessions
    assert data["best"] == [1, 1, 3, None, None]
    assert data["worst"] == [2, 2, 3, None, None]
    assert data["class"][2] == "D"
    assert (data["floor"], data["budget"]) == (0.75, 1.5)


def test_teams_and_families_stand_once_and_rows_name_their_places() -> None:
    rows = (
        samples.entry("a", quality=0.9, team="Two", family="trees"),
        samples.entry("b", quality=0.8, team="One"),
        samples.entry("c", quality=0.7, team="Two", family="linear"),
    )
    data = columns(samples.board(*rows))
    assert (data["teams"], data["team"]) == (["Two", "One"], [0, 1, 0])
    assert (data["families"], data["family"]) == (["linear", "trees"], [1, None, 0])
    assert columns(samples.board(rows[1]))["family"] is None


def test_spellings_of_one_team_are_one_team() -> None:
    rows = (
        samples.entry("a", quality=0.9, team="Green-Bits"),
        samples.entry("b", quality=0.8, team="One"),
        samples.entry("c", quality=0.7, team="green-bits "),
    )
    board = samples.board(*rows)
    assert (columns(board)["teams"], columns(board)["team"]) == (["Green-Bits", "One"], [0, 1, 0])
    assert not view(samples.board(rows[0], rows[2]), 1, loads_at_once=True).many_teams


def test_teams_are_called_by_their_names_where_any_has_one() -> None:
    rows = (
        samples.entry("a", quality=0.9, team="two"),
        samples.entry("b", quality=0.8, team="one", team_name=f"The {'o' * 300}ne"),
    )
    data = columns(samples.board(*rows))
    assert data["teams"] == ["two", "one"]
    assert data["teamNames"] == [None, shorten(f"The {'o' * 300}ne", LONGEST_NAME)]
    assert columns(samples.board(rows[0]))["teamNames"] is None


def test_families_are_cleaned_and_cut_as_teams_are() -> None:
    wild = "\u202egnp\n\x00" + "x" * 5000
    other = wild + "y"
    rows = (samples.entry("a", quality=0.9, family=wild), samples.entry("b", family=other))
    board = samples.board(*rows)
    data = columns(board)
    assert (data["families"], data["family"]) == ([shorten(wild, LONGEST_NAME)], [0, 0])
    assert not view(board, 1, loads_at_once=True).many_families


def test_a_column_without_a_single_figure_is_one_null() -> None:
    data = columns(samples.board(samples.unresolved(), samples.unresolved("b")))
    assert data["joules"] is data["best"] is data["support"] is data["class"] is None
    assert data["ranking"] is None
    assert data["sessions"] == [5, 5]


def test_a_board_without_entries_has_empty_columns() -> None:
    data = handed(board_script(samples.board()))
    assert data["n"] == 0
    assert data["entry"] == data["teams"] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_strangers_name_is_text_and_ends_nothing(name: str) -> None:
    script = board_script(named(name))
    assert b"</" not in script
    assert b"<!--" not in script
    data = handed(script)
    assert data["entry"] == data["teams"] == data["name"] == [shorten(name, LONGEST_NAME)]


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.lists(st.text(alphabet=st.characters(exclude_categories=())), max_size=5, unique=True))
def test_any_names_come_back_cleaned_and_cut(names: list[str]) -> None:
    board = named(*names)
    data = handed(board_script(board))
    assert data["entry"] == [shorten(name, LONGEST_NAME) for name in names]
    slugs = [slug or entry for slug, entry in zip(data["slug"], data["entry"], strict=True)]
    assert len(set(slugs)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9._-]*", slug) for slug in slugs)


def kept_joules(joules: float) -> float:
    kept: list[float] = handed(
        board_script(samples.board(samples.entry(joules_per_1000_queries=joules)))
    )["joules"]
    return kept[0]


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.floats(min_value=1e-9, max_value=1e12))
def test_a_figure_that_was_shortened_is_shown_as_the_exact_one_is(joules: float) -> None:
    kept = kept_joules(joules)
    assert kept == pytest.approx(joules, rel=1e-4)
    assert significant(kept) == significant(joules)
    assert watt_hours(kept) == watt_hours(joules)


def test_a_figure_that_rounding_would_turn_stays_exact() -> None:
    figure = 0.8344996  # 0.8345 in five digits, which is 0.835 in three
    assert kept_joules(figure) == figure


def test_marks_are_told_apart() -> None:
    carried: dict[str, dict[str, Any]] = {
        "least": {"prizes": ("least-energy",)},
        "best": {"prizes": ("best-quality",)},
        "front": {"on_front": True},
        "verified": {"verified": True},
        "reference": {"baseline": True},
        "floor": {"at_floor": True},
    }
    assert list(carried) == list(FLAGS)
    for bit, (mark, changes) in enumerate(carried.items()):
        data = columns(samples.board(samples.entry(**changes)))
        assert data["flags"] == [1 << bit], mark


def test_the_script_knows_the_marks_by_the_same_bits() -> None:
    script = resources.files("harness.site").joinpath("templates", "js", "rows.js").read_text()
    spelt = re.search(r"const FLAGS = \{ (.*?) \};", script)
    assert spelt is not None
    flags = dict(pair.split(": ") for pair in spelt[1].split(", "))
    assert flags == {mark: str(1 << bit) for bit, mark in enumerate(FLAGS)}


def test_why_an_entry_has_no_rank_is_told_by_its_row() -> None:
    board = samples.small().boards[0]
    ranking = handed(board_script(board))["ranking"]
    assert ranking["why"] == {"4": "baseline", "3": "unresolved-energy"}
    assert ranking["apart"] == []
    names = [row.entry for row in board.entries]
    groups = ((names[2], names[0]), (names[1], "of another board"))
    apart = replace(board, ranking=replace(samples.RANKING, apart=groups))
    assert handed(board_script(apart))["ranking"]["apart"] == [[0, 2], [1]]


def test_claims_come_as_runs_of_rows() -> None:
    board = samples.small().boards[0]
    script = claims_script(board)
    assert script is not None
    assert handed(script) == {"board": board.id, "claims": {"0": [2, 1, 1], "1": [2, 1, 3]}}
    assert claims_script(samples.board(samples.entry())) is None


claim = st.builds(
    Claim,
    winner=st.sampled_from("abcdefgh"),
    loser=st.sampled_from("abcdefgh"),
    by_quality=st.booleans(),
    by_energy=st.just(value=True),
)


@given(st.lists(claim, unique_by=lambda each: (each.winner, each.loser)))
def test_runs_say_all_claims_and_no_other(claims: list[Claim]) -> None:
    rows = {name: row for row, name in enumerate("hgfedcba")}
    said = set()
    for winner, runs in claim_runs(claims, rows).items():
        for first, many, kind in zip(runs[::3], runs[1::3], runs[2::3], strict=True):
            said |= {(int(winner), row, kind) for row in range(first, first + many)}
    assert said == {
        (rows[each.winner], rows[each.loser], 3 if each.by_quality else 2) for each in claims
    }


def test_a_figure_that_is_not_a_number_is_refused() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        board_script(samples.board(samples.entry(seconds_per_1000_queries=float("nan"))))
