"""A power trace that stays small: every second point is dropped when it grows too long."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from harness.meters.protocol import Edge, Total
from harness.records.meter import Component, PowerTrace

MAX_POINTS = 128
"""A source; twice what a picture of a session shows. The very last reading may be one more."""


class Trace:
    """Readings of each source, thinned as they come. Safe to add to from several threads."""

    def __init__(self, components: Sequence[Component]) -> None:
        import threading  # noqa: PLC0415 - a millisecond, and only recording is worth it

        self._components = components
        self._points: list[list[tuple[float, float]]] = [[] for _ in components]
        self._shortest = [0.0 for _ in components]
        self._latest: list[tuple[float, float] | None] = [None for _ in components]
        """The last reading, where it was too close behind the last point."""
        self._lock = threading.Lock()

    def add(self, index: int, reading: Total | Edge) -> None:
        """Take one reading of a source; one too close behind the last makes no point of its own."""
        with self._lock:
            points = self._points[index]
            point = (reading.at_seconds, reading.joules)
            if points and point[0] - points[-1][0] <= self._shortest[index]:
                self._latest[index] = point
                return
            points.append(point)
            self._latest[index] = None
            if len(points) > MAX_POINTS:
                self._shortest[index] = 1.5 * (points[-1][0] - points[0][0]) / MAX_POINTS
                self._points[index] = points[::2]

    def watts(self) -> tuple[PowerTrace, ...]:
        """Return steps of mean power for each component, its sources added up.

        The sources of one component are read moments apart: each is interpolated to the moments
        of the component's first.
        """
        with self._lock:
            points = [
                each if latest is None or latest[0] <= each[-1][0] else [*each, latest]
                for each, latest in zip(map(list, self._points), self._latest, strict=True)
            ]
        traces = []
        for component in sorted(set(self._components)):
            members = [
                points[i]
                for i, each in enumerate(self._components)
                if each == component and len(points[i]) > 1
            ]
            if members:
                traces.append(PowerTrace(component=component, watts=_steps(members)))
        return tuple(traces)


def _steps(members: Sequence[Sequence[tuple[float, float]]]) -> tuple[tuple[float, float], ...]:
    moments = [at for at, _ in members[0]]
    totals = [sum(_at(member, moment) for member in members) for moment in moments]
    return tuple(
        (round(after - before, 4), round(max(0.0, (high - low) / (after - before)), 4))
        for (before, after), (low, high) in zip(pairwise(moments), pairwise(totals), strict=True)
        if after > before
    )


def _at(points: Sequence[tuple[float, float]], moment: float) -> float:
    """Interpolate a cumulative reading; before the first and after the last it is held."""
    if moment <= points[0][0]:
        return points[0][1]
    for (before, low), (after, high) in pairwise(points):
        if moment <= after:
            return low + (high - low) * (moment - before) / (after - before)
    return points[-1][1]
