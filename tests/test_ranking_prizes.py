"""Prizes and energy classes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.ranking.energy_class import energy_class, ratio_interval
from harness.ranking.prizes import best_quality, least_energy

ALL = np.ones(4, dtype=bool)


def ahead(*pairs: tuple[int, int]) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    matrix = np.zeros((4, 4), dtype=bool)
    for one, other in pairs:
        matrix[one, other] = True
    return matrix


def test_only_entries_that_surely_clear_the_floor_compete_for_least_energy() -> None:
    prize = least_energy(
        ahead((0, 1), (0, 2), (0, 3), (1, 3)), np.array([0.49, 0.5, 0.8, 0.9]), 0.5, ALL
    )
    assert prize.competes.tolist() == [False, True, True, True]
    assert prize.rank.tolist() == [[0, 0], [1, 2], [1, 3], [2, 3]]
    assert prize.winners.tolist() == [False, True, True, False], "told apart by nothing: joint"


def test_only_entries_that_are_surely_within_the_budget_compete_for_quality() -> None:
    prize = best_quality(
        ahead((0, 1), (0, 2), (1, 2)), np.array([3.0, 1.9, 2.0, math.inf]), 2.0, ALL
    )
    assert prize.winners.tolist() == [False, True, False, False]
    assert prize.rank.tolist() == [[0, 0], [1, 1], [2, 2], [0, 0]]


def test_an_entry_that_competes_for_nothing_keeps_nobody_from_a_prize() -> None:
    prize = least_energy(ahead((0, 1)), np.ones(4), 0.5, np.array([False, True, False, False]))
    assert prize.winners.tolist() == [False, True, False, False]


def test_nobody_wins_where_nobody_competes() -> None:
    prize = least_energy(ahead(), np.zeros(4), 0.5, ALL)
    assert not prize.winners.any()
    assert not prize.rank.any()


def test_the_reference_stands_in_the_middle_of_d_and_a_letter_is_a_factor() -> None:
    letters = [
        energy_class((ratio, ratio), at_floor=False)
        for ratio in (0.001, 0.1, math.sqrt(0.1), 0.6, 1.0, 1.7, math.sqrt(10), 10, 31.7, 1e6)
    ]
    assert letters == ["A", "B", "C", "D", "D", "D", "E", "F", "G", "G"]


def test_an_interval_that_straddles_shows_both_letters() -> None:
    assert energy_class((0.5, 0.6), at_floor=False) == "C–D"  # noqa: RUF001 - as printed
    assert energy_class((0.1, 10), at_floor=False) == "B–F"  # noqa: RUF001 - as printed


def test_there_is_no_class_at_the_floor_or_without_an_interval() -> None:
    assert energy_class((1, 2), at_floor=True) is None
    assert energy_class(None, at_floor=False) is None


@pytest.mark.parametrize("interval", [(0.0, 1.0), (1.0, math.inf), (2.0, 1.0)])
def test_an_impossible_energy_has_no_class(interval: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match=r"energies|interval"):
        energy_class(interval, at_floor=False)


def test_a_ratio_of_intervals_adds_their_widths_in_quadrature() -> None:
    low, high = ratio_interval((2 / 1.03, 2 * 1.03), (1 / 1.04, 1.04))
    assert math.sqrt(low * high) == pytest.approx(2)
    assert math.log(high / low) / 2 == pytest.approx(math.hypot(math.log(1.03), math.log(1.04)))
