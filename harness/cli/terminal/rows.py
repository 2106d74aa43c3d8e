"""Rows of a result: a label, and beside it text that keeps to its own column when it wraps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

if TYPE_CHECKING:
    from rich.console import Console

LABEL_WIDTH = 14
_LEAST_ROOM = 20
"""Columns of text, however narrow the terminal."""


def print_row(console: Console, label: str, markup: str, *, style: str = "bold") -> None:
    """Print one row; on a terminal it wraps beside its label, elsewhere it stays one line.

    ``markup`` is rich's: what came from outside must be escaped.
    """
    text = Text.from_markup(markup)
    room = max(console.width - LABEL_WIDTH, _LEAST_ROOM)
    lines = [text] if console.soft_wrap else list(text.wrap(console, room))
    for number, line in enumerate(lines):
        line.rstrip()
        begun = f"{'' if number else label:<{LABEL_WIDTH - 1}} "
        whole = Text.assemble((begun, style), line)  # the label's style is of the label alone
        console.print(whole, highlight=False, soft_wrap=True)
