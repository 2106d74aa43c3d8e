"""The rows of boards as their files spelt them, kept: when an entry is added one row is spelt.

They are kept by what tells one row from another, so that it does not matter in which order they
come, nor whether they are of the same board. A process that makes a board's files keeps its rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, NamedTuple

from harness.cli.building.cache import NONE, Cache
from harness.records.base import Frozen
from harness.records.board import Board
from harness.site.spelt_rows import SpeltRow, SpeltRows, columns_from, spelt_columns

if TYPE_CHECKING:
    import pyarrow as pa


class KeptLines(Frozen, array_like=True):
    """The lines of rows: all that most of those who make something of a board ask for."""

    digests: tuple[str, ...]
    """Of the rows."""
    lines: tuple[bytes, ...]


class KeptRows(Frozen, array_like=True):
    """What else was spelt of them."""

    digests: str
    """A digest of those of the rows: this is of the same rows as their lines."""
    rows: tuple[SpeltRow, ...]
    columns: bytes
    """Of all of them, as ``spelt_columns`` spells them."""


class Shelf(NamedTuple):
    """Where the rows of a site's boards are kept."""

    cache: Cache = NONE
    site: str = ""
    """What tells it from others in the names of what is kept."""

    def name_of(self, kind: Literal["lines", "rows"], board: str) -> str:
        """Return what is kept of a board's rows is called, by its identifier."""
        return f"{kind}-{self.site}-{blake2b(board.encode(), digest_size=8).hexdigest()}"

    def tidy(self, boards: Iterable[str]) -> None:
        """Take away what was kept of any other boards."""
        kept = tuple(boards)
        for kind in ("lines", "rows"):
            self.cache.tidy(f"{kind}-{self.site}-", [self.name_of(kind, each) for each in kept])


class _Known(NamedTuple):
    """What was kept of a board's rows, read as it is asked for."""

    of: KeptLines
    kept: OfBoard

    @property
    def lines(self) -> Sequence[bytes]:
        return self.of.lines

    @property
    def rows(self) -> Sequence[SpeltRow] | None:
        others = self.kept.others
        return None if others is None else others.rows

    @property
    def columns(self) -> pa.RecordBatch | None:
        others = self.kept.others
        return None if others is None else columns_from(others.columns)


@dataclass(frozen=True)
class OfBoard:
    """A board, with its rows as far as they were asked for."""

    board: Board
    digests: tuple[str, ...]
    """Of its rows; none where they are not known."""
    shelf: Shelf

    @cached_property
    def rows(self) -> SpeltRows:
        """Its rows as they are spelt."""
        kept = self._lines
        if kept is None:
            return SpeltRows(self.board.entries)
        place = {digest: n for n, digest in enumerate(kept.digests)}
        places = [place.get(each) for each in self.digests]
        return SpeltRows(self.board.entries, _Known(kept, self), places)

    @property
    def _can_be_told(self) -> bool:
        return len(self.digests) == len(self.board.entries)

    @cached_property
    def _lines(self) -> KeptLines | None:
        if not self._can_be_told:
            return None
        return self.shelf.cache.load(self.shelf.name_of("lines", self.board.id), KeptLines)

    @cached_property
    def others(self) -> KeptRows | None:
        """What else was kept of the rows whose lines were."""
        if self._lines is None:
            return None
        kept = self.shelf.cache.load(self.shelf.name_of("rows", self.board.id), KeptRows)
        return kept if kept and kept.digests == _together(self._lines.digests) else None

    def keep(self) -> None:
        """Keep its rows, where any of them is new, or has another place."""
        if not self._can_be_told or self.shelf.cache.folder is None:
            return
        if self._lines and self._lines.digests == self.digests and self.others:
            return
        of, rows = _together(self.digests), self.rows
        columns = spelt_columns(rows.columns)
        others = KeptRows(digests=of, rows=tuple(rows.spelt), columns=columns)
        self.shelf.cache.save(self.shelf.name_of("rows", self.board.id), others)
        lines = KeptLines(digests=self.digests, lines=tuple(rows.lines))
        self.shelf.cache.save(self.shelf.name_of("lines", self.board.id), lines)


def _together(digests: Iterable[str]) -> str:
    return blake2b("".join(digests).encode(), digest_size=16).hexdigest()
