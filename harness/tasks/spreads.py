"""How far a metric may be from the truth: what it varies by, and how well that is known.

By units, items or groups, and by sessions, where answers differ between them. The variance of the
items' means over sessions holds what of the items *lasts*, and the *chance* of single answers,
which shows within the items and is taken off. The sessions' values about their mean hold that
chance too, and with it what the items of a session have in common: their variance is known by as
many degrees of freedom as there are sessions less one, and nothing is taken off it.

So there are two variances, of which one is badly known. Cochran's way, each with the squared
quantile of its own t (W. G. Cochran, Approximate significance levels of the Behrens-Fisher test,
Biometrics 20 (1964), 191-195), covers up to 97.7 % by three sessions; one quantile for their sum,
of F. E. Satterthwaite's degrees of freedom (Biometrics Bulletin 2 (1946), 110-114), 92.2 % at the
worst. The mean of both squares covers 94.3 to 96.8 % by three sessions and 94.9 to 95.8 % by five,
whatever the variances are (worked out by integrating over chi-squared, for normal values and many
units).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from harness.tasks.scoring import Floats
from harness.tasks.shares import Interval

LEAST = 0.4
"""Of the squared half width by items alone: sessions may agree by luck. The largest tenth that
keeps three sessions at 97 % where nothing lasts and nothing is in common."""
UNSEEN = 0.6
"""Of what an interval may miss: what the end for units that were not seen may. The other end misses
half, so that a 95 % interval misses about 5.5 % of the time. Four fifths left too little room: the
truth was held in 92 % by 100 groups of 10 to 50 items, counted by their number, of which one in
twenty errs whole and one item in twenty besides."""
_STEPS: Floats = np.arange(1, 17) / 16
"""Of the shares of units that are tried, from what was seen to the most that there may be."""
NOTHING = 1e-15
"""Of a variance: what is less is rounding."""


@dataclass(frozen=True)
class Spread:
    """How far a metric may be from what it would be on other units, in other sessions."""

    variance: float
    """Of the units' means over sessions: of what of them lasts, and of ``chance``."""
    units: int
    """That bear on the metric, and could have differed."""
    items: float
    """That bear on it."""
    sessions: int = 1
    chance: float = 0.0
    """What of the variance is of single answers that are otherwise in another session."""
    of_values: float = 0.0
    """The variance of the mean of the sessions' values, by these values: of chance and more."""
    worth: float | None = None
    """Of how many units of one size the units tell as much; ``None``: they are of one size."""

    @property
    def sessions_differ(self) -> bool:
        """Whether anything is otherwise in another session."""
        return max(self.chance, self.of_values) > NOTHING

    @property
    def varied(self) -> bool:
        """Whether units differ, or sessions by more than the chance of single answers."""
        return max(self.variance, self.of_values - self.chance) > NOTHING

    @property
    def grouped(self) -> bool:
        """Whether items belong together by groups."""
        return self.units < self.items

    @property
    def lasting(self) -> float:
        """What of the variance is of items that are hard, or easy, whichever the session."""
        return max(0.0, self.variance - self.chance)

    def times(self, factor: float) -> Spread:
        """Return the spread of which every variance is so many times this one's."""
        return replace(
            self,
            variance=factor * self.variance,
            chance=factor * self.chance,
            of_values=factor * self.of_values,
        )

    def square(self, quantile: float, *, units_known: bool = False) -> float:
        """Return the squared half width: each variance with quantiles of how well it is known.

        ``quantile`` is the level, as 0.975. ``units_known``: as if there were units without end, to
        hold one spread against another.
        """
        free = math.inf if units_known else max(self.units - 1, 1)
        of_units = _t(free, quantile) ** 2
        if not self.sessions_differ:
            return of_units * self.variance
        lasting = self.lasting
        total, others = lasting + self.of_values, self.sessions - 1
        least = LEAST * of_units * self.variance
        if total <= NOTHING:
            return least
        apart = of_units * lasting + _t(others, quantile) ** 2 * self.of_values
        below = lasting**2 / free + self.of_values**2 / others
        degrees = total**2 / below if below > 0 else math.inf
        return max((apart + _t(degrees, quantile) ** 2 * total) / 2, least)


def unseen(value: float, spread: Spread, confidence: float) -> Interval:
    """Return how near the ends may be, for units that are all wrong, or all right, and unseen.

    Items of a group are alike in a degree that nobody knows, and so are an item's answers in
    several sessions: what the units vary by shows nothing of units that err whole if none did. Let
    a share p of all be so. Of the n units, k = n s did, where s (1 - s) / n is the variance between
    them; that it was no more has a chance Q(p), by the binomial distribution. Then the end for the
    rest may miss in a share tail / Q(p) of cases, and all in all, for one k, in ``tail``:

        end = the least over p > s of (1 - (p - s) / (1 - s)) x the rest's end, at that tail.

    It is no proof, for k is drawn: an end by itself was seen to miss in up to 5 %. Sixteen p are
    tried. At the largest the rest leaves nothing open, and this is the exact end of a share of
    units; where units vary by much, it lies within what they vary by. The rest's end is a quantile
    of the beta distribution by Jeffreys' prior, of as many items as would vary as much (L. D.
    Brown, T. T. Cai and A. DasGupta, Interval estimation for a binomial proportion, Statistical
    Science 16 (2001), 101-133). Of groups of unlike sizes, n is the number of equal ones that tell
    as much.
    """
    units = float(spread.units) if spread.worth is None else spread.worth
    level = (1 + confidence) / 2
    between = spread.lasting if spread.sessions_differ else spread.variance
    seen = (1 - math.sqrt(max(0.0, 1 - 4 * between * units))) / 2
    tail = UNSEEN * (1 - confidence)
    most = special.betaincinv(seen * units + 1, (1 - seen) * units, 1 - tail)
    shares = seen + (most - seen) * _STEPS
    chances = special.betaincc(seen * units + 1, (1 - seen) * units, shares)
    tails = np.clip(tail / np.maximum(chances, tail), tail, 1.0)
    left = (1 - shares) / (1 - seen)
    square, alone = spread.square(level), value * (1 - value)

    def least(of: float) -> float:
        if min(square, alone) <= NOTHING:
            return float(left[-1]) * of
        items = alone * _t(math.inf, level) ** 2 / square
        ends = special.betaincinv(of * items + 0.5, (1 - of) * items + 0.5, tails)
        return float((left * ends).min())

    return least(value), 1 - least(1 - value)


def with_sessions(items: float, noise: float, values: Floats, shape: Spread) -> Spread:
    """Return the spread of the mean over sessions of ``values`` (sessions,).

    ``items`` is the variance of the mean over units. ``noise`` is the mean square of the sessions'
    values about their mean that is to be expected from chance in single units. ``shape`` tells of
    the units.
    """
    free = len(values) - 1
    if not free:
        return replace(shape, variance=items)
    return replace(
        shape,
        variance=items,
        sessions=len(values),
        chance=noise / free,
        of_values=float(values.var()) / free,
    )


def _t(degrees: float, quantile: float) -> float:
    """Return the quantile of Student's t; of the normal distribution where degrees have no end."""
    endless = math.isinf(degrees)
    return float(special.ndtri(quantile) if endless else special.stdtrit(degrees, quantile))
