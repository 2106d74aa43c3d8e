"""A board as comma-separated values: one row an entry, full precision, units in the names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable
from typing import TypeAlias

from harness.records.board import Board
from harness.site.columns import COLUMNS, Cell, Column

Written: TypeAlias = str | float | int | None

FORMULA = re.compile(r"(^|[;\t\r\n])((?:[^\S\t\r\n]|\")*+)(?=[=+\-@])")
"""Where a spreadsheet would find a formula and run it: a sign at the beginning of a cell. It may
part cells at a semicolon (as where the comma is decimal), a tab or a line end that stand in a name,
and then takes the quotes around that name for text; blanks and quotes it passes over."""


def comma_separated(board: Board) -> bytes:
    """Return the board as UTF-8 CSV with a header; empty cells are unknown, never zero.

    Columns are those of ``columns``; several texts of one cell are joined with spaces.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([column.name for column in COLUMNS])
    writer.writerows(zip(*(_cells(column, board) for column in COLUMNS), strict=True))
    return file.getvalue().encode()


def _cells(column: Column, board: Board) -> Iterable[Written]:
    """Spell a column; what says the same in every row, once."""
    cells = column.cells(board)
    if column.of_entry is None:
        return [_written(cell) for cell in cells[:1]] * len(cells)
    return map(_written, cells)


def _written(cell: Cell) -> Written:
    if cell is None or isinstance(cell, float):  # most are figures
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return _harmless(" ".join(cell) if isinstance(cell, tuple) else cell)


def _harmless(cell: Written) -> Written:
    """Put an apostrophe before what a spreadsheet would run; figures stay as they are.

    Carriage returns become newlines: the writer quotes only the kind of line end that it uses.
    """
    if not isinstance(cell, str):
        return cell
    return FORMULA.sub(r"\1'\2", cell.replace("\r\n", "\n").replace("\r", "\n"))
