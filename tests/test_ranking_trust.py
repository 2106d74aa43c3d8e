"""What an evaluation says that it could have told apart is what a test between two would show."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace
from record_samples import record
from scipy import stats

from harness.ranking.trust import Resolvable, in_words, resolvable
from harness.records.statistics import of_sessions


@pytest.mark.parametrize(("sessions", "percent"), [(3, 2.3), (5, 1.5), (10, 0.9)])
def test_one_percent_from_run_to_run_shows_gaps_of_so_much(sessions: int, percent: float) -> None:
    """Two-sample t, wider by as much as intervals of sessions in succession are."""
    logs = np.asarray(stats.norm.ppf((np.arange(sessions) + 0.5) / sessions))
    energies = 30 * np.exp(0.01 * logs / logs.std(ddof=1))
    made = record(joules=tuple(2 * energies - 21))
    mine, plain = of_sessions(energies.tolist()), of_sessions(energies.tolist(), correlation=0.0)
    assert mine is not None
    assert plain is not None
    wider = mine.standard_error / plain.standard_error

    energy = resolvable(made).energy

    assert energy is not None
    assert 100 * energy == pytest.approx(wider * percent, abs=0.08)


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
    assert "differ by 100 %" in in_words(Resolvable(energy=0.999, quality=None))
    assert "a factor of 130" in in_words(Resolvable(energy=125.3, quality=None))
    one = resolvable(record(joules=(39.0,)))
    assert one.energy is None
    assert "no energies" in in_words(one)
