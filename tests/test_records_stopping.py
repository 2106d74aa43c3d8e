"""Sessions go on until the interval of energy is narrow at a look, or the cap is reached."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import RULES, component_energy, session

from harness.records.energy import joules_per_1000
from harness.records.estimates import joules_estimate
from harness.records.evaluation import Look
from harness.records.rules import ProtocolRules
from harness.records.session import Session
from harness.records.stopping import is_last, look_at, looks_of, sessions_to_come

AMORTISE = RULES.energy.amortise_queries
PROTOCOL = replace(RULES.protocols["official"], looks=(3, 5, 8), half_width=0.05)


def of_joules(*joules: float) -> list[Session]:
    """Make sessions that cost so much for 1,000 queries."""
    made = [session(measured_joules=2 * each - 21, index=i) for i, each in enumerate(joules)]
    assert [joules_per_1000(each, AMORTISE) for each in made] == pytest.approx(list(joules))
    return made


def unresolved(made: Session) -> Session:
    """Make its meter leave all of it open."""
    energy = (component_energy(1.0, edges_joules=50.0),)
    return replace(
        made,
        phases=tuple(
            replace(each, reading=replace(each.reading, energy=energy)) for each in made.phases
        ),
    )


ALIKE = (30.0, 30.3, 29.7, 30.1, 29.9, 30.2, 29.8, 30.0)
APART = (30.0, 45.0, 20.0, 33.0, 28.0, 40.0, 25.0, 31.0)


def taken(joules: tuple[float, ...], rules: ProtocolRules = PROTOCOL) -> list[Look]:
    """Run sessions as an evaluation does and return the looks."""
    looks: list[Look] = []
    sessions: list[Session] = []
    while len(sessions) < sessions_to_come(looks, rules)[0]:
        sessions = of_joules(*joules[: len(sessions) + 1])
        if look := look_at(sessions, rules, AMORTISE):
            looks.append(look)
    assert tuple(looks) == looks_of(sessions, rules, AMORTISE)
    return looks


def test_sessions_that_are_alike_are_enough_at_the_first_look() -> None:
    (look,) = taken(ALIKE)

    assert (look.sessions, look.narrow) == (3, True)
    assert look.half_width is not None
    assert look.half_width <= PROTOCOL.half_width


def test_sessions_that_are_not_go_on_to_the_cap_and_no_further() -> None:
    looks = taken(APART)

    assert [look.sessions for look in looks] == [3, 5, 8]
    assert not any(look.narrow for look in looks)
    assert is_last(looks[-1], PROTOCOL)


def test_the_alpha_of_each_look_is_smaller_than_that_of_a_single_one() -> None:
    assert all(look.alpha < 0.05 for look in taken(APART))
    (only,) = taken(APART, replace(PROTOCOL, looks=(3,)))
    assert only.alpha == pytest.approx(0.05)


def test_a_look_is_at_the_interval_that_is_published() -> None:
    (look,) = taken(ALIKE)
    estimate = joules_estimate(of_joules(*ALIKE[:3]), AMORTISE)
    assert estimate is not None
    interval = estimate.interval(look.alpha)
    assert interval is not None
    assert look.half_width == pytest.approx(interval[1] / estimate.value - 1)


def test_nothing_is_looked_at_between_looks() -> None:
    assert look_at(of_joules(*ALIKE[:4]), PROTOCOL, AMORTISE) is None


def test_energy_that_is_not_resolved_ends_it_at_once() -> None:
    """Such an entry has no figure, whatever further sessions read."""
    *good, last = of_joules(*ALIKE[:3])
    look = look_at([*good, unresolved(last)], PROTOCOL, AMORTISE)

    assert look == Look(sessions=3, alpha=look.alpha if look else 0, half_width=None, narrow=False)
    assert is_last(look, PROTOCOL)
    assert sessions_to_come([look], PROTOCOL) == (3, 3)


def test_what_is_to_come_is_told_as_far_as_it_is_known() -> None:
    assert sessions_to_come([], PROTOCOL) == (3, 8)
    wide = Look(sessions=3, alpha=0.02, half_width=0.4, narrow=False)
    assert sessions_to_come([wide], PROTOCOL) == (5, 8)
    assert sessions_to_come([wide, replace(wide, sessions=5)], PROTOCOL) == (8, 8)
    assert sessions_to_come([replace(wide, narrow=True)], PROTOCOL) == (3, 3)
    assert sessions_to_come([], replace(PROTOCOL, looks=(1,))) == (1, 1)


def test_a_later_look_of_a_control_begins_nothing_anew() -> None:
    narrow = Look(sessions=3, alpha=0.02, half_width=0.01, narrow=True)
    wide = replace(narrow, sessions=5, half_width=0.4, narrow=False)
    assert sessions_to_come([narrow, wide], PROTOCOL) == (3, 3)


def test_one_session_alone_is_no_interval_and_no_end_before_the_cap() -> None:
    look = look_at(of_joules(30.0), replace(PROTOCOL, looks=(1,)), AMORTISE)

    assert look is not None
    assert (look.half_width, look.narrow) == (None, False)
    assert is_last(look, replace(PROTOCOL, looks=(1,)))


@given(
    joules=st.lists(st.floats(15.0, 1e6), min_size=8, max_size=8),
    factor=st.floats(1.0, 100.0),
)
def test_looks_do_not_change_with_the_unit_of_work(joules: list[float], factor: float) -> None:
    """Relative widths: what costs a hundred times as much is looked at alike."""
    mine = taken(tuple(joules))
    scaled = taken(tuple(each * factor for each in joules))
    close = all(
        one.half_width is not None
        and other.half_width is not None
        and math.isclose(one.half_width, other.half_width, rel_tol=1e-3, abs_tol=1e-3)
        for one, other in zip(mine, scaled, strict=False)
    )
    assert close
