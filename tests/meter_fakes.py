"""Stand-ins for what meters read: a clock, an entry's work, a powercap folder."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from virtual_power import VirtualCounter

from harness.meters import powercap
from harness.meters.protocol import Source, Work
from harness.meters.sources import SourceRecording
from harness.records.session import Disturbance

RANGE = 262_143_328_850
"""Microjoules: what a common processor's package counter wraps at."""


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class FakeWork:
    """An entry that has used as much CPU time as it is told."""

    def __init__(self) -> None:
        self.used = 0.0

    def cpu_seconds(self) -> float:
        return self.used


class StillWatch:
    """Sees a machine on which nothing else happens."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def mark(self) -> Disturbance:
        return Disturbance(other_cpu_seconds=0.0, harness_cpu_seconds=0.0, steal_seconds=0.0)


@contextmanager
def recording(source: Source, clock: Clock, work: Work) -> Iterator[SourceRecording]:
    """Record one source on a clock that is moved by hand, without a thread that polls."""
    with source.follow(work) as follower:
        yield SourceRecording([source], [follower], work, clock)


def add_zone(root: Path, folder: str, name: str, *, energy: int = 0, wraps_at: int = RANGE) -> Path:
    """Make one zone; return its counter's file."""
    zone = root / folder
    zone.mkdir(parents=True)
    (zone / "name").write_text(f"{name}\n")
    (zone / "max_energy_range_uj").write_text(f"{wraps_at}\n")
    counter = zone / "energy_uj"
    counter.write_text(f"{energy}\n")
    return counter


class LiveZones:
    """Makes the counters of a powercap folder move, without a thread or a clock.

    Put in the place of ``powercap._text``. A counter that says ``virtual`` shows its register;
    every other shows ``step`` microjoules more each time that it is read, but those in ``still``.
    """

    def __init__(self, step: int = 61) -> None:
        self.step = step
        self.registers: dict[str, VirtualCounter] = {}
        """By the zone's folder."""
        self.still: set[str] = set()
        """Folders."""
        self._reads: Counter[str] = Counter()

    def __call__(self, path: Path, zone: str) -> str:
        text = _TEXT(path, zone)
        folder = path.parent.name
        if path.name != "energy_uj" or folder in self.still:
            return text
        if text == "virtual":
            return str(self.registers[folder].read())
        if not text.isdecimal() or len(text) > 18:
            return text
        self._reads[folder] += 1
        return str(int(text) + self._reads[folder] * self.step)


_TEXT = powercap._text
