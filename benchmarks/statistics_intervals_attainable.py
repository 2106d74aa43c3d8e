"""Whether any interval could hold a truth as often as is asked, for ``statistics_intervals.py``.

    python benchmarks/statistics_intervals_attainable.py [--items 500]

An estimate that is made of few counts takes few values. An interval whose ends never fall as the
estimate rises holds a truth for the estimates from one value to another, so that it covers what
these values have together, and nothing between one such sum and the next.

Run by itself, it goes through shares of few wrong answers and prints by how many that are to be
expected no interval at all holds them in 93 to 97 %, and by how many none that besides misses them
in no more than 5 % on either side, which is twice what a side of 95 % may.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

Floats = npt.NDArray[np.float64]
LEAST, MOST = 0.93, 0.97
EITHER_SIDE = 0.05
STEP, FEW = 0.01, 12
"""Wrong answers that are to be expected: how finely they are gone through, and up to how many."""
SEEN = 80
"""More wrong answers are not seen where twelve are to be expected."""
DIGITS = 9
"""Of estimates that are told apart."""


def runs(estimates: Floats) -> tuple[Floats, Floats]:
    """Return (v,) where runs of values may begin, and (v + 1,) what lies below each value.

    ``estimates`` are draws of one truth. Shares of all draws, from 0 to 1.
    """
    _, counts = np.unique(np.round(estimates, DIGITS), return_counts=True)
    below = np.concatenate([[0], counts.cumsum()]) / len(estimates)
    return below[:-1], below


def attainable(estimates: Floats, least: float, most: float) -> bool:
    """Return whether some run of consecutive values has ``least`` to ``most`` of the draws.

    Where none has, no interval with such ends and without a lot to draw holds this truth as often.
    """
    starts, below = runs(estimates)
    ends = np.searchsorted(below, starts + least - 10.0**-DIGITS)
    reached = ends < len(below)
    shares = below[ends[reached]] - starts[reached]
    return bool((shares <= most + 10.0**-DIGITS).any())


def can_hold(items: int, expected: float, either_side: float) -> bool:
    """Return whether some interval holds a share in 93 to 97 %, of which so many are expected.

    It is to miss the share in no more than ``either_side`` of the draws on one side alone.
    """
    below = np.concatenate([[0], binom.cdf(np.arange(SEEN), items, expected / items)])
    from_, to = below[:, np.newaxis], below[np.newaxis]
    shares = to - from_
    held = (shares >= LEAST) & (shares <= MOST)
    return bool((held & (from_ <= either_side) & (1 - to <= either_side)).any())


def beyond_all(items: int, either_side: float = 1.0) -> Iterator[tuple[float, float]]:
    """Yield from and to which number of wrong answers no interval can, in hundredths."""
    tried = [round(STEP * n, 2) for n in range(1, round(FEW / STEP) + 1)]
    first = None
    for before, expected in zip([0.0, *tried], [*tried, 2.0 * FEW], strict=True):
        can = can_hold(items, expected, either_side)
        if not can and first is None:
            first = expected
        elif can and first is not None:
            yield first, before
            first = None


def main() -> None:
    """Print the numbers of wrong answers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=500)
    items = parser.parse_args().items
    for said, either_side in (
        ("No interval", 1.0),
        (f"None that misses in at most {EITHER_SIDE:.0%} on either side", EITHER_SIDE),
    ):
        spans = ", ".join(f"{a:.2f} to {b:.2f}" for a, b in beyond_all(items, either_side))
        print(f"{said} holds {LEAST:.0%} to {MOST:.0%} of {items:,} items by errors of {spans}.")


if __name__ == "__main__":
    main()
