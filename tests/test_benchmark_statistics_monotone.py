"""A rule under which one more right answer never costs an entry a statement, and its bound."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import statistics_monotone as bench

DRAWS = 199


def at(threshold: float) -> float:
    return float(bench.TAIL[np.searchsorted(bench.THRESHOLDS, threshold - 1e-9)])


def test_no_number_of_signs_does_more_than_is_said() -> None:
    for count in range(1, 11):
        sums = np.sum([*itertools.product((-1, 1), repeat=count)], axis=1) / np.sqrt(count)
        above = (sums[:, np.newaxis] > bench.THRESHOLDS).mean(axis=0)
        assert (above <= bench.TAIL + 1e-12).all()
    assert at(2.235) == pytest.approx(1 / 32), "of five that are all alike"


@given(st.integers(0, 2**32), st.sampled_from(["of others", "of none"]))
def test_one_more_right_answer_costs_the_entry_nothing(seed: int, rule: str) -> None:
    rng = np.random.default_rng(seed)
    before = (rng.random((60, 4)) < [0.9, 0.7, 0.5, 0.9]).astype(np.float32)
    after = before.copy()
    wrong = np.flatnonzero(before[:, 0] == 0)
    after[rng.choice(wrong) if len(wrong) else 0, 0] = 1
    made, still = (
        bench.RULES[rule](bench.board_of(each, DRAWS, np.random.default_rng(0)))
        for each in (before, after)
    )
    assert (still[0] >= made[0]).all(), "what it is said to be better than"
    assert (still[:, 0] <= made[:, 0]).all(), "who is said to be better"


def test_as_boards_are_it_may_cost_one() -> None:
    a, b = np.zeros((2, 200), np.float32)
    a[:101], b[101:174] = 1, 1
    c = a.copy()
    c[:4] = 0
    before = np.stack([a, b, c], axis=1)
    after = before.copy()
    after[199, 0] = 1
    made, still = (
        bench.stepped_down(bench.board_of(each, 4_999, np.random.default_rng(0)))
        for each in (before, after)
    )
    assert made[0, 1]
    assert not still[0, 1]
