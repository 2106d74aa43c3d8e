"""What a meter is to the rest of the harness, and what a source is to a meter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol, runtime_checkable

from harness.records.base import Frozen
from harness.records.meter import (
    DeviceCondition,
    MeterDescription,
    PowerTrace,
    SourceDescription,
    WindowReading,
)


class Work(Protocol):
    """What the metered tree has used so far: the CPU-time model reads it, sensors do not."""

    def cpu_seconds(self) -> float:
        """CPU time of the entry's whole tree; 0 before it exists; never falls."""
        ...


class Recording(Protocol):
    """Consecutive windows that share their edges, so that no work falls between two of them."""

    def mark(self) -> WindowReading:
        """Close the window that is open and open the next at the same reading.

        Raises ``MeasurementError`` when a source failed inside the window: never a partial total.
        """
        ...

    def trace(self) -> tuple[PowerTrace, ...]:
        """Return the power so far, a few dozen steps a component; empty where none was kept."""
        ...


class Meter(Protocol):
    """Reads the energy of one machine."""

    def describe(self) -> MeterDescription:
        """Say what is read, at which grade, how finely and how surely."""
        ...

    def record(self, work: Work) -> AbstractContextManager[Recording]:
        """Open the first window; polling, where a source needs it, ends with the block."""
        ...


class Total(NamedTuple):
    """Energy at a moment, from an arbitrary zero that stays where it is."""

    at_seconds: float
    """On the meter's clock."""
    joules: float


class Edge(NamedTuple):
    """A reading good enough to begin or end a window. Uncertainties are standard ones (k = 1)."""

    at_seconds: float
    joules: float
    timing_joules: float
    """From not knowing to the instant when the source took this value."""
    resolution_joules: float
    watts: float
    """Power just before the edge, with which it may be carried on for some milliseconds."""
    peak_watts: float = 0.0
    """The highest power seen so far, to which it may rise again while it is carried on."""
    gathered_joules: float = 0.0
    """From what was not seen since the edge before: it is the window's that ends here alone."""


class Follower(Protocol):
    """A source that is being read. Never called from two threads at once.

    Every method raises ``MeasurementError`` naming the source when it fails or stops making
    sense; it is not called again after that.
    """

    def poll(self) -> Total:
        """Keep up: called at least every ``poll_seconds``, whatever else happens."""
        ...

    def edge(self) -> Edge:
        """Wait for the next refresh, where the source has refreshes, and read there."""
        ...

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """Return the state of the device now; nothing where it has none to tell."""
        ...


@runtime_checkable
class Bracketing(Follower, Protocol):
    """A follower that can also tell the energy at a moment that has just passed."""

    def at(self, moment: float) -> Edge | None:
        """Read once; return the edge at ``moment`` once a refresh after it was seen, else None.

        Called again and again for one moment, the first time right after it.
        """
        ...


class Source(Protocol):
    """One thing that energy is read from: a counter, a power signal or a model."""

    @property
    def poll_seconds(self) -> float:
        """The longest time between two polls."""
        ...

    def describe(self) -> SourceDescription:
        """Say what it is; the same whenever it is asked."""
        ...

    def follow(self, work: Work) -> AbstractContextManager[Follower]:
        """Begin to read; whatever was opened is closed with the block."""
        ...


class Surroundings(Frozen):
    """What an opener may need to know of the machine and its profile."""

    cores: int
    """How many the entry may use."""
    machine_cores: int
    """How many the machine has."""
    processor: str = ""
    sockets: int = 0
    """How many processors it has; 0 where that is not known."""
    physical_cores: int = 0
    """How many cores they have together, threads that share one not counted; 0 likewise."""
    virtual: bool = False
    """Whether the machine is a guest: its cores are then not all that the processor has."""
    constants: dict[str, float] = {}  # noqa: RUF012 - msgspec copies an empty default
    """The hardware profile's own for the CPU-time model; empty where it states none."""
    constants_source: str = ""


Opener = Callable[[str, Surroundings], Sequence[Source]]
"""Opens every source of one kind; the text is what stood after ``NAME:`` in ``--meter``.

Raises ``SensorUnavailableError`` where the machine has no such source or does not let this user
read it, ``MeasurementError`` where one is there and makes no sense, ``UsageError`` or
``ConfigurationError`` for a faulty argument.
"""
