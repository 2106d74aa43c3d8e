"""Figures derived from the raw windows of a session. In joules, seconds and watts."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.records.meter import Component, ComponentEnergy
from harness.records.session import Phase, Session

BEFORE_MEASURED: tuple[Phase, ...] = ("start", "load", "warm-up")
MEASURED_THROUGH_DRAIN: tuple[Phase, ...] = ("measured", "drain")

LEAST_JOULES = 1e-9
"""No meter resolves less, whatever it says of itself."""


def phase_joules(session: Session, *phases: Phase) -> float:
    """Return the energy of the named phases together, gross of idle."""
    return sum([w.reading.joules for w in session.phases if w.phase in phases])


def phase_seconds(session: Session, *phases: Phase) -> float:
    """Return the wall time of the named phases together."""
    return sum([w.reading.seconds for w in session.phases if w.phase in phases])


def phase_cpu_seconds(session: Session, *phases: Phase) -> float:
    """Return the CPU time of the entry's tree in the named phases together."""
    return sum([w.reading.cpu_seconds for w in session.phases if w.phase in phases])


def silent_components(session: Session) -> tuple[Component, ...]:
    """Return the components that read no energy from the first measured query to the last process.

    Nothing computes for nothing: such a counter stands still, and its zero is no figure.
    """
    joules: dict[Component, float] = {}
    for window in session.phases:
        measured = window.phase in MEASURED_THROUGH_DRAIN
        for part in window.reading.energy:
            joules[part.component] = joules.get(part.component, 0.0) + measured * part.joules
    return tuple(sorted(component for component, total in joules.items() if total <= 0))


def is_resolved(session: Session) -> bool:
    """Say whether the meter resolves what the session used from the first query to the drain.

    It does not where its edges and steps may account for all of it, or where a component stood
    still. What is not resolved is no figure, and never zero.
    """
    least = max(LEAST_JOULES, measured_uncertainty_joules(session))
    joules = phase_joules(session, *MEASURED_THROUGH_DRAIN)
    return joules > least and not silent_components(session)


def measured_uncertainty_joules(session: Session) -> float:
    """Return the half-width at 95 % of the energy from the first query to the drain.

    From the edges and the steps of those windows alone: what is their own.
    """
    return math.hypot(
        *(
            part.uncertainty_joules
            for window in session.phases
            if window.phase in MEASURED_THROUGH_DRAIN
            for part in window.reading.energy
        )
    )


def idle_watts(session: Session, *sides: Phase) -> float:
    """Return the mean power of the idle windows: of both sides, unless one is named."""
    sides = sides or ("idle-before", "idle-after")
    seconds = phase_seconds(session, *sides)
    return phase_joules(session, *sides) / seconds if seconds else 0.0


def idle_difference_watts(session: Session) -> float:
    """Return by how much idle before and after differ beyond what the meter leaves open.

    Its edges and steps, that is: a gain errs alike on both sides.
    """
    sides: tuple[Phase, ...] = ("idle-before", "idle-after")
    before, after = (idle_watts(session, side) for side in sides)
    left_open = math.hypot(
        *(
            part.uncertainty_joules / window.reading.seconds
            for window in session.phases
            if window.phase in sides and window.reading.seconds > 0
            for part in window.reading.energy
        )
    )
    return max(0.0, abs(before - after) - left_open)


def joules_per_1000(session: Session, amortise_queries: int) -> float:
    """Return the ranked figure of one session, in joules per 1,000 queries, gross of idle.

    1000 · [(start + load + warm-up) / amortise + measured-through-drain / queries]
    """
    return per_1000(session, amortise_queries, phase_joules)


def active_joules_per_1000(session: Session, amortise_queries: int) -> float:
    """Return the same with idle power subtracted: shown, never ranked, for it rewards slow code."""
    watts = idle_watts(session)

    def active(session: Session, *phases: Phase) -> float:
        return phase_joules(session, *phases) - watts * phase_seconds(session, *phases)

    return per_1000(session, amortise_queries, active)


def per_1000(session: Session, amortise_queries: int, amount: Callable[..., float]) -> float:
    """Return what ``amount(session, *phases)`` comes to for 1,000 queries, amortised likewise."""
    before = amount(session, *BEFORE_MEASURED) / amortise_queries
    return 1000 * (before + amount(session, *MEASURED_THROUGH_DRAIN) / session.queries)


def random_uncertainty_per_1000(session: Session, amortise_queries: int) -> float:
    """Return the half-width at 95 % of the ranked figure of one session, by edges and steps.

    The windows are added in quadrature, as if each had edges of its own. They share them, and what
    one is given too much the next has too little: the sum errs to the wide side.
    """
    return math.hypot(
        *[weight * part.uncertainty_joules for weight, part in _weighted(session, amortise_queries)]
    )


def systematic_uncertainty_per_1000(session: Session, amortise_queries: int) -> float:
    """Return the half-width at 95 % of the same figure, by the meter's gain and by its model.

    Both are the same share of every window, and of every entry that this meter reads: they add up
    over windows and components, and fall out of a comparison.
    """
    weighted = _weighted(session, amortise_queries)
    return math.hypot(
        sum([weight * part.gain_joules for weight, part in weighted]),
        sum([weight * part.model_joules for weight, part in weighted]),
    )


def _weighted(session: Session, amortise_queries: int) -> list[tuple[float, ComponentEnergy]]:
    """Return every part of the ranked figure with what it is multiplied by there."""
    weighted: list[tuple[float, ComponentEnergy]] = []
    for window in session.phases:
        if window.phase in BEFORE_MEASURED:
            weight = 1000 / amortise_queries
        elif window.phase in MEASURED_THROUGH_DRAIN:
            weight = 1000 / session.queries
        else:
            continue
        weighted += [(weight, part) for part in window.reading.energy]
    return weighted
