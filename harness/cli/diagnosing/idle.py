"""A short look at the machine while nothing is evaluated: its idle power, and who else runs."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from statistics import fmean, stdev
from typing import NamedTuple

import psutil

from harness.meters.disturbance import DisturbanceWatch
from harness.meters.protocol import Meter
from harness.records.base import Frozen
from harness.records.meter import Grade

WINDOWS = 5
"""Sub-windows, whose differences are the noise."""
_SHOWN_PROCESSES = 3
_LEAST_SHARE = 0.01
"""Of one core: below it, a process is not worth a name."""


class Busy(Frozen):
    """A process that ran meanwhile."""

    pid: int
    name: str
    core_share: float
    """CPU time over the window's length: 1 is one whole core."""


class Idle(Frozen):
    """What was read in one window with nothing to do."""

    seconds: float
    meter: str
    meter_grade: Grade
    watts: tuple[float, ...]
    """Of each sub-window."""
    mean_watts: float
    spread_watts: float
    """Standard deviation over sub-windows; 0 from a model, which computes idle from a constant."""
    other_share: float
    """CPU time of other processes, of all that the machine's cores could give."""
    steal_share: float
    """Likewise, what the host gave to others while this machine had work."""
    run_queue_share: float | None
    """Share of the time in which some task waited for a core; ``None`` where the kernel does not
    tell."""
    frequency_megahertz: float | None
    """At the end, the mean over cores."""
    throttle_events: int | None
    busiest: tuple[Busy, ...]
    """Other processes, the busiest first; the harness's own are left out."""


class NoWork:
    """An entry that is not there."""

    def cpu_seconds(self) -> float:
        """Return that nothing was used."""
        return 0.0


def watch_idle(meter: Meter, seconds: float, *, cores: int) -> Idle:
    """Look for about ``seconds``; ``cores`` are those of the whole machine.

    Raises ``MeasurementError`` when a source fails meanwhile.
    """
    work = NoWork()
    readings = []
    with meter.record(work) as recording:
        watch, began = DisturbanceWatch(work), time.monotonic()
        before, listed = _listing(), time.monotonic()
        recording.mark()  # what opening and listing took is none of it
        for _ in range(WINDOWS):
            time.sleep(seconds / WINDOWS)
            readings.append(recording.mark())
        disturbance, lasted = watch.mark(), time.monotonic() - began
        after, between = _listing(), time.monotonic() - listed
    description = meter.describe()
    watts = tuple(reading.joules / reading.seconds for reading in readings)
    return Idle(
        seconds=lasted,
        meter=description.name,
        meter_grade=description.grade,
        watts=watts,
        mean_watts=fmean(watts),
        spread_watts=stdev(watts),
        other_share=_share(disturbance.other_cpu_seconds, lasted * cores),
        steal_share=_share(disturbance.steal_seconds, lasted * cores),
        run_queue_share=(
            None
            if disturbance.run_queue_seconds is None
            else _share(disturbance.run_queue_seconds, lasted)
        ),
        frequency_megahertz=disturbance.frequency_megahertz,
        throttle_events=disturbance.throttle_events,
        busiest=_busiest(before, after, between),
    )


def _share(seconds: float, whole: float) -> float:
    """Return a share of a time: what is counted in ticks may come to more than there was."""
    return min(1.0, seconds / whole)


class _Used(NamedTuple):
    name: str
    parent: int
    cpu_seconds: float
    """Its own, and that of the children it has waited for: they may have lived too short to be
    listed."""


_Listing = dict[tuple[int, float], _Used]
"""By pid and start: a pid is given anew."""


def _listing() -> _Listing:
    """Return every process but the harness and its children."""
    found = {}
    for process in psutil.process_iter(["name", "cpu_times", "create_time", "ppid"]):
        seen = process.info
        if seen["cpu_times"] is not None and os.getpid() not in (process.pid, seen["ppid"]):
            used = sum(seen["cpu_times"][:4])  # user, system, and both of children
            key = (process.pid, seen["create_time"])
            found[key] = _Used(seen["name"] or "unknown", seen["ppid"], used)
    return found


def _busiest(before: _Listing, after: _Listing, seconds: float) -> tuple[Busy, ...]:
    """Rank by CPU time.

    Whoever waits for a child is given all that it ever used: what that was before the window is
    taken off again, from the nearest ancestor that is still there.
    """
    gone = {key[0]: before[key] for key in before.keys() - after.keys()}
    inherited: defaultdict[int, float] = defaultdict(float)
    for process in gone.values():
        heir = process.parent
        while heir in gone:
            heir = gone[heir].parent
        inherited[heir] += process.cpu_seconds
    ranked = []
    for key, now in after.items():
        earlier = before[key].cpu_seconds + inherited[key[0]] if key in before else 0.0
        share = (now.cpu_seconds - earlier) / seconds
        if share >= _LEAST_SHARE:
            ranked.append(Busy(pid=key[0], name=now.name, core_share=share))
    ranked.sort(key=lambda each: -each.core_share)
    return tuple(ranked[:_SHOWN_PROCESSES])
