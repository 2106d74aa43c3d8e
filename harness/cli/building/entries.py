"""What the pages of a board's entries are made of, entry by entry."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

from msgspec.structs import replace

from harness.cli.building.gathering import Gathered, Shelf
from harness.ranking.gists import Gist
from harness.records.board import Board, Boards
from harness.records.joint import JointStatistics

Members = Mapping[str, Mapping[str, list[Gist]]]
"""The gists of every board, by its identifier, by entry."""


def members_of(boards: Boards, gathered: Gathered) -> Members:
    """Return the gists of all records that are on a board; what is a problem is on none."""
    unusable = {problem.path for problem in boards.problems}
    of_board = {head: each.board.id for head, each in gathered.heads.items()}
    found: defaultdict[str, defaultdict[str, list[Gist]]] = defaultdict(lambda: defaultdict(list))
    for gist in gathered.gists:
        if gist.path not in unusable:
            found[of_board[gist.head]][gist.entry].append(gist)
    return found


class Entries:
    """The entries of one board."""

    def __init__(
        self, board: Board, members: Mapping[str, list[Gist]], stored: Mapping[str, Shelf]
    ) -> None:
        self._board, self._members, self._stored = board, members, stored
        self.rows = {each.entry: each for each in board.entries}
        self.failures = {each.entry: each for each in board.failed}
        self.names = tuple(dict.fromkeys((*self.rows, *self.failures)))
        self.ranked = sum(each.rank is not None for each in board.entries)
        """How many of them are."""
        self.bare = bare(board)

    @cached_property
    def about(self) -> Callable[[str], JointStatistics | None]:
        """Gives the part of the board's statistics that an entry's page speaks of."""
        ranking = self._board.ranking
        if ranking is None:
            return lambda _entry: None
        common = replace(ranking, entries=(), claims=(), prizes=(), apart=(), unranked=())
        common = replace(common, least_quality_difference=None, least_energy_ratio=None)
        unranked = {each.entry: replace(common, unranked=(each,)) for each in ranking.unranked}
        return lambda entry: unranked.get(entry, common)

    def records(self, name: str) -> list[Shelf]:
        """Return an entry's own records, and those of exact copies that are in its row."""
        row = self.rows.get(name)
        own = [gist.path for gist in self._members.get(name, ())]
        behind: Iterable[str] = row.evaluations if row else ()
        return [self._stored[path] for path in sorted({*own, *behind})]

    def board_of(self, name: str) -> Board:
        """Return the board with one of its entries alone."""
        row, failure = self.rows.get(name), self.failures.get(name)
        return replace(
            self.bare,
            entries=(row,) if row else (),
            failed=(failure,) if failure else (),
            ranking=self.about(name),
        )


def bare(board: Board) -> Board:
    """Return what a board says of no single entry."""
    return replace(board, entries=(), failed=(), notes=(), ranking=None)
