"""What the page says of a board's status, its meter and its data, in plain words."""

from __future__ import annotations

from typing import NamedTuple

from harness.records.board import Board, BoardEntry, BoardStatus
from harness.records.evaluation import DataSource, Scenario
from harness.records.joint import Prize, PrizeResult
from harness.records.meter import Component, Grade
from harness.site.language import MAIN, Language
from harness.site.language import language as language_of
from harness.site.text import JOULES_PER_WH


class Saying(NamedTuple):
    """A short name for something, and the sentence that explains it."""

    name: str
    sentence: str


STATUS: dict[BoardStatus, Saying] = {
    "official": Saying(
        "Official",
        "Run and signed by the organisers, on labels that nobody else has seen.",
    ),
    "open": Saying(
        "Open",
        "Run and signed by the organisers; but anybody can work out the labels of this data: "
        "shown, never official.",
    ),
    "unofficial": Saying(
        "Unofficial",
        "Run and signed by the organisers, but not in the way that an official result is made.",
    ),
    "self-reported": Saying(
        "Self-reported",
        "Evaluated by the teams on their own machines; no organiser has signed these results.",
    ),
    "demonstration": Saying(
        "Demonstration",
        "Reference entries on public sample data, to show what a board looks like. It decides "
        "nothing.",
    ),
}

GRADE: dict[Grade, Saying] = {
    "wall": Saying("Measured at the wall", "An external meter measured the whole machine."),
    "sensor": Saying(
        "Measured by the chip's own sensors",
        "Only what these sensors cover is counted; fans and power supply are not.",
    ),
    "model": Saying(
        "Modelled work, not energy",
        "No sensor stands behind these joules, or behind part of them: they are CPU time and wall "
        "time multiplied by constants. They compare how much work entries do on this machine, and "
        "are not a measurement.",
    ),
    "simulated": Saying(
        "Simulated",
        "The meter read a stand-in instead of hardware. These joules show that the path works and "
        "mean nothing else.",
    ),
}

NOT_MEASURED: frozenset[Grade] = frozenset({"model", "simulated"})
"""Grades whose figures must not be taken for a measurement: the page says so in large letters."""

JOULES: dict[Grade, str] = {
    "wall": "joules",
    "sensor": "joules",
    "model": "modelled joules",
    "simulated": "simulated joules",
}
"""The unit as axes and headings name it: they get seen without the page's banner."""

SCENARIO: dict[Scenario, str] = {
    "offline": "offline, queries in batches",
    "single": "single, one query at a time",
}

DATA_SOURCE: dict[DataSource, str] = {
    "sample": "generated sample data",
    "hub": "public data set from the hub",
    "directory": "data directory",
}

COMPONENT: dict[Component, str] = {
    "package": "processor package",
    "dram": "memory",
    "gpu": "accelerator",
    "wall": "whole machine",
}

PHASES: tuple[tuple[str, str], ...] = (
    ("start_joules", "start"),
    ("load_joules", "load"),
    ("warm_up_joules", "warm-up"),
    ("measured_joules", "measured"),
    ("drain_joules", "drain"),
)
"""The parts of a session's energy, in the order they are spent."""


def sentence_case(text: str) -> str:
    """Raise the first letter and leave the others as they are."""
    return text[:1].upper() + text[1:]


PHONE_CHARGE_JOULES = 19 * JOULES_PER_WH
"""Energy from the socket that charges a smartphone once: 0.019 kWh, the figure of the US
Environmental Protection Agency ("Number of smartphones charged" in *Greenhouse Gas Equivalencies
Calculator: Calculations and References*, as others cite it)."""

FEWEST_QUERIES = 1.0
"""A charge that would not last for one query says nothing to anybody."""


def metric_name(metric: str, language: Language | None = None) -> str:
    """Spell a metric's identifier for reading: ``macro_f1`` is macro F1, ``recall:b`` recall: b.

    Identifiers that no version of the harness knows are spelt as they are.
    """
    name, _, label = metric.partition(":")
    spoken = language or _main()
    known = spoken.name("metric", name)
    if known == name:
        known = name.replace("_", " ")
    return spoken.text("metrics.of_class", metric=known, label=label) if label else known


PRIZE: dict[Prize, str] = {
    "least-energy": "prize for least energy",
    "best-quality": "prize for best quality",
}


def asked(prize: PrizeResult, language: Language | None = None) -> str:
    """Say what an entry had to meet to take part in a prize."""
    spoken = language or _main()
    limit = spoken.figure(f"{prize.limit:,.10g}")
    return spoken.text(f"prize.{prize.prize}.asked", limit=limit)


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


def meter_uncertainty(entry: BoardEntry, language: Language | None = None) -> str:
    """Say how far the meter lets the figure be from the truth: what is its own, what is common."""
    spoken = language or _main()
    joules, left_open = entry.joules_per_1000_queries, entry.joules_uncertainty
    if not joules or left_open is None:
        return spoken.text("meter.unknown")
    return spoken.text(
        "meter.uncertainty",
        random=spoken.significant_percent(left_open.random / joules),
        systematic=spoken.significant_percent(left_open.systematic / joules),
    )


def phone_charge(joules_per_1000_queries: float, language: Language) -> str:
    """Say how many queries the energy of a phone charge would answer; empty where not even one."""
    if joules_per_1000_queries <= 0:
        return ""
    queries = 1000 * PHONE_CHARGE_JOULES / joules_per_1000_queries
    if queries < FEWEST_QUERIES:
        return ""
    return language.text("unit.phone_charge", queries=language.many(queries))


def phone_charge_source(language: Language) -> str:
    """Say what a phone charge is taken to be, and on whose word."""
    return language.text(
        "unit.phone_charge_source",
        watt_hours=language.figure(f"{PHONE_CHARGE_JOULES / JOULES_PER_WH:g}"),
        joules=language.whole(round(PHONE_CHARGE_JOULES)),
    )


def _main() -> Language:
    return language_of(MAIN)
