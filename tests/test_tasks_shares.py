"""Intervals of shares: what their ends are, and how often they hold the truth."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.tasks.shares import Interval, exact, mid_p, of_share


def left_of(wrong: int, items: int, share: float) -> float:
    """Return the chance of as many or fewer, counting what was seen by half of its chance."""
    below = float(stats.binom.cdf(wrong - 1, items, share))
    return below + float(stats.binom.pmf(wrong, items, share)) / 2


@pytest.mark.parametrize(("right", "items"), [(1, 30), (9, 86), (250, 500), (4_997, 5_000)])
def test_the_ends_of_mid_p_leave_half_of_what_was_seen(right: int, items: int) -> None:
    low, high = mid_p(right / items, items)
    assert left_of(right, items, high) == pytest.approx(0.025, rel=1e-6)
    assert 1 - left_of(right, items, low) == pytest.approx(0.025, rel=1e-6)


@pytest.mark.parametrize("items", [1, 86, 5_000])
def test_none_right_and_all_right_leave_mid_p_five_in_a_hundred_on_one_side(items: int) -> None:
    assert mid_p(0.0, items) == pytest.approx((0.0, 1 - 0.05 ** (1 / items)))
    assert mid_p(1.0, items) == pytest.approx((0.05 ** (1 / items), 1.0))


@settings(max_examples=100, deadline=None)
@given(
    st.floats(0, 1, allow_subnormal=False), st.floats(1, 1e6), st.sampled_from([0.5, 0.95, 0.99])
)
def test_mid_p_lies_in_the_exact_interval_and_holds_what_was_seen(
    share: float, items: float, confidence: float
) -> None:
    low, high = mid_p(share, items, confidence)
    widest = exact(share, items, confidence)
    in_order = [0, widest[0], low, share, high, widest[1], 1]
    assert all(one <= next_one + 1e-12 for one, next_one in pairwise(in_order))
    turned = mid_p(1 - share, items, confidence)
    assert turned == pytest.approx((1 - high, 1 - low), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.floats(0, 0.999), st.floats(2, 1e5))
def test_more_that_are_right_move_mid_p_up(share: float, items: float) -> None:
    one, other = mid_p(share, items), mid_p(share + 0.001, items)
    assert one[0] <= other[0] + 1e-12
    assert one[1] <= other[1] + 1e-12


def least_and_most(items: int, method: Callable[[float, float], Interval]) -> tuple[float, float]:
    """Return the least coverage of any share, and the most where five or more are wrong.

    At either side of the ends of intervals, where it has its steps, by summing the binomial
    distribution; of shares of which up to 60 are expected.
    """
    right: npt.NDArray[np.int64] = np.arange(items + 1)
    low, high = np.array([method(each / items, items) for each in right]).T
    ends = np.concatenate([low, high])
    ends = ends[(ends > 0.05 / items) & (ends < min(0.5, 60 / items))]
    covered, five = [], []
    for share in np.concatenate([ends * (1 - 1e-9), ends * (1 + 1e-9)]).tolist():
        held = np.flatnonzero((low <= share) & (share <= high))
        below = stats.binom.cdf(held[0] - 1, items, share)
        covered.append(float(stats.binom.cdf(held[-1], items, share) - below))
        if share * items >= 5:
            five.append(covered[-1])
    return min(covered), max(five)


def test_any_share_is_covered_as_often_as_is_said() -> None:
    least, _ = least_and_most(86, of_share)
    assert least > 0.933
    least, most = least_and_most(500, of_share)
    assert least > 0.934
    assert most < 0.974


def test_mid_p_of_whole_counts_would_hold_some_shares_too_seldom() -> None:
    least, most = least_and_most(500, mid_p)
    assert 0.915 < least < 0.92
    assert most < 0.974
