"""Plugs that run Tasmota, over its HTTP interface.

``GET /cm?cmnd=Status%2010`` gives ``StatusSNS.Time`` and, where the plug meters,
``StatusSNS.ENERGY`` with ``Total`` (kWh) and ``Power`` (W). Both are spelled with as many decimals
as its settings ``EnergyRes`` (3 at first: steps of a watt-hour; at most 5: 36 J) and ``WattRes`` (0
at first, at most 3) say. Inside, energy is counted in hundredths of a watt-hour, once a second,
from the pulses of the metering chip. Between its saves to flash memory a loss of power loses what
was counted since.

See tasmota.github.io/docs/Commands and the firmware's xdrv_03_energy.ino. Uncalibrated, a plug may
be wrong by a fifth: tasmota.github.io/docs/Power-Monitoring-Calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from harness.errors import MeasurementError
from harness.meters.plug_answer import Answer, Maker, number
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Surroundings

if TYPE_CHECKING:
    from harness.meters.plug import PlugSource

REFRESH_SECONDS = 1.0
"""Where the power stays the same: the firmware looks at its chip at least once a second."""
CLOCK_STANDS_SECONDS = 10.0
"""``Time`` moves every second."""

_REMEDY = (
    "see what http://ADDRESS/cm?cmnd=Status%2010 answers, and keep the plug's rules and other "
    "clients off it while it measures"
)
_THOUSAND = Decimal(1_000)


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[PlugSource]:  # noqa: ARG001
    """Open the plug at ``HOST[:PORT]``. See ``harness.meters.protocol.Opener``."""
    from harness.meters.http import parse_address  # noqa: PLC0415 - only who measures by a plug
    from harness.meters.plug import open_plug  # noqa: PLC0415 - likewise

    return (open_plug(MAKER, parse_address(argument, "tasmota", channels=False)),)


def _read(document: dict[str, Any], name: str) -> Answer:
    if "WARNING" in document:
        raise SensorUnavailableError(
            f"{name}: it wants a password",
            remedy="clear its WebPassword on a network of its own, or write a program that knows "
            "it: --meter command:PROGRAM",
        )
    status = document.get("StatusSNS")
    if isinstance(status, dict) and "ENERGY" not in status:
        raise MeasurementError(
            f"{name}: StatusSNS.ENERGY is missing from its answer: it does not meter",
            remedy="use a plug with a meter, and see that its template names the metering chip",
        )
    total = number(document, "StatusSNS", "ENERGY", "Total", name=name, remedy=_REMEDY)
    return Answer(
        watt_hours=total * _THOUSAND,
        watts=number(document, "StatusSNS", "ENERGY", "Power", name=name, remedy=_REMEDY),
        clock_seconds=_time(status.get("Time") if isinstance(status, dict) else None, name),
    )


def _time(spelled: object, name: str) -> float:
    """Return the plug's time in seconds from any beginning; time zones do not matter."""
    try:
        moment = datetime.fromisoformat(spelled if isinstance(spelled, str) else "")
    except ValueError:
        raise MeasurementError(
            f"{name}: StatusSNS.Time: found {str(spelled)[:40]!r}, not a time", remedy=_REMEDY
        ) from None
    return (moment.replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001


MAKER = Maker(
    meter="tasmota",
    title="Tasmota plug",
    source="Tasmota plug",
    path="/cm?cmnd=Status%2010",
    read=_read,
    refresh_seconds=REFRESH_SECONDS,
    clock_stands_seconds=CLOCK_STANDS_SECONDS,
    counter="ENERGY.Total",
    remedy=_REMEDY,
)
