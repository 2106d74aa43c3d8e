"""What the pages say that takes more than a string: names, figures with their unit and source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from markupsafe import Markup

from harness.records.board import Board, BoardEntry
from harness.records.imported import ImportedBoard
from harness.records.joint import PrizeResult
from harness.records.meter import Grade
from harness.records.task_words import TaskWords
from harness.site.language import Language, Value
from harness.site.paths import MAIN_LANGUAGE
from harness.site.recorded import in_words
from harness.site.text import JOULES_PER_WH, shorten

NOT_MEASURED: frozenset[Grade] = frozenset({"model", "simulated"})
"""Grades whose figures must not be taken for a measurement: the page says so in large letters."""


def sentence_case(text: str) -> str:
    """Raise the first letter and leave the others as they are."""
    return text[:1].upper() + text[1:]


def said_after(message: str, title: str) -> str:
    """Begin a sentence with a message that stands behind its title, and may begin with it."""
    begin, rest = message[: len(title)], message[len(title) :].lstrip()
    if title and begin.casefold() == title.casefold() and rest.startswith(":"):
        message = rest[1:].lstrip()
    return sentence_case(message)


PHONE_CHARGE_JOULES = 19 * JOULES_PER_WH
"""Energy from the socket that charges a smartphone once: 0.019 kWh, the figure of the US
Environmental Protection Agency ("Number of smartphones charged" in *Greenhouse Gas Equivalencies
Calculator: Calculations and References*) as programs that use it quote it: the agency's own page
was not read."""
EARLIER_WATT_HOURS = 12
"""The figure of an earlier edition, quoted with how it came about: 14.46 Wh that a common battery
takes in 24 hours (US Department of Energy, 2020), less 22 hours of 0.13 W once it is full; 11.6 Wh,
rounded."""

PHONE_CHARGE_ADDRESS = (
    "https://www.epa.gov/energy/greenhouse-gas-equivalencies-calculator-calculations-and-references"
)

FEWEST_QUERIES = 2.0
"""A charge that would not last for two queries says nothing to anybody."""

NO_LABELS: Mapping[str, str] = {}


def task_words(board: Board | ImportedBoard, language: Language) -> TaskWords | None:
    """Return what a board's task is called in a language; ``None`` without a translation."""
    return next((each for each in board.task_words if each.language == language.code), None)


def task_title(board: Board | ImportedBoard, language: Language) -> str:
    """Return the title of a board's task: in the language where it has one, else its own.

    Its own is that which its records name, in English.
    """
    found = None if language.is_main else task_words(board, language)
    return board.task_title if found is None else found.title


def is_english(board: Board | ImportedBoard, language: Language) -> bool:
    """Say whether the title of a board's task is in English on a page in another language."""
    return not language.is_main and task_words(board, language) is None


def title_language(board: Board | ImportedBoard, language: Language) -> Markup:
    """Spell the attribute of an element that holds the title of a board's task alone."""
    return Markup(' lang="en"') if is_english(board, language) else Markup("")


class Phrase(NamedTuple):
    """A text of a task's, and whether it is in English on a page in another language."""

    text: str
    english: bool


def task_text(board: Board, field: str, language: Language) -> Phrase:
    """Return the ``description`` or ``query`` of a board's task; empty where it is not known."""
    found = task_words(board, language)
    said: str = getattr(found, field) if found is not None else ""
    if said or language.is_main:
        return Phrase(said, english=False)
    own = next((each for each in board.task_words if each.language == MAIN_LANGUAGE), None)
    return Phrase(getattr(own, field) if own is not None else "", english=True)


def label_names(board: Board, language: Language) -> Mapping[str, str]:
    """Return what a board's labels are called in a language, by identifier, as far as is known."""
    found = task_words(board, language)
    return {} if found is None else found.labels


def board_metric(board: Board, language: Language) -> str:
    """Spell the metric that a board is ranked by."""
    return metric_name(board.metric, language, label_names(board, language))


def metric_name(metric: str, language: Language, labels: Mapping[str, str] = NO_LABELS) -> str:
    """Spell a metric's identifier for reading: ``macro_f1`` is macro F1, ``recall:b`` recall: b.

    Identifiers that no version of the harness knows are spelt as they are; ``labels`` are called
    what they are in the language.
    """
    name, _, label = metric.partition(":")
    known = language.name("metric", name)
    if known == name:
        known = name.replace("_", " ")
    called = labels.get(label, label)
    return language.text("metrics.of_class", metric=known, label=called) if label else known


def parts_in_the_method(board: Board, entry: str) -> tuple[str, ...]:
    """Return the codes of an entry's parts in the method: ``null``, ``control``, ``energy_class``.

    Hardly any entry has one.
    """
    named = board.reference
    if named is None:
        return ()
    parts = {"null": named.null, "control": named.control, "energy_class": named.energy_class}
    return tuple(part for part, name in parts.items() if name == entry)


def roles(board: Board, entry: str, language: Language) -> str:
    """Name an entry's parts in the method."""
    return ", ".join(language.name("part", part) for part in parts_in_the_method(board, entry))


def middle_of_classes(board: Board) -> str:
    """Return the name of the entry in the middle of class D: without one no row has a class."""
    named = board.reference and board.reference.energy_class
    return shorten(named or "", 80)


def asked(prize: PrizeResult, language: Language) -> str:
    """Say what an entry had to meet to take part in a prize."""
    limit = language.plain_number(prize.limit)
    return language.text(f"prize.{prize.prize}.asked", limit=limit)


SAID_ELSEWHERE = frozenset(
    {
        "modelled-energy", "simulated-energy", "self-reported", "open-labels", "demonstration",
        "at-the-floor",
    }
)  # fmt: skip
"""Codes of notes that a board's banners say already, or the lines beside its table."""


def sources(board: Board, language: Language) -> str:
    """Name what the energy of a board is read with: boards may differ in nothing else."""
    names = [source.name for source in board.sources]
    return ", ".join([in_words("source", name, language) or name for name in names])


class Speaks(Protocol):
    """A language, or several at once."""

    def text(self, key: str, **values: Value) -> str:
        """Fill the holes of a string."""
        ...

    def significant_percent(self, share: float) -> str:
        """Spell a share of 1 in per cent to three significant digits."""
        ...

    def plain_number(self, value: float) -> str:
        """Spell a round number with no more digits than it has."""
        ...

    def many(self, value: float) -> str:
        """Spell a number that need not be exact so that it can be said."""
        ...


def meter_uncertainty(entry: BoardEntry, language: Speaks) -> str:
    """Say how far the meter lets the figure be from the truth: what is its own, what is common."""
    joules, left_open = entry.joules_per_1000_queries, entry.joules_uncertainty
    if not joules or left_open is None:
        return language.text("meter.unknown")
    return language.text(
        "meter.uncertainty",
        random=language.significant_percent(left_open.random / joules),
        systematic=uncertainty(left_open.systematic / joules, language),
    )


def uncertainty(share: float, language: Speaks) -> str:
    """Spell how far an energy may be off, as a share of it: from 100 % on as a factor.

    By ±200 % the truth may be three times as much; less than nothing no energy is.
    """
    if share < 1:
        return language.text("meter.share", share=language.significant_percent(share))
    return language.text("meter.factor", factor=language.plain_number(round(1 + share, 1)))


def phone_charge(joules_per_1000_queries: float, language: Speaks) -> str:
    """Say how many queries the energy of a phone charge would answer; empty where hardly one."""
    if joules_per_1000_queries <= 0:
        return ""
    queries = 1000 * PHONE_CHARGE_JOULES / joules_per_1000_queries
    if queries < FEWEST_QUERIES:
        return ""
    return language.text("unit.phone_charge", queries=language.many(queries))


def is_told_in_charges(board: Board, entry: BoardEntry) -> bool:
    """Say whether an entry's energy is held against a phone charge, which was measured.

    Not where it is not known, is no measurement, or is mostly the harness's own.
    """
    known = entry.joules_per_1000_queries is not None and not entry.at_floor
    return known and board.meter_grade not in NOT_MEASURED


def phone_charge_example(board: Board, language: Language) -> str:
    """Say what a phone charge would do at the energy of a board's first entry; empty without one.

    The first that competes, and whose energy can be held against it.
    """
    for entry in board.entries:
        joules = entry.joules_per_1000_queries
        if not joules or entry.baseline or not is_told_in_charges(board, entry):
            continue
        if charge := phone_charge(joules, language):
            name = shorten(entry.entry, 80)
            return language.text("unit.phone_charge_example", entry=name, charge=charge)
    return ""


def phone_charge_source(language: Language) -> str:
    """Say what a phone charge is taken to be, and on whose word."""
    return language.text(
        "unit.phone_charge_source",
        watt_hours=language.figure(f"{PHONE_CHARGE_JOULES / JOULES_PER_WH:g}"),
        joules=language.whole(round(PHONE_CHARGE_JOULES)),
        earlier=EARLIER_WATT_HOURS,
    )
