"""What one trial of one meter came to, and how near the truth a figure has to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from meter_truth_cases import Component

from harness.records.meter import ComponentEnergy

OURS = "harness"
RELATIVE_LIMIT = 0.002
"""The goal: a stated uncertainty of at most 0.2 % and the edges."""


class NoWork:
    """No entry: counters need none."""

    def cpu_seconds(self) -> float:
        """Nothing was used."""
        return 0.0


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
        """Whether a figure was given, without an error, and is further off than anything allows.

        Further, that is, than the limit, and than twice the uncertainty that it states, if any.
        """
        if self.joules is None:
            return False
        error = self.error_joules
        return error is None or abs(error) > max(self.limit_joules, 2 * (self.stated_joules or 0.0))


class AnyCase(Protocol):
    """What the bench needs to know of a case, be it of zones or of boards."""

    @property
    def name(self) -> str:
        """Shown."""
        ...

    @property
    def components(self) -> tuple[Component, ...]:
        """What the truth has energy of."""
        ...

    @property
    def unknown(self) -> tuple[Component, ...]:
        """What no counter knows: any figure for it, 0 above all, is made up."""
        ...

    def edges_joules(self, component: Component, *, virtual: bool) -> float:
        """Return what the edges may cost: two refreshes at the highest power."""
        ...


def limit_joules(
    case: AnyCase, component: Component, truth_joules: float | None, *, virtual: bool
) -> float:
    """Return 0.2 % of the truth and the edges' allowance, over a component's sources."""
    edges = case.edges_joules(component, virtual=virtual)
    return RELATIVE_LIMIT * abs(truth_joules or 0.0) + edges


def judge(
    case: AnyCase,
    energy: Sequence[ComponentEnergy] | Mapping[str, Mapping[str, float]],
    truths: Mapping[Component, float],
    *,
    virtual: bool,
    reader: str = OURS,
    late_joules: Mapping[Component, float] | None = None,
) -> list[Outcome]:
    """Set what a meter said beside the truth between its own edges, component by component.

    ``late_joules`` is what is allowed beyond two refreshes, where refreshes came late.
    """
    if not isinstance(energy, Mapping):
        energy = said(energy)
    outcomes = []
    for component in sorted({*case.components, *case.unknown}):
        truth = None if component in case.unknown else truths.get(component)
        late = (late_joules or {}).get(component, 0.0)
        outcomes.append(
            Outcome(
                case=case.name,
                reader=reader,
                component=component,
                truth_joules=truth,
                limit_joules=limit_joules(case, component, truth, virtual=virtual) + late,
                joules=energy["joules"].get(component),
                stated_joules=energy.get("stated", {}).get(component),
                resolution_joules=energy.get("resolution", {}).get(component, 0.0),
            )
        )
    return outcomes


def said(energy: Sequence[ComponentEnergy]) -> dict[str, dict[str, float]]:
    """Return what our reading says, in the words that readers in other processes use."""
    return {
        "joules": {part.component: part.joules for part in energy},
        "stated": {part.component: part.uncertainty_joules for part in energy},
        "resolution": {part.component: part.resolution_joules for part in energy},
    }


def refused(case: AnyCase, message: str, *, virtual: bool, reader: str = OURS) -> list[Outcome]:
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
