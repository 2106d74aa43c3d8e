"""The quality of two entries on the same items: how far apart, and whether it can be told. Pure.

Throughout ``b`` is compared with ``a``: a difference is b's quality less a's.

Right or wrong, item by item: McNemar's exact test (Q. McNemar, Psychometrika 12 (1947), 153-157;
exact, not mid-p: mid-p calls up to 7 % of equal pairs different where few items are answered
differently, the exact test never more than 5 %) with Tango's score interval (T. Tango, Statistics
in Medicine 17 (1998), 891-908). Where sessions of one entry disagree on an item, it counts by the
share of sessions that got it right, and the test is the one that McNemar's is a case of: every
item's difference has its sign turned at random (R. A. Fisher, The Design of Experiments, 1935,
section 21). Tango's interval then takes these shares for counts, which is to the wide side: no
square of a share is more than the share.

Any other metric, and items that belong to groups: the bootstrap of the difference, over the same
resampled units for both; its percentiles are expanded for few units, where plain ones are too
narrow (T. Hesterberg, The American Statistician 69 (2015), 371-386), and reach as far as units may
differ of which none was seen. Without the outcomes of single
items: each entry's own interval, put together by MOVER (G. Y. Zou and A. Donner, Statistics in
Medicine 27 (2008), 1693-1702) as if they had been judged on different items, which is to the wide
side where good entries agree.

What sessions of one entry differ by as wholes, beyond what single items by themselves explain, is
added to every interval, by Student's t.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist, fmean, pvariance
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, stdtrit

from harness.records.base import Frozen
from harness.records.board import Interval

Floats: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]
QualityStatus: TypeAlias = Literal["better", "worse", "equivalent", "not-told-apart"]

CONFIDENCE = 0.95
POWER = 0.8
"""How often what it would take is to suffice, by the figures seen."""
MOST_STEPS = 1 << 17
"""Beyond so many steps of the sum, hundreds of differing items, the normal law stands in."""
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
_Z_POWER = _Z + NormalDist().inv_cdf(POWER)
_BISECTIONS = 60


@dataclass(frozen=True)
class RightOrWrong:
    """In how many sessions each item was answered rightly, by either entry: (n,) both."""

    a: Integers
    b: Integers
    sessions_a: int
    sessions_b: int


@dataclass(frozen=True)
class Resampled:
    """A metric that is no share of items, or whose items belong to groups."""

    difference: float
    resamples: Floats
    """(r,): the difference in each resample of the units, the same ones for both entries."""
    units: int
    worth: float
    """Of how many units of one size they tell as much: (sum of sizes)² / sum of squared sizes; of
    several classes as the fewest of one do, see ``resampling.of_whole_units``."""
    method: str


@dataclass(frozen=True)
class OfSessions:
    """The metric of one entry, session by session; empty where it is not known."""

    values: tuple[float, ...] = ()
    noise: float = 0.0
    """The mean square about their mean that single items by themselves let them have."""

    @property
    def between(self) -> float:
        """The variance of the mean of sessions that differ as wholes, beyond what items explain.

        0 where nobody knows, of one session, and where items explain it all.
        """
        free = len(self.values) - 1
        return max(0.0, pvariance(self.values) - self.noise) / free if free >= 1 else 0.0


UNKNOWN = OfSessions()


@dataclass(frozen=True)
class Apart:
    """What is left where no outcomes of single items are at hand: value, low and high."""

    a: tuple[float, float, float]
    b: tuple[float, float, float]


class QualityFinding(Frozen, kw_only=True):
    """How the quality of b differs from that of a."""

    status: QualityStatus
    difference: float
    difference_interval: Interval
    """At 95 %; widened to hold 0 where the exact test does not tell the two apart."""
    p_value: float | None = None
    """Two-sided; ``None`` where the interval alone decides."""
    method: str
    paired: bool
    """Whether the same items were compared."""
    only_a_right: float | None = None
    """Items that only a answered rightly, fractions where sessions disagree; ``None`` where the
    metric is no share of items."""
    only_b_right: float | None = None
    items_needed: int | None = None
    """What it would take, at 80 %, to settle it by figures such as these: to tell a difference as
    large as the one seen, or to show that it is within the margin, whichever takes less. ``None``
    where it is settled, or where no number would do."""
    groups_needed: int | None = None
    """In how many groups these must stand, where items belong to groups: more items of the same
    ones would not do."""


def compare_quality(
    evidence: RightOrWrong | Resampled | Apart,
    *,
    items: int,
    margin: float,
    of_sessions: tuple[OfSessions, OfSessions],
) -> QualityFinding:
    """Compare what two entries answered.

    ``margin`` is the difference that counts as none, in the metric's own unit; ``of_sessions`` are
    a's and b's. Raises ``ValueError`` where there are no items.
    """
    if items < 1:
        raise ValueError("no items to compare on")
    extra = math.hypot(*map(_between_sessions, of_sessions))
    if isinstance(evidence, RightOrWrong):
        return _right_or_wrong(evidence, margin, extra)
    if isinstance(evidence, Resampled):
        difference, seen = evidence.difference, _percentiles(evidence)
        interval, unseen = _bootstrap(evidence, seen), _unseen(evidence)
        method, paired = f"paired {evidence.method}", True
    else:
        difference, interval = _mover(evidence)
        seen, unseen = interval, 0.0
        method, paired = "intervals of each entry, put together (MOVER)", False
    interval = _widened(interval, difference, extra)
    needed, groups = None, None
    if not _is_settled(interval, margin):
        seen = _widened(seen, difference, extra)
        needed = _items_needed(difference, seen, items, margin, extra, unseen=unseen)
    if needed is not None and isinstance(evidence, Resampled) and evidence.units < items:
        groups = math.ceil(evidence.units * needed / items)
    return QualityFinding(
        status=_status(difference, interval, margin),
        difference=difference,
        difference_interval=interval,
        method=method,
        paired=paired,
        items_needed=needed,
        groups_needed=groups,
    )


def sign_flip_p(differences: Integers) -> float:
    """Return the exact two-sided p of Fisher's test that each difference might have either sign.

    ``differences`` (n,) are whole numbers. Of -1, 0 and 1 it is McNemar's exact p. By the normal
    law where the sum has more than ``MOST_STEPS`` steps.
    """
    sizes = np.abs(differences[differences != 0])
    if not len(sizes):
        return 1.0
    total = int(abs(differences.sum()))
    step = int(np.gcd.reduce(sizes))
    sizes, total = sizes // step, total // step
    if int(sizes.max()) == 1:
        fewer = (len(sizes) - total) // 2
        return min(1.0, 2 * float(bdtr(fewer, len(sizes), 0.5)))
    if int(sizes.sum()) > MOST_STEPS:
        return 2 * NormalDist().cdf(-total / math.sqrt(float((sizes.astype(float) ** 2).sum())))
    return 1.0 if total == 0 else min(1.0, 2 * float(_law_of_sum(sizes)[total:].sum()))


def tango_interval(only_b: float, only_a: float, items: int) -> Interval:
    """Return Tango's 95 % score interval of the difference (only_b - only_a) / items."""

    def score(difference: float) -> float:
        linear = -only_b - only_a + (2 * items - only_b + only_a) * difference
        constant = -only_a * difference * (1 - difference)
        root = math.sqrt(max(0.0, linear * linear - 8 * items * constant))
        other = max(0.0, (root - linear) / (4 * items))
        variance = items * (2 * other + difference * (1 - difference))
        gap = only_b - only_a - items * difference
        return gap / math.sqrt(variance) if variance > 0 else math.copysign(math.inf, gap)

    seen = (only_b - only_a) / items
    return _where(lambda d: score(d) <= _Z, -1.0, seen), _where(lambda d: score(d) < -_Z, seen, 1.0)


def expanded_tail(units: int) -> float:
    """Return the share of resamples to leave out on each side: 2.5 % for many units, less for few.

    Φ(-√(n / (n - 1)) · t), with t the quantile of Student's t of n - 1 degrees of freedom.
    """
    t = float(stdtrit(units - 1, (1 + CONFIDENCE) / 2))
    return NormalDist().cdf(-math.sqrt(units / (units - 1)) * t)


def _right_or_wrong(evidence: RightOrWrong, margin: float, extra: float) -> QualityFinding:
    items = len(evidence.a)
    scale = math.lcm(evidence.sessions_a, evidence.sessions_b)
    differences = evidence.b * (scale // evidence.sessions_b)
    differences = differences - evidence.a * (scale // evidence.sessions_a)
    only_b = float(differences[differences > 0].sum()) / scale
    only_a = float(-differences[differences < 0].sum()) / scale
    difference = (only_b - only_a) / items
    p = sign_flip_p(differences)
    interval = _widened(tango_interval(only_b, only_a, items), difference, extra)
    if p > 1 - CONFIDENCE:
        interval = min(interval[0], 0.0), max(interval[1], 0.0)
    whole = bool(np.all(differences % scale == 0))
    test = "McNemar's exact test" if whole else "exact sign-flip test on shares of sessions"
    return QualityFinding(
        status=_status(difference, interval, margin),
        difference=difference,
        difference_interval=interval,
        p_value=p,
        method=f"{test}, Tango's interval",
        paired=True,
        only_a_right=only_a,
        only_b_right=only_b,
        items_needed=None
        if _is_settled(interval, margin)
        else _items_needed(
            difference,
            interval if differences.any() else (0.0, 0.0),
            items,
            margin,
            extra,
            unseen=0.0 if differences.any() else _none_of(items),
        ),
    )


def _law_of_sum(sizes: Integers) -> Floats:
    """Return the probabilities of 0, 1, 2 … for the sum of sizes whose signs are tossed.

    From its characteristic function, a product of cosines, at as many points as tell all sums
    apart.
    """
    points = 1 << int(2 * sizes.sum() + 1).bit_length()
    angles = 2 * np.pi * np.arange(points // 2 + 1) / points
    kinds, counts = np.unique(sizes, return_counts=True)
    law = np.ones(len(angles))
    for kind, count in zip(kinds.tolist(), counts.tolist(), strict=True):
        law *= np.cos(kind * angles) ** count
    probabilities: Floats = np.fft.irfft(law, points)
    return np.clip(probabilities[: points // 2], 0.0, 1.0)


def _bootstrap(evidence: Resampled, percentiles: Interval) -> Interval:
    """Return the percentile interval, that goes at least as far as units that were not seen may.

    What resamples differ by shows nothing of units that are lost whole, if none was.
    """
    (low, high), unseen = percentiles, _unseen(evidence)
    return (
        max(-1.0, min(low, evidence.difference - unseen)),
        min(1.0, max(high, evidence.difference + unseen)),
    )


def _percentiles(evidence: Resampled) -> Interval:
    if evidence.units == 1:
        return -1.0, 1.0
    tail = expanded_tail(evidence.units)
    low, high = np.quantile(evidence.resamples, (tail, 1 - tail))
    return float(low), float(high)


def _unseen(evidence: Resampled) -> float:
    return _none_of(evidence.worth)


def _none_of(units: float) -> float:
    """Return the share that none of n units may be of, the end of its score interval (Wilson)."""
    return _Z**2 / (units + _Z**2)


def _mover(evidence: Apart) -> tuple[float, Interval]:
    (a, a_low, a_high), (b, b_low, b_high) = evidence.a, evidence.b
    below = math.hypot(b - b_low, a_high - a)
    above = math.hypot(b_high - b, a - a_low)
    return b - a, (b - a - below, b - a + above)


def _between_sessions(of: OfSessions) -> float:
    """Return the half-width at 95 % of a mean over sessions that differ as wholes.

    0 where nobody knows, of one session, and where single items explain what they differ by.
    """
    if of.between == 0:
        return 0.0
    t = float(stdtrit(len(of.values) - 1, (1 + CONFIDENCE) / 2))
    return t * math.sqrt(of.between)


def _widened(interval: Interval, difference: float, extra: float) -> Interval:
    """Add ``extra`` in quadrature to both sides, and let the interval hold the difference."""
    low, high = interval
    return (
        max(-1.0, difference - math.hypot(max(0.0, difference - low), extra)),
        min(1.0, difference + math.hypot(max(0.0, high - difference), extra)),
    )


def _status(difference: float, interval: Interval, margin: float) -> QualityStatus:
    low, high = interval
    if low > 0 or high < 0:
        return "better" if difference > 0 else "worse"
    return "equivalent" if -margin < low and high < margin else "not-told-apart"


def _is_settled(interval: Interval, margin: float) -> bool:
    low, high = interval
    return low > 0 or high < 0 or (-margin < low and high < margin)


def _items_needed(
    difference: float, seen: Interval, items: int, margin: float, extra: float, *, unseen: float
) -> int | None:
    """Return how many items such as these would settle it; see ``QualityFinding``.

    What was ``seen`` to vary shrinks with the root of their number, and what is left open for the
    ``unseen`` with their number: both must. ``extra`` of it, what whole sessions differ by, no
    items make smaller.
    """
    low, high = seen
    target = max(abs(difference), margin - abs(difference))
    error = _less((high - low) / 2, extra) / _Z
    left = _less(target, extra / _Z * _Z_POWER if error > 0 else extra)
    if left <= 0:
        return None
    open_to = _less(target, extra)
    of_unseen = unseen / (1 - unseen) * (1 - open_to) / open_to  # z² / (n + z²) is ``open_to``
    times = max((error * _Z_POWER / left) ** 2, of_unseen)
    return max(items + 1, math.ceil(items * times))


def _less(whole: float, part: float) -> float:
    """Return what is left of a half-width of which ``part`` was added in quadrature; 0 if none."""
    return math.sqrt(max(0.0, whole**2 - part**2))


def _where(beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Bisect for the point from which on a monotone condition holds."""
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if beyond(middle):
            high = middle
        else:
            low = middle
    return fmean((low, high))
