"""A counter that is refreshed about once a second, by something that is not in the machine.

It is followed as every counter is, and two things are added. What it shows may be of some time ago:
late by up to a refresh throughout, it is wrong at an edge by that time x (the power now - the power
at first), nothing over a window that ends at the power with which it began. And between two
refreshes nothing is known of the power, so a poll that finds no new value repeats the point before,
where a trace would otherwise show 0 W.
"""

from __future__ import annotations

from collections.abc import Callable
from math import hypot, sqrt

from harness.meters.counter import CounterFollower
from harness.meters.protocol import Edge, Total
from harness.meters.uncertainty import of_half_range
from harness.records.meter import DeviceCondition


class SlowCounterFollower:
    """Wraps a follower; ``power`` tells the watts at an edge that was just read."""

    def __init__(
        self, follower: CounterFollower, refresh_seconds: float, power: Callable[[Edge], float]
    ) -> None:
        self._follower = follower
        self._refresh_seconds = refresh_seconds
        self._power = power
        self._first_watts: float | None = None
        self._last: Total | None = None

    def poll(self) -> Total:
        """Read; return the last point at which there was something new."""
        total = self._follower.poll()
        if self._last is None or total.joules != self._last.joules:
            self._last = total
        return self._last

    def edge(self) -> Edge:
        """Wait for a refresh, and widen what is stated by what may be late."""
        edge = self._follower.edge()
        self._last = Total(edge.at_seconds, edge.joules)
        watts = self._power(edge)
        if self._first_watts is None:
            self._first_watts = watts
        # Both edges of a window are late by the same, so that their parts may add up: added in
        # quadrature, each needs twice its variance.
        late = sqrt(2) * of_half_range(self._refresh_seconds * (watts - self._first_watts))
        return edge._replace(timing_joules=hypot(edge.timing_joules, late))

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """Pass on what there is."""
        return self._follower.conditions()
