"""Grams of CO2 equivalent of an amount of energy, by the grid that would have supplied it.

Carbon is no property of an entry: the same joules weigh fifty times as much on one grid as on
another. So it is computed when something is shown, over all grids unless one is named; it is in no
record, and nothing is ranked on it.

The table is the one that ``codecarbon`` brings along, read where that package lies and never
copied: national means of the carbon intensity of electricity in grams of CO2 equivalent a kilowatt
hour, each with its year. What cannot be read is an error: no figure is ever made up in its place.
"""

from __future__ import annotations

from harness.carbon.grid import Grid, Zone, read_grid
from harness.errors import UsageError
from harness.records.base import Frozen

__all__ = [
    "JOULES_PER_KWH", "CarbonRange", "Grid", "Zone", "ZoneCarbon", "carbon_in", "carbon_range",
    "read_grid",
]  # fmt: skip

JOULES_PER_KWH = 3_600_000.0
EN_DASH = "\N{EN DASH}"


class CarbonRange(Frozen):
    """What an amount of energy comes to over all grids of the table, in grams of CO2 equivalent."""

    low_grams: float
    high_grams: float
    low_zone: str
    """The English name of the country, as the table has it."""
    high_zone: str
    world_grams: float | None
    """By the world's mean; ``None`` where the table states none."""
    zones: int
    """How many grids the range is over."""
    year: str
    """Of the table's figures: ``2023``, or ``2021\N{EN DASH}2023`` where they differ."""
    source: str
    """The package, its version and the file."""


class ZoneCarbon(Frozen):
    """What an amount of energy comes to on one grid."""

    grams: float
    zone: str
    """ISO 3166-1 alpha-3."""
    name: str
    grams_per_kwh: float
    year: int
    source: str


def carbon_range(joules: float, grid: Grid | None = None) -> CarbonRange:
    """Return the grams of CO2 equivalent of ``joules`` on the cleanest and on the dirtiest grid.

    Raises ``ConfigurationError`` where codecarbon's table cannot be read, and ``ValueError`` where
    ``joules`` is not a finite amount.
    """
    grid = grid or read_grid()
    kwh = _kilowatt_hours(joules)
    low = min(grid.zones.values(), key=lambda zone: (zone.grams_per_kwh, zone.code))
    high = max(grid.zones.values(), key=lambda zone: (zone.grams_per_kwh, zone.code))
    years = sorted({zone.year for zone in grid.zones.values()})
    world = grid.world_grams_per_kwh
    return CarbonRange(
        low_grams=kwh * low.grams_per_kwh,
        high_grams=kwh * high.grams_per_kwh,
        low_zone=low.name,
        high_zone=high.name,
        world_grams=None if world is None else kwh * world,
        zones=len(grid.zones),
        year=str(years[0]) if len(years) == 1 else f"{years[0]}{EN_DASH}{years[-1]}",
        source=grid.source,
    )


def carbon_in(zone: str, joules: float, grid: Grid | None = None) -> ZoneCarbon:
    """Return the grams of CO2 equivalent of ``joules`` on the grid of one zone (``FRA``).

    Raises ``UsageError`` for a zone that the table has no figure of, else as ``carbon_range``.
    """
    grid = grid or read_grid()
    kwh = _kilowatt_hours(joules)
    found = grid.zones.get(zone.upper())
    if found is None:
        raise UsageError(
            f"--zone: {zone[:40]!r} is no zone that {grid.source} has a figure of",
            remedy="give the three letters of a country (ISO 3166-1), as FRA",
        )
    return ZoneCarbon(
        grams=kwh * found.grams_per_kwh,
        zone=found.code,
        name=found.name,
        grams_per_kwh=found.grams_per_kwh,
        year=found.year,
        source=grid.source,
    )


def _kilowatt_hours(joules: float) -> float:
    if not 0 <= joules < float("inf"):
        raise ValueError(f"{joules} is no amount of energy")
    return joules / JOULES_PER_KWH
