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

Records of before have intervals of two older versions: the whole variance of the items' means, and
the sessions' variance less the chance of single answers, put together Cochran's way ("cochran") or
Satterthwaite's ("satterthwaite"). By few sessions what is left after taking off is not known by
their degrees of freedom: where little of the items lasts, they cover 89 to 92 %.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from scipy import special

from harness.tasks.scoring import Floats
from harness.tasks.shares import mid_p

Version: TypeAlias = Literal["both", "cochran", "satterthwaite"]
"""Of the method, the newest first; see above."""
LEAST = 0.4
"""Of the squared half width by items alone: sessions may agree by luck. The largest tenth that
keeps three sessions at 97 % where nothing lasts and nothing is in common."""
FEW_LASTING = 3
"""Items that err in every session: as many are told by the variance that they make."""
NOTHING = 1e-15
"""Of a variance: what is less is rounding."""


@dataclass(frozen=True)
class Spread:
    """How far a metric may be from what it would be on other units, in other sessions."""

    variance: float
    """As the older versions have it: of the items' means, and ``between``."""
    degrees: float
    """Of freedom, with which that is known; Satterthwaite's where it is of two."""
    units: int
    """That bear on the metric, and could have differed."""
    items: float
    """That bear on it."""
    between: float = 0.0
    """What of the variance is of whole sessions, beyond the chance of single answers."""
    sessions: int = 1
    chance: float = 0.0
    """What of the variance is of single answers that are otherwise in another session."""
    of_values: float = 0.0
    """The variance of the mean of the sessions' values, by these values: of chance and more."""

    @property
    def sessions_differ(self) -> bool:
        """Whether anything is otherwise in another session."""
        return max(self.chance, self.of_values) > NOTHING

    @property
    def lasting(self) -> float:
        """What of the variance is of items that are hard, or easy, whichever the session."""
        return max(0.0, self.variance - self.between - self.chance)

    def square(self, quantile: float, by: Version, *, units_known: bool = False) -> float:
        """Return the squared half width: each variance with quantiles of how well it is known.

        ``quantile`` is the level, as 0.975. ``units_known``: as if there were units without end, to
        hold one spread against another.
        """
        free = math.inf if units_known else max(self.units - 1, 1)
        if by == "both":
            return self._by_both(quantile, free)
        if by == "satterthwaite" or self.between <= NOTHING:
            return _t(self.degrees, quantile) ** 2 * self.variance
        of_units, of_sessions = _t(free, quantile), _t(self.sessions - 1, quantile)
        return of_units**2 * (self.variance - self.between) + of_sessions**2 * self.between

    def _by_both(self, quantile: float, free: float) -> float:
        of_items, of_units = self.variance - self.between, _t(free, quantile) ** 2
        if not self.sessions_differ:
            return of_units * of_items
        lasting = self.lasting
        total, others = lasting + self.of_values, self.sessions - 1
        least = LEAST * of_units * of_items
        if total <= NOTHING:
            return least
        apart = of_units * lasting + _t(others, quantile) ** 2 * self.of_values
        below = lasting**2 / free + self.of_values**2 / others
        degrees = total**2 / below if below > 0 else math.inf
        return max((apart + _t(degrees, quantile) ** 2 * total) / 2, least)


def beyond_few(spread: Spread, confidence: float) -> float:
    """Return how far a share of rare errors may be above what was seen, by several sessions.

    Items that err in every session are seen as seldom as there are items, however many sessions
    there are: of *n* of which none does, up to 3 / n may in truth. So what lasts is a share of its
    own, of as many of all units as its variance would have, with mid-P's upper end in place of its
    part of the square; both add up in quadrature (Zou and Donner, as for means of metrics).
    """
    quantile, units = (1 + confidence) / 2, spread.units
    share = (1 - math.sqrt(max(0.0, 1 - 4 * spread.lasting * units))) / 2
    if share * units >= FEW_LASTING:
        return 0.0
    beyond = mid_p(share, units, confidence)[1] - share
    known = _t(max(units - 1, 1), quantile) ** 2 * spread.lasting
    return math.hypot(beyond, math.sqrt(max(0.0, spread.square(quantile, "both") - known)))


def with_sessions(items: float, noise: float, values: Floats, shape: Spread) -> Spread:
    """Return the spread of the mean over sessions of ``values`` (sessions,).

    ``items`` is the variance of the mean over units, ``noise`` what the mean square of a session's
    value about the mean of all is to be expected by single units; ``shape`` tells of the units.
    """
    free = len(values) - 1
    seen = float(values.var())
    between = max(0.0, seen - noise) / free if free else 0.0
    below = items**2 / shape.degrees + (between**2 / free if free else 0.0)
    degrees = (items + between) ** 2 / below if below > 0 else shape.degrees
    return replace(
        shape,
        variance=items + between,
        degrees=degrees,
        between=between,
        sessions=len(values),
        chance=noise / free if free else 0.0,
        of_values=seen / free if free else 0.0,
    )


def _t(degrees: float, quantile: float) -> float:
    """Return the quantile of Student's t; of the normal distribution where degrees have no end."""
    endless = math.isinf(degrees)
    return float(special.ndtri(quantile) if endless else special.stdtrit(degrees, quantile))
