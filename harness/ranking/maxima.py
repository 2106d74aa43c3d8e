"""The largest of many statistics in every draw, by going through every pair.

All statistics are brought to one scale, that of the standard normal distribution: otherwise the
heavy tails of an energy known from five sessions would set the bound for the quality of 5,000
items. For Student's t that is D. L. Wallace's transformation (Annals of Mathematical Statistics 30
(1959), 1121-1130), monotone in t. As what was seen and what is drawn go through the same, the
error that it makes (0.04 of 3.29 at 4 degrees of freedom) has no part in the level of the claims.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from harness.ranking.energy_pairs import (
    Columns,
    EnergyPairs,
    in_turns,
    paired,
    two_samples,
)
from harness.ranking.evidence import Booleans, Floats, Integers

BLOCK_NUMBERS = 65_536
"""How many movements are worked on at once: a quarter of a megabyte, so that caches hold them."""
BLOCK_PAIRS = 500_000
"""How many pairs, over the draws of a block, are held at once where sessions are not complete."""
TILE = 128
"""How many entries stand against all others at once, where they are complete."""
THREADS = 2
LEAST_SQUARES = np.float32(1e-12)
LEAST_DRAWN_SPREAD = 1e-6
_Part = TypeVar("_Part")


@dataclass(frozen=True, eq=False)
class Active:
    """Statements (entries, entries) that are not yet made, and may be false: i over j.

    Three families have noise of their own: better quality, quality not worse by the margin, and
    less energy, of which "not more" is a part, for it has the same noise.
    """

    better: Booleans
    not_worse: Booleans
    less: Booleans

    @property
    def statements(self) -> Booleans:
        """Return (3 x entries x entries,): all of them, family after family."""
        return np.concatenate([self.better.ravel(), self.not_worse.ravel(), self.less.ravel()])


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


def student_scale(z: float | Floats, freedom: Floats) -> Floats:
    """Return the |t| that ``normal_scale`` takes to z."""
    bend = (8 * freedom + 1) / (8 * freedom + 3)
    t: Floats = np.sqrt(freedom * np.expm1(np.square(z / bend) / freedom))
    return t


def largest_of(noise: Noise, active: Active, rows: Integers) -> Floats:
    """Return (rows,): in some of the draws, the largest statistic of all active statements."""
    better = inverse(noise.quality_error, active.better)
    not_worse = inverse(noise.with_unseen_error, active.not_worse)

    def of_block(block: Integers) -> Floats:
        of_quality = np.maximum(
            largest_apart(noise.quality[block], better),
            largest_apart(noise.with_unseen[block], not_worse),
        )
        of_energy = _largest_energy(noise, block, active.less)
        largest: Floats = np.maximum(of_quality, of_energy)
        return largest

    return np.concatenate(in_blocks(of_block, rows, BLOCK_NUMBERS // len(noise.quality_error)))


def in_blocks(step: Callable[[Integers], _Part], rows: Integers, size: int) -> list[_Part]:
    """Do a step with blocks of draws, of no more than ``size`` and at least one, in their order.

    Threads share the blocks, for NumPy lets them run.
    """
    size = max(1, min(size, -(-len(rows) // THREADS)))
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(step, blocks))


def inverse(error: Floats, active: Booleans) -> Floats:
    """Return (entries, entries) float32: 1 / error; 0 where not active, or nothing can differ."""
    usable = active & (error > 0)
    return np.divide(1, error, out=np.zeros_like(error), where=usable).astype(np.float32)


def largest_apart(movements: Floats, scale: Floats) -> Floats:
    """Return (b,): the largest (entry i - entry j) x scale [i, j] of any pair, and at least 0.

    ``movements`` is (b, entries), ``scale`` (entries, entries), 0 for pairs that do not count.
    """
    largest = np.zeros_like(movements)
    apart = np.empty_like(movements)
    for entry, scales in enumerate(scale):
        np.subtract(movements[:, entry : entry + 1], movements, out=apart)
        np.multiply(apart, scales, out=apart)
        np.maximum(largest, apart, out=largest)
    of_draw: Floats = largest.max(axis=1)
    return of_draw


def _largest_energy(noise: Noise, rows: Integers, active: Booleans) -> Floats:
    largest = np.zeros(len(rows))
    for kind, like in noise.pairs.by_kind.items():
        usable = active[like.pairs] & (noise.pairs.kind[like.pairs] == kind)
        if not usable.any():
            continue
        by_turns = in_turns(kind)
        if by_turns and like.present.all():
            found = _of_complete(noise, kind, rows, usable)
        else:
            found = largest_incomplete(noise, kind, rows, usable)
        np.maximum(largest, found, out=largest)
    return largest


def _of_complete(noise: Noise, kind: int, rows: Integers, usable: Booleans) -> Floats:
    """Return (rows,) where every member has a figure in every column."""
    sessions = complete_sessions(noise, kind, rows)
    rounds, size = sessions.shape[2], max(1, BLOCK_NUMBERS // len(usable) ** 2)
    largest = np.concatenate(
        [
            largest_ratio(sessions[start : start + size], usable)
            for start in range(0, len(rows), size)
        ]
    )
    return normal_scale(rounds * (rounds - 1) * largest, np.array(rounds - 1.0))


def complete_sessions(noise: Noise, kind: int, rows: Integers) -> Floats:
    """Return (rows, members, columns): noise where every member has a figure in every column.

    An entry may have more noise than that: rounds, where campaigns are compared.
    """
    like = noise.pairs.by_kind[kind]
    columns, chosen = like.values.shape[1], _followed(rows)
    drawn: Floats = np.stack(
        [
            noise.sessions[entry][chosen, first : first + columns]
            for entry, first in zip(like.members.tolist(), like.first.tolist(), strict=True)
        ]
    )
    return drawn.swapaxes(0, 1)


def _followed(rows: Integers) -> slice | Integers:
    """Return rows as a slice where they follow one another, which is copied much faster."""
    first, after = int(rows[0]), int(rows[-1]) + 1
    return slice(first, after) if after - first == len(rows) else rows


def largest_ratio(sessions: Floats, usable: Booleans) -> Floats:
    """Return (b,): the largest squared mean difference over the sum of squares about it.

    ``sessions`` is (b, entries, rounds); of usable pairs [i, j], where the mean of i is below j's.
    """
    means = sessions.mean(axis=2)
    centred = sessions - means[:, :, np.newaxis]
    lengths = np.square(centred).sum(axis=2, keepdims=True)
    ones = np.ones_like(lengths)
    left = np.concatenate([-2 * centred, lengths, ones], axis=2)
    right = np.concatenate([centred, ones, lengths], axis=2).swapaxes(1, 2).copy()
    symmetric = np.array_equal(usable, usable.T)
    everyone = symmetric and usable.sum() == len(usable) * (len(usable) - 1)
    largest = np.zeros(len(means))
    for start in range(0, means.shape[1], TILE):
        tile, others = slice(start, start + TILE), slice(start if symmetric else 0, None)
        squares = left[:, tile] @ right[:, :, others]
        np.maximum(squares, LEAST_SQUARES, out=squares)
        ratio = means[:, tile, np.newaxis] - means[:, np.newaxis, others]
        if not symmetric:
            np.minimum(ratio, 0, out=ratio)
        np.square(ratio, out=ratio)
        np.divide(ratio, squares, out=ratio)
        if not everyone:
            np.multiply(ratio, usable[tile, others], out=ratio)
        np.maximum(largest, ratio.max(axis=(1, 2)), out=largest)
    return largest


def largest_incomplete(noise: Noise, kind: int, rows: Integers, usable: Booleans) -> Floats:
    """Return (rows,) of pairs of one kind, whichever columns its members have."""
    compare = paired if in_turns(kind) else two_samples
    freedom = noise.pairs.freedom[noise.pairs.by_kind[kind].pairs]
    size = max(1, BLOCK_PAIRS // len(usable) ** 2)
    found = []
    for start in range(0, len(rows), size):
        drawn = drawn_columns(noise, kind, rows[start : start + size])
        apart, squared_error, _ = compare(drawn, least_spread=LEAST_DRAWN_SPREAD)
        scaled = normal_scale(np.square(apart) / squared_error, freedom)
        signed = np.where(usable & (apart > 0), scaled, 0)
        found.append(signed.max(axis=(1, 2), initial=0))
    return np.concatenate(found)


def drawn_columns(noise: Noise, kind: int, rows: Integers) -> Columns:
    """Return columns with noise in the place of figures: (b, members, columns).

    Paired, all entries have one variance, which the error of a pair does not depend on. Of two
    samples, each has the variance that was seen of it.
    """
    like = noise.pairs.by_kind[kind]
    values = np.zeros((len(rows), *like.values.shape), np.float32)
    chosen = _followed(rows)
    where = zip(like.members.tolist(), like.first.tolist(), like.present, strict=True)
    for number, (entry, first, present) in enumerate(where):
        places = np.flatnonzero(present)
        drawn = noise.sessions[entry][chosen, first : first + len(places)]
        values[:, number, places] = drawn
    if not in_turns(kind):
        values *= _spreads(like)[:, np.newaxis]
    return replace(like, values=values)


def _spreads(columns: Columns) -> Floats:
    counts: Integers = np.maximum(columns.counts, 2)
    values = np.where(columns.present, columns.values, 0)
    means = values.sum(axis=1) / counts
    centred = np.where(columns.present, values - means[:, np.newaxis], 0)
    spreads: Floats = np.sqrt(np.square(centred).sum(axis=1) / (counts - 1)).astype(np.float32)
    return np.maximum(spreads, np.float32(1e-3))
