"""codecarbon's table of grids, read where the installed package has it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError
from harness.records.base import Frozen, parse_plain

PACKAGE = "codecarbon"
FOLDER = ("data", "private_infra")
MIX = "global_energy_mix.json"
"""By zone: ``iso_code``, ``country_name``, ``carbon_intensity`` and its ``year``."""
PER_SOURCE = "carbon_intensity_per_source.json"
"""By kind of power station, with the world's mean and the unit of all."""
UNIT = "gCO2.eq/kWh"

HIGHEST = 3_000.0
"""Grams a kilowatt hour: twice what the dirtiest coal-fired station emits. More is another unit."""
YEARS = range(1990, 2101)
REMEDY = "install codecarbon again: pip install --force-reinstall 'codecarbon>=3.3'"
_CODE = re.compile(r"[A-Z]{3}")


class Zone(Frozen):
    """The grid of one country."""

    code: str
    """ISO 3166-1 alpha-3."""
    name: str
    """In English, as the table has it."""
    grams_per_kwh: float
    year: int


class Grid(Frozen):
    """All grids of the table that it has a figure of."""

    zones: Mapping[str, Zone]
    """By code."""
    world_grams_per_kwh: float | None
    source: str


@cache
def read_grid(package: Path | None = None) -> Grid:
    """Read the table of the installed codecarbon, or of the one in the folder ``package``.

    A zone without a figure above zero is left out: no grid emits nothing, and such a figure is what
    rounding left of a very small one. Raises ``ConfigurationError`` where the package or a file is
    missing, or is not of the form that it had.
    """
    folder = (package or package_folder()).joinpath(*FOLDER)
    mix = _read(folder / MIX)
    zones = {}
    for code, plain in sorted(mix.items()):
        if (zone := _zone(code, plain)) is not None:
            zones[code] = zone
    if not zones:
        raise ConfigurationError(f"{PACKAGE}: {MIX}: has no figure of any zone", remedy=REMEDY)
    return Grid(
        zones=zones,
        world_grams_per_kwh=_world(_read(folder / PER_SOURCE)),
        source=f"{PACKAGE} {_version()}, {MIX}",
    )


def package_folder() -> Path:
    """Return codecarbon's folder without importing it, which loads much that is not needed here."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            f"{PACKAGE}: is not installed, and carbon is computed from its table of grids",
            remedy=REMEDY,
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _version() -> str:
    try:
        return importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        return "of unknown version"


def _read(path: Path) -> dict[str, Any]:
    where = f"{PACKAGE}: {path.name}"  # the whole path is the machine's own
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{where}: cannot be read: {error.strerror}", remedy=REMEDY
        ) from None
    try:
        plain = parse_plain(content, where)
    except ConfigurationError as error:
        raise ConfigurationError(error.message, remedy=REMEDY) from None
    if not isinstance(plain, dict):
        raise ConfigurationError(f"{where}: is no table", remedy=REMEDY)
    return plain


def _zone(code: str, plain: object) -> Zone | None:
    """Read one zone; ``None`` where the table has no figure of it."""
    where = f"{PACKAGE}: {MIX}"
    if not _CODE.fullmatch(code) or not isinstance(plain, dict):
        raise ConfigurationError.at(where, code[:40], "is no zone", REMEDY)
    if plain.get("iso_code") != code:
        raise ConfigurationError.at(where, f"{code}.iso_code", "is another zone's", REMEDY)
    name, year = plain.get("country_name"), plain.get("year")
    if not isinstance(name, str) or not name.strip():
        raise ConfigurationError.at(where, f"{code}.country_name", "is no name", REMEDY)
    if not isinstance(year, int) or year not in YEARS:
        raise ConfigurationError.at(where, f"{code}.year", "is no year", REMEDY)
    intensity = plain.get("carbon_intensity")
    if intensity is None:
        return None
    grams = _intensity(where, f"{code}.carbon_intensity", intensity)
    return Zone(code=code, name=name, grams_per_kwh=grams, year=year) if grams > 0 else None


def _world(plain: Mapping[str, Any]) -> float | None:
    where = f"{PACKAGE}: {PER_SOURCE}"
    if plain.get("unit") != UNIT:
        raise ConfigurationError.at(where, "unit", f"is no longer {UNIT}", REMEDY)
    world = plain.get("world_average")
    return None if world is None else _intensity(where, "world_average", world)


def _intensity(where: str, field: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= HIGHEST:
        raise ConfigurationError.at(where, field, f"is no figure in {UNIT}", REMEDY)
    return float(value)
