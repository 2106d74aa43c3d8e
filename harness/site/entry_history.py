"""Every evaluation of an entry on its board, of earlier versions too."""

from __future__ import annotations

from functools import lru_cache

from harness.site.blocks import (
    UNKNOWN,
    Block,
    Column,
    Inline,
    Paragraph,
    Section,
    Table,
)
from harness.site.entry_making import MOST_ROWS
from harness.site.entry_view import EntryView, HistoryRow
from harness.site.text import shorten
from harness.site.wording import Words

KEPT = 256
"""Sections that are kept: most pages differ in nothing but what fills holes."""


def history(view: EntryView, words: Words) -> Section:
    """List every evaluation of the entry on this board, of earlier versions too."""
    metric = words.metric(view.board.metric, view.board)
    rows = tuple([_history_cells(row, words) for row in view.history[:MOST_ROWS]])
    return _history(words, metric, rows, len(view.history) - MOST_ROWS)


@lru_cache(maxsize=KEPT)
def _history(words: Words, metric: str, rows: tuple[tuple[Inline, ...], ...], rest: int) -> Section:
    """Say it, of what was spelt: pages have the same but for what fills holes."""
    say = words.say
    blocks: list[Block] = [
        Paragraph(say["entry.history_why"], "explain"),
        Table(say["entry.history"], _columns(words, metric), rows),
    ]
    if rest > 0:
        blocks.append(Paragraph(words.text("entry.more", n=rest), "explain"))
    return Section("history", say["entry.history"], tuple(blocks), repeats=True)


def _columns(words: Words, metric: str) -> tuple[Column, ...]:
    say = words.say
    return (
        Column(say["entry.history_when"]),
        Column(say["entry.history_version"]),
        Column(say["entry.history_digest"]),
        Column(say["entry.history_outcome"]),
        Column(metric, number=True),
        Column(say["entry.history_energy"], number=True),
        Column(say["entry.sessions"], number=True),
    )


def _history_cells(row: HistoryRow, words: Words) -> tuple[Inline, ...]:
    say, figure = words.say, words.figure
    if row.failed_in is not None:
        failed = words.text("entry.failed_in", stage=words.stage(row.failed_in))
        outcome = f"{failed}, {words.named('blame', row.blame or '')}"
    else:
        outcome = say["entry.in_the_row" if row.counts else "entry.not_in_the_row"]
    return (
        words.unique(shorten(row.created_utc[:19].replace("T", " "), 19)),
        words.quote("name", row.version, 30) if row.version else UNKNOWN,
        words.quote("code", row.digest[:12]),
        outcome,
        UNKNOWN if row.quality is None else figure(row.quality.value),
        UNKNOWN if row.joules_per_1000 is None else figure(row.joules_per_1000),
        str(row.sessions),
    )
