"""Which meter this machine has, and which one is asked for."""

from __future__ import annotations

from harness.errors import UsageError
from harness.meters.cpu_model import CpuModel
from harness.meters.protocol import Meter
from harness.records.base import Frozen

NAMES = ("auto", "model")


class SourceStatus(Frozen):
    """One way to meter, and whether it works here."""

    name: str
    found: bool
    detail: str
    """What was seen."""
    remedy: str
    """What would make it work; empty where it does."""


def select(name: str, *, cores: int) -> Meter:
    """Return the meter called ``name``; ``auto`` takes the best that this machine has.

    ``cores`` is the number that this process may use. Raises ``UsageError`` for a name that does
    not exist.
    """
    if name in NAMES:
        return CpuModel(cores=cores)
    raise UsageError(f"no meter is called {name!r}", remedy=f"use one of: {', '.join(NAMES)}")


def survey() -> tuple[SourceStatus, ...]:
    """Say of every source whether it works on this machine."""
    return (
        SourceStatus(
            name="model",
            found=True,
            detail="CPU time of the entry's tree times assumed watts; no sensor is read",
            remedy="",
        ),
    )
