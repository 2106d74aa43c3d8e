"""95 % intervals of quality: of a share, by how much the items, their groups and sessions differ.

Every metric lies between 0 and 1 and is given the interval of a share of as many independent items
as would vary as much (E. L. Korn and B. I. Graubard, Confidence intervals for proportions with
small expected number of positive counts estimated from survey data, Survey Methodology 24 (1998),
193-201); which one, ``shares`` says. What it varies by:

- *units*, items or whole groups of items that belong together: for shares by linearisation, for
  other metrics by the bootstrap over units (B. Efron and R. Tibshirani, An Introduction to the
  Bootstrap, 1993, chapters 6 and 8), which serves for its variance alone;
- *sessions*, where answers differ between them: ``spreads`` has how both are taken together.

A seed is fixed, so that the same answers always get the same interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import special

from harness.tasks.scoring import Counts, Floats, Integers, answer_columns, per_class_support
from harness.tasks.shares import CONFIDENCE, Interval, mid_p, of_share
from harness.tasks.spreads import NOTHING, Spread, unseen, with_sessions

Metric: TypeAlias = Callable[[Counts], Floats]
"""A metric over the leading axes of confusions; see ``scoring``."""
Weighted: TypeAlias = Callable[[Floats], Floats]
"""A metric of one session, (r, n) weights of the items to (r,); see ``detection``."""
RESAMPLES = 2_000
SEED = 2_026
BLOCK_NUMBERS = 4_000_000
"""How many weights or counts a block of resamples may hold: 32 MB."""
UNKNOWN: Interval = (0.0, 1.0)


def interval(
    value: float,
    spread: Spread,
    confidence: float = CONFIDENCE,
    *,
    counts: bool = True,
) -> Interval:
    """Return the interval of a metric from 0 to 1: that of a share that would vary as much.

    ``counts`` says that the metric is a share of counted items, and not an F1, a metric of boxes or
    part of a mean. A mean over sessions that differ is no whole count either.

    By few units or sessions the variance is known badly, so the number of items is reduced by the
    squared ratio of quantiles of Student's t. Where nothing varied, as when all answers are right,
    each unit stands for one item. One unit says nothing of how units differ: (0, 1). Where items
    are of groups, or sessions differ, no end is nearer than ``spreads.unseen`` has it.
    """
    low, high = _of_varied(value, spread, confidence, counts=counts)
    if spread.sessions_differ or spread.grouped:
        lowest, highest = unseen(value, spread, confidence)
        return min(low, lowest), max(high, highest)
    return low, high


def _of_varied(value: float, spread: Spread, confidence: float, *, counts: bool) -> Interval:
    """Return the interval by what varied alone, whatever may be unseen."""
    if spread.units < 2:  # noqa: PLR2004 - two units make a difference
        return UNKNOWN
    alone = value * (1 - value)
    varied = spread.varied and alone > NOTHING
    whole = counts and not spread.sessions_differ and (varied or not spread.grouped)
    method = of_share if whole else mid_p
    items = float(spread.units)
    if varied:
        rest = max(spread.items - 1, 1.0)
        quantile = (1 + confidence) / 2
        known = float(special.stdtrit(rest, quantile)) ** 2 / spread.square(quantile)
        items = (rest + 1) * alone / rest * known
    return method(value, items, confidence)


@dataclass(frozen=True)
class MeanOf:
    """A mean of several metrics, of one class each."""

    value: float
    values: Sequence[float]
    spreads: Sequence[Spread]
    whole: Spread
    """Of the mean; not what independent metrics would have, where a group or an error is of two."""


def mean_interval(mean: MeanOf, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of a mean of metrics: of the recall, or the F1, of classes.

    From their own intervals, whose distances to the values add up in quadrature (G. Y. Zou and A.
    Donner, Construction of confidence limits about effect measures, Statistics in Medicine 27
    (2008), 1693-1702), stretched by what its spread is beside that of independent metrics. Where it
    is less, as of recalls that go against each other, their variances are made less instead: ends
    that were cut at 0 and 1 would be drawn in from there. Groups that are unseen would err on all
    classes: they are reckoned with once, for the mean.
    """
    values, spreads = mean.values, mean.spreads
    of_groups = mean.whole.grouped
    of_each = _of_varied if of_groups else interval
    stretch = _stretch(mean, (1 + confidence) / 2)
    if NOTHING < stretch < 1:  # of none, metrics would be taken for unvaried
        spreads, stretch = [spread.times(stretch**2) for spread in spreads], 1.0
    own = [
        of_each(v, spread, confidence, counts=False)
        for v, spread in zip(values, spreads, strict=True)
    ]
    count = len(values)
    below = math.hypot(*(value - low for value, (low, _) in zip(values, own, strict=True)))
    above = math.hypot(*(high - value for value, (_, high) in zip(values, own, strict=True)))
    low, high = mean.value - stretch * below / count, mean.value + stretch * above / count
    if of_groups:
        lowest, highest = unseen(mean.value, mean.whole, confidence)
        low, high = min(low, lowest), max(high, highest)
    return max(0.0, low), min(1.0, high)


def _stretch(mean: MeanOf, quantile: float) -> float:
    """Return how much wider a mean's interval is than if its metrics were independent.

    By what sessions leave open as well, which the means of few sessions show otherwise than each of
    the metrics does.
    """

    def size(spread: Spread) -> float:
        return spread.square(quantile, units_known=True)

    independent = math.fsum(map(size, mean.spreads)) / len(mean.spreads) ** 2
    return math.sqrt(size(mean.whole) / independent) if independent > NOTHING else 1.0


class Units:
    """What is resampled, or compared: items, or whole groups of them.

    ``groups`` names the group of each of ``items``; ``None``: every item is a unit of its own.
    """

    def __init__(self, items: int, groups: Sequence[str] | None) -> None:
        self.of_item: npt.NDArray[np.int64] = np.arange(items)
        if groups is not None:
            _, self.of_item = np.unique(np.array(list(groups), object), return_inverse=True)
        self.count = int(self.of_item.max()) + 1
        self.grouped = groups is not None
        self.named = f"{self.count} {'groups' if self.grouped else 'items'}"

    def totals(self, amounts: npt.NDArray[np.bool_] | Floats) -> Floats:
        """Add up (sessions, n) by unit: (sessions, units)."""
        sessions = len(amounts)
        places = self.of_item + self.count * np.arange(sessions)[:, np.newaxis]
        flat = np.ravel(amounts).astype(np.float64)
        added = np.bincount(places.ravel(), flat, minlength=sessions * self.count)
        return added.astype(np.float64).reshape(sessions, self.count)

    def bearing(self, bears: npt.NDArray[np.bool_]) -> tuple[int, float]:
        """Return how many units have an item that ``bears`` (n,), and their effective number.

        With m such items in a unit that is (sum m)^2 / sum m^2: so many units of one size would
        tell as much (L. Kish, Survey Sampling, 1965).
        """
        sizes = np.bincount(self.of_item[bears]).astype(np.float64)
        squares = float((sizes**2).sum())
        return int(np.count_nonzero(sizes)), float(sizes.sum()) ** 2 / max(squares, 1.0)

    def influence(self, hits: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_]) -> Floats:
        """Return (sessions, units): what each adds to the share of ``hits`` among ``counted``.

        Both are (sessions, n). First order: (hits - share x counted) / all counted.
        """
        above, below = self.totals(hits & counted), self.totals(counted)
        whole = np.maximum(below.sum(axis=1, keepdims=True), 1.0)
        influence: Floats = (above - above.sum(axis=1, keepdims=True) / whole * below) / whole
        return influence

    def of_share(
        self, hits: npt.NDArray[np.bool_], counted: npt.NDArray[np.bool_]
    ) -> tuple[float, Spread]:
        """Return the mean over sessions of the share of ``hits`` among ``counted``, and its spread.

        A session that counts nothing has a share of 0.
        """
        whole = counted.sum(axis=1)
        shares = (hits & counted).sum(axis=1) / np.maximum(whole, 1)
        influence = self.influence(hits, counted)
        spread = self.spread(shares, influence, np.any(counted, axis=0), float(whole.mean()))
        return float(shares.mean()), spread

    def spread(
        self, values: Floats, influence: Floats, bears: npt.NDArray[np.bool_], items: float
    ) -> Spread:
        """Return the spread of the mean over sessions of ``values`` (sessions,).

        ``influence`` is (sessions, units); ``bears`` (n,) says which items bear on it in any
        session, and ``items`` how many do in one.
        """
        bearing, worth = self.bearing(bears)
        mean = influence.mean(axis=0)
        scale = bearing / max(bearing - 1, 1)
        own = scale * float((mean**2).sum())
        noise = scale * float(((influence - mean) ** 2).sum(axis=1).mean())
        return with_sessions(own, noise, values, Spread(0.0, bearing, items, worth=worth))

    def mean_of_shares(
        self, hits: npt.NDArray[np.bool_], counted: Sequence[npt.NDArray[np.bool_]]
    ) -> MeanOf:
        """Return the mean of several shares, each as ``of_share`` takes it."""
        values, spreads = zip(*(self.of_share(hits, every) for every in counted), strict=True)
        influence = np.mean([self.influence(hits, every) for every in counted], axis=0)
        shares = [(hits & c).sum(axis=1) / np.maximum(c.sum(axis=1), 1) for c in counted]
        everything = np.ones(hits.shape[1], np.bool_)
        together = self.spread(np.mean(shares, axis=0), influence, everything, len(everything))
        return MeanOf(math.fsum(values) / len(values), values, spreads, together)

    def resampled_spread(
        self, functions: Sequence[Weighted], needs: npt.NDArray[np.bool_]
    ) -> Spread:
        """Return the spread of the functions' mean, each of one session, by the bootstrap.

        ``needs`` (sessions, n): the items of which a resample must have one to show the metric; it
        is left out if not. A session without any has a metric of 0 whatever is drawn.
        """
        bearing: npt.NDArray[np.bool_] = np.any(needs, axis=0)
        needs = needs[needs.any(axis=1)].astype(np.float64)
        units, worth = self.bearing(bearing)
        if units < 2:  # noqa: PLR2004 - two units make a difference
            return Spread(0.0, units, float(bearing.sum()))
        blocks = []
        for weights in self._weights():
            shows = (weights @ needs.T > 0).all(axis=1)
            blocks.append(np.stack([each(weights[shows]) for each in functions], axis=1))
        once = np.ones((1, len(self.of_item)))
        values = np.concatenate([function(once) for function in functions])
        shape = Spread(0.0, units, float(bearing.sum()), worth=worth)
        return _of_resamples(np.concatenate(blocks), values, shape)

    def _weights(self) -> Iterator[Floats]:
        """Yield blocks (r, n): how often each resample holds each item."""
        rng = np.random.Generator(np.random.PCG64(SEED))
        shares = np.full(self.count, 1 / self.count)
        block = max(1, BLOCK_NUMBERS // len(self.of_item))
        for start in range(0, RESAMPLES, block):
            drawn = rng.multinomial(self.count, shares, size=min(block, RESAMPLES - start))
            yield drawn.astype(np.float64)[:, self.of_item]


class Bootstrap:
    """Resampled confusions of the sessions of one evaluation.

    ``predictions`` is (sessions, n), ``labels`` (n,). Units with the same answers are drawn
    together, by their number, from one multinomial: the same distribution at a fraction of the
    cost. Resamples that lack a class of the labels show nothing of it, and are left out.
    """

    def __init__(self, predictions: Integers, labels: Integers, k: int, units: Units) -> None:
        self._shape = (len(predictions), k, k + 1)
        cells = labels * (k + 1) + answer_columns(predictions, k)
        width = k * (k + 1)
        if units.count == len(labels):  # without a row of counts for each item
            kinds, self._units_of_kind = np.unique(cells, axis=1, return_counts=True)
            counts = _count_cells(kinds, np.arange(kinds.shape[1]), width)
        else:
            counts = _count_cells(cells, units.of_item, width)
            counts, self._units_of_kind = np.unique(counts, axis=0, return_counts=True)
        self._counts = counts.astype(np.float64)  # exact, and multiplied much faster
        self._units = units.count
        self._items = len(labels)
        self._support = np.bincount(labels, minlength=k)
        self._worth = units.bearing(np.ones(len(labels), np.bool_))[1]
        self._units_of_class = [units.bearing(labels == each) for each in range(k)]

    def spreads(self, metrics: Sequence[Metric], of_classes: Sequence[int | None]) -> list[Spread]:
        """Return the spread of each metric's mean over sessions.

        ``of_classes`` says which class each is about; ``None``: all, alike.
        """
        shapes = [self._shape_of(each) for each in of_classes]
        if self._units < 2:  # noqa: PLR2004 - two units make a difference
            return shapes
        whole = (self._units_of_kind @ self._counts).reshape(self._shape)
        blocks: list[list[Floats]] = [[] for _ in metrics]
        for confusions in self._resampled():
            for metric, found in zip(metrics, blocks, strict=True):
                found.append(metric(confusions))
        return [
            _of_resamples(np.concatenate(found), metric(whole), shape)
            for metric, found, shape in zip(metrics, blocks, shapes, strict=True)
        ]

    def mean_of_classes(self, confusions: Integers, mean: Metric, of_each: Metric) -> MeanOf:
        """Return the ``mean`` over classes of ``of_each``, (…, k, k + 1) -> (…, k).

        With the spreads of the labels' own classes. ``confusions`` are (sessions, k, k + 1).
        """
        classes = np.flatnonzero(self._support).tolist()
        metrics = [lambda c, each=each: of_each(c)[..., each] for each in classes]
        whole, *spreads = self.spreads([mean, *metrics], [None, *classes])
        values = of_each(confusions).mean(axis=0)[classes].tolist()
        return MeanOf(float(mean(confusions).mean()), values, spreads, whole)

    def _shape_of(self, of_class: int | None) -> Spread:
        if of_class is None:
            return Spread(0.0, self._units, self._items, worth=self._worth)
        units, worth = self._units_of_class[of_class]
        items = float(self._support[of_class])
        return Spread(0.0, units, items, worth=worth)

    def _resampled(self) -> Iterator[Floats]:
        """Yield blocks (resamples, sessions, k, k + 1); the draws do not depend on their size."""
        rng = np.random.Generator(np.random.PCG64(SEED))
        shares = self._units_of_kind / self._units
        block = max(1, BLOCK_NUMBERS // max(self._counts.shape))
        for start in range(0, RESAMPLES, block):
            drawn = rng.multinomial(self._units, shares, size=min(block, RESAMPLES - start))
            confusions = (drawn.astype(np.float64) @ self._counts).reshape(-1, *self._shape)
            support = per_class_support(confusions[:, 0])
            yield confusions[(support > 0)[:, self._support > 0].all(axis=1)]


def resampling(units: str) -> str:
    """Say what a bootstrap over units, as they are named, needs to be made again."""
    return f"bootstrap variance over {units}, {RESAMPLES} resamples, PCG64 seed {SEED}"


def _of_resamples(resampled: Floats, values: Floats, shape: Spread) -> Spread:
    """Return the spread by (resamples, sessions) of a metric that is ``values`` (sessions,).

    Fewer than two resamples that show the metric say nothing: as one unit does not.
    """
    if len(resampled) < 2:  # noqa: PLR2004 - two make a spread
        return Spread(0.0, 1, shape.items)
    scale = shape.units / max(shape.units - 1, 1)
    mean = resampled.mean(axis=1)
    noise = (resampled - mean[:, np.newaxis]).var(axis=0).mean()
    return with_sessions(scale * float(mean.var()), scale * float(noise), values, shape)


def _count_cells(cells: Integers, unit_of_column: Integers, width: int) -> Integers:
    """Count the cells (sessions, m) of each unit; return (units, sessions · width)."""
    sessions, units = len(cells), int(unit_of_column.max()) + 1
    rows = unit_of_column * sessions + np.arange(sessions)[:, np.newaxis]
    counts = np.bincount((rows * width + cells).ravel(), minlength=units * sessions * width)
    return counts.reshape(units, sessions * width)
