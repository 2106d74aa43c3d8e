"""The largest of many statistics in every draw, and the bound that it keeps to.

All statistics are brought to one scale, that of the standard normal distribution: otherwise the
heavy tails of an energy known from five sessions would set the bound for the quality of 5,000
items. For Student's t that is D. L. Wallace's transformation (Annals of Mathematical Statistics 30
(1959), 1121-1130), monotone in t. As what was seen and what is drawn go through the same, the
error that it makes (below 0.03 here) has no part in the level of the claims.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from harness.ranking.energy_pairs import (
    BY_CAMPAIGN,
    BY_ROUND,
    NOT_COMPARED,
    Columns,
    EnergyPairs,
    paired,
    two_samples,
)
from harness.ranking.evidence import Booleans, Floats, Integers

BLOCK_PAIRS = 500_000
"""How many pairs, over the draws of a block, are held at once: a few caches full."""


@dataclass(frozen=True, eq=False)
class Active:
    """Statements (entries, entries) that are not yet made, and may be false: i over j.

    Three families have noise of their own: better quality, quality not worse by the margin, and
    less energy, of which "not more" is a part, for it has the same noise.
    """

    better: Booleans
    not_worse: Booleans
    less: Booleans


@dataclass(frozen=True, eq=False)
class Noise:
    """What statements are drawn from."""

    quality: Floats
    """(draws, entries): movements of quality."""
    quality_error: Floats
    """(entries, entries): the root of their mean square, pair by pair; 0: cannot differ."""
    with_unseen: Floats
    """(draws, entries): the same, and what losses that no item showed would add."""
    with_unseen_error: Floats
    pairs: EnergyPairs
    sessions: tuple[Floats, ...]
    """Of every entry (draws, its columns): noise of its energy, of unit variance."""

    @property
    def draws(self) -> int:
        """Return how many there are."""
        return len(self.quality)


def normal_scale(t_squared: Floats, freedom: Floats) -> Floats:
    """Return |z| of Student's |t|, after Wallace (1959); shapes broadcast."""
    bend = (8 * freedom + 1) / (8 * freedom + 3)
    scaled: Floats = bend * np.sqrt(freedom * np.log1p(t_squared / freedom))
    return scaled


def student_scale(z: float, freedom: Floats) -> Floats:
    """Return the |t| that ``normal_scale`` takes to z."""
    bend = (8 * freedom + 1) / (8 * freedom + 3)
    t: Floats = np.sqrt(freedom * np.expm1(np.square(z / bend) / freedom))
    return t


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


def largest_of(noise: Noise, active: Active) -> Floats:
    """Return (draws,): the largest statistic of all active statements."""
    largest = np.zeros(noise.draws)
    for block in _blocks(noise.draws, len(noise.quality_error)):
        largest[block] = np.maximum.reduce(
            [
                _largest_quality(noise.quality[block], noise.quality_error, active.better),
                _largest_quality(
                    noise.with_unseen[block], noise.with_unseen_error, active.not_worse
                ),
                _largest_energy(noise, block, active.less),
            ]
        )
    return largest


def _blocks(draws: int, entries: int) -> Iterator[slice]:
    size = max(1, BLOCK_PAIRS // entries**2)
    for start in range(0, draws, size):
        yield slice(start, min(start + size, draws))


def _largest_quality(movements: Floats, error: Floats, active: Booleans) -> Floats:
    """Return (b,): the largest of (entry i - entry j) / error [i, j] over active pairs."""
    usable = active & (error > 0)
    scale = np.divide(1, error, out=np.zeros_like(error), where=usable).astype(np.float32)
    apart = movements[:, :, np.newaxis] - movements[:, np.newaxis, :]
    apart *= scale
    largest: Floats = apart.max(axis=(1, 2), initial=0)
    return largest


def _largest_energy(noise: Noise, block: slice, active: Booleans) -> Floats:
    largest = np.zeros(block.stop - block.start)
    for kind in np.unique(noise.pairs.kind):
        usable = active & (noise.pairs.kind == kind)
        if kind == NOT_COMPARED or not usable.any():
            continue
        drawn = _drawn_columns(noise, int(kind), block)
        compare = paired if kind in (BY_ROUND, BY_CAMPAIGN) else two_samples
        apart, squared_error, _ = compare(drawn, least_spread=1e-6)
        scaled = normal_scale(np.square(apart) / squared_error, noise.pairs.freedom)
        signed = np.where(usable & (apart > 0), scaled, 0)
        np.maximum(largest, signed.max(axis=(1, 2), initial=0), out=largest)
    return largest


def _drawn_columns(noise: Noise, kind: int, block: slice) -> Columns:
    """Return columns with noise in the place of figures: (b, entries, columns).

    Paired, all entries have one variance, which the error of a pair does not depend on. Of two
    samples, each has the variance that was seen of it.
    """
    like = noise.pairs.by_kind[kind]
    values = np.zeros((block.stop - block.start, *like.values.shape), np.float32)
    for number, of_entry in enumerate(noise.sessions):
        places = np.flatnonzero(like.present[number])
        values[:, number, places] = of_entry[block, : len(places)]
    if kind not in (BY_ROUND, BY_CAMPAIGN):
        values *= _spreads(like)[:, np.newaxis]
    return Columns(values, like.present)


def _spreads(columns: Columns) -> Floats:
    counts: Integers = np.maximum(columns.counts, 2)
    values = np.where(columns.present, columns.values, 0)
    means = values.sum(axis=1) / counts
    centred = np.where(columns.present, values - means[:, np.newaxis], 0)
    spreads: Floats = np.sqrt(np.square(centred).sum(axis=1) / (counts - 1)).astype(np.float32)
    return np.maximum(spreads, np.float32(1e-3))
