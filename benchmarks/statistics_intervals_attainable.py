"""Whether any interval could hold a truth as often as is asked, for ``statistics_intervals.py``.

An estimate that is made of few counts takes few values. An interval whose ends never fall as the
estimate rises holds a truth for the estimates from one value to another, so that it covers what
these values have together, and nothing between one such sum and the next.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
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
