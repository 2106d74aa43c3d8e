"""Sessions on a stand-in sandbox: what a record says of a run, and of one that fails anywhere."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
from evaluation_fakes import (
    BATCH,
    PROTOCOL,
    SESSIONS,
    FakeProcess,
    Plan,
    Ticks,
    assignment_in,
    run,
    steady,
)
from meter_fakes import Clock, FakeWork, recording
from record_samples import RULES

from harness.errors import MeasurementError, OrganiserError
from harness.evaluation.assignment import Assignment
from harness.evaluation.plan import PlannedSweep, plan_sweeps
from harness.meters.protocol import Recording, Surroundings, Work
from harness.meters.replay import Replay, open_sources, read_trace
from harness.records.base import pretty_json
from harness.records.evaluation import Completed, Failed, Scenario
from harness.records.meter import MeterDescription, PowerTrace, WindowReading
from harness.records.session import PHASES
from harness.sandbox.protocol import Request
from harness.tasks.protocol import Sample


class BrokenMeter:
    """A meter whose source fails at the n-th edge of the evaluation, counted from 0."""

    def __init__(self, fails_at: int) -> None:
        self._meter = steady(Ticks())
        self._left = fails_at

    def describe(self) -> MeterDescription:
        return self._meter.describe()

    @contextmanager
    def record(self, work: Work) -> Iterator[Recording]:
        with self._meter.record(work) as recording:
            self._recording = recording
            yield self

    def mark(self) -> WindowReading:
        if self._left == 0:
            raise MeasurementError("the counter is gone", remedy="bring it back")
        self._left -= 1
        return self._recording.mark()

    def trace(self) -> tuple[PowerTrace, ...]:
        return self._recording.trace()


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    return assignment_in(tmp_path)


def test_every_session_has_all_phases_in_order_and_none_overlaps(assignment: Assignment) -> None:
    clock = Ticks()

    made, _, _ = run(assignment, meter=steady(clock))

    assert made.outcome == Completed()
    assert [session.index for session in made.sessions] == [0, 1, 2]
    for session in made.sessions:
        assert tuple(window.phase for window in session.phases) == PHASES
        # Two looks at the clock an edge: to read, and to see that the reading is of the past. The
        # end of each window is the beginning of the next.
        assert [window.reading.seconds for window in session.phases] == [2.0] * 7
        assert [window.reading.joules for window in session.phases] == pytest.approx([10.0] * 7)
    assert clock.reads == SESSIONS * (1 + 2 * (1 + len(PHASES)))


def test_the_trees_final_cpu_time_is_billed_by_the_drain(assignment: Assignment) -> None:
    made, _, _ = run(assignment)

    for session in made.sessions:
        cpu = {window.phase: window.reading.cpu_seconds for window in session.phases}
        batches = session.queries // BATCH
        assert cpu["idle-before"] == cpu["start"] == cpu["load"] == cpu["idle-after"] == 0
        assert cpu["warm-up"] == pytest.approx(0.02)
        assert cpu["measured"] == pytest.approx(0.01 * batches)
        assert cpu["drain"] == pytest.approx(1.0)
        assert session.peak_memory_bytes == 7


def test_a_session_sends_each_original_once_and_scores_nothing_else(assignment: Assignment) -> None:
    plan = Plan()

    made, outcomes, kept = run(assignment, plan)

    originals = {str(sample) for sample in assignment.data.test.samples(range(6))}
    warm_up = set(assignment.data.warm_up.samples(range(len(assignment.data.warm_up))))
    for texts, session in zip(plan.texts[1:], made.sessions, strict=True):
        assert set(texts[:4]) <= warm_up
        measured = texts[4:]
        assert len(measured) == session.queries
        assert [measured.count(original) for original in originals] == [1] * 6
    assert set(plan.texts[0]) <= warm_up  # where nothing is to be answered in other batches
    assert kept.counts[-1] == (made.sessions[-1].queries, made.sessions[-1].queries)
    assert made.quality is not None
    assert (made.quality.ranked_value.value, made.quality.answered) == (1.0, 6)
    assert outcomes is not None
    assert outcomes.predictions == (outcomes.labels,) * SESSIONS
    assert [session.confusion for session in made.sessions] == [((3, 0, 0), (0, 3, 0))] * SESSIONS


def test_one_query_at_a_time_is_asked_in_the_single_scenario(assignment: Assignment) -> None:
    made, _, kept = run(replace(assignment, scenario="single"))

    assert made.scenario == "single"
    done = [done for done, _ in kept.counts[:6]]
    assert done == [1, 2, 3, 4, 5, 6]


def test_warm_up_looks_like_the_measured_phase_and_no_session_like_another(
    assignment: Assignment,
) -> None:
    plan = Plan()

    run(assignment, plan)

    warm_up = PROTOCOL.warm_up_queries // BATCH
    for frames in plan.frames[1:]:
        assert set(frames[:warm_up]) == set(frames[warm_up:]) == {(b"TEXT", BATCH)}
    measured = [tuple(texts[PROTOCOL.warm_up_queries :]) for texts in plan.texts[1:]]
    assert len(set(measured)) == SESSIONS


def test_what_was_printed_is_handed_on_by_sandbox(assignment: Assignment) -> None:
    _, _, kept = run(assignment)

    assert [(heard.where, heard.output.text) for heard in kept.heard] == [
        ("calibration", "sandbox 0\n"),
        *((f"session {n}", f"sandbox {n}\n") for n in range(1, SESSIONS + 1)),
    ]


def official(assignment: Assignment) -> Assignment:
    rules = msgspec.structs.replace(RULES, protocols={"official": PROTOCOL})
    return replace(assignment, protocol="official", rules=rules)


class Forgetful:
    """The kernel's part: notes how many sandboxes there were, and of the data what is read."""

    def __init__(self, plan: Plan, assignment: Assignment) -> None:
        self.sandboxes: list[int] = []
        self.read: list[int] = []
        """Since it was asked last."""
        self._plan = plan
        split = assignment.data.test
        samples = split.samples

        def noted(positions: Sequence[int]) -> Sequence[Sample]:
            self.read += list(positions)
            return samples(positions)

        split.samples = noted  # type: ignore[assignment,method-assign]

    def __call__(self) -> str | None:
        self.sandboxes.append(len(self._plan.texts))
        self.read = []
        return None


def test_officially_the_kernel_forgets_before_each_sandbox_and_outside_of_all_phases(
    assignment: Assignment,
) -> None:
    plan = Plan()
    forgetful = Forgetful(plan, assignment)

    made, _, kept = run(official(assignment), plan, forget=forgetful)

    assert forgetful.sandboxes == [0, 1, 2, 3]  # the first is the calibration's
    assert [session.caches_forgotten for session in made.sessions] == [True] * SESSIONS
    assert kept.phases == [
        "forgetting", "start", "start", "load", "warm-up", "drain",
        *("forgetting", *PHASES[:2], *PHASES[1:]) * SESSIONS,
    ]  # fmt: skip


def test_what_is_read_from_files_is_read_again_before_anything_is_measured(
    assignment: Assignment,
) -> None:
    """Also where the plan reads none of it: there may be no time to make variants."""
    protocol = msgspec.structs.replace(PROTOCOL, variant_seconds=0.0)
    rules = msgspec.structs.replace(RULES, protocols={"official": protocol})
    plan = Plan(fails_in=3, at="launch")
    forgetful = Forgetful(plan, assignment)

    run(replace(assignment, protocol="official", rules=rules), plan, forget=forgetful)

    assert forgetful.read == list(range(len(assignment.data.test)))


def test_a_kernel_that_does_not_forget_is_told_by_session(assignment: Assignment) -> None:
    said = iter((None, None, "it may not", None))

    made, _, _ = run(official(assignment), forget=lambda: next(said))

    assert [session.caches_forgotten for session in made.sessions] == [True, False, True]
    assert "caches-kept" in [warning.code for warning in made.warnings]


def test_a_quick_evaluation_leaves_the_machine_alone(assignment: Assignment) -> None:
    def forget() -> str | None:
        raise AssertionError("nobody asked for it")

    made, _, _ = run(assignment, forget=forget)

    assert [session.caches_forgotten for session in made.sessions] == [None] * SESSIONS


@pytest.mark.parametrize(("allowed", "fails"), [(20.0, True), (40.0, False)])
def test_energy_before_the_measured_phase_is_limited(
    assignment: Assignment, allowed: float, fails: bool
) -> None:
    """Three windows of 10 J each."""
    limits = msgspec.structs.replace(assignment.launch.limits, preparation_joules=allowed)
    launch = msgspec.structs.replace(assignment.launch, limits=limits)

    made, _, _ = run(replace(assignment, launch=launch))

    if not fails:
        assert made.outcome == Completed()
        return
    assert isinstance(made.outcome, Failed)
    assert (made.outcome.stage, made.outcome.blame) == ("warm-up", "submission")
    assert "took 30.0 J, ±" in made.outcome.message
    assert "20 J are allowed (limits.preparation_joules)" in made.outcome.message


@dataclass(frozen=True)
class Case:
    """What fails where, and what the record must say."""

    plan: Plan
    stage: str
    sessions: int = 1
    measured: bool = False
    """Whether the session that failed got as far as the measured phase."""


ORGANISERS = OrganiserError("the sandbox broke", remedy="mend it")
CASES = {
    # Sandbox 0 is the calibration's, so that 2 is the second session's.
    "calibration": Case(Plan(0, "load"), "load", sessions=0),
    "calibration-ends": Case(Plan(0, "finish"), "drain", sessions=0),
    "launch": Case(Plan(2, "launch", ORGANISERS), "start"),
    "ready": Case(Plan(2, "ready", ORGANISERS), "start"),
    "load": Case(Plan(2, "load"), "load"),
    "warm-up": Case(Plan(2, "predict:1"), "warm-up"),
    "measured": Case(Plan(2, "predict:2"), "measured", measured=True),
    "drain": Case(Plan(2, "finish"), "drain", measured=True),
    "last": Case(Plan(3, "load"), "load", sessions=2),
}


@pytest.mark.parametrize("name", CASES)
def test_a_failure_is_recorded_with_its_stage_and_what_came_before(
    assignment: Assignment, name: str
) -> None:
    case = CASES[name]
    plan = replace(
        case.plan, texts=[], frames=[], error=type(case.plan.error)("it broke", remedy="mend it")
    )

    made, outcomes, kept = run(assignment, plan)

    assert made.outcome == Failed(
        stage=case.stage,
        blame="organiser" if isinstance(plan.error, OrganiserError) else "submission",
        message="it broke",
        remedy="mend it",
    )
    assert len(made.sessions) == case.sessions
    rows = case.sessions + case.measured
    assert (0 if outcomes is None else len(outcomes.predictions)) == rows
    assert (made.quality is None) == (rows == 0)
    entered = len(plan.texts) - (plan.at == "launch")
    assert plan.left == entered  # whatever happens, no tree is left alive
    assert len(kept.heard) == entered  # and what it printed is kept


@pytest.mark.parametrize("edge", range(len(PHASES)))
def test_a_source_that_fails_is_the_organisers_fault(assignment: Assignment, edge: int) -> None:
    made, _, _ = run(assignment, meter=BrokenMeter(len(PHASES) + edge))

    assert made.outcome == Failed(
        stage=PHASES[edge],
        blame="organiser",
        message="the counter is gone",
        remedy="bring it back",
    )
    assert len(made.sessions) == 1


def test_what_was_not_answered_is_wrong(assignment: Assignment) -> None:
    one_sweep = msgspec.structs.replace(PROTOCOL, max_sweeps=1)
    rules = msgspec.structs.replace(RULES, protocols={"quick": one_sweep})
    # Two batches of warm-up, one of the test: two of six items are answered.
    made, outcomes, _ = run(replace(assignment, rules=rules), Plan(2, "predict:3"))

    assert made.quality is not None
    assert made.quality.items == 6
    assert made.quality.answered == 2
    assert made.quality.ranked_value.value == pytest.approx((1 + 2 / 6) / 2)
    assert outcomes is not None
    whole, part = outcomes.predictions
    assert whole == outcomes.labels
    assert part.count(None) == 4
    assert all(p in {None, label} for p, label in zip(part, outcomes.labels, strict=True))


def test_an_answer_that_the_frames_forbid_is_the_entrys_fault(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def two(_: FakeProcess, requests: Iterable[Request], **__: object) -> Iterator[bytes]:
        return (struct.pack(f"<{n}i", *[2] * n) for _, n in requests)

    monkeypatch.setattr(FakeProcess, "predict", two)

    made, _, _ = run(assignment)

    assert isinstance(made.outcome, Failed)
    assert (made.outcome.stage, made.outcome.blame) == ("warm-up", "submission")
    assert "is 2; labels are 0 to 1" in made.outcome.message


def test_an_error_of_our_own_is_not_put_down_as_a_result(
    assignment: Assignment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(FakeProcess, "predict", broken)

    with pytest.raises(ZeroDivisionError):
        run(assignment)


class SlowMeter:
    """A meter whose reading stays the same for so long, and reads 5 W."""

    def __init__(self, refresh_seconds: float) -> None:
        self._meter = steady(Ticks())
        self._refresh_seconds = refresh_seconds

    def describe(self) -> MeterDescription:
        made = self._meter.describe()
        sources = (msgspec.structs.replace(made.sources[0], refresh_seconds=self._refresh_seconds),)
        return msgspec.structs.replace(made, sources=sources)

    def record(self, work: Work) -> AbstractContextManager[Recording]:
        return self._meter.record(work)


@pytest.mark.parametrize(("refresh_seconds", "sweeps"), [(0.0, 2), (1e6, PROTOCOL.max_sweeps)])
def test_a_slow_meter_gets_more_passes_and_the_time_to_make_them(
    assignment: Assignment,
    monkeypatch: pytest.MonkeyPatch,
    refresh_seconds: float,
    sweeps: int,
) -> None:
    """Calibrated to a second a query, six of them fill the rules' five seconds."""
    short = msgspec.structs.replace(PROTOCOL, measured_seconds=5.0, variant_seconds=1.0)
    rules = msgspec.structs.replace(RULES, protocols={"quick": short})
    monkeypatch.setattr("harness.evaluation.run.calibrate", lambda *_, **__: 1.0)
    given: list[float] = []

    def planned(*arguments: Any, variant_seconds: float) -> tuple[PlannedSweep, ...]:  # noqa: ANN401 - what plan_sweeps takes
        given.append(variant_seconds)
        return plan_sweeps(*arguments, variant_seconds=60.0)

    monkeypatch.setattr("harness.evaluation.run.plan_sweeps", planned)

    made, _, _ = run(replace(assignment, rules=rules), meter=SlowMeter(refresh_seconds))

    assert [len(session.sweeps) for session in made.sessions] == [sweeps] * SESSIONS
    longest = rules.limits.session_seconds / 2
    assert given == [1.0 if sweeps == 2 else pytest.approx(longest / 5.0)] * SESSIONS


def test_a_sessions_trace_can_be_cut_out_and_played(assignment: Assignment, tmp_path: Path) -> None:
    made, _, _ = run(assignment)

    (trace,) = made.sessions[-1].trace
    seconds = sum(step for step, _ in trace.watts)
    cut_out = tmp_path / "trace.json"
    cut_out.write_bytes(pretty_json(trace))
    clock = Clock()
    (source,) = open_sources(str(cut_out), Surroundings(cores=1, machine_cores=1))
    assert isinstance(source, Replay)
    assert source.describe().component == trace.component
    played = Replay(read_trace(cut_out), clock=clock)
    with recording(played, clock, FakeWork()) as windows:
        clock.now += seconds
        assert windows.mark().joules == pytest.approx(
            sum(step * watts for step, watts in trace.watts)
        )
    assert {watts for _, watts in trace.watts} == {5.0}


NARROW = 1e6
"""A relative half-width that every interval is within."""


def looking(assignment: Assignment, *looks: int, half_width: float) -> Assignment:
    protocol = msgspec.structs.replace(PROTOCOL, looks=looks, half_width=half_width)
    return replace(assignment, rules=msgspec.structs.replace(RULES, protocols={"quick": protocol}))


class Wandering(Ticks):
    """A clock that moves on by more each time, so that energies differ."""

    def __call__(self) -> float:
        self.reads += 1
        return float(self.reads) ** 2


@pytest.mark.parametrize(("half_width", "sessions"), [(NARROW, 2), (1e-9, 5)])
def test_sessions_are_added_until_the_interval_is_narrow_or_the_cap_is_reached(
    assignment: Assignment, half_width: float, sessions: int
) -> None:
    made, outcomes, kept = run(
        looking(assignment, 2, 3, 5, half_width=half_width), meter=steady(Wandering())
    )

    assert made.outcome == Completed()
    assert [session.index for session in made.sessions] == list(range(sessions))
    assert [look.sessions for look in made.looks] == [2, 3, 5][: 1 if sessions == 2 else 3]
    assert [look.narrow for look in made.looks][-1] == (sessions == 2)
    assert all(look.alpha < 0.05 for look in made.looks)
    assert outcomes is not None
    assert len(outcomes.predictions) == sessions
    to_come = {0: (2, 5), 1: (2, 5), 2: (3, 5), 3: (5, 5), 4: (5, 5)}
    assert kept.sessions == [(index, *to_come[index]) for index in range(sessions)]


def asking_again(assignment: Assignment, queries: int) -> Assignment:
    protocol = msgspec.structs.replace(PROTOCOL, rebatched_queries=queries)
    return replace(assignment, rules=msgspec.structs.replace(RULES, protocols={"quick": protocol}))


def test_a_part_of_the_originals_is_answered_in_other_batches_while_nothing_is_metered(
    assignment: Assignment,
) -> None:
    plan = Plan()
    made, _, kept = run(asking_again(assignment, 4), plan)

    originals = {str(sample) for sample in assignment.data.test.samples(range(6))}
    asked = plan.texts[0][PROTOCOL.warm_up_queries :]
    assert len(set(asked)) == len(asked) == 4
    assert set(asked) <= originals
    assert plan.frames[0][-4:] == [(b"TEXT", 1)] * 4  # the sessions' are of two
    assert "re-batched" in kept.phases
    agreements = [each for each in (session.agreement for session in made.sessions) if each]
    first, *others = agreements
    assert len(others) == SESSIONS - 1
    assert (first.previous, first.rebatched, first.rebatched_items) == (None, 1.0, 4)
    assert {each.previous for each in others} == {1.0}
    # The stand-in answers variants otherwise than their originals.
    assert (first.variants, first.variant_items) == (0.0, 6)


def test_an_entry_that_answers_otherwise_in_other_batches_is_named(assignment: Assignment) -> None:
    made, _, _ = run(asking_again(assignment, 6), Plan(wrong_in=0))

    assert "batch-dependent-predictions" in [warning.code for warning in made.warnings]
    assert made.quality is not None
    assert made.quality.ranked_value.value == 1.0  # these answers count for nothing


@pytest.mark.parametrize("scenario", ["single", "offline"])
def test_one_item_at_a_time_is_never_asked_in_other_batches(
    assignment: Assignment, scenario: Scenario
) -> None:
    made, _, _ = run(replace(asking_again(assignment, 4), scenario=scenario))
    found = {s.agreement.rebatched_items for s in made.sessions if s.agreement is not None}
    assert found == ({0} if scenario == "single" else {4})


def test_a_failure_in_other_batches_is_the_entrys(assignment: Assignment) -> None:
    made, _, _ = run(asking_again(assignment, 4), Plan(0, "predict:3"))

    assert isinstance(made.outcome, Failed)
    assert (made.outcome.stage, made.outcome.blame) == ("re-batched", "submission")
