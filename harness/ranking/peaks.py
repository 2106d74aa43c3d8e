"""Where the largest statistic of a draw exceeds a floor, found without going through every pair.

Nothing here is an approximation: what is passed over cannot exceed the floor, and what is not is
computed as in ``maxima``.

- Quality: the error of a pair is the same in every draw. Entries stand in blocks, those that
  differ little beside each other. No pair of two blocks exceeds the highest movement in one less
  the lowest in the other, over the smallest error between them; few blocks come near the floor.
- Energy in turns: the error is drawn too. But t exceeds the floor where a square of means outweighs
  a square of distances, w (m_i - m_j)² >= |u_i - u_j|². Expanded, that is one product of two narrow
  matrices a draw, whose largest element decides; its rounding is allowed for.
- Energy of two samples: of a pair that exceeds the floor, one is far out by itself; few are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from harness.ranking.energy_pairs import (
    in_turns,
    sample_means,
)
from harness.ranking.evidence import Booleans, Floats, Integers
from harness.ranking.maxima import (
    LEAST_DRAWN_SPREAD,
    LEAST_SQUARES,
    Active,
    Noise,
    complete_sessions,
    drawn_columns,
    in_blocks,
    inverse,
    largest_incomplete,
    largest_of,
    normal_scale,
    student_scale,
)
from harness.ranking.reaching import ROUNDING, Near, reaching, side_of

BLOCK_NUMBERS = 125_000
"""How many movements are worked on at once: half a megabyte."""
TILE = 32
"""How many entries make a block of quality."""
FEW_ENTRIES = 80
"""With fewer, going through every pair takes no longer."""
GROUP_PAIRS = 250
"""Going through so many pairs takes about as long as the product of one group of entries."""


@dataclass(frozen=True, eq=False)
class Peaks:
    """The largest statistic of some draws, as far as it exceeds a floor."""

    values: Floats
    """(rows,): the largest, or the floor where none exceeds it."""
    holders: Integers
    """(rows,): the statement that has it, as a place in ``Active.statements``; -1: not known."""

    def keep(self, rows: Integers, values: Floats, holders: Integers) -> None:
        """Take in what is larger than what is there; every row stands there once at most."""
        higher = values > self.values[rows]
        self.values[rows[higher]] = values[higher]
        self.holders[rows[higher]] = holders[higher]


def peaks_above(
    floor: float, noise: Noise, active: Active, rows: Integers, order: Integers
) -> Peaks:
    """Find the peaks of some draws; ``order`` (entries,) puts entries that are alike together.

    With a floor of 0, or few entries, every pair is gone through, and the holders are not known.
    """
    if not floor > 0 or len(order) < FEW_ENTRIES:
        return Peaks(largest_of(noise, active, rows), np.full(len(rows), -1))
    count = len(order)
    better = _family(noise.quality_error, active.better, order, 0)
    not_worse = _family(noise.with_unseen_error, active.not_worse, order, count**2)
    compared = _compared(noise, active.less)

    def of_block(block: Integers) -> Peaks:
        peaks = Peaks(np.full(len(block), floor), np.full(len(block), -1))
        _look_at_quality(better, noise.quality[block], floor, peaks)
        _look_at_quality(not_worse, noise.with_unseen[block], floor, peaks)
        for each in compared:
            _look_at_energy(each, noise, block, floor, peaks)
        return peaks

    found = in_blocks(of_block, rows, BLOCK_NUMBERS // count)
    return Peaks(
        np.concatenate([each.values for each in found]),
        np.concatenate([each.holders for each in found]),
    )


def chain(error: Floats) -> Integers:
    """Return an order (entries,) in which each is followed by the nearest that is left."""
    left = np.ones(len(error), dtype=bool)
    order = [0]
    left[0] = False
    while left.any():
        order.append(int(np.where(left, error[order[-1]], np.inf).argmin()))
        left[order[-1]] = False
    return np.array(order)


@dataclass(frozen=True, eq=False)
class _Family:
    """Statements of quality, their entries in an order."""

    order: Integers
    scale: Floats
    """(entries, entries): 1 / error; 0 where not active."""
    most: Floats
    """(blocks, blocks): the largest of it in two blocks."""
    first: int
    """The place of its first statement among all."""


def _family(error: Floats, active: Booleans, order: Integers, first: int) -> _Family:
    scale = inverse(error, active)[np.ix_(order, order)]
    starts = np.arange(0, len(order), TILE)
    most = np.maximum.reduceat(np.maximum.reduceat(scale, starts, axis=0), starts, axis=1)
    return _Family(order, scale, most, first)


def _look_at_quality(family: _Family, movements: Floats, floor: float, peaks: Peaks) -> None:
    moved = movements[:, family.order]
    starts = np.arange(0, moved.shape[1], TILE)
    high = np.maximum.reduceat(moved, starts, axis=1)
    low = np.minimum.reduceat(moved, starts, axis=1)
    reaching = (high[:, :, np.newaxis] - low[:, np.newaxis, :]) * family.most >= floor
    for one, other in np.argwhere(reaching.any(axis=0)).tolist():
        rows = np.flatnonzero(reaching[:, one, other])
        ahead = slice(one * TILE, (one + 1) * TILE)
        behind = slice(other * TILE, (other + 1) * TILE)
        apart = moved[rows, ahead][:, :, np.newaxis] - moved[rows, behind][:, np.newaxis, :]
        apart *= family.scale[ahead, behind]
        place = apart.reshape(len(rows), -1).argmax(axis=1)
        i, j = np.divmod(place, apart.shape[2])
        firsts, seconds = family.order[ahead][i], family.order[behind][j]
        holders = family.first + firsts * len(family.order) + seconds
        peaks.keep(rows, apart[np.arange(len(rows)), i, j], holders)


class _Group(NamedTuple):
    """Entries that share the same columns with the same others."""

    members: Integers
    others: Integers
    shared: Booleans
    """(columns,)"""


class _Compared(NamedTuple):
    """Statements of energy about pairs that are compared alike."""

    kind: int
    entries: int
    """How many the board has."""
    members: Integers
    """(members,): of which entries of the board."""
    usable: Booleans
    """(members, members)"""
    groups: list[_Group]
    """Of pairs that are compared column by column; otherwise nothing."""


def _compared(noise: Noise, active: Booleans) -> list[_Compared]:
    found = []
    for kind, columns in noise.pairs.by_kind.items():
        usable = active[columns.pairs] & (noise.pairs.kind[columns.pairs] == kind)
        if usable.any():
            by_columns = in_turns(kind)
            groups = _groups(columns.present, usable | usable.T) if by_columns else []
            found.append(_Compared(kind, len(active), columns.members, usable, groups))
    return found


def _groups(present: Booleans, either_way: Booleans) -> list[_Group]:
    patterns, of_entry = np.unique(present, axis=0, return_inverse=True)
    members = [np.flatnonzero(of_entry.reshape(-1) == each) for each in range(len(patterns))]
    return [
        _Group(members[one], members[other], patterns[one] & patterns[other])
        for one in range(len(patterns))
        for other in range(one, len(patterns))
        if either_way[np.ix_(members[one], members[other])].any()
    ]


def _look_at_energy(
    compared: _Compared, noise: Noise, block: Integers, floor: float, peaks: Peaks
) -> None:
    kind, groups = compared.kind, compared.groups
    if not in_turns(kind):
        _look_at_samples(compared, noise, block, floor, peaks)
    elif len(groups) * GROUP_PAIRS > len(compared.usable) ** 2:
        found = largest_incomplete(noise, kind, block, compared.usable)
        peaks.keep(np.arange(len(block)), found, np.full(len(block), -1))
    else:
        if noise.pairs.by_kind[kind].present.all():
            values = complete_sessions(noise, kind, block)
        else:
            values = drawn_columns(noise, kind, block).values
        values = np.ascontiguousarray(values.swapaxes(1, 2))
        for group in groups:
            _look_at_rounds(values, group, compared, floor, peaks)


def _look_at_rounds(
    values: Floats, group: _Group, compared: _Compared, floor: float, peaks: Peaks
) -> None:
    """Keep the peaks of Student's t; ``values`` is (b, columns, members)."""
    columns = int(group.shared.sum())
    freedom = np.array(columns - 1.0)
    factor = columns * (columns - 1)
    share = float(factor / np.square(student_scale(floor, freedom)))
    one = side_of(_part(values, group.members, group.shared))
    other = one
    if group.others is not group.members:
        other = side_of(_part(values, group.others, group.shared))
    for draw, near, far in reaching(one, other, share):
        i, j = group.members[near], group.others[far]
        near_and_far = (values[draw][:, each][group.shared].T for each in (i, j))
        apart = np.ascontiguousarray(np.subtract(*near_and_far)).astype(np.float64)
        difference = apart.mean(axis=1)
        squares = np.square(apart - difference[:, np.newaxis]).sum(axis=1)
        t_squared = factor * np.square(difference) / np.maximum(squares, LEAST_SQUARES)
        values_of = normal_scale(t_squared, freedom)
        _keep_energy(peaks, Near(draw, i, j), difference, values_of, compared)


def _part(values: Floats, members: Integers, shared: Booleans) -> Floats:
    if len(members) == values.shape[2] and shared.all():
        return values
    return values[:, shared][:, :, members]


def _look_at_samples(
    compared: _Compared, noise: Noise, block: Integers, floor: float, peaks: Peaks
) -> None:
    """Keep the peaks of Welch's t; most degrees of freedom need the lowest t.

    Of a pair that reaches it, (m_i - m_j)² >= t² (v_i + v_j), one has 2 m² >= t² v by itself, for
    (m_i - m_j)² is 2 m_i² + 2 m_j² at most. Few have.
    """
    kind, usable = compared.kind, compared.usable
    freedom = noise.pairs.freedom[noise.pairs.by_kind[kind].pairs]
    means, variances, _ = sample_means(drawn_columns(noise, kind, block), LEAST_DRAWN_SPREAD)
    least = (1 - ROUNDING) * float(np.square(student_scale(floor, freedom[usable].max())))
    draws, ones = np.nonzero(2 * np.square(means) >= least * variances)
    size = max(1, BLOCK_NUMBERS // len(usable))
    for start in range(0, len(draws), size):
        rows, far = draws[start : start + size], ones[start : start + size]
        apart = means[rows, far][:, np.newaxis] - means[rows]
        of_both = variances[rows, far][:, np.newaxis] + variances[rows]
        place, others = np.nonzero(np.square(apart) >= least * of_both)
        t_squared = np.square(apart[place, others]) / of_both[place, others]
        values = normal_scale(t_squared, freedom[far[place], others])
        for draw in np.unique(rows[place]).tolist():
            of_draw = rows[place] == draw
            near = Near(draw, far[place[of_draw]], others[of_draw])
            difference = apart[place[of_draw], others[of_draw]]
            _keep_energy(peaks, near, difference, values[of_draw], compared)


def _keep_energy(
    peaks: Peaks, near: Near, difference: Floats, values: Floats, compared: _Compared
) -> None:
    """Keep the largest of some pairs; a difference below 0 says that ``one`` uses less."""
    less = difference < 0
    firsts, seconds = np.where(less, near.one, near.other), np.where(less, near.other, near.one)
    values = np.where(compared.usable[firsts, seconds] & (difference != 0), values, 0.0)
    best = int(values.argmax())
    first, second = compared.members[[firsts[best], seconds[best]]].tolist()
    holder = (2 * compared.entries + first) * compared.entries + second
    peaks.keep(np.array([near.draw]), values[best : best + 1], np.array([holder]))
