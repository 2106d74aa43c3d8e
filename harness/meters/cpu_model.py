"""Energy modelled from CPU time, for machines without a sensor: modelled work, not energy.

    joules = core_watts x CPU-seconds of the entry's own tree + base_watts x wall seconds
    base_watts = idle_watts of the machine x the entry's share of the machine's cores

It is linear, so two entries differ by exactly what their work differs by, and it bills nothing
for what other processes do and nothing for memory. The constants are assumptions, not
measurements of this machine; ``harness.meters.processors`` says where they come from.

It cannot see frequency, vector width, memory traffic or an accelerator. Two entries with equal
CPU time are equal to it, although a sensor may well tell them apart.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from harness.errors import UsageError
from harness.meters.protocol import Edge, Surroundings, Total, Work
from harness.meters.uncertainty import of_step
from harness.records.meter import DeviceCondition, SourceDescription

if TYPE_CHECKING:
    from harness.meters.processors import Constants

TICK_SECONDS = 1.0 / os.sysconf("SC_CLK_TCK")
"""A process tree accounts those already reaped in ticks. What else is read, living processes and
control groups, is finer; the coarsest is stated."""
_TRACE_SECONDS = 1.0
"""Reading a whole tree's CPU time costs more than reading a counter."""


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[CpuModel]:
    """Open the model for this machine. See ``harness.meters.protocol.Opener``."""
    if argument:
        raise UsageError(
            f"model takes no argument, and {argument!r} was given",
            remedy="leave it out; constants of a machine stand in its hardware profile",
        )
    from harness.meters.processors import constants_for  # noqa: PLC0415 - reads tables, for the model

    return (CpuModel(constants_for(surroundings), share=share_of_machine(surroundings)),)


def share_of_machine(surroundings: Surroundings) -> float:
    """Return the part of the machine's cores that the entry may use."""
    return min(1.0, surroundings.cores / surroundings.machine_cores)


class CpuModel:
    """The CPU-time model; ``share`` of the machine's cores and idle power is the entry's."""

    poll_seconds = _TRACE_SECONDS

    def __init__(
        self, constants: Constants, *, share: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"an entry has some of a machine's cores, and at most all: {share}")
        self._constants = constants
        self._core_watts = constants.core_watts
        self._base_watts = constants.idle_watts * share
        self._share = share
        self._clock = clock

    def describe(self) -> SourceDescription:
        """Name the constants and where they come from."""
        return SourceDescription(
            name="cpu-time model",
            component="package",
            grade="model",
            kind="model",
            resolution_joules=self._core_watts * TICK_SECONDS,
            refresh_seconds=TICK_SECONDS,
            relative_uncertainty=self._constants.relative_uncertainty,
            provenance=(
                "core_watts x CPU-seconds of the entry's tree + base_watts x seconds, base_watts "
                f"being idle_watts x {self._share:.4g}, the entry's share of the cores; "
                f"not measured; constants: {self._constants.source}"
            ),
            constants={
                "core_watts": self._core_watts,
                "base_watts": self._base_watts,
                "idle_watts": self._constants.idle_watts,
            },
        )

    @contextmanager
    def follow(self, work: Work) -> Iterator[_ModelFollower]:
        """Begin to follow ``work``."""
        yield _ModelFollower(work, self._core_watts, self._base_watts, self._clock)


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
