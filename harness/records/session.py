"""What was seen of the sessions of an evaluation: their phases, sweeps and disturbances."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.records.base import Frozen
from harness.records.meter import PowerTrace, WindowReading

Phase: TypeAlias = Literal[
    "idle-before", "start", "load", "warm-up", "measured", "drain", "idle-after"
]
PHASES: tuple[Phase, ...] = (
    "idle-before", "start", "load", "warm-up", "measured", "drain", "idle-after",
)  # fmt: skip


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


class Session(Frozen):
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

    @property
    def queries(self) -> int:
        """How many queries the measured phase answered."""
        return sum([sweep.queries for sweep in self.sweeps])


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
