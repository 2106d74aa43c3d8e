"""What was seen of the sessions of an evaluation: their phases, sweeps and disturbances."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Literal, NamedTuple, TypeAlias, TypeVar

from harness.records.base import Frozen
from harness.records.meter import Component, PowerTrace, WindowReading
from harness.records.sums import total

T = TypeVar("T")

Phase: TypeAlias = Literal[
    "idle-before", "start", "load", "warm-up", "measured", "drain", "idle-after"
]
PHASES: tuple[Phase, ...] = (
    "idle-before", "start", "load", "warm-up", "measured", "drain", "idle-after",
)  # fmt: skip
BEFORE: tuple[Phase, ...] = ("start", "load", "warm-up")
MEASURED: tuple[Phase, ...] = ("measured", "drain")
IDLE: tuple[Phase, ...] = ("idle-before", "idle-after")


class Notice(Frozen):
    """A warning as data: a stable code, what was seen, what to do."""

    code: str
    message: str
    remedy: str


class Disturbance(Frozen):
    """What else the machine did during a window; ``None`` where it does not say."""

    other_cpu_seconds: float
    """CPU time of all processes but the entry's tree and the harness's own."""
    harness_cpu_seconds: float
    """Of the harness's process and of whatever it started besides the entry."""
    steal_seconds: float
    """Time in which a core had work here and the host ran something else, over all cores."""
    run_queue_seconds: float | None = None
    """Time in which some task of the machine, the entry's own included, waited for a core."""
    frequency_megahertz: float | None = None
    """At the window's end, the mean over cores."""
    throttle_events: int | None = None
    """As each core counts them, for itself and for its package."""
    suspended_seconds: float | None = None
    """How long the machine slept; ``None`` where the clocks do not tell."""
    temperature_celsius: float | None = None
    """Of the processor at the window's end, where it is warmest."""


class PhaseWindow(Frozen):
    """One phase of a session and what was read in it."""

    phase: Phase
    reading: WindowReading
    disturbance: Disturbance


class Sums(NamedTuple):
    """Of some phases together."""

    joules: float
    """Gross of idle, all components together."""
    seconds: float
    cpu_seconds: float
    """Of the entry's tree."""


class Windows:
    """What was read in the windows of a session, by column: gone through once for all its figures.

    A row, whether there can be one, and what is left open of it all ask for sums over some phases.
    One loop over all of them, and lists at hand, are what takes Python the least time.
    """

    __slots__ = (
        "_uncertain", "before", "component_joules", "components", "cpu_seconds", "edges_joules",
        "gain_joules", "idle", "joules", "measured", "model_joules", "owners", "phases",
        "resolution_joules", "resolved", "seconds",
    )  # fmt: skip
    phases: tuple[Phase, ...]
    seconds: list[float]
    cpu_seconds: list[float]
    joules: list[float]
    """All components of each window together."""
    owners: tuple[Phase, ...]
    """The phase of each part, of what each component used in each window; what follows is of parts,
    too."""
    components: list[Component]
    component_joules: list[float]
    resolution_joules: list[float]
    edges_joules: list[float]
    gain_joules: list[float]
    model_joules: list[float]
    before: Sums
    """What comes before the first query: see ``BEFORE``."""
    measured: Sums
    """From the first query through the drain."""
    idle: Sums
    """On both sides."""
    resolved: bool | None
    """What ``records.energy.is_resolved`` found; ``None`` before it was asked."""

    def __init__(self, windows: Sequence[PhaseWindow]) -> None:
        phases: list[Phase] = []
        owners: list[Phase] = []
        seconds, cpu_seconds, joules = self.seconds, self.cpu_seconds, self.joules = [], [], []
        components, component_joules = self.components, self.component_joules = [], []
        resolution_joules, edges_joules = self.resolution_joules, self.edges_joules = [], []
        gain_joules, model_joules = self.gain_joules, self.model_joules = [], []
        for window in windows:
            reading, phase = window.reading, window.phase
            energy = reading.energy
            phases.append(phase)
            seconds.append(reading.seconds)
            cpu_seconds.append(reading.cpu_seconds)
            joules.append(0 + energy[0].joules if len(energy) == 1 else reading.joules)
            for part in energy:
                owners.append(phase)
                components.append(part.component)
                component_joules.append(part.joules)
                resolution_joules.append(part.resolution_joules)
                edges_joules.append(part.edges_joules)
                gain_joules.append(part.gain_joules)
                model_joules.append(part.model_joules)
        self.phases = tuple(phases)
        self.owners = tuple(owners)
        self.before = self.of(BEFORE)
        self.measured = self.of(MEASURED)
        self.idle = self.of(IDLE)
        self._uncertain: tuple[float, ...] | None = None
        self.resolved = None

    def of(self, phases: tuple[Phase, ...]) -> Sums:
        """Return what the windows of these phases come to; nothing where there are none."""
        of = picked(self.phases, phases)
        return Sums(total(of(self.joules)), total(of(self.seconds)), total(of(self.cpu_seconds)))

    @property
    def measurement(self) -> tuple[object, ...]:
        """What was measured in each phase, by which no measurement comes out as another did.

        What is said of that besides, as what else the machine did, makes it no other.
        """
        columns = self.seconds, self.cpu_seconds, self.owners, self.components
        return self.phases, *map(tuple, columns), tuple(self.component_joules)

    @property
    def by_phase(self) -> Sequence[float]:
        """The joules of each of ``PHASES``."""
        if self.phases == PHASES:
            return self.joules
        return [self.of((phase,)).joules for phase in PHASES]

    @property
    def uncertainties(self) -> tuple[float, ...]:
        """Of each part, what is its window's own: a half-width at 95 %, in joules."""
        if self._uncertain is None:
            self._uncertain = tuple(map(math.hypot, self.resolution_joules, self.edges_joules))
        return self._uncertain


@lru_cache(maxsize=256)  # nearly all sessions have the same windows
def picked(
    seen: tuple[Phase, ...], phases: tuple[Phase, ...]
) -> Callable[[Sequence[T]], tuple[T, ...]]:
    """Return a function that picks these phases' values from a column parallel to ``seen``."""
    at = [n for n, phase in enumerate(seen) if phase in phases]
    if len(at) > 1:
        return itemgetter(*at)
    return lambda column: tuple([column[n] for n in at])


class Sweep(Frozen):
    """One pass over the test set inside the measured phase."""

    kind: Literal["original", "variant"]
    queries: int
    seconds: float
    cpu_seconds: float


class ReferenceKernel(Frozen):
    """The same fixed work before and after a session: what the machine gave for it."""

    before_cpu_seconds: float
    after_cpu_seconds: float

    @property
    def cpu_seconds(self) -> float:
        """Beside the session: the mean of both."""
        return (self.before_cpu_seconds + self.after_cpu_seconds) / 2


class Agreement(Frozen):
    """How far a session's answers to the originals agree with others of the same entry.

    Each is the share of items whose two answers amount to the same label: of boxes and of image
    scores, the label that the task decides on by them. ``None`` where there was nothing to compare.
    """

    variants: float | None
    """With the answers to variants of the items: the first sweep of them in this session."""
    variant_items: int
    """How many items that sweep had."""
    rebatched: float | None
    """With the answers to the same originals in batches of another size and composition, in the
    sandbox that calibrates, which is not metered."""
    rebatched_items: int
    previous: float | None
    """With the answers of the session before; ``None`` of the first."""


class Remains(Frozen):
    """What an entry had left when it was told to end. All of it went with its session."""

    orphans: int
    """Processes that had been detached from those that started them, and ran on."""
    files: int
    """Files and folders in its ``/tmp`` and ``/dev/shm``, or in what it had in their place, beyond
    those there were when it was loaded: libraries leave theirs."""


class Session(Frozen, dict=True, gc=True):  # which holds what is derived once
    """One fresh sandbox through all phases."""

    index: int
    started_utc: str
    phases: tuple[PhaseWindow, ...]
    sweeps: tuple[Sweep, ...]
    kernel: ReferenceKernel
    peak_memory_bytes: int
    trace: tuple[PowerTrace, ...] = ()
    """Power by component over the whole session, down-sampled."""
    confusion: tuple[tuple[int, ...], ...] | None = None
    """Rows are true labels, columns predictions, the last column items without an answer."""
    disturbances: tuple[Notice, ...] = ()
    """What would have voided it, had the protocol not let it stand for want of repeats."""
    agreement: Agreement | None = None
    """``None`` in records of before it was looked at."""
    round: int | None = None
    """Of its campaign, counted from 0; ``None`` where entries did not take turns."""
    place: int | None = None
    """When it ran in its round, counted from 0."""
    remains: Remains | None = None
    """``None`` in records of an earlier harness."""
    kernel_threads_cpu_seconds: float | None = None
    """Of the kernel's own threads, idle windows included; ``None`` where they are not seen. It is
    in the windows' ``other_cpu_seconds``."""
    caches_forgotten: bool | None = None
    """Whether the kernel forgot before it what it remembers of names and files; ``None`` where it
    was not asked to: in a quick evaluation, and in records of an earlier harness."""

    @cached_property
    def queries(self) -> int:
        """How many queries the measured phase answered."""
        return sum([sweep.queries for sweep in self.sweeps])

    @cached_property
    def windows(self) -> Windows:
        """What was read in its phases, by column."""
        return Windows(self.phases)


class VoidSession(Frozen):
    """A session that was disturbed, and repeated. Its answers count for nothing."""

    index: int
    """Of the session that it was a try at."""
    started_utc: str
    reasons: tuple[Notice, ...]
    """What was seen, with its limit."""
    phases: tuple[PhaseWindow, ...]
    kernel: ReferenceKernel
    trace: tuple[PowerTrace, ...] = ()
    """Power by component: what disturbed it may show there."""
