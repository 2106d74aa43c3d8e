"""What the pages of all boards take of each: kept, or made in whatever process."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from harness.cli.workers import Given, Here, Workers
from harness.records.base import Frozen
from harness.site.render import BoardParts, Placed, board_parts


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
    placed: Callable[[], Placed]
    """The whole board, and its place."""


class Parts:
    """Has the parts of boards."""

    def __init__(
        self, workers: Workers | None = None, kept: Mapping[str, Part] | None = None
    ) -> None:
        self._workers, self._kept = workers or Here(), kept or {}
        self.made: dict[str, Part] = {}
        """All that were asked for, by the board's identifier."""

    def of(self, wanted: Sequence[Wanted]) -> list[BoardParts]:
        """Return the parts of each board."""
        kept = [self._kept.get(each.board) for each in wanted]
        new = [
            each
            for each, known in zip(wanted, kept, strict=True)
            if known is None or known.made_of != each.made_of
        ]
        fresh = dict(zip((each.board for each in new), self._made(new), strict=True))
        for each in wanted:
            self.made[each.board] = fresh.get(each.board) or self._kept[each.board]
        return [self.made[each.board].parts for each in wanted]

    def _made(self, wanted: Sequence[Wanted]) -> Iterator[Part]:
        placed = (Given(each.placed()) for each in wanted)
        for each, made in zip(wanted, self._workers.run(_parts, placed), strict=True):
            yield Part(made_of=each.made_of, parts=made.value)


def _parts(placed: Given) -> Given:
    return Given(board_parts(placed.value))
