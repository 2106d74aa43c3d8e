"""Trends are found where there are any, and where there are none as rarely as is stated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import RULES, component_energy, session
from scipy import stats

from harness.records.drift import Drift, Trend, drift
from harness.records.session import ReferenceKernel, Session, Sweep

AMORTISE = RULES.energy.amortise_queries


def costing(*costs: float, index: int = 0) -> Session:
    """Make a session whose sweeps of variants cost so much CPU time a query."""
    sweeps = [
        Sweep(kind="variant", queries=100, seconds=1.0, cpu_seconds=100 * cost) for cost in costs
    ]
    original = Sweep(kind="original", queries=100, seconds=1.0, cpu_seconds=1e3)  # left out
    return replace(session(index=index), sweeps=(*sweeps[:1], original, *sweeps[1:]))


def seen(sessions: Sequence[Session]) -> Drift:
    return drift(sessions, AMORTISE)


def with_seen(made: Session, **what: float) -> Session:
    return replace(
        made,
        phases=tuple(
            replace(each, disturbance=replace(each.disturbance, **what))
            if each.phase == "measured"
            else each
            for each in made.phases
        ),
    )


def test_a_query_that_gets_cheaper_within_every_session_is_found() -> None:
    made = [costing(1.1, 1.05, 1.0, 0.95, 0.9), costing(2.2, 2.1, 2.0, 1.91, 1.8),
            costing(1.1, 1.04, 1.0, 0.95, 0.91)]  # fmt: skip

    trend = seen(made).within_sessions

    assert trend is not None
    assert trend.change == pytest.approx(-0.2, abs=0.01)
    assert trend.p_value < 0.001
    assert trend.sessions == 3


def test_sessions_that_move_in_both_directions_show_none() -> None:
    made = [costing(1.1, 1.0, 0.9), costing(0.9, 1.0, 1.1), costing(1.0, 1.0, 1.0)]
    assert seen(made).within_sessions == Trend(change=0.0, p_value=1.0, sessions=3)


def test_too_little_is_no_test() -> None:
    """Two sweeps of variants in each session, or two sessions."""
    assert seen([costing(1.1, 0.9)] * 5).within_sessions is None
    two = seen([costing(1.1, 1.0, 0.9)] * 2)
    assert (two.within_sessions, two.energy, two.kernel) == (None, None, None)


def test_the_trend_over_sessions_is_that_of_a_fitted_line() -> None:
    joules = [30.0, 31.0, 30.5, 32.0, 33.5]
    made = [session(measured_joules=2 * each - 21, index=i) for i, each in enumerate(joules)]

    trend = drift(made, AMORTISE, correlation=0.0).energy

    fitted = stats.linregress(range(5), np.log(joules))
    assert trend is not None
    assert trend.change == pytest.approx(np.expm1(4 * fitted.slope))
    assert trend.p_value == pytest.approx(fitted.pvalue)


def test_what_neighbours_have_in_common_widens_the_error_of_the_line_as_matrices_have_it() -> None:
    joules = [30.0, 31.0, 30.5, 32.0, 31.5, 33.0]
    made = [session(measured_joules=2 * each - 21, index=i) for i, each in enumerate(joules)]
    place = np.arange(6)
    correlations = 0.3 ** np.abs(np.subtract.outer(place, place))
    line = np.stack([np.ones(6), place], axis=1)
    solved = np.linalg.inv(line.T @ line) @ line.T
    of_slope = (solved @ correlations @ solved.T)[1, 1] / np.linalg.inv(line.T @ line)[1, 1]
    of_residuals = np.trace((np.eye(6) - line @ solved) @ correlations) / 4

    trend = drift(made, AMORTISE, correlation=0.3).energy

    fitted = stats.linregress(place, np.log(joules))
    error = fitted.stderr * np.sqrt(of_slope / of_residuals)
    assert trend is not None
    assert trend.p_value == pytest.approx(2 * stats.t.sf(fitted.slope / error, 4))


def test_what_took_no_time_has_no_trend() -> None:
    assert seen([costing(0.0, 0.0, 0.0)] * 3).within_sessions is None
    still = ReferenceKernel(before_cpu_seconds=0.0, after_cpu_seconds=0.0)
    made = [session(index=index) for index in range(4)]
    assert seen([replace(made[0], kernel=still), *made[1:]]).kernel is None


def test_energy_that_is_not_resolved_has_no_trend() -> None:
    made = [session(index=index) for index in range(5)]
    nothing = tuple(
        replace(w, reading=replace(w.reading, energy=(component_energy(0.0),)))
        for w in made[0].phases
    )
    found = seen([replace(made[0], phases=nothing), *made[1:]])
    assert found.energy is None
    assert found.kernel is not None


def test_the_machines_own_trends_are_found() -> None:
    made = [
        replace(
            with_seen(
                session(index=i),
                frequency_megahertz=3000.0 - 100 * i,
                temperature_celsius=40 + 5.0 * i,
            ),
            kernel=ReferenceKernel(before_cpu_seconds=0.1 + 0.01 * i, after_cpu_seconds=0.1),
        )
        for i in range(4)
    ]  # fmt: skip

    found = seen(made)

    assert found.frequency is not None
    assert found.temperature is not None
    assert found.kernel is not None
    assert found.frequency.change == pytest.approx(-0.1, abs=0.001)
    assert found.temperature.change == pytest.approx(15.0)  # kelvin
    assert found.kernel.change > 0.1
    assert max(each.p_value for each in (found.frequency, found.temperature, found.kernel)) < 0.01


def test_a_machine_that_does_not_tell_in_every_session_is_not_judged() -> None:
    made = [with_seen(session(index=i), frequency_megahertz=3000.0) for i in range(4)]
    assert seen(made).frequency == Trend(change=0.0, p_value=1.0, sessions=4)
    assert seen([*made, session(index=4)]).frequency is None


@pytest.mark.parametrize(("correlation", "most"), [(0.0, 0.05), (0.33, 0.07)])
def test_chance_is_taken_for_a_trend_as_rarely_as_is_stated(
    correlation: float, most: float
) -> None:
    """1,500 evaluations without any, of eight sessions: a p-value below 0.05 in about 5 % of them.

    Within 1.7 %, three standard deviations.
    """
    rng = np.random.default_rng(6)
    within = energy = 0
    for _ in range(1500):
        noise = rng.standard_normal(8)
        for number in range(1, 8):
            fresh = np.sqrt(1 - correlation**2) * noise[number]
            noise[number] = correlation * noise[number - 1] + fresh
        made = [
            replace(
                costing(*np.exp(0.05 * rng.standard_normal(4)), index=index),
                phases=session(measured_joules=np.exp(3 + 0.1 * noise[index])).phases,
            )
            for index in range(8)
        ]
        found = seen(made)
        assert found.within_sessions is not None
        assert found.energy is not None
        within += found.within_sessions.p_value < 0.05
        energy += found.energy.p_value < 0.05
    assert within / 1500 == pytest.approx(0.05, abs=0.017)
    assert energy / 1500 < most + 0.017


@given(st.lists(st.floats(1.0, 1e6), min_size=3, max_size=8))
def test_a_trend_turns_round_with_the_order(joules: list[float]) -> None:
    there = seen([session(measured_joules=each) for each in joules]).energy
    back = seen([session(measured_joules=each) for each in reversed(joules)]).energy
    assert there is not None
    assert back is not None
    assert there.p_value == pytest.approx(back.p_value, abs=1e-6)
    assert 1 + there.change == pytest.approx(1 / (1 + back.change), rel=1e-6)
