"""From joules and grams, which are inside, to the units of formats."""

from __future__ import annotations

from harness.carbon import JOULES_PER_KWH

JOULES_PER_WH = 3_600.0
GRAMS_PER_KILOGRAM = 1_000.0
BYTES_PER_GIB = 2**30
BYTES_PER_GB = 10**9


def kilowatt_hours(joules: float) -> float:
    """Return ``joules`` in kilowatt-hours."""
    return joules / JOULES_PER_KWH


def watt_hours(joules: float) -> float:
    """Return ``joules`` in watt-hours."""
    return joules / JOULES_PER_WH


def kilograms(grams: float) -> float:
    """Return ``grams`` in kilograms."""
    return grams / GRAMS_PER_KILOGRAM


def gigabytes(gibibytes: float) -> float:
    """Return ``gibibytes`` in gigabytes of 10^9 bytes."""
    return gibibytes * BYTES_PER_GIB / BYTES_PER_GB
