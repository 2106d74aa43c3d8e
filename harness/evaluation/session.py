"""One session: a fresh sandbox through all phases, each with its window."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple, Protocol

from harness.errors import HarnessError, SubmissionError
from harness.evaluation.agreement import Answers, Rebatched
from harness.evaluation.plan import PlannedSweep
from harness.meters.disturbance import DisturbanceWatch, Watch
from harness.meters.kernel_threads import kernel_thread_seconds
from harness.meters.protocol import Meter, Recording, Work
from harness.records.energy import BEFORE_MEASURED
from harness.records.rules import Limits
from harness.records.session import Phase, PhaseWindow, ReferenceKernel, Session, Sweep
from harness.sandbox import frames
from harness.sandbox.forgetting import forget_files
from harness.sandbox.protocol import Captured, Launch, Process, Request, Sandbox, Span
from harness.tasks.answers import put
from harness.tasks.protocol import Batch, Sample, Split, Stored

AHEAD_BYTES = 1024 * 1024
"""How much of the measured phase's requests is encoded ahead; at least one batch."""


class Heard(NamedTuple):
    """What an entry printed in one sandbox."""

    where: str
    """``calibration``, or ``session`` with its number, from 1."""
    output: Captured


class Progress(Protocol):
    """Told what is going on; shows it or not."""

    def phase(self, phase: str) -> None:
        """Take note that a phase begins."""
        ...

    def queries(self, done: int, total: int) -> None:
        """Take note of how many of the measured phase's queries are answered."""
        ...


@dataclass(frozen=True)
class Bench:
    """What every session of an evaluation runs on."""

    sandbox: Sandbox
    meter: Meter
    kernel: Callable[[], float]
    """Runs the reference kernel and returns its CPU seconds."""
    progress: Progress
    watch: Callable[[Work], Watch] = DisturbanceWatch
    """Begins to watch what else the machine does."""
    hear: Callable[[Heard], None] = lambda _: None
    """Told what the entry printed, at the end of each sandbox, also of one that failed."""
    forget: Callable[[], str | None] = forget_files
    """Has the kernel forget what it remembers of names and files; says why it did not."""


@dataclass(frozen=True)
class Script:
    """What one session does."""

    index: int
    launch: Launch
    batch_size: int
    idle_seconds: float
    warm_up: Sequence[Sample]
    split: Split
    sweeps: Sequence[PlannedSweep]

    @property
    def queries(self) -> int:
        """How many queries the measured phase sends."""
        return sum(len(sweep.order) for sweep in self.sweeps)


@dataclass
class EntryWork:
    """CPU time of the entry's tree: 0 before it exists, final once it is gone.

    A meter's pollers ask as well as the session, so that nothing is changed amid an answer.
    """

    process: Process | None = None
    last: float = field(default=0.0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def cpu_seconds(self) -> float:
        """Return CPU seconds so far."""
        with self._lock:
            if self.process is not None:
                self.last = max(self.last, self.process.cpu_seconds())
            return self.last

    def ended(self, cpu_seconds: float) -> None:
        """Take the operating system's own total in place of what was sampled."""
        with self._lock:
            self.process = None
            self.last = max(self.last, cpu_seconds)


class Windows:
    """The session's windows, one behind the other without a gap."""

    def __init__(self, recording: Recording, watch: Watch) -> None:
        self._recording = recording
        self._watch = watch
        self.closed: list[PhaseWindow] = []

    def close(self, phase: Phase) -> None:
        """End the open window under the name ``phase``; the next begins at the same reading."""
        reading = self._recording.mark()
        self.closed.append(
            PhaseWindow(phase=phase, reading=reading, disturbance=self._watch.mark())
        )


@contextmanager
def stage(name: str, progress: Progress) -> Iterator[None]:
    """Tell that a phase begins, and name it in whatever goes wrong inside."""
    progress.phase(name)
    try:
        yield
    except HarnessError as error:
        error.stage = error.stage or name
        raise


def _require_bearable_preparation(closed: Sequence[PhaseWindow], limits: Limits) -> None:
    """Refuse start, load and warm-up that certainly took more energy than is allowed.

    What the meter leaves open counts for the entry: by its edges and steps, and by its scale.
    """
    parts = [
        part
        for window in closed
        if window.phase in BEFORE_MEASURED
        for part in window.reading.energy
    ]
    joules = sum(part.joules for part in parts)
    left_open = math.hypot(
        *(part.uncertainty_joules for part in parts),
        sum(math.hypot(part.gain_joules, part.model_joules) for part in parts),
    )
    if joules - left_open > limits.preparation_joules:
        raise SubmissionError(
            f"start, load and warm-up took {joules:,.1f} J, ±{left_open:,.1f} J; "
            f"{limits.preparation_joules:,g} J are allowed (limits.preparation_joules)",
            remedy="load less, or faster; the limits are in leaderboard/rules.toml",
        )


@contextmanager
def listening(process: Process, where: str, bench: Bench) -> Iterator[None]:
    """Leave the process with the block, and hand on what it printed, however it ended."""
    try:
        with process:
            yield
    finally:
        bench.hear(Heard(where, process.captured()))


def run_session(script: Script, bench: Bench, answers: Answers) -> Session:
    """Run one session; fill ``answers`` as they come, so that a failure keeps what was answered.

    Raises ``SubmissionError``, ``OrganiserError`` or ``MeasurementError``, each with its stage.
    """
    limits = script.launch.limits
    started = datetime.now(UTC)
    kernel_before = bench.kernel()
    threads_before = kernel_thread_seconds()
    work = EntryWork()
    with bench.meter.record(work) as recording:
        windows = Windows(recording, bench.watch(work))
        with stage("idle-before", bench.progress):
            time.sleep(script.idle_seconds)
            windows.close("idle-before")
        with stage("start", bench.progress):
            process = bench.sandbox.launch(script.launch)
        with listening(process, f"session {script.index + 1}", bench):
            with stage("start", bench.progress):
                work.process = process
                process.ready(deadline_seconds=limits.start_seconds)
                windows.close("start")
            with stage("load", bench.progress):
                process.load(deadline_seconds=limits.load_seconds)
                windows.close("load")
            with stage("warm-up", bench.progress):
                _warm_up(process, script.launch, batches_of(script.warm_up, script.batch_size))
                windows.close("warm-up")
                _require_bearable_preparation(windows.closed, limits)
            with stage("measured", bench.progress):
                answers.measured = True
                process.measure()
                sweeps = _measure(script, bench.progress, process, answers)
                windows.close("measured")
            with stage("drain", bench.progress):
                exit_ = process.finish(deadline_seconds=limits.drain_seconds)
                work.ended(exit_.cpu_seconds)
                windows.close("drain")
        with stage("idle-after", bench.progress):
            time.sleep(script.idle_seconds)
            windows.close("idle-after")
        trace = recording.trace()
    threads_after = kernel_thread_seconds()
    return Session(
        index=script.index,
        started_utc=started.isoformat(timespec="seconds"),
        phases=tuple(windows.closed),
        sweeps=sweeps,
        kernel=ReferenceKernel(before_cpu_seconds=kernel_before, after_cpu_seconds=bench.kernel()),
        peak_memory_bytes=exit_.peak_memory_bytes,
        trace=trace,
        remains=exit_.remains,
        kernel_threads_cpu_seconds=(
            None
            if threads_before is None or threads_after is None
            else max(0.0, round(threads_after - threads_before, 3))
        ),
    )


def calibrate(
    launch: Launch,
    warm_up: Sequence[Sample],
    batch_size: int,
    bench: Bench,
    *,
    rebatched: Rebatched | None = None,
    rebatched_seconds: float = 0.0,
) -> float:
    """Return seconds per query, from a session that is thrown away: it decides the sweeps.

    Timed over the second half of the warm-up, in batches of at most that half: the first ones are
    slower. After that ``rebatched`` is answered, for about so long. Raises as ``run_session`` does.
    """
    batches = list(batches_of(warm_up, min(batch_size, max(1, len(warm_up) // 2))))
    half = len(batches) // 2
    with stage("start", bench.progress):
        process = bench.sandbox.launch(launch)
    with listening(process, "calibration", bench):
        with stage("start", bench.progress):
            process.ready(deadline_seconds=launch.limits.start_seconds)
        with stage("load", bench.progress):
            process.load(deadline_seconds=launch.limits.load_seconds)
        with stage("warm-up", bench.progress):
            _warm_up(process, launch, batches[:half])
            began = time.monotonic()
            _warm_up(process, launch, batches[half:])
            seconds = time.monotonic() - began
        pace = seconds / sum(len(batch) for batch in batches[half:])
        if rebatched is not None:
            with stage("re-batched", bench.progress):
                answered = 0
                again = rebatched.batches(rebatched_seconds, pace)
                for predicted in predictions(process, launch, again):
                    rebatched.put(answered, predicted)
                    answered += len(predicted)
        with stage("drain", bench.progress):
            process.finish(deadline_seconds=launch.limits.drain_seconds)
    return pace


def _warm_up(process: Process, launch: Launch, batches: Iterable[Sequence[Sample]]) -> None:
    for _ in predictions(process, launch, batches):
        pass


def _measure(
    script: Script, progress: Progress, process: Process, answers: Answers
) -> tuple[Sweep, ...]:
    sweeps = []
    done, total = 0, script.queries
    for sweep in script.sweeps:
        began, cpu_began = time.monotonic(), process.cpu_seconds()
        batches = sweep.batches(script.split, script.batch_size)
        answered = 0
        kept = answers.kept_of(sweep)
        for predicted in predictions(process, script.launch, batches):
            if kept is not None:
                put(kept, sweep.order[answered : answered + len(predicted)], predicted)
            answered += len(predicted)
            progress.queries(done + answered, total)
        done += answered
        sweeps.append(
            Sweep(
                kind=sweep.kind,
                queries=len(sweep.order),
                seconds=time.monotonic() - began,
                cpu_seconds=process.cpu_seconds() - cpu_began,
            )
        )
    return tuple(sweeps)


def predictions(process: Process, launch: Launch, batches: Iterable[Batch]) -> Iterator[Any]:
    """Yield what the entry predicts for each batch; see ``frames.decode_predictions``."""
    asked: deque[int] = deque()
    """How many samples each request holds that is not answered yet; the samples are let go."""

    def requests() -> Iterator[Request]:
        for request in _encoded(batches):
            asked.append(request.n)
            yield request

    for payload in process.predict(requests(), deadline_seconds=launch.limits.batch_seconds):
        yield frames.decode_predictions(
            payload,
            asked.popleft(),
            output=launch.output,
            labels=launch.labels,
            max_boxes=launch.max_boxes,
        )


def _encoded(batches: Iterable[Batch]) -> Iterator[Request]:
    """Yield encoded requests, encoded some at a time.

    After each wait for an answer the processor's caches are cold, and encoding one batch costs
    several times what it costs right after another.
    """
    ahead: list[Request] = []
    held = 0
    for batch in batches:
        request = Request(_parts(batch), len(batch))
        ahead.append(request)
        held += sum(map(len, request.parts))
        if held >= AHEAD_BYTES:
            yield from ahead
            ahead.clear()
            held = 0
    yield from ahead


def _parts(batch: Batch) -> Sequence[bytes | memoryview | Span]:
    if isinstance(batch, Stored):
        return frames.encode_stored(batch.file, batch.begins, batch.sizes)
    return frames.encode_request(batch)


def batches_of(samples: Sequence[Sample], size: int) -> Iterator[Sequence[Sample]]:
    """Yield the samples, ``size`` at a time."""
    return (samples[start : start + size] for start in range(0, len(samples), size))
