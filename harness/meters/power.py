"""Integrate a power signal, where a device tells its power and counts no energy.

The signal stays the same from one refresh to the next. What is read may thus be up to a refresh
old: a value that changed since the read before is taken to be of the middle between the two reads,
but at most half a refresh old. Between such moments the power is taken to run straight.

What is not known is stated:

- *What the signal does not show.* Each value stands for one refresh period. How far a period's own
  mean lies from the straight line is judged by how much consecutive values differ: for values
  that scatter independently with the variance s^2, half of the mean squared difference is s^2, and
  the energy of a period has the standard uncertainty s x period. For power that changes more
  slowly than the signal is refreshed this is on the safe side. A stretch in which refreshes went by
  unread may have held anything between the lowest and the highest power seen.
- *What beats with it.* Values that go up and down from one refresh to the next need not scatter
  independently: of power that repeats in 1.5 refreshes, two values of three may be of its peaks,
  for as long as it lasts. So of every such turn, half of the smaller step is counted as an error
  that all of them share. Power that repeats in just one refresh shows one value: nothing can tell.
- *When the signal shows it.* A value may be of the moment of its refresh, or the mean over the time
  before. Late by L throughout, the energy is wrong by L x (the power now - the power at first):
  nothing over a window that ends at the power with which it began. A mean over A seconds, in which
  the power changed from its lowest to its highest, can add A/8 x their difference to that.
- *The moment of an edge*, as with counters (``harness.meters.counter``).

Energy that nobody looked at is not made up: a gap between two reads that is longer than
the signal's ``longest_gap_seconds`` fails the window.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import hypot, sqrt

from harness.errors import MeasurementError
from harness.meters.protocol import Edge, Total, Work
from harness.meters.uncertainty import of_half_range, of_step
from harness.records.base import Frozen
from harness.records.meter import DeviceCondition, SourceDescription

LONGEST_GAP_SECONDS = 2.0

_SHORTEST_POLL_SECONDS = 0.02
_PATIENCE_REFRESHES = 2.0
"""An edge waits for so long for a value to change: power may well stay the same."""
_UNREAD_REFRESHES = 2.0
"""A stretch longer than this holds refreshes that were not read."""


class PowerSignal(Frozen):
    """Power in whole units."""

    name: str
    read: Callable[[], int]
    """Returns units; raises ``MeasurementError`` naming the device."""
    unit_watts: float
    step_watts: float
    """The smallest change that it shows."""
    refresh_seconds: float
    averaged_seconds: float
    """Over how long before each refresh it is a mean; 0 where it is of one moment."""
    plausible_watts: float
    """More than the device can ever draw."""
    pause_seconds: float = 0.001
    """Between two reads while waiting for a refresh."""
    longest_gap_seconds: float = LONGEST_GAP_SECONDS
    """Between two reads; more for what is asked over a network, and may fail to answer once."""
    remedy: str = "see `python -m harness doctor`, or use another meter"


class PowerSource:
    """A power signal as a source; ``clock`` never falls, ``sleep`` waits on it."""

    def __init__(
        self,
        signal: PowerSignal,
        description: SourceDescription,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        conditions: Callable[[], tuple[DeviceCondition, ...]] = tuple,
    ) -> None:
        self.signal = signal
        self._description = description
        self._clock = clock
        self._sleep = sleep
        self._conditions = conditions

    @property
    def poll_seconds(self) -> float:
        """Once a refresh."""
        return max(_SHORTEST_POLL_SECONDS, self.signal.refresh_seconds)

    def describe(self) -> SourceDescription:
        """Say what is integrated."""
        return self._description

    @contextmanager
    def follow(self, work: Work) -> Iterator[PowerFollower]:  # noqa: ARG002 - sensors need no work
        """Integrate from here."""
        yield PowerFollower(self.signal, self._clock, self._sleep, self._conditions)


class _Read(Frozen, kw_only=False):
    """One reading: the signal was looked at some time between the two moments."""

    began: float
    ended: float
    watts: float

    @property
    def at(self) -> float:
        return (self.began + self.ended) / 2


class _Point(Frozen, kw_only=False):
    """The power at a moment."""

    at: float
    watts: float


class PowerFollower:
    """Adds up what a signal says. See ``harness.meters.protocol.Follower``."""

    def __init__(
        self,
        signal: PowerSignal,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        conditions: Callable[[], tuple[DeviceCondition, ...]] = tuple,
    ) -> None:
        self._signal = signal
        self._clock = clock
        self._sleep = sleep
        self._ask = conditions
        self._last = self._look()
        self._point = _Point(self._last.at, self._last.watts)
        self._first_watts = self._lowest = self._highest = self._last.watts
        self._joules = 0.0
        self._change = 0.0
        self._variance = 0.0
        """Of the energy since the last edge."""
        self._turned_joules = 0.0
        """What went up and down from one refresh to the next since the last edge."""

    def poll(self) -> Total:
        """Read once."""
        self._advance()
        return Total(self._point.at, self._joules)

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """Ask the device."""
        return self._ask()

    def edge(self) -> Edge:
        """Wait for a refresh; where the power stays the same, there is none to see."""
        signal = self._signal
        span = self._wait_for_change()
        at = sum(span) / 2 if span else self._last.at
        watts = self._last.watts
        if not span:
            # What is found out later of the time before the edge must not change what it says.
            self._add(_Point(at, watts))
        late = (signal.refresh_seconds + signal.averaged_seconds) / 2
        # Both edges of a window are late by the same: where one lies above the first power and the
        # other below, their parts add up. Added in quadrature, each needs twice its variance.
        lag = sqrt(2) * of_half_range(late * (watts - self._first_watts))
        spread = self._highest - self._lowest
        shape = of_half_range(signal.averaged_seconds / 8 * spread)
        moment = of_half_range((span[1] - span[0]) / 2 * self._highest) if span else 0.0
        gathered = hypot(sqrt(self._variance), self._turned_joules / 2)
        self._variance = self._turned_joules = 0.0
        return Edge(
            at,
            self._joules,
            timing_joules=hypot(lag, shape, moment),
            resolution_joules=of_step(signal.step_watts * signal.refresh_seconds),
            watts=watts,
            peak_watts=self._highest,
            gathered_joules=gathered,
        )

    def _wait_for_change(self) -> tuple[float, float] | None:
        """Read until the signal changes; return the span in which it did, if it did."""
        self._advance()
        until = self._last.ended + _PATIENCE_REFRESHES * self._signal.refresh_seconds
        while self._last.ended < until:
            before = self._last
            if self._signal.pause_seconds:
                self._sleep(self._signal.pause_seconds)
            self._advance()
            if self._last.watts != before.watts:
                return before.at, self._last.at
        return None

    def _look(self) -> _Read:
        signal = self._signal
        began = self._clock()
        watts = signal.read() * signal.unit_watts
        ended = self._clock()
        if not 0 < watts <= signal.plausible_watts:
            raise MeasurementError(
                f"{signal.name}: says that it draws {watts:,.10g} W; more than 0 and at most "
                f"{signal.plausible_watts:,.0f} W make sense",
                remedy=signal.remedy,
            )
        return _Read(began, ended, watts)

    def _advance(self) -> None:
        """Read, and add the energy up to the moment that the value is of."""
        last, read = self._last, self._look()
        gap = read.ended - last.began
        if gap > self._signal.longest_gap_seconds:
            raise MeasurementError(
                f"{self._signal.name}: its power was not read for {gap:.3g} s; what it drew "
                "meanwhile is not known",
                remedy="run again on a machine that neither sleeps nor is starved of CPU time",
            )
        refresh = self._signal.refresh_seconds
        if read.watts != self._point.watts:
            age = min(refresh, read.at - last.at) / 2
            self._add(_Point(read.at - age, read.watts))
        elif read.at - self._point.at >= refresh:
            self._add(_Point(read.at - refresh / 2, read.watts))
        self._last = read

    def _add(self, point: _Point) -> None:
        before, self._point = self._point, point
        seconds = point.at - before.at
        refresh = self._signal.refresh_seconds
        change, change_before = point.watts - before.watts, self._change
        self._change = change
        self._joules += (before.watts + point.watts) / 2 * seconds
        self._variance += (change * max(seconds, refresh)) ** 2 / 2
        if change * change_before < 0:
            self._turned_joules += min(abs(change), abs(change_before)) * max(seconds, refresh)
        self._lowest = min(self._lowest, point.watts)
        self._highest = max(self._highest, point.watts)
        if seconds > _UNREAD_REFRESHES * refresh:
            self._variance += of_half_range((self._highest - self._lowest) / 2 * seconds) ** 2
