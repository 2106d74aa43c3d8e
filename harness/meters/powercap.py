"""The energy zones that Linux lists under ``/sys/class/powercap``, and which of them are billed.

A zone is a folder ``intel-rapl:N`` or ``intel-rapl:N:M`` (AMD's processors use the same names)
with the files ``name``, ``energy_uj`` and ``max_energy_range_uj``. Billed are ``package-*`` and
``dram``. ``core`` and ``uncore`` lie inside a package, and ``psys`` holds it: adding either would
count the same joules twice. For the same reason one counter is billed once:

- a zone under ``intel-rapl-mmio`` is another door to the package of the same name;
- a name that is listed twice is one package;
- dies of one package whose counters read alike are one counter in several mirrors, as on some
  Threadrippers, where adding them up reports 137 W for 68 W.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from harness.errors import MeasurementError

ROOT_VARIABLE = "HARNESS_POWERCAP_ROOT"
_SYSTEM_ROOT = Path("/sys/class/powercap")
_Component: TypeAlias = Literal["package", "dram"]
_ZONE = re.compile(r"intel-rapl(-mmio)?(:\d+)+")
_PACKAGE = re.compile(r"package-\d+(-die-\d+)?")
_DIE = re.compile(r"(package-\d+)(?:-die-\d+)?(/dram)?")
_LARGEST = 2**64 - 1
"""The kernel's counters and ranges are unsigned and of 64 bits."""
_MOST_DIGITS = len(str(_LARGEST))

_GRANT = (
    "let this user read the counters: as root, chmod o+r {root}/intel-rapl:*/energy_uj (until the "
    'next boot), or for good the udev rule ACTION=="add", SUBSYSTEM=="powercap", '
    'KERNEL=="intel-rapl:*", RUN+="/bin/chmod o+r /sys%p/energy_uj"; or use --meter model'
)
_ABSENT = (
    "use --meter model, or a machine that has the counters: a virtual machine has none unless its "
    "host passes them through, and the kernel needs the module intel_rapl_msr"
)
_BROKEN = "read the file by hand; if the kernel's own file is wrong, use --meter model"


class SensorUnavailableError(MeasurementError):
    """This machine has no energy counter, or this user may not read it."""


@dataclass(frozen=True)
class Zone:
    """One energy counter."""

    folder: Path
    name: str
    """``package-0``, ``package-0-die-1``, ``package-0/dram``."""
    component: _Component
    range_microjoules: int
    """Where the counter starts again from zero."""

    def read(self) -> int:
        """Return the counter in microjoules; raise ``MeasurementError`` naming the zone."""
        return _number(
            self.folder / "energy_uj", self.name, lowest=0, highest=self.range_microjoules
        )


def root() -> Path:
    """Return the folder that the zones are under: the system's, or its replacement.

    Raises ``MeasurementError`` when the replacement is not a folder: it was asked for by name.
    """
    replacement = os.environ.get(ROOT_VARIABLE)
    if not replacement:
        return _SYSTEM_ROOT
    if not Path(replacement).is_dir():
        raise MeasurementError(
            f"{ROOT_VARIABLE}: {replacement} is not a folder",
            remedy="name the folder that holds the zones, or unset the variable",
        )
    return Path(replacement)


def is_replaced() -> bool:
    """Say whether the zones are a stand-in: whatever is read there is graded ``simulated``."""
    return bool(os.environ.get(ROOT_VARIABLE))


def find_zones(under: Path) -> tuple[Zone, ...]:
    """Return the zones to bill, each read once already.

    Raises ``SensorUnavailableError`` when there is none or this user may not read one, and
    ``MeasurementError`` when one is there but makes no sense.
    """
    folders = _zone_folders(under)
    names = {folder.name: _text(folder / "name", folder.name) for folder in folders}
    billed: dict[str, Zone] = {}
    for folder in folders:
        identity = _identity(folder, names)
        if identity is None or identity[0] in billed:
            continue
        name, component = identity
        zone = Zone(
            folder, name, component, _number(folder / "max_energy_range_uj", name, lowest=1)
        )
        zone.read()
        if not _is_mirror(zone, billed.values()):
            billed[name] = zone
    if not any(zone.component == "package" for zone in billed.values()):
        seen = f"only {', '.join(sorted(names.values()))}" if names else "no zone"
        raise SensorUnavailableError(
            f"{under}: found {seen}: no package's energy counter (RAPL)", remedy=_ABSENT
        )
    return tuple(billed.values())


def _zone_folders(under: Path) -> list[Path]:
    """List the zones, ``intel-rapl`` before its ``-mmio`` twin, parents before children.

    The kernel lists every zone at the top; a copied tree may have children in their parents only.
    """
    found: dict[str, Path] = {}
    for pattern in ("intel-rapl*", "*/intel-rapl*", "*/*/intel-rapl*"):
        for path in sorted(under.glob(pattern)):
            if _ZONE.fullmatch(path.name):
                found.setdefault(path.name, path)
    return [found[name] for name in sorted(found, key=_order)]


def _order(folder: str) -> tuple[bool, list[int]]:
    control, *numbers = folder.split(":")
    return control.endswith("mmio"), [int(number) for number in numbers]


def _identity(folder: Path, names: dict[str, str]) -> tuple[str, _Component] | None:
    """Return what a zone is and counts, or None for one that lies in another or holds it."""
    name = names[folder.name]
    if _PACKAGE.fullmatch(name):
        return name, "package"
    if name == "dram":
        parent = names.get(folder.name.rpartition(":")[0])
        return (f"{parent}/dram" if parent else name), "dram"
    return None


def _is_mirror(zone: Zone, others: Iterable[Zone]) -> bool:
    """Say whether another die of the same package, or its memory, shows the very same counter.

    Its value, read between two reads of the other, lies between them. Two counters of their own
    that have run since the machine started do not agree to a fraction of a joule; two that stand
    at zero have not run and say nothing.
    """
    die = _DIE.fullmatch(zone.name)
    for other in others:
        other_die = _DIE.fullmatch(other.name)
        if die and other_die and die.groups() == other_die.groups():
            before, between, after = other.read(), zone.read(), other.read()
            if 0 < before <= between <= after:
                return True
    return False


def _number(path: Path, zone: str, *, lowest: int, highest: int = _LARGEST) -> int:
    text = _text(path, zone)
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise MeasurementError(
            f"RAPL zone {zone}: {path}: found {text[:40]!r}, not a number of microjoules",
            remedy=_BROKEN,
        )
    number = int(text)
    if not lowest <= number <= highest:
        raise MeasurementError(
            f"RAPL zone {zone}: {path}: found {number}, expected {lowest} to {highest} microjoules",
            remedy=_BROKEN,
        )
    return number


def _text(path: Path, zone: str) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except PermissionError:
        raise SensorUnavailableError(
            f"RAPL zone {zone}: {path}: permission denied",
            remedy=_GRANT.format(root=root()),
        ) from None
    except OSError as error:
        raise MeasurementError(
            f"RAPL zone {zone}: {path}: cannot be read: {error.strerror}", remedy=_BROKEN
        ) from None
