"""The picture of a board in words: each mark, and the whole, for those who do not see it."""

from __future__ import annotations

from harness.records.board import Board, BoardEntry
from harness.site.figure import can_be_drawn, joules_of
from harness.site.language import Language
from harness.site.text import shorten
from harness.site.words import board_metric


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


def description(board: Board, language: Language) -> str:
    """Say in words what the picture shows to those who see it; empty where nothing is drawn."""
    entries = [entry for entry in board.entries if can_be_drawn(entry)]
    if not entries:
        return ""
    best = max(entries, key=lambda entry: entry.quality)
    least = min(entries, key=joules_of)
    unit = language.name("joules", board.meter_grade)

    def told(key: str, entry: BoardEntry) -> str:
        return language.text(
            key,
            metric=board_metric(board, language),
            entry=shorten(entry.entry, 80),
            quality=entry.quality,
            joules=language.text("picture.joules", value=joules_of(entry), unit=unit),
        )

    front = sum(entry.on_front for entry in entries)
    return " ".join(
        (
            language.text("picture.counted", n=len(entries), front=front),
            told("picture.best", best),
            told("picture.least", least),
        )
    )
