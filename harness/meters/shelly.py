"""Shelly plugs of the second generation and later, over their own HTTP interface.

``GET /rpc/Switch.GetStatus?id=N`` gives ``apower`` (W), ``aenergy.total`` (Wh, three decimals, on
newer firmware six) and, once the plug's clock is set, ``aenergy.minute_ts``: when the current
minute began. ``aenergy.total`` counts energy in either direction. How often it moves differs
between models: on some about every second, on some in steps of a fifth of a watt-hour. It is kept
in flash memory now and then, so that a restart sets it back; ``Switch.ResetCounters`` sets it to
zero.

See shelly-api-docs.shelly.cloud/gen2/ComponentsAndServices/Switch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.meters.plug_answer import Answer, Maker, number
from harness.meters.protocol import Surroundings

if TYPE_CHECKING:
    from harness.meters.plug import PlugSource

REFRESH_SECONDS = 2.0
"""Assumed where the power stays the same: notices of a Shelly Plus 1PM come every 2 s."""
CLOCK_STANDS_SECONDS = 90.0
"""``minute_ts`` moves every minute."""

_REMEDY = (
    "see what http://ADDRESS/rpc/Switch.GetStatus?id=0 answers, and keep the plug's other clients "
    "and schedules off it while it measures"
)


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[PlugSource]:  # noqa: ARG001
    """Open the plug at ``HOST[:PORT][/CHANNEL]``. See ``harness.meters.protocol.Opener``."""
    from harness.meters.http import parse_address  # noqa: PLC0415 - only who measures by a plug
    from harness.meters.plug import open_plug  # noqa: PLC0415 - likewise

    address = parse_address(argument, "shelly", channels=True)
    return (open_plug(maker(address.channel or 0), address),)


def maker(channel: int) -> Maker:
    """Return what is Shelly's about a plug; ``channel`` counts its outputs from 0."""
    return Maker(
        meter="shelly",
        title="Shelly plug",
        source=f"Shelly plug, switch {channel}",
        path=f"/rpc/Switch.GetStatus?id={channel}",
        read=_read,
        refresh_seconds=REFRESH_SECONDS,
        clock_stands_seconds=CLOCK_STANDS_SECONDS,
        counter="aenergy.total",
        remedy=_REMEDY,
    )


def _read(document: dict[str, Any], name: str) -> Answer:
    energy = document.get("aenergy")
    known = isinstance(energy, dict) and energy.get("minute_ts") is not None
    return Answer(
        watt_hours=number(document, "aenergy", "total", name=name, remedy=_REMEDY),
        watts=number(document, "apower", name=name, remedy=_REMEDY),
        clock_seconds=float(number(document, "aenergy", "minute_ts", name=name, remedy=_REMEDY))
        if known
        else None,
    )
