"""What the pages say that takes more than a string: names, figures with their unit and source."""

from __future__ import annotations

from harness.records.board import Board, BoardEntry
from harness.records.joint import PrizeResult
from harness.records.meter import Grade
from harness.site.language import Language
from harness.site.text import JOULES_PER_WH, shorten

NOT_MEASURED: frozenset[Grade] = frozenset({"model", "simulated"})
"""Grades whose figures must not be taken for a measurement: the page says so in large letters."""


def sentence_case(text: str) -> str:
    """Raise the first letter and leave the others as they are."""
    return text[:1].upper() + text[1:]


PHONE_CHARGE_JOULES = 19 * JOULES_PER_WH
"""Energy from the socket that charges a smartphone once: 0.019 kWh, the figure of the US
Environmental Protection Agency ("Number of smartphones charged" in *Greenhouse Gas Equivalencies
Calculator: Calculations and References*, as others cite it)."""

FEWEST_QUERIES = 1.0
"""A charge that would not last for one query says nothing to anybody."""


def metric_name(metric: str, language: Language) -> str:
    """Spell a metric's identifier for reading: ``macro_f1`` is macro F1, ``recall:b`` recall: b.

    Identifiers that no version of the harness knows are spelt as they are.
    """
    name, _, label = metric.partition(":")
    known = language.name("metric", name)
    if known == name:
        known = name.replace("_", " ")
    return language.text("metrics.of_class", metric=known, label=label) if label else known


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


def sources(board: Board) -> str:
    """Name what the energy of a board is read with: boards may differ in nothing else."""
    return ", ".join(source.name for source in board.sources)


def meter_uncertainty(entry: BoardEntry, language: Language) -> str:
    """Say how far the meter lets the figure be from the truth: what is its own, what is common."""
    joules, left_open = entry.joules_per_1000_queries, entry.joules_uncertainty
    if not joules or left_open is None:
        return language.text("meter.unknown")
    return language.text(
        "meter.uncertainty",
        random=language.significant_percent(left_open.random / joules),
        systematic=language.significant_percent(left_open.systematic / joules),
    )


def phone_charge(joules_per_1000_queries: float, language: Language) -> str:
    """Say how many queries the energy of a phone charge would answer; empty where not even one."""
    if joules_per_1000_queries <= 0:
        return ""
    queries = 1000 * PHONE_CHARGE_JOULES / joules_per_1000_queries
    if queries < FEWEST_QUERIES:
        return ""
    return language.text("unit.phone_charge", queries=language.many(queries))


def phone_charge_example(board: Board, language: Language) -> str:
    """Say what a phone charge would do at the energy of a board's first entry; empty without one.

    The first that competes and whose energy is known: that is one that nothing beats.
    """
    for entry in board.entries:
        joules = entry.joules_per_1000_queries
        charge = phone_charge(joules, language) if joules and not entry.baseline else ""
        if charge:
            return language.text(
                "unit.phone_charge_example",
                entry=shorten(entry.entry, 80),
                joules=language.name("joules", board.meter_grade),
                charge=charge,
            )
    return ""


def phone_charge_source(language: Language) -> str:
    """Say what a phone charge is taken to be, and on whose word."""
    return language.text(
        "unit.phone_charge_source",
        watt_hours=language.figure(f"{PHONE_CHARGE_JOULES / JOULES_PER_WH:g}"),
        joules=language.whole(round(PHONE_CHARGE_JOULES)),
    )
