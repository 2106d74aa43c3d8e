"""The leaderboard's static page: boards in, the contents of its files out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import resources

from harness.records.base import pretty_json
from harness.records.board import Board, BoardEntry, Boards
from harness.site.figure import NARROW, WIDE, Figure, can_be_drawn, draw
from harness.site.language import MAIN
from harness.site.spreadsheet import comma_separated
from harness.site.templating import environment

ASSETS = ("style.css", "board.js")
LONGEST_FILE_NAME = 100
UNSAFE_IN_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True)
class Row:
    """An entry and the identifier of its parts on the page: names of strangers are never one."""

    id: str
    entry: BoardEntry


@dataclass(frozen=True)
class BoardView:
    """A board with what the template cannot work out for itself."""

    id: str
    number: int
    """On the page, from 1."""
    board: Board
    csv_name: str
    rows: tuple[Row, ...]
    figures: tuple[Figure, ...]
    """The same picture for a wide and for a narrow page; none for a board without entries."""
    undrawn: tuple[BoardEntry, ...]
    """Entries without a place on a logarithmic axis."""
    shows_ranks: bool
    shows_classes: bool


def render(boards: Boards) -> dict[str, bytes]:
    """Return the page's files by name; the same boards give the same bytes.

    ``index.html``, ``style.css``, ``board.js``, ``boards.json`` (what ``leaderboard --json``
    prints) and one CSV a board. They need one folder, a browser and nothing else: the page works
    from a file, from any host, and without JavaScript. Raises ``ValueError`` when two boards share
    an identifier, or a figure is not a finite number.
    """
    exact = pretty_json(boards)
    views = [view(board, number) for number, board in enumerate(boards.boards, start=1)]
    page = environment(MAIN).get_template("index.html")
    files = {
        "index.html": page.render(views=views, problems=boards.problems).encode(),
        "boards.json": exact,
    }
    for name in ASSETS:
        files[name] = resources.files(__package__).joinpath("templates", name).read_bytes()
    for shown in views:
        if shown.csv_name in files:
            raise ValueError(f"two boards would be written to {shown.csv_name}")
        files[shown.csv_name] = comma_separated(shown.board)
    return files


def view(board: Board, number: int) -> BoardView:
    """Prepare one board, the ``number``-th of the page, for the template."""
    figures = (draw(board, layout) for layout in (WIDE, NARROW))
    return BoardView(
        id=f"board-{number}",
        number=number,
        board=board,
        csv_name=csv_name(board.id),
        rows=tuple(
            Row(f"board-{number}-entry-{n}", entry) for n, entry in enumerate(board.entries)
        ),
        figures=tuple(figure for figure in figures if figure is not None),
        undrawn=tuple(entry for entry in board.entries if not can_be_drawn(entry)),
        shows_ranks=any(entry.rank is not None for entry in board.entries),
        shows_classes=any(entry.energy_class is not None for entry in board.entries),
    )


def csv_name(board_id: str) -> str:
    """Return the board's file name: no folder, no surprise, whatever stands in a record."""
    safe = UNSAFE_IN_FILE_NAME.sub("-", board_id)[-LONGEST_FILE_NAME:].lstrip(".-")
    return f"{safe or 'board'}.csv"
