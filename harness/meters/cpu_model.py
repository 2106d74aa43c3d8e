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
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.meters.protocol import Work
from harness.records.meter import (
    ComponentEnergy,
    MeterDescription,
    SourceDescription,
    WindowReading,
)

CORE_WATTS = 4.0
IDLE_SHARE = 0.1
RELATIVE_UNCERTAINTY = 1.0
"""Assumed. Even meters that know the processor read 9 to 67 % below the wall, so that the truth can
be twice the figure and more; this one does not know it."""

_TICK_SECONDS = 1.0 / os.sysconf("SC_CLK_TCK")
"""Living processes are read more finely; those already reaped are accounted in ticks."""
_EDGES = 2


class CpuModel:
    """The CPU-time model on a machine of which ``cores`` cores are usable."""

    def __init__(self, *, cores: int, clock: Callable[[], float] = time.monotonic) -> None:
        if cores < 1:
            raise ValueError(f"a machine has at least one core, not {cores}")
        self._base_watts = IDLE_SHARE * CORE_WATTS * cores
        self._clock = clock

    def describe(self) -> MeterDescription:
        """Name the two constants and where they come from."""
        source = SourceDescription(
            name="cpu-time model",
            component="package",
            grade="model",
            kind="model",
            resolution_joules=CORE_WATTS * _TICK_SECONDS,
            refresh_seconds=_TICK_SECONDS,
            relative_uncertainty=RELATIVE_UNCERTAINTY,
            provenance=(
                "core_watts x CPU-seconds of the entry's tree + base_watts x seconds; assumed, not "
                "measured: 4 W is codecarbon's figure per thread of an unknown processor, and "
                "base_watts is 10 % of that on every core, codecarbon's figure for idle"
            ),
            constants={"core_watts": CORE_WATTS, "base_watts": self._base_watts},
        )
        return MeterDescription(name="cpu-time model", grade="model", sources=(source,))

    @contextmanager
    def record(self, work: Work) -> Iterator[_ModelRecording]:
        """Open the first window over ``work``."""
        yield _ModelRecording(work, self._base_watts, self._clock)


class _ModelRecording:
    def __init__(self, work: Work, base_watts: float, clock: Callable[[], float]) -> None:
        self._work = work
        self._base_watts = base_watts
        self._clock = clock
        self._edge = self._read()

    def mark(self) -> WindowReading:
        """Close the open window; the next begins at the same reading."""
        began, self._edge = self._edge, self._read()
        seconds = self._edge[0] - began[0]
        cpu_seconds = self._edge[1] - began[1]
        energy = ComponentEnergy(
            component="package",
            joules=CORE_WATTS * cpu_seconds + self._base_watts * seconds,
            uncertainty_joules=_EDGES * CORE_WATTS * _TICK_SECONDS,
        )
        return WindowReading(seconds=seconds, cpu_seconds=cpu_seconds, energy=(energy,))

    def _read(self) -> tuple[float, float]:
        return self._clock(), self._work.cpu_seconds()
