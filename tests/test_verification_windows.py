"""How many sessions a record must have: of an entry by its looks, of a control by the rounds."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace
from record_samples import RULES, record

from harness.records.evaluation import Campaign, EvaluationRecord, Failed
from harness.records.stopping import looks_of
from harness.verification.subject import Subject
from harness.verification.windows import check_rounds, check_windows

CAMPAIGN = Campaign(id="c", entries=("mine", "steady"), control="steady", control_digest="5e" * 32)
QUICK = RULES.protocols["quick"]
FAILED = Failed(stage="measured", blame="submission", message="it broke")


def member(entry: str, rounds: Sequence[int], failed: Failed | None = None) -> EvaluationRecord:
    """Make a record of a campaign that has a session in each of these rounds."""
    made = record(entry, joules=[39.0] * len(rounds), protocol="quick", campaign=CAMPAIGN)
    sessions = tuple(
        replace(each, round=number, place=0)
        for each, number in zip(made.sessions, rounds, strict=True)
    )
    looks = looks_of(sessions, QUICK, RULES.energy.amortise_queries)
    return replace(made, sessions=sessions, looks=looks, outcome=failed or made.outcome)


def subject(made: EvaluationRecord) -> Subject:
    return Subject(made.submission.entry, made, "d", verified=True, outcomes=None)


def by_itself(made: EvaluationRecord) -> list[str]:
    """Return the findings about the number of sessions."""
    found = check_windows(subject(made), RULES)
    return [each.message for each in found if "its sessions are not the" in each.message]


def together(*made: EvaluationRecord) -> list[tuple[str, str]]:
    return [(each.path, each.message) for each in check_rounds([*map(subject, made)])]


def test_an_entry_has_the_sessions_that_its_looks_ask_for() -> None:
    assert by_itself(member("mine", range(3))) == []
    assert by_itself(member("mine", range(2))) != []
    assert by_itself(member("mine", range(4))) != []


def test_a_control_whose_companions_all_ended_early_is_not_called_forged() -> None:
    control, mine = member("steady", range(2)), member("mine", range(1), FAILED)
    assert by_itself(control) == []
    assert together(control, mine) == []


def test_a_control_by_itself_is_noted_as_not_checked() -> None:
    (note,) = check_rounds([subject(member("steady", range(2)))])
    assert (note.kind, note.code, note.path) == ("note", "rounds-unknown", "steady")
    assert "was not checked" in note.message
    again = [subject(member("steady", range(2))), subject(member("steady", range(3)))]
    assert [each.code for each in check_rounds(again)] == ["sessions", "rounds-unknown"]
    assert not [*check_rounds([subject(member("mine", range(2)))])]


def test_a_control_may_run_on_for_the_others() -> None:
    control, mine = member("steady", range(5)), member("mine", range(5))
    assert by_itself(control) == []
    assert together(control, mine) == []


def test_a_control_that_lacks_a_round_of_the_others_is_named() -> None:
    short, mine = member("steady", range(2)), member("mine", range(3))
    assert together(mine, short) == [
        (
            "steady",
            "is the control of its campaign and has no session of round 3, in which others ran",
        )
    ]
    gap = member("steady", (0, 2))
    assert "round 2" in together(mine, gap)[0][1]


def test_a_control_that_failed_is_not_held_to_the_rounds() -> None:
    assert together(member("steady", range(1), FAILED), member("mine", range(3))) == []
