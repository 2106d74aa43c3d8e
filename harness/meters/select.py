"""Which meter this machine has, and which one is asked for."""

from __future__ import annotations

from pathlib import Path

from harness.errors import MeasurementError, UsageError
from harness.meters.cpu_model import CORE_WATTS, CpuModel
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Meter
from harness.meters.rapl import Rapl
from harness.meters.replay import Replay, read_trace
from harness.records.base import Frozen

NAMES = ("auto", "rapl", "model", "replay:FILE")
_REPLAY = "replay:"


class SourceStatus(Frozen):
    """One way to meter, and whether it works here."""

    name: str
    found: bool
    detail: str
    """What was seen."""
    remedy: str
    """What would make it work; empty where it does."""


def select(name: str, *, cores: int) -> Meter:
    """Return the meter called ``name``, one of ``NAMES``.

    ``auto`` is RAPL where it can be read, else the CPU-time model; a counter that is there and
    makes no sense is not passed over. ``cores`` is the number that this process may use.
    Raises ``UsageError`` for a name that does not exist, ``MeasurementError`` when the meter
    asked for does not work here, ``ConfigurationError`` for a faulty trace.
    """
    if name == "auto":
        try:
            return Rapl()
        except SensorUnavailableError:
            return CpuModel(cores=cores)
    if name == "rapl":
        return Rapl()
    if name == "model":
        return CpuModel(cores=cores)
    if name.startswith(_REPLAY) and name != _REPLAY:
        return Replay(read_trace(Path(name.removeprefix(_REPLAY))))
    raise UsageError(f"no meter is called {name!r}", remedy=f"use one of: {', '.join(NAMES)}")


def survey() -> tuple[SourceStatus, ...]:
    """Say of every source whether it works on this machine, best grade first."""
    return (
        _survey_rapl(),
        SourceStatus(
            name="model",
            found=True,
            detail=(
                f"CPU time of the entry's tree at an assumed {CORE_WATTS:g} W a core: modelled "
                "work, not energy"
            ),
            remedy="",
        ),
    )


def _survey_rapl() -> SourceStatus:
    try:
        description = Rapl().describe()
    except MeasurementError as error:
        return SourceStatus(name="rapl", found=False, detail=error.message, remedy=error.remedy)
    counters = ", ".join(source.name for source in description.sources)
    return SourceStatus(
        name="rapl", found=True, detail=f"{counters}; grade {description.grade}", remedy=""
    )
