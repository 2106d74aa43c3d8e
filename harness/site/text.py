"""Figures and names as people read them: three significant digits, and nothing but plain text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

JOULES_PER_WH = 3600.0
WATT_HOURS = {"kWh": 3.6e6, "Wh": JOULES_PER_WH, "mWh": 3.6, "\N{MICRO SIGN}Wh": 0.0036}
"""What one of each is in joules, the largest first; ``js/core.js`` has the same."""
ELLIPSIS = "…"
TIMES = "\N{MULTIPLICATION SIGN}"
MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
NARROW_SPACE = "\N{NARROW NO-BREAK SPACE}"
KEPT_SPACES = frozenset({NO_BREAK_SPACE, NARROW_SPACE})
"""They keep figures and signs on one line: languages write them on purpose."""
GRAMS = {"kg": 1e3, "g": 1.0, "mg": 1e-3, "\N{MICRO SIGN}g": 1e-6}
"""Likewise, in grams."""
SIGNIFICANT_DIGITS = 3
LEAST_SHARED = 0.1
"""Of a power of ten that two figures share: less would be spelt with more zeros than digits."""
KEPT = 4096
"""Spellings that are kept: pages of several boards have the same figures."""
_THOUSANDS = frozenset({"e+03", "e+04", "e+05"})
"""Ends of figures that have no digit below one, and are not too large to be spelt in full."""
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
DIRECTION_CONTROLS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def spell_significant(value: float, digits: int = SIGNIFICANT_DIGITS) -> str:
    """Spell ``value`` with that many significant digits: 0.0123, 1.23, 12,300.

    The very small and the very large are multiples of a power of ten.
    """
    if value == 0:
        return "0"
    spelt = f"{value:#.3g}" if digits == SIGNIFICANT_DIGITS else f"{value:#.{digits}g}"
    if "e" not in spelt:  # the quick way, of most figures: there are hundreds on a page
        spelt = spelt.removesuffix(".")
        return spelt if value > 0 else _minus(spelt)
    if digits == SIGNIFICANT_DIGITS and spelt[-4:] in _THOUSANDS and value > 0:
        return f"{float(spelt):,.0f}"
    mantissa, exponent_text = f"{value:.{digits - 1}e}".split("e")
    exponent = int(exponent_text)
    if -4 <= exponent < 6:  # noqa: PLR2004 - beyond these, zeros are harder to read than powers
        rounded = float(f"{mantissa}e{exponent}")
        return _minus(f"{rounded:,.{max(0, digits - 1 - exponent)}f}")
    return _minus(f"{mantissa} {TIMES} 10{power(exponent)}")


significant = lru_cache(maxsize=KEPT)(spell_significant)


def significant_lines(values: Sequence[float]) -> str:
    """Spell each with three significant digits as ``significant`` does, on a line of its own."""
    spelt = "%#.3g\n" * len(values) % (*values,)
    spelt = spelt.replace(".\n", "\n").replace("0.00\n", "0\n")  # only nothing ends like that
    if not ("e" in spelt or "-" in spelt or "n" in spelt):
        return spelt[:-1]
    lines = spelt[:-1].split("\n")
    for sign in "e-n":  # a power of ten, less than nothing, no number
        if sign in spelt:
            for n in [n for n, line in enumerate(lines) if sign in line]:
                lines[n] = spell_significant(values[n])
    return "\n".join(lines)


def shared_power(low: float, high: float) -> int:
    """Return the power of ten that the ends of an interval can share, 0 where it needs none."""
    exponent = int(f"{high:.{SIGNIFICANT_DIGITS - 1}e}".split("e")[1])
    is_spelt = TIMES in significant(high)
    return exponent if is_spelt and low / float(f"1e{exponent}") >= LEAST_SHARED else 0


def power(exponent: int) -> str:
    """Return ``exponent`` in superscript digits."""
    return str(exponent).translate(SUPERSCRIPT)


def watt_hour_unit(joules: Iterable[float]) -> str:
    """Return the unit for a column of energies: the largest that their middle is at least one of.

    A column has one unit, so that its figures can be compared by eye; the middle is that between
    the least and the most, by ratio, so that hardly any needs a power of ten. A single figure is a
    column of its own.
    """
    return _unit_of(joules, WATT_HOURS, "Wh")


def gram_unit(grams: Iterable[float]) -> str:
    """Return the unit of ``GRAMS`` for several masses, likewise."""
    return _unit_of(grams, GRAMS, "g")


def _unit_of(values: Iterable[float], units: Mapping[str, float], otherwise: str) -> str:
    known = [each for each in values if each > 0]
    if not known:
        return otherwise
    least, most = min(known), max(known)
    middle = least if least == most else math.sqrt(least) * math.sqrt(most)
    return next((unit for unit, worth in units.items() if middle >= worth), list(units)[-1])


def watt_hours(joules: float, unit: str | None = None) -> str:
    """Spell ``joules`` in ``unit`` of ``WATT_HOURS``, else in that which fits: ``27.8 mWh``."""
    figure, chosen = in_watt_hours(joules, unit)
    return f"{significant(figure)}{NO_BREAK_SPACE}{chosen}"


def in_watt_hours(joules: float, unit: str | None = None) -> tuple[float, str]:
    """Return ``joules`` in ``unit`` of ``WATT_HOURS``, else in that which fits, and the unit."""
    chosen = watt_hour_unit((joules,)) if unit is None else unit
    return joules / WATT_HOURS[chosen], chosen


def rank_range(rank: tuple[int, int]) -> str:
    """Spell a range of ranks: ``2``, or ``1\N{EN DASH}3``."""
    best, worst = rank
    return str(best) if best == worst else f"{best}\N{EN DASH}{worst}"


def plain(text: str) -> str:
    """Make a stranger's text safe to stand in a line of ours.

    Runs of white space become one space, but a no-break space by itself stays. Control characters,
    lone surrogates, what is no character and what turns the direction of the text around it become
    U+FFFD. Letters of any script and emoji stay. What is left may stand in XML, too; escaping
    markup is the template's business.
    """
    if text.isalnum():  # letters and digits alone, as of a digest
        return text
    if text.isascii() and text.isprintable() and "  " not in text and text.strip() == text:
        return text  # as most are: there is nothing to do but to look
    if NO_BREAK_SPACE not in text and NARROW_SPACE not in text:
        spaced = " ".join(text.split())
    else:
        spaced = _WHITE_SPACE.sub(_one_space, text.strip())
    if spaced.isprintable():  # the quick way: none of what is replaced is printable
        return spaced
    return "".join(REPLACEMENT if _is_unsafe(character) else character for character in spaced)


def shorten(text: str, length: int) -> str:
    """Cut cleaned ``text`` to at most ``length`` characters, the last one an ellipsis if cut."""
    return cut(plain(text), length)


def cut(cleaned: str, length: int) -> str:
    """Cut what is cleaned likewise."""
    if len(cleaned) <= length:
        return cleaned
    return cleaned[: length - 1].rstrip() + ELLIPSIS


@lru_cache(maxsize=KEPT)
def width_in_ems(text: str) -> float:
    """Estimate how wide ``text`` is set in a common sans serif: wide rather than narrow."""
    return sum(_character_width(character) for character in text)


@lru_cache(maxsize=4096)
def _character_width(character: str) -> float:
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    if character in "iIjl.,:;'|!-ft ()[]":
        return 0.36
    return 0.68 if character.isupper() or character in "mwMW" else 0.57


_WHITE_SPACE = re.compile(r"\s+")


def _one_space(run: re.Match[str]) -> str:
    return run[0] if run[0] in KEPT_SPACES else " "


def _is_unsafe(character: str) -> bool:
    return (
        unicodedata.category(character) in {"Cc", "Cs"}
        or character in DIRECTION_CONTROLS
        or ord(character) & 0xFFFE == 0xFFFE  # noqa: PLR2004 - no characters; XML forbids two
    )


def _minus(figure: str) -> str:
    return figure.replace("-", MINUS)
