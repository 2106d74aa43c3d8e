"""The bound that the largest noise of all statements keeps to, while they get fewer.

It is an order statistic of the draws, and so most draws need not be known exactly: of nineteen in
twenty it is enough that their largest statistic is no higher. A few draws, gone through pair by
pair, tell where the bound will lie; somewhat below it a floor is set, and of every draw only what
exceeds the floor is looked for (``peaks``). Should the bound come down to the floor, because few
statements are left, the floor is lowered and those draws are looked at again. What comes out is
what going through every pair of every draw gives, at a small part of the cost.
"""

from __future__ import annotations

import math

import numpy as np

from harness.ranking.evidence import Floats, Integers
from harness.ranking.maxima import Active, Noise, largest_of
from harness.ranking.peaks import chain, peaks_above

PILOT = 64
"""How many draws are gone through pair by pair, to set the floor."""
ABOVE_FLOOR = 4
"""How many times as many draws as exceed the bound are to exceed the floor: then the bound stays
above it, though three quarters of the statements should leave, or the pilot be a little off."""


def bound_of(largest: Floats, confidence: float) -> float:
    """Return what the largest statistic exceeds in no more than 1 - confidence of all boards.

    That is an order statistic of the draws with what was seen counted among them, and infinite for
    too few draws. Raises ``ValueError`` for a confidence that is not between 0 and 1.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence is between 0 and 1, not {confidence}")
    position = math.ceil(confidence * (len(largest) + 1) - 1e-9)
    if position > len(largest):
        return math.inf
    return float(np.partition(largest, position - 1)[position - 1])


class Largest:
    """The largest statistic in every draw, of fewer and fewer active statements.

    With fewer statements no draw's largest grows, and it stays what it is while the statement that
    has it stays. So after the first time only those draws are gone through again that have lost
    theirs, and may still decide where the bound lies.
    """

    def __init__(self, noise: Noise) -> None:
        self._noise = noise
        self._order = chain(noise.with_unseen_error)
        self._floor = math.inf
        self._at_most = np.full(noise.draws, math.inf)
        self._exact = np.zeros(noise.draws, dtype=bool)
        self._holders = np.full(noise.draws, -1)

    def bound(self, active: Active, confidence: float) -> float:
        """Return ``bound_of`` the draws; ``active`` is a part of what it was the last time."""
        self._exact &= (self._holders >= 0) & active.statements[self._holders]
        while True:
            bound = bound_of(self._at_most, confidence)
            needed = np.flatnonzero(~self._exact & (self._at_most >= bound))
            if not len(needed):
                return bound
            if self._floor > 0 and bound <= self._floor:
                self._lower_floor(active, confidence)
            self._look(active, needed)

    def _lower_floor(self, active: Active, confidence: float) -> None:
        pilot = largest_of(self._noise, active, np.arange(min(PILOT, self._noise.draws)))
        level = max(0.0, 1 - ABOVE_FLOOR * (1 - confidence))
        floor = float(np.quantile(pilot, level))
        self._floor = floor if floor < self._floor else 0.0

    def _look(self, active: Active, rows: Integers) -> None:
        found = peaks_above(self._floor, self._noise, active, rows, self._order)
        self._at_most[rows] = found.values
        self._holders[rows] = found.holders
        self._exact[rows] = (found.values > self._floor) | (self._floor == 0)
