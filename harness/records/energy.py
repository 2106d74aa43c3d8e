"""Figures derived from the raw windows of a session. In joules, seconds and watts."""

from __future__ import annotations

from collections.abc import Callable

from harness.records.evaluation import Phase, Session
from harness.records.meter import Component

BEFORE_MEASURED: tuple[Phase, ...] = ("start", "load", "warm-up")
MEASURED_THROUGH_DRAIN: tuple[Phase, ...] = ("measured", "drain")


def phase_joules(session: Session, *phases: Phase) -> float:
    """Return the energy of the named phases together, gross of idle."""
    return sum(w.reading.joules for w in session.phases if w.phase in phases)


def phase_seconds(session: Session, *phases: Phase) -> float:
    """Return the wall time of the named phases together."""
    return sum(w.reading.seconds for w in session.phases if w.phase in phases)


def phase_cpu_seconds(session: Session, *phases: Phase) -> float:
    """Return the CPU time of the entry's tree in the named phases together."""
    return sum(w.reading.cpu_seconds for w in session.phases if w.phase in phases)


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


def idle_watts(session: Session) -> float:
    """Return the mean power of the idle windows on both sides of the session."""
    seconds = phase_seconds(session, "idle-before", "idle-after")
    return phase_joules(session, "idle-before", "idle-after") / seconds if seconds else 0.0


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
