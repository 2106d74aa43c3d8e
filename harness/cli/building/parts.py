"""What the pages of all boards take of each: kept board by board, or made in whatever process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from harness.cli.building.cache import NONE, Cache
from harness.cli.building.kept_rows import OfBoard
from harness.cli.building.workers import Given, Here, Workers
from harness.records.base import Frozen
from harness.site.render import BoardParts, Placed, board_parts


class Part(Frozen, array_like=True):
    """Of one board."""

    made_of: str
    parts: BoardParts


class PlacedRows(Frozen, array_like=True):
    """A whole board, and its place on the page of all boards."""

    of: OfBoard
    number: int
    loads_at_once: bool


class Wanted(NamedTuple):
    """What is asked for of one board."""

    board: str
    """Its identifier."""
    made_of: str
    """A digest of everything that decides its parts, besides the harness's own code."""
    placed: Callable[[], PlacedRows]


class Parts:
    """Has the parts of boards."""

    def __init__(
        self, workers: Workers | None = None, cache: Cache = NONE, name: str = "parts"
    ) -> None:
        self._workers, self._cache, self._name = workers or Here(), cache, name
        self._known = cache.load(name, dict[str, str]) or {}
        self._asked: dict[str, str] = {}
        """What each was made of, by the board's identifier, as ``_known`` has it of those kept."""
        self._new: dict[str, Part] = {}

    def of(self, wanted: Sequence[Wanted]) -> list[BoardParts]:
        """Return the parts of each board."""
        parts = {each.board: self._kept(each) for each in wanted}
        new = [each for each in wanted if parts[each.board] is None]
        for each, part in zip(new, self._made(new), strict=True):
            self._new[each.board] = parts[each.board] = part
        self._asked |= {each.board: each.made_of for each in wanted}
        return [part.parts for part in parts.values() if part is not None]

    def keep(self) -> None:
        """Keep those that were made, and forget those that nobody asked for."""
        for board, part in self._new.items():
            self._cache.save(self._place(board), part)
        self._cache.save(self._name, self._asked)
        self._cache.tidy(f"{self._name}-", map(self._place, self._asked))

    def _kept(self, wanted: Wanted) -> Part | None:
        if self._known.get(wanted.board) != wanted.made_of:  # else it would be read for nothing
            return None
        part = self._cache.load(self._place(wanted.board), Part)
        return part if part is not None and part.made_of == wanted.made_of else None

    def _made(self, wanted: Sequence[Wanted]) -> Iterator[Part]:
        placed = (Given(each.placed()) for each in wanted)
        for each, made in zip(wanted, self._workers.run(_parts, placed), strict=True):
            yield Part(made_of=each.made_of, parts=made.value)

    def _place(self, board: str) -> str:
        return f"{self._name}-{blake2b(board.encode(), digest_size=8).hexdigest()}"


def _parts(given: Given) -> Given:
    placed: PlacedRows = given.value
    of = Placed(board=placed.of.board, number=placed.number, loads_at_once=placed.loads_at_once)
    return Given(board_parts(of, placed.of.rows))
