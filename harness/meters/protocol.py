"""What a meter is to the rest of the harness."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from harness.records.meter import MeterDescription, WindowReading


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


class Meter(Protocol):
    """Reads the energy of one machine."""

    def describe(self) -> MeterDescription:
        """Say what is read, at which grade, how finely and how surely."""
        ...

    def record(self, work: Work) -> AbstractContextManager[Recording]:
        """Open the first window; polling, where a source needs it, ends with the block."""
        ...
