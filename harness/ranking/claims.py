"""Which entries beat which, so that at most one board in twenty says anything false.

Of every ordered pair (i, j) four plain statements are tried: i has better quality; i's quality is
not worse by the margin; i uses less energy; i does not use more by the margin. "i beats j" follows
from them by logic alone: not worse on either axis, and better on one. So if no plain statement is
false, no claim is, and it is the plain statements of all pairs together whose chance of containing
a false one is held: step-down max-T (P. H. Westfall and S. S. Young, Resampling-Based Multiple
Testing, 1993; J. P. Romano and M. Wolf, Econometrica 73 (2005), 1237-1282). In each step the bound
is the quantile of the largest noise among the statements that are left; what exceeds it is stated
and leaves; until nothing does.

Within the margins each of two entries may beat the other, one by quality and one by energy. Then
only the one that is ahead by more margins is said to beat; so no two, and no ring of entries, ever
beat each other.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from harness.ranking.bound import Largest
from harness.ranking.energy_pairs import EnergyPairs, compare_energies
from harness.ranking.energy_ratio import MOST_LOG
from harness.ranking.evidence import (
    BetweenSessions,
    Booleans,
    Evidence,
    Floats,
    Integers,
    Margins,
)
from harness.ranking.front_support import support
from harness.ranking.maxima import THREADS, Active, Noise, normal_scale, student_scale
from harness.ranking.resampling import (
    QualityDraws,
    draw_quality,
    session_noise,
    unseen_noise,
    with_sessions,
)
from harness.ranking.unsure_scale import pairwise, unsure_part, unsure_scale

ROUNDING = 1e-4
"""What is seen must exceed the bound by: noise is drawn in single precision, and where few items
decide, what is seen is what many draws reach, exactly."""


@dataclass(frozen=True, eq=False)
class Ranking:
    """What can be said of a board. All arrays are in the order of ``entries``."""

    entries: tuple[str, ...]
    beats: Booleans
    """(entries, entries): i beats j."""
    better_quality: Booleans
    """(entries, entries): i has better quality than j."""
    less_energy: Booleans
    """(entries, entries): i uses less energy than j."""
    compared: Booleans
    """(entries, entries): whether anything is known of how the energies of the two differ."""
    rank: Integers
    """(entries, 2): best and worst, [1 + entries that beat it, entries - entries it beats]."""
    front_support: Floats
    """(entries,): the share of draws in which it is on the front, see ``front_support``."""
    least_quality_difference: float | None
    """The difference of quality that the median pair would have needed; ``None`` where no
    difference could have been shown: one entry, or too few items."""
    least_energy_ratio: float | None
    """Likewise the ratio of energies, above 1; ``None`` where nothing was compared, or none within
    reason would have been enough."""
    bound: float
    """What statements of the last step had to exceed, on the scale of a standard normal."""


@dataclass(frozen=True, eq=False)
class _Statistics:
    """(entries, entries) each, on the scale of a standard normal: i over j."""

    better: Floats
    not_worse: Floats
    less: Floats
    not_more: Floats


def rank(
    evidence: Evidence,
    margins: Margins,
    *,
    draws: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Ranking:
    """Rank the entries of one board; the same evidence and seed give the same ranking.

    Raises ``ValueError`` for a confidence that is not between 0 and 1, or no draws.
    """
    if draws < 1:
        raise ValueError(f"{draws} draws")
    quality = with_sessions(draw_quality(evidence.quality, draws, seed), evidence, seed)
    pairs = compare_energies(evidence)
    seen = _statistics(quality, pairs, evidence, margins)
    noise = _noise(quality, pairs, evidence, margins, seed)
    made, bound = _step_down(seen, noise, evidence.at_floor, confidence)
    beats = _beats(made, quality, pairs, evidence.at_floor, margins)
    lost, won = beats.sum(axis=0), beats.sum(axis=1)
    return Ranking(
        entries=evidence.entries,
        beats=beats,
        better_quality=made.better,
        less_energy=made.less,
        compared=pairs.compared,
        rank=np.stack([1 + lost, len(lost) - won], axis=1),
        front_support=support(evidence, quality, pairs, margins, seed),
        least_quality_difference=_least_quality(quality, margins, bound),
        least_energy_ratio=_least_energy(pairs, bound),
        bound=bound,
    )


def unseen_losses(quality: QualityDraws, margins: Margins) -> float:
    """Return a variance for losses of the whole margin that no unit happened to show, of a pair.

    That no item differs is no proof that fewer than the margin's share do. Without it, a hundred
    items answered alike would "show" that quality is the same to a hundredth. The restricted
    estimate of T. Tango (Statistics in Medicine 17 (1998), 891-908) comes to the same where no
    item differs, and to somewhat less where many do. Where items stand in groups, whole groups may
    be lost: what errors are seen in single items says nothing of those. Where quality is the mean
    over classes, the margin may be lost in the rarest alone.
    """
    return margins.quality * quality.whole


def known_squares(quality: QualityDraws) -> Floats:
    """Return (entries, entries): the mean squares of differences, for what is to be shown by them.

    That of a difference d is at least d x whole: what it would be if whole units, groups or items,
    made the difference, all one way, as in McNemar's test (d / units, where they weigh alike). Else
    two cases would seem to be known better than they are: few errors in single items of many
    groups, where whole groups may be lost too rarely to be seen; and few errors in a frequent
    class, where as much may be lost in a rare one.
    """
    apart = np.subtract.outer(quality.values, quality.values)
    squares: Floats = np.maximum(quality.squares, np.abs(apart) * quality.whole)
    return squares


def _statistics(
    quality: QualityDraws, pairs: EnergyPairs, evidence: Evidence, margins: Margins
) -> _Statistics:
    apart = np.subtract.outer(quality.values, quality.values)
    known = known_squares(quality)
    better = unsure_scale(apart, known, _between(quality))
    with_unseen = known + unseen_losses(quality, margins)
    not_worse = unsure_scale(apart + margins.quality, with_unseen, _between(quality))
    shown = pairs.difference - pairs.drift
    less = _signed(shown, pairs)
    not_more = _signed(shown + margins.log_energy, pairs)
    not_more[~pairs.compared] = -math.inf
    shared = np.logical_and.outer(evidence.at_floor, evidence.at_floor)
    less[shared], not_more[shared] = -math.inf, math.inf
    return _Statistics(better, not_worse, less, not_more)


def _between(quality: QualityDraws) -> BetweenSessions:
    if quality.between is not None:
        return quality.between
    return BetweenSessions(np.zeros(len(quality.values)), np.ones(len(quality.values)))


def _signed(difference: Floats, pairs: EnergyPairs) -> Floats:
    t = difference / pairs.error
    signed: Floats = np.sign(t) * normal_scale(np.square(t), pairs.freedom)
    return signed


def _noise(
    quality: QualityDraws, pairs: EnergyPairs, evidence: Evidence, margins: Margins, seed: int
) -> Noise:
    draws = len(quality.deviations)
    unseen = unseen_losses(quality, margins)
    squares = quality.squares + pairwise(_between(quality).variances)
    with ThreadPoolExecutor(THREADS) as pool:
        of_entries = list(
            pool.map(lambda entry: unseen_noise(entry, draws, seed), evidence.entries)
        )
        sessions = tuple(
            pool.map(
                lambda entry, count: session_noise(entry, draws, count, seed),
                evidence.entries,
                pairs.noises.tolist(),
            )
        )
    added = np.float32(math.sqrt(unseen / 2)) * np.stack(of_entries, axis=1)  # half of it each
    return Noise(
        quality=quality.deviations,
        quality_error=np.sqrt(squares),
        with_unseen=quality.deviations + added,
        with_unseen_error=np.sqrt(squares + unseen),
        pairs=pairs,
        sessions=sessions,
    )


@dataclass(frozen=True, eq=False)
class _Made:
    """The statements that were made: (entries, entries) each."""

    better: Booleans
    not_worse: Booleans
    less: Booleans
    not_more: Booleans


def _step_down(
    seen: _Statistics, noise: Noise, at_floor: Booleans, confidence: float
) -> tuple[_Made, float]:
    others = ~np.eye(len(at_floor), dtype=bool)
    apart = ~np.logical_and.outer(at_floor, at_floor) & noise.pairs.compared
    active = Active(better=others, not_worse=others, less=others & apart)
    largest = Largest(noise)
    while True:
        bound = largest.bound(active, confidence)
        least = bound + ROUNDING
        better = others & (seen.better > least)
        not_worse = others & (seen.not_worse > least)
        less = others & (seen.less > least)
        left = Active(others & ~better, others & ~not_worse, others & apart & ~less)
        if _same(left, active):
            not_more = others & (seen.not_more > least)
            return _Made(better, not_worse, less, not_more), bound
        active = left


def _same(one: Active, other: Active) -> bool:
    return (
        np.array_equal(one.better, other.better)
        and np.array_equal(one.not_worse, other.not_worse)
        and np.array_equal(one.less, other.less)
    )


def _beats(
    made: _Made,
    quality: QualityDraws,
    pairs: EnergyPairs,
    at_floor: Booleans,
    margins: Margins,
) -> Booleans:
    shared = np.logical_and.outer(at_floor, at_floor)
    saved = np.where(shared, 0.0, pairs.difference)
    apart = np.subtract.outer(quality.values, quality.values)
    ahead = apart / margins.quality + saved / margins.log_energy > 0
    beats: Booleans = made.not_worse & made.not_more & (made.better | made.less) & ahead
    return beats


def _least_quality(quality: QualityDraws, margins: Margins, bound: float) -> float | None:
    """Return the smallest difference of quality that would be seen between the median pair.

    It solves d² = bound² x known + what whole sessions ask for, pair by pair. ``known``
    (``known_squares``) is the pair's own square + d² unit, or d x whole if that is more. The own
    square is at least that of losses which no item happened to show (``unseen_losses``): of two
    that answer alike it would be 0. ``None`` where d is above 1, which no difference is.
    """
    upper = np.triu_indices(len(quality.values), 1)
    left = 1 - bound**2 * quality.unit
    if not len(upper[0]) or not left > 0:
        return None
    apart = np.subtract.outer(quality.values, quality.values)
    unseen = unseen_losses(quality, margins)
    own = np.maximum(quality.squares - quality.unit * np.square(apart), unseen)
    everybody = np.arange(len(quality.values))
    whole = pairwise(unsure_part(np.full(len(everybody), bound), _between(quality), everybody))
    by_squares = np.sqrt((bound**2 * own + whole) / left)
    half = bound**2 * quality.whole / 2
    by_units = half + np.sqrt(half**2 + whole)
    least = float(np.median(np.maximum(by_squares, by_units)[upper]))
    return least if least <= 1 else None


def _least_energy(pairs: EnergyPairs, bound: float) -> float | None:
    upper = np.triu(pairs.compared, 1)
    if not upper.any() or not math.isfinite(bound):
        return None
    by_sessions = student_scale(bound, pairs.freedom[upper]) * pairs.error[upper]
    needed = by_sessions + pairs.drift[upper]
    least = float(np.median(needed))
    return math.exp(least) if least <= MOST_LOG else None
