"""The mean clock frequency of a machine's cores over consecutive windows.

Where the kernel keeps ``cpufreq/stats/time_in_state``, the time that each core's clock has spent at
each frequency, the mean over a window is exact, whatever happened between its edges. Where it does
not (``intel_pstate`` in its active mode), ``scaling_cur_freq`` is read at both edges, and a change
between them that was gone by the end is not seen. A virtual machine most often tells neither.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from statistics import fmean


class ClockWatch:
    """Consecutive windows over the clocks; the first opens when it is made.

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
