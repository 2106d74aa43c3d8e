"""Chance, and smooth noise: what the sample frames are drawn from.

The same seed gives the same values on every machine: all chance comes from ``Generator.random``,
and arithmetic is elementwise.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]
Integers: TypeAlias = npt.NDArray[np.int64]


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw from ``low`` up to ``high``."""
    return low + (high - low) * float(rng.random())


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Say yes so often."""
    return float(rng.random()) < probability


def count(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw from ``low`` to ``high``, both included."""
    return low + int(float(rng.random()) * (high - low + 1))


def smoothstep(field: Numbers) -> Numbers:
    """Go from 0 to 1 with level ends; what lies beyond is cut off."""
    clipped = np.clip(field, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def noise(
    rng: np.random.Generator, height: int, width: int, *cells: tuple[float, float]
) -> Numbers:
    """Smooth noise in 0..1: value noise of cells so high and wide, each half as strong."""
    total, strength, weight = np.zeros((height, width)), 1.0, 0.0
    for high, wide in cells:
        row, down = _places(height, high)
        column, along = _places(width, wide)
        lattice = strength * rng.random((int(row[-1]) + 2, int(column[-1]) + 2))
        lines = lattice[:, column] + (lattice[:, column + 1] - lattice[:, column]) * along
        field = np.diff(lines, axis=0)[row]
        field *= down[:, None]
        field += lines[row]
        total += field
        weight += strength
        strength /= 2
    return total / weight


def _places(count: int, cell: float) -> tuple[Integers, Numbers]:
    place = np.arange(count, dtype=np.float64) / cell
    whole = place.astype(np.int64)
    return whole, smoothstep(place - whole)
