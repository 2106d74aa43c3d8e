"""How often an interval may miss that is looked at while it is waited for. Pure.

Sessions are added until the interval is narrow enough, or a cap is reached. An evaluation that
happened to see little spread stops early, so that an interval of 95 % at its stop covers less: as
little as 92.3 % for looks at 5, 8, 12 and 18. Each look therefore gets the same, smaller alpha (as
S. J. Pocock has it, Biometrika 64 (1977), 191-199), the largest for which the interval at the stop
misses in at most the wanted share of cases however large the spread really is.

It is worked out and not drawn at random. Of a normal distribution the mean and the spread are
independent, and the stop depends on the spread alone (F. J. Anscombe, Proceedings of the Cambridge
Philosophical Society 45 (1949), 455-458): with Q the sum of squares about the mean, of chi squared
with n - 1 degrees of freedom over the true variance, the interval of the n sessions misses in a
share erfc(t sqrt(Q / (n - 1)) / sqrt 2). Q grows from look to look by an independent chi squared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt

CELLS = 2048
"""Into which the range of Q is cut."""
SPREADS = 48
"""How many true spreads are tried, from one so small that the first look stops to one so large
that only the cap does."""
BEYOND = 1e-9
"""Of Q: what is rarer is counted as the most that is tried."""
STEPS = 12
"""Halvings of the range in which alpha is sought."""
DIGITS = 10_000
"""Alpha is cut down to a multiple of 1 / this: other versions of SciPy give the same."""

Floats = npt.NDArray[np.float64]


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
    low, high = wanted / len(looks), wanted  # by Bonferroni the first is safe
    for _ in range(STEPS):
        middle = (low + high) / 2
        if worst_miss(looks, (middle,) * len(looks)) <= wanted:
            low = middle
        else:
            high = middle
    return math.floor(low * DIGITS) / DIGITS


def worst_miss(looks: Sequence[int], alphas: Sequence[float]) -> float:
    """Return how often the interval at the stop misses, for the spread where that is most often."""
    return float(misses(looks, alphas).max())


def misses(looks: Sequence[int], alphas: Sequence[float]) -> Floats:
    """Return (spreads,): how often the interval at the stop misses, for each true spread tried.

    A cell of Q counts as its middle, and what is added to Q as the next whole number of cells.
    """
    from scipy.special import chdtri, erfc, stdtrit  # noqa: PLC0415 - long to import, seldom asked

    sessions = np.array(looks, np.float64)
    quantiles = np.asarray(stdtrit(sessions - 1, 1 - np.array(alphas) / 2), np.float64)
    top = float(chdtri(looks[-1] - 1, BEYOND))
    edges = np.linspace(0.0, top, CELLS + 1)
    middles = (edges[1:] + edges[:-1]) / 2
    around = np.concatenate([[0.0], middles])
    stops = _stops(sessions, quantiles)
    alive = np.tile(_cells(looks[0] - 1, edges), (len(stops), 1))
    missed = np.zeros(len(stops))
    for k, look in enumerate(looks):
        if k:
            alive = _grown(alive, _cells(look - looks[k - 1], around))
        last = k == len(looks) - 1
        stopped = np.where(last | (middles <= stops[:, k, np.newaxis]), alive, 0.0)
        share = erfc(quantiles[k] * np.sqrt(middles / (look - 1) / 2))
        missed += stopped @ share
        alive = alive - stopped
    return missed


def _stops(sessions: Floats, quantiles: Floats) -> Floats:
    """Return (spreads, looks): the Q up to which a look stops, the interval being narrow enough.

    t sqrt(Q / ((n - 1) n)) <= width, for widths from where hardly any first look is narrow enough
    to where hardly any look is not.
    """
    scale = sessions * (sessions - 1) / quantiles**2
    from scipy.special import chdtri  # noqa: PLC0415 - as above

    rare, usual = chdtri(sessions - 1, 1 - 1e-3), chdtri(sessions - 1, 1e-3)
    squares = np.geomspace((rare / scale).min(), (usual / scale).max(), SPREADS)
    stops: Floats = squares[:, np.newaxis] * scale
    return stops


def _cells(degrees: int, edges: Floats) -> Floats:
    """Return (cells,): how much of chi squared lies in each; what lies beyond, in the last."""
    from scipy.special import chdtr  # noqa: PLC0415 - as above

    mass: Floats = np.diff(chdtr(degrees, edges))
    mass[-1] += 1 - mass.sum()
    return mass


def _grown(alive: Floats, added: Floats) -> Floats:
    """Return (spreads, cells): the sum of Q and what is added; what goes beyond, in the last."""
    length = 2 * len(added)
    spectrum = np.fft.rfft(alive, length, axis=1) * np.fft.rfft(added, length)
    whole = np.maximum(np.fft.irfft(spectrum, length, axis=1), 0.0)
    grown: Floats = whole[:, : len(added)]
    grown[:, -1] += whole[:, len(added) :].sum(axis=1)
    return grown
