"""Disturbed sessions: repeated so many times and no more, on record, and counted for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from evaluation_fakes import PROTOCOL, SESSIONS, Plan, assignment_in, run
from meter_fakes import StillWatch
from msgspec.structs import replace as altered

from harness.cli.evaluate import exit_code
from harness.evaluation.assignment import Assignment
from harness.meters.protocol import Work
from harness.ranking.summary import summarise
from harness.records.evaluation import Completed, Failed
from harness.records.session import PHASES, Disturbance

REPEATS = PROTOCOL.max_repeats


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return assignment_in(tmp_path)


def keeping(assignment: Assignment) -> Assignment:
    """Let disturbed sessions stand when the repeats are used up."""
    protocol = altered(PROTOCOL, when_disturbed="keep")
    return replace(assignment, rules=altered(assignment.rules, protocols={"quick": protocol}))


def kernel_of(*ratios: float) -> Callable[[], float]:
    """Return a reference kernel that costs so much more after each session, by its turn."""
    costs = (cost for ratio in ratios for cost in (0.1, 0.1 * ratio))
    return lambda: next(costs)


STEADY, DISTURBED = 1.0, 2.0


def test_a_disturbed_session_is_void_and_repeated(assignment: Assignment) -> None:
    plan = Plan()
    made, outcomes, kept = run(
        assignment, plan, kernel=kernel_of(STEADY, DISTURBED, DISTURBED, STEADY, STEADY)
    )

    assert made.outcome == Completed()
    assert [session.index for session in made.sessions] == [0, 1, 2]
    assert all(session.disturbances == () for session in made.sessions)
    assert [void.index for void in made.voided] == [1, 1]
    for void in made.voided:
        assert [reason.code for reason in void.reasons] == ["kernel-changed"]
        assert "100 ms before and 200 ms after (limit 25%)" in void.reasons[0].message
        assert tuple(window.phase for window in void.phases) == PHASES
        assert void.kernel.after_cpu_seconds == pytest.approx(0.2)
        assert [trace.component for trace in void.trace] == ["package"]
    assert kept.voids == [(1, void.reasons) for void in made.voided]
    assert len(plan.texts) == 1 + SESSIONS + 2  # each try in a sandbox of its own
    assert outcomes is not None
    assert len(outcomes.predictions) == SESSIONS
    assert [w.code for w in made.warnings if "2 of 5 sessions" in w.message] == ["void-sessions"]

    (own,) = [warning for warning in made.warnings if warning.code == "own-load"]
    assert own.message.startswith("in 2 of 2 disturbed sessions other programs and the host")
    assert summarise(made, None).void_sessions == 2


def test_answers_of_a_void_session_do_not_count(assignment: Assignment) -> None:
    made, outcomes, _ = run(
        assignment, Plan(wrong_in=2), kernel=kernel_of(STEADY, DISTURBED, STEADY, STEADY)
    )

    assert len(made.voided) == 1
    assert made.quality is not None
    assert made.quality.ranked_value.value == 1.0
    assert outcomes is not None
    assert outcomes.predictions == (outcomes.labels,) * SESSIONS
    assert "unstable-predictions" not in [warning.code for warning in made.warnings]


def test_the_same_answers_do_count_in_a_session_that_stands(assignment: Assignment) -> None:
    made, _, _ = run(assignment, Plan(wrong_in=2))

    assert made.quality is not None
    assert made.quality.ranked_value.value < 1.0
    assert "unstable-predictions" in [warning.code for warning in made.warnings]


def test_when_the_repeats_are_used_up_the_organiser_is_told_the_figures(
    assignment: Assignment,
) -> None:
    made, outcomes, kept = run(assignment, kernel=kernel_of(STEADY, *[DISTURBED] * (REPEATS + 1)))

    assert isinstance(made.outcome, Failed)
    assert (made.outcome.stage, made.outcome.blame) == ("disturbance", "organiser")
    assert made.outcome.message == (
        "session 2 was disturbed, after 2 of at most 2 repeats: the same fixed work cost 100 ms "
        "before and 200 ms after (limit 25%); in 3 of 3 disturbed sessions other programs and the "
        "host stayed within their limits: the entry's own load may have brought that about, or the "
        "machine's cooling and clock, or what the kernel did for others"
    )
    assert "a machine of your own" in made.outcome.remedy
    assert exit_code([made]) == 3
    assert (len(made.sessions), len(made.voided)) == (1, REPEATS + 1)
    assert len(kept.voids) == REPEATS  # the last one is not repeated
    assert outcomes is not None
    assert len(outcomes.predictions) == 1


def test_where_the_rules_say_keep_the_disturbed_session_stands_and_is_marked(
    assignment: Assignment,
) -> None:
    made, outcomes, _ = run(
        keeping(assignment), kernel=kernel_of(*[DISTURBED] * (REPEATS + 1), STEADY, DISTURBED)
    )

    assert made.outcome == Completed()
    assert [len(session.disturbances) for session in made.sessions] == [1, 0, 1]
    assert len(made.voided) == REPEATS
    (warning,) = [each for each in made.warnings if each.code == "disturbed"]
    assert "sessions 1, 3 disturbed, and kept after 2 repeats: in session 1 the" in warning.message
    assert "100 ms before and 200 ms after" in warning.message
    assert outcomes is not None
    assert len(outcomes.predictions) == SESSIONS


def test_repeats_are_counted_over_the_whole_evaluation(assignment: Assignment) -> None:
    made, _, _ = run(assignment, kernel=kernel_of(DISTURBED, STEADY, DISTURBED, STEADY, DISTURBED))

    assert isinstance(made.outcome, Failed)
    assert [void.index for void in made.voided] == [0, 1, 2]


def test_an_entry_that_fails_is_not_repeated(assignment: Assignment) -> None:
    plan = Plan(2, "load")

    made, _, kept = run(assignment, plan, kernel=kernel_of(STEADY, DISTURBED))

    assert isinstance(made.outcome, Failed)
    assert (made.outcome.stage, made.outcome.blame) == ("load", "submission")
    assert (made.voided, kept.voids, len(plan.texts)) == ((), [], 3)


def test_an_entry_that_fails_in_a_repeat_keeps_what_was_void(assignment: Assignment) -> None:
    made, _, _ = run(assignment, Plan(3, "load"), kernel=kernel_of(STEADY, DISTURBED, STEADY))

    assert isinstance(made.outcome, Failed)
    assert made.outcome.blame == "submission"
    assert (len(made.sessions), len(made.voided)) == (1, 1)


class Neighbour(StillWatch):
    """Another process takes half of the machine in every window of the first session."""

    turns: Iterator[float]

    def mark(self) -> Disturbance:
        return altered(super().mark(), other_cpu_seconds=next(self.turns))


def test_what_the_watch_sees_voids(assignment: Assignment) -> None:
    Neighbour.turns = iter([4.0] * len(PHASES) + [0.0] * len(PHASES) * SESSIONS)

    def watch(work: Work) -> Neighbour:
        return Neighbour(work)

    made, _, _ = run(assignment, watch=watch)

    assert made.outcome == Completed()
    assert [reason.code for void in made.voided for reason in void.reasons] == ["other-processes"]
    codes = [warning.code for warning in made.warnings]
    assert "void-sessions" in codes
    assert "own-load" not in codes


def test_others_are_held_against_the_whole_machine_and_not_what_is_lent_of_it(
    assignment: Assignment,
) -> None:
    lent = assignment.hardware.cores
    limits = altered(assignment.rules.disturbance, other_cpu_of_entry=1e6)
    rules = altered(assignment.rules, disturbance=limits)
    for cores, voided in ((lent, 1), (1_000 * lent, 0)):
        Neighbour.turns = iter([4.0] * len(PHASES) + [0.0] * len(PHASES) * SESSIONS)
        made, _, _ = run(replace(assignment, machine_cores=cores, rules=rules), watch=Neighbour)
        assert len(made.voided) == voided


def test_a_record_with_void_sessions_comes_back_from_its_file(assignment: Assignment) -> None:
    made, _, _ = run(assignment, kernel=kernel_of(DISTURBED, STEADY, STEADY, STEADY))

    assert msgspec.json.decode(msgspec.json.encode(made), type=type(made)) == made


def test_neighbours_that_use_the_repeats_up_are_not_put_down_to_the_entry(
    assignment: Assignment,
) -> None:
    Neighbour.turns = iter([4.0] * len(PHASES) * (REPEATS + 1))

    made, _, _ = run(assignment, watch=Neighbour)

    assert isinstance(made.outcome, Failed)
    assert (made.outcome.stage, made.outcome.blame) == ("disturbance", "organiser")
    assert made.outcome.message.endswith("; it was not of the entry's own processes")
    assert "own-load" not in [warning.code for warning in made.warnings]


def test_of_several_void_sessions_those_are_counted_that_may_be_the_entry_s_own(
    assignment: Assignment,
) -> None:
    Neighbour.turns = iter([4.0] * len(PHASES) + [0.0] * len(PHASES) * REPEATS)

    made, _, _ = run(assignment, watch=Neighbour, kernel=kernel_of(STEADY, *[DISTURBED] * REPEATS))

    assert isinstance(made.outcome, Failed)
    assert "in 2 of 3 disturbed sessions other programs and" in made.outcome.message
