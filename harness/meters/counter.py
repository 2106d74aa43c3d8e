"""Follow an energy counter: wraps, resets, standstills, and readings aligned to its refreshes.

A counter shows the energy up to its last refresh, cut down to its step. Read at any moment, it is
old by up to a refresh period. So an edge waits for the next refresh: the counter is read again and
again until it changes. The refresh then lies between the beginning of the last read that gave the
old value and the end of the first that gave the new one; its moment is taken as the middle, and
half of that span, times the power, is the edge's half-range.

A fall is one wrap at the counter's range, or a reset. Two wraps between readings could not be seen,
so a gap in which the highest plausible power could wrap the counter fails, and so does a gain that
would take more than that power. A counter that stands still for longer than it may has stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from math import gcd
from typing import NamedTuple

from harness.errors import MeasurementError
from harness.meters.protocol import Edge, Total, Work
from harness.meters.uncertainty import of_half_range, of_step
from harness.records.base import Frozen
from harness.records.meter import DeviceCondition, SourceDescription

TRACE_SECONDS = 0.4
"""How often counters are read while a window is open: for a power trace, at little cost."""
GRACE_SECONDS = 1.0
"""Allowed for counters that are refreshed late or in bursts, before a gain is called impossible."""
LATE_REFRESHES = 10
"""Allowed likewise before a fall is called a reset rather than a wrap."""
READS_PER_WRAP = 4

_SLOW_REFRESH_SECONDS = 0.01
"""Above it, one refresh is waited for; below, a second one costs little and shows the power."""
_UNSEEN_POWER = 2.0
"""A slow counter shows the mean of a long period; at its end, power may be as much higher."""
_ALIGNMENT_TRIES = 6
_SHARP_SHARE = 0.25
"""Reads that took a large part of a refresh say little of when it was: wait for another one."""


class Counter(Frozen):
    """Energy since some beginning, in whole units."""

    name: str
    read: Callable[[], int]
    """Returns units; raises ``MeasurementError`` naming the counter."""
    unit_joules: float
    wraps_at: int | None
    """Units after which it starts again from zero; ``None`` where it never does."""
    step_joules: float
    """The smallest change that it shows."""
    refresh_seconds: float
    plausible_watts: float
    """More than what it counts can ever draw."""
    still_seconds: float | None
    """Standing still for longer means that it has stopped; ``None`` where it may."""
    pause_seconds: float = 0.0
    """Between two reads while waiting for a refresh; 0 for what is read in microseconds."""
    patience_seconds: float = 0.1
    """How long an edge waits for a refresh, where the counter may stand still."""
    remedy: str = "see `python -m harness doctor`, or use another meter"

    @property
    def longest_wait_seconds(self) -> float:
        """How long an edge waits: what may not stand still, until it has provably stopped."""
        return max(self.patience_seconds, 2 * (self.still_seconds or 0.0))

    @property
    def wrap_seconds(self) -> float:
        """The shortest time in which it can wrap."""
        if self.wraps_at is None:
            return float("inf")
        return self.wraps_at * self.unit_joules / self.plausible_watts


class CounterSource:
    """A counter as a source; ``clock`` never falls, ``sleep`` waits on it."""

    def __init__(
        self,
        counter: Counter,
        description: SourceDescription,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        conditions: Callable[[], tuple[DeviceCondition, ...]] = tuple,
    ) -> None:
        self.counter = counter
        self._description = description
        self._clock = clock
        self._sleep = sleep
        self._conditions = conditions

    @property
    def poll_seconds(self) -> float:
        """Four times in the fastest plausible wrap, and often enough for a trace."""
        return min(TRACE_SECONDS, self.counter.wrap_seconds / READS_PER_WRAP)

    def describe(self) -> SourceDescription:
        """Say what is counted."""
        return self._description

    @contextmanager
    def follow(self, work: Work) -> Iterator[CounterFollower]:  # noqa: ARG002 - sensors need no work
        """Read it once, and keep up from there."""
        yield CounterFollower(self.counter, self._clock, self._sleep, self._conditions)


class _Read(Frozen, kw_only=False):
    """One reading: the counter was looked at some time between the two moments."""

    began: float
    ended: float
    units: int


class _Refresh(Frozen, kw_only=False):
    """A refresh that was seen: it happened some time between the two moments."""

    began: float
    ended: float
    joules: float
    """What the counter has gained, as of this refresh."""

    def seconds(self) -> float:
        return self.ended - self.began

    def at_seconds(self) -> float:
        return (self.began + self.ended) / 2


class _Bracket(NamedTuple):
    """A moment, and what the counter had gained when it was read first after it."""

    moment: float
    joules: float
    first_ended: float
    last_began: float
    """When the last read began that still showed the same."""


class CounterFollower:
    """Adds up what a counter gains. See ``harness.meters.protocol.Bracketing``."""

    def __init__(
        self,
        counter: Counter,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        conditions: Callable[[], tuple[DeviceCondition, ...]] = tuple,
    ) -> None:
        self._counter = counter
        self._clock = clock
        self._sleep = sleep
        self._look = conditions
        self._gained = 0
        self._last = self._read_counter()
        self._moved_at = self._last.ended
        self._peak_watts = 0.0
        self._bracket: _Bracket | None = None

    def poll(self) -> Total:
        """Read once."""
        read = self._advance()
        return Total((read.began + read.ended) / 2, self._joules())

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """Ask the device."""
        return self._look()

    def edge(self) -> Edge:
        """Wait for a refresh; where none comes in time, read what stands there."""
        counter = self._counter
        self._advance()
        began_joules = self._joules()
        wanted = 2 if counter.refresh_seconds <= _SLOW_REFRESH_SECONDS else 1
        found: list[_Refresh] = []
        while len(found) < _ALIGNMENT_TRIES:
            span = self._wait_for_refresh(self._last.ended + counter.longest_wait_seconds)
            if span is None:
                break
            found.append(_Refresh(*span, self._joules()))
            if len(found) >= wanted and all(map(self._is_sharp, found[-wanted:])):
                break
        if not found:
            return self._standing((self._last.began + self._last.ended) / 2)
        watts = self._watts(began_joules, found)
        self._peak_watts = max(self._peak_watts, watts)
        best = found[-1] if self._is_sharp(found[-1]) else min(found, key=_Refresh.seconds)
        # The power may have risen just now, which the mean of the last period does not tell.
        most = max(self._peak_watts, _UNSEEN_POWER * watts)
        return Edge(
            best.at_seconds(),
            best.joules,
            of_half_range(best.seconds() / 2 * most),
            of_step(counter.step_joules),
            watts,
            self._peak_watts,
        )

    def at(self, moment: float) -> Edge | None:
        """Read once; where the counter has changed since the moment, interpolate to it."""
        bracket = self._bracket
        if bracket is None or bracket.moment != moment:
            read = self._advance()
            self._bracket = _Bracket(moment, self._joules(), read.ended, read.began)
            return None
        if self._counter.pause_seconds:
            self._sleep(self._counter.pause_seconds)
        read = self._advance()
        if self._joules() != bracket.joules:
            self._bracket = None
            return self._interpolated(bracket, (bracket.last_began + read.ended) / 2)
        if read.ended > bracket.first_ended + self._counter.longest_wait_seconds:
            self._bracket = None
            return self._standing(moment)
        self._bracket = bracket._replace(last_began=read.began)
        return None

    def _interpolated(self, bracket: _Bracket, refreshed: float) -> Edge:
        """Return the edge between the value at a moment and that of the next refresh.

        It is interpolated as if the power were constant. The truth lies between the two values, so
        the error is no more than the distance to the farther one. The lower value is that of the
        last refresh before the moment, unless another came before the counter was first read.
        """
        counter = self._counter
        lowest, highest = bracket.joules, self._joules()
        late = bracket.first_ended - bracket.moment
        since = refreshed - bracket.moment
        watts = (highest - lowest) / max(counter.refresh_seconds, since - late)
        most = max(self._peak_watts, _UNSEEN_POWER * watts)
        lowest -= most * late
        joules = min(max(highest - watts * since, lowest), highest)
        half_range = max(highest - joules, joules - lowest)
        return Edge(
            bracket.moment,
            joules,
            of_half_range(half_range),
            of_step(counter.step_joules),
            watts,
            self._peak_watts,
        )

    def _is_sharp(self, refresh: _Refresh) -> bool:
        return refresh.seconds() <= self._counter.refresh_seconds * _SHARP_SHARE

    def _watts(self, began_joules: float, found: Sequence[_Refresh]) -> float:
        """Return the power just before the last refresh.

        One refresh shows the energy of a whole period, however short the wait for it was; reads
        that took long show several at once, over no more than the time that they took together.
        """
        sharp = [each for each in found if self._is_sharp(each)]
        if len(sharp) > 1:
            first, last = sharp[-2:]
            return (last.joules - first.joules) / (last.at_seconds() - first.at_seconds())
        seconds = max(self._counter.refresh_seconds, found[-1].ended - found[0].began)
        return (found[-1].joules - began_joules) / seconds

    def _standing(self, at: float) -> Edge:
        """Return the edge where no refresh came: less than a step was used since the last one."""
        step = of_step(self._counter.step_joules)
        return Edge(at, self._joules(), 0.0, step, 0.0, self._peak_watts)

    def _wait_for_refresh(self, until: float) -> tuple[float, float] | None:
        """Read until the counter changes; return the span in which it did, if it did."""
        before = self._last
        while True:
            if self._counter.pause_seconds:
                self._sleep(self._counter.pause_seconds)
            read = self._advance()
            if read.units != before.units:
                return before.began, read.ended
            if read.ended >= until:
                return None
            before = read

    def _joules(self) -> float:
        return self._gained * self._counter.unit_joules

    def _read_counter(self) -> _Read:
        began = self._clock()
        units = self._counter.read()
        return _Read(began, self._clock(), units)

    def _advance(self) -> _Read:
        """Read, and add what the counter gained since it was read last."""
        counter, last = self._counter, self._last
        read = self._read_counter()
        gap = read.ended - last.began
        if gap > counter.wrap_seconds:
            raise MeasurementError(
                f"{counter.name}: not read for {gap:.3g} s; at {counter.plausible_watts:,.0f} W it "
                f"wraps in {counter.wrap_seconds:.3g} s, so energy may have gone unseen",
                remedy="run again on a machine that neither sleeps nor is starved of CPU time",
            )
        self._require_monotonic(last.units, read.units)
        gain = gained(last.units, read.units, counter.wraps_at)
        self._require_plausible(last, read, gain * counter.unit_joules, gap)
        self._gained += gain
        over = max(gap, read.ended - self._moved_at, counter.refresh_seconds)
        self._peak_watts = max(self._peak_watts, gain * counter.unit_joules / over if over else 0.0)
        if gain:
            self._moved_at = read.ended
        elif (still := read.began - self._moved_at) > (counter.still_seconds or float("inf")):
            raise MeasurementError(
                f"{counter.name}: stood still at {read.units} for {still:.3g} s, "
                "so it has stopped counting",
                remedy=counter.remedy,
            )
        self._last = read
        return read

    def _require_monotonic(self, before: int, after: int) -> None:
        if after < before and self._counter.wraps_at is None:
            raise MeasurementError(
                f"{self._counter.name}: fell from {before} to {after}; it counts upwards only, "
                "so it was reset",
                remedy=self._counter.remedy,
            )

    def _require_plausible(self, last: _Read, read: _Read, joules: float, gap: float) -> None:
        fell = read.units < last.units
        grace = LATE_REFRESHES * self._counter.refresh_seconds if fell else GRACE_SECONDS
        if joules <= self._counter.plausible_watts * (gap + grace):
            return
        what = f"rose from {last.units} to {read.units}, which is"
        if fell:
            what = "fell; as a wrap that would be"
        raise MeasurementError(
            f"{self._counter.name}: {what} {joules:,.0f} J in {gap:.3g} s, "
            f"more than {self._counter.plausible_watts:,.0f} W, so the counter was reset",
            remedy=self._counter.remedy,
        )


def gained(before: int, after: int, wraps_at: int | None) -> int:
    """Return what a counter gained between two readings that at most one wrap lies between."""
    if after >= before or wraps_at is None:
        return after - before
    return after - before + wraps_at


class Refreshes(Frozen, kw_only=False):
    """What was seen of a counter's refreshes."""

    seconds: float
    """The median time between two of them."""
    step_units: int
    """The greatest common divisor of the changes: the counter's step, or a multiple of it."""
    seen: tuple[int, ...]
    """Every value, in turn."""


def watch_refreshes(
    read: Callable[[], int],
    *,
    refreshes: int,
    patience_seconds: float,
    pause_seconds: float = 0.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Refreshes | None:
    """Watch a counter for some refreshes; ``None`` when it stood still for ``patience_seconds``."""
    units = read()
    moved_at = clock()
    moments: list[float] = []
    seen = [units]
    step = 0
    while len(moments) <= refreshes:
        if pause_seconds:
            sleep(pause_seconds)
        now_units = read()
        now = clock()
        if now_units != units:
            if now_units > units:
                step = gcd(step, now_units - units)
            units, moved_at = now_units, now
            moments.append(now)
            seen.append(units)
        elif now - moved_at > patience_seconds:
            return None
    spans = [after - before for before, after in pairwise(moments)]
    return Refreshes(sorted(spans)[len(spans) // 2], max(1, step), tuple(seen))
