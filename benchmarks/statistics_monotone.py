"""What a rule costs under which one more right answer never costs an entry a statement of quality.

    python benchmarks/statistics_monotone.py [--boards 400] [--draws 999] [--write PAGE]

The bound of a board is drawn, with its entries' answers, and so one more right answer moves it. Two
bounds are tried that an entry's own answers do not move, on statements of better quality alone, of
answers that are right or wrong:

- *of others*: noise of the pairs that neither of the two is in, as drawn; for every other statement
  the most that signs can do at any number of items (``sign_tail``);
- *of none*: that for all statements.

Both are at least the quantile of the largest noise of all statements, so that what exceeds them
exceeds that as well: no more boards have a false statement. Prints the share of true statements
that are made of boards in steps, and the share of boards of equal entries with any false one.
``--write`` puts the table between the page's marks.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from scipy.stats import binom
from site_build import write_page

from harness.ranking.bound import bound_of

Floats = npt.NDArray[np.floating[Any]]
ALPHA = 0.05
ITEMS = 500
SEED = 2_026
BEGIN, END = "<!-- monotone: begin -->", "<!-- monotone: end -->"
THRESHOLDS = np.round(np.arange(1.5, 5.5, 0.002), 4)
"""Bounds that are tried."""
MOST_SIGNS = 400
"""More signs do less at every bound here: their sum is all but normal."""


def sign_tail() -> Floats:
    """Return, for each threshold, the largest chance of any number of signs to exceed it.

    Of n signs at equal chance: that their sum exceeds so many times the root of n. A small number
    decides, as 5 signs that are all alike reach 2.236 in one draw of 32.
    """
    most = np.zeros(len(THRESHOLDS))
    for count in range(1, MOST_SIGNS + 1):
        fewest = np.floor((THRESHOLDS * np.sqrt(count) + count) / 2 + 1e-9)
        most = np.maximum(most, binom.sf(fewest, count, 0.5))
    return most


TAIL = sign_tail()


def bound_by(largest: Floats, others: int) -> float:
    """Return the bound for draws of some statements and for ``others`` of which nothing is known.

    ``largest`` (draws,) is the largest noise of the former.
    """
    above = len(largest) - np.searchsorted(np.sort(largest), THRESHOLDS, side="right")
    drawn = (above + 1) / (len(largest) + 1) if largest.any() else np.zeros(len(THRESHOLDS))
    held = drawn + others * TAIL <= ALPHA
    return float(THRESHOLDS[held.argmax()]) if held.any() else np.inf


class Board(NamedTuple):
    """Statistics of better quality, i over j, and their noise."""

    seen: Floats
    """(entries, entries)"""
    noise: Floats
    """(draws, entries, entries)"""


def board_of(right: Floats, draws: int, rng: np.random.Generator) -> Board:
    """Make the statistics of answers (items, entries), 1 for a right one."""
    squares = right.sum(axis=0)[:, np.newaxis] + right.sum(axis=0) - 2 * right.T @ right
    scale = np.divide(1, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0)
    moved = (2 * rng.integers(0, 2, (draws, len(right))) - 1).astype(np.float32) @ right
    apart = moved[:, :, np.newaxis] - moved[:, np.newaxis, :]
    return Board(np.subtract.outer(right.sum(axis=0), right.sum(axis=0)) * scale, apart * scale)


def stepped_down(board: Board) -> npt.NDArray[np.bool_]:
    """Say which statements are made as boards make them."""
    others = ~np.eye(len(board.seen), dtype=bool)
    left = others
    while True:
        largest = np.where(left, board.noise, 0).max(axis=(1, 2))
        made = others & (board.seen > bound_of(largest, 1 - ALPHA) + 1e-4)
        if np.array_equal(left, others & ~made):
            return made
        left = others & ~made


def by_others(board: Board) -> npt.NDArray[np.bool_]:
    """Say which are made where the bound of a pair hangs on neither of the two."""
    count = len(board.seen)
    bounds = np.full((count, count), np.inf)
    for one in range(count):
        for other in range(one):
            rest = np.delete(np.arange(count), [one, other])
            largest = board.noise[:, rest][:, :, rest].max(axis=(1, 2), initial=0)
            unknown = count * (count - 1) - len(rest) * (len(rest) - 1)
            bounds[one, other] = bounds[other, one] = bound_by(largest, unknown)
    return board.seen > bounds + 1e-4


def by_none(board: Board) -> npt.NDArray[np.bool_]:
    """Say which are made where the bound hangs on nobody's answers."""
    count = len(board.seen)
    return board.seen > bound_by(np.zeros(1), count * (count - 1)) + 1e-4


RULES: dict[str, Callable[[Board], npt.NDArray[np.bool_]]] = {
    "as boards are": stepped_down, "of others": by_others, "of none": by_none,
}  # fmt: skip


def answers(accuracies: Floats, rng: np.random.Generator) -> Floats:
    """Return (items, entries): right or wrong, alike in that the same items are hard for all."""
    ease = rng.normal(size=(ITEMS, 1)) + rng.normal(size=(ITEMS, len(accuracies)))
    right: Floats = (ndtri(accuracies) * np.sqrt(2) + ease > 0).astype(np.float32)
    return right


def row(entries: int, boards: int, draws: int) -> str:
    """Return a row of the table."""
    rng = np.random.default_rng([SEED, entries])
    truths = np.linspace(0.75, 0.9, entries), np.full(entries, 0.82)
    told, wrong = np.zeros(len(RULES)), np.zeros(len(RULES))
    better = np.tri(entries, k=-1, dtype=bool)
    for _ in range(boards):
        in_steps, equal = (board_of(answers(truth, rng), draws, rng) for truth in truths)
        told += [rule(in_steps)[better].mean() for rule in RULES.values()]
        wrong += [rule(equal).any() for rule in RULES.values()]
    shares = [f"{100 * each / boards:.1f}%" for each in (*told, *wrong)]
    return " | ".join((f"| {entries}", f"{boards:,}", *shares)) + " |"


def table(entries: Sequence[int], boards: int, draws: int) -> str:
    """Return the table, Markdown."""
    kinds = [f"{what}, {rule}" for what in ("true ones made", "any false one") for rule in RULES]
    head = " | ".join(("| entries", "boards", *kinds)) + " |"
    rows = [row(each, boards if each < 10 else boards // 4, draws) for each in entries]  # noqa: PLR2004
    return "\n".join((head, "|---:" * (2 + len(kinds)) + "|", *rows))


def main() -> int:
    """Make boards, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--boards", type=int, default=400)
    parser.add_argument("--draws", type=int, default=999)
    parser.add_argument("--write", type=Path, metavar="PAGE")
    arguments = parser.parse_args()
    made = table((2, 3, 5, 10), arguments.boards, arguments.draws)
    print(made)
    if arguments.write:
        write_page(arguments.write, [made], begin=BEGIN, end=END)
    return 0


if __name__ == "__main__":
    sys.exit(main())
