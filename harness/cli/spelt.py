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
    """Spell a figure with three significant digits, without an exponent where that is readable."""
    text = f"{number:.3g}"
    return f"{float(text):,.0f}" if "e+" in text and abs(number) < 1e9 else text  # noqa: PLR2004


def interval(bounds: tuple[float, float] | None) -> str:
    """Spell an interval, or say that there is none; more digits where three show no width."""
    if bounds is None:
        return "no interval"
    low, high = map(three_digits, bounds)
    if low == high and bounds[0] < bounds[1]:
        low, high = (f"{bound:.5g}" for bound in bounds)
    return f"95 % {low} to {high}"


def shown_path(path: Path) -> str:
    """Spell a path as it is reached from here."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
