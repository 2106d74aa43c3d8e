"""The figures of one evaluation, against sums done by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace
from record_samples import record, session, sessions

from harness.ranking.figures import energy_parts, figures
from harness.ranking.summary import summarise
from harness.records.base import pretty_json
from harness.records.meter import ComponentEnergy
from harness.records.session import Notice, Session

STABLE_NAMES = [
    "task",
    "entry",
    "team",
    "status",
    "stage",
    "blame",
    "message",
    "metric",
    "quality",
    "quality_interval",
    "queries",
    "joules_per_1000_queries",
    "joules_interval",
    "joules_uncertainty",
    "active_joules_per_1000_queries",
    "load_joules",
    "measured_watts",
    "seconds_per_1000_queries",
    "meter_grade",
    "isolation_grade",
    "data_source",
    "data_digest",
    "sessions",
    "looks",
    "resolvable",
    "drift",
    "session_disagreement",
    "variant_agreement",
    "rebatched_agreement",
    "void_sessions",
    "official_evaluations",
    "official_evaluations_allowed",
    "warnings",
    "path",
]


def with_edges(made: Session, joules: float) -> Session:
    """Let the edges of every window leave this much open."""
    phases = tuple(
        replace(
            each,
            reading=replace(
                each.reading,
                energy=tuple(replace(part, edges_joules=joules) for part in each.reading.energy),
            ),
        )
        for each in made.phases
    )
    return replace(made, phases=phases)


def test_the_names_are_the_stable_ones() -> None:
    assert list(asdict(summarise(record(), None))) == STABLE_NAMES


def test_a_completed_evaluation_in_figures() -> None:
    notice = Notice(code="disturbed", message="m", remedy="r")
    summary = summarise(record(warnings=(notice,)), "results/a.json")
    assert (summary.status, summary.stage, summary.blame) == ("completed", None, None)
    assert summary.quality == 0.8
    assert summary.quality_interval == pytest.approx((0.77, 0.83))
    assert (summary.sessions, summary.queries) == (5, 10_000)
    assert summary.joules_per_1000_queries == pytest.approx(30.0)  # 1000 (100/10000 + 40/2000)
    # 1 mJ of edges in each of three windows at 1000/10,000 and two at 1000/2000, five sessions.
    assert summary.joules_uncertainty is not None
    own = 0.001 * (3 * 0.1**2 + 2 * 0.5**2) ** 0.5 / 5**0.5
    assert summary.joules_uncertainty.random == pytest.approx(own)
    assert summary.joules_uncertainty.systematic == 0.0
    # The sessions do not differ: what is left open is that, of t(4) in place of the normal.
    ends = (30.0 - own * 2.776445 / 1.959964, 30.0 + own * 2.776445 / 1.959964)
    assert summary.joules_interval == pytest.approx(ends, rel=1e-8)
    # Less 1 W of idle: start, load and warm-up take 5 s, measured and drain 4 s.
    assert summary.active_joules_per_1000_queries == pytest.approx(1000 * (95 / 1e4 + 36 / 2000))
    assert summary.load_joules == pytest.approx(30.0)
    assert summary.measured_watts == pytest.approx(10.0)
    assert summary.seconds_per_1000_queries == pytest.approx(2.0)
    assert summary.warnings == (notice,)
    assert summary.path == "results/a.json"


def test_the_point_is_the_centre_of_the_interval() -> None:
    # 20 and 80 J per 1,000 queries: 40 in the middle of their logarithms, not 50.
    summary = summarise(record(joules=(19.0, 139.0)), None)
    assert summary.joules_per_1000_queries == pytest.approx(40.0)
    assert summary.joules_interval is not None
    low, high = summary.joules_interval
    assert low * high == pytest.approx(40.0**2)


def test_one_session_has_no_interval() -> None:
    summary = summarise(record(joules=(39.0,)), None)
    assert summary.joules_per_1000_queries == pytest.approx(30.0)
    assert summary.joules_interval is None


def test_a_failed_evaluation_has_no_figures() -> None:
    summary = summarise(record(failed="load", sessions=(), quality=None), None)
    assert (summary.status, summary.stage, summary.blame) == ("failed", "load", "submission")
    assert summary.message == "failed in load"
    assert (summary.quality, summary.joules_per_1000_queries, summary.load_joules) == (
        None, None, None,
    )  # fmt: skip
    assert summary.sessions == 0


def test_sessions_before_a_failure_give_no_figures_either() -> None:
    summary = summarise(record(failed="measured"), None)
    assert (summary.quality, summary.measured_watts, summary.queries) == (None, None, 10_000)


def test_parts_are_means_over_sessions() -> None:
    parts = energy_parts(sessions(10.0, 20.0))
    assert parts.measured_joules == pytest.approx(15.0)
    assert (parts.start_joules, parts.load_joules) == (10.0, 30.0)
    assert (parts.warm_up_joules, parts.drain_joules) == (60.0, 1.0)


def test_a_meter_that_read_nothing_gives_no_energy_rather_than_zero() -> None:
    nothing = replace(session(), phases=session().phases[4:5])
    nothing = replace(
        nothing,
        phases=(replace(nothing.phases[0], reading=replace(nothing.phases[0].reading, energy=())),),
    )
    summary = summarise(record(sessions=(nothing, nothing)), None)
    assert (summary.status, summary.quality) == ("completed", 0.8)
    assert summary.joules_per_1000_queries is None
    assert summary.joules_uncertainty is None
    assert summary.seconds_per_1000_queries == pytest.approx(1.75)
    assert summary.joules_interval is None
    assert summary.measured_watts is None
    assert pretty_json(summary)


def test_energy_within_its_uncertainty_is_unresolved() -> None:
    made = with_edges(session(), 40.0 / math.sqrt(2) + 1e-6)
    assert summarise(record(sessions=(made,)), None).joules_per_1000_queries is None
    made = with_edges(session(), 40.0 / math.sqrt(2) - 1e-6)
    assert summarise(record(sessions=(made,)), None).joules_per_1000_queries is not None


COMPONENTS = st.lists(
    st.tuples(st.floats(0.1, 1e3), st.floats(0, 0.01), st.floats(0, 0.2), st.floats(0, 1)),
    min_size=1,
    max_size=3,
)


@given(COMPONENTS, st.integers(1, 6))
def test_the_meters_share_of_doubt(
    components: list[tuple[float, float, float, float]], sessions: int
) -> None:
    """The scale is that of the weightiest component at most; more sessions shrink the rest."""
    energy = tuple(
        ComponentEnergy(
            component="package",
            joules=joules,
            resolution_joules=0.0,
            edges_joules=edges * joules,
            gain_joules=gain * joules,
            model_joules=model * joules,
        )
        for joules, edges, gain, model in components
    )
    ordinary = session()
    phases = tuple(
        replace(each, reading=replace(each.reading, energy=energy)) for each in ordinary.phases
    )
    one = replace(ordinary, phases=phases)
    joules = summarise(record(sessions=(one,)), None).joules_per_1000_queries
    single, many = (
        figures([record(sessions=(one,) * number)]).joules_uncertainty for number in (1, sessions)
    )
    assert joules is not None
    most = max(math.hypot(gain, model) for _, _, gain, model in components)
    assert single.systematic <= joules * most * math.sqrt(2) * (1 + 1e-9)
    assert many.systematic == pytest.approx(single.systematic)
    assert many.random == pytest.approx(single.random / math.sqrt(sessions))
    assert single.random <= joules * max(edges for _, edges, _, _ in components) * (1 + 1e-9)
