"""95 % intervals of quality: Wilson's for a share of independent items, else the bootstrap's.

The bootstrap resamples *units* (items, or whole groups where items belong together: E. Efron and
R. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8 and 13), the same ones for every
session and every metric. Its seed is fixed, so that the same answers always get the same interval.
Its percentiles are expanded for few units, where plain ones are too narrow (T. Hesterberg, What
Teachers Should Know About the Bootstrap, The American Statistician 69 (2015), 371-386).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import NormalDist
from typing import TypeAlias

import numpy as np
from scipy import special

from harness.tasks.scoring import Counts, Floats, Integers, answer_columns

Metric: TypeAlias = Callable[[Counts], Floats]
"""A metric over the leading axes of confusions; see ``scoring``."""
Weighted: TypeAlias = Callable[[Floats], Floats]
"""A metric of one session, (r, n) weights of the items to (r,); see ``detection``."""
CONFIDENCE = 0.95
RESAMPLES = 2_000
SEED = 2_026
BLOCK_NUMBERS = 4_000_000
"""How many weights or counts a block of resamples may hold: 32 MB."""


def wilson(share: float, items: int) -> tuple[float, float]:
    """Return Wilson's score interval of a share seen on ``items`` independent items.

    E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    shrink = 1 + z * z / items
    centre = (share + z * z / (2 * items)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / items + (z / (2 * items)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def expanded_tail(units: int) -> float:
    """Return the share of resamples to leave out on each side: 2.5 % for many units, less for few.

    Φ(-√(n / (n - 1)) · t), with t the quantile of Student's t of n - 1 degrees of freedom.
    """
    t = float(special.stdtrit(units - 1, (1 + CONFIDENCE) / 2))
    return NormalDist().cdf(-math.sqrt(units / (units - 1)) * t)


class Units:
    """What the bootstrap draws from: items, or whole groups of them.

    ``groups`` names the group of each of ``items``; ``None``: every item is a unit of its own.
    """

    def __init__(self, items: int, groups: Sequence[str] | None) -> None:
        self.of_item = np.arange(items)
        if groups is not None:
            _, self.of_item = np.unique(np.array(list(groups), object), return_inverse=True)
        self.count = int(self.of_item.max()) + 1
        self.method = _method(self.count, groups)

    def interval(self, functions: Sequence[Weighted]) -> tuple[float, float]:
        """Return the percentile interval of the functions' mean, each of one session.

        One unit says nothing of how units differ: its interval is (0, 1).
        """
        if self.count == 1:
            return 0.0, 1.0
        values = np.concatenate(
            [
                np.mean([function(weights) for function in functions], axis=0)
                for weights in self._weights()
            ]
        )
        return _percentiles(values, self.count)

    def _weights(self) -> Iterator[Floats]:
        """Yield blocks (r, n): how often each resample holds each item."""
        rng = np.random.Generator(np.random.PCG64(SEED))
        shares = np.full(self.count, 1 / self.count)
        block = max(1, BLOCK_NUMBERS // len(self.of_item))
        for start in range(0, RESAMPLES, block):
            drawn = rng.multinomial(self.count, shares, size=min(block, RESAMPLES - start))
            yield drawn.astype(np.float64)[:, self.of_item]


class Bootstrap:
    """Resampled confusions of the sessions of one evaluation.

    ``predictions`` is (sessions, n), ``labels`` (n,) and ``groups`` n names, or ``None`` where
    every item is a unit of its own. Units with the same answers are drawn together, by their
    number, from one multinomial: the same distribution at a fraction of the cost.
    """

    def __init__(
        self, predictions: Integers, labels: Integers, k: int, groups: Sequence[str] | None
    ) -> None:
        self._shape = (len(predictions), k, k + 1)
        cells = labels * (k + 1) + answer_columns(predictions, k)
        width = k * (k + 1)
        self.grouped = groups is not None
        if groups is None:
            kinds, self._units_of_kind = np.unique(cells, axis=1, return_counts=True)
            counts = _count_cells(kinds, np.arange(kinds.shape[1]), width)
        else:
            _, group_of_item = np.unique(np.array(list(groups), object), return_inverse=True)
            counts = _count_cells(cells, group_of_item, width)
            counts, self._units_of_kind = np.unique(counts, axis=0, return_counts=True)
        self._counts = counts.astype(np.float64)  # exact, and multiplied much faster
        self._units = int(self._units_of_kind.sum())
        self.method = _method(self._units, groups)

    def intervals(self, metrics: Sequence[Metric]) -> list[tuple[float, float]]:
        """Return the percentile interval of each metric's mean over sessions.

        One unit says nothing of how units differ: its interval is (0, 1).
        """
        if self._units == 1:
            return [(0.0, 1.0) for _ in metrics]
        values = np.concatenate(
            [
                np.stack([metric(confusions).mean(axis=1) for metric in metrics], axis=1)
                for confusions in self._resampled()
            ]
        )
        return [_percentiles(column, self._units) for column in values.T]

    def _resampled(self) -> Iterator[Floats]:
        """Yield blocks (resamples, sessions, k, k + 1); the draws do not depend on their size."""
        rng = np.random.Generator(np.random.PCG64(SEED))
        shares = self._units_of_kind / self._units
        block = max(1, BLOCK_NUMBERS // max(self._counts.shape))
        for start in range(0, RESAMPLES, block):
            drawn = rng.multinomial(self._units, shares, size=min(block, RESAMPLES - start))
            yield (drawn.astype(np.float64) @ self._counts).reshape(-1, *self._shape)


def _method(units: int, groups: Sequence[str] | None) -> str:
    kind = "items" if groups is None else "groups"
    return (
        f"expanded percentile bootstrap over {units} {kind}, "
        f"{RESAMPLES} resamples, PCG64 seed {SEED}"
    )


def _percentiles(values: Floats, units: int) -> tuple[float, float]:
    tail = expanded_tail(units)
    low, high = np.quantile(values, (tail, 1 - tail))
    return float(low), float(high)


def _count_cells(cells: Integers, unit_of_column: Integers, width: int) -> Integers:
    """Count the cells (sessions, m) of each unit; return (units, sessions · width)."""
    sessions, units = len(cells), int(unit_of_column.max()) + 1
    rows = unit_of_column * sessions + np.arange(sessions)[:, np.newaxis]
    counts = np.bincount((rows * width + cells).ravel(), minlength=units * sessions * width)
    return counts.reshape(units, sessions * width)
