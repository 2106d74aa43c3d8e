"""Evaluations that stop when they like the look of it still tell the truth."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import looks


@pytest.mark.parametrize("spread", looks.SPREADS)
def test_intervals_at_the_stop_hold_the_truth(spread: float) -> None:
    """At least 95 %, within three standard deviations of 4,000 repetitions: 1 %."""
    seen = looks.stopped((5, 8, 12, 18), 0.05, spread, repetitions=4000, seed=1)

    assert seen.coverage > 0.94
    assert 5 <= seen.sessions <= 18


def test_a_single_look_needs_no_correction_and_covers_just_so() -> None:
    seen = looks.stopped((5,), 0.05, 0.03, repetitions=4000, seed=1)

    assert seen.sessions == 5
    assert seen.coverage == pytest.approx(0.95, abs=0.0105)
