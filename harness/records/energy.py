"""Figures derived from the raw windows of a session. In joules, seconds and watts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import mul

from harness.records.meter import Component
from harness.records.session import BEFORE, MEASURED, Phase, Session, picked
from harness.records.sums import total

BEFORE_MEASURED, MEASURED_THROUGH_DRAIN = BEFORE, MEASURED
RANKED = BEFORE_MEASURED + MEASURED_THROUGH_DRAIN
"""The phases that the ranked figure is of."""

LEAST_JOULES = 1e-9
"""No meter resolves less, whatever it says of itself."""


def phase_joules(session: Session, *phases: Phase) -> float:
    """Return the energy of the named phases together, gross of idle."""
    return session.windows.of(phases).joules


def phase_seconds(session: Session, *phases: Phase) -> float:
    """Return the wall time of the named phases together."""
    return session.windows.of(phases).seconds


def phase_cpu_seconds(session: Session, *phases: Phase) -> float:
    """Return the CPU time of the entry's tree in the named phases together."""
    return session.windows.of(phases).cpu_seconds


def silent_components(session: Session) -> tuple[Component, ...]:
    """Return the components that read no energy from the first measured query to the last process.

    Nothing computes for nothing: such a counter stands still, and its zero is no figure.
    """
    windows = session.windows
    of = picked(windows.owners, MEASURED_THROUGH_DRAIN)
    joules = dict.fromkeys(windows.components, 0.0)
    for component, part in zip(of(windows.components), of(windows.component_joules), strict=True):
        joules[component] += part
    return tuple(sorted([component for component, total in joules.items() if total <= 0]))


def is_resolved(session: Session) -> bool:
    """Say whether the meter resolves what the session used from the first query to the drain.

    It does not where its edges and steps may account for all of it, or where a component stood
    still. What is not resolved is no figure, and never zero.
    """
    windows = session.windows
    if windows.resolved is None:  # asked for by the row and by the page
        least = max(LEAST_JOULES, measured_uncertainty_joules(session))
        windows.resolved = windows.measured.joules > least and not silent_components(session)
    return windows.resolved


def measured_uncertainty_joules(session: Session) -> float:
    """Return the half-width at 95 % of the energy from the first query to the drain.

    From the edges and the steps of those windows alone: what is their own.
    """
    windows = session.windows
    return math.hypot(*picked(windows.owners, MEASURED_THROUGH_DRAIN)(windows.uncertainties))


def idle_watts(session: Session, *sides: Phase) -> float:
    """Return the mean power of the idle windows: of both sides, unless one is named."""
    idle = session.windows.of(sides) if sides else session.windows.idle
    return idle.joules / idle.seconds if idle.seconds else 0.0


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
    before, measured = session.windows.before, session.windows.measured
    return per_1000(session, amortise_queries, before.joules, measured.joules)


def active_joules_per_1000(session: Session, amortise_queries: int) -> float:
    """Return the same with idle power subtracted: shown, never ranked, for it rewards slow code."""
    watts, windows = idle_watts(session), session.windows
    before, measured = windows.before, windows.measured
    return per_1000(
        session,
        amortise_queries,
        before.joules - watts * before.seconds,
        measured.joules - watts * measured.seconds,
    )


def per_1000(session: Session, amortise_queries: int, before: float, measured: float) -> float:
    """Return what two amounts of one session come to for 1,000 queries, amortised likewise."""
    return 1000 * (before / amortise_queries + measured / session.queries)


def random_uncertainty_per_1000(session: Session, amortise_queries: int) -> float:
    """Return the half-width at 95 % of the ranked figure of one session, by edges and steps.

    The windows are added in quadrature, as if each had edges of its own. They share them, and what
    one is given too much the next has too little: the sum errs to the wide side.
    """
    weights, of = _weights(session, amortise_queries)
    return math.hypot(*map(mul, weights, of(session.windows.uncertainties)))


def systematic_uncertainty_per_1000(session: Session, amortise_queries: int) -> float:
    """Return the half-width at 95 % of the same figure, by the meter's gain and by its model.

    Both are the same share of every window, and of every entry that this meter reads: they add up
    over windows and components, and fall out of a comparison.
    """
    (weights, of), windows = _weights(session, amortise_queries), session.windows
    return math.hypot(
        total([*map(mul, weights, of(windows.gain_joules))]),
        total([*map(mul, weights, of(windows.model_joules))]),
    )


def _weights(
    session: Session, amortise_queries: int
) -> tuple[list[float], Callable[[Sequence[float]], Sequence[float]]]:
    """Return what every part of the ranked figure is multiplied by there, and what picks them."""
    before, measured = 1000 / amortise_queries, 1000 / session.queries
    kinds, of = _kinds(session.windows.owners)
    return [measured if is_measured else before for is_measured in kinds], of


@lru_cache(maxsize=256)
def _kinds(
    owners: tuple[Phase, ...],
) -> tuple[tuple[bool, ...], Callable[[Sequence[float]], Sequence[float]]]:
    """Say of every part of the ranked figure whether it is measured, and not amortised."""
    of = picked(owners, RANKED)
    return tuple([phase in MEASURED_THROUGH_DRAIN for phase in of(owners)]), of
