"""What else the machine did while a window was open.

    other = busy time of the whole machine - the entry's tree - the harness itself

Busy time is user, nice, system, irq and softirq of ``/proc/stat``. The kernel counts a guest's
time in ``user`` as well, so ``guest`` is left out. Steal is what a hypervisor gave to others
while this machine had work to do; it is reported apart.

``/proc/stat`` counts in ticks of 10 ms a core, so a window of half a second is known to a few
per cent of one core. A difference that such rounding makes negative is reported as zero.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

from harness.errors import MeasurementError
from harness.meters.protocol import Work
from harness.records.evaluation import Disturbance

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_STEAL = 7
_COUNTED = (0, 1, 2, 5, 6)
"""user, nice, system, irq, softirq: proc(5) gives the order; 3 and 4 are idle and iowait."""


class _Edge(NamedTuple):
    busy_seconds: float
    steal_seconds: float
    entry_seconds: float
    harness_seconds: float


class DisturbanceWatch:
    """Consecutive windows over the whole machine; the first opens when the watch is made.

    ``proc`` stands in for ``/proc`` in tests. Raises ``MeasurementError`` when it has no usable
    ``stat``.
    """

    def __init__(self, work: Work, *, proc: Path = Path("/proc")) -> None:
        self._work = work
        self._stat = proc / "stat"
        self._edge = self._read()

    def mark(self) -> Disturbance:
        """Close the open window; the next begins at the same reading."""
        began, self._edge = self._edge, self._read()
        entry = self._edge.entry_seconds - began.entry_seconds
        harness = self._edge.harness_seconds - began.harness_seconds
        busy = self._edge.busy_seconds - began.busy_seconds
        return Disturbance(
            other_cpu_seconds=max(0.0, busy - entry - harness),
            harness_cpu_seconds=harness,
            steal_seconds=max(0.0, self._edge.steal_seconds - began.steal_seconds),
        )

    def _read(self) -> _Edge:
        ticks = _machine_ticks(self._stat)
        return _Edge(
            busy_seconds=sum(ticks[field] for field in _COUNTED) / _TICKS_PER_SECOND,
            steal_seconds=ticks[_STEAL] / _TICKS_PER_SECOND,
            entry_seconds=self._work.cpu_seconds(),
            harness_seconds=time.process_time(),
        )


def _machine_ticks(stat: Path) -> list[int]:
    """Return the fields of the line that sums all cores, at least up to steal."""
    try:
        name, *fields = stat.read_text(encoding="ascii").partition("\n")[0].split()
        ticks = [int(field) for field in fields]
    except (OSError, ValueError) as error:
        raise MeasurementError(
            f"{stat}: cannot tell what else runs on this machine: {error}",
            remedy="run the harness where the kernel's /proc is mounted",
        ) from None
    if name != "cpu" or len(ticks) <= _STEAL:
        raise MeasurementError(
            f"{stat}: its first line is not the machine's CPU time up to 'steal'",
            remedy="run the harness on Linux with the kernel's own /proc",
        )
    return ticks
