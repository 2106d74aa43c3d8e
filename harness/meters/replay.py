"""Plays a recorded power trace, so that the whole path runs on a machine without a sensor.

A trace is a JSON file ``{"watts": [[seconds, watts], ...]}``: so many watts for so many seconds,
one step after the other, from the top again at the end. It may name its ``component``: what a
record keeps of a session can be cut out and played. It begins when recording begins. What it gives
is exact and says nothing about the entry: its grade is ``simulated``.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from harness.errors import ConfigurationError, UsageError
from harness.meters.counter import TRACE_SECONDS
from harness.meters.protocol import Edge, Surroundings, Total, Work
from harness.records.base import Frozen, parse_json
from harness.records.meter import Component, DeviceCondition, SourceDescription


class Trace(Frozen):
    """Power over time, piecewise constant."""

    watts: tuple[tuple[float, float], ...]
    """Steps of (seconds, watts)."""
    component: Component = "package"


def read_trace(path: Path) -> Trace:
    """Read a trace; raise ``ConfigurationError`` naming the file and the step at fault."""
    remedy = "name a trace that exists: --meter replay:FILE"
    try:
        if path.exists() and not path.is_file():  # reading a pipe or a device may never end
            raise ConfigurationError(f"{path}: is not a file", remedy=remedy)
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy=remedy
        ) from None
    trace = parse_json(content, Trace, path)
    if not trace.watts:
        raise ConfigurationError.at(path, "watts", "no step", "give at least one [seconds, watts]")
    for index, (seconds, watts) in enumerate(trace.watts):
        if seconds <= 0 or watts < 0:
            raise ConfigurationError.at(
                path,
                f"watts[{index}]",
                f"{seconds} s at {watts} W",
                "give more than 0 seconds and at least 0 watts",
            )
    if not math.isfinite(sum(seconds * watts for seconds, watts in trace.watts)):
        raise ConfigurationError.at(
            path, "watts", "more joules than a number holds", "give smaller steps"
        )
    return trace


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[Replay]:  # noqa: ARG001
    """Open the trace in the file ``argument``. See ``harness.meters.protocol.Opener``."""
    if not argument:
        raise UsageError("replay needs a trace", remedy="name one: --meter replay:FILE")
    return (Replay(read_trace(Path(argument))),)


class Replay:
    """The source that plays ``trace``. ``clock`` gives seconds that never fall."""

    poll_seconds = TRACE_SECONDS

    def __init__(self, trace: Trace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._trace = trace
        self._clock = clock

    def describe(self) -> SourceDescription:
        """Say that this is a stand-in."""
        return SourceDescription(
            name="replayed trace",
            component=self._trace.component,
            grade="simulated",
            kind="power",
            resolution_joules=0.0,
            refresh_seconds=0.0,
            relative_uncertainty=0.0,
            provenance="a recorded power trace, played in a loop; not this machine's power",
        )

    @contextmanager
    def follow(self, work: Work) -> Iterator[_ReplayFollower]:  # noqa: ARG002 - it plays regardless
        """Begin at the trace's beginning."""
        yield _ReplayFollower(self._trace, self._clock)


class _ReplayFollower:
    def __init__(self, trace: Trace, clock: Callable[[], float]) -> None:
        self._energy = _Integral(trace)
        self._clock = clock
        self._began = clock()

    def poll(self) -> Total:
        now = self._clock()
        return Total(now, self._energy.joules_until(now - self._began))

    def edge(self) -> Edge:
        at, joules = self.poll()
        return Edge(at, joules, timing_joules=0.0, resolution_joules=0.0, watts=0.0)

    def conditions(self) -> tuple[DeviceCondition, ...]:
        return ()


class _Integral:
    """Energy since the trace's beginning: whole rounds, whole steps, and a part of a step."""

    def __init__(self, trace: Trace) -> None:
        self._watts = [watts for _, watts in trace.watts]
        self._ends = list(accumulate(seconds for seconds, _ in trace.watts))
        self._joules = list(accumulate((seconds * watts for seconds, watts in trace.watts)))

    def joules_until(self, seconds: float) -> float:
        rounds, rest = divmod(seconds, self._ends[-1])
        from bisect import bisect_right  # noqa: PLC0415 - only where a trace is played

        step = min(bisect_right(self._ends, rest), len(self._ends) - 1)
        step_began = self._ends[step - 1] if step else 0.0
        before = self._joules[step - 1] if step else 0.0
        return math.fsum(
            (rounds * self._joules[-1], before, (rest - step_began) * self._watts[step])
        )
