"""A board as comma-separated values: one row an entry, full precision, units in the names."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, cast

from harness.records.board import Board, BoardEntry
from harness.site.columns import COLUMNS, Cell, Kind

Written: TypeAlias = str | float | int | None

END = "\n"
"""Of a line."""

FORMULA = re.compile(r"(^|[;\t\r\n])((?:[^\S\t\r\n]|\")*+)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])")
"""Where a spreadsheet would find a formula and run it: a sign at the beginning of a cell. It may
part cells at a semicolon (as where the comma is decimal), a tab or a line end that stand in a name,
and then takes the quotes around that name for text; blanks and quotes it passes over. Where wide
letters are written, a sign's wide form is the sign (OWASP, *CSV Injection*)."""

_MAY_HARM = re.compile("[\r=+\\-@\uff0b\uff0d\uff1d\uff20]")
"""A cell without any of these stays as it is."""


def comma_separated(board: Board, lines: Iterable[str] | None = None) -> bytes:
    """Return the board as UTF-8 CSV with a header; empty cells are unknown, never zero.

    Columns are those of ``columns``; several texts of one cell are joined with spaces. ``lines``
    are the ``own_cells`` of its rows, where they are known.
    """
    (head,) = _lines([[column.name for column in COLUMNS]])
    (of_board,) = _lines([[_written(each.of_board(board)) for each in COLUMNS if each.of_board]])
    before = of_board[: -len(END)] + ","
    lines = own_cells(board.entries) if lines is None else lines
    return "".join([head, *(before + line for line in lines)]).encode()


def own_cells(entries: Sequence[BoardEntry]) -> list[str]:
    """Return the end of each row's line: the cells that are not the same in every row."""
    own = [_column(each.of_entry, each.kind, entries) for each in COLUMNS if each.of_entry]
    return _lines(zip(*own, strict=True))


def _column(
    cell: Callable[[BoardEntry], Cell], kind: Kind, entries: Sequence[BoardEntry]
) -> Iterable[Written]:
    cells = map(cell, entries)
    if kind in {"number", "whole"}:  # most: the writer spells them
        return cast("Iterable[Written]", cells)
    return map(_written, cells)


def _lines(rows: Iterable[Iterable[Written]]) -> list[str]:
    lines = _Lines()
    csv.writer(lines, lineterminator=END).writerows(rows)
    return lines


class _Lines(list[str]):
    """Takes what a writer of CSV writes: a line at once."""

    write = list.append


def _written(cell: Cell) -> Written:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return _harmless(" ".join(cell) if isinstance(cell, tuple) else cell)


def _harmless(cell: Written) -> Written:
    """Put an apostrophe before what a spreadsheet would run; figures stay as they are.

    Carriage returns become newlines: the writer quotes only the kind of line end that it uses.
    """
    if not isinstance(cell, str) or not _MAY_HARM.search(cell):
        return cell
    return FORMULA.sub(r"\1'\2", cell.replace("\r\n", "\n").replace("\r", "\n"))
