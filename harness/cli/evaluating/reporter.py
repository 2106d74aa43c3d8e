"""Where an evaluation's progress goes: to the terminal's line and to the run's journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.cli.terminal.progress import ProgressLine
    from harness.evaluation.journal import Journal
    from harness.records.session import Notice


class Reporter:
    """Tells both: the one for who waits, the other for whoever finds the machine taken or left."""

    def __init__(self, line: ProgressLine, journal: Journal) -> None:
        self._line = line
        self._journal = journal

    def entry(self, name: str) -> None:
        """Turn to another entry."""
        self._journal.entry(name)
        self._line.entry(name)

    def turn(self, entry: str, round_: int | None, place: int, of: int) -> None:
        """Turn to an entry whose turn it is, in a round where there are rounds."""
        self._journal.entry(entry)
        self._line.turn(entry, round_, place, of)

    def session(self, index: int, least: int, most: int) -> None:
        """Turn to a session; ``index`` counts from 0. There will be ``least`` to ``most``."""
        self._journal.session(index)
        self._line.session(index, least, most)

    def void(self, index: int, reasons: Sequence[Notice]) -> None:
        """Tell that a session was disturbed and is repeated."""
        self._line.void(index, reasons)

    def phase(self, phase: str) -> None:
        """Turn to a phase."""
        self._journal.phase(phase)
        self._line.phase(phase)

    def note(self, text: str) -> None:
        """Turn to something outside of a session."""
        self._journal.phase(text)
        self._line.note(text)

    def queries(self, done: int, total: int) -> None:
        """Tell how many queries are answered."""
        self._line.queries(done, total)

    def fetched(self, name: str, done: int, total: int) -> None:
        """Tell how much of a file has come."""
        self._line.fetched(name, done, total)

    def clear(self) -> None:
        """Take the line away."""
        self._line.clear()
