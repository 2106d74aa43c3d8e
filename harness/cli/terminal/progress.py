"""Progress on long work: one line on a terminal's standard error, nothing elsewhere.

Written by hand and at most four times a second: a spinner's thread would run inside the measured
window.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from harness.records.session import Notice

SECONDS_BETWEEN = 0.25


class ProgressLine:
    """Says on one line which entry, session and phase is under way."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._entry = ""
        self._session = ""
        self._shown_at = 0.0

    def entry(self, name: str) -> None:
        """Turn to another entry."""
        self._entry, self._session = name, ""

    def turn(self, entry: str, round_: int | None, place: int, of: int) -> None:
        """Turn to an entry whose turn it is; ``round_`` and ``place`` count from 0."""
        at = "" if of == 1 else f"{place + 1} of {of}: "
        self.entry(f"{at if round_ is None else f'round {round_ + 1}, {at}'}{entry}")

    def session(self, index: int, least: int, most: int) -> None:
        """Turn to a session; ``index`` counts from 0. There will be ``least`` to ``most``."""
        whole = f"{least} to {most}" if least < most else f"{least}"
        self._session = f"session {index + 1} of {whole}"

    def void(self, index: int, reasons: Sequence[Notice]) -> None:
        """Tell, on a line that stays, that a session was disturbed and is repeated."""
        if self._stream:
            seen = "; ".join(reason.message for reason in reasons)
            void = f"{self._entry} · session {index + 1} void, repeating: {seen}"
            self._stream.write(f"\r\x1b[K{void}\n")
            self._stream.flush()

    def phase(self, phase: str) -> None:
        """Turn to a phase."""
        self._show(phase if self._session else f"calibrating: {phase}")

    def note(self, text: str) -> None:
        """Turn to something outside of a session."""
        self._show(text)

    def queries(self, done: int, total: int) -> None:
        """Tell how many queries are answered."""
        if self._stream and time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show(f"measured: {done:,} of {total:,} queries")

    def fetched(self, name: str, done: int, total: int) -> None:
        """Tell how much of a file has come."""
        if self._stream and time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show(f"fetching {name}: {done / 1e6:,.1f} of {total / 1e6:,.1f} MB")

    def looked_at(self, split: str, done: int, total: int) -> None:
        """Tell how many items of a split were looked at."""
        if self._stream and time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show(f"{split}: {done:,} of {total:,} items")

    def verified(self, path: str, done: int, total: int) -> None:
        """Tell which record is held against what it names, and how many were before."""
        if self._stream and time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show(f"{done:,} of {total:,} records: {path}")

    def written(self, items: int) -> None:
        """Tell how many items were written."""
        if self._stream and time.monotonic() - self._shown_at >= SECONDS_BETWEEN:
            self._show(f"written: {items:,} items")

    def clear(self) -> None:
        """Take the line away."""
        if self._stream:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _show(self, what: str) -> None:
        if self._stream:
            parts = [part for part in (self._entry, self._session, what) if part]
            self._stream.write("\r\x1b[K" + _fitted(" · ".join(parts), self._stream))
            self._stream.flush()
            self._shown_at = time.monotonic()


def _fitted(text: str, stream: TextIO) -> str:
    """Cut what would take a second line of the terminal, which nothing would take away again."""
    from rich.cells import cell_len, set_cell_size

    try:
        room = os.get_terminal_size(stream.fileno()).columns - 1
    except OSError:  # no terminal, as in tests
        return text
    return set_cell_size(text, room) if 0 < room < cell_len(text) else text


@contextmanager
def progress_on_terminal() -> Iterator[ProgressLine]:
    """Give a progress line, taken away at the end; a silent one where there is no terminal."""
    line = ProgressLine(sys.stderr if sys.stderr.isatty() else None)
    try:
        yield line
    finally:
        line.clear()
