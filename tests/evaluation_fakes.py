"""A stand-in evaluation: a sandbox, a meter, a watch and a sink, all as the test says."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import msgspec
from meter_fakes import StillWatch
from record_samples import RULES, record
from sandboxes import launch_of
from toy_task import write_task

from harness.errors import HarnessError, SubmissionError
from harness.evaluation.assignment import Assignment
from harness.evaluation.campaign import Contestant, Rounds
from harness.evaluation.run import Evaluation
from harness.evaluation.session import Bench, Heard
from harness.meters.disturbance import Watch
from harness.meters.protocol import Meter, Work
from harness.meters.replay import Replay, Trace
from harness.meters.sources import SourceMeter
from harness.records.evaluation import EvaluationRecord, Isolation, ItemOutcomes
from harness.records.rules import ProtocolRules
from harness.records.session import Notice
from harness.sandbox.protocol import Captured, Exit, Launch, Process, Request, Sandbox, Span
from harness.tasks import load_task

SESSIONS = 3
BATCH = 2
PROTOCOL = ProtocolRules(
    looks=(SESSIONS,), half_width=0.05, idle_seconds=0.001, warm_up_queries=4,
    measured_seconds=1e6, max_sweeps=6, variant_seconds=60.0, rebatched_queries=0, max_repeats=2,
    when_disturbed="fail",
)  # fmt: skip
"""However fast the machine, each session has five sweeps of variants."""


@dataclass
class Plan:
    """Where the stand-in goes wrong, and what it was asked."""

    fails_in: int = -1
    """The sandbox that fails, counted from 0, the calibration's."""
    at: str = ""
    """``launch``, ``ready``, ``load``, ``measure``, ``predict:<nth>`` or ``finish``."""
    error: HarnessError = field(
        default_factory=lambda: SubmissionError("the entry broke", remedy="mend it")
    )
    texts: list[list[str]] = field(default_factory=list)
    """By sandbox: what it was sent."""
    frames: list[list[tuple[bytes, int]]] = field(default_factory=list)
    """By sandbox: type and n of each request."""
    wrong_in: int = -1
    """The sandbox that answers everything wrongly."""
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

    def measure(self) -> None:
        self._reach("measure")

    def predict(self, requests: Iterable[Request], *, deadline_seconds: float) -> Iterator[bytes]:
        assert deadline_seconds > 0
        for parts, n in requests:
            self._reach(f"predict:{self._asked}")
            self._asked += 1
            content = b"".join(part for part in parts if not isinstance(part, Span))
            texts = texts_of(content)
            assert len(texts) == n
            self._plan.frames[self._number].append((content[:4], n))
            self._plan.texts[self._number] += texts
            wrong = self._number == self._plan.wrong_in
            yield struct.pack(f"<{n}i", *(answer(text) ^ wrong for text in texts))

    def cpu_seconds(self) -> float:
        return self._asked * 0.01

    def finish(self, *, deadline_seconds: float) -> Exit:
        assert deadline_seconds > 0
        self._reach("finish")
        return Exit(code=0, signal=None, cpu_seconds=self.cpu_seconds() + 1, peak_memory_bytes=7)

    def kill(self) -> None:
        raise AssertionError("leaving the process ends it")

    def captured(self) -> Captured:
        return Captured(text=f"sandbox {self._number}\n", bytes_written=10)

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
        self._plan.frames.append([])
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


class Kept:
    """A progress that remembers what it is told."""

    def __init__(self) -> None:
        self.turns: list[tuple[str, int | None, int, int]] = []
        self.sessions: list[tuple[int, int, int]] = []
        self.phases: list[str] = []
        self.counts: list[tuple[int, int]] = []
        self.voids: list[tuple[int, Sequence[Notice]]] = []
        self.heard: list[Heard] = []

    def turn(self, entry: str, round_: int | None, place: int, of: int) -> None:
        self.turns.append((entry, round_, place, of))

    def session(self, index: int, least: int, most: int) -> None:
        assert 0 <= index < least <= most
        self.sessions.append((index, least, most))

    def void(self, index: int, reasons: Sequence[Notice]) -> None:
        self.voids.append((index, reasons))

    def phase(self, phase: str) -> None:
        self.phases.append(phase)

    def queries(self, done: int, total: int) -> None:
        self.counts.append((done, total))


def assignment_in(folder: Path, protocol: ProtocolRules = PROTOCOL) -> Assignment:
    """Make the toy task there, and an assignment on it."""
    write_task(folder)
    task = load_task(folder, "toy")
    made = record()
    return Assignment(
        submission=msgspec.structs.replace(made.submission, batch_size=BATCH),
        launch=launch_of(folder, labels=2),
        task=task,
        data=task.load_data("sample", 0),
        rules=msgspec.structs.replace(RULES, protocols={"quick": protocol}),
        hardware=made.hardware,
    )


def run(
    assignment: Assignment,
    plan: Plan | None = None,
    meter: Meter | None = None,
    *,
    kernel: Callable[[], float] = lambda: 0.1,
    watch: Callable[[Work], Watch] = StillWatch,
    forget: Callable[[], str | None] = lambda: None,
) -> tuple[EvaluationRecord, ItemOutcomes | None, Kept]:
    """Evaluate one entry; return its record and outcomes, and what was told on the way."""
    kept = Kept()
    sandbox: Sandbox = FakeSandbox(plan or Plan())
    bench = Bench(sandbox, meter or steady(Ticks()), kernel, kept, watch, kept.heard.append, forget)
    return *evaluated(assignment, bench, kept), kept


def evaluated(
    assignment: Assignment, bench: Bench, kept: Kept
) -> tuple[EvaluationRecord, ItemOutcomes | None]:
    """Evaluate one entry by itself."""
    entry = Contestant(Evaluation(assignment, bench))
    alone = Rounds("c0ffee", [entry], None, assignment.rules)
    alone.run(kept)
    return alone.finish(entry)
