"""What one trial of one meter came to, and how near the truth a figure has to be."""

from __future__ import annotations

from dataclasses import dataclass

from meter_truth_cases import Case, Component

OURS = "harness"
RELATIVE_LIMIT = 0.002
"""The goal: a stated uncertainty of at most 0.2 % and the edges."""
REFRESHES_PER_WINDOW = 2.0
"""What the edges may cost: two refreshes, one at each end, at the highest power."""


@dataclass(frozen=True)
class Outcome:
    """One component in one window. A figure, nothing (``joules is None``), or a refusal."""

    case: str
    reader: str
    component: Component
    truth_joules: float | None
    """``None`` where no counter knows it, or where the window could not be closed."""
    limit_joules: float
    """0.2 % of the truth and the edges: more is wrong."""
    joules: float | None = None
    stated_joules: float | None = None
    """The half-width at 95 % of resolution and edges; ``None`` from who states none."""
    resolution_joules: float = 0.0
    refusal: str = ""

    @property
    def error_joules(self) -> float | None:
        """Figure less truth, where there are both."""
        if self.joules is None or self.truth_joules is None:
            return None
        return self.joules - self.truth_joules

    @property
    def covered(self) -> bool | None:
        """Whether the truth lies within what was stated; ``None`` where that says nothing."""
        error = self.error_joules
        if error is None or self.stated_joules is None:
            return None
        return abs(error) <= self.stated_joules

    @property
    def wrong_silently(self) -> bool:
        """Whether a figure was given, without an error, that is further off than the limit."""
        if self.joules is None:
            return False
        error = self.error_joules
        return error is None or abs(error) > self.limit_joules


def limit_joules(
    case: Case, component: Component, truth_joules: float | None, *, virtual: bool
) -> float:
    """Return 0.2 % of the truth and the edges' allowance, over a component's zones."""
    edges = sum(
        REFRESHES_PER_WINDOW * zone.refresh_seconds * zone.curve.top_watts
        for zone in case.zones_on(virtual=virtual)
        if zone.billed == component
    )
    return RELATIVE_LIMIT * abs(truth_joules or 0.0) + edges


def refused(case: Case, message: str, *, virtual: bool, reader: str = OURS) -> list[Outcome]:
    """Return a window that ended in an error: there is no figure for any component."""
    return [
        Outcome(
            case=case.name,
            reader=reader,
            component=component,
            truth_joules=None,
            limit_joules=limit_joules(case, component, None, virtual=virtual),
            refusal=message,
        )
        for component in sorted({*case.components, *case.unknown})
    ]
