"""How figures, grades and places are spelt on a terminal. Nothing heavy is imported here."""

from __future__ import annotations

from pathlib import Path

GRADES = {
    "wall": "energy at the wall",
    "sensor": "energy by on-chip sensors",
    "model": "modelled work, not energy",
    "simulated": "simulated energy: a stand-in",
}


def three_digits(number: float) -> str:
    """Spell a figure with three significant digits, without an exponent where that is readable.

    With its last zeros, as on the page: 1.30 says more than 1.3.
    """
    return digits(number, 3)


def digits(number: float, count: int) -> str:
    """Spell a figure with so many significant digits; likewise."""
    text = f"{number:#.{count}g}".removesuffix(".") if number else "0"
    return f"{float(text):,.0f}" if "e+" in text and abs(number) < 1e9 else text  # noqa: PLR2004


def interval(bounds: tuple[float, float] | None) -> str:
    """Spell an interval, or say that there is none; more digits where three show no width."""
    if bounds is None:
        return "no interval"
    low, high = map(three_digits, bounds)
    if low == high and bounds[0] < bounds[1]:
        low, high = (digits(bound, 5) for bound in bounds)
    return f"95 % {low} to {high}"


def shown_path(path: Path) -> str:
    """Spell a path as it is reached from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
