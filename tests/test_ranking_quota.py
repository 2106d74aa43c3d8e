"""How many official evaluations a team has had: what counts, for whom."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from msgspec.structs import replace
from record_samples import NULL, RULES, TASK, Stored, record, stored

from harness.ranking.boards import make_boards
from harness.ranking.quota import official_evaluations
from harness.records.evaluation import (
    Campaign,
    EvaluationRecord,
    Failed,
    ItemsCommitment,
    Signature,
)
from harness.records.rules import QuotaRules
from harness.records.team_names import team_key

HIDDEN: dict[str, Any] = {"source": "directory", "public": False, "seed": None}
QUOTA = replace(RULES, quota=QuotaRules(official_evaluations=3))


def official(entry: str = "team-model", **changes: Any) -> Stored:  # noqa: ANN401 - any field of a record
    """Make a signed official evaluation on labels that nobody knows."""
    return stored(record(entry, **({"data": HIDDEN} | changes)), verified=True)


def count(*found: Stored, team: str = "A team") -> int:
    return official_evaluations(found, QUOTA).get((TASK, team_key(team)), 0)


def failed(blame: Literal["submission", "organiser"]) -> Failed:
    return Failed(stage="measured", blame=blame, message="it broke")


def test_entries_versions_and_test_sets_of_a_team_count_together() -> None:
    assert count(
        official("one"), official("two"), official("two", digest="6e" * 32),
        official("two", data=HIDDEN | {"digest": "db" * 32}),
        official("two", rules=replace(RULES.reference_to_these, version="2025.1")),
    ) == 5  # fmt: skip


def test_an_entry_that_failed_has_had_its_evaluation() -> None:
    assert count(official(outcome=failed("submission"))) == 1


COUNTED: dict[str, Stored] = {
    "quick": official(protocol="quick"),
    "of a void campaign": official(
        campaign=Campaign(id="c", entries=("team-model",), void="the control wandered")
    ),
    "failed by the organiser, when its quality was known": official(outcome=failed("organiser")),
    "failed by the entry before it had a quality": official(
        outcome=failed("submission"), quality=None
    ),
}


@pytest.mark.parametrize("case", COUNTED)
def test_whatever_tells_of_labels_counts(case: str) -> None:
    assert count(COUNTED[case]) == 1


def test_one_evaluation_counts_once_however_often_its_record_was_made() -> None:
    campaign = Campaign(id="c", entries=("team-model",))
    first = official(campaign=campaign)
    again = official(
        campaign=campaign, items=ItemsCommitment(digest="ab" * 32)
    )  # after an interruption
    assert first.record != again.record
    assert count(first, again) == 1
    other_key = Signature(key="cd" * 32, value="ef" * 64)
    assert count(official(), official(signature=other_key)) == 1
    assert count(first, official(campaign=replace(campaign, id="d"))) == 2
    assert count(official(), official(created="2026-01-02T03:04:06+00:00")) == 2


NOT_COUNTED: dict[str, Stored] = {
    "failed by the organiser": official(outcome=failed("organiser"), quality=None),
    "not signed": stored(record(data=HIDDEN)),
    "public labels": stored(record(), verified=True),
    "null entry": official(NULL),
    "another task": official(task={"id": "another"}),
}


@pytest.mark.parametrize("case", NOT_COUNTED)
def test_what_does_not_count(case: str) -> None:
    assert count(NOT_COUNTED[case]) == 0
    assert count(NOT_COUNTED[case], official()) == 1


def with_team(team: str) -> EvaluationRecord:
    made = official().record
    return replace(made, submission=replace(made.submission, team=team))


@pytest.mark.parametrize(
    "team",
    [
        "a TEAM",
        " A  team ",
        "A\N{NO-BREAK SPACE}team",
        "\N{FULLWIDTH LATIN CAPITAL LETTER A} team",
        "A te\N{ZERO WIDTH JOINER}am",
        "A team\N{RIGHT-TO-LEFT MARK}",
        "\N{SOFT HYPHEN}A \N{WORD JOINER} team",
        "A team\N{VARIATION SELECTOR-16}",
        "A\N{COMBINING GRAPHEME JOINER} team\N{HANGUL FILLER}",
    ],
)
def test_another_spelling_is_no_other_team(team: str) -> None:
    assert count(stored(with_team(team), verified=True)) == 1


def test_an_accent_is_the_same_however_it_is_spelled() -> None:
    spelled = (
        "\N{LATIN CAPITAL LETTER E WITH ACUTE}",
        "e\N{ZERO WIDTH JOINER}\N{COMBINING ACUTE ACCENT}",
    )
    assert len({team_key(each) for each in spelled}) == 1
    assert team_key("\N{BLACK-LETTER CAPITAL H}i") == team_key("hi")


def test_another_name_is_another_team() -> None:
    assert count(stored(with_team("B team"), verified=True)) == 0


def test_every_row_of_a_team_says_how_many_and_a_note_how_many_there_may_be() -> None:
    found = [official("one"), official("two"), official("two", digest="6e" * 32)]

    (board,) = make_boards(found, QUOTA).boards

    assert {row.entry: row.official_evaluations for row in board.entries} == {"one": 3, "two": 3}
    (note,) = [each for each in board.notes if each.code == "official-evaluations"]
    assert note.message.endswith("of 3 that a team may have: A team 3")


def test_the_note_names_a_team_once_however_it_is_spelt_and_one_that_only_failed() -> None:
    def of(entry: str, team: str, **changes: Any) -> Stored:  # noqa: ANN401 - as of official
        made = official(entry, **changes)
        submission = replace(made.record.submission, team=team)
        return stored(replace(made.record, submission=submission), verified=True)

    broken = of("three", "Unlucky", outcome=failed("submission"), quality=None)
    found = [of("one", "Green-Bits"), of("two", "green-bits"), broken]

    (board,) = make_boards(found, QUOTA).boards

    (note,) = [each for each in board.notes if each.code == "official-evaluations"]
    assert note.message.endswith("may have: Green-Bits 2, Unlucky 1")


def test_a_board_of_nothing_official_has_no_such_note() -> None:
    (board,) = make_boards([stored(record())], QUOTA).boards

    assert board.entries[0].official_evaluations == 0
    assert not [each for each in board.notes if each.code == "official-evaluations"]
