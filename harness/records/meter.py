"""What a meter says of itself, and what it read."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from harness.records.base import Frozen
from harness.records.sums import total

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
    """The step that it counts in."""
    refresh_seconds: float
    """How long a reading stays the same; as measured, where it can be."""
    relative_uncertainty: float
    """Of the gain, or of the model: the half-width at 95 %, as a share of the figure."""
    provenance: str
    """Where the figure or the constant behind it comes from, in words."""
    constants: dict[str, float] = {}
    """What a model multiplies with, units in the names; empty for a sensor."""


class LeftOut(Frozen):
    """A counter that is there and is not billed, and why."""

    name: str
    why: str

    def __str__(self) -> str:
        """Say both."""
        return f"{self.name} ({self.why})"


class MeterDescription(Frozen):
    """A meter: its sources, and the grade of the weakest."""

    name: str
    grade: Grade
    sources: tuple[SourceDescription, ...]
    left_out: tuple[LeftOut, ...] = ()
    """What a reader might expect among the sources and is not."""

    @property
    def components(self) -> tuple[str, ...]:
        """What is metered, each once, in a fixed order."""
        return tuple(sorted({source.component for source in self.sources}))

    @property
    def refresh_seconds(self) -> float:
        """The longest that any of its readings stays the same."""
        return max(source.refresh_seconds for source in self.sources)


class ComponentEnergy(Frozen):
    """What one component used in one window. Uncertainties are half-widths at 95 %, in joules."""

    component: Component
    joules: float
    resolution_joules: float
    """From the steps that the sources count in."""
    edges_joules: float
    """From not knowing to the instant when the window's edges were read, and from what a power
    signal does not show between them."""
    gain_joules: float
    """From the scale of the sensor: the same share of every window that it reads."""
    model_joules: float
    """From the model, where the figure is no measurement: likewise the same share of each."""

    @property
    def uncertainty_joules(self) -> float:
        """What is this window's own: resolution and edges. Another window errs otherwise."""
        return math.hypot(self.resolution_joules, self.edges_joules)


class DeviceCondition(Frozen):
    """The state of a metered device at the end of a window; ``None`` where it does not say."""

    device: str
    temperature_celsius: float | None = None
    clock_megahertz: float | None = None
    throttled_by: tuple[str, ...] = ()
    """Why it runs below its clock, in the vendor's words."""
    overheated: bool = False
    """Whether heat is among the reasons."""


class WindowReading(Frozen):
    """One window: how long, how much energy by component, how much CPU time of the entry's tree."""

    seconds: float
    cpu_seconds: float
    energy: tuple[ComponentEnergy, ...]
    conditions: tuple[DeviceCondition, ...] = ()

    @property
    def joules(self) -> float:
        """All components together."""
        parts = self.energy
        return 0 + parts[0].joules if len(parts) == 1 else total([part.joules for part in parts])


class PowerTrace(Frozen):
    """The mean power of one component, step by step, over a whole session."""

    component: Component
    watts: tuple[tuple[float, float], ...]
    """Steps of (seconds, watts) from the session's first reading, as ``replay:FILE`` plays them."""
