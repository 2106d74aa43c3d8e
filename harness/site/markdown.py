"""A board as a table in Markdown (GitHub's), for a README or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.records.board import Board, BoardEntry, Boards
from harness.site.client import watt_hours_of
from harness.site.language import Language
from harness.site.text import WATT_HOURS, shorten
from harness.site.words import NOT_MEASURED, board_metric, sentence_case, sources, task_title

NOTHING = "\N{EN DASH}"
LONGEST_NAME = 60
SIGNS = re.compile(r"[\\`*_\[\]<>&|~:$]|(?<=www)\.", re.IGNORECASE)
"""What begins markup, an entity, an address or a formula, or parts two cells. Behind a backslash
CommonMark takes it for itself."""
CALLS = re.compile(
    r"[@#]|\bgh(?=-\d)|:(?=[\w+\\-]+:)(?!\d\d\\?:)"
    r"|(?<![0-9a-z])[0-9a-f](?=[0-9a-f]{6,39}(?![0-9a-z]))",
    re.IGNORECASE,
)
"""They call people, issues, pictures and commits on GitHub, escaped or not: a comment, which nobody
sees, parts them from what they would call."""


def markdown_boards(boards: Boards, language: Language) -> str:
    """Return every board one below the other, each with its heading."""
    if not boards.boards:
        return language.text("markdown.no_boards") + "\n"
    return "\n".join(markdown_table(board, language) for board in boards.boards)


def markdown_table(board: Board, language: Language) -> str:
    """Return one board: a heading, what it is, the table of its entries, and what failed.

    Names of strangers are cut, and escaped so that they are text and nothing else: no markup, no
    link, no mention, no new cell and no new line.
    """
    return (
        "\n".join([*_head(board, language), "", *_rows(board, language), *_tail(board, language)])
        + "\n"
    )


def escaped(text: str, length: int = LONGEST_NAME) -> str:
    """Spell a stranger's text so that Markdown shows it and obeys nothing in it."""
    backslashed = SIGNS.sub(r"\\\g<0>", shorten(text, length))
    return CALLS.sub(r"\g<0><!-- -->", backslashed)


def _head(board: Board, language: Language) -> Iterator[str]:
    yield f"### {escaped(task_title(board, language), 120)}"
    yield ""
    grade = language.name("grade", board.meter_grade)
    told = f"**{grade}.**" if board.meter_grade in NOT_MEASURED else f"{grade}."
    yield language.text(
        "markdown.about",
        status=language.name("status", board.status),
        scenario=language.name("scenario_short", board.scenario),
        profile=escaped(board.profile),
        sources=escaped(sources(board, language), 120),
        grade=told,
    )


def _rows(board: Board, language: Language) -> Iterator[str]:
    if not board.entries:
        yield language.text("markdown.no_entries")
        return
    ranked = any(entry.rank is not None for entry in board.entries)
    classes = any(entry.energy_class is not None for entry in board.entries)
    titles = {
        "rank": ranked, "entry": True, "team": True, "quality": True, "energy": True,
        "watt_hours": True, "energy_class": classes, "sessions": True,
    }  # fmt: skip
    shown = [name for name, wanted in titles.items() if wanted]
    heads = {name: language.text(f"markdown.{name}") for name in titles if name not in _ABOUT}
    heads["quality"] = sentence_case(board_metric(board, language))
    heads["energy"] = language.text(
        "markdown.energy", joules=language.name("joules_short", board.meter_grade)
    )
    unit = watt_hours_of(board)
    heads["watt_hours"] = language.text("markdown.watt_hours", unit=unit)
    figures = {"quality", "energy", "watt_hours", "sessions"}
    yield f"| {' | '.join(heads[name] for name in shown)} |"
    yield f"|{'|'.join('---:' if name in figures else '---' for name in shown)}|"
    for entry in board.entries:
        cells = _cells(entry, unit, language)
        yield f"| {' | '.join(cells[name] for name in shown)} |"


_ABOUT = frozenset({"quality", "energy", "watt_hours"})
"""Columns whose heading depends on the board."""


def _cells(entry: BoardEntry, unit: str, language: Language) -> dict[str, str]:
    name = escaped(entry.entry) or language.text("markdown.no_name")
    if entry.baseline:
        name += f" ({language.text('markdown.reference')})"
    return {
        "rank": NOTHING if entry.rank is None else language.rank_range(entry.rank),
        "entry": f"**{name}**" if entry.on_front else name,
        "team": escaped(entry.team_name or entry.team),
        "quality": _with_interval(entry.quality, entry.quality_interval, language),
        "energy": language.text("markdown.unresolved")
        if entry.joules_per_1000_queries is None
        else _with_interval(entry.joules_per_1000_queries, entry.joules_interval, language),
        "watt_hours": NOTHING
        if entry.joules_per_1000_queries is None
        else language.significant(entry.joules_per_1000_queries / WATT_HOURS[unit]),
        "energy_class": entry.energy_class or NOTHING,
        "sessions": language.whole(entry.sessions),
    }


def _with_interval(value: float, interval: tuple[float, float] | None, language: Language) -> str:
    spelt = language.significant(value)
    return spelt if interval is None else f"{spelt} ({language.between(interval)})"


def _tail(board: Board, language: Language) -> Iterator[str]:
    yield ""
    if board.entries:
        yield language.text("markdown.explained")
    if board.failed:
        named = ", ".join(escaped(failure.entry) for failure in board.failed)
        yield language.text("markdown.failed", n=len(board.failed), entries=named)
