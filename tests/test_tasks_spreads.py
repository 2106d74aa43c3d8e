"""What sessions that differ make of an interval, where the truth can be worked out."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from harness.tasks.intervals import Units, interval, mean_interval
from harness.tasks.scoring import Integers
from harness.tasks.shares import mid_p, wilson
from harness.tasks.spreads import LEAST, UNSEEN, Spread

LEVEL = 0.975
UNITS = 10**9
"""So many that their variance is known."""


def spread_of(items: float, chance: float, of_values: float, sessions: int) -> Spread:
    """Return a spread as ``with_sessions`` makes it of these variances."""
    return Spread(items, UNITS, UNITS, sessions, chance, of_values)


def covered(sessions: int, lasting: float, common: float) -> float:
    """Return how often a normal mean is held, of which a variance of 1 is known but for sessions.

    ``lasting`` is the share of 1 that lasts, the rest is chance; ``common`` is of sessions, as a
    multiple of the chance. The sessions' mean square follows chi-squared of ``sessions`` - 1.
    """
    chance, steps = 1 - lasting, 400
    of_sessions = chance * (1 + common)
    drawn = stats.chi2.ppf((np.arange(steps) + 0.5) / steps, sessions - 1) / (sessions - 1)
    halves = [
        math.sqrt(spread_of(1.0, chance, of_sessions * each, sessions).square(LEVEL))
        for each in drawn.tolist()
    ]
    return float(np.mean(special.erf(np.array(halves) / math.sqrt(2 * (lasting + of_sessions)))))


CASES = [*product((0.0, 0.2, 0.5, 0.7, 0.97), (0.0, 0.3, 3.0))]


@pytest.mark.parametrize(
    ("sessions", "least", "most"), [(3, 0.942, 0.97), (5, 0.948, 0.96), (30, 0.9495, 0.952)]
)
def test_the_truth_is_held_as_often_as_is_said(sessions: int, least: float, most: float) -> None:
    found = [covered(sessions, lasting, common) for lasting, common in CASES]
    assert least < min(found)
    assert max(found) < most


def test_sessions_that_agree_by_luck_leave_some_width() -> None:
    alone = spread_of(1.0, 0.0, 0.0, 3).square(LEVEL)
    assert spread_of(1.0, 1.0, 0.0, 3).square(LEVEL) == pytest.approx(LEAST * alone)
    assert spread_of(1.0, 1.5, 1e-6, 3).square(LEVEL) == pytest.approx(LEAST * alone)


def test_sessions_with_the_same_answers_are_as_one() -> None:
    once, again = Spread(0.01, 100, 100), Spread(0.01, 100, 100, sessions=5)
    assert not again.sessions_differ
    assert again.square(LEVEL) == once.square(LEVEL)


parts = st.floats(1e-9, 1.0)


@settings(max_examples=100, deadline=None)
@given(parts, parts, parts, st.integers(2, 40), st.integers(10, 10_000))
def test_more_that_sessions_differ_by_narrows_nothing(
    items: float, chance: float, of_values: float, sessions: int, units: int
) -> None:
    """Not so of a handful of units: two variances that are badly known tell more than one."""

    def square(seen: float) -> float:
        return Spread(items, units, units, sessions, chance, seen).square(LEVEL)

    assert square(of_values) <= square(of_values * 1.1) * (1 + 1e-9)
    alone = Spread(items, units, units).square(LEVEL)
    assert square(of_values) >= LEAST * alone * (1 - 1e-9)


@pytest.mark.parametrize("sessions", [2, 3, 5, 30])
def test_one_more_error_by_chance_never_raises_the_lower_end(sessions: int) -> None:
    """Nor is it above mid-P's of none: the exact one, of sessions alike, is lower than that."""
    items = 200
    units, counted = Units(items, None), np.ones((sessions, items), np.bool_)
    ends = []
    for wrong in range(1, 5):
        hits = counted.copy()
        hits[0, :wrong] = False
        ends.append(interval(*units.of_share(hits, counted))[0])
    assert [mid_p(1.0, items)[0], *ends] == sorted([mid_p(1.0, items)[0], *ends], reverse=True)


def test_items_that_always_err_and_were_not_seen_are_reckoned_with() -> None:
    """Of 200 items up to 3 may be so where none was; eight sessions are no more items."""
    units, counted = Units(200, None), np.ones((8, 200), np.bool_)
    hits = counted.copy()
    hits[np.arange(8), np.arange(8) * 20] = False  # another item in each session
    low, high = interval(*units.of_share(hits, counted))
    assert low < 1 - 3 / 200 < hits.mean() < high


def in_groups(wrong: Integers, size: int) -> tuple[float, Spread]:
    """Return the share of right answers, of groups of so many items of which so many are wrong."""
    right = np.arange(size) >= wrong[:, np.newaxis]
    units = Units(right.size, [str(group) for group in np.arange(right.size) // size])
    return units.of_share(right.reshape(1, -1), np.ones((1, right.size), np.bool_))


def test_one_error_in_few_groups_leaves_open_what_none_does() -> None:
    """Of ten groups that may err whole none did: that is no more known by two hundred items."""
    none, _ = interval(*in_groups(np.zeros(10, np.int64), 20))
    one, _ = interval(*in_groups(np.eye(10, dtype=np.int64)[0], 20))
    assert none == pytest.approx((UNSEEN * 0.05) ** (1 / 10))
    assert one < none


def test_groups_that_err_whole_are_reckoned_with_where_none_was_seen() -> None:
    rng = np.random.Generator(np.random.PCG64(4))
    held, tries = 0, 300
    for _ in range(tries):
        found = in_groups(np.where(rng.random(10) < 0.1, 20, rng.binomial(20, 0.01, 10)), 20)
        truth = 1 - (0.1 + 0.9 * 0.01)
        low, high = interval(*found)
        held += low <= truth <= high
    assert held >= 0.93 * tries


def test_groups_of_unlike_sizes_are_worth_as_many_as_equal_ones_that_tell_as_much() -> None:
    sizes = [30, 10, 10]
    units = Units(50, [str(group) for group, size in enumerate(sizes) for _ in range(size)])
    bearing, worth = units.bearing(np.ones(50, np.bool_))
    assert bearing == 3
    assert worth == pytest.approx(50**2 / (900 + 200))
    assert Units(50, None).bearing(np.arange(50) < 20) == (20, 20.0)


def test_groups_of_unlike_sizes_that_err_whole_are_reckoned_with() -> None:
    """By their number alone the truth was held in 84 %."""
    rng = np.random.Generator(np.random.PCG64(3))
    groups, whole, tries, held = 300, 0.02, 150, 0
    for _ in range(tries):
        sizes = np.ceil(rng.lognormal(np.log(12), 1.2, groups)).astype(np.int64)
        of_item = np.arange(groups).repeat(sizes)
        right = ~(rng.random(groups) < whole)[of_item] & (rng.random(len(of_item)) >= 0.01)
        units = Units(len(of_item), of_item.astype(str).tolist())
        value, spread = units.of_share(right[np.newaxis], np.ones((1, len(of_item)), np.bool_))
        low, high = interval(value, spread)
        held += low <= (1 - whole) * 0.99 <= high
    assert held >= 0.93 * tries


def test_recalls_that_go_against_each_other_leave_their_mean_open() -> None:
    """Each session gives all doubtful items to one class: recalls vary by much, their mean less."""
    rng = np.random.Generator(np.random.PCG64(6))
    labels, sessions, doubtful, tries = np.arange(200) % 2, 3, 0.8, 300
    units = Units(len(labels), None)
    held = 0
    for _ in range(tries):
        unsure = rng.random(len(labels)) < doubtful
        given = np.where(unsure, rng.integers(0, 2, (sessions, 1)), labels)
        classes = [np.broadcast_to(labels == each, given.shape) for each in (0, 1)]
        mean = units.mean_of_shares(given == labels, classes)
        low, high = mean_interval(mean)
        held += low <= 1 - doubtful / 2 <= high
    assert held >= 0.93 * tries


def test_many_groups_that_vary_much_have_the_interval_of_what_varies() -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    groups, size = 150, 8
    value, spread = in_groups(rng.binomial(size, rng.beta(2, 6, groups)), size)
    known = (special.stdtrit(groups * size - 1, LEVEL) / special.stdtrit(groups - 1, LEVEL)) ** 2
    items = groups * size / (groups * size - 1) * value * (1 - value) / spread.variance * known
    assert interval(value, spread) == pytest.approx(wilson(value, float(items)), rel=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=2, max_size=30))
def test_right_and_wrong_are_told_alike(wrong: list[int]) -> None:
    counts = np.array(wrong)
    low, high = interval(*in_groups(counts, 6))
    mirrored = interval(*in_groups(6 - counts, 6))
    assert (1 - high, 1 - low) == pytest.approx(mirrored, abs=1e-9)
    value, _ = in_groups(counts, 6)
    assert 0 <= low <= value <= high <= 1


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 60), st.integers(0, 6), st.floats(0.5, 0.99))
def test_more_confidence_is_never_narrower(groups: int, wrong: int, confidence: float) -> None:
    found = in_groups(np.where(np.arange(groups) < 2, wrong, 0), 6)
    low, high = interval(*found, confidence)
    lower, higher = interval(*found, (1 + confidence) / 2)
    assert lower <= low + 1e-12
    assert high <= higher + 1e-12
