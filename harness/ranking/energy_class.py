"""Energy classes: a letter from A to G, a factor of √10 apart, around a frozen reference entry.

The reference stands in the middle of D, so D reaches from 10^(-1/4) to 10^(1/4) times its energy;
A has no lower end and G no upper one. The letter hangs on the entry and the reference alone: who
else is on the board moves nobody. A letter says little of two entries; claims do that.
"""

from __future__ import annotations

import math

LETTERS = "ABCDEFG"
_MIDDLE = LETTERS.index("D")


def energy_class(interval: tuple[float, float] | None, *, at_floor: bool) -> str | None:
    """Return the class of an interval of energy: one letter, or two where it reaches over several.

    The interval is of the ratio to the reference; the two letters are joined by an en dash.
    ``None`` without an interval, and at the floor, where most of the energy is the harness's own.
    Raises ``ValueError`` for a ratio that is not positive and finite, or an interval whose ends are
    reversed.
    """
    if interval is None or at_floor:
        return None
    low, high = interval
    for ratio in interval:
        if not (ratio > 0 and math.isfinite(ratio)):
            raise ValueError(f"a ratio of energies is positive and finite, not {ratio}")
    if low > high:
        raise ValueError(f"an interval from {low} to {high}")
    first, last = _letter(low), _letter(high)
    return first if first == last else f"{first}\N{EN DASH}{last}"


def ratio_interval(
    joules_interval: tuple[float, float], reference_interval: tuple[float, float]
) -> tuple[float, float]:
    """Return the interval of the ratio of two energies that were measured apart.

    Half-widths of logarithms add in quadrature. Against itself an entry's ratio is 1 without error:
    that is the caller's to know.
    """
    centre, half = _log_middle(joules_interval)
    centre_of_reference, half_of_reference = _log_middle(reference_interval)
    middle = centre - centre_of_reference
    width = math.hypot(half, half_of_reference)
    return math.exp(middle - width), math.exp(middle + width)


def _log_middle(interval: tuple[float, float]) -> tuple[float, float]:
    low, high = map(math.log, interval)
    return (low + high) / 2, (high - low) / 2


def _letter(ratio: float) -> str:
    place = math.floor(2 * math.log10(ratio) + 0.5) + _MIDDLE
    return LETTERS[min(max(place, 0), len(LETTERS) - 1)]
