"""What the page's templates are given of a board: what they cannot work out for themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from harness.records.board import Board, BoardEntry
from harness.records.team_names import team_key
from harness.site import paths
from harness.site.client import FLAGS, LONGEST_NAME, watt_hours_of
from harness.site.data import data_files
from harness.site.figure import NARROW, WIDE, Figure, can_be_drawn, drawings, guides
from harness.site.figure_words import Told, told_of
from harness.site.language import Language
from harness.site.text import shorten
from harness.site.words import parts_in_the_method, task_title

TOP = 50
"""Rows of a board that the page itself holds, for readers without JavaScript."""

SIGNED = frozenset({"official", "unofficial", "open"})
"""Statuses of boards that an organiser vouches for."""

Direction = Literal["ascending", "descending"]


@dataclass(frozen=True)
class Column:
    """A column of the table, and the direction in which it is sorted at first."""

    name: str
    """What the script calls it: ``js/rows.js`` and ``js/cells.js`` know the same names."""
    sort: Direction
    number: bool = False
    """Whether its cells are figures, which stand to the right."""
    sorted: bool = False
    """Whether the board's own order is by this column."""


@dataclass(frozen=True)
class Row:
    """An entry and its number: the place in the board's own order, from 0."""

    number: int
    entry: BoardEntry
    page: str
    """The entry's own, relative to the page of boards in the same language."""

    @property
    def marks(self) -> tuple[str, ...]:
        """The marks that it carries, in the order they are shown."""
        return tuple(mark for mark, carried in FLAGS.items() if carried(self.entry))


@dataclass(frozen=True)
class Heading:
    """A board as the page of all boards names it, apart from its own section."""

    number: int
    """On the page, from 1."""
    board: Board
    """Of which what it says of single entries may be missing."""
    count: int
    """How many entries it has."""
    stem: str
    """What its files are called, and what the script and addresses call it."""
    loads_at_once: bool
    """Whether its data come with the page, and not when it is about to be seen."""

    @property
    def id(self) -> str:
        """The identifier of its section: the same as long as the board is."""
        return f"board-{self.stem}"

    @property
    def script(self) -> str:
        """The name of its data for the script."""
        return f"data/{self.stem}.js"

    @property
    def verified(self) -> str:
        """Whether an organiser vouches for it."""
        return "yes" if self.board.status in SIGNED else "no"


@dataclass(frozen=True)
class BoardView(Heading):
    """A board with what the templates cannot work out for themselves."""

    columns: tuple[Column, ...]
    marks: tuple[str, ...]
    """Those that some rows carry and others do not: worth a filter."""
    many_teams: bool
    many_families: bool
    """Whether some entries say what kind of model they are, and not all the same."""
    figures: tuple[Figure, ...]
    """The same picture for a wide and for a narrow page; none for a board without entries."""
    told: Told
    """What there is to say of them."""
    undrawn: tuple[BoardEntry, ...]
    """Entries without a place on a logarithmic axis."""
    shows_ranks: bool
    shows_classes: bool
    watt_hours: str
    """The unit of watt-hours of its table."""
    has_unresolved: bool
    """Whether the energy of some entry is not resolved."""
    has_floor: bool
    has_signed: bool
    has_baseline: bool
    method_entries: tuple[str, ...]
    """Entries that have a part in the method."""
    shows_support: bool
    """Whether it is known of some entry how surely it is on the front."""
    has_hollow: bool
    """Whether it is not known of another that has an interval of energy."""
    has_crossed: bool
    """Whether some entry that is drawn has no interval of energy."""

    def lines(self, language: Language) -> list[dict[str, object]]:
        """Return what the rules draw a line at, as the script is handed it."""
        return [
            {"text": language.text(each.key), "joules": each.joules, "quality": each.quality}
            for each in guides(self.board)
        ]

    def row(self, number: int) -> Row:
        """Return the row of a number: a place in the board's own order, from 0."""
        entry = self.board.entries[number]
        return Row(number, entry, paths.entry_page_name(self.board.id, entry.entry))

    @property
    def top(self) -> tuple[Row, ...]:
        """The rows that the page itself holds."""
        return tuple(map(self.row, range(min(TOP, self.count))))

    @property
    def failed_pages(self) -> tuple[str, ...]:
        """The pages of the entries that failed, like ``Row.page``."""
        return tuple(paths.entry_page_name(self.board.id, e.entry) for e in self.board.failed)

    @property
    def claims_script(self) -> str:
        """The name of its claims for the script."""
        return f"data/{self.stem}.claims.js"

    @property
    def downloads(self) -> tuple[str, ...]:
        """The names of what can be taken away of it, the spreadsheet first."""
        return tuple(data_files(self.board))


@dataclass(frozen=True)
class Option:
    """What a board may be chosen by: a value, and how it is called."""

    value: str
    label: str


@dataclass(frozen=True)
class Facet:
    """One way to choose among boards."""

    name: str
    options: tuple[Option, ...]


def headings(boards: Iterable[Board], counts: Iterable[int]) -> tuple[Heading, ...]:
    """Name the boards of a page, which have so many entries.

    The data of the first that has any come with it.

    Raises ``ValueError`` when two of them would be written to the same files.
    """
    made: dict[str, Heading] = {}
    for number, (board, count) in enumerate(zip(boards, counts, strict=True), start=1):
        first = count > 0 and not any(each.loads_at_once for each in made.values())
        each = Heading(number, board, count, paths.safe_name(board.id), first)
        if each.stem in made:
            raise ValueError(f"two boards would be written to {each.script}")
        made[each.stem] = each
    return tuple(made.values())


def views(boards: Sequence[Board]) -> tuple[BoardView, ...]:
    """Prepare the boards of a page, each for its own section too; see ``headings``."""
    named = headings(boards, [len(board.entries) for board in boards])
    return tuple(view(each.board, each.number, loads_at_once=each.loads_at_once) for each in named)


def view(board: Board, number: int, *, loads_at_once: bool) -> BoardView:
    """Prepare one board, the ``number``-th of the page, for the templates."""
    drawn = [entry for entry in board.entries if can_be_drawn(entry)]
    crossed = [entry for entry in drawn if entry.joules_interval is None]
    unknown = [entry for entry in drawn if entry.joules_interval and entry.front_support is None]
    shows_support = any(entry.front_support is not None for entry in board.entries)
    shows_ranks = any(entry.rank is not None for entry in board.entries)
    shows_classes = any(entry.energy_class is not None for entry in board.entries)
    return BoardView(
        number=number,
        board=board,
        count=len(board.entries),
        stem=paths.safe_name(board.id),
        loads_at_once=loads_at_once,
        columns=_columns(ranks=shows_ranks, classes=shows_classes),
        marks=tuple(_telling(board.entries)),
        many_teams=len({*map(team_key, {shorten(e.team, LONGEST_NAME) for e in board.entries})})
        > 1,
        many_families=len({shorten(entry.family or "", LONGEST_NAME) for entry in board.entries})
        > 1,
        figures=tuple(drawings(board, (WIDE, NARROW))),
        told=told_of(board),
        undrawn=tuple(entry for entry in board.entries if not can_be_drawn(entry)),
        shows_ranks=shows_ranks,
        shows_classes=shows_classes,
        watt_hours=watt_hours_of(board),
        has_unresolved=any(entry.joules_per_1000_queries is None for entry in board.entries),
        has_floor=any(entry.at_floor for entry in board.entries),
        has_signed=any(entry.verified for entry in board.entries),
        has_baseline=any(entry.baseline for entry in board.entries),
        method_entries=tuple(
            each.entry for each in board.entries if parts_in_the_method(board, each.entry)
        ),
        shows_support=shows_support,
        has_hollow=shows_support and bool(unknown),
        has_crossed=bool(crossed),
    )


def facets(shown: Sequence[Heading], language: Language) -> tuple[Facet, ...]:
    """Return the ways to choose among these boards: those in which they differ."""
    ways: dict[str, Callable[[Heading], Option]] = {
        "task": lambda each: Option(each.board.task, task_title(each.board, language)),
        "hardware": lambda each: Option(each.board.profile, each.board.profile),
        "grade": lambda each: Option(
            each.board.meter_grade, language.name("grade", each.board.meter_grade)
        ),
        "status": lambda each: Option(
            each.board.status, language.name("status", each.board.status)
        ),
        "verified": lambda each: Option(
            each.verified, language.text(f"facets.verified_{each.verified}")
        ),
    }
    found = []
    for name, way in ways.items():
        options = {option.value: option for option in map(way, shown)}
        if len(options) > 1:
            found.append(Facet(name, tuple(options.values())))
    return tuple(found)


def _columns(*, ranks: bool, classes: bool) -> tuple[Column, ...]:
    """Return the columns of a table; those that no entry here has anything in are left out."""
    columns = (
        Column("rank", "ascending", sorted=True) if ranks else None,
        Column("entry", "ascending"),
        Column("team", "ascending"),
        Column("quality", "descending", number=True, sorted=not ranks),
        Column("joules", "ascending", number=True),
        Column("class", "ascending") if classes else None,
        Column("support", "descending", number=True) if ranks else None,
        Column("seconds", "ascending", number=True),
        Column("sessions", "descending", number=True),
        Column("marks", "descending"),
    )
    return tuple(column for column in columns if column is not None)


def _telling(entries: Sequence[BoardEntry]) -> Iterable[str]:
    for mark, carried in FLAGS.items():
        if 0 < sum(map(carried, entries)) < len(entries):
            yield mark
