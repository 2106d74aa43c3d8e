"""A machine's clocks: how fast its cores' run, and for how long all of them stood still.

Where the kernel keeps ``cpufreq/stats/time_in_state``, the time that each core's clock has spent at
each frequency, the mean over a window is exact, whatever happened between its edges. Where it does
not (``intel_pstate`` in its active mode), ``scaling_cur_freq`` is read at both edges, and a change
between them that was gone by the end is not seen. A virtual machine most often tells neither.
"""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from statistics import fmean

_CLOSE_SECONDS = 0.001
_READS = 10


def suspended_seconds() -> float | None:
    """Return for how long the machine has slept since it was started.

    CLOCK_BOOTTIME goes on while it sleeps, CLOCK_MONOTONIC does not. They are read one after the
    other, and again where something came in between: what is returned is known to a millisecond,
    on a machine so busy that ten reads are torn to the shortest of them. ``None`` where the system
    has no such clock.
    """
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    if boottime is None:
        return None
    reads = []
    for _ in range(_READS):
        began = time.clock_gettime(time.CLOCK_MONOTONIC)
        since_boot = time.clock_gettime(boottime)
        took = time.clock_gettime(time.CLOCK_MONOTONIC) - began
        reads.append((took, since_boot - began - took / 2))
        if took < _CLOSE_SECONDS:
            break
    return min(reads)[1]


class ClockWatch:
    """Consecutive windows over the cores' clocks; the first opens when it is made.

    ``cores`` stands in for ``/sys/devices/system/cpu`` in tests.
    """

    def __init__(self, cores: Path) -> None:
        self._now = sorted(cores.glob("cpu[0-9]*/cpufreq/scaling_cur_freq"))
        self._states = sorted(cores.glob("cpu[0-9]*/cpufreq/stats/time_in_state"))
        self._seen = _mean_now(self._now)
        self._spent = _time_in_state(self._states)

    def mark(self) -> float | None:
        """Close the open window and return its mean in megahertz; ``None`` where nothing tells."""
        (seen_before, self._seen) = (self._seen, _mean_now(self._now))
        (spent_before, self._spent) = (self._spent, _time_in_state(self._states))
        gained = self._spent - spent_before
        if gained:
            kilohertz = sum(frequency * time for frequency, time in gained.items())
            return kilohertz / gained.total() / 1000
        seen = [each for each in (seen_before, self._seen) if each is not None]
        return fmean(seen) / 1000 if seen else None


def _mean_now(files: list[Path]) -> float | None:
    """Return the mean of what the cores' clocks stand at, in kilohertz."""
    kilohertz = [int(text) for text in map(_text, files) if _is_number(text)]
    return fmean(kilohertz) if kilohertz else None


def _time_in_state(files: list[Path]) -> Counter[int]:
    """Return the time spent at each frequency in kilohertz, over all cores; lines of two numbers.

    Cores of one clock show the same table: each is counted, as each ran at that clock.
    """
    spent: Counter[int] = Counter()
    for text in map(_text, files):
        for line in text.splitlines():
            fields = line.split()
            if len(fields) == 2 and all(map(_is_number, fields)):  # noqa: PLR2004 - see above
                spent[int(fields[0])] += int(fields[1])
    return spent


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _text(path: Path) -> str:
    """Return what the file holds; nothing where it is not, or is no longer."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
