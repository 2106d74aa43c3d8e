"""Sums and means that come out the same, to the last digit, on every Python.

Python's own ``sum`` of floats carries what rounding loses along from version 3.12 on, and its
``fmean`` with weights is another since then; files are the same byte for byte wherever they are
made. Whatever adds up floats that end in a file does it here, or by ``fmean`` without weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import mul


def total(values: Sequence[float]) -> float:
    """Return the sum, rounded once; infinite, or no number, where a sum of floats would be."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond floats on the way, or of two infinities
        return _one_by_one(values)


def weighted_mean(values: Sequence[float], weights: Sequence[float]) -> float:
    """Return the mean of ``values``, each of which counts for its weight."""
    return total([*map(mul, values, weights)]) / total(weights)


def _one_by_one(values: Sequence[float]) -> float:
    so_far = 0.0
    for each in values:
        so_far += each
    return so_far
