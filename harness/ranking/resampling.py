"""Quality, resampled: in every draw each item counts twice or not at all, for all entries alike.

An item's weight in a draw is 1 + s with s = ±1 at equal chance, and whole groups share one s. The
differences between entries then move by the sum of s · x, x being an item's part of the difference:
the wild bootstrap with Rademacher's signs (R. Y. Liu, Annals of Statistics 16 (1988), 1696-1708).
Drawing items with replacement has the same mean and variance. Signs are taken because few items
decide between two good entries: where three items tell two entries apart, drawing with replacement
may take one of them six times, which no real test set can; the signs give exactly the distribution
of the sign test, and of McNemar's for right and wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256

import numpy as np

from harness.ranking.evidence import (
    BetweenSessions,
    Evidence,
    Floats,
    Integers,
    ItemScores,
    ResampledQuality,
)

BLOCK_NUMBERS = 4_000_000
"""How many signs a block of draws may hold: 16 MB."""
_SAME = 1e-10
"""Relative to the squares that it is a difference of, a smaller one is rounding."""
_ITEMS, _UNSEEN, _ENERGY, _WHOLE = range(4)


@dataclass(frozen=True, eq=False)
class QualityDraws:
    """How the qualities of all entries move when the items are resampled."""

    values: Floats
    """(entries,): quality."""
    deviations: Floats
    """(draws, entries) float32: differences between columns are those between entries."""
    totals: Floats
    """(draws,) float32: by how much the weight of all items together moved, of 1."""
    squares: Floats
    """(entries, entries): the mean square of the differences between two columns, over all signs.
    It is about zero, not about the difference of the entries, like McNemar's."""
    unit: float
    """The sum of the squared shares that groups or items have in quality: 1 / items at best."""
    whole: float
    """The variance of what is lost by whole groups or items, over what is lost: ``unit`` where it
    may be any of them, and more where it may be those of one class alone, which are fewer."""
    between: BetweenSessions | None = None
    """What whole sessions add: in the deviations, and not in the squares. ``None``: nothing."""


def draw_quality(quality: ItemScores | ResampledQuality, draws: int, seed: int) -> QualityDraws:
    """Resample quality ``draws`` times; neither order nor number of entries has a say in it."""
    if isinstance(quality, ResampledQuality):
        return _draw_metric(quality, draws, seed)
    return _draw_means(quality, draws, seed)


def with_sessions(quality: QualityDraws, evidence: Evidence, seed: int) -> QualityDraws:
    """Add to the movements what whole sessions of an entry have in common, as normal noise."""
    between, draws = evidence.of_sessions, len(quality.deviations)
    if between is None or not between.variances.any():
        return quality
    deviations = quality.deviations.copy()
    for number, entry in enumerate(evidence.entries):
        if between.variances[number] > 0:
            noise = noise_of(entry, _WHOLE, (draws,), seed)
            deviations[:, number] += np.float32(np.sqrt(between.variances[number])) * noise
    return replace(quality, deviations=deviations, between=between)


def noise_of(entry: str, purpose: int, shape: tuple[int, ...], seed: int) -> Floats:
    """Return normal noise (float32) that belongs to an entry's name, whoever else is there."""
    words = np.frombuffer(sha256(entry.encode()).digest(), np.uint32)
    generator = np.random.Generator(np.random.PCG64([seed, purpose, *words.tolist()]))
    return generator.standard_normal(shape, dtype=np.float32)


def unseen_noise(entry: str, draws: int, seed: int) -> Floats:
    """Return (draws,): noise for losses that an entry may have and that no item showed."""
    return noise_of(entry, _UNSEEN, (draws,), seed)


def session_noise(entry: str, draws: int, sessions: int, seed: int) -> Floats:
    """Return (draws, sessions): noise of an entry's energy."""
    return noise_of(entry, _ENERGY, (draws, sessions), seed)


def item_weights(quality: ItemScores) -> Floats:
    """Return (items,): the share that each item has in quality; they add up to 1."""
    items = len(quality.scores)
    if quality.classes is None:
        return np.full(items, 1 / items)
    _, class_of_item, sizes = np.unique(quality.classes, return_inverse=True, return_counts=True)
    weights: Floats = 1 / (len(sizes) * sizes[class_of_item])
    return weights


def _draw_means(quality: ItemScores, draws: int, seed: int) -> QualityDraws:
    weights = item_weights(quality)
    unit_of_item = _units(len(weights), quality.groups)
    shares = np.bincount(unit_of_item, weights)
    parts = _add_up(quality.scores * weights[:, np.newaxis], unit_of_item, len(shares))
    values = parts.sum(axis=0)
    with_total = np.column_stack([parts, shares]).astype(np.float32)
    deviations = np.concatenate([signs @ with_total for signs in _signs(draws, len(shares), seed)])
    return QualityDraws(
        values=values,
        deviations=np.ascontiguousarray(deviations[:, :-1]),
        totals=deviations[:, -1].copy(),
        squares=_squared_distances(parts.T @ parts),
        unit=float(np.square(shares).sum()),
        whole=of_whole_units(weights, unit_of_item, quality.classes),
    )


def of_whole_units(weights: Floats, unit_of_item: Integers, classes: Integers | None) -> float:
    """Return variance / loss, where every unit is lost whole with the same small chance p.

    ``weights`` (items,) is each item's part of quality. The expected loss is p x the sum of the
    units' weights, its variance p x the sum of their squares, so that p cancels. The same is worked
    out for the items of each class alone, and the largest counts. 1 where no item has a weight:
    nothing is known.
    """
    every = np.zeros(len(weights), np.int64)
    ofs = [every] if classes is None else [every, classes]
    return max(
        (
            float(np.square(np.bincount(unit_of_item[chosen], weights[chosen])).sum())
            / float(weights[chosen].sum())
            for of in ofs
            for chosen in (of == each for each in np.unique(of))
            if weights[chosen].any()
        ),
        default=1.0,
    )


def _draw_metric(quality: ResampledQuality, draws: int, seed: int) -> QualityDraws:
    unit_of_item = _units(quality.items, quality.groups)
    units = int(unit_of_item.max()) + 1
    unit = float(np.square(np.bincount(unit_of_item) / quality.items).sum())
    deviations = np.concatenate(
        [
            np.stack([metric(1.0 + signs[:, unit_of_item]) for metric in quality.resampled], axis=1)
            for signs in _signs(draws, units, seed)
        ]
    )
    even = np.full(quality.items, 1 / quality.items)
    weights = even if quality.weights is None else quality.weights
    deviations = np.nan_to_num(deviations, nan=0.0) - quality.values
    gram = deviations.T @ deviations / draws
    apart = np.subtract.outer(quality.values, quality.values)
    return QualityDraws(
        values=quality.values,
        deviations=deviations.astype(np.float32),
        totals=np.zeros(draws, np.float32),
        squares=_squared_distances(gram) + unit * np.square(apart),
        unit=unit,
        whole=of_whole_units(weights, unit_of_item, quality.classes),
    )


def _units(items: int, groups: Integers | None) -> Integers:
    if groups is None:
        return np.arange(items)
    return np.unique(groups, return_inverse=True)[1]


def _add_up(parts: Floats, unit_of_item: Integers, units: int) -> Floats:
    if units == len(parts):
        return parts.astype(np.float64)
    summed = np.zeros((units, parts.shape[1]))
    np.add.at(summed, unit_of_item, parts)
    return summed


def _squared_distances(gram: Floats) -> Floats:
    """Return (n, n): squared distances between n vectors, from their products (n, n)."""
    lengths = np.diagonal(gram)
    both = np.add.outer(lengths, lengths)
    squares: Floats = both - gram - gram.T
    squares[squares < _SAME * both] = 0.0
    return squares


def _signs(draws: int, units: int, seed: int) -> Iterator[Floats]:
    """Yield blocks (b, units) of ±1; the draws do not hang on the size of a block."""
    generator = np.random.Generator(np.random.PCG64([seed, _ITEMS]))
    words = -(-units // 64)
    block = max(1, BLOCK_NUMBERS // units)
    for start in range(0, draws, block):
        size = (min(block, draws - start), words)
        bits = generator.integers(0, 2**64, size=size, dtype=np.uint64)
        plain = np.unpackbits(bits.view(np.uint8), axis=1)[:, :units]
        yield plain.astype(np.float32) * 2 - 1
