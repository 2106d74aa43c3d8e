"""What is wrong with the rows of a data set, gathered while they are read and told at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from harness.errors import ConfigurationError

MOST_SHOWN = 20


class RowFault(NamedTuple):
    """One cell that is not as the task's card has it."""

    where: str
    """The file."""
    row: int
    """From 0, within the file."""
    column: str
    found: str
    """What it is: ``is null``."""
    remedy: str

    @property
    def told(self) -> str:
        """Say it on one line."""
        return f"{self.where}: column {self.column!r}: row {self.row} {self.found}"


class RowsError(ConfigurationError):
    """Some rows of a data set are not as declared."""

    def __init__(self, faults: Sequence[RowFault], count: int) -> None:
        """Take the first of them, at least one, and how many there are."""
        lines = [fault.told for fault in faults]
        if count > len(faults):
            lines.append(f"and {count - len(faults):,} more")
        message = lines[0] if count == 1 else f"{count:,} faults:\n  " + "\n  ".join(lines)
        super().__init__(message, remedy="; ".join(dict.fromkeys(each.remedy for each in faults)))
        self.faults = tuple(faults)
        self.count = count


class RowFaults:
    """Everything that is wrong with the rows of a split: the first are kept, all are counted."""

    def __init__(self) -> None:
        self._kept: list[RowFault] = []
        self._count = 0

    def add(self, fault: RowFault) -> None:
        """Take one."""
        self._count += 1
        if len(self._kept) < MOST_SHOWN:
            self._kept.append(fault)

    def require_none(self) -> None:
        """Raise ``RowsError`` with all of them, where there are any."""
        if self._count:
            raise RowsError(self._kept, self._count)
