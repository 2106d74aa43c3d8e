"""RAPL: the processor's own energy counters, read through Linux's powercap folder.

A counter starts again from zero at its range: 65 kJ or 262 kJ on common parts, 11 or 44 minutes
at 100 W. A reading below the one before it is one wrap. Two wraps between readings could not be
seen, so a thread reads every counter each quarter of the time that the smallest range lasts at
1,000 W, and a gap longer than that whole time fails the window. So does a fall that would take
more than 1,000 W to be a wrap: the counter was reset.

The uncertainty of a window, for each counter in it:

    2 edges x refresh period x the window's mean watts + resolution

The counters are refreshed about every millisecond: at either edge, up to that much of the work
is counted on the wrong side of it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.errors import MeasurementError
from harness.meters import powercap
from harness.meters.powercap import Zone
from harness.meters.protocol import Work
from harness.records.meter import (
    ComponentEnergy,
    Grade,
    MeterDescription,
    SourceDescription,
    WindowReading,
)

REFRESH_SECONDS = 0.001
RESOLUTION_JOULES = 2.0**-14
"""The coarsest unit in common use, 61 microjoules; the files' microjoules are finer than it."""
RELATIVE_UNCERTAINTY = 0.05
"""Assumed: no vendor states one."""

_PLAUSIBLE_WATTS = 1_000.0
"""More than any processor package draws."""
_GRACE_SECONDS = 1.0
"""Allowed for counters that are refreshed late or in bursts, before a fall is called a reset."""
_READS_PER_WRAP = 4
_SHORTEST_POLL_SECONDS = 0.001
_EDGES = 2
_MICRO = 1e-6


class Rapl:
    """The package and memory counters of this machine.

    Raises ``MeasurementError`` when there is none, or one cannot be read. ``clock`` gives seconds
    that never fall.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._zones = powercap.find_zones(powercap.root())
        self._grade: Grade = "simulated" if powercap.is_replaced() else "sensor"
        self._clock = clock

    def describe(self) -> MeterDescription:
        """Name every counter that is billed."""
        origin = "stand-in for the " if self._grade == "simulated" else ""
        sources = tuple(
            SourceDescription(
                name=zone.name,
                component=zone.component,
                grade=self._grade,
                kind="counter",
                resolution_joules=RESOLUTION_JOULES,
                refresh_seconds=REFRESH_SECONDS,
                relative_uncertainty=RELATIVE_UNCERTAINTY,
                provenance=(
                    f"{origin}on-chip counter of Linux powercap; no vendor states its accuracy, "
                    "the uncertainty is assumed"
                ),
            )
            for zone in self._zones
        )
        return MeterDescription(name="rapl", grade=self._grade, sources=sources)

    @contextmanager
    def record(self, work: Work) -> Iterator[RaplRecording]:
        """Open the first window; the counters are followed until the block ends."""
        recording = RaplRecording(self._zones, work, self._clock)
        ended = threading.Event()
        interval = poll_seconds(self._zones)

        def follow() -> None:
            while not ended.wait(interval) and recording.poll():
                pass

        poller = threading.Thread(target=follow, name="rapl poller", daemon=True)
        poller.start()
        try:
            yield recording
        finally:
            ended.set()
            poller.join()


class RaplRecording:
    """Consecutive windows over the counters. Safe to poll from another thread."""

    def __init__(self, zones: tuple[Zone, ...], work: Work, clock: Callable[[], float]) -> None:
        self._zones = zones
        self._work = work
        self._clock = clock
        self._lock = threading.Lock()
        self._failure: MeasurementError | None = None
        self._read_at = clock()
        self._last = [zone.read() for zone in zones]
        self._window = [0] * len(zones)
        self._edge = (self._read_at, work.cpu_seconds())

    def poll(self) -> bool:
        """Follow the counters; return False once one has failed, which ``mark`` will raise."""
        with self._lock:
            try:
                self._advance()
            except MeasurementError as error:
                self._failure = error
        return self._failure is None

    def mark(self) -> WindowReading:
        """Close the open window; the next begins at the same reading.

        Raises ``MeasurementError`` when a counter failed since the window opened, and from then on.
        """
        with self._lock:
            if self._failure is not None:
                raise self._failure
            try:
                self._advance()
            except MeasurementError as error:
                self._failure = error
                raise
            used, self._window = self._window, [0] * len(self._zones)
            began, self._edge = self._edge, (self._read_at, self._work.cpu_seconds())
        seconds = self._edge[0] - began[0]
        return WindowReading(
            seconds=seconds,
            cpu_seconds=self._edge[1] - began[1],
            energy=_by_component(self._zones, used, seconds),
        )

    def _advance(self) -> None:
        """Add what every counter gained since it was read last."""
        now = self._clock()
        values = [zone.read() for zone in self._zones]
        gap = now - self._read_at
        for index, zone in enumerate(self._zones):
            _refuse_hidden_wraps(zone, gap)
            gain = gained(self._last[index], values[index], zone.range_microjoules)
            if values[index] < self._last[index]:
                _refuse_reset(zone, gain * _MICRO, gap)
            self._window[index] += gain
        self._last, self._read_at = values, now


def gained(before: int, after: int, range_microjoules: int) -> int:
    """Return what a counter gained between two readings that at most one wrap lies between."""
    return after - before if after >= before else after - before + range_microjoules


def poll_seconds(zones: tuple[Zone, ...]) -> float:
    """Return how often to read: four times in the fastest wrap that is plausible."""
    fastest = min(_wrap_seconds(zone) for zone in zones)
    return max(_SHORTEST_POLL_SECONDS, fastest / _READS_PER_WRAP)


def _wrap_seconds(zone: Zone) -> float:
    return zone.range_microjoules * _MICRO / _PLAUSIBLE_WATTS


def _refuse_hidden_wraps(zone: Zone, gap: float) -> None:
    if gap > _wrap_seconds(zone):
        raise MeasurementError(
            f"RAPL zone {zone.name}: not read for {gap:.3g} s; at {_PLAUSIBLE_WATTS:,.0f} W it "
            f"wraps in {_wrap_seconds(zone):.3g} s, so energy may have gone unseen",
            remedy="run again on a machine that neither sleeps nor is starved of CPU time",
        )


def _refuse_reset(zone: Zone, joules: float, gap: float) -> None:
    if joules > _PLAUSIBLE_WATTS * (gap + _GRACE_SECONDS):
        raise MeasurementError(
            f"RAPL zone {zone.name}: fell; as a wrap that would be {joules:,.0f} J in {gap:.3g} s, "
            "so the counter was reset",
            remedy="run again without suspending the machine or reloading its energy driver",
        )


def _by_component(
    zones: tuple[Zone, ...], used_microjoules: list[int], seconds: float
) -> tuple[ComponentEnergy, ...]:
    parts = []
    for component in sorted({zone.component for zone in zones}):
        used = [
            microjoules
            for zone, microjoules in zip(zones, used_microjoules, strict=True)
            if zone.component == component
        ]
        joules = sum(used) * _MICRO
        watts = joules / seconds if seconds > 0 else 0.0
        parts.append(
            ComponentEnergy(
                component=component,
                joules=joules,
                uncertainty_joules=(
                    _EDGES * REFRESH_SECONDS * watts + len(used) * RESOLUTION_JOULES
                ),
            )
        )
    return tuple(parts)
