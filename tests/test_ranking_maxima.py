"""The largest statistic of every draw."""

from __future__ import annotations

import numpy as np
import pytest

from harness.ranking.bound import bound_of
from harness.ranking.energy_pairs import Columns, paired, two_samples
from harness.ranking.evidence import Booleans, Floats
from harness.ranking.maxima import (
    largest_apart,
    largest_ratio,
    normal_scale,
    student_scale,
)
from harness.records.statistics import CORRELATION, serial_widening

RNG = np.random.default_rng(5)


def columns_of(values: Floats, present: Booleans) -> Columns:
    """Stand every entry of a board beside the others."""
    members = np.arange(len(present))
    return Columns(values, present, members, np.zeros_like(members))


@pytest.mark.parametrize("whole", [True, False])
def test_the_largest_difference_is_that_of_going_through_every_pair(whole: bool) -> None:
    movements = RNG.normal(size=(7, 5)).astype(np.float32)
    scale = np.abs(RNG.normal(size=(5, 5))).astype(np.float32)
    scale = scale + scale.T if whole else np.triu(scale, 1)
    plain = [
        max([0.0] + [(row[i] - row[j]) * scale[i, j] for i in range(5) for j in range(5)])
        for row in movements
    ]
    assert largest_apart(movements, scale) == pytest.approx(plain, rel=1e-5)


@pytest.mark.parametrize("entries", [3, 150])
@pytest.mark.parametrize("whole", [True, False])
def test_the_largest_ratio_is_that_of_paired_t(whole: bool, entries: int) -> None:
    sessions = RNG.normal(size=(4, entries, 5)).astype(np.float32)
    usable = ~np.eye(entries, dtype=bool)
    usable = usable if whole else np.triu(usable)
    present = np.ones((entries, 5), dtype=bool)
    difference, squared_error, _ = paired(columns_of(sessions.astype(float), present))
    t_squared = np.where(usable & (difference > 0), np.square(difference) / squared_error, 0)
    found = 20 * largest_ratio(sessions, usable)
    assert found == pytest.approx(t_squared.max(axis=(1, 2)), rel=1e-3)


def test_paired_figures_are_those_of_the_shared_columns() -> None:
    values = np.array([[1.0, 2.0, 4.0, 9.0], [0.5, 1.0, 2.0, 7.0]])
    present = np.array([[True, True, True, False], [True, True, True, True]])
    difference, squared_error, freedom = paired(columns_of(values, present))
    apart = np.array([0.5, 1.0, 2.0])
    assert difference[1, 0] == pytest.approx(apart.mean())
    assert difference[0, 1] == pytest.approx(-apart.mean())
    assert squared_error[0, 1] == pytest.approx(apart.var(ddof=1) / 3)
    assert freedom[0, 1] == 2


def test_two_samples_are_welchs() -> None:
    values = np.array([[1.0, 2.0, 4.0], [0.5, 1.5, 0.0]])
    present = np.array([[True, True, True], [True, True, False]])
    difference, squared_error, freedom = two_samples(columns_of(values, present))
    parts = np.array([values[0].var(ddof=1) / 3, values[1, :2].var(ddof=1) / 2])
    assert difference[0, 1] == pytest.approx(1.0 - 7 / 3)
    assert squared_error[0, 1] == pytest.approx(parts.sum())
    assert freedom[0, 1] == pytest.approx(parts.sum() ** 2 / (parts[0] ** 2 / 2 + parts[1] ** 2))


@pytest.mark.parametrize(("freedom", "t", "z"), [(4, 8.610, 3.291), (9, 4.781, 3.291)])
def test_students_t_is_brought_to_the_normal_scale_and_back(
    freedom: float, t: float, z: float
) -> None:
    scaled = normal_scale(np.array(t**2), np.array(freedom))
    assert float(scaled) == pytest.approx(z, abs=0.05)
    assert float(student_scale(float(scaled), np.array(freedom))) == pytest.approx(t)


def test_the_bound_counts_what_was_seen_among_the_draws() -> None:
    draws = np.arange(1.0, 20.0)
    assert bound_of(draws, 0.95) == 19
    assert bound_of(draws[:18], 0.95) == np.inf
    assert bound_of(np.arange(1.0, 100.0), 0.95) == 95


def test_a_mean_of_sessions_that_follow_one_another_is_surer_than_it_is() -> None:
    rng = np.random.default_rng(8)
    series = rng.normal(size=(40_000, 5))
    for now in range(1, 5):
        fresh = np.sqrt(1 - CORRELATION**2) * series[:, now]
        series[:, now] = CORRELATION * series[:, now - 1] + fresh
    seen = series.mean(axis=1).var() / (series.var(axis=1, ddof=1).mean() / 5)
    assert serial_widening(5) == pytest.approx(seen, rel=0.04)
