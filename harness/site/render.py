"""The leaderboard's static page: boards in, the contents of its files out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import NamedTuple

from markupsafe import Markup
from msgspec.structs import replace

from harness.records.base import Frozen
from harness.records.board import Board, BoardEntry, Boards
from harness.site import paths
from harness.site.client import LONGEST_NAME, board_script, claims_script
from harness.site.data import data_files, data_name
from harness.site.feed import feeds, latest_of
from harness.site.frame import style_sheet
from harness.site.language import Language, languages
from harness.site.plain import InJson, board_in_json, boards_json
from harness.site.spelt_rows import SpeltRows
from harness.site.templating import environment
from harness.site.views import BoardView, Heading, facets, headings, view

STYLE, SCRIPT = "style.css", "board.js"
SCRIPT_PARTS = (
    "core", "address", "facets", "rows", "cells", "viewport", "table", "compare",
    "scales", "canvas", "view", "pointer", "picture",
)  # fmt: skip
"""In the order in which they are joined: each may use those before it."""

MOST_FAILURES, MOST_IMPORTED, MOST_NAMES, MOST_PROBLEMS = 100, 200, 20, 500
"""How much of a list the page shows: the rest is counted, and in the data."""

CONSTANTS = {
    "ACCENTED": ("least", "best", "front"),
    "LONGEST_NAME": LONGEST_NAME,
    "MOST_FAILURES": MOST_FAILURES,
    "MOST_IMPORTED": MOST_IMPORTED,
    "MOST_NAMES": MOST_NAMES,
    "MOST_PROBLEMS": MOST_PROBLEMS,
}
"""Of the templates; names are cut alike by these and by the script."""


@dataclass(frozen=True)
class Other:
    """The same page in another language."""

    language: Language
    href: str


class Placed(NamedTuple):
    """A board and its place on the page of all boards."""

    board: Board
    number: int
    loads_at_once: bool


class BoardParts(Frozen, array_like=True):
    """What the pages of all boards take of one: all that they ask its rows for."""

    sections: dict[str, str]
    """Its own section of the page of boards, by language."""
    in_json: InJson
    """What stands for it in ``boards.json``."""
    latest: tuple[BoardEntry, ...]
    """Those that may stand in a feed."""
    count: int
    """How many entries it has."""


def render(boards: Boards, address: str = "") -> dict[str, bytes]:
    """Return the site's pages of boards by name, folders in it; the same boards, the same bytes.

    ``index.html`` and its likes in other languages (``fr/index.html``), ``style.css``, ``board.js``
    and, of each board, ``data/<board>.js`` for the script and ``data/<board>.csv``, ``.json`` and
    ``.parquet``; ``boards.json`` is what ``leaderboard --json`` prints, and ``feed.xml`` and its
    likes an Atom feed, ``preview.png`` and its likes what others show beside a link. They need one
    folder, a browser and nothing else: the page works from a file, from any host, and without
    JavaScript. Raises ``ValueError`` when two boards share an identifier, or a figure is not a
    finite number. ``address`` is where the site is published, with a slash at its end; empty: not
    known, and the addresses that others would need are relative.
    """
    from harness.site.preview import previews  # noqa: PLC0415 - brings NumPy, which no page needs

    counts = [len(board.entries) for board in boards.boards]
    parts = [board_parts(each) for each in placed(boards.boards, counts)]
    files = {
        "boards.json": boards_json(boards, [each.in_json for each in parts]),
        **assets(),
        **index_files(boards, parts, address),
    }
    for board in boards.boards:
        files |= data_of(board)
    return files | previews(boards)


def placed(boards: Iterable[Board], counts: Iterable[int]) -> list[Placed]:
    """Return each board with its place; see ``headings``."""
    return [
        Placed(board=each.board, number=each.number, loads_at_once=each.loads_at_once)
        for each in headings(boards, counts)
    ]


def board_parts(of: Placed, rows: Iterable[bytes] | None = None) -> BoardParts:
    """Make what the pages of all boards take of one.

    ``rows`` are the ``nested_row`` of its rows, where they are known.
    """
    shown = view(of.board, of.number, loads_at_once=of.loads_at_once)
    return BoardParts(
        sections={language.code: _section(shown, language) for language in languages()},
        in_json=board_in_json(of.board, rows),
        latest=latest_of(of.board),
        count=shown.count,
    )


def index_files(boards: Boards, parts: Sequence[BoardParts], address: str = "") -> dict[str, bytes]:
    """Return the page of all boards and the feed in each language; rows are those of ``parts``."""
    named = headings(boards.boards, [each.count for each in parts])
    pages = {
        paths.in_language("index.html", language.code): _page(
            boards, named, [each.sections[language.code] for each in parts], language, address
        ).encode()
        for language in languages()
    }
    latest = tuple(
        replace(board, entries=each.latest)
        for board, each in zip(boards.boards, parts, strict=True)
    )
    return pages | feeds(replace(boards, boards=latest), address)


def assets() -> dict[str, bytes]:
    """Return the files that are the same whatever is on the boards."""
    return {STYLE: style_sheet().encode(), SCRIPT: script()}


def data_of(board: Board, rows: SpeltRows | None = None) -> dict[str, bytes]:
    """Return the files of a board's data, for the script and to take away.

    Its ``rows`` may be spelt already.
    """
    rows = rows or SpeltRows(board.entries)
    files = {name: write() for name, write in data_files(board, rows).items()}
    script, claims = data_name(board.id, "js"), claims_script(board)
    files[script] = board_script(board, rows.script)
    if claims is not None:
        files[data_name(board.id, "claims.js")] = claims
    return files


def page(
    boards: Boards, shown: tuple[BoardView, ...], language: Language, address: str = ""
) -> str:
    """Return the page of all boards in one language; ``address`` is where the site is published."""
    return _page(boards, shown, [_section(each, language) for each in shown], language, address)


def _section(shown: BoardView, language: Language) -> str:
    return (
        environment(language.code)
        .get_template("board.html")
        .render(view=shown, root=_root(language), **CONSTANTS)
    )


def _root(language: Language) -> str:
    return paths.to_top(paths.in_language("index.html", language.code))


def _page(
    boards: Boards,
    shown: Sequence[Heading],
    sections: Sequence[str],
    language: Language,
    address: str,
) -> str:
    root = _root(language)
    others = [
        Other(other, root + paths.in_language("index.html", other.code))
        for other in languages()
        if other.code != language.code
    ]
    return (
        environment(language.code)
        .get_template("index.html")
        .render(
            views=shown,
            sections=[Markup(each) for each in sections],  # noqa: S704 - made by a template of ours
            facets=facets(shown, language),
            others=others,
            problems=boards.problems,
            imported=boards.imported,
            root=root,
            base=address + paths.in_language("", language.code) if address else "",
            **CONSTANTS,
        )
    )


def script() -> bytes:
    """Join the parts of the page's script."""
    return b"\n".join(_template(f"js/{part}.js") for part in SCRIPT_PARTS)


def _template(name: str) -> bytes:
    return resources.files(__package__).joinpath("templates", *name.split("/")).read_bytes()
