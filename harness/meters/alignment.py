"""Read several sources at one common moment, the edge of a window.

Sources are refreshed at different times, so that they cannot all be read at a refresh. Of the slow
ones, and then of the fast ones, that with the most power is *aligned*: its own refresh is waited
for. The later of the two is the moment; it lies right behind both refreshes.

Every other counter is *bracketed*: it is read right after the moment, and again and again until it
changes. Counters never fall, so its energy at the moment lies between the two values, whatever the
power did, and is interpolated. They are read in turn, so that eight take no longer than one.

A source that cannot be bracketed is aligned before, and carried on with the power it had.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from harness.meters.protocol import Bracketing, Edge, Follower, Total, Work
from harness.meters.uncertainty import of_half_range
from harness.records.meter import SourceDescription

T = TypeVar("T")

SLOW_REFRESH_SECONDS = 0.01
"""Above it, what waits for a refresh lets the readings of others grow old."""
OLDEST_REFRESHES = 1.5
"""How old a reading may be, refreshes being irregular."""

_TRIES = 5
_HELD_UP_REFRESHES = {"fast": 1.0, "slow": 2.0}
"""A read that was held up says little of when it was: then the whole edge is made again. Slow
sources are given more, because making it again takes them long."""


class Call(Protocol):
    """Calls a method of one follower, with its lock held; raises what has failed once."""

    def __call__(self, index: int, method: Callable[[], T], /) -> T:
        """Return what the method returns."""
        ...


class CommonEdge(NamedTuple):
    """All sources at one moment."""

    at_seconds: float
    cpu_seconds: float
    edges: tuple[Edge, ...]

    def timing_joules(self) -> float:
        """Return how unsure the moment makes all of them together."""
        return math.hypot(*(edge.timing_joules for edge in self.edges))


class Aligner:
    """Makes common edges, one after the other, over followers that are also polled meanwhile."""

    def __init__(
        self,
        descriptions: Sequence[SourceDescription],
        followers: Sequence[Follower],
        work: Work,
        call: Call,
    ) -> None:
        self._refreshes = [each.refresh_seconds for each in descriptions]
        self._followers = followers
        self._can_bracket = [isinstance(each, Bracketing) for each in followers]
        self._work = work
        self._call = call
        self._watts = [0.0 for _ in followers]
        """At the last edge: where the most is drawn, the edge shall be sharpest."""

    def common_edge(self) -> CommonEdge:
        """Return the best of a few tries; one is enough where no read was held up."""
        tries = []
        for _ in range(_TRIES):
            tries.append(self._try())
            if not any(map(self._was_held_up, range(len(self._followers)), tries[-1].edges)):
                break
        best = min(tries, key=CommonEdge.timing_joules)
        self._watts = [edge.watts for edge in best.edges]
        return best

    def _try(self) -> CommonEdge:
        fast, slow = self._by_pace()
        aligned: list[int] = []
        bracketed: list[int] = []
        for group in (slow, fast):
            brackets = [index for index in group[:-1] if self._can_bracket[index]]
            bracketed.extend(brackets)
            aligned.extend(index for index in group if index not in brackets)
        edges = {i: self._call(i, self._followers[i].edge) for i in aligned}
        moment = max(edge.at_seconds for edge in edges.values())
        for index in reversed(bracketed):
            self._look(index, moment)
        for index in aligned:
            if edges[index].at_seconds < moment:
                edges[index] = self._carry(index, edges[index], moment)
        cpu_seconds = self._work.cpu_seconds()
        for group in (fast, slow):
            self._settle([i for i in group if i in bracketed], moment, edges)
        return CommonEdge(moment, cpu_seconds, tuple(edges[i] for i in range(len(edges))))

    def _by_pace(self) -> tuple[list[int], list[int]]:
        """Return the fast sources and the slow ones, each with the most power last."""
        order = sorted(range(len(self._followers)), key=self._watts.__getitem__)
        fast = [i for i in order if self._refreshes[i] <= SLOW_REFRESH_SECONDS]
        return fast, [i for i in order if i not in fast]

    def _look(self, index: int, moment: float) -> Edge | None:
        follower = self._followers[index]
        assert isinstance(follower, Bracketing)  # noqa: S101 - nothing else is bracketed
        return self._call(index, lambda: follower.at(moment))

    def _settle(self, indices: list[int], moment: float, edges: dict[int, Edge]) -> None:
        """Read the sources in turn until each has been refreshed."""
        while indices:
            for index in list(indices):
                edge = self._look(index, moment)
                if edge is not None:
                    edges[index] = edge
                    indices.remove(index)

    def _carry(self, index: int, edge: Edge, moment: float) -> Edge:
        later = self._call(index, self._followers[index].poll)
        return carry(edge, moment, later, self._refreshes[index])

    def _was_held_up(self, index: int, edge: Edge) -> bool:
        if not self._can_bracket[index]:
            return False
        refresh_seconds = self._refreshes[index]
        pace = "fast" if refresh_seconds <= SLOW_REFRESH_SECONDS else "slow"
        most = max(edge.watts, edge.peak_watts) * refresh_seconds * _HELD_UP_REFRESHES[pace]
        return edge.timing_joules > of_half_range(most)


def carry(edge: Edge, at_seconds: float, later: Total, refresh_seconds: float) -> Edge:
    """Carry an edge on to a slightly later moment, by its own power and what ``later`` shows.

    ``later`` was read right after that moment, and its energy may be up to a refresh or so old. So
    the mean power since the edge lies between two bounds: what was gained over all the time since,
    and over that time less the age that the reading may have. The edge's own power is taken, held
    within these bounds.

    The error is no more than the distance to the farther bound. Nor is it more than if the power
    had changed to nothing, or to the highest that was seen; the lesser of the two is taken.
    """
    lead = at_seconds - edge.at_seconds
    gained, elapsed = later.joules - edge.joules, later.at_seconds - edge.at_seconds
    settled = elapsed - OLDEST_REFRESHES * refresh_seconds
    lowest = max(0.0, gained / elapsed) if elapsed > 0 else 0.0
    highest = max(0.0, gained / settled) if settled > 0 else math.inf
    watts = min(max(edge.watts, lowest), highest)
    wrong = min(max(watts, edge.peak_watts - watts), max(highest - watts, watts - lowest))
    return edge._replace(
        at_seconds=at_seconds,
        joules=edge.joules + watts * lead,
        timing_joules=math.hypot(edge.timing_joules, of_half_range(wrong * lead)),
        watts=watts,
    )
