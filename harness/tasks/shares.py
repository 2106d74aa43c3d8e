"""Intervals of a share that was seen on so many independent items.

Counts of right answers are whole numbers, so that no interval holds every share equally often. The
exact one (where few are right, or few wrong) and Wilson's together hold any in at least 93.4 % of
cases on 86 items or more; they are for shares of counted items. Mid-P's holds some in 91.7 %: one
of which three errors are to be expected, of which none is seen in 5 %. But metrics that are no such
counts (an F1, means of several shares, or of sessions that differ) lack most of those steps, and
the exact interval holds them in up to 98 %: they have mid-P's.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeAlias

from scipy import special

Interval: TypeAlias = tuple[float, float]
CONFIDENCE = 0.95
FEW, FEW_OF_SMALL, SMALL = 9.5, 14.5, 500
"""Right or wrong answers: with fewer, Wilson's covers 90 % at the worst, and 92.5 % with up
to fourteen of fewer than 500 items. The exact one covers 95 % at the least, and often 98 %."""
TRACE = 1e-9
"""Of an item: less is none, for which quantiles of the beta distribution are not exact."""
HALVINGS = 60
"""Of an interval of shares, till it is as narrow as floats are."""


def wilson(share: float, items: float, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's score interval of a share seen on ``items`` independent items.

    E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209-212.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    shrink = 1 + z * z / items
    centre = (share + z * z / (2 * items)) / shrink
    half = z / shrink * math.sqrt(share * (1 - share) / items + (z / (2 * items)) ** 2)
    return max(0.0, centre - half), min(1.0, centre + half)


def exact(share: float, items: float, confidence: float = CONFIDENCE) -> Interval:
    """Return the exact interval, whose ends are quantiles of beta distributions.

    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934), 404-413. ``items`` need not be whole.
    """
    tail = (1 - confidence) / 2
    right, wrong = share * items, (1 - share) * items
    low = special.betaincinv(right, wrong + 1, tail) if right > 0 else 0.0
    high = special.betaincinv(right + 1, wrong, 1 - tail) if wrong > 0 else 1.0
    return float(low), float(high)


def mid_p(share: float, items: float, confidence: float = CONFIDENCE) -> Interval:
    """Return the exact interval that counts what was seen by half of its chance.

    H. O. Lancaster, Significance tests in discrete distributions, Journal of the American
    Statistical Association 56 (1961), 223-234. ``items`` need not be whole. None right of n ends
    at 1 - (1 - confidence)^(1/n).
    """
    tail = (1 - confidence) / 2
    right, wrong = share * items, (1 - share) * items
    return _mid_p_low(right, wrong, tail), 1 - _mid_p_low(wrong, right, tail)


def _mid_p_low(right: float, wrong: float, tail: float) -> float:
    """Return the share at which ``right`` or more would be seen in ``tail`` of cases, by halving.

    It lies between the quantiles for "as many or more" and for "more", of which it is the mean.
    """
    if right <= TRACE:
        return 0.0
    low = float(special.betaincinv(right, wrong + 1, tail))
    high = float(special.betaincinv(right + 1, wrong, tail)) if wrong > TRACE else 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        more = special.betainc(right + 1, wrong, middle) if wrong > TRACE else 0.0
        if special.betainc(right, wrong + 1, middle) + more > 2 * tail:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def of_share(share: float, items: float, confidence: float = CONFIDENCE) -> Interval:
    """Return Wilson's interval, or the exact one where few are right, or few wrong.

    It covers at least 93.4 % of any share on 86 items or more, by summing the binomial
    distribution.
    """
    few = FEW_OF_SMALL if items < SMALL else FEW
    method = exact if items * min(share, 1 - share) < few else wilson
    return method(share, items, confidence)
