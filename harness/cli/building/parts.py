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
    parts: BoardParts


class Wanted(NamedTuple):
    """What is asked for of one board."""

    board: str
    """Its identifier."""
    made_of: str
    """A digest of everything that decides its parts, besides the harness's own code."""
    make: Callable[[], BoardParts]


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
        if known.get(wanted.board) == wanted.made_of:  # else it would be read for nothing
            part = self._cache.load(self._place(wanted.board), Part)
            if part is not None and part.made_of == wanted.made_of:
                return part
        self._new[wanted.board] = part = Part(made_of=wanted.made_of, parts=wanted.make())
        return part

    def _place(self, board: str) -> str:
        return f"{self._name}-{blake2b(board.encode(), digest_size=8).hexdigest()}"
