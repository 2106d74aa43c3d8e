"""The interval of energy covers what it says it covers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.ranking.intervals import log_mean, log_t_interval

POSITIVE = st.floats(min_value=1e-6, max_value=1e6)


def test_against_figures_worked_out_by_hand() -> None:
    # Logs 0, 1, 2: mean 1, standard deviation 1; t(2, 0.975) = 4.302653.
    half_width = 4.302653 / math.sqrt(3)
    interval = log_t_interval([1.0, math.e, math.e**2])
    expected = (math.exp(1 - half_width), math.exp(1 + half_width))
    assert interval == pytest.approx(expected, rel=1e-6)
    assert log_mean([1.0, math.e, math.e**2]) == pytest.approx(math.e)


@pytest.mark.parametrize(
    "values", [[], [3.0], [1.0, 0.0], [1.0, -2.0, 3.0], [1e-300, 1e300], [5e-324, 1e-300]]
)
def test_no_interval_is_better_than_a_false_one(values: list[float]) -> None:
    assert log_t_interval(values) is None


@settings(deadline=None)
@given(POSITIVE, st.integers(min_value=2, max_value=8))
def test_equal_values_have_an_interval_of_no_width(value: float, count: int) -> None:
    values = [value] * count
    interval = log_t_interval(values)
    assert interval is not None
    assert interval[0] == interval[1] == log_mean(values) == pytest.approx(value)


@settings(deadline=None)
@given(st.lists(st.floats(min_value=0.5, max_value=2), min_size=2, max_size=9), POSITIVE)
def test_the_interval_scales_with_the_unit(values: list[float], scale: float) -> None:
    interval, scaled = log_t_interval(values), log_t_interval([scale * v for v in values])
    assert interval is not None
    assert scaled is not None
    assert scaled == pytest.approx((scale * interval[0], scale * interval[1]), rel=1e-6)


@settings(deadline=None)
@given(st.lists(st.floats(min_value=0.5, max_value=2), min_size=2, max_size=9), st.randoms())
def test_the_interval_holds_its_centre_and_no_order_matters(
    values: list[float], rng: np.random.Generator
) -> None:
    interval = log_t_interval(values)
    assert interval is not None
    assert interval[0] <= log_mean(values) <= interval[1]
    rng.shuffle(values)
    assert log_t_interval(values) == pytest.approx(interval)


@pytest.mark.parametrize("sessions", [2, 3, 5, 10])
def test_it_covers_the_true_energy_in_95_of_100_campaigns(sessions: int) -> None:
    # Of 2,000 campaigns 95 % ± 4 standard errors (0.5 %) are to hold the true value.
    rng = np.random.Generator(np.random.PCG64(20260102))
    campaigns = 30.0 * np.exp(rng.normal(0, 0.05, size=(2000, sessions)))
    intervals = [log_t_interval(campaign.tolist()) for campaign in campaigns]
    held = [found is not None and found[0] <= 30.0 <= found[1] for found in intervals]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
