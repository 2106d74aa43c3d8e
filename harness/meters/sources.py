"""A meter over sources: consecutive windows, their uncertainty, and a power trace.

A window's edge is one moment for all sources; how they are read there is in
``harness.meters.alignment``. Between edges they are polled, so that no wrap goes unseen and a
source that fails is noticed when it does.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TypeVar

from harness.errors import MeasurementError
from harness.meters.alignment import Aligner, CommonEdge
from harness.meters.protocol import Edge, Follower, Source, Work
from harness.meters.trace import Trace
from harness.meters.uncertainty import COVERAGE, expanded
from harness.records.meter import (
    ComponentEnergy,
    DeviceCondition,
    Grade,
    LeftOut,
    MeterDescription,
    PowerTrace,
    SourceDescription,
    WindowReading,
)

T = TypeVar("T")

GRADES: tuple[Grade, ...] = ("wall", "sensor", "model", "simulated")
"""Best first: a meter has the grade of its weakest source."""

_SLACK_SECONDS = 0.001
PATIENCE_SECONDS = 60.0
"""With a source that is being asked in another thread."""
_JOIN_SECONDS = 5.0
_LOOK = "see `python -m harness doctor`, or use another meter"


def weakest_grade(described: Sequence[SourceDescription]) -> Grade:
    """Return the grade that a meter of these sources has."""
    return max((each.grade for each in described), key=GRADES.index)


class SourceMeter:
    """Reads all of ``sources`` together. ``clock`` gives seconds that never fall."""

    def __init__(
        self,
        name: str,
        sources: Sequence[Source],
        *,
        left_out: Sequence[LeftOut] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not sources:
            raise ValueError("a meter needs a source")
        self._name = name
        self._left_out = tuple(left_out)
        self._sources = tuple(
            sorted(sources, key=lambda source: -source.describe().refresh_seconds)
        )
        self._clock = clock

    def describe(self) -> MeterDescription:
        """Name every source, in the order of their names."""
        described = sorted((s.describe() for s in self._sources), key=lambda each: each.name)
        return MeterDescription(
            name=self._name,
            grade=weakest_grade(described),
            sources=tuple(described),
            left_out=self._left_out,
        )

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
    import threading  # noqa: PLC0415 - a millisecond, and only recording is worth it

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
            poller.join(_JOIN_SECONDS)  # one that never comes back ends with the harness


class SourceRecording:
    """Consecutive windows over followed sources. Each source has a lock of its own."""

    def __init__(
        self,
        sources: Sequence[Source],
        followers: Sequence[Follower],
        work: Work,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        import threading  # noqa: PLC0415 - as above

        self._descriptions = [source.describe() for source in sources]
        self._followers = followers
        self._locks = [threading.Lock() for _ in followers]
        self._failure: Exception | None = None
        self._work = work
        self._clock = clock
        self._trace = Trace([each.component for each in self._descriptions])
        self._aligner = Aligner(self._descriptions, followers, work, self._call)
        self._opened = self._open(None)

    def poll(self, index: int) -> bool:
        """Keep up with one source; return False once any has failed, which ``mark`` will raise."""
        try:
            self._trace.add(index, self._call(index, self._followers[index].poll))
        except Exception as error:  # noqa: BLE001 - in a thread of its own: ``mark`` raises it
            self._failed(error)
        return self._failure is None

    def mark(self) -> WindowReading:
        """Close the open window; the next begins at the same reading.

        Raises ``MeasurementError`` when a source failed since the window opened, and from then on.
        """
        began = self._opened
        self._opened = self._open(began)
        seconds = self._opened.at_seconds - began.at_seconds
        conditions: list[DeviceCondition] = []
        for index, follower in enumerate(self._followers):
            conditions.extend(self._call(index, follower.conditions))
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

    def _open(self, before: CommonEdge | None) -> CommonEdge:
        edge = self._aligner.common_edge()
        ahead = edge.at_seconds - self._clock()
        if not ahead <= _SLACK_SECONDS:
            raise self._failed(
                MeasurementError(
                    f"a source tells of a moment that is {ahead:.3g} s ahead", remedy=_LOOK
                )
            )
        if before is not None:
            edge = edge._replace(
                edges=tuple(map(self._not_below, self._descriptions, before.edges, edge.edges))
            )
        for index, each in enumerate(edge.edges):
            self._trace.add(index, each)
        return edge

    def _not_below(self, described: SourceDescription, before: Edge, after: Edge) -> Edge:
        """Hold an edge at the one before it where it is below by no more than both are unsure.

        That happens where next to nothing was used, and one of them was carried on.
        """
        fall = before.joules - after.joules
        unsure = COVERAGE * math.hypot(*before[2:4], *after[2:4])
        if fall > unsure or not math.isfinite(fall):
            raise self._failed(
                MeasurementError(
                    f"{described.name}: a window of {-fall:,.4g} J, and energy is never below "
                    "nothing: the source was reset, or does not count upwards",
                    remedy=_LOOK,
                )
            )
        return after._replace(joules=max(before.joules, after.joules))

    def _call(self, index: int, method: Callable[[], T], /) -> T:
        """Call a source's method unless one has failed; keep the first failure for good."""
        described = self._descriptions[index]
        patience = PATIENCE_SECONDS + described.refresh_seconds
        if not self._locks[index].acquire(timeout=patience):
            raise self._failed(
                MeasurementError(
                    f"{described.name}: has been asked, and has not answered for {patience:g} s",
                    remedy=_LOOK,
                )
            )
        try:
            if self._failure is None:
                try:
                    return method()
                except Exception as error:
                    self._failed(error)
                    raise
        finally:
            self._locks[index].release()
        raise self._failure

    def _failed(self, error: Exception) -> Exception:
        """Keep the first failure for good, and return it."""
        if self._failure is None:
            self._failure = error
        return self._failure


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
