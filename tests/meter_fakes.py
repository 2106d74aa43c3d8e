"""Stand-ins for what meters read: a clock, an entry's work, a powercap folder."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.meters.protocol import Source, Work
from harness.meters.sources import SourceRecording
from harness.records.evaluation import Disturbance

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
