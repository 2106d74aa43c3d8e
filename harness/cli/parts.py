"""What the pages of all boards take of each: kept board by board, or made in whatever process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

from harness.cli.kept_rows import OfBoard
from harness.cli.page_cache import NONE, Cache
from harness.cli.workers import Given, Here, Workers
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
        self._parts: dict[str, Part | None] = {}
        self._coming: Iterator[tuple[Wanted, Part]] = iter(())

    def begin(self, wanted: Sequence[Wanted]) -> None:
        """Say what will be asked for: another process, if there is one, makes it meanwhile."""
        self._parts = {each.board: self._kept(each) for each in wanted}
        new = [each for each in wanted if self._parts[each.board] is None]
        self._coming = zip(new, self._made(new), strict=True)
        self._asked |= {each.board: each.made_of for each in wanted}

    def all(self) -> list[BoardParts]:
        """Return the parts of each board that was wanted."""
        for each, part in self._coming:
            self._new[each.board] = self._parts[each.board] = part
        return [part.parts for part in self._parts.values() if part is not None]

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
        made = self._workers.begin(_parts, (Given(each.placed()) for each in wanted))
        return (
            Part(made_of=each.made_of, parts=parts.value)
            for each, parts in zip(wanted, made, strict=True)
        )

    def _place(self, board: str) -> str:
        return f"{self._name}-{blake2b(board.encode(), digest_size=8).hexdigest()}"


def _parts(given: Given) -> Given:
    placed: PlacedRows = given.value
    of = Placed(board=placed.of.board, number=placed.number, loads_at_once=placed.loads_at_once)
    return Given(board_parts(of, placed.of.rows))
