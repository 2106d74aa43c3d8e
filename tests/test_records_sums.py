"""Figures come out the same, to the last digit, whichever way Python adds floats up."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.sums import total, weighted_mean

ROOT = Path(__file__).resolve().parent.parent
HARNESS = """
import builtins, math, operator, statistics, sys
from functools import reduce

of_others, plain_mean = builtins.sum, statistics.fmean
adds_up = math.fsum if sys.argv.pop(1) == "compensated" else lambda each: reduce(operator.add, each)


def of_floats(values, /, start=0):
    values = [start, *values]
    floats = any(type(each) is float for each in values)
    return adds_up(values) if floats else of_others(values[1:], start)


def mean(data, weights=None):
    if weights is None:
        return plain_mean(data)
    return of_floats(w * d for w, d in zip(weights, data)) / of_floats(weights)


builtins.sum, statistics.fmean = of_floats, mean
from harness.__main__ import main
sys.exit(main())
"""
"""On a Python whose ``sum`` of floats is as it was until 3.11, or carries what rounding loses."""

floats = st.floats(-1e6, 1e6)


@given(st.lists(floats, max_size=20))
def test_a_sum_is_rounded_once_in_whatever_order(values: list[float]) -> None:
    assert total(values) == total(values[::-1]) == math.fsum(values)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], 0.0),
        ([1e308, 1e308], math.inf),
        ([math.inf, 1.0], math.inf),
        ([-1e308, -1e308, -1e308], -math.inf),
    ],
)
def test_what_is_beyond_floats_is_infinite(values: list[float], expected: float) -> None:
    assert total(values) == expected


def test_of_two_infinities_the_sum_is_no_number() -> None:
    assert math.isnan(total([math.inf, -math.inf]))


def test_a_mean_counts_each_value_for_its_weight() -> None:
    assert weighted_mean([1.0, 4.0], [3, 1]) == 1.75


@pytest.mark.parametrize("way", ["compensated", "one by one"])
def test_the_committed_page_is_the_same_whichever_way_python_adds_up(
    way: str, tmp_path: Path
) -> None:
    """Figures differed in the last digit, so that ``--check`` failed on Python 3.12 and later."""
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, way, "leaderboard", "--published", "--check"],
        cwd=ROOT,
        env={**os.environ, "HARNESS_CACHE": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
