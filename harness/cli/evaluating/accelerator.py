"""Give an entry the accelerator that it asks for, where the energy of that is metered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import MeasurementError

if TYPE_CHECKING:
    from harness.records.meter import MeterDescription
    from harness.submissions.manifest import Manifest

_METERED_IN = {"gpu", "wall"}
"""The components of a meter that an accelerator's energy is part of."""


def devices_for(manifest: Manifest, meter: MeterDescription) -> tuple[Path, ...]:
    """Return the device files that the entry is to be given: none unless it asks for them.

    Raises ``MeasurementError`` where it asks and no accelerator is metered, or there is none.
    """
    if manifest.environment.accelerator == "none":
        return ()
    asks = f'{manifest.submission.name}: accelerator = "{manifest.environment.accelerator}"'
    if not _METERED_IN & set(meter.components):
        raise MeasurementError(
            f"{asks}, and no accelerator is metered: {meter.name} reads "
            f"{', '.join(meter.components)}",
            remedy="evaluate on a machine whose boards NVML reads (--meter auto), or meter at the "
            "wall; an entry is given no device whose energy nobody sees",
        )
    from harness.sandbox.devices import DEVICES, accelerator_devices

    found = accelerator_devices()
    if not found:
        raise MeasurementError(
            f"{asks}, and {DEVICES} has no NVIDIA board",
            remedy="evaluate on a machine with one, and with its driver loaded",
        )
    return found
