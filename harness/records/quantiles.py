"""Quantiles of Student's t: as SciPy has them, and those that every row asks for without SciPy.

To import ``scipy.special`` takes each process that reads records a quarter of a second, which is as
long as it reads hundreds of them.
"""

from __future__ import annotations

import math
from functools import lru_cache

CONFIDENCE = 0.95
ALPHA = 1 - CONFIDENCE
"""How often an interval may miss what it is of."""

_AT_ALPHA = {
    1: 12.706204736174694,
    2: 4.302652729749462,
    3: 3.1824463052837078,
    4: 2.7764451051977934,
    5: 2.5705818356363146,
    6: 2.4469118511449786,
    7: 2.364624251592784,
    8: 2.306004135204166,
    9: 2.262157162798205,
    10: 2.228138851986274,
    11: 2.200985160091639,
    12: 2.1788128296672284,
    13: 2.1603686564627913,
    14: 2.144786687917804,
    15: 2.131449545559776,
    16: 2.1199052992212546,
    17: 2.1098155778333156,
    18: 2.1009220402410382,
    19: 2.0930240544083087,
    20: 2.085963447265864,
    21: 2.0796138447276795,
    22: 2.0738730679040254,
    23: 2.0686576104190486,
    24: 2.0638985616280245,
    math.inf: 1.9599639845400538,
}
"""By degrees of freedom, at ``ALPHA``: what SciPy gives, to the last digit; a test holds it."""


@lru_cache(maxsize=1024)  # of few degrees and levels, and asked for by every row
def t_quantile(degrees: float, alpha: float = ALPHA) -> float:
    """Return what Student's t of ``degrees`` exceeds, on either side, in a share ``alpha``."""
    known = _AT_ALPHA.get(degrees) if alpha == ALPHA else None
    return scipy_t_quantile(degrees, alpha) if known is None else known


def scipy_t_quantile(degrees: float, alpha: float) -> float:
    """Return the same as SciPy works it out."""
    # What scipy.stats.t.ppf calls, without importing scipy.stats.
    from scipy.special import stdtrit  # noqa: PLC0415 - see above

    return float(stdtrit(degrees, 1 - alpha / 2))
