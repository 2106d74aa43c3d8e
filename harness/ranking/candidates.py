"""Which rows of a board can have a rank, before any outcome of an item is looked at. Pure."""

from __future__ import annotations

from harness.records.board import Board, BoardEntry
from harness.records.joint import UnrankedEntry, WhyUnranked
from harness.records.rules import Rules


def candidates(board: Board, rules: Rules) -> tuple[list[BoardEntry], list[UnrankedEntry]]:
    """Return the rows that can be ranked, by name, and the others with the reason."""
    found: list[BoardEntry] = []
    left_out: list[UnrankedEntry] = []
    for row in sorted(board.entries, key=lambda each: each.entry):
        why = _why_not(row, rules)
        if why is None:
            found.append(row)
        else:
            left_out.append(UnrankedEntry(entry=row.entry, why=why))
    return found, left_out


def _why_not(row: BoardEntry, rules: Rules) -> WhyUnranked | None:
    if row.baseline:
        return "baseline"
    if row.joules_per_1000_queries is None:
        return "unresolved-energy"
    if row.sessions < rules.boards.min_sessions:
        return "too-few-sessions"
    return None
