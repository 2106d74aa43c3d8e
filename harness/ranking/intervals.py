"""Intervals over sessions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, stdev

from scipy.special import stdtrit  # what scipy.stats.t.ppf calls, without importing scipy.stats

CONFIDENCE = 0.95


def log_t_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of the geometric mean: Student's t on the logarithms.

    Energies of sessions vary by factors, and a percentile bootstrap of so few covers too rarely
    (89 % at ten). ``None`` for fewer than two values, a value that is not positive, or values so
    far apart that the interval leaves the range of floating point.
    """
    if len(values) < 2 or min(values) <= 0:  # noqa: PLR2004 - two values make a spread
        return None
    logs = [math.log(value) for value in values]
    quantile = float(stdtrit(len(logs) - 1, (1 + CONFIDENCE) / 2))
    half_width = quantile * stdev(logs) / math.sqrt(len(logs))
    try:
        low, high = math.exp(fmean(logs) - half_width), math.exp(fmean(logs) + half_width)
    except OverflowError:
        return None
    return (low, high) if low > 0 else None


def log_mean(values: Sequence[float]) -> float:
    """Return the geometric mean, the centre of ``log_t_interval``, of positive values."""
    return math.exp(fmean(math.log(value) for value in values))
