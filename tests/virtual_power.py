"""Power and counters on a clock that only the test moves: their true energy is known exactly.

A trial is a clock, a power over time, counters that show its energy, and a recording over them:

    clock = VirtualClock()
    power = square_wave(low=20, high=200, period=0.013, duty=0.3)
    register = VirtualCounter(clock, power, seed=7, refresh_seconds=0.001)
    source = virtual_source(register, name="package-0")
    with virtual_recording([source], clock) as recording:
        run(recording, [source], clock, seconds=5.0)
        reading = recording.mark()
        truth = power.joules(began, ended)    # the moments: see ``edge_moment``

What a counter shows is what hardware shows: the energy as of its last refresh, cut down to a
multiple of its step, from zero again at its range. Refreshes come irregularly. A read takes time,
and what it returns stood there at some moment inside it. Everything follows from the seed, and no
state is kept but faults that have happened, so that a read costs the same after an hour as after a
second.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import NamedTuple

from harness.errors import MeasurementError
from harness.meters.counter import Counter, CounterSource
from harness.meters.protocol import Source
from harness.meters.sources import SourceRecording
from harness.records.meter import Component, SourceDescription

RAPL_STEP = 61
"""Microjoules: 2**-14 J, the step of most processors, as the kernel rounds it."""
RAPL_RANGE = 262_143_328_850
"""Microjoules: the range of a common processor's package."""


class VirtualClock:
    """Seconds that pass only when somebody sleeps, or a read takes its time."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.now += max(0.0, seconds)


class Ramp(NamedTuple):
    """So many seconds, in which power goes in a straight line from one value to the other."""

    seconds: float
    from_watts: float
    to_watts: float


class Power:
    """Power over time: straight pieces, one after the other, over and over from time 0."""

    def __init__(self, pieces: Sequence[Ramp]) -> None:
        self._pieces = tuple(pieces)
        self._ends = list(accumulate(piece.seconds for piece in self._pieces))
        self._joules = list(
            accumulate(p.seconds * (p.from_watts + p.to_watts) / 2 for p in self._pieces)
        )

    def until(self, moment: float) -> float:
        """Return the exact joules from time 0 to ``moment``."""
        rounds, rest = divmod(moment, self._ends[-1])
        index = min(bisect_right(self._ends, rest), len(self._ends) - 1)
        piece = self._pieces[index]
        inside = rest - (self._ends[index - 1] if index else 0.0)
        slope = (piece.to_watts - piece.from_watts) / piece.seconds
        before = self._joules[index - 1] if index else 0.0
        part = inside * piece.from_watts + slope * inside * inside / 2
        return rounds * self._joules[-1] + before + part

    def joules(self, began: float, ended: float) -> float:
        """Return the exact joules between two moments."""
        return self.until(ended) - self.until(began)


def steady(watts: float) -> Power:
    """Return power that never changes."""
    return Power([Ramp(1.0, watts, watts)])


def square_wave(*, low: float, high: float, period: float, duty: float = 0.5) -> Power:
    """Return bursts: ``high`` for the share ``duty`` of every ``period``, else ``low``."""
    return Power([Ramp(period * duty, high, high), Ramp(period * (1 - duty), low, low)])


def triangle(*, low: float, high: float, period: float) -> Power:
    """Return power that climbs for half of every ``period`` and falls for the other half."""
    return Power([Ramp(period / 2, low, high), Ramp(period / 2, high, low)])


def _uniform(seed: int, index: int) -> float:
    """Return the ``index``-th number in [0, 1) of a sequence, in any order (splitmix64)."""
    mixed = (seed * 0xD1342543DE82EF95 + index * 0x9E3779B97F4A7C15) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & (2**64 - 1)
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & (2**64 - 1)
    return float((mixed ^ (mixed >> 31)) >> 11) / float(2**53)


@dataclass
class VirtualCounter:
    """A register that counts ``power``; ``read`` is what ``Counter.read`` wants."""

    clock: VirtualClock
    power: Power
    seed: int
    refresh_seconds: float = 0.001
    irregularity: float = 0.5
    """Share of a period by which a refresh may be early or late, both ways together; below 1."""
    step_units: int = RAPL_STEP
    range_units: int | None = RAPL_RANGE
    unit_joules: float = 1e-6
    read_seconds: float = 20e-6
    """What a read takes, give or take a half."""
    start_units: int = 0
    """What the register held at time 0."""
    blocks: list[tuple[float, float]] = field(default_factory=list)
    """(moment, seconds): the first read after the moment takes so much longer, once."""
    frozen_from: float = math.inf
    """No refresh from this moment on."""
    reset_at: float = math.inf
    """The register begins at 0 again at this moment."""
    vanishes_at: float = math.inf
    """Reads fail from this moment on."""
    reads: int = 0

    def read(self) -> int:
        """Read the register; the clock moves on by what it took."""
        self.reads += 1
        began = self.clock.now
        took = self.read_seconds * (0.5 + _uniform(self.seed ^ 0x5EED, 2 * self.reads))
        for block in self.blocks:
            if block[0] <= began:
                took += block[1]
                self.blocks.remove(block)
                break
        looked = began + took * _uniform(self.seed ^ 0x5EED, 2 * self.reads + 1)
        self.clock.now = began + took
        if looked >= self.vanishes_at:
            raise MeasurementError(f"virtual counter {self.seed}: gone", remedy="none: a test")
        return self.register(looked)

    def register(self, moment: float) -> int:
        """Return what the register holds at a moment, in units."""
        refreshed = self.last_refresh(min(moment, self.frozen_from))
        units = self.start_units + int(self.power.until(refreshed) / self.unit_joules)
        if moment >= self.reset_at:
            units -= self.start_units + int(self.power.until(self.reset_at) / self.unit_joules)
        units = max(0, units) // self.step_units * self.step_units
        return units if self.range_units is None else units % self.range_units

    def last_refresh(self, moment: float) -> float:
        """Return the moment of the last refresh up to ``moment``."""
        index = math.ceil(moment / self.refresh_seconds) + 1
        while True:
            late = self.irregularity * (_uniform(self.seed, index) - 0.5)
            refresh = (index + late) * self.refresh_seconds
            if refresh <= moment:
                return refresh
            index -= 1


def virtual_source(
    register: VirtualCounter,
    *,
    name: str = "package-0",
    component: Component = "package",
    plausible_watts: float = 1_000.0,
    still_seconds: float | None = 0.5,
    pause_seconds: float = 0.0,
    patience_seconds: float = 0.1,
) -> CounterSource:
    """Return a virtual counter as a source, described as what it is."""
    step_joules = register.step_units * register.unit_joules
    counter = Counter(
        name=name,
        read=register.read,
        unit_joules=register.unit_joules,
        wraps_at=register.range_units,
        step_joules=step_joules,
        refresh_seconds=register.refresh_seconds,
        plausible_watts=plausible_watts,
        still_seconds=still_seconds,
        pause_seconds=pause_seconds,
        patience_seconds=patience_seconds,
    )
    description = SourceDescription(
        name=name,
        component=component,
        grade="simulated",
        kind="counter",
        resolution_joules=step_joules,
        refresh_seconds=register.refresh_seconds,
        relative_uncertainty=0.0,
        provenance="a virtual counter on a virtual clock",
    )
    return CounterSource(counter, description, clock=register.clock, sleep=register.clock.sleep)


class NoWork:
    """An entry that uses no CPU time."""

    def cpu_seconds(self) -> float:
        """Return nothing."""
        return 0.0


@contextmanager
def virtual_recording(sources: Sequence[Source], clock: VirtualClock) -> Iterator[SourceRecording]:
    """Record sources, the slowest first as a ``SourceMeter`` does, without threads that poll."""
    with ExitStack() as stack:
        ordered = sorted(sources, key=lambda source: -source.describe().refresh_seconds)
        followers = [stack.enter_context(source.follow(NoWork())) for source in ordered]
        yield SourceRecording(ordered, followers, NoWork(), clock)


def run(
    recording: SourceRecording, sources: Sequence[Source], clock: VirtualClock, seconds: float
) -> None:
    """Let time pass, polling every source at its cadence as the threads would.

    A poll that takes long delays the polls behind it; a failed one ends nothing here: ``mark``
    raises what went wrong.
    """
    ordered = sorted(sources, key=lambda source: -source.describe().refresh_seconds)
    ends = clock.now + seconds
    due = [clock.now + source.poll_seconds for source in ordered]
    while True:
        index = min(range(len(ordered)), key=due.__getitem__)
        if due[index] >= ends:
            break
        clock.now = max(clock.now, due[index])
        recording.poll(index)
        due[index] = clock.now + ordered[index].poll_seconds
    clock.now = max(clock.now, ends)


def edge_moment(recording: SourceRecording) -> float:
    """Return the moment of the edge with which the open window began."""
    return recording._opened.at_seconds
