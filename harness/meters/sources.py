"""A meter over sources: consecutive windows, their uncertainty, and a power trace.

At an edge the slowest source is aligned to its refresh first and the fastest last, and of equally
fast ones that with the most power; the moment of the last is the edge of them all. What another
source read some milliseconds earlier is carried on to that moment with the power that it had just
then, checked against one more reading.
"""

from __future__ import annotations

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple, TypeVar

from harness.errors import MeasurementError
from harness.meters.protocol import Edge, Follower, Source, Total, Work
from harness.meters.trace import Trace
from harness.meters.uncertainty import expanded, of_half_range
from harness.records.meter import (
    ComponentEnergy,
    DeviceCondition,
    Grade,
    MeterDescription,
    PowerTrace,
    SourceDescription,
    WindowReading,
)

T = TypeVar("T")

FAST_REFRESH_SECONDS = 0.01
"""Sources with less are as good as equally fast."""
UNSEEN_POWER = 1.5
"""By how much the power of a moment may exceed the means that a slow counter shows."""
LONGEST_CARRY_SECONDS = 0.01
"""Over more, what a counter gains meanwhile is waited for."""
OLDEST_REFRESHES = 1.5
"""How old a reading may be, refreshes being irregular."""

GRADES: tuple[Grade, ...] = ("wall", "sensor", "model", "simulated")
"""Best first: a meter has the grade of its weakest source."""


class SourceMeter:
    """Reads all of ``sources`` together. ``clock`` gives seconds that never fall."""

    def __init__(
        self,
        name: str,
        sources: Sequence[Source],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not sources:
            raise ValueError("a meter needs a source")
        self._name = name
        self._sources = tuple(
            sorted(sources, key=lambda source: -source.describe().refresh_seconds)
        )
        self._clock = clock

    def describe(self) -> MeterDescription:
        """Name every source, in the order of their names."""
        described = sorted((s.describe() for s in self._sources), key=lambda each: each.name)
        grade = max((each.grade for each in described), key=GRADES.index)
        return MeterDescription(name=self._name, grade=grade, sources=tuple(described))

    @contextmanager
    def record(self, work: Work) -> Iterator[SourceRecording]:
        """Open the first window; the sources are polled until the block ends."""
        with ExitStack() as stack:
            followers = [stack.enter_context(source.follow(work)) for source in self._sources]
            recording = SourceRecording(self._sources, followers, work, self._clock)
            stack.enter_context(_polling(recording, self._sources))
            yield recording


@contextmanager
def _polling(recording: SourceRecording, sources: Sequence[Source]) -> Iterator[None]:
    """Poll from one thread for each cadence, so that a slow source delays no fast one."""
    cadences: defaultdict[float, list[int]] = defaultdict(list)
    for index, source in enumerate(sources):
        cadences[source.poll_seconds].append(index)
    ended = threading.Event()

    def follow(seconds: float, indices: list[int]) -> None:
        while not ended.wait(seconds):
            for index in indices:
                if not recording.poll(index):
                    return

    pollers = [
        threading.Thread(target=follow, args=each, name="meter poller", daemon=True)
        for each in cadences.items()
    ]
    for poller in pollers:
        poller.start()
    try:
        yield
    finally:
        ended.set()
        for poller in pollers:
            poller.join()


class _Opened(NamedTuple):
    """The edge with which a window began."""

    at_seconds: float
    cpu_seconds: float
    edges: tuple[Edge, ...]


class SourceRecording:
    """Consecutive windows over followed sources. Each source has a lock of its own."""

    def __init__(
        self,
        sources: Sequence[Source],
        followers: Sequence[Follower],
        work: Work,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._descriptions = [source.describe() for source in sources]
        self._followers = followers
        self._locks = [threading.Lock() for _ in followers]
        self._failure: MeasurementError | None = None
        self._work = work
        self._clock = clock
        self._trace = Trace([each.component for each in self._descriptions])
        self._order = list(range(len(followers)))
        self._opened = self._open()
        order = sorted(self._order, key=self._when_to_read)
        if order != self._order:
            self._order = order
            self._opened = self._open()

    def _when_to_read(self, index: int) -> tuple[float, float]:
        """Slow sources first; of the fast ones, that which draws most last: it is not carried."""
        refresh_seconds = self._descriptions[index].refresh_seconds
        return -max(refresh_seconds, FAST_REFRESH_SECONDS), self._opened.edges[index].watts

    def poll(self, index: int) -> bool:
        """Keep up with one source; return False once any has failed, which ``mark`` will raise."""
        with self._locks[index]:
            if self._failure is None:
                try:
                    self._trace.add(index, self._followers[index].poll())
                except MeasurementError as error:
                    self._failure = error
        return self._failure is None

    def mark(self) -> WindowReading:
        """Close the open window; the next begins at the same reading.

        Raises ``MeasurementError`` when a source failed since the window opened, and from then on.
        """
        began, self._opened = self._opened, self._open()
        seconds = self._opened.at_seconds - began.at_seconds
        conditions: list[DeviceCondition] = []
        for index, follower in enumerate(self._followers):
            with self._locks[index]:
                conditions.extend(self._or_fail(follower.conditions))
        return WindowReading(
            seconds=seconds,
            cpu_seconds=self._opened.cpu_seconds - began.cpu_seconds,
            energy=energy_by_component(self._descriptions, began.edges, self._opened.edges),
            conditions=tuple(conditions),
        )

    @property
    def opened_at_seconds(self) -> float:
        """When the open window began, on the meter's clock."""
        return self._opened.at_seconds

    def trace(self) -> tuple[PowerTrace, ...]:
        """Return the mean power of every component, step by step."""
        return self._trace.watts()

    def _open(self) -> _Opened:
        edges: dict[int, Edge] = {}
        for index in self._order:
            with self._locks[index]:
                edges[index] = self._or_fail(self._followers[index].edge)
        at = max(edge.at_seconds for edge in edges.values())
        carried = tuple(self._carry(i, edges[i], at) for i in range(len(edges)))
        for index, edge in enumerate(carried):
            self._trace.add(index, edge)
        return _Opened(at, self._work.cpu_seconds(), carried)

    def _carry(self, index: int, edge: Edge, at_seconds: float) -> Edge:
        if edge.at_seconds == at_seconds:
            return edge
        description = self._descriptions[index]
        follower = self._followers[index]
        with self._locks[index]:
            if (
                description.kind == "counter"
                and at_seconds - edge.at_seconds > LONGEST_CARRY_SECONDS
            ):
                return between(edge, at_seconds, self._or_fail(follower.edge))
            later = self._or_fail(follower.poll)
        return carry(edge, at_seconds, later, description.refresh_seconds)

    def _or_fail(self, call: Callable[[], T]) -> T:
        """Call unless a source has failed; keep the first failure for good."""
        if self._failure is None:
            try:
                return call()
            except MeasurementError as error:
                self._failure = error
        raise self._failure


def carry(edge: Edge, at_seconds: float, later: Total, refresh_seconds: float) -> Edge:
    """Carry an edge on to a slightly later moment, with its power as far as ``later`` bears it out.

    ``later`` was read after that moment, and shows the energy of a refresh or so before it was. So
    the mean power since the edge lies between what it shows over all that time, and what it shows
    over the time less the age that it may have. The edge's own power is taken, held within these
    bounds; it may be wrong by half of what lies between them, or else have changed to nothing or to
    the highest that was seen.
    """
    lead = at_seconds - edge.at_seconds
    gained, elapsed = later.joules - edge.joules, later.at_seconds - edge.at_seconds
    settled = elapsed - OLDEST_REFRESHES * refresh_seconds
    lowest = max(0.0, gained / elapsed) if elapsed > 0 else 0.0
    highest = max(0.0, gained / settled) if settled > 0 else math.inf
    watts = min(max(edge.watts, lowest), highest)
    half_range = min(max(watts, edge.peak_watts - watts), (highest - lowest) / 2) * lead
    return edge._replace(
        at_seconds=at_seconds,
        joules=edge.joules + watts * lead,
        timing_joules=math.hypot(edge.timing_joules, of_half_range(half_range)),
        watts=watts,
    )


def between(edge: Edge, at_seconds: float, later: Edge) -> Edge:
    """Find the energy at a moment between two refreshes of a slow counter.

    What it gained between them is known, and taken to have come evenly. At the earliest and at the
    latest it came as fast as the highest power allows; what was seen of that are means.
    """
    lead, left = at_seconds - edge.at_seconds, later.at_seconds - at_seconds
    if left <= 0:  # no refresh was seen any more: the follower says how old its value may be
        return later._replace(at_seconds=at_seconds)
    gained = later.joules - edge.joules
    watts = gained / (lead + left)
    peak = UNSEEN_POWER * max(watts, edge.peak_watts, later.peak_watts)
    most, least = min(gained, peak * lead), max(0.0, gained - peak * left)
    furthest = max(most - watts * lead, watts * lead - least)
    share = lead / (lead + left)
    timing = math.hypot((1 - share) * edge.timing_joules, share * later.timing_joules)
    return edge._replace(
        at_seconds=at_seconds,
        joules=edge.joules + watts * lead,
        timing_joules=math.hypot(timing, of_half_range(furthest)),
        watts=later.watts,
        peak_watts=max(edge.peak_watts, later.peak_watts),
    )


def energy_by_component(
    descriptions: Sequence[SourceDescription], began: Sequence[Edge], ended: Sequence[Edge]
) -> tuple[ComponentEnergy, ...]:
    """Add up the sources of each component between two edges, and their uncertainties.

    Resolution and edges of different sources are independent, and add in quadrature; gains may
    share a cause, and add up.
    """
    parts = []
    for component in sorted({each.component for each in descriptions}):
        members = [i for i, each in enumerate(descriptions) if each.component == component]
        used = {i: ended[i].joules - began[i].joules for i in members}
        edges = [edge for i in members for edge in (began[i], ended[i])]
        gathered = [ended[i].gathered_joules for i in members]
        scale = {i: descriptions[i].relative_uncertainty * abs(used[i]) for i in members}
        modelled = {i for i in members if descriptions[i].kind == "model"}
        parts.append(
            ComponentEnergy(
                component=component,
                joules=sum(used.values()),
                resolution_joules=expanded(*(edge.resolution_joules for edge in edges)),
                edges_joules=expanded(*(edge.timing_joules for edge in edges), *gathered),
                gain_joules=sum(scale[i] for i in members if i not in modelled),
                model_joules=sum(scale[i] for i in modelled),
            )
        )
    return tuple(parts)
