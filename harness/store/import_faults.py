"""What is wrong with a file that is to be imported: every fault, each with its row and field."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from typing import NamedTuple

LARGEST_BYTES = 10 * 2**20
MOST_ROWS = 10_000
LONGEST_TEXT = 2_000
LONGEST_NUMBER = 100
"""Characters of one."""
MOST = 1e12
"""Of any figure: far beyond any claim, and safe to calculate with."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
LEAST_FACTOR, MOST_FACTOR = 500.0, 2_000.0
"""Two figures that are this far apart are the same one in units a thousand apart."""
HIGHEST_KG_PER_KWH = 3.0
"""Twice what the dirtiest coal-fired station emits."""
LOWEST_KG_PER_KWH = 0.001
HIGHEST_WATTS = 100_000.0
"""Of one machine: beyond any."""
_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
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

    def __str__(self) -> str:
        """Say it in one line."""
        where = [self.file, *([f"row {self.row}"] if self.row is not None else []), self.field]
        return ": ".join((*filter(None, where), self.message))


class RowReader:
    """Reads the fields of one row, and gathers what is wrong with them."""

    def __init__(self, file: str, row: int, values: Mapping[str, object]) -> None:
        self.file, self.row = file, row
        self._values = values
        self.faults: list[ImportFault] = []

    def fault(self, field: str, message: str) -> None:
        """Add a fault."""
        self.faults.append(ImportFault(self.file, self.row, field, message))

    def string(self, field: str, *, required: bool = False, lines: bool = False) -> str | None:
        """Read a text, of one line unless it may have several; absent is ``None``."""
        value = self._values.get(field)
        if value is None or value == "":
            if required:
                self.fault(field, "is missing")
            return None
        if not isinstance(value, str):
            self.fault(field, f"is no text: {shown(value)}")
            return None
        if (why := wrong_text(value, lines=lines)) is not None:
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


def wrong_text(text: str, *, lines: bool = False) -> str | None:
    """Say what makes a text unfit to be kept and shown; ``None`` for nothing."""
    if len(text) > LONGEST_TEXT:
        return f"has {len(text):,} characters, and {LONGEST_TEXT:,} are the most"
    if text.startswith(FORMULA):
        return "begins like a formula of a spreadsheet"
    allowed = _KEPT | {"\n", "\t"} if lines else _KEPT
    if any(unicodedata.category(each) in _UNSAFE and each not in allowed for each in text):
        return "holds control characters, or ones that cannot be seen"
    return None if text.strip() else "is blank"


def check_units(
    reader: RowReader, *, kwh: float | None, kilograms: float | None, seconds: float | None
) -> None:
    """Hold energy, carbon and time against each other: none is a thousand times what it can be."""
    if kwh and kilograms:
        if kilograms / kwh > HIGHEST_KG_PER_KWH:
            reader.fault(
                "emissions",
                f"come to {kilograms / kwh:.3g} kg a kilowatt-hour, more than any grid: grams "
                "where kilograms belong, a factor 1000?",
            )
        elif kilograms / kwh < LOWEST_KG_PER_KWH:
            reader.fault(
                "energy_consumed",
                f"and emissions come to {kilograms / kwh:.3g} kg a kilowatt-hour, less than any "
                "grid: watt-hours where kilowatt-hours belong, a factor 1000?",
            )
    if kwh and seconds and kwh * 3_600_000 / seconds > HIGHEST_WATTS:
        reader.fault(
            "energy_consumed",
            f"comes to {kwh * 3_600_000 / seconds:.3g} W on average, more than any machine: "
            "watt-hours where kilowatt-hours belong, a factor 1000?",
        )


def check_parts(reader: RowReader, whole: float | None, parts: Mapping[str, float | None]) -> None:
    """Hold an energy against the sum of its parts."""
    known = [part for part in parts.values() if part is not None]
    if whole and known and thousandfold(whole, sum(known)):
        reader.fault(
            "energy_consumed",
            f"is {whole:.3g}, and {' + '.join(parts)} are {sum(known):.3g}: one of them is in "
            "another unit, a factor 1000?",
        )


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
