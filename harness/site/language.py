"""What the site says, and how it spells figures and dates, in each of its languages.

What it says is in its catalogue, which ``strings`` reads. Whatever is not there is an error, as is
a hole that is left empty: a page is made whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache, cached_property, lru_cache
from importlib import resources
from typing import Any, TypeAlias

from markupsafe import Markup

from harness.records.moments import moment
from harness.site import text as english
from harness.site.paths import MAIN_LANGUAGE
from harness.site.strings import CatalogueError, Plural, catalogue, holes
from harness.site.text import plain

Value: TypeAlias = str | int | float

KEPT = 1024
"""Days, and moments read, that are kept."""
SPELT_AS_A_DECIMAL = str.maketrans({",": "T", ".": "D"})
MILLION, BILLION, BEYOND_WORDS = 1e6, 1e9, 1e12


class Language:
    """One language: its strings, and its ways with figures and dates.

    Made of the catalogue of that code; raises ``CatalogueError`` where there is none.
    """

    def __init__(self, code: str) -> None:
        self.code = code
        self._messages = catalogue(code)
        self._decimal = self._plain("locale.decimal")
        self._thousands = self._plain("locale.thousands")
        self._as_in_english = (self._decimal, self._thousands) == (".", ",")
        self._singular = (
            float(self._plain("locale.singular_from")),
            float(self._plain("locale.singular_below")),
        )

    @property
    def is_main(self) -> bool:
        """Whether records, which are in English, are in this language."""
        return self.code == MAIN_LANGUAGE

    def text(self, key: str, **values: Value) -> str:
        """Return the string with its holes filled.

        Whole numbers are spelt with the language's separators, others to three significant digits,
        text as it is. ``n`` decides between the two forms of a string that has them. Raises
        ``CatalogueError`` for a key, or a hole, that is not there.
        """
        template = self.template(key, values)
        if not values:
            return template
        return template.format_map({name: self._spelt(value) for name, value in values.items()})

    def template(self, key: str, values: Mapping[str, Value]) -> str:
        """Return a string with its holes, in the form that ``n`` of the values decides on.

        Raises ``CatalogueError`` for a key that is not there, and where its holes are not those
        that there are values for.
        """
        found = self._template(key, values)
        self._require_filled(key, found, values)
        return found

    def html(self, key: str, **values: Value) -> Markup:
        """Return a string that holds markup of ours; what fills its holes is escaped.

        Text of strangers is made one line of plain text first, as everywhere on a page.
        """
        template = Markup(self._template(key, values))  # noqa: S704 - our own, from a file of ours
        spelt: dict[str, str] = {}
        for name, value in values.items():
            spelling = self._spelt(value)
            spelt[name] = spelling if isinstance(spelling, Markup) else plain(spelling)
        return Markup(self._filled(key, template, spelt))  # noqa: S704 - a Markup, filled

    def has(self, key: str) -> bool:
        """Say whether there is a string of that key."""
        return key in self._messages

    def name(self, kind: str, code: str) -> str:
        """Return the short name of a thing that has a code: a status, a grade, a warning.

        Codes that no version of the harness knows come from records: they name themselves.
        """
        key = f"{kind}.{code}.name"
        return self.text(key) if key in self._messages else self._unknown(kind, code)

    def stage(self, code: str) -> str:
        """Return the name of where an evaluation ended: in a phase, or before or between these."""
        return self.name("phase" if self.has(f"phase.{code}.name") else "stage", code)

    def sentence(self, kind: str, code: str) -> str:
        """Return the sentence that explains a thing that has a code; empty for an unknown one."""
        key = f"{kind}.{code}.sentence"
        if key in self._messages:
            return self.text(key)
        self._unknown(kind, code)
        return ""

    def _unknown(self, kind: str, code: str) -> str:
        if not any(key.startswith(f"{kind}.") for key in self._messages):
            raise CatalogueError(f"{self.code}: nothing is called {kind!r}")
        return code

    # Figures

    def figure(self, spelt: str) -> str:
        """Turn a figure that is spelt in English, ``12,300.5``, into this language's spelling."""
        if self._as_in_english:
            return spelt
        if "," not in spelt:
            return spelt.replace(".", self._decimal)
        marked = spelt.translate(SPELT_AS_A_DECIMAL)
        return marked.replace("T", self._thousands).replace("D", self._decimal)

    def significant(self, value: float, digits: int = english.SIGNIFICANT_DIGITS) -> str:
        """Spell ``value`` with that many significant digits: see ``text.significant``."""
        return self.figure(english.significant(value, digits))

    def whole(self, value: int) -> str:
        """Spell a whole number: ``12,300``."""
        return self.figure(f"{value:,}").replace("-", english.MINUS)

    def decimals(self, value: float, places: int) -> str:
        """Spell ``value`` with that many digits after the point."""
        return self.figure(f"{value:,.{places}f}").replace("-", english.MINUS)

    def percent(self, share: float, places: int = 0) -> str:
        """Spell a share of 1 in per cent, with its sign."""
        return self.text("number.percent", figure=self.decimals(100 * share, places))

    def significant_percent(self, share: float) -> str:
        """Spell a share of 1 in per cent to a few significant digits, with its sign."""
        return self.text("number.percent", figure=self.significant(100 * share))

    def plain_number(self, value: float) -> str:
        """Spell a round number, a tick or a limit of the rules, with no more digits than it has."""
        return self.figure(f"{value + 0.0:,.10g}")  # a tick may be less than nothing by name alone

    def plain_percent(self, share: float) -> str:
        """Spell a round share of 1 in per cent, with no more digits than it has."""
        return self.text("number.percent", figure=self.plain_number(100 * share))

    def between(self, interval: tuple[float, float]) -> str:
        """Spell an interval: ``0.861 to 0.885``."""
        low, high = interval
        return self.text("number.between", low=self.significant(low), high=self.significant(high))

    def narrow_between(self, interval: tuple[float, float]) -> str:
        """Spell an interval in a narrow column: its ends share a power of ten if they need one."""
        low, high = interval
        exponent = english.shared_power(low, high)
        if not exponent:
            return self.between(interval)
        shared = float(f"1e{exponent}")
        ends = self.between((low / shared, high / shared))
        return f"{ends} {english.TIMES} 10{english.power(exponent)}"

    def rank_range(self, rank: tuple[int, int]) -> str:
        """Spell a range of ranks: ``2``, or ``1\N{EN DASH}3``."""
        best, worst = rank
        if best == worst:
            return self.whole(best)
        return f"{self.whole(best)}\N{EN DASH}{self.whole(worst)}"

    def watt_hours(self, joules: float, unit: str | None = None) -> str:
        """Spell ``joules`` in a unit of watt-hours, which fits: see ``text.watt_hours``."""
        return self.figure(english.watt_hours(joules, unit))

    def many(self, value: float) -> str:
        """Spell an order of magnitude so that it can be said: ``3 million``.

        It stands before what is counted, as languages have words between the two.
        """
        template, figure = self.in_words(value)
        return self._filled("number", template, {"n": self.significant(figure, 1)})

    def in_words(self, value: float) -> tuple[str, float]:
        """Return what such a number is said with, with a hole ``n``, and the figure to put in."""
        value = float(f"{value:.0e}")
        if not MILLION <= value < BEYOND_WORDS:
            return "{n}", value
        name, size = ("billion", BILLION) if value >= BILLION else ("million", MILLION)
        form = "one" if self.is_singular(value / size) else "other"
        message = self._messages[f"number.{name}"]
        template = getattr(message, form) if isinstance(message, Plural) else message
        return template, value / size

    # Dates

    def date(self, moment: str) -> str:
        """Spell the day of a moment in ISO 8601, in UTC: ``26 November 2026``.

        What is no such moment stays as it is: a record may hold any text.
        """
        when = in_utc(moment)
        return moment if when is None else self.day(when.year, when.month, when.day)

    def moment(self, moment: str) -> str:
        """Spell a moment in ISO 8601 to the minute: ``26 November 2026, 02:13 UTC``."""
        when = in_utc(moment)
        if when is None:
            return moment
        date = self.day(when.year, when.month, when.day)
        return self.text("locale.moment", date=date, time=f"{when:%H:%M}")

    @lru_cache(maxsize=KEPT)  # noqa: B019 - there is one of each language
    def day(self, year: int, month: int, day: int) -> str:
        """Spell a day."""
        spelt = self._plain("locale.first_day") if day == 1 else str(day)
        return self.text(
            "locale.date", day=spelt, month=self._plain(f"locale.month_{month}"), year=str(year)
        )

    # For the script

    @cached_property
    def script(self) -> Mapping[str, Any]:
        """What the script needs to speak this language: its strings, and how figures are spelt.

        ``strings`` are those under ``[script]``, by the rest of their key; one with two forms is a
        pair. ``figures`` are the separators; ``singular`` is the range of n that takes the first
        form, the upper end left out.
        """
        return {
            "language": self.code,
            "strings": {
                key.removeprefix("script."): list(message)
                if isinstance(message, Plural)
                else message
                for key, message in self._messages.items()
                if key.startswith("script.")
            },
            "figures": {
                "decimal": self._decimal,
                "thousands": self._thousands,
                "percent": self._plain("number.percent"),
                "between": self._plain("number.between"),
            },
            "singular": list(self._singular),
        }

    # Within

    def _plain(self, key: str) -> str:
        message = self._messages.get(key)
        if not isinstance(message, str):
            raise CatalogueError(f"{self.code}: {key} is not in the catalogue, or has two forms")
        return message

    def _template(self, key: str, values: Mapping[str, Value]) -> str:
        try:
            message = self._messages[key]
        except KeyError:
            raise CatalogueError(f"{self.code}: {key} is not in the catalogue") from None
        if isinstance(message, str):
            return message
        n = values.get("n")
        if not isinstance(n, int):
            raise CatalogueError(f"{self.code}: {key} has two forms: n must be a whole number")
        return message.one if self.is_singular(n) else message.other

    def is_singular(self, n: float) -> bool:
        """Say whether so many of something take the first of two forms."""
        least, below = self._singular
        return least <= abs(n) < below

    def _filled(self, key: str, template: str, values: Mapping[str, str]) -> str:
        self._require_filled(key, template, values)
        return template.format_map(values) if values else template

    def _require_filled(self, key: str, template: str, values: Mapping[str, object]) -> None:
        wanted = holes(template)
        if values.keys() == wanted:
            return
        # A form may leave n out, in words or because it goes without saying.
        if missing := wanted - values.keys():
            raise CatalogueError(f"{self.code}: {key} wants {', '.join(sorted(missing))}")
        if surplus := values.keys() - wanted - {"n"}:
            raise CatalogueError(f"{self.code}: {key} has no hole {', '.join(sorted(surplus))}")

    def _spelt(self, value: Value) -> str:
        if isinstance(value, str):
            return value
        if isinstance(value, bool):
            raise TypeError("yes and no are not figures: they want strings of their own")
        return self.whole(value) if isinstance(value, int) else self.significant(value)


@cache
def language(code: str) -> Language:
    """Return the language of that code, made once."""
    return Language(code)


@cache
def codes() -> tuple[str, ...]:
    """Return the codes of all languages that there is a catalogue of, the main one first."""
    folder = resources.files(__package__).joinpath("catalogue")
    names = [path.name for path in folder.iterdir() if path.name.endswith(".toml")]
    found = sorted(name.removesuffix(".toml") for name in names)
    return tuple(sorted(found, key=lambda code: (code != MAIN_LANGUAGE, code)))


def languages() -> tuple[Language, ...]:
    """Return all languages, the main one first."""
    return tuple(language(code) for code in codes())


@lru_cache(maxsize=KEPT)
def in_utc(text: str) -> datetime | None:
    """Return a moment in ISO 8601, in UTC; ``None`` where the text is none."""
    try:
        return moment(text)
    except ValueError:
        return None
