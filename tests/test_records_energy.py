"""Figures of a session from the columns of its windows, against sums over its windows."""

from __future__ import annotations

import math

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import component_energy, session

from harness.records.energy import (
    BEFORE_MEASURED,
    MEASURED_THROUGH_DRAIN,
    active_joules_per_1000,
    idle_difference_watts,
    idle_watts,
    is_resolved,
    joules_per_1000,
    measured_uncertainty_joules,
    phase_cpu_seconds,
    phase_joules,
    phase_seconds,
    random_uncertainty_per_1000,
    silent_components,
    systematic_uncertainty_per_1000,
)
from harness.records.meter import Component, ComponentEnergy, WindowReading
from harness.records.session import PHASES, Phase, PhaseWindow, Session, picked

AMORTISE = 10_000
AMOUNTS = st.one_of(st.just(0.0), st.floats(1e-9, 1e6))
COMPONENTS: tuple[Component, ...] = ("package", "dram", "gpu")


@st.composite
def sessions(draw: st.DrawFn) -> Session:
    """Make sessions with whatever windows: as they are, in any order, some missing or repeated."""
    phases = draw(st.one_of(st.just(list(PHASES)), st.lists(st.sampled_from(PHASES), max_size=9)))
    model = session().phases[0]
    return replace(session(), phases=tuple(draw(windows(model, phase)) for phase in phases))


def windows(model: PhaseWindow, phase: Phase) -> st.SearchStrategy[PhaseWindow]:
    parts = st.builds(
        lambda component, joules, edges, gain: replace(
            component_energy(joules, component=component, edges_joules=edges),
            gain_joules=gain,
            model_joules=gain / 2,
        ),
        st.sampled_from(COMPONENTS),
        AMOUNTS,
        AMOUNTS,
        AMOUNTS,
    )
    readings = st.builds(
        WindowReading,
        seconds=AMOUNTS,
        cpu_seconds=AMOUNTS,
        energy=st.lists(parts, min_size=1, max_size=3).map(tuple) | st.just(()),
    )
    return readings.map(lambda reading: replace(model, phase=phase, reading=reading))


def parts_of(made: Session, *phases: Phase) -> list[tuple[Phase, ComponentEnergy]]:
    return [(w.phase, part) for w in made.phases if w.phase in phases for part in w.reading.energy]


@settings(max_examples=40)
@given(sessions(), st.lists(st.sampled_from(PHASES), max_size=3, unique=True))
def test_sums_over_phases_are_those_of_their_windows(made: Session, phases: list[Phase]) -> None:
    readings = [w.reading for w in made.phases if w.phase in phases]
    assert phase_joules(made, *phases) == math.fsum([each.joules for each in readings])
    assert phase_seconds(made, *phases) == math.fsum([each.seconds for each in readings])
    assert phase_cpu_seconds(made, *phases) == math.fsum([each.cpu_seconds for each in readings])
    assert list(made.windows.by_phase) == [phase_joules(made, phase) for phase in PHASES]


@settings(max_examples=40)
@given(sessions())
def test_the_ranked_figure_is_of_the_windows_that_it_names(made: Session) -> None:
    def amortised(before: float, measured: float) -> float:
        return 1000 * (before / AMORTISE + measured / made.queries)

    before, measured = (phase_joules(made, *p) for p in (BEFORE_MEASURED, MEASURED_THROUGH_DRAIN))
    assert joules_per_1000(made, AMORTISE) == amortised(before, measured)
    idle = idle_watts(made)
    assert active_joules_per_1000(made, AMORTISE) == amortised(
        before - idle * phase_seconds(made, *BEFORE_MEASURED),
        measured - idle * phase_seconds(made, *MEASURED_THROUGH_DRAIN),
    )


@settings(max_examples=40)
@given(sessions())
def test_what_the_meter_leaves_open_is_of_the_parts_of_the_ranked_figure(made: Session) -> None:
    weights = dict.fromkeys(BEFORE_MEASURED, 1000 / AMORTISE)
    weights |= dict.fromkeys(MEASURED_THROUGH_DRAIN, 1000 / made.queries)
    parts = [(weights[phase], part) for phase, part in parts_of(made, *weights)]
    assert random_uncertainty_per_1000(made, AMORTISE) == math.hypot(
        *[weight * part.uncertainty_joules for weight, part in parts]
    )
    assert systematic_uncertainty_per_1000(made, AMORTISE) == math.hypot(
        math.fsum([weight * part.gain_joules for weight, part in parts]),
        math.fsum([weight * part.model_joules for weight, part in parts]),
    )


@settings(max_examples=40)
@given(sessions())
def test_what_is_resolved_is_so_by_its_windows(made: Session) -> None:
    measured = [part for _, part in parts_of(made, *MEASURED_THROUGH_DRAIN)]
    least = math.hypot(*[part.uncertainty_joules for part in measured])
    assert measured_uncertainty_joules(made) == least
    named = {part.component for _, part in parts_of(made, *PHASES)}
    silent = {
        component
        for component in named
        if sum(part.joules for part in measured if part.component == component) <= 0
    }
    assert silent_components(made) == tuple(sorted(silent))
    joules = phase_joules(made, *MEASURED_THROUGH_DRAIN)
    assert is_resolved(made) == (joules > max(least, 1e-9) and not silent)


def test_an_idle_window_of_no_time_has_no_power() -> None:
    first, *others = session().phases
    made = replace(
        session(), phases=(replace(first, reading=replace(first.reading, seconds=0.0)), *others)
    )
    assert idle_watts(made, "idle-before") == 0.0
    assert 0.99 < idle_difference_watts(made) < 1.0  # 1 W after, of which the meter leaves 1 mW


def test_a_column_gives_what_is_beside_the_phases_that_are_named() -> None:
    seen: tuple[Phase, ...] = ("start", "load", "start")
    assert picked(seen, ("start",))([1, 2, 3]) == (1, 3)
    assert picked(seen, ("load",))([1, 2, 3]) == (2,)
    assert picked(seen, ("drain",))([1, 2, 3]) == ()


def test_what_was_derived_of_a_session_is_no_part_of_it() -> None:
    made, other = session(), session()
    assert made.windows is made.windows
    assert made.queries == sum(sweep.queries for sweep in made.sweeps)
    assert made == other
    assert msgspec.json.encode(made) == msgspec.json.encode(other)
    fewer = replace(made, phases=made.phases[:2], sweeps=made.sweeps[:1])
    assert fewer.windows.phases == ("idle-before", "start")
    assert fewer.queries == made.sweeps[0].queries
