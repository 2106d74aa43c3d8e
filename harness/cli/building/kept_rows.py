"""The rows of boards as their files spelt them, kept: when an entry is added one row is spelt.

They are kept by what tells one row from another, so that it does not matter in which order they
come, nor whether they are of the same board. A process that makes a board's files keeps its rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from harness.cli.building.cache import NONE, Cache
from harness.records.base import Frozen
from harness.records.board import Board
from harness.site.spelt_rows import Known, SpeltRow, SpeltRows, columns_from, spelt_columns


class KeptRows(Frozen, array_like=True):
    """Rows that were spelt."""

    digests: tuple[str, ...]
    rows: tuple[SpeltRow, ...]
    columns: bytes
    """Of all of them, as ``spelt_columns`` spells them."""


class Shelf(NamedTuple):
    """Where the rows of a site's boards are kept."""

    cache: Cache = NONE
    name: str = ""

    def name_of(self, board: str) -> str:
        """Return what the rows of a board are kept under, by its identifier."""
        return f"{self.name}-{blake2b(board.encode(), digest_size=8).hexdigest()}"


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
        kept = self._kept
        if kept is None:
            return SpeltRows(self.board.entries)
        place = {digest: n for n, digest in enumerate(kept.digests)}
        known = Known(kept.rows, lambda: columns_from(kept.columns))
        return SpeltRows(self.board.entries, known, [place.get(each) for each in self.digests])

    @property
    def _can_be_told(self) -> bool:
        return len(self.digests) == len(self.board.entries)

    @cached_property
    def _kept(self) -> KeptRows | None:
        if not self._can_be_told:
            return None
        return self.shelf.cache.load(self.shelf.name_of(self.board.id), KeptRows)

    def keep(self) -> None:
        """Keep its rows, where any of them is new, or has another place."""
        if not self._can_be_told or self.shelf.cache.folder is None:
            return
        if self._kept is None or self._kept.digests != self.digests:
            columns, rows = spelt_columns(self.rows.columns), tuple(self.rows.spelt)
            made = KeptRows(digests=self.digests, rows=rows, columns=columns)
            self.shelf.cache.save(self.shelf.name_of(self.board.id), made)
