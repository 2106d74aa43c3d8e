from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.site.scales import (
    Scale,
    linear_range,
    linear_ticks,
    log_range,
    log_ticks,
    tick_labels,
)

positive = st.floats(min_value=1e-6, max_value=1e9)
share = st.floats(min_value=0, max_value=1)
counts = st.integers(min_value=4, max_value=12)


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.lists(positive, min_size=1, max_size=20), counts)
def test_a_log_axis_holds_its_values_and_has_readable_ticks(
    values: list[float], at_most: int
) -> None:
    low, high = log_range(values)
    assert 0 < low < min(values)
    assert max(values) < high
    ticks = log_ticks(low, high, at_most)
    assert 2 <= len(ticks) <= at_most
    assert list(ticks) == sorted(set(ticks))
    step = 1e-8 * (high - low)
    assert all(low - step <= tick <= high + step for tick in ticks)
    labels = tick_labels(ticks)
    assert len(set(labels)) == len(ticks)
    assert all(len(label) <= 9 for label in labels)


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.lists(share, min_size=1, max_size=20), counts)
def test_a_quality_axis_holds_its_values_and_stays_between_0_and_1(
    values: list[float], at_most: int
) -> None:
    low, high = linear_range(values, (0.0, 1.0))
    assert 0 <= low <= min(values)
    assert max(values) <= high <= 1
    assert low < high
    ticks = linear_ticks(low, high, at_most)
    assert 1 <= len(ticks) <= at_most
    assert len(set(tick_labels(ticks))) == len(ticks)


@pytest.mark.parametrize(
    ("low", "high", "at_most", "labels"),
    [
        (0.8, 1300, 7, ("1", "3", "10", "30", "100", "300", "1,000")),
        (0.9, 110, 7, ("1", "2", "5", "10", "20", "50", "100")),
        (0.5, 20_000, 5, ("1", "10", "100", "1,000", "10,000")),
        (9.2, 16.1, 5, ("10", "12", "14", "16")),
        (1e-6, 1e9, 6, ("10⁻⁶", "10⁻³", "10⁰", "10³", "10⁶", "10⁹")),
        (0.0012, 0.0031, 5, ("0.0015", "0.0020", "0.0025", "0.0030")),
    ],
)
def test_ticks_are_those_that_people_would_choose(
    low: float, high: float, at_most: int, labels: tuple[str, ...]
) -> None:
    assert tick_labels(log_ticks(low, high, at_most)) == labels


def test_equal_values_still_get_an_axis() -> None:
    low, high = log_range([5.0, 5.0])
    assert math.isclose(math.log10(high / low), 0.5)
    assert linear_range([0.5, 0.5], (0.0, 1.0)) == pytest.approx((0.45, 0.55))


@settings(deadline=None)  # a busy machine is no fault of this code
@given(st.lists(positive, min_size=2, max_size=10))
def test_positions_follow_the_values(values: list[float]) -> None:
    low, high = log_range(values)
    scale = Scale(low, high, 10.0, 90.0, logarithmic=True)
    placed = [scale(value) for value in sorted(values)]
    assert placed == sorted(placed)
    assert all(10 <= position <= 90 for position in placed)


def test_equal_ratios_are_equal_distances() -> None:
    scale = Scale(1.0, 1000.0, 0.0, 300.0, logarithmic=True)
    assert [scale(value) for value in (1, 10, 100, 1000)] == pytest.approx([0, 100, 200, 300])


def test_what_lies_outside_is_put_at_the_end() -> None:
    assert Scale(1.0, 10.0, 0.0, 100.0, logarithmic=True)(0.0) == 0.0
