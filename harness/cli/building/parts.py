"""What the pages of all boards take of each: kept board by board."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple

from harness.cli.building.cache import NONE, Cache
from harness.records.base import Frozen
from harness.site.render import BoardParts


class Part(Frozen, array_like=True):
    """Of one board."""

    made_of: str
    digests: tuple[str, ...]
    """Of its rows."""
    parts: BoardParts

    @property
    def rows(self) -> dict[str, bytes]:
        """Its rows as they stand in ``boards.json``, by their digests."""
        rows = self.parts.in_json.rows
        return dict(zip(self.digests, rows, strict=True)) if len(rows) == len(self.digests) else {}


class Wanted(NamedTuple):
    """What is asked for of one board."""

    board: str
    """Its identifier."""
    made_of: str
    """A digest of everything that decides its parts, besides the harness's own code."""
    digests: tuple[str, ...]
    """Of its rows; none where they are not here."""
    make: Callable[[Mapping[str, bytes]], BoardParts]
    """Makes them, given rows as they stand in ``boards.json``, by their digests."""


class Parts:
    """Has the parts of boards."""

    def __init__(self, cache: Cache = NONE, name: str = "parts") -> None:
        self._cache, self._name = cache, name
        self._wanted: tuple[Wanted, ...] = ()
        self._new: dict[str, Part] = {}

    def want(self, wanted: Iterable[Wanted]) -> None:
        """Say of which boards they may be asked for, in whatever process."""
        self._wanted = tuple(wanted)

    def all(self) -> list[BoardParts]:
        """Return the parts of each board: as they were kept, or made now."""
        return [each.parts for each in self._all]

    def keep(self) -> None:
        """Keep those that were made in this process, if they were asked for, and no others."""
        if "_all" not in self.__dict__:
            return
        for board, part in self._new.items():
            self._cache.save(self._place(board), part)
        made_of = {each.board: each.made_of for each in self._wanted}
        self._cache.save(self._name, made_of)
        self._cache.tidy(f"{self._name}-", map(self._place, made_of))

    @cached_property
    def _all(self) -> list[Part]:
        known = self._cache.load(self._name, dict[str, str]) or {}
        return [self._part(each, known) for each in self._wanted]

    def _part(self, wanted: Wanted, known: Mapping[str, str]) -> Part:
        made_of = known.get(wanted.board)
        kept = None
        if made_of == wanted.made_of or (made_of and wanted.digests):  # else it is of no use
            kept = self._cache.load(self._place(wanted.board), Part)
        if kept is not None and kept.made_of == wanted.made_of:
            return kept
        parts = wanted.make({} if kept is None else kept.rows)
        part = Part(made_of=wanted.made_of, digests=wanted.digests, parts=parts)
        self._new[wanted.board] = part
        return part

    def _place(self, board: str) -> str:
        return f"{self._name}-{blake2b(board.encode(), digest_size=8).hexdigest()}"
