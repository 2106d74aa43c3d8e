"""RAPL: the processor's own energy counters, read through Linux's powercap folder.

A counter starts again from zero at its range: 65 kJ or 262 kJ on common parts, 11 or 44 minutes
at 100 W. It is refreshed about every millisecond, irregularly, in steps of a processor's own; both
are measured when the meter is opened. How it is followed is in ``harness.meters.counter``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from harness.errors import MeasurementError, UsageError
from harness.meters import powercap
from harness.meters.counter import Counter, CounterSource, Refreshes, watch_refreshes
from harness.meters.powercap import SensorUnavailableError, Zone
from harness.meters.protocol import Surroundings
from harness.records.meter import Grade, LeftOut, SourceDescription

RELATIVE_UNCERTAINTY = 0.05
"""Assumed: no vendor states one."""

_PLAUSIBLE_WATTS = 1_000.0
"""More than any processor package draws."""
_MICRO = 1e-6
_WATCHED_REFRESHES = 10
_STILL_SECONDS = 0.5
"""A processor that runs draws at least a watt: thousands of steps a second."""
_SLOW_REFRESH_SECONDS = 0.01
_PAUSE_SHARE = 0.002
"""A slow counter is looked at 500 times a refresh, not all the time."""
_FINEST_UNIT = 20
"""2^-20 J is less than a microjoule: too fine to be told from what the kernel shows."""


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[CounterSource]:
    """Open every counter to bill. See ``harness.meters.protocol.Opener``."""
    return survey_sources(argument, surroundings)[0]


def survey_sources(
    argument: str,
    surroundings: Surroundings,  # noqa: ARG001 - counters need no constants
) -> tuple[Sequence[CounterSource], Sequence[LeftOut]]:
    """Open every counter to bill, and say which zones are left out."""
    if argument:
        raise UsageError(
            f"rapl takes no argument, and {argument!r} was given", remedy="leave it out"
        )
    return find_sources()


def find_sources(
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[tuple[CounterSource, ...], tuple[LeftOut, ...]]:
    """Return the package and memory counters, and the zones that are left out.

    On many client processors ``dram`` is listed and never moves: it is left out, and said so,
    rather than billed as zero. Raises ``SensorUnavailableError`` when there is no package counter
    or one may not be read, ``MeasurementError`` when one makes no sense or does not move.
    """
    grade: Grade = "simulated" if powercap.is_replaced() else "sensor"
    sources: list[CounterSource] = []
    billed, left_out = powercap.survey_zones(powercap.root())
    still: list[LeftOut] = []
    for zone in billed:
        seen = watch_refreshes(
            zone.read,
            refreshes=_WATCHED_REFRESHES,
            patience_seconds=_STILL_SECONDS,
            clock=clock,
            sleep=sleep,
        )
        if seen is not None:
            sources.append(_source(zone, seen, grade, clock, sleep))
        elif zone.component == "package":
            raise MeasurementError(
                f"RAPL zone {zone.name}: stood still for {_STILL_SECONDS:g} s: it counts nothing",
                remedy="load the kernel's module intel_rapl_msr anew, or use --meter model",
            )
        else:
            still.append(LeftOut(name=zone.name, why=f"stood still for {_STILL_SECONDS:g} s"))
    return tuple(sources), (*left_out, *still)


def _source(
    zone: Zone,
    seen: Refreshes,
    grade: Grade,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> CounterSource:
    step_joules = max(seen.step_units, hardware_step(seen.seen)) * _MICRO
    counter = Counter(
        name=f"RAPL zone {zone.name}",
        read=zone.read,
        unit_joules=_MICRO,
        wraps_at=zone.range_microjoules,
        step_joules=step_joules,
        refresh_seconds=seen.seconds,
        plausible_watts=_PLAUSIBLE_WATTS,
        still_seconds=_STILL_SECONDS,
        pause_seconds=seen.seconds * _PAUSE_SHARE if seen.seconds > _SLOW_REFRESH_SECONDS else 0.0,
        remedy="run again without suspending the machine or reloading its energy driver",
    )
    origin = "stand-in for the " if grade == "simulated" else ""
    description = SourceDescription(
        name=zone.name,
        component=zone.component,
        grade=grade,
        kind="counter",
        resolution_joules=step_joules,
        refresh_seconds=seen.seconds,
        relative_uncertainty=RELATIVE_UNCERTAINTY,
        provenance=(
            f"{origin}on-chip counter of Linux powercap; no vendor states its accuracy, "
            "the uncertainty is assumed"
        ),
    )
    return CounterSource(counter, description, clock=clock, sleep=sleep)


def hardware_step(microjoules: Sequence[int]) -> float:
    """Return the step in which the processor counted to these values; 0 where that does not show.

    It counts in units of 2^-n J (usually 2^-14 or 2^-16), and the kernel shows ``units x unit``
    cut down to whole microjoules, the unit cut down to whole nanojoules. Changes of such values
    have no common divisor; but hardly any other number is one of them, so a few give the unit away.
    """
    for exponent in range(_FINEST_UNIT):
        nanojoules = 1_000_000_000 >> exponent
        if all(
            -(-value * 1000 // nanojoules) * nanojoules // 1000 == value for value in microjoules
        ):
            return nanojoules / 1000
    return 0.0


__all__ = ["SensorUnavailableError", "find_sources", "open_sources", "survey_sources"]
