"""Tables on the terminal, laid out once where nothing in them has to be wrapped.

``rich`` lays out and renders every cell by itself, which takes a tenth of a second for four boards
of fifty rows. Where all columns fit, their widths are all there is to find. Where they do not, it
would cut figures: how narrow a column may become is found here, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len
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
    room = console.width - BETWEEN * (len(widths) - 1)
    if any(_is_several(cell.plain) for line in lines for cell in line):
        _print_wrapped(console, columns, rows)
    elif sum(widths) <= room:
        whole = Text("\n").join(_line(columns, widths, line) for line in lines)
        console.print(whole, highlight=False, soft_wrap=True)
    elif narrowed := _narrowed(columns, widths, lines, room):
        _print_wrapped(console, columns, rows, narrowed)
    else:
        _print_listed(console, heads, lines[1:])


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


def _narrowed(
    columns: Sequence[Column], widths: Sequence[int], lines: Sequence[Sequence[Text]], room: int
) -> list[int] | None:
    """Take from the widest columns what is too much, down to the longest word of each.

    Heads may lose the end of a word, cells may not: ``None`` where these would.
    """
    for counted in (lines, lines[1:]):
        least = [
            max(
                cell.cell_len if column.whole else max(map(cell_len, cell.plain.split()), default=1)
                for cell in cells
            )
            for column, cells in zip(columns, zip(*counted, strict=True), strict=True)
        ]
        if sum(least) > room:
            continue
        narrowed = list(widths)
        for _ in range(sum(widths) - room):
            spare = [n for n, width in enumerate(narrowed) if width > least[n]]
            narrowed[max(spare, key=narrowed.__getitem__)] -= 1
        return narrowed
    return None


def _print_listed(console: Console, heads: Sequence[Text], rows: Sequence[Sequence[Text]]) -> None:
    """Print each row by itself, a cell a line."""
    wide = max(head.cell_len for head in heads) + BETWEEN
    for row in rows:
        console.print()
        for head, cell in zip(heads, row, strict=True):
            line = Text.assemble(head, " " * (wide - head.cell_len), cell)
            console.print(line, highlight=False, soft_wrap=True)


def _print_wrapped(
    console: Console,
    columns: Sequence[Column],
    rows: Sequence[Sequence[str]],
    widths: Sequence[int] | None = None,
) -> None:
    """Have ``rich`` wrap cells, in columns of these widths, else as it finds best."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, padding=(0, BETWEEN, 0, 0))
    for number, column in enumerate(columns):
        table.add_column(
            column.head,
            no_wrap=column.whole,
            justify="right" if column.right else "left",
            width=widths[number] if widths else None,
        )
    for row in rows:
        table.add_row(*row)
    console.print(table)
