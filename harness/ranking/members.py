"""Which records belong to an entry of a board: those behind its row, and those that came before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import TypeVar

from harness.ranking.gists import StoredLike, board_id, board_key
from harness.records.board import Board, Boards
from harness.records.rule_book import KnownRules

S = TypeVar("S", bound=StoredLike)


def members_by_board(
    stored: Iterable[S], boards: Boards, rules: KnownRules
) -> dict[str, dict[str, S]]:
    """Return the records of every board by their paths.

    What is among the boards' problems is on none: it has no part in any entry's history either.
    """
    unusable = {problem.path for problem in boards.problems}
    found: defaultdict[str, dict[str, S]] = defaultdict(dict)
    for each in stored:
        if each.path not in unusable:
            found[board_id(board_key(each, rules))][each.path] = each
    return dict(found)


def of_entry(board: Board, entry: str, members: Mapping[str, S]) -> list[S]:
    """Return the records of one entry of a board; ``members`` are all of the board's.

    Its own, whatever became of them, and those of exact copies that are in its row.
    """
    row = next((each for each in board.entries if each.entry == entry), None)
    behind = frozenset(row.evaluations if row is not None else ())
    return [
        each
        for path, each in members.items()
        if path in behind or each.record.submission.entry == entry
    ]
