"""Intervals of energy cover what they say they cover, at one look and at several."""

from __future__ import annotations

import math
from pathlib import Path
from statistics import variance

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.records import statistics as under_test
from harness.records.miss_rates import misses, worst_miss
from harness.records.statistics import (
    CORRELATION,
    LogEstimate,
    blocked_ratio,
    difference,
    log_mean,
    look_alphas,
    of_sessions,
    over_campaigns,
    paired_ratio,
    t_quantile,
)

POSITIVE = st.floats(min_value=1e-6, max_value=1e6)
ROOT = Path(__file__).resolve().parent.parent
LOOKS = (5, 8, 12, 18)


def log_t_interval(values: list[float]) -> tuple[float, float] | None:
    estimate = of_sessions(values, correlation=0.0)
    return None if estimate is None else estimate.interval()


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


@pytest.mark.parametrize("sessions", [5, 12, 30])
def test_sessions_alike_to_their_neighbours_are_covered_and_plain_t_would_not(
    sessions: int,
) -> None:
    # Neighbours correlate by 0.33. Four standard errors of 2,000 campaigns are 2 to 3 %.
    rng = np.random.Generator(np.random.PCG64(20260106))
    steps, logs = rng.normal(0, 0.05, (2000, sessions)), np.empty((2000, sessions))
    logs[:, 0] = steps[:, 0]
    for place in range(1, sessions):
        logs[:, place] = 0.33 * logs[:, place - 1] + math.sqrt(1 - 0.33**2) * steps[:, place]
    held = {}
    for correlation in (0.0, CORRELATION):
        found = [of_sessions(each, correlation=correlation) for each in np.exp(logs).tolist()]
        held[correlation] = np.mean([abs(e.log) <= e.log_half_width() for e in found if e])
    assert held[0.0] < 0.90
    assert held[CORRELATION] == pytest.approx(0.94, abs=0.022)


def test_a_ratio_of_pairs_is_the_t_interval_of_their_ratios() -> None:
    # Logs of the ratios 0, 1, 2, as in the first test.
    ones, others = [2.0, 3 * math.e, 5 * math.e**2], [2.0, 3.0, 5.0]
    ratio = paired_ratio(ones, others)
    assert ratio is not None
    assert ratio.value == pytest.approx(math.e)
    assert ratio.interval() == pytest.approx(log_t_interval([1.0, math.e, math.e**2]))


def test_what_varies_within_a_pair_is_at_least_what_two_sessions_vary_by() -> None:
    alone, paired = (of_sessions([3.0] * 4, correlation=0.0, least_spread=0.01),
                     paired_ratio([3.0] * 4, [2.0] * 4, least_spread=0.01))  # fmt: skip
    assert alone is not None
    assert paired is not None
    assert alone.standard_error == pytest.approx(0.005)
    assert paired.standard_error == pytest.approx(math.sqrt(2) * 0.005)


def test_pairs_are_of_the_rounds_that_both_entries_finished() -> None:
    ones, others = {0: 2.0, 1: 8.0, 3: 4.0}, {3: 2.0, 0: 1.0, 2: 100.0}
    ratio = blocked_ratio(ones, others)
    assert ratio is not None
    assert (ratio.value, ratio.standard_error) == pytest.approx((2.0, 0.0))
    assert blocked_ratio({0: 1.0}, others) is None
    with pytest.raises(ValueError, match="paired"):
        paired_ratio([1.0, 2.0], [1.0])


def apart_ratio(ones: list[float], others: list[float]) -> LogEstimate:
    one, other = of_sessions(ones), of_sessions(others)
    assert one is not None
    assert other is not None
    return difference(one, other)


def test_a_ratio_of_two_apart_is_welchs() -> None:
    rng = np.random.Generator(np.random.PCG64(1))
    ones, others = rng.normal(1, 0.3, 7), rng.normal(0.5, 0.1, 12)
    apart = [of_sessions(np.exp(logs).tolist(), correlation=0.0) for logs in (ones, others)]
    assert apart[0] is not None
    assert apart[1] is not None
    ratio = difference(apart[0], apart[1])
    expected = stats.ttest_ind(ones, others, equal_var=False)
    assert ratio.degrees == pytest.approx(expected.df)
    low, high = expected.confidence_interval(0.95)
    assert ratio.interval() == pytest.approx((math.exp(low), math.exp(high)))
    wider = apart_ratio(np.exp(ones).tolist(), np.exp(others).tolist())
    assert wider.log == ratio.log
    assert wider.standard_error > 1.2 * ratio.standard_error


@settings(deadline=None)
@given(st.lists(st.floats(0.5, 2), min_size=4, max_size=12), POSITIVE)
def test_a_gain_of_the_meter_falls_out_of_a_ratio(values: list[float], gain: float) -> None:
    half = len(values) // 2
    ones, others = values[:half], values[-half:]
    for of in (paired_ratio, apart_ratio):
        ratio = of(ones, others)
        read = of([gain * v for v in ones], [gain * v for v in others])
        assert ratio is not None
        assert read is not None
        assert (read.log, read.standard_error) == pytest.approx(
            (ratio.log, ratio.standard_error), abs=1e-9
        )


def test_what_the_meter_leaves_open_is_the_least_error() -> None:
    still = LogEstimate(0.0, 0.0, 4)
    assert still.interval() == (1.0, 1.0)
    assert still.at_least(0.01).log_half_width() == pytest.approx(0.01 * t_quantile(4))
    assert LogEstimate(0.0, 0.5, 4).at_least(0.01).standard_error == 0.5


def test_the_relative_half_width_is_how_far_the_upper_end_lies_above() -> None:
    estimate = of_sessions([1.0, 1.1, 1.2, 0.9])
    assert estimate is not None
    interval = estimate.interval()
    assert interval is not None
    assert estimate.relative_half_width() == pytest.approx(interval[1] / estimate.value - 1)
    assert LogEstimate(0.0, 1e4, 2).relative_half_width() == math.inf


def test_a_single_look_needs_no_correction() -> None:
    assert look_alphas([5]) == pytest.approx([0.05])
    assert look_alphas([3], 0.9) == pytest.approx([0.1])


@pytest.mark.parametrize("looks", [(5, 8), LOOKS, (5, 6, 7, 8), (3, 5, 10, 20, 30)])
def test_alpha_of_several_looks_lies_between_a_share_and_the_whole(looks: tuple[int, ...]) -> None:
    (alpha,) = set(look_alphas(looks))
    assert 0.05 / len(looks) < alpha < 0.05
    assert worst_miss(looks, (alpha,) * len(looks)) == pytest.approx(0.05, abs=5e-4)
    assert worst_miss(looks, (0.05,) * len(looks)) > 0.06


@pytest.mark.parametrize("looks", [(), (1, 5), (5, 5), (8, 5)])
def test_looks_that_do_not_rise_are_refused(looks: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="looks"):
        look_alphas(looks)


def stopped(alphas: tuple[float, ...], width: float, campaigns: int) -> float:
    """Draw campaigns of spread 1, stop each when narrow, and say how often the interval misses."""
    rng = np.random.Generator(np.random.PCG64(20260104))
    sessions = rng.standard_normal((campaigns, LOOKS[-1]))
    going, missed = np.ones(campaigns, np.bool_), 0
    for look, alpha in zip(LOOKS, alphas, strict=True):
        seen = sessions[:, :look]
        half = t_quantile(look - 1, alpha) * seen.std(axis=1, ddof=1) / math.sqrt(look)
        stops = going & ((half <= width) | (look == LOOKS[-1]))
        missed += int((stops & (np.abs(seen.mean(axis=1)) > half)).sum())
        going &= ~stops
    return missed / campaigns


def test_stopping_when_narrow_covers_with_the_corrected_alpha_and_not_without() -> None:
    # 50,000 campaigns: four standard errors are 0.4 %. At these widths it is about at its worst.
    assert stopped((0.05,) * 4, 0.56, 50_000) > 0.07
    for width in (0.3, 0.56, 0.69, 1.2):
        assert stopped(look_alphas(LOOKS), width, 50_000) < 0.054


def test_what_is_worked_out_is_what_is_drawn() -> None:
    worked = misses(LOOKS, (0.05,) * 4)
    drawn = max(stopped((0.05,) * 4, width, 50_000) for width in np.geomspace(0.4, 1, 8))
    assert worked.max() == pytest.approx(drawn, abs=0.005)
    assert worked.min() == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize(("looks", "covered"), [((5, 8), 93.6), (LOOKS, 92.3)])
def test_what_uncorrected_looks_come_to_is_what_is_said(
    looks: tuple[int, ...], covered: float
) -> None:
    worst = worst_miss(looks, (0.05,) * len(looks))
    assert round(100 * (1 - worst), 1) == covered
    told = (ROOT / "docs/explanation/protocol.md").read_text(encoding="utf-8")
    assert f"{covered} % at looks of `{list(looks)}`" in told


def campaigns_of(
    rng: np.random.Generator, count: int, between: float, own: float
) -> list[LogEstimate]:
    centres = rng.normal(0, between, count)
    sessions = np.exp(centres[:, np.newaxis] + rng.normal(0, own, (count, 5)))
    estimates = [of_sessions(each.tolist(), correlation=0.0) for each in sessions]
    return [each for each in estimates if each is not None]


def test_fewer_than_three_campaigns_are_not_pooled() -> None:
    rng = np.random.Generator(np.random.PCG64(3))
    assert over_campaigns(campaigns_of(rng, 2, 0.01, 0.01)) is None


def test_campaigns_that_agree_are_pooled_by_their_own_errors() -> None:
    same = [LogEstimate(0.1, error, 9) for error in (0.01, 0.02, 0.04)]
    pooled = over_campaigns(same)
    assert pooled is not None
    assert pooled.between == 0.0
    assert pooled.estimate.log == pytest.approx(0.1)
    assert pooled.estimate.degrees == 2
    # 1 / sqrt(1e4 + 2500 + 625): never below the error of a fixed mean.
    assert pooled.estimate.standard_error == pytest.approx(1 / math.sqrt(13_125))


def test_campaigns_that_differ_by_less_than_their_errors_differ_by_nothing() -> None:
    pooled = over_campaigns([LogEstimate(log, 0.01, 9) for log in (0.099, 0.1, 0.102)])
    assert pooled is not None
    assert pooled.between == 0.0
    assert pooled.estimate.standard_error == pytest.approx(0.01 / math.sqrt(3))


def test_campaigns_that_disagree_have_the_plain_t_interval_of_their_means() -> None:
    logs = [0.0, 0.1, 0.2, 0.4]
    pooled = over_campaigns([LogEstimate(log, 1e-9, 9) for log in logs])
    assert pooled is not None
    assert pooled.estimate.interval() == pytest.approx(log_t_interval([math.exp(x) for x in logs]))
    assert pooled.between == pytest.approx(np.std(logs, ddof=1), rel=1e-4)


def covered(rng: np.random.Generator, between: float) -> tuple[float, float]:
    """Say how often the pooled interval holds the truth, and one that takes days to be alike."""
    held, held_alike = 0, 0
    for _ in range(500):
        campaigns = campaigns_of(rng, 4, between, 0.02)
        pooled = over_campaigns(campaigns)
        assert pooled is not None
        held += abs(pooled.estimate.log) <= pooled.estimate.log_half_width()
        every = [each.log for each in campaigns]
        alike = LogEstimate(float(np.mean(every)), 0.02 / math.sqrt(20), 16)
        held_alike += abs(alike.log) <= alike.log_half_width()
    return held / 500, held_alike / 500


@pytest.mark.parametrize("between", [0.0, 0.01, 0.05])
def test_the_pooled_interval_covers_whatever_differs_between_campaigns(between: float) -> None:
    # Four standard errors of 500 tries are 4 %.
    pooled, alike = covered(np.random.Generator(np.random.PCG64(20260105)), between)
    assert pooled > 0.91
    assert alike < 0.75 or between < 0.05


def test_a_difference_of_estimates_without_error_has_none() -> None:
    still = LogEstimate(1.0, 0.0, 4)
    assert difference(still, still) == LogEstimate(0.0, 0.0, 8)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=12))
def test_the_variance_is_that_of_python_to_the_last_digit(values: list[float]) -> None:
    try:
        expected = variance(values)
    except OverflowError:
        with pytest.raises(OverflowError):
            under_test._variance(values)
    else:
        assert under_test._variance(values) == expected


@pytest.mark.parametrize("odd", [math.inf, math.nan])
def test_the_variance_of_what_is_not_finite_is_that_of_python(odd: float) -> None:
    for values in ([odd] * 5, [1.0, odd], [odd, 1.0, 2.0]):
        assert repr(under_test._variance(values)) == repr(variance(values))
    estimate = of_sessions([math.inf] * 5)
    assert estimate is not None
    assert (estimate.log, estimate.standard_error) == (math.inf, math.inf)
