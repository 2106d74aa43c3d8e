"""How uncertainties add up: standard ones in quadrature, stated as half-widths at 95 %.

After the *Guide to the expression of uncertainty in measurement* (JCGM 100:2008): a quantity that
may lie anywhere within +-h has the standard uncertainty h / sqrt(3) (4.3.7); independent ones add
in quadrature (5.1.2); the sum, multiplied by a coverage factor k, is what is stated (6.2.1).
"""

from __future__ import annotations

import math

COVERAGE = 1.96
"""k for 95 % of a normal distribution; sums of a few uniform errors are covered a little better."""


def of_half_range(half_range: float) -> float:
    """Return the standard uncertainty of what may lie anywhere within ``+-half_range``."""
    return half_range / math.sqrt(3)


def of_step(step: float) -> float:
    """Return the standard uncertainty of what was cut down to a multiple of ``step``."""
    return of_half_range(step / 2)


def expanded(*standard: float) -> float:
    """Return the half-width at 95 % of independent standard uncertainties together."""
    return COVERAGE * math.hypot(*standard)
