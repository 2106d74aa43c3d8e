"""What is wrong with a file that is to be imported: every fault, each with its row and field."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

NAME_A_TASK = "name one with --task"
"""Ends the message of a fault that no change of the file has to mend."""
LARGEST_BYTES = 10 * 2**20
MOST_ROWS = 10_000
LONGEST_TEXT = 2_000
LONGEST_VERSION = 100
LONGEST_NUMBER = 100
"""Characters of one."""
MOST = 1e12
"""Of any figure: far beyond any claim, and safe to calculate with."""
FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula, wide forms of signs included."""
LEAST_FACTOR, MOST_FACTOR = 500.0, 2_000.0
"""Two figures that are this far apart are the same one in units a thousand apart."""
HIGHEST_KG_PER_KWH = 3.0
"""Twice what the dirtiest coal-fired station emits."""
LOWEST_KG_PER_KWH = 0.001
HIGHEST_WATTS = 100_000.0
"""Of one machine: beyond any."""
ROUNDED = 0.01
"""How far two spellings of one figure may be apart, of the larger: three digits are in it."""
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_NOT_FINITE = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_KEPT = frozenset("\u200c\u200d")
"""Letters of some scripts, and some emoji, are joined by these."""


class ImportFault(NamedTuple):
    """One thing that is wrong."""

    file: str
    row: int | None
    """The line of a table, or the number of the document in its list; ``None``: the whole file."""
    field: str
    message: str
    claim: str = ""
    """The file of a claim that was imported before, which this one contradicts."""

    def __str__(self) -> str:
        """Say it in one line."""
        where = [self.file, *([f"row {self.row}"] if self.row is not None else []), self.field]
        return ": ".join((*filter(None, where), self.message))


class Figures(NamedTuple):
    """How a file calls an energy and its emissions, and what a factor 1000 in them would mean."""

    energy: str = "energy_consumed"
    emissions: str = "emissions"
    much_energy: str = "watt-hours where kilowatt-hours belong"
    much_emissions: str = "grams where kilograms belong"


OF_TABLE = Figures()


class RowReader:
    """Reads the fields of one row, and gathers what is wrong with them."""

    def __init__(self, file: str, row: int, values: Mapping[str, object]) -> None:
        self.file, self.row = file, row
        self._values = values
        self.faults: list[ImportFault] = []

    def fault(self, field: str, message: str) -> None:
        """Add a fault."""
        self.faults.append(ImportFault(self.file, self.row, field, message))

    def string(
        self,
        field: str,
        *,
        required: bool = False,
        lines: bool = False,
        longest: int = LONGEST_TEXT,
    ) -> str | None:
        """Read a text, of one line unless it may have several; absent is ``None``."""
        value = self._values.get(field)
        if value is None or value == "":
            if required:
                self.fault(field, "is missing")
            return None
        if not isinstance(value, str):
            self.fault(field, f"is no text: {shown(value)}")
            return None
        if (why := wrong_text(value, lines=lines, longest=longest)) is not None:
            self.fault(field, f"{why}: {shown(value)}")
            return None
        return value

    def number(
        self, field: str, *, required: bool = False, most: float = MOST, positive: bool = False
    ) -> float | None:
        """Read a figure that is not negative; absent is ``None``."""
        value = self._values.get(field)
        if value is None or value == "":
            if required:
                self.fault(field, "is missing")
            return None
        number = _as_number(value)
        if number is None:
            self.fault(field, f"is no number, spelt with a point and no unit: {shown(value)}")
        elif not math.isfinite(number):
            self.fault(field, f"is not finite: {shown(value)}")
        elif number < 0:
            self.fault(field, f"is negative: {shown(value)}")
        elif number > most:
            self.fault(field, f"is more than {most:g}: {shown(value)}")
        elif positive and number == 0:
            self.fault(field, "is 0, and nothing computes for nothing")
        else:
            return number
        return None


def wrong_text(text: str, *, lines: bool = False, longest: int = LONGEST_TEXT) -> str | None:
    """Say what makes a text unfit to be kept and shown; ``None`` for nothing."""
    if len(text) > longest:
        return f"has {len(text):,} characters, and {longest:,} are the most"
    if text.startswith(FORMULA):
        return "begins like a formula of a spreadsheet"
    allowed = _KEPT | {"\n", "\t"} if lines else _KEPT
    if any(unicodedata.category(each) in _UNSAFE and each not in allowed for each in text):
        return "holds control characters, or ones that cannot be seen"
    return None if text.strip() else "is blank"


def check_units(
    reader: RowReader,
    *,
    kwh: float | None,
    kilograms: float | None,
    seconds: float | None,
    named: Figures = OF_TABLE,
) -> None:
    """Hold energy, carbon and time against each other: none is a thousand times what it can be."""
    if kwh and kilograms:
        rate = kilograms / kwh
        if rate > HIGHEST_KG_PER_KWH:
            reader.fault(
                named.emissions,
                f"come to {_amount(rate, 'kg')} a kilowatt-hour of {named.energy}, more than any "
                f"grid: {named.much_emissions}, a factor 1000?",
            )
        elif rate < LOWEST_KG_PER_KWH:
            reader.fault(
                named.energy,
                f"is too much for {named.emissions}, which come to {_amount(rate, 'kg')} a "
                f"kilowatt-hour of it, less than any grid: {named.much_energy}, a factor 1000?",
            )
    if kwh and seconds and (watts := kwh * 3_600_000 / seconds) > HIGHEST_WATTS:
        reader.fault(
            named.energy,
            f"comes to {_amount(watts, 'W')} on average over {seconds:.3g} s, more than any "
            f"machine uses: {named.much_energy}, a factor 1000?",
        )


def check_parts(
    reader: RowReader,
    whole: float | None,
    parts: Mapping[str, float | None],
    named: Figures = OF_TABLE,
) -> None:
    """Hold an energy against the sum of its parts."""
    known = [part for part in parts.values() if part is not None]
    if whole and known and thousandfold(whole, sum(known)):
        reader.fault(
            named.energy,
            f"is {whole:.3g}, and {' + '.join(parts)} are {sum(known):.3g}: one of them is in "
            "another unit, a factor 1000?",
        )


def check_twice_told(
    reader: RowReader, small: tuple[str, float | None, str], large: tuple[str, float | None, str]
) -> None:
    """Hold a figure that stands there twice, in units a thousand apart, against itself.

    Each is its field, the figure and its unit. They may differ by ``ROUNDED``, and no more.
    """
    (field, figure, unit), (other_field, other, other_unit) = small, large
    if figure is None or other is None:
        return
    same = figure / 1000
    if abs(same - other) <= ROUNDED * max(same, other):
        return
    why = (
        "one of them is in another unit, a factor 1000?"
        if thousandfold(same, other)
        else f"they are one figure in two units, and differ by more than {ROUNDED:.0%}"
    )
    reader.fault(
        field, f"says {figure:.3g} {unit}, and {other_field} {other:.3g} {other_unit}: {why}"
    )


def _amount(figure: float, unit: str) -> str:
    """Spell a quotient of two figures of a file: it may be beyond any number."""
    return f"{figure:.3g} {unit}" if math.isfinite(figure) else f"more {unit} than can be counted"


def thousandfold(one: float, other: float) -> bool:
    """Say whether one figure is about a thousand times the other."""
    if one <= 0 or other <= 0:
        return False
    return LEAST_FACTOR <= max(one, other) / min(one, other) <= MOST_FACTOR


def shown(value: object) -> str:
    """Quote what was found, in ASCII and cut short: it may hold anything."""
    text = ascii(value) if isinstance(value, str) else type(value).__name__
    if isinstance(value, bool | int | float):
        text = "a number of many digits" if isinstance(value, int) and value > MOST else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line of a screen


def _as_number(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if isinstance(value, str):
        if _NOT_FINITE.fullmatch(value):
            return math.nan
        if len(value) <= LONGEST_NUMBER and _NUMBER.fullmatch(value):
            return float(value)
    return None
