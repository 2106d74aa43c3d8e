"""The columns of a board as a table: one row an entry, full precision, units in the names.

CSV and Parquet have the same ones, and docs/reference/data-files.md says what each holds. Those
that say the same in every row come first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple, TypeAlias

from harness.records.board import Board, BoardEntry

Cell: TypeAlias = str | float | int | bool | tuple[str, ...] | None
Kind: TypeAlias = Literal["text", "whole", "number", "yes-no", "texts"]


class Column(NamedTuple):
    """One column: its name, what kind of value it holds, and where that comes from."""

    name: str
    kind: Kind
    of_board: Callable[[Board], Cell] | None
    """Of a column that says the same in every row."""
    of_entry: Callable[[BoardEntry], Cell] | None

    def cells(self, board: Board) -> list[Cell]:
        """Return the column's cells, one a row."""
        if self.of_entry is not None:
            return [self.of_entry(entry) for entry in board.entries]
        return [self.of_board and self.of_board(board)] * len(board.entries)


def _board(name: str, kind: Kind, cell: Callable[[Board], Cell]) -> Column:
    return Column(name, kind, cell, None)


def _entry(name: str, kind: Kind, cell: Callable[[BoardEntry], Cell]) -> Column:
    return Column(name, kind, None, cell)


COLUMNS: tuple[Column, ...] = (
    # What makes a row's figures mean something, on every row: rows get copied out of their file.
    _board("board", "text", lambda board: board.id),
    _board("status", "text", lambda board: board.status),
    _board("meter_grade", "text", lambda board: board.meter_grade),
    _board("metric", "text", lambda board: board.metric),
    _board("notes", "texts", lambda board: tuple(note.code for note in board.notes)),
    _board("task", "text", lambda board: board.task),
    _board("task_version", "whole", lambda board: board.task_version),
    _board("scenario", "text", lambda board: board.scenario),
    _board("data_source", "text", lambda board: board.data_source),
    _board("data_digest", "text", lambda board: board.data_digest),
    _board("items", "whole", lambda board: board.items),
    _board("profile", "text", lambda board: board.profile),
    _board("components", "texts", lambda board: board.components),
    _board("rules_version", "text", lambda board: board.rules_version),
    _board("rules_digest", "text", lambda board: board.rules_digest),
    # The entry
    _entry("rank_best", "whole", lambda entry: entry.rank[0] if entry.rank else None),
    _entry("rank_worst", "whole", lambda entry: entry.rank[1] if entry.rank else None),
    _entry("entry", "text", lambda entry: entry.entry),
    _entry("team", "text", lambda entry: entry.team),
    _entry("team_name", "text", lambda entry: entry.team_name),
    _entry("name", "text", lambda entry: entry.name),
    _entry("family", "text", lambda entry: entry.family),
    _entry("quality", "number", lambda entry: entry.quality),
    _entry("quality_low", "number", lambda entry: entry.quality_interval[0]),
    _entry("quality_high", "number", lambda entry: entry.quality_interval[1]),
    _entry("joules_per_1000_queries", "number", lambda entry: entry.joules_per_1000_queries),
    _entry(
        "joules_low",
        "number",
        lambda entry: entry.joules_interval[0] if entry.joules_interval else None,
    ),
    _entry(
        "joules_high",
        "number",
        lambda entry: entry.joules_interval[1] if entry.joules_interval else None,
    ),
    _entry(
        "joules_uncertainty_random",
        "number",
        lambda entry: entry.joules_uncertainty.random if entry.joules_uncertainty else None,
    ),
    _entry(
        "joules_uncertainty_systematic",
        "number",
        lambda entry: entry.joules_uncertainty.systematic if entry.joules_uncertainty else None,
    ),
    _entry(
        "active_joules_per_1000_queries",
        "number",
        lambda entry: entry.active_joules_per_1000_queries,
    ),
    _entry("start_joules", "number", lambda e: e.parts.start_joules if e.parts else None),
    _entry("load_joules", "number", lambda e: e.parts.load_joules if e.parts else None),
    _entry("warm_up_joules", "number", lambda e: e.parts.warm_up_joules if e.parts else None),
    _entry("measured_joules", "number", lambda e: e.parts.measured_joules if e.parts else None),
    _entry("drain_joules", "number", lambda e: e.parts.drain_joules if e.parts else None),
    _entry("measured_watts", "number", lambda entry: entry.measured_watts),
    _entry("seconds_per_1000_queries", "number", lambda entry: entry.seconds_per_1000_queries),
    _entry("sessions", "whole", lambda entry: entry.sessions),
    _entry("occasions", "whole", lambda entry: entry.occasions),
    _entry("official_evaluations", "whole", lambda entry: entry.official_evaluations),
    _entry("isolation_grade", "text", lambda entry: entry.isolation_grade),
    _entry("on_front", "yes-no", lambda entry: entry.on_front),
    _entry("front_support", "number", lambda entry: entry.front_support),
    _entry("energy_class", "text", lambda entry: entry.energy_class),
    _entry("prizes", "texts", lambda entry: entry.prizes),
    _entry("at_floor", "yes-no", lambda entry: entry.at_floor),
    _entry("baseline", "yes-no", lambda entry: entry.baseline),
    _entry("verified", "yes-no", lambda entry: entry.verified),
    _entry("quality_step", "number", lambda entry: entry.quality_step),
    _entry("copies", "texts", lambda entry: entry.copies),
    _entry("failed_evaluations", "whole", lambda entry: entry.failed_evaluations),
    _entry("warnings", "texts", lambda entry: tuple(w.code for w in entry.warnings)),
    _entry("digest", "text", lambda entry: entry.digest),
)
