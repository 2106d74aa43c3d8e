"""How warm the processor is, as its drivers tell.

``/sys/class/hwmon`` has the processor's own sensors where a driver for them is loaded (``coretemp``
on Intel, ``k10temp`` or ``zenpower`` on AMD, ``cpu_thermal`` on Arm); else ``/sys/class/thermal``
has zones named for it. Sensors of the board, of disks and of batteries are left out: they tell of
something else, and some take long to be read. A virtual machine most often has none.
"""

from __future__ import annotations

import re
from pathlib import Path

CLASSES = Path("/sys/class")

_DRIVERS = frozenset({"coretemp", "k10temp", "zenpower", "cpu_thermal", "soc_thermal"})
_ZONES = re.compile(r"x86_pkg_temp|(cpu|soc|package)[\w-]*")
_MILLIDEGREES = re.compile(r"-?\d{1,7}")


def processor_sensors(classes: Path = CLASSES) -> tuple[Path, ...]:
    """Return the files that tell the processor's temperature in thousandths of a degree Celsius.

    ``classes`` stands in for ``/sys/class`` in tests. Empty where there is none.
    """
    chips = sorted((classes / "hwmon").glob("hwmon*"))
    inputs = [
        file
        for chip in chips
        if _text(chip / "name") in _DRIVERS
        for file in sorted(chip.glob("temp*_input"))
    ]
    if inputs:
        return tuple(inputs)
    zones = sorted((classes / "thermal").glob("thermal_zone*"))
    return tuple(zone / "temp" for zone in zones if _ZONES.fullmatch(_text(zone / "type")))


def warmest(sensors: tuple[Path, ...]) -> float | None:
    """Return the highest of the sensors' readings in degrees Celsius; ``None`` where none tells."""
    texts = map(_text, sensors)
    seen = [int(text) / 1000 for text in texts if _MILLIDEGREES.fullmatch(text)]
    return max(seen, default=None)


def _text(file: Path) -> str:
    """Return what the file holds; nothing where it cannot be read: a driver may refuse just now."""
    try:
        return file.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
