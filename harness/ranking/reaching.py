"""Which pairs may exceed a floor in Student's t of a draw, by products of matrices.

t exceeds the floor where a square of means outweighs a square of distances,
w (m_i - m_j)² >= |u_i - u_j|². Expanded, that is one product of two narrow matrices a draw, whose
largest element decides; its rounding is allowed for. Most of the product is passed over: no two
entries can be further apart than the root of w times the widest difference of means, and in order
of one of the axes those that are not stand beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.ranking.evidence import Floats, Integers

PRODUCT = 900_000
"""How many multiplications a product of matrices may have: of more than a million the library for
linear algebra would start threads of its own, and ours would wait for them."""
ROUNDING = 1e-6
"""Of a product of matrices in single precision, relative to its largest terms, for each of them."""
ROWS = 128
"""How many entries are held at once against those near them, where these are few: so many that
NumPy is not asked too often."""


class Near(NamedTuple):
    """Pairs that may exceed the floor in one draw."""

    draw: int
    one: Integers
    other: Integers


@dataclass(frozen=True, eq=False)
class Side:
    """Entries, by what tells them from others."""

    means: Floats
    """(b, entries)"""
    apart: Floats
    """(b, dimensions, entries): where they are, but for the mean."""
    lengths: Floats
    """(b, entries): the square of how far that is from the origin."""


def side_of(values: Floats) -> Side:
    """Turn columns so that the mean is one axis, and the others are the deviations from it.

    ``values`` is (b, columns, entries): of so few columns sums are fast along the entries only.
    """
    columns = values.shape[1]
    with_mean = np.column_stack([np.ones(columns), np.eye(columns)[:, 1:]])
    contrasts = np.linalg.qr(with_mean)[0][:, 1:].T.astype(values.dtype)
    apart = contrasts @ values
    return Side(values.mean(axis=1), apart, np.square(apart).sum(axis=1))


def reaching(one: Side, other: Side, share: float) -> Iterator[Near]:
    """Yield a draw and places in both, where the pair may exceed the floor.

    That is where share x (difference of means)² is no less than the square of the distance, or
    seems so for rounding. An entry does not meet itself.
    """
    left, right, allowed = _factors(one, other, share)
    narrow, width = right.shape[1:]
    height = max(1, PRODUCT // (narrow * width))
    if height < left.shape[2]:
        height = min(height, ROWS)
        parts = _beside((left, right), (one, other), _reach(one, other, share), height)
    else:
        parts = _everything(left, right, height, triangle=one is other)
    least = (-allowed).tolist()
    numbers = np.empty(min(height, left.shape[2]) * width, left.dtype)
    for part in parts:
        flat = numbers[: part.near.shape[1] * part.far.shape[1]]
        np.matmul(part.near.T, part.far, out=flat.reshape(-1, part.far.shape[1]))
        if one is other:
            flat[:: part.far.shape[1] + 1] = -np.inf
        if flat.max() >= least[part.draw]:
            i, j = np.divmod(np.flatnonzero(flat >= least[part.draw]), part.far.shape[1])
            yield Near(part.draw, part.ones[i], part.others[j])


class _Part(NamedTuple):
    """A part of the product of one draw; of entries with themselves it begins on the diagonal."""

    draw: int
    near: Floats
    """(n, entries)"""
    far: Floats
    """(n, others)"""
    ones: Integers
    """(entries,): which they are."""
    others: Integers


def _everything(left: Floats, right: Floats, height: int, *, triangle: bool) -> Iterator[_Part]:
    """Yield the whole product; where it is symmetric, the half of it."""
    ones, others = np.arange(left.shape[2]), np.arange(right.shape[2])
    for draw, (near, far) in enumerate(zip(left, right, strict=True)):
        for start in range(0, len(ones), height):
            rows, columns = slice(start, start + height), slice(start if triangle else 0, None)
            yield _Part(draw, near[:, rows], far[:, columns], ones[rows], others[columns])


def _beside(
    factors: tuple[Floats, Floats], sides: tuple[Side, Side], reach: Floats, height: int
) -> Iterator[_Part]:
    """Yield of the product what lies near enough along the first axis that tells entries apart."""
    along, across = (np.ascontiguousarray(each.apart[:, 0]) for each in sides)
    orders = np.argsort(along, axis=1), np.argsort(across, axis=1)
    starts = np.arange(0, along.shape[1], height)
    lasts = np.minimum(starts + height, along.shape[1]) - 1
    for draw, (ones, others) in enumerate(zip(*orders, strict=True)):
        left, right = factors[0][draw].take(ones, axis=1), factors[1][draw].take(others, axis=1)
        mine, theirs = along[draw].take(ones), across[draw].take(others)
        begins = starts
        if sides[0] is not sides[1]:
            begins = np.searchsorted(theirs, mine[starts] - reach[draw], side="left")
        ends = np.searchsorted(theirs, mine[lasts] + reach[draw], side="right")
        for start, begin, end in zip(starts.tolist(), begins.tolist(), ends.tolist(), strict=True):
            rows, columns = slice(start, start + height), slice(begin, end)
            if begin < end:
                yield _Part(draw, left[:, rows], right[:, columns], ones[rows], others[columns])


def _reach(one: Side, other: Side, share: float) -> Floats:
    """Return (b,): how far apart two entries may be along an axis; somewhat more, for rounding."""
    high = np.maximum(one.means.max(axis=1), other.means.max(axis=1))
    low = np.minimum(one.means.min(axis=1), other.means.min(axis=1))
    widest = np.sqrt(share) * (high - low)
    largest = np.sqrt(np.maximum(one.lengths.max(axis=1), other.lengths.max(axis=1)))
    reach: Floats = widest + ROUNDING * (widest + largest)
    return reach


def _factors(one: Side, other: Side, share: float) -> tuple[Floats, Floats, Floats]:
    """Return matrices whose product is what ``reaching`` asks for, and by how much it may be off.

    (b, n, entries), of which each is to be turned, (b, n, others) and (b,).
    """
    of_means, of_others = share * np.square(one.means), share * np.square(other.means)
    own, others = of_means - one.lengths, of_others - other.lengths
    places = one.apart.shape[1]
    near, far = (
        np.empty((len(each.means), places + 3, each.means.shape[1]), each.means.dtype)
        for each in (one, other)
    )
    np.multiply(one.apart, 2, out=near[:, :places])
    np.multiply(one.means, -2 * share, out=near[:, places])
    near[:, places + 1], near[:, places + 2] = own, 1
    far[:, :places], far[:, places] = other.apart, other.means
    far[:, places + 1], far[:, places + 2] = 1, others
    largest = np.maximum(
        (of_means + one.lengths).max(axis=1), (of_others + other.lengths).max(axis=1)
    )
    return near, far, ROUNDING * near.shape[1] * largest
