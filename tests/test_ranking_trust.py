"""What an evaluation says that it could have told apart is what a test between two would show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace
from record_samples import record
from scipy import stats

from harness.ranking.trust import Resolvable, in_words, resolvable


@pytest.mark.parametrize(("sessions", "percent"), [(3, 2.3), (5, 1.5), (10, 0.9)])
def test_one_percent_from_run_to_run_shows_gaps_of_so_much(sessions: int, percent: float) -> None:
    """Two-sample t, as docs/explanation/statistics.md has it."""
    logs = np.asarray(stats.norm.ppf((np.arange(sessions) + 0.5) / sessions))
    logs = 0.01 * logs / logs.std(ddof=1)
    made = record(joules=tuple(2 * 30 * math.exp(each) - 21 for each in logs))

    energy = resolvable(made).energy

    assert energy is not None
    assert 100 * energy == pytest.approx(percent, abs=0.06)


def test_quality_is_told_apart_by_what_two_intervals_leave() -> None:
    made = record(value=0.5)  # 0.47 to 0.53
    assert resolvable(made).quality == pytest.approx(math.sqrt(2) * 0.03)


def test_no_quality_is_told_apart_by_less_than_an_item() -> None:
    assert resolvable(record(value=1.0, quality=None)).quality is None
    made = record()
    assert made.quality is not None
    ranked = made.quality.ranked_value
    narrow = replace(ranked, low=ranked.value, high=ranked.value)
    quality = replace(made.quality, metrics=(narrow,))
    assert resolvable(record(quality=quality)).quality == pytest.approx(1 / 1200)


def test_it_is_said_in_one_sentence() -> None:
    assert in_words(Resolvable(energy=0.123, quality=0.042)) == (
        "beside an entry measured likewise: energies that differ by 12 %, and qualities that "
        "differ by 0.042"
    )
    assert "a factor of 4" in in_words(Resolvable(energy=3.0, quality=None))
    one = resolvable(record(joules=(39.0,)))
    assert one.energy is None
    assert "no energies" in in_words(one)
