"""Plays a recorded power trace, so that the whole path runs on a machine without a sensor.

A trace is a JSON file ``{"watts": [[seconds, watts], ...]}``: so many watts for so many seconds,
one step after the other, from the top again at the end. It begins when recording begins. What it
gives is exact and says nothing about the entry: its grade is ``simulated``.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

from harness.errors import ConfigurationError
from harness.meters.protocol import Work
from harness.records.base import Frozen, parse_json
from harness.records.meter import (
    ComponentEnergy,
    MeterDescription,
    SourceDescription,
    WindowReading,
)


class Trace(Frozen):
    """Power over time, piecewise constant."""

    watts: tuple[tuple[float, float], ...]
    """Steps of (seconds, watts)."""


def read_trace(path: Path) -> Trace:
    """Read a trace; raise ``ConfigurationError`` naming the file and the step at fault."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}",
            remedy="name a trace that exists: --meter replay:FILE",
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


class Replay:
    """The meter that plays ``trace``. ``clock`` gives seconds that never fall."""

    def __init__(self, trace: Trace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._trace = trace
        self._clock = clock

    def describe(self) -> MeterDescription:
        """Say that this is a stand-in."""
        source = SourceDescription(
            name="replayed trace",
            component="package",
            grade="simulated",
            kind="power",
            resolution_joules=0.0,
            refresh_seconds=0.0,
            relative_uncertainty=0.0,
            provenance="a recorded power trace, played in a loop; not this machine's power",
        )
        return MeterDescription(name="replay", grade="simulated", sources=(source,))

    @contextmanager
    def record(self, work: Work) -> Iterator[_ReplayRecording]:
        """Open the first window at the trace's beginning."""
        yield _ReplayRecording(self._trace, work, self._clock)


class _ReplayRecording:
    def __init__(self, trace: Trace, work: Work, clock: Callable[[], float]) -> None:
        self._energy = _Integral(trace)
        self._work = work
        self._clock = clock
        self._began = clock()
        self._edge = self._read()

    def mark(self) -> WindowReading:
        """Close the open window; the next begins at the same reading."""
        began, self._edge = self._edge, self._read()
        joules = self._energy.joules_until(self._edge[0]) - self._energy.joules_until(began[0])
        energy = ComponentEnergy(
            component="package", joules=max(0.0, joules), uncertainty_joules=0.0
        )
        return WindowReading(
            seconds=self._edge[0] - began[0],
            cpu_seconds=self._edge[1] - began[1],
            energy=(energy,),
        )

    def _read(self) -> tuple[float, float]:
        return self._clock() - self._began, self._work.cpu_seconds()


class _Integral:
    """Energy since the trace's beginning: whole rounds, whole steps, and a part of a step."""

    def __init__(self, trace: Trace) -> None:
        self._watts = [watts for _, watts in trace.watts]
        self._ends = list(accumulate(seconds for seconds, _ in trace.watts))
        self._joules = list(accumulate((seconds * watts for seconds, watts in trace.watts)))

    def joules_until(self, seconds: float) -> float:
        rounds, rest = divmod(seconds, self._ends[-1])
        step = min(bisect_right(self._ends, rest), len(self._ends) - 1)
        step_began = self._ends[step - 1] if step else 0.0
        before = self._joules[step - 1] if step else 0.0
        return math.fsum(
            (rounds * self._joules[-1], before, (rest - step_began) * self._watts[step])
        )
