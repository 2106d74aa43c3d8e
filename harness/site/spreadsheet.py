"""A board as comma-separated values: one row an entry, full precision, units in the names."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from harness.records.board import Board, BoardEntry

Cell = str | float | int | None

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would take a cell that begins with one of these for a formula and run it."""

BOARD_COLUMNS: dict[str, Callable[[Board], Cell]] = {
    "board": lambda board: board.id,
    "status": lambda board: board.status,
    "meter_grade": lambda board: board.meter_grade,
    "metric": lambda board: board.metric,
    "notes": lambda board: " ".join(note.code for note in board.notes),
}
"""What makes a row's figures mean something, on every row: rows get copied out of their file."""

ENTRY_COLUMNS: dict[str, Callable[[BoardEntry], Cell]] = {
    "rank_best": lambda entry: entry.rank[0] if entry.rank else None,
    "rank_worst": lambda entry: entry.rank[1] if entry.rank else None,
    "entry": lambda entry: entry.entry,
    "team": lambda entry: entry.team,
    "name": lambda entry: entry.name,
    "quality": lambda entry: entry.quality,
    "quality_low": lambda entry: entry.quality_interval[0],
    "quality_high": lambda entry: entry.quality_interval[1],
    "joules_per_1000_queries": lambda entry: entry.joules_per_1000_queries,
    "joules_low": lambda entry: entry.joules_interval[0] if entry.joules_interval else None,
    "joules_high": lambda entry: entry.joules_interval[1] if entry.joules_interval else None,
    "joules_uncertainty_random": lambda entry: (
        entry.joules_uncertainty.random if entry.joules_uncertainty else None
    ),
    "joules_uncertainty_systematic": lambda entry: (
        entry.joules_uncertainty.systematic if entry.joules_uncertainty else None
    ),
    "active_joules_per_1000_queries": lambda entry: entry.active_joules_per_1000_queries,
    "start_joules": lambda entry: entry.parts.start_joules if entry.parts else None,
    "load_joules": lambda entry: entry.parts.load_joules if entry.parts else None,
    "warm_up_joules": lambda entry: entry.parts.warm_up_joules if entry.parts else None,
    "measured_joules": lambda entry: entry.parts.measured_joules if entry.parts else None,
    "drain_joules": lambda entry: entry.parts.drain_joules if entry.parts else None,
    "measured_watts": lambda entry: entry.measured_watts,
    "seconds_per_1000_queries": lambda entry: entry.seconds_per_1000_queries,
    "sessions": lambda entry: entry.sessions,
    "official_evaluations": lambda entry: entry.official_evaluations,
    "isolation_grade": lambda entry: entry.isolation_grade,
    "on_front": lambda entry: _yes_no(entry.on_front),
    "front_support": lambda entry: entry.front_support,
    "energy_class": lambda entry: entry.energy_class,
    "prizes": lambda entry: " ".join(entry.prizes),
    "at_floor": lambda entry: _yes_no(entry.at_floor),
    "baseline": lambda entry: _yes_no(entry.baseline),
    "verified": lambda entry: _yes_no(entry.verified),
    "quality_step": lambda entry: entry.quality_step,
    "copies": lambda entry: " ".join(entry.copies),
    "failed_evaluations": lambda entry: entry.failed_evaluations,
    "digest": lambda entry: entry.digest,
}


def comma_separated(board: Board) -> bytes:
    """Return the board as UTF-8 CSV with a header; empty cells are unknown, never zero."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*BOARD_COLUMNS, *ENTRY_COLUMNS])
    for entry in board.entries:
        cells = [column(board) for column in BOARD_COLUMNS.values()]
        cells += [column(entry) for column in ENTRY_COLUMNS.values()]
        writer.writerow([_harmless(cell) for cell in cells])
    return file.getvalue().encode()


def _yes_no(value: bool) -> str:
    return "true" if value else "false"


def _harmless(cell: Cell) -> Cell:
    """Put an apostrophe before text that a spreadsheet would run; figures stay as they are.

    Carriage returns become newlines: the writer quotes only the kind of line end that it uses.
    """
    if not isinstance(cell, str):
        return cell
    apostrophe = "'" if cell.startswith(FORMULA_STARTS) else ""
    return apostrophe + cell.replace("\r\n", "\n").replace("\r", "\n")
