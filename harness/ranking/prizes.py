"""The two prizes, each with ranks of its own and joint winners where they cannot be told apart.

Both follow from the statements of the ranking, which hold for all pairs at once: a prize is no
further test, and makes no further error. Whether an entry may compete is read off the pessimistic
end of its own interval.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.ranking.evidence import Booleans, Floats, Integers


@dataclass(frozen=True, eq=False)
class Prize:
    """Who competes for a prize, and who has it. All arrays are in the order of the entries."""

    competes: Booleans
    """(entries,)."""
    rank: Integers
    """(entries, 2): best and worst among those that compete; 0, 0 for the others."""
    winners: Booleans
    """(entries,): whom no other competitor is known to surpass. With the confidence of the ranking
    the true best is among them; several are joint winners."""


def least_energy(
    less_energy: Booleans, quality_low: Floats, quality_floor: float, may_compete: Booleans
) -> Prize:
    """Award the least energy among entries whose quality surely clears the floor.

    ``less_energy`` is the ranking's, ``quality_low`` the lower ends of the intervals (entries,);
    ``may_compete`` leaves out entries that compete for nothing, and those without energy.
    """
    return _award(less_energy, may_compete & (quality_low >= quality_floor))


def best_quality(
    better_quality: Booleans, joules_high: Floats, budget_joules: float, may_compete: Booleans
) -> Prize:
    """Award the best quality among entries whose energy is surely within the budget.

    ``better_quality`` is the ranking's, ``joules_high`` the upper ends of the intervals of joules
    per 1,000 queries (entries,), infinite where there is none; ``may_compete`` as above.
    """
    return _award(better_quality, may_compete & (joules_high <= budget_joules))


def _award(ahead: Booleans, competes: Booleans) -> Prize:
    among = ahead & np.logical_and.outer(competes, competes)
    best = 1 + among.sum(axis=0)
    worst = competes.sum() - among.sum(axis=1)
    rank = np.where(competes[:, np.newaxis], np.stack([best, worst], axis=1), 0)
    return Prize(competes=competes, rank=rank, winners=competes & (best == 1))
