"""Energy modelled from CPU time, for machines without a sensor: modelled work, not energy.

    joules = core_watts x CPU-seconds of the entry's own tree + base_watts x wall seconds

It is linear, so two entries differ by exactly what their work differs by, and it bills nothing
for what other processes do. Both constants are assumptions, not measurements of this machine:

- ``core_watts`` = 4: what codecarbon assumes per thread of a processor that it does not know.
- ``base_watts`` = 0.1 x ``core_watts`` x cores: codecarbon's load model of a whole machine puts
  idle at 10 % of the thermal design power.

It cannot see frequency, vector width, memory traffic or an accelerator. Two entries with equal
CPU time are equal to it, although a sensor may well tell them apart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from harness.errors import UsageError
from harness.meters.protocol import Edge, Surroundings, Total, Work
from harness.meters.uncertainty import of_step
from harness.records.meter import DeviceCondition, SourceDescription

CORE_WATTS = 4.0
IDLE_SHARE = 0.1
RELATIVE_UNCERTAINTY = 1.0
"""Assumed. Even meters that know the processor read 9 to 67 % below the wall, so that the truth can
be twice the figure and more; this one does not know it."""

TICK_SECONDS = 1.0 / os.sysconf("SC_CLK_TCK")
"""Living processes are read more finely; those already reaped are accounted in ticks."""
_TRACE_SECONDS = 1.0
"""Reading a whole tree's CPU time costs more than reading a counter."""


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[CpuModel]:
    """Open the model for this machine. See ``harness.meters.protocol.Opener``."""
    if argument:
        raise UsageError(
            f"model takes no argument, and {argument!r} was given",
            remedy="leave it out; constants of a machine stand in its hardware profile",
        )
    return (CpuModel(cores=surroundings.cores),)


class CpuModel:
    """The CPU-time model on a machine of which ``cores`` cores are usable."""

    poll_seconds = _TRACE_SECONDS

    def __init__(self, *, cores: int, clock: Callable[[], float] = time.monotonic) -> None:
        if cores < 1:
            raise ValueError(f"a machine has at least one core, not {cores}")
        self._base_watts = IDLE_SHARE * CORE_WATTS * cores
        self._clock = clock

    def describe(self) -> SourceDescription:
        """Name the two constants and where they come from."""
        return SourceDescription(
            name="cpu-time model",
            component="package",
            grade="model",
            kind="model",
            resolution_joules=CORE_WATTS * TICK_SECONDS,
            refresh_seconds=TICK_SECONDS,
            relative_uncertainty=RELATIVE_UNCERTAINTY,
            provenance=(
                "core_watts x CPU-seconds of the entry's tree + base_watts x seconds; assumed, not "
                "measured: 4 W is codecarbon's figure per thread of an unknown processor, and "
                "base_watts is 10 % of that on every core, codecarbon's figure for idle"
            ),
            constants={"core_watts": CORE_WATTS, "base_watts": self._base_watts},
        )

    @contextmanager
    def follow(self, work: Work) -> Iterator[_ModelFollower]:
        """Begin to follow ``work``."""
        yield _ModelFollower(work, CORE_WATTS, self._base_watts, self._clock)


class _ModelFollower:
    def __init__(
        self, work: Work, core_watts: float, base_watts: float, clock: Callable[[], float]
    ) -> None:
        self._work = work
        self._core_watts = core_watts
        self._base_watts = base_watts
        self._clock = clock
        self._began = clock()

    def poll(self) -> Total:
        now = self._clock()
        seconds = now - self._began
        return Total(now, self._core_watts * self._work.cpu_seconds() + self._base_watts * seconds)

    def edge(self) -> Edge:
        at, joules = self.poll()
        resolution = of_step(self._core_watts * TICK_SECONDS)
        return Edge(at, joules, 0.0, resolution, self._base_watts)

    def conditions(self) -> tuple[DeviceCondition, ...]:
        return ()
