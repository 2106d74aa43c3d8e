"""What a meter says of itself, and what it read."""

from __future__ import annotations

from typing import Literal, TypeAlias

from harness.records.base import Frozen

Grade: TypeAlias = Literal["wall", "sensor", "model", "simulated"]
"""An external meter, an on-chip counter, CPU time and a table, a stand-in: best first."""

Component: TypeAlias = Literal["package", "dram", "gpu", "wall"]


class SourceDescription(Frozen):
    """One thing that energy is read from."""

    name: str
    """As the machine calls it: ``package-0``, ``dram``, ``cpu-time model``."""
    component: Component
    grade: Grade
    kind: Literal["counter", "power", "model"]
    resolution_joules: float
    refresh_seconds: float
    relative_uncertainty: float
    """The gain's half-width at 95 %, as a share of the figure: 0.05 is ±5 %."""
    provenance: str
    """Where the figure or the constant behind it comes from, in words."""
    constants: dict[str, float] = {}
    """What a model multiplies with, units in the names; empty for a sensor."""


class MeterDescription(Frozen):
    """A meter: its sources, and the grade of the weakest."""

    name: str
    grade: Grade
    sources: tuple[SourceDescription, ...]

    @property
    def components(self) -> tuple[str, ...]:
        """What is metered, each once, in a fixed order."""
        return tuple(sorted({source.component for source in self.sources}))


class ComponentEnergy(Frozen):
    """What one component used in one window."""

    component: Component
    joules: float
    uncertainty_joules: float
    """Half-width at 95 %: resolution and edges; the gain is in the source's description."""


class WindowReading(Frozen):
    """One window: how long, how much energy by component, how much CPU time of the entry's tree."""

    seconds: float
    cpu_seconds: float
    energy: tuple[ComponentEnergy, ...]

    @property
    def joules(self) -> float:
        """All components together."""
        return sum(part.joules for part in self.energy)
