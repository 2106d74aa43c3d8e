"""Tables on the terminal, laid out once where nothing in them has to be wrapped.

``rich`` lays out and renders every cell by itself, which takes a tenth of a second for four boards
of fifty rows. Where all columns fit, their widths are all there is to find.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

BETWEEN = 2
"""Blanks between columns."""


class Column(NamedTuple):
    """The head of a column, and how its cells stand."""

    head: str
    whole: bool = False
    """Whether its cells are never wrapped."""
    right: bool = False


def print_table(console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their heads; heads and cells are rich's markup."""
    heads = [Text.from_markup(column.head, style="bold") for column in columns]
    lines = [heads, *(list(map(Text.from_markup, row)) for row in rows)]
    widths = [max(cell.cell_len for cell in column) for column in zip(*lines, strict=True)]
    fits = sum(widths) + BETWEEN * (len(widths) - 1) <= console.width
    if not fits or any(_is_several(cell.plain) for line in lines for cell in line):
        _print_wrapped(console, columns, rows)
        return
    whole = Text("\n").join(_line(columns, widths, line) for line in lines)
    console.print(whole, highlight=False, soft_wrap=True)


def _line(columns: Sequence[Column], widths: Sequence[int], cells: Sequence[Text]) -> Text:
    line = Text()
    for number, (column, width, cell) in enumerate(zip(columns, widths, cells, strict=True)):
        if column.right:
            cell.rstrip()
        blanks = " " * (width - cell.cell_len)
        line.append(" " * BETWEEN if number else "")
        line.append(blanks if column.right else "")
        line.append_text(cell)
        line.append("" if column.right else blanks)
    return line


def _is_several(text: str) -> bool:
    """Say whether a cell has several lines, or columns of its own."""
    return len(text.splitlines()) > 1 or "\t" in text


def _print_wrapped(
    console: Console, columns: Sequence[Column], rows: Sequence[Sequence[str]]
) -> None:
    """Have ``rich`` find out what is wrapped where."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, BETWEEN, 0, 0))
    for column in columns:
        table.add_column(
            column.head, no_wrap=column.whole, justify="right" if column.right else "left"
        )
    for row in rows:
        table.add_row(*row)
    console.print(table)
