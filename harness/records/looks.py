"""How often an interval may miss that is looked at while it is waited for. Pure.

Sessions are added until the interval is narrow enough, or a cap is reached. An evaluation that
happened to see little spread stops early, so that an interval of 95 % at its stop covers less: as
little as 92.3 % for looks at 5, 8, 12 and 18. Each look therefore gets the same, smaller alpha (as
S. J. Pocock has it, Biometrika 64 (1977), 191-199), the largest for which the interval at the stop
misses in at most the wanted share of cases however large the spread really is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

STEPS = 12
"""Halvings of the range in which alpha is sought."""
DIGITS = 10_000
"""Alpha is cut down to a multiple of 1 / this: other versions of SciPy give the same."""


def look_alphas(looks: Sequence[int], confidence: float = 0.95) -> tuple[float, ...]:
    """Return the alpha of the interval at each of ``looks``, numbers of sessions that rise.

    Whoever stops at a look publishes the interval of that look's alpha. A single look needs no
    correction. Raises ``ValueError`` for looks that do not rise from 2 or more.
    """
    numbers = tuple(looks)
    rising = all(one < other for one, other in pairwise(numbers))
    if not numbers or numbers[0] < 2 or not rising:  # noqa: PLR2004 - two values make a spread
        raise ValueError(f"looks {list(numbers)} do not rise from 2 sessions or more")
    return (_alpha(numbers, confidence),) * len(numbers)


@cache
def _alpha(looks: tuple[int, ...], confidence: float) -> float:
    wanted = 1 - confidence
    if len(looks) == 1:
        return wanted
    from harness.records.miss_rates import worst_miss  # noqa: PLC0415 - brings NumPy and SciPy

    low, high = wanted / len(looks), wanted  # by Bonferroni the first is safe
    for _ in range(STEPS):
        middle = (low + high) / 2
        if worst_miss(looks, (middle,) * len(looks)) <= wanted:
            low = middle
        else:
            high = middle
    return math.floor(low * DIGITS) / DIGITS
