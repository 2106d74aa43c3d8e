"""What clips are put together from: chance, a sine, tones, contours and levels.

The same seed gives the same values on every machine; ``task.py`` says by what arithmetic.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.float64]
Signal: TypeAlias = npt.NDArray[np.float32]
"""(frames,): a sound, or what scales one."""
Table: TypeAlias = npt.NDArray[np.float32]
"""(2048,): one turn of something periodic."""
Phase: TypeAlias = npt.NDArray[np.uint32]
"""(frames,): where in its turn something is, in 2^-32 turns."""

RATE = 12_000
"""Frames a second."""
CONTROL = 32
"""Frames for which what changes slowly stands still."""
TURN_BITS = 11
TURN = 1 << TURN_BITS
_DECIBEL = 0.8912509381337456  # 10 ** (-1 / 20)
MOST_HARMONICS = 64


def uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw from ``low`` up to ``high``."""
    return low + (high - low) * float(rng.random())


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Say yes so often."""
    return float(rng.random()) < probability


def count(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw from ``low`` to ``high``, both included."""
    return low + int(float(rng.random()) * (high - low + 1))


def _make_sine() -> Table:
    """One turn of the sine, a quarter of it by its series."""
    x = np.arange(TURN // 4 + 1) * (math.pi / 2 / (TURN // 4))
    square = x * x
    series = np.ones_like(x)
    for order in (12, 10, 8, 6, 4, 2):
        series = 1.0 - square / (order * (order + 1)) * series
    rising = x * series
    half = np.concatenate([rising[:-1], rising[:0:-1]])
    return np.concatenate([half, -half]).astype(np.float32)


SINE = _make_sine()
_PLACES = np.arange(TURN)
FADING: Table = ((1.0 - _PLACES / TURN) * (1.0 - _PLACES / TURN)).astype(np.float32)
"""A burst at the beginning of each turn, quickly over."""


def _make_tilts() -> Numbers:
    """(9, 64): row i holds the number of each harmonic to the power of -i/4."""
    numbers = np.arange(1, MOST_HARMONICS + 1, dtype=np.float64)
    quarter = 1.0 / np.sqrt(np.sqrt(numbers))
    rows = [np.ones_like(numbers)]
    for _ in range(8):
        rows.append(rows[-1] * quarter)
    return np.stack(rows)


_TILTS = _make_tilts()


def amplitude(decibels: float) -> float:
    """Return the factor of so many decibels, 0 or fewer; within 0.02 of a decibel."""
    whole = int(-decibels)
    factor = 1.0
    for _ in range(whole):
        factor *= _DECIBEL
    return factor * (1.0 - (-decibels - whole) * (1.0 - _DECIBEL))


def smoothstep(values: Numbers) -> Numbers:
    """Go from 0 to 1 with level ends; what lies beyond is cut off."""
    clipped = np.clip(values, 0.0, 1.0)
    return clipped * clipped * (3.0 - 2.0 * clipped)


def contour(rng: np.random.Generator, frames: int, cells: int) -> Numbers:
    """Draw something smooth between 0 and 1, with so many turns of mind; one value a control."""
    points = -(-frames // CONTROL)
    place = np.arange(points) * (cells / points)
    cell = place.astype(np.intp)
    lattice = rng.random(cells + 1)
    return lattice[cell] + (lattice[cell + 1] - lattice[cell]) * smoothstep(place - cell)


def spread(controls: Numbers, frames: int) -> Signal:
    """Return a value for each frame from one for each control."""
    return np.repeat(controls.astype(np.float32), CONTROL)[:frames]


def phase(hertz: Numbers, frames: int) -> Phase:
    """Add up frequencies, one a control, to phases; whole turns fall off at the top."""
    steps = np.rint(hertz * (2.0**32 / RATE)).astype(np.uint32)
    return np.cumsum(np.repeat(steps, CONTROL)[:frames], dtype=np.uint32)


def read(table: Table, phase: Phase) -> Signal:
    """Return what a table holds at these phases."""
    return table[phase >> np.uint32(32 - TURN_BITS)]


def make_tone(rng: np.random.Generator, tilt: float, harmonics: int) -> Table:
    """Draw one turn of a tone of unit power; harmonic k is about k to the power of -tilt strong."""
    row, part = divmod(tilt * 4.0, 1.0)
    above = _TILTS[int(row) + 1]
    strengths = _TILTS[int(row)] * (1.0 - part) + above * part
    total, power = np.zeros(TURN, np.float32), 0.0
    for number in range(1, harmonics + 1):
        strength = float(strengths[number - 1]) * uniform(rng, 0.5, 1.5)
        start = count(rng, 0, TURN - 1)
        total += np.float32(strength) * SINE[(number * _PLACES + start) & (TURN - 1)]
        power += strength * strength / 2
    return total / np.float32(math.sqrt(power))


def level(signal: Signal) -> float:
    """Return the root mean square, by way of whole numbers, whose sum no order changes."""
    whole = np.rint(signal * np.float32(4096)).astype(np.int64)
    return math.sqrt(int((whole * whole).sum()) / len(whole)) / 4096 + 1e-6
