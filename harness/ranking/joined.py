"""Put joint statistics on the rows of a board, and tell whether two of them say the same. Pure."""

from __future__ import annotations

import math

from msgspec.structs import replace

from harness.ranking.rank_notes import WhyNoRanks, no_ranks, rank_notes
from harness.records.board import Board, BoardEntry
from harness.records.joint import JointStatistics, PrizeResult
from harness.records.rules import Rules

SUPPORT_TOLERANCE = 0.02
LEAST_TOLERANCE = 0.1
"""Relative. Another processor adds in another order, and another NumPy may draw other numbers: so
far may a joint file be from what its records give, in figures; in claims and ranks not at all."""

EXCESS_DIGITS = 9
"""After the point: what subtracting adds is cut off."""


def with_statistics(board: Board, statistics: JointStatistics, rules: Rules) -> Board:
    """Return the board with the ranks of ``statistics`` on its rows, and what is to be said of it.

    Rows stand by the middle of their ranks, then by quality; those without a rank come last.
    """
    of_entry = {each.entry: each for each in statistics.entries}
    rows = []
    for row in board.entries:
        joint = of_entry.get(row.entry)
        if joint is None:
            rows.append(row)
            continue
        won = (prize.prize for prize in statistics.prizes if _wins(row.entry, prize))
        rows.append(
            replace(row, rank=joint.rank, front_support=joint.front_support, prizes=tuple(won))
        )
    rows.sort(key=_place)
    return replace(
        board,
        entries=tuple(rows),
        ranking=statistics,
        notes=(*board.notes, *rank_notes(board, statistics, rules)),
    )


def without_statistics(board: Board, why: WhyNoRanks) -> Board:
    """Return the board with the reason why nothing on it has a rank; an empty one as it is."""
    if not board.entries:
        return board
    return replace(board, notes=(*board.notes, no_ranks(why)))


def agree(one: JointStatistics, other: JointStatistics) -> bool:
    """Say whether two statistics make the same claims, and give the same figures within what the
    arithmetic of another machine may change.
    """  # noqa: D205 - one sentence
    return (
        _exact_part(one) == _exact_part(other)
        and all(
            _alike_in_support(mine.front_support, theirs.front_support)
            for mine, theirs in zip(one.entries, other.entries, strict=True)
        )
        and all(
            mine is theirs is None
            or (mine is not None and theirs is not None and _alike(mine, theirs))
            for mine, theirs in (
                (one.least_quality_difference, other.least_quality_difference),
                (_excess(one.least_energy_ratio), _excess(other.least_energy_ratio)),
            )
        )
    )


def _alike_in_support(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return abs(mine - theirs) <= SUPPORT_TOLERANCE


def _alike(mine: float, theirs: float) -> bool:
    """Let figures of one digit, as they are published of hidden labels, differ by one in it."""
    less = min(mine, theirs)
    few = less > 0 and all(each == float(f"{each:.1g}") for each in (mine, theirs))
    step = 10.0 ** math.floor(math.log10(less)) if few else 0.0
    least = step * (1 + LEAST_TOLERANCE)
    return math.isclose(mine, theirs, rel_tol=LEAST_TOLERANCE, abs_tol=least)


def _excess(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio - 1, EXCESS_DIGITS)


def _exact_part(statistics: JointStatistics) -> JointStatistics:
    return replace(
        statistics,
        entries=tuple(replace(each, front_support=0.0) for each in statistics.entries),
        least_quality_difference=None,
        least_energy_ratio=None,
    )


def _wins(entry: str, prize: PrizeResult) -> bool:
    return any(each.entry == entry and each.wins for each in prize.standings)


def _place(row: BoardEntry) -> tuple[float, float, float, float, str]:
    best, worst = (math.inf, math.inf) if row.rank is None else row.rank
    joules = row.joules_per_1000_queries
    energy = math.inf if joules is None else joules
    return best + worst, best, -row.quality, energy, row.entry
