"""The rows of sessions: what is worked out of their windows at once is what ``energy`` says."""

from __future__ import annotations

import record_samples
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.records.energy import (
    MEASURED_THROUGH_DRAIN,
    is_resolved,
    joules_per_1000,
    phase_seconds,
)
from harness.records.meter import Component, ComponentEnergy, WindowReading
from harness.records.session import PHASES, Phase, PhaseWindow, Session
from harness.site.session_rows import phase_rows, seen_of

SESSION = record_samples.session()
FIGURES = st.one_of(
    st.floats(-1e3, 1e12), st.sampled_from([0.0, -0.0, 1e-9, 2e-9, 3e-9, 1e-12, 5.0])
)
COMPONENTS: st.SearchStrategy[Component] = st.sampled_from(["package", "dram"])


def energy(component: st.SearchStrategy[Component]) -> st.SearchStrategy[ComponentEnergy]:
    return st.builds(
        ComponentEnergy,
        component=component,
        joules=FIGURES,
        resolution_joules=FIGURES,
        edges_joules=FIGURES,
        gain_joules=st.just(0.0),
        model_joules=st.just(0.0),
    )


def windows(phases: tuple[Phase, ...], one: bool) -> st.SearchStrategy[tuple[PhaseWindow, ...]]:
    part = energy(st.just("package") if one else COMPONENTS)
    parts = st.lists(part, min_size=int(one), max_size=1 if one else 3).map(tuple)
    each = st.tuples(st.floats(0.0, 1e3), parts).map(
        lambda made: WindowReading(seconds=made[0], cpu_seconds=0.0, energy=made[1])
    )
    return st.tuples(*[each for _ in phases]).map(
        lambda readings: tuple(
            PhaseWindow(phase=phase, reading=reading, disturbance=SESSION.phases[0].disturbance)
            for phase, reading in zip(phases, readings, strict=True)
        )
    )


SHAPES: st.SearchStrategy[tuple[Phase, ...]] = st.one_of(
    st.just(PHASES), st.lists(st.sampled_from(PHASES), max_size=8).map(tuple)
)
SESSIONS: st.SearchStrategy[Session] = (
    st.tuples(SHAPES, st.booleans())
    .flatmap(lambda shape: windows(*shape))
    .map(lambda made: replace(SESSION, phases=made))
)


@given(SESSIONS, st.sampled_from([-1, 0, 1, 10_000]))
def test_a_session_has_the_figure_that_energy_gives(session: Session, amortise: int) -> None:
    rules = replace(record_samples.record().rules, amortise_queries=amortise)
    (seen,) = seen_of(replace(record_samples.record(), sessions=(session,), rules=rules))
    resolved = amortise > 0 and is_resolved(session)
    assert seen.joules_per_1000 == (joules_per_1000(session, amortise) if resolved else None)
    assert seen.measured_seconds == phase_seconds(session, *MEASURED_THROUGH_DRAIN)
    assert [*seen.joules] == [window.reading.joules for window in session.phases]


def test_phases_are_means_over_sessions() -> None:
    made = record_samples.record(joules=(30.0, 50.0))
    rows = phase_rows(seen_of(made), 10_000)
    assert [row.phase for row in rows] == [*PHASES]
    measured = rows[PHASES.index("measured")]
    both = [each.phases[PHASES.index("measured")].reading for each in made.sessions]
    assert measured.joules == sum(each.joules for each in both) / 2
    assert measured.seconds == sum(each.seconds for each in both) / 2
    assert rows[0].joules_per_1000 is None
