"""The harness's sources with a note taken of their edges: the moments that the truth is asked for.

A window is between two edges, and the edge of several sources is that of the last one read; what
the others read a little before is carried on to it (``harness.meters.sources``). A reading says how
long its window was, not when; so each source is wrapped, and the wrapper notes the moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from harness.meters.protocol import Edge, Follower, Source, Total, Work
from harness.records.meter import DeviceCondition, SourceDescription


class NoWork:
    """No entry: counters need none."""

    def cpu_seconds(self) -> float:
        """Nothing was used."""
        return 0.0


class Watched:
    """A source like the one it holds; ``edges`` grows by the moment of each edge."""

    def __init__(self, source: Source, edges: list[float]) -> None:
        self._source = source
        self._edges = edges

    @property
    def poll_seconds(self) -> float:
        """Ask the source."""
        return self._source.poll_seconds

    def describe(self) -> SourceDescription:
        """Ask the source."""
        return self._source.describe()

    @contextmanager
    def follow(self, work: Work) -> Iterator[WatchedFollower]:
        """Follow the source, and note."""
        with self._source.follow(work) as follower:
            yield WatchedFollower(follower, self._edges)


class WatchedFollower:
    """A follower like the one it holds."""

    def __init__(self, follower: Follower, edges: list[float]) -> None:
        self._follower = follower
        self._edges = edges

    def poll(self) -> Total:
        """Ask the follower."""
        return self._follower.poll()

    def edge(self) -> Edge:
        """Ask the follower, and note."""
        found = self._follower.edge()
        self._edges.append(found.at_seconds)
        return found

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """Ask the follower."""
        return self._follower.conditions()
