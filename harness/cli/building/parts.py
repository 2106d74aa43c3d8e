"""What the pages of all boards take of each: kept board by board, or made in whatever process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from hashlib import blake2b
from typing import NamedTuple

from harness.cli.building.cache import NONE, Cache
from harness.cli.building.kept_rows import OfBoard
from harness.cli.building.workers import Given, Here, Workers
from harness.records.base import Frozen
from harness.site.render import BoardParts, Placed, board_parts

BOARDS_A_TASK = 8


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
        self._kept: dict[str, Part] = {}
        self._new: dict[str, Callable[[], Part]] = {}

    def begin(self, wanted: Iterable[Wanted]) -> None:
        """Have those made that are not kept, beside all else that is done."""
        several: list[Wanted] = []
        for each in wanted:
            self._asked[each.board] = each.made_of
            kept = self._load(each)
            if kept is not None:
                self._kept[each.board] = kept
            else:
                several.append(each)
        for n in range(0, len(several), BOARDS_A_TASK):
            self._begin(several[n : n + BOARDS_A_TASK])

    def all(self) -> list[BoardParts]:
        """Return the parts of each board, once they are made."""
        return [self._part(board).parts for board in self._asked]

    def keep(self) -> None:
        """Keep those that were made, and forget those that nobody asked for."""
        for board, part in self._new.items():
            self._cache.save(self._place(board), part())
        self._cache.save(self._name, self._asked)
        self._cache.tidy(f"{self._name}-", map(self._place, self._asked))

    def _load(self, wanted: Wanted) -> Part | None:
        if self._known.get(wanted.board) != wanted.made_of:  # else it would be read for nothing
            return None
        part = self._cache.load(self._place(wanted.board), Part)
        return part if part is not None and part.made_of == wanted.made_of else None

    def _begin(self, wanted: Sequence[Wanted]) -> None:
        made = self._workers.begin(_parts, [Given(each.placed()) for each in wanted])
        for n, each in enumerate(wanted):
            self._new[each.board] = partial(_nth, made, n, each.made_of)

    def _part(self, board: str) -> Part:
        return self._kept[board] if board in self._kept else self._new[board]()

    def _place(self, board: str) -> str:
        return f"{self._name}-{blake2b(board.encode(), digest_size=8).hexdigest()}"


def _nth(made: Callable[[], list[Given]], n: int, made_of: str) -> Part:
    return Part(made_of=made_of, parts=made()[n].value)


def _parts(given: Sequence[Given]) -> list[Given]:
    made = []
    for each in given:
        placed: PlacedRows = each.value
        of = Placed(board=placed.of.board, number=placed.number, loads_at_once=placed.loads_at_once)
        made.append(Given(board_parts(of, placed.of.rows)))
    return made
