"""Statistics whose error is known in part only, on the scale of a standard normal.

What items let a quality move by is known of all their signs. What whole sessions have in common is
known from a few sessions: a variance of few degrees of freedom. A difference then has to exceed
the root of z² x what is known + t(z)² x what is not, each part with the quantile of its own law: W.
G. Cochran's approximation (Biometrics 20 (1964), 191-195) with variances as weights. A mean of
degrees of freedom (Satterthwaite's) would take a variance that came out small for a sure one.
"""

from __future__ import annotations

import numpy as np

from harness.ranking.evidence import BetweenSessions, Booleans, Floats, Integers
from harness.ranking.maxima import normal_scale, student_scale

_HALVINGS = 45


def pairwise(variances: Floats) -> Floats:
    """Return (entries, entries): the sums of two."""
    sums: Floats = np.add.outer(variances, variances)
    return sums


def unsure_scale(apart: Floats, squares: Floats, between: BetweenSessions) -> Floats:
    """Return (entries, entries): z, signed like ``apart``; 0 where neither variance is above 0.

    ``squares`` (entries, entries) is the variance that is known. Where the other is 0, z is
    ``apart`` over the root of that.
    """
    both = pairwise(between.variances)
    total = squares + both
    z = np.divide(apart, np.sqrt(total), out=np.zeros_like(apart), where=total > 0)
    one, other = np.nonzero((both > 0) & (apart != 0))
    if not len(one):
        return z
    gap, known = np.square(apart[one, other]), squares[one, other]
    low, high = np.zeros(len(one)), np.abs(z[one, other])
    for entries in (one, other):
        has, variances, freedom = _of(between, entries)
        most = normal_scale(gap[has] / variances, freedom)
        high[has] = np.minimum(high[has], most)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        needed = np.square(middle) * known
        for entries in (one, other):
            needed += unsure_part(middle, between, entries)
        low, high = np.where(needed <= gap, middle, low), np.where(needed <= gap, high, middle)
    z[one, other] = np.sign(apart[one, other]) * low
    return z


def unsure_part(z: Floats, between: BetweenSessions, entries: Integers) -> Floats:
    """Return t(z)² x the variance of each of some entries, (k,) like both; 0 where that is 0."""
    has, variances, freedom = _of(between, entries)
    part = np.zeros(len(entries))
    part[has] = variances * np.square(student_scale(z[has], freedom))
    return part


def _of(between: BetweenSessions, entries: Integers) -> tuple[Booleans, Floats, Floats]:
    has: Booleans = between.variances[entries] > 0
    return has, between.variances[entries[has]], between.freedom[entries[has]]
