"""The energy zones that Linux lists under ``/sys/class/powercap``, and which of them are billed.

A zone is a folder ``intel-rapl:N`` or ``intel-rapl:N:M`` (AMD's processors use the same names)
with the files ``name``, ``energy_uj`` and ``max_energy_range_uj``. Billed are ``package-*`` and
``dram``. ``core`` and ``uncore`` lie inside a package, and ``psys`` holds it: adding either would
count the same joules twice. For the same reason one counter is billed once:

- a zone under ``intel-rapl-mmio`` is another door to the package of the same number;
- a name that is listed twice is one package, and a die of a package that is billed lies in it;
- dies of one package whose counters read alike are one counter in several mirrors, as on some
  Threadrippers, where adding them up reports 137 W for 68 W;
- so are packages whose counters read alike and go on doing so while they count.

What is neither billed nor inside of what is billed is named, so that nothing is left out unsaid.
"""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from harness.errors import MeasurementError
from harness.records.base import Frozen
from harness.records.meter import LeftOut

ROOT_VARIABLE = "HARNESS_POWERCAP_ROOT"
_SYSTEM_ROOT = Path("/sys/class/powercap")
_Component: TypeAlias = Literal["package", "dram"]
_ZONE = r"intel-rapl(-mmio)?(:[0-9]+)+"
_PLAIN = r"[A-Za-z0-9-]{1,40}"
_PACKAGE = r"package-\d+(-die-\d+)?"
_DIE = r"(package-\d+)(?:-die-\d+)?(/dram)?"
_INSIDE_OR_AROUND = frozenset({"core", "uncore", "psys"})
_NUMBER_FILE_BYTES = 4096
_LARGEST = 2**64 - 1
"""The kernel's counters and ranges are unsigned and of 64 bits."""
_MOST_DIGITS = len(str(_LARGEST))

_GRANT = (
    "let this user read the counters: as root, chmod o+r {root}/intel-rapl*:*/energy_uj (until the "
    'next boot), or for good the udev rule ACTION=="add", SUBSYSTEM=="powercap", '
    'KERNEL=="intel-rapl*:*", RUN+="/bin/chmod o+r /sys%p/energy_uj"; or use --meter model'
)
_ABSENT = (
    "use --meter model, or a machine that has the counters: a virtual machine has none unless its "
    "host passes them through, and the kernel needs the module intel_rapl_msr"
)
_HIDDEN = (
    "containers hide the counters: run on the machine itself, or have the container started with "
    "/sys/devices/virtual/powercap readable; or use --meter model"
)
_BROKEN = "read the file by hand; if the kernel's own file is wrong, use --meter model"

_LEAST_RANGE = 10_000_000
"""10 J, which 1,000 W wraps in a hundredth of a second: no counter of a processor is so small."""
_AGREEMENTS = 3
_LONGEST_STANDSTILL_SECONDS = 0.1
"""Packages that read alike are watched so long: counters of their own part when they move."""


class SensorUnavailableError(MeasurementError):
    """This machine has no energy counter, or this user may not read it."""


class Zone(Frozen):
    """One energy counter."""

    counter: Path
    """Its file, ``energy_uj``."""
    name: str
    """``package-0``, ``package-0-die-1``, ``package-0/dram``."""
    component: _Component
    range_microjoules: int
    """Where the counter starts again from zero."""

    def read(self) -> int:
        """Return the counter in microjoules; raise ``MeasurementError`` naming the zone.

        The file is opened every time: a descriptor that is kept open shows a zone that has been
        removed, or put in the place of another, as one that stands still.
        """
        return _number(self.counter, self.name, lowest=0, highest=self.range_microjoules)


class Zones(NamedTuple):
    """What to bill, and what not although it is neither inside nor around of what is billed."""

    billed: tuple[Zone, ...]
    left_out: tuple[LeftOut, ...]


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


def survey_zones(under: Path) -> Zones:
    """Return the zones to bill, each read once already, and those that are left out.

    Raises ``SensorUnavailableError`` when there is none or this user may not read one, and
    ``MeasurementError`` when one is there but makes no sense.
    """
    folders = _zone_folders(under)
    names = {folder.name: _text(folder / "name", folder.name) for folder in folders}
    billed: dict[str, Zone] = {}
    left_out: list[LeftOut] = []
    still: set[str] = set()
    for folder in folders:
        identity = _identity(folder, names)
        if identity is None:
            if names[folder.name] not in _INSIDE_OR_AROUND:
                left_out.append(
                    LeftOut(
                        name=f"{names[folder.name][:40]!r}", why=f"{folder.name}: not a known name"
                    )
                )
            continue
        name, component = identity
        twin = _twin(folder, name, billed)
        if twin is not None:
            how = "another door to" if _is_door(folder, name, twin) else "overlaps"
            left_out.append(LeftOut(name=name, why=f"{folder.name}: {how} {twin.name}"))
            continue
        zone = Zone(
            counter=folder / "energy_uj",
            name=name,
            component=component,
            range_microjoules=_number(folder / "max_energy_range_uj", name, lowest=_LEAST_RANGE),
        )
        zone.read()
        mirrored = _mirrored(zone, billed.values(), still)
        if mirrored is not None:
            left_out.append(LeftOut(name=name, why=f"shows the counter of {mirrored.name}"))
            continue
        billed[name] = zone
    if not any(zone.component == "package" for zone in billed.values()):
        if left_out:
            raise MeasurementError(
                f"{under}: no zone is a package, and some make no sense: "
                f"{'; '.join(map(str, left_out))}",
                remedy=_BROKEN,
            )
        seen = f"only {', '.join(sorted(map(_shown, names.values())))}" if names else "no zone"
        raise SensorUnavailableError(
            f"{under}: holds {seen}, and no energy counter of a package (RAPL)", remedy=_ABSENT
        )
    return Zones(tuple(billed.values()), tuple(left_out))


def _zone_folders(under: Path) -> list[Path]:
    """List the zones, ``intel-rapl`` before its ``-mmio`` twin, parents before children.

    The kernel lists every zone at the top; a copied tree may have children in their parents only.
    """
    if under.is_dir() and not os.access(under, os.R_OK | os.X_OK):
        raise SensorUnavailableError(
            f"{under}: permission denied", remedy=f"as root: chmod o+rx {under}; or --meter model"
        )
    found: dict[str, Path] = {}
    hidden: list[str] = []
    for pattern in ("intel-rapl*", "*/intel-rapl*", "*/*/intel-rapl*"):
        for path in sorted(under.glob(pattern)):
            if not re.fullmatch(_ZONE, path.name):
                continue
            if path.is_symlink() and not path.exists():
                hidden.append(path.name)
            else:
                found.setdefault(path.name, path)
    lost = sorted(set(hidden) - set(found))
    if lost:
        raise SensorUnavailableError(
            f"{under}: {', '.join(lost)} listed, but leading nowhere", remedy=_HIDDEN
        )
    return [found[name] for name in sorted(found, key=_order)]


def _order(folder: str) -> tuple[bool, list[int]]:
    control, *numbers = folder.split(":")
    return control.endswith("mmio"), [int(number) for number in numbers]


def _identity(folder: Path, names: dict[str, str]) -> tuple[str, _Component] | None:
    """Return what a zone is and counts, or None for one that is not billed."""
    name = names[folder.name]
    if re.fullmatch(_PACKAGE, name):
        return name, "package"
    if name == "dram":
        parent = names.get(folder.name.rpartition(":")[0])
        return (f"{parent}/dram" if parent else name), "dram"
    return None


def _twin(folder: Path, name: str, billed: dict[str, Zone]) -> Zone | None:
    """Return the billed zone that, by the names, counts what this one does, if there is one."""
    if name in billed:
        return billed[name]
    this = re.fullmatch(_DIE, name)
    for zone in billed.values():
        other = re.fullmatch(_DIE, zone.name)
        if this is None or other is None or this.groups() != other.groups():
            continue
        of_unlike_scope = ("-die-" in name) != ("-die-" in zone.name)
        if of_unlike_scope or _is_door(folder, name, zone):
            return zone
    return None


def _shown(name: str) -> str:
    """Spell a name; one that is empty, or holds what a terminal would obey, as Python does."""
    return name if re.fullmatch(_PLAIN, name) else repr(name[:40])


def _is_door(folder: Path, name: str, zone: Zone) -> bool:
    return name == zone.name or folder.name.startswith("intel-rapl-mmio")


def _mirrored(zone: Zone, others: Iterable[Zone], still: set[str]) -> Zone | None:
    """Return the zone whose very counter this one shows as well, if there is one.

    ``still`` are the names of zones that did not move while they were watched: it is added to.
    """
    die = re.fullmatch(_DIE, zone.name)
    for other in others:
        if other.component != zone.component:
            continue
        other_die = re.fullmatch(_DIE, other.name)
        if die and other_die and die.groups() == other_die.groups():
            if _read_alike(zone, other):
                return other
        elif other.name not in still and _move_alike(zone, other, still):
            return other
    return None


def _read_alike(zone: Zone, other: Zone) -> bool:
    """Say whether a value read between two reads of the other counter lies between them.

    Two counters of their own that have run since the machine started do not agree to a fraction
    of a joule; two that stand at zero have not run and say nothing.
    """
    for _ in range(_AGREEMENTS):  # a wrap of the one counter between its reads tells nothing
        before, between, after = other.read(), zone.read(), other.read()
        if before <= after:
            return 0 < before <= between <= after
    return False


def _move_alike(zone: Zone, other: Zone, still: set[str]) -> bool:
    """Say whether two counters agree, and still do after each of a few refreshes."""
    if not _read_alike(zone, other):
        return False
    moved = 0
    value = other.read()
    until = time.monotonic() + _LONGEST_STANDSTILL_SECONDS
    while moved < _AGREEMENTS:
        now = other.read()
        if now != value:
            if not _read_alike(zone, other):
                return False
            moved, value = moved + 1, now
        elif time.monotonic() > until:
            still.add(other.name)  # else a folder of many such zones would take minutes
            return False
    return True


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
    """Read one of a zone's files; every one is read here."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            content = os.read(descriptor, _NUMBER_FILE_BYTES)
        finally:
            os.close(descriptor)
    except PermissionError:
        raise SensorUnavailableError(
            f"RAPL zone {zone}: {path}: permission denied",
            remedy=_GRANT.format(root=root()),
        ) from None
    except OSError as error:
        gone = error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)
        raise MeasurementError(
            f"RAPL zone {zone}: {path}: cannot be read: {error.strerror}"
            + (": the zone is gone" if gone and not path.parent.exists() else ""),
            remedy=_BROKEN,
        ) from None
    if len(content) == _NUMBER_FILE_BYTES:  # what was cut off might change what it says
        raise MeasurementError(
            f"RAPL zone {zone}: {path}: holds {_NUMBER_FILE_BYTES} bytes or more, "
            "and should hold a line",
            remedy=_BROKEN,
        )
    return content.strip().decode("ascii", errors="replace")  # bytes: of blanks, ASCII's only
