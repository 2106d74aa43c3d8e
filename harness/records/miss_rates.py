"""How often an interval misses that is looked at while sessions are added, at its stop. Pure.

It is worked out and not drawn at random. Of a normal distribution the mean and the spread are
independent, and the stop depends on the spread alone (F. J. Anscombe, Proceedings of the Cambridge
Philosophical Society 45 (1949), 455-458): with Q the sum of squares about the mean, of chi squared
with n - 1 degrees of freedom over the true variance, the interval of the n sessions misses in a
share erfc(t sqrt(Q / (n - 1)) / sqrt 2). Q grows from look to look by an independent chi squared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import chdtr, chdtri, erfc, stdtrit

CELLS = 2048
"""Into which the range of Q is cut."""
SPREADS = 48
"""How many true spreads are tried, from one so small that the first look stops to one so large
that only the cap does."""
BEYOND = 1e-9
"""Of Q: what is rarer is counted as the most that is tried."""

Floats = npt.NDArray[np.float64]


def worst_miss(looks: Sequence[int], alphas: Sequence[float]) -> float:
    """Return how often the interval at the stop misses, for the spread where that is most often."""
    return float(misses(looks, alphas).max())


def misses(looks: Sequence[int], alphas: Sequence[float]) -> Floats:
    """Return (spreads,): how often the interval at the stop misses, for each true spread tried.

    A cell of Q counts as its middle, and what is added to Q as the next whole number of cells.
    """
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
    rare, usual = chdtri(sessions - 1, 1 - 1e-3), chdtri(sessions - 1, 1e-3)
    squares = np.geomspace((rare / scale).min(), (usual / scale).max(), SPREADS)
    stops: Floats = squares[:, np.newaxis] * scale
    return stops


def _cells(degrees: int, edges: Floats) -> Floats:
    """Return (cells,): how much of chi squared lies in each; what lies beyond, in the last."""
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
