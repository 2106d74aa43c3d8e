"""Axes: from a range of values to positions on paper, with ticks that people would have chosen."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from harness.site.text import TIMES, power

PADDING = 0.07
"""Room between the outermost value and the end of the axis, as a share of the range."""

LEAST_DECADES = 0.5
"""A logarithmic axis spans at least this, however close together the values are."""

MOST_DECADES = 30
"""Room enough for any energy, and for every figure on the way there to stay finite."""

LEAST_SPAN = 0.1
"""A linear axis spans about this share of its limits at least."""

LINEAR_BELOW_RATIO = 10.0
"""Narrower logarithmic ranges get evenly spaced ticks; wider ones 1, 2, 5 or powers of ten."""

ROUNDING = 1e-9
"""A tick may miss the end of its axis by this share of a step and still belong to it."""


KEPT = 1024
"""Rows of ticks that are kept: drawings of entries have most of theirs in common."""


@dataclass(frozen=True)
class Scale:
    """Maps [low, high] onto [start, end], in user units of the drawing."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return the position of ``value``; what lies outside of the axis is put at its end."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def each(self, values: Sequence[float]) -> list[float]:
        """Return the position of each of many values, in less time than one after another takes."""
        low, high, start, length = self.low, self.high, self.start, self.end - self.start
        inside = [value if low <= value <= high else min(max(value, low), high) for value in values]
        if self.logarithmic:
            span = math.log(high / low)
            return [start + math.log(value / low) / span * length for value in inside]
        span = high - low
        return [start + (value - low) / span * length for value in inside]


def log_range(values: Iterable[float]) -> tuple[float, float]:
    """Return the ends of a logarithmic axis that holds these positive values with some room.

    Beyond ``MOST_DECADES`` on either side of 1 nothing is energy any more, and the axis ends.
    """
    low, high = (min(max(math.log10(end), -MOST_DECADES), MOST_DECADES) for end in _ends(values))
    low, high = _widened(low, high, LEAST_DECADES)
    return 10.0**low, 10.0**high


def _ends(values: Iterable[float]) -> tuple[float, float]:
    held = list(values)
    return min(held), max(held)


def linear_range(values: Iterable[float], limits: tuple[float, float]) -> tuple[float, float]:
    """Return the ends of a linear axis that holds these values with some room.

    It never leaves ``limits``, the range that the quantity can have.
    """
    low, high = (min(max(end, limits[0]), limits[1]) for end in _ends(values))
    low, high = _widened(low, high, LEAST_SPAN * (limits[1] - limits[0]))
    return max(low, limits[0]), min(high, limits[1])


def linear_ticks(low: float, high: float, at_most: int) -> tuple[float, ...]:
    """Return at most that many multiples of 1, 2 or 5 times a power of ten within [low, high]."""
    exponent = math.floor(math.log10((high - low) / at_most))
    while True:
        for multiple in (1, 2, 5):
            step = _step(multiple, exponent)
            first = math.ceil(low / step - ROUNDING)
            last = math.floor(high / step + ROUNDING)
            if last - first + 1 <= at_most:
                return _steps(multiple, exponent, first, last)
        exponent += 1


@lru_cache(maxsize=KEPT)
def _step(multiple: int, exponent: int) -> float:
    return float(f"{multiple}e{exponent}")


@lru_cache(maxsize=KEPT)
def _steps(multiple: int, exponent: int, first: int, last: int) -> tuple[float, ...]:
    return tuple([float(f"{n * multiple}e{exponent}") for n in range(first, last + 1)])


def log_ticks(low: float, high: float, at_most: int) -> tuple[float, ...]:
    """Return at most that many round values within [low, high], evenly spread in its logarithm."""
    if high / low < LINEAR_BELOW_RATIO:
        return linear_ticks(low, high, at_most)
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for multiples in ((1, 2, 5), (1, 3), (1,)):
        ticks = _within(low, high, exponents, multiples)
        if len(ticks) <= at_most:
            return ticks
    decades = [n for n in exponents if low <= float(f"1e{n}") <= high]
    stride = math.ceil(len(decades) / at_most)
    return tuple(float(f"1e{n}") for n in decades if n % stride == 0)


def tick_labels(ticks: tuple[float, ...]) -> tuple[str, ...]:
    """Spell ticks: alike where they are evenly spaced, as powers of ten where zeros abound."""
    sizes = [abs(tick) for tick in ticks if tick] or [1.0]
    largest, smallest = max(sizes), min(sizes)
    if largest >= 1e6 or smallest < 1e-4:  # noqa: PLR2004 - where zeros have to be counted
        return tuple(_scientific(tick) for tick in ticks)
    if largest / smallest >= LINEAR_BELOW_RATIO:
        return tuple(f"{tick:,.10g}" for tick in ticks)
    decimals = max(len(f"{tick:.10f}".rstrip("0").partition(".")[2]) for tick in ticks)
    return tuple(f"{tick:,.{decimals}f}" for tick in ticks)


def _within(
    low: float, high: float, exponents: Iterable[int], multiples: tuple[int, ...]
) -> tuple[float, ...]:
    values = (float(f"{multiple}e{n}") for n in exponents for multiple in multiples)
    return tuple(value for value in values if low <= value <= high)


def _scientific(tick: float) -> str:
    if tick == 0:
        return "0"
    mantissa, exponent = f"{tick:.5e}".split("e")
    trimmed = mantissa.rstrip("0").rstrip(".")
    return (
        f"10{power(int(exponent))}"
        if trimmed == "1"
        else f"{trimmed}{TIMES}10{power(int(exponent))}"
    )


def _widened(low: float, high: float, least: float) -> tuple[float, float]:
    room = max(PADDING * (high - low), (least - (high - low)) / 2)
    return low - room, high + room
