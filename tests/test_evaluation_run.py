"""Sessions on a stand-in sandbox: what a record says of a run, and of one that fails anywhere."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

import msgspec
import pytest
from record_samples import RULES, record
from sandboxes import launch_of
from toy_task import write_task

from harness.errors import HarnessError, MeasurementError, OrganiserError, SubmissionError
from harness.evaluation.run import Assignment, evaluate
from harness.evaluation.session import Bench
from harness.meters.protocol import Meter, Recording, Work
from harness.meters.replay import Replay, Trace
from harness.meters.sources import SourceMeter
from harness.records.evaluation import (
    PHASES,
    Completed,
    EvaluationRecord,
    Failed,
    Isolation,
    ItemOutcomes,
)
from harness.records.meter import MeterDescription, PowerTrace, WindowReading
from harness.records.rules import ProtocolRules
from harness.sandbox.protocol import Captured, Exit, Launch, Process, Sandbox
from harness.tasks import load_task

SESSIONS = 3
BATCH = 2
PROTOCOL = ProtocolRules(
    sessions=SESSIONS, idle_seconds=0.001, warm_up_queries=4, measured_seconds=1e6, max_sweeps=6,
    variant_seconds=60.0,
)  # fmt: skip
"""However fast the machine, each session has five sweeps of variants."""
ENTRYS_FAULT = SubmissionError("the entry broke", remedy="mend it")


@dataclass
class Plan:
    """Where the stand-in goes wrong, and what it was asked."""

    fails_in: int = -1
    """The sandbox that fails, counted from 0, the calibration's."""
    at: str = ""
    """``launch``, ``ready``, ``load``, ``predict:<nth>`` or ``finish``."""
    error: HarnessError = ENTRYS_FAULT
    texts: list[list[str]] = field(default_factory=list)
    """By sandbox: what it was sent."""
    left: int = 0
    """Sandboxes that were left again."""


class FakeProcess:
    """Answers the originals rightly and the variants wrongly, until the plan says otherwise."""

    def __init__(self, plan: Plan, number: int) -> None:
        self._plan = plan
        self._number = number
        self._asked = 0

    def _reach(self, point: str) -> None:
        if (self._plan.fails_in, self._plan.at) == (self._number, point):
            raise self._plan.error

    def ready(self, *, deadline_seconds: float) -> None:
        assert deadline_seconds > 0
        self._reach("ready")

    def load(self, *, deadline_seconds: float) -> None:
        assert deadline_seconds > 0
        self._reach("load")

    def predict(
        self, request: Sequence[bytes | memoryview], n: int, *, deadline_seconds: float
    ) -> bytes:
        assert deadline_seconds > 0
        self._reach(f"predict:{self._asked}")
        self._asked += 1
        texts = texts_of(b"".join(request))
        assert len(texts) == n
        self._plan.texts[self._number] += texts
        return struct.pack(f"<{n}i", *map(answer, texts))

    def cpu_seconds(self) -> float:
        return self._asked * 0.01

    def finish(self, *, deadline_seconds: float) -> Exit:
        assert deadline_seconds > 0
        self._reach("finish")
        return Exit(code=0, signal=None, cpu_seconds=self.cpu_seconds() + 1, peak_memory_bytes=7)

    def kill(self) -> None:
        raise AssertionError("leaving the process ends it")

    def captured(self) -> Captured:
        return Captured(text="", bytes_written=0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._plan.left += 1


def answer(text: str) -> int:
    """Give the label of the toy task's item "test 0 <number>"; a variant has a digit more."""
    digits = text.rpartition(" ")[2]
    return (int(digits[0]) + len(digits) - 1) % 2


class FakeSandbox:
    """Starts stand-ins."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:  # noqa: ARG002
        return Isolation(grade="B", method="a stand-in", checks=())

    def launch(self, launch: Launch) -> Process:
        assert launch.labels == 2
        number = len(self._plan.texts)
        self._plan.texts.append([])
        if (self._plan.fails_in, self._plan.at) == (number, "launch"):
            raise self._plan.error
        return FakeProcess(self._plan, number)


def texts_of(request: bytes) -> list[str]:
    """Read a request back: header, offsets, blob."""
    kind, n, size = struct.unpack_from("<4sIQ", request)
    assert kind == b"TEXT"
    offsets = struct.unpack_from(f"<{n + 1}Q", request, 16)
    blob = request[16 + 8 * (n + 1) :]
    assert len(blob) == size == offsets[-1]
    return [blob[offsets[i] : offsets[i + 1]].decode() for i in range(n)]


class Ticks:
    """A clock that moves on by a second each time it is read."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self) -> float:
        self.reads += 1
        return float(self.reads)


def steady(clock: Callable[[], float]) -> SourceMeter:
    """Return a meter that reads 5 W."""
    return SourceMeter("replay", [Replay(Trace(watts=((1.0, 5.0),)), clock=clock)], clock=clock)


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


class Kept:
    """A sink that remembers the one record it is given, and a progress that remembers phases."""

    def __init__(self) -> None:
        self.given: list[tuple[EvaluationRecord, ItemOutcomes | None]] = []
        self.phases: list[str] = []
        self.counts: list[tuple[int, int]] = []

    def accept(self, record: EvaluationRecord, outcomes: ItemOutcomes | None) -> None:
        self.given.append((record, outcomes))

    def phase(self, phase: str) -> None:
        self.phases.append(phase)

    def queries(self, done: int, total: int) -> None:
        self.counts.append((done, total))


@pytest.fixture
def assignment(tmp_path: Path) -> Assignment:
    write_task(tmp_path)
    task = load_task(tmp_path, "toy")
    made = record()
    return Assignment(
        submission=msgspec.structs.replace(made.submission, batch_size=BATCH),
        launch=launch_of(tmp_path, labels=2),
        task=task,
        data=task.load_data("sample", 0),
        rules=msgspec.structs.replace(RULES, protocols={"quick": PROTOCOL}),
        hardware=made.hardware,
    )


def run(
    assignment: Assignment, plan: Plan | None = None, meter: Meter | None = None
) -> tuple[EvaluationRecord, ItemOutcomes | None, Kept]:
    """Evaluate, and return what the sink was given: always one record."""
    kept = Kept()
    sandbox: Sandbox = FakeSandbox(plan or Plan())
    evaluate(assignment, Bench(sandbox, meter or steady(Ticks()), lambda: 0.1, kept), kept)
    ((made, outcomes),) = kept.given
    return made, outcomes, kept


def test_every_session_has_all_phases_in_order_and_none_overlaps(assignment: Assignment) -> None:
    clock = Ticks()

    made, _, _ = run(assignment, meter=steady(clock))

    assert made.outcome == Completed()
    assert [session.index for session in made.sessions] == [0, 1, 2]
    for session in made.sessions:
        assert tuple(window.phase for window in session.phases) == PHASES
        # One reading an edge: the end of each window is the beginning of the next.
        assert [window.reading.seconds for window in session.phases] == [1.0] * 7
        assert [window.reading.joules for window in session.phases] == pytest.approx([5.0] * 7)
    assert clock.reads == SESSIONS * (2 + len(PHASES))


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
    assert set(plan.texts[0]) <= warm_up  # calibration sees nothing of the test
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
    plan = replace(case.plan, texts=[], error=type(case.plan.error)("it broke", remedy="mend it"))

    made, outcomes, _ = run(assignment, plan)

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
    monkeypatch.setattr(
        FakeProcess, "predict", lambda _self, _request, n, **_: struct.pack(f"<{n}i", *[2] * n)
    )

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
