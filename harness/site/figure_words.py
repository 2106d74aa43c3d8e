"""The picture of a board in words: each mark, and the whole, for those who do not see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.records.board import Board, BoardEntry
from harness.site.figure import can_be_drawn, joules_of
from harness.site.language import Language
from harness.site.text import shorten
from harness.site.wording import wording
from harness.site.words import board_metric

MOST_NAMES = 3
"""Of entries that are alike, that are told one by one."""


def mark_summary(board: Board, entry: BoardEntry, language: Language) -> str:
    """Say a mark in words, its unit named."""
    interval = entry.joules_interval
    joules = language.text(
        "picture.joules",
        value=joules_of(entry),
        unit=language.name("joules_short", board.meter_grade),
    )
    return language.text(
        "picture.mark",
        entry=shorten(entry.entry, 80),
        team=shorten(entry.team_name or entry.team, 80),
        metric=board_metric(board, language),
        quality=entry.quality,
        interval=language.between(entry.quality_interval),
        joules=joules if interval is None else f"{joules} ({language.between(interval)})",
    )


@dataclass(frozen=True)
class Told:
    """What there is to say of a picture, in whatever language.

    Who is best and who takes least is told of entries that compete, and of energies only above the
    floor: at it they cannot be told apart.
    """

    count: int
    """Entries that are drawn."""
    front: int
    at_floor: int
    best: tuple[BoardEntry, ...]
    """Those of the best quality."""
    least: tuple[BoardEntry, ...]
    """Those above the floor that take least, the best of them."""


def told_of(board: Board) -> Told:
    """Return what there is to say of the picture of a board."""
    entries = [entry for entry in board.entries if can_be_drawn(entry)]
    competing = [entry for entry in entries if not entry.baseline]
    most = max((entry.quality for entry in competing), default=None)
    above = [entry for entry in competing if not entry.at_floor]
    least = min(((joules_of(entry), -entry.quality) for entry in above), default=None)
    return Told(
        count=len(entries),
        front=sum(entry.on_front for entry in entries),
        at_floor=sum(entry.at_floor for entry in entries),
        best=tuple(entry for entry in competing if entry.quality == most),
        least=tuple(entry for entry in above if (joules_of(entry), -entry.quality) == least),
    )


def description(board: Board, told: Told, language: Language) -> str:
    """Say in words what the picture shows to those who see it; empty where nothing is drawn."""
    if not told.count:
        return ""
    said = [language.text("picture.counted", n=told.count, front=told.front)]
    if told.best:
        said.append(_best(told.best, board, language))
    if told.least:
        key = "picture.least_above" if told.at_floor else "picture.least"
        said.append(_told(key, told.least, board, language))
    if told.at_floor:
        said.append(language.text("picture.at_floor", n=told.at_floor))
    return " ".join(said)


def _best(best: Sequence[BoardEntry], board: Board, language: Language) -> str:
    if all(entry.at_floor for entry in best):
        return language.text(
            "picture.best_at_floor",
            metric=board_metric(board, language),
            entries=_names(best, language),
            quality=best[0].quality,
        )
    return _told("picture.best", best, board, language)


def _told(key: str, alike: Sequence[BoardEntry], board: Board, language: Language) -> str:
    """Tell what some entries reached alike, and from which energy above the floor to which."""
    joules = [joules_of(entry) for entry in alike if not entry.at_floor]
    low, high = min(joules), max(joules)
    value = language.significant(low) if low == high else language.between((low, high))
    unit = language.name("joules_short", board.meter_grade)
    return language.text(
        key,
        metric=board_metric(board, language),
        entries=_names(alike, language),
        quality=alike[0].quality,
        joules=language.text("picture.joules", value=value, unit=unit),
    )


def _names(entries: Sequence[BoardEntry], language: Language) -> str:
    names = [shorten(entry.entry, 80) for entry in entries]
    if len(names) > MOST_NAMES:
        return language.text("picture.among", n=len(names), entry=names[0])
    return wording(language.code).together(names)
