"""A plug between the wall and the machine, read over the network: its counter or its power.

When it is opened, a plug is watched for some seconds, under the machine's idle power. Where its
counter moves at least every ``SLOWEST_COUNTER_SECONDS`` the counter is read, and followed as every
counter is (``harness.meters.counter``): edges wait for its next move. A counter of coarse steps
moves too seldom to mark the windows of a session; then the power is integrated
(``harness.meters.power``), and the counter is the check on it. Which of the two it is, the
description says. Either way both are held against each other all the time
(``harness.meters.plug_watch``).

A counter may tell of some time ago (``harness.meters.slow_counter``). Power that is told in steps
is wrong by the same part of a step for as long as it stays the same: a window of T seconds by up
to half a step x T, which is added to what is stated of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from math import hypot, inf
from typing import Literal, TypeAlias

from harness.meters.counter import Counter, CounterFollower, Refreshes, watch_refreshes
from harness.meters.http import TIMEOUT_SECONDS, Address, Device
from harness.meters.plug_answer import (
    PLAUSIBLE_WATTS,
    Answer,
    Maker,
    parse,
    require_sane,
    step_of,
)
from harness.meters.plug_watch import LONGEST_SILENCE_SECONDS, Tolerance, Watch
from harness.meters.power import PowerFollower, PowerSignal
from harness.meters.protocol import Edge, Follower, Work
from harness.meters.slow_counter import SlowCounterFollower
from harness.meters.uncertainty import of_step
from harness.records.base import Frozen
from harness.records.meter import Grade, SourceDescription

Clock: TypeAlias = Callable[[], float]
Sleep: TypeAlias = Callable[[float], None]

RELATIVE_UNCERTAINTY = 0.05
"""Assumed. ``ACCURACY`` says on what grounds."""
ACCURACY = (
    "no accuracy of the maker's is known to us, and 5 % is assumed: of five such plugs that the "
    "Swedish Energy Agency tested in 2022, four were within 3.5 % at 30 W and more"
)
SLOWEST_COUNTER_SECONDS = 2.0
PAUSE_SECONDS = 0.1
"""Between two questions while waiting for a refresh: a plug is a small computer."""
POLL_SECONDS = 1.0

_WATCHED_REFRESHES = 4
_PATIENCE_SECONDS = 2.5
_STILL_REFRESHES = 5
_SHORTEST_STILL_SECONDS = 5.0
_SHORTEST_REFRESH_SECONDS = 0.5
"""Power is asked for no oftener, however often it is refreshed."""
_COUNTER_SHARE = 0.25
_POWER_SHARE = 2 * RELATIVE_UNCERTAINTY
"""How far counter and power may be apart: a check on the one, a half of the measurement in the
other."""
_COARSE_STEP_WATT_HOURS = Decimal(1)
"""What a counter may go in, whatever its decimals say: by the pulses of its metering chip."""
_ANYTHING = Tolerance(share=0.0, joules=inf, seconds=0.0, watts=0.0)
"""While its steps are not known."""
_WATT_HOUR_JOULES = 3_600.0
_MICRO_WATT_HOUR_JOULES = _WATT_HOUR_JOULES / 10**6
_MILLI = 1e-3


def open_plug(
    maker: Maker,
    address: Address,
    *,
    timeout_seconds: float = TIMEOUT_SECONDS,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
) -> PlugSource:
    """Ask a plug, watch it for some seconds, and decide what to read.

    Raises ``SensorUnavailableError`` where it does not let this user read it, ``MeasurementError``
    where it does not answer or makes no sense.
    """
    plug = _Plug(maker, address, timeout_seconds)
    try:
        seen = _watch(plug, clock, sleep)
    finally:
        plug.device.close()
    if seen.counted is not None:
        return _counting(plug, seen.counted, seen, clock, sleep)
    return _integrating(plug, seen, clock, sleep)


class _Plug:
    """One plug, asked once at a time."""

    def __init__(self, maker: Maker, address: Address, timeout_seconds: float) -> None:
        self.maker = maker
        self.name = f"{maker.title} at {address}"
        self.device = Device(self.name, address, timeout_seconds=timeout_seconds)

    def ask(self) -> Answer:
        """Return what it says; raise ``MeasurementError`` where that makes no sense."""
        content = self.device.get(self.maker.path)
        document = parse(content, self.name, self.maker.remedy)
        return require_sane(self.maker.read(document, self.name), self.name)

    def listen(self, tolerance: Tolerance, clock: Clock, sleep: Sleep) -> Watch:
        """Begin to hold what it says against what it said before."""
        return Watch(
            self.name,
            self.ask,
            tolerance=tolerance,
            stands_seconds=self.maker.clock_stands_seconds,
            remedy=self.maker.remedy,
            clock=clock,
            sleep=sleep,
        )


class _Seen(Frozen, kw_only=False):
    """What was seen of a plug while it was watched."""

    counted: Refreshes | None
    """Of its counter; ``None`` where that moved too seldom."""
    told: Refreshes | None
    """Of its power, looked at only where the counter moved too seldom."""
    step_watt_hours: Decimal
    step_watts: float
    """By the finest spelling of each."""


def _watch(plug: _Plug, clock: Clock, sleep: Sleep) -> _Seen:
    """Look at a plug for some seconds; for longer where nothing that it says changes."""
    first = plug.ask()  # at once, without patience
    answers = [first]
    watch = plug.listen(_ANYTHING, clock, sleep)

    def look() -> Answer:
        answers.append(watch.read())
        return answers[-1]

    def refreshes(read: Callable[[], int]) -> Refreshes | None:
        return watch_refreshes(
            read,
            refreshes=_WATCHED_REFRESHES,
            patience_seconds=_PATIENCE_SECONDS,
            pause_seconds=PAUSE_SECONDS,
            clock=clock,
            sleep=sleep,
        )

    counted = refreshes(lambda: look().micro_watt_hours)
    if counted is not None and counted.seconds > SLOWEST_COUNTER_SECONDS:
        counted = None
    told = None if counted else refreshes(lambda: look().milliwatts)
    while all(answer == first for answer in answers):
        sleep(POLL_SECONDS)
        look()  # a clock that stands for too long is an error
    return _Seen(
        counted,
        told,
        min(step_of(answer.watt_hours) for answer in answers),
        float(min(step_of(answer.watts) for answer in answers)),
    )


def _counting(
    plug: _Plug, counted: Refreshes, seen: _Seen, clock: Clock, sleep: Sleep
) -> PlugSource:
    """Read the counter. An edge that sees no move would be a guess: it fails before that."""
    step_joules = max(
        float(seen.step_watt_hours) * _WATT_HOUR_JOULES,
        counted.step_units * _MICRO_WATT_HOUR_JOULES,
    )
    still_seconds = max(_SHORTEST_STILL_SECONDS, _STILL_REFRESHES * counted.seconds)

    def follower(watch: Watch) -> Follower:
        counter = Counter(
            name=plug.name,
            read=lambda: watch.read().micro_watt_hours,
            unit_joules=_MICRO_WATT_HOUR_JOULES,
            wraps_at=None,
            step_joules=step_joules,
            refresh_seconds=counted.seconds,
            plausible_watts=PLAUSIBLE_WATTS,
            still_seconds=still_seconds,
            pause_seconds=PAUSE_SECONDS,
            patience_seconds=still_seconds + LONGEST_SILENCE_SECONDS,
            remedy=plug.maker.remedy,
        )
        return SlowCounterFollower(
            CounterFollower(counter, clock, sleep), counted.seconds, lambda _: watch.watts
        )

    return PlugSource(
        plug=plug,
        description=_description(
            plug,
            "counter",
            step_joules,
            counted.seconds,
            f"the plug's own energy counter ({plug.maker.counter})",
        ),
        follower=follower,
        tolerance=Tolerance(_COUNTER_SHARE, 2 * step_joules, 2 * counted.seconds, seen.step_watts),
        poll_seconds=POLL_SECONDS,
        clock=clock,
        sleep=sleep,
    )


def _integrating(plug: _Plug, seen: _Seen, clock: Clock, sleep: Sleep) -> PlugSource:
    """Integrate the power. Where it stays the same, its refresh is the maker's."""
    refresh = max(
        _SHORTEST_REFRESH_SECONDS, seen.told.seconds if seen.told else plug.maker.refresh_seconds
    )

    def follower(watch: Watch) -> Follower:
        signal = PowerSignal(
            name=plug.name,
            read=lambda: watch.read().milliwatts,
            unit_watts=_MILLI,
            step_watts=seen.step_watts,
            refresh_seconds=refresh,
            averaged_seconds=refresh,
            plausible_watts=PLAUSIBLE_WATTS,
            pause_seconds=PAUSE_SECONDS,
            longest_gap_seconds=LONGEST_SILENCE_SECONDS,
            remedy=plug.maker.remedy,
        )
        return _Integrating(PowerFollower(signal, clock, sleep), seen.step_watts)

    coarse = float(max(seen.step_watt_hours, _COARSE_STEP_WATT_HOURS))
    return PlugSource(
        plug=plug,
        description=_description(
            plug,
            "power",
            seen.step_watts * refresh,
            refresh,
            "the plug's power, integrated, since its counter moved less often than every "
            f"{SLOWEST_COUNTER_SECONDS:g} s; the counter is the check",
        ),
        follower=follower,
        tolerance=Tolerance(_POWER_SHARE, 2 * coarse * _WATT_HOUR_JOULES, 0.0, seen.step_watts),
        poll_seconds=min(POLL_SECONDS, refresh),
        clock=clock,
        sleep=sleep,
    )


def _description(
    plug: _Plug,
    kind: Literal["counter", "power"],
    resolution_joules: float,
    refresh_seconds: float,
    what: str,
) -> SourceDescription:
    """Describe a plug, without its address: the description is published."""
    stands_in = plug.device.is_this_machine
    grade: Grade = "simulated" if stands_in else "wall"
    origin = "stand-in: it answered on the machine that it should meter; " if stands_in else ""
    return SourceDescription(
        name=plug.maker.source,
        component="wall",
        grade=grade,
        kind=kind,
        resolution_joules=resolution_joules,
        refresh_seconds=float(f"{refresh_seconds:.2g}"),
        relative_uncertainty=RELATIVE_UNCERTAINTY,
        provenance=f"{origin}{what}; {ACCURACY}",
    )


class PlugSource(Frozen):
    """A plug as a source; ``clock`` never falls, ``sleep`` waits on it."""

    plug: _Plug
    description: SourceDescription
    follower: Callable[[Watch], Follower]
    """Begins to follow what a watch hears."""
    tolerance: Tolerance
    poll_seconds: float
    clock: Clock
    sleep: Sleep

    def describe(self) -> SourceDescription:
        """Say what is read, and why."""
        return self.description

    @contextmanager
    def follow(self, work: Work) -> Iterator[Follower]:  # noqa: ARG002 - plugs need no work
        """Listen to the plug; hang up with the block."""
        try:
            yield self.follower(self.plug.listen(self.tolerance, self.clock, self.sleep))
        finally:
            self.plug.device.close()


class _Integrating:
    """An integrated power that is told in steps."""

    def __init__(self, follower: PowerFollower, step_watts: float) -> None:
        self._follower = follower
        self._step_watts = step_watts
        self._edge_at: float | None = None
        self.poll = follower.poll
        self.conditions = follower.conditions

    def edge(self) -> Edge:
        edge = self._follower.edge()
        seconds = 0.0 if self._edge_at is None else edge.at_seconds - self._edge_at
        self._edge_at = edge.at_seconds
        rounded = of_step(self._step_watts) * seconds
        return edge._replace(gathered_joules=hypot(edge.gathered_joules, rounded))
