"""The picture of a board: quality over the logarithm of energy, as plain geometry.

Everything is in user units of the drawing, y growing downwards; the template turns it into SVG.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nsmallest
from itertools import pairwise
from typing import Literal

from harness.records.board import Board, BoardEntry
from harness.site.labels import Box, Label, Wanted, place
from harness.site.scales import (
    Scale,
    linear_range,
    linear_ticks,
    log_range,
    log_ticks,
    tick_labels,
)
from harness.site.text import shorten, watt_hours, width_in_ems

MARK_RADIUS = 5.0
CAP = 4.0
"""Half the length of the stroke across each end of an error bar."""

LEAST_SHADE = 0.35
"""Of a point that is surely not on the front: it must not look like a hollow one."""

MOST_LABELS = 40
"""More names than this could not be read, and finding room for them takes its time."""

MOST_MARKS = 60
"""Beyond these a point is a dot without bars, a name or a link: a page of thousands of marks would
be too big to open, and nobody could tell them apart."""
DOT_GRID = 3
"""Side of the squares, in user units, that dots are: entries nearer to each other share one."""

HEAVIER = 1.12
"""How much wider bold letters are than the others."""
BELOW = 0.86
"""Size of the watt-hours under a tick, in ems of the others."""
QUALITY_LIMITS = (0.0, 1.0)
"""Every metric that the harness knows is a share."""


@dataclass(frozen=True)
class Layout:
    """The size of a drawing and what its width allows."""

    name: str
    width: float
    height: float
    left: float
    right: float
    top: float
    bottom: float
    """Margins, which hold the ticks and the titles of the axes."""
    font_size: float
    most_x_ticks: int
    most_y_ticks: int
    label_characters: int

    def title_size(self, text: str) -> float:
        """Return the size of an axis's title: smaller where it would be wider than the drawing."""
        room = (self.width - self.right) / (HEAVIER * max(width_in_ems(text), 1.0))
        return min(self.font_size, room)

    @property
    def plot(self) -> Box:
        """Where the points are."""
        return Box(self.left, self.top, self.width - self.right, self.height - self.bottom)


WIDE = Layout(
    name="wide", width=1000, height=472, left=64, right=20, top=34, bottom=70,
    font_size=14, most_x_ticks=9, most_y_ticks=9, label_characters=30,
)  # fmt: skip
NARROW = Layout(
    name="narrow", width=360, height=412, left=44, right=10, top=30, bottom=62,
    font_size=12, most_x_ticks=4, most_y_ticks=9, label_characters=16,
)  # fmt: skip


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what stands there, spelt in English."""

    position: float
    label: str
    below: str = ""
    """Of energy: the same in watt-hours, in smaller letters."""
    below_position: float = 0.0
    """Of its middle, so that it does not leave the drawing."""


@dataclass(frozen=True)
class Segment:
    """A straight line: an error bar."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def capped_path(self) -> str:
        """The line with a short stroke across each end, in SVG's path language."""
        across, up = (CAP, 0.0) if self.x1 == self.x2 else (0.0, CAP)
        strokes = [((self.x1, self.y1), (self.x2, self.y2))]
        for x, y in ((self.x1, self.y1), (self.x2, self.y2)):
            strokes.append(((x - across, y - up), (x + across, y + up)))
        return "".join(_path(stroke) for stroke in strokes)

    @property
    def box(self) -> Box:
        """The rectangle that it is the diagonal of."""
        return Box(
            min(self.x1, self.x2), min(self.y1, self.y2),
            max(self.x1, self.x2), max(self.y1, self.y2),
        )  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """One entry in the picture."""

    position: int
    """Of the entry on its board: what ties the mark to the table's row."""
    x: float
    y: float
    shape: Literal["circle", "diamond"]
    """A diamond is the null entry."""
    crossed: bool
    """There are too few sessions for an interval of energy."""
    on_front: bool
    shade: float
    """How opaque it is: the more surely on the front, the more. Hollow (0) where that is known of
    others alone, or it is crossed; 1 where it is known of none."""
    bars: tuple[Segment, ...]
    label: Label | None
    """Its name, where there was room for it."""


@dataclass(frozen=True)
class Guide:
    """What the rules draw a line at: of energy, from bottom to top, or of quality, across."""

    key: str
    """Of what it is called, in the catalogue."""
    joules: float | None = None
    """Per 1,000 queries."""
    quality: float | None = None


@dataclass(frozen=True)
class Line:
    """A guide in the drawing."""

    segment: Segment
    key: str

    @property
    def is_upright(self) -> bool:
        """Whether it is one of energy."""
        return self.segment.x1 == self.segment.x2


@dataclass(frozen=True)
class Figure:
    """Everything that is drawn of a board with at least one entry that can be drawn."""

    layout: Layout
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    marks: tuple[Mark, ...]
    """The entries on the front, the reference and the best: at most ``MOST_MARKS``."""
    dots: str
    """The others, in SVG's path language: a stroke for each square that holds one."""
    front: tuple[tuple[float, float], ...]
    """Corners of the step line: the best quality to be had for at most that energy."""
    lines: tuple[Line, ...]
    """The guides that lie within the axes."""
    starts_at_zero: bool
    """Whether the axis of quality does."""

    @property
    def front_path(self) -> str:
        """The step line, in SVG's path language."""
        return _path(self.front)

    @property
    def area_path(self) -> str:
        """What lies under the step line: everything there is beaten by an entry on the front."""
        if not self.front:
            return ""
        floor = self.layout.plot.bottom
        corners = ((self.front[0][0], floor), *self.front, (self.front[-1][0], floor))
        return _path(corners) + "Z"


def can_be_drawn(entry: BoardEntry) -> bool:
    """Say whether the entry has a place on a logarithmic axis."""
    return entry.joules_per_1000_queries is not None and entry.joules_per_1000_queries > 0


def joules_of(entry: BoardEntry) -> float:
    """Return the energy of an entry that can be drawn, and so has one."""
    if entry.joules_per_1000_queries is None:
        raise ValueError(f"{entry.entry} has no place on the axis of energy")
    return entry.joules_per_1000_queries


def draw(board: Board, layout: Layout) -> Figure | None:
    """Lay the board out; ``None`` when none of its entries can be drawn."""
    return next(drawings(board, [layout]), None)


def drawings(board: Board, layouts: Iterable[Layout]) -> Iterator[Figure]:
    """Lay the board out in several ways; none when none of its entries can be drawn."""
    shown = [(n, entry) for n, entry in enumerate(board.entries) if can_be_drawn(entry)]
    if not shown:
        return
    entries = [entry for _, entry in shown]
    energies, qualities = _energy_range(entries), _quality_range(entries)
    ranked = (_importance(entry, n) for n, entry in enumerate(entries))
    marked = sorted(importance[-1] for importance in nsmallest(MOST_MARKS, ranked))
    named, has_mark = [entries[n] for n in marked], {*marked}
    others = [entry for n, entry in enumerate(entries) if n not in has_mark]
    on_front, limits = front_of(entries), guides(board)
    unknown = float(all(entry.front_support is None for entry in board.entries))
    for layout in layouts:
        plot = layout.plot
        x = Scale(*energies, plot.left, plot.right, logarithmic=True)
        y = Scale(*qualities, plot.bottom, plot.top)
        front = front_steps(on_front, x, y)
        unnamed = [_mark(*shown[n], x, y, unknown) for n in marked]
        labels = _labels(named, unnamed, front, layout)
        yield Figure(
            layout=layout,
            x_ticks=_energy_ticks(x, layout),
            y_ticks=_ticks(y, linear_ticks(y.low, y.high, layout.most_y_ticks)),
            marks=tuple(
                replace(mark, label=label) for mark, label in zip(unnamed, labels, strict=True)
            ),
            dots=_dots(others, x, y),
            front=front,
            lines=tuple(_lines(limits, x, y, plot)),
            starts_at_zero=y.low == 0,
        )


def guides(board: Board) -> tuple[Guide, ...]:
    """Return what the rules draw a line at on this board."""
    found = []
    if board.floor_joules_per_1000_queries is not None:
        found.append(Guide("picture.floor", joules=board.floor_joules_per_1000_queries))
    for prize in board.ranking.prizes if board.ranking is not None else ():
        if prize.prize == "least-energy":
            found.append(Guide("picture.quality_floor", quality=prize.limit))
        else:
            found.append(Guide("picture.budget", joules=prize.limit))
    return tuple(found)


def _lines(wanted: Iterable[Guide], x: Scale, y: Scale, plot: Box) -> Iterator[Line]:
    for guide in wanted:
        if guide.joules is not None and x.low < guide.joules < x.high:
            across = x(guide.joules)
            yield Line(Segment(across, plot.bottom, across, plot.top), guide.key)
        elif guide.quality is not None and y.low < guide.quality < y.high:
            up = y(guide.quality)
            yield Line(Segment(plot.left, up, plot.right, up), guide.key)


def _importance(entry: BoardEntry, n: int) -> tuple[bool, bool, float, int]:
    """Order entries by how much a reader of the picture wants to know of them."""
    return not entry.on_front, not entry.baseline, -entry.quality, n


def _dots(entries: Sequence[BoardEntry], x: Scale, y: Scale) -> str:
    """Draw squares of the grid that hold an entry, neighbours in one stroke: quick to paint."""
    rows = [round(up / DOT_GRID) for up in y.each([entry.quality for entry in entries])]
    columns = [round(across / DOT_GRID) for across in x.each(list(map(joules_of, entries)))]
    squares = {*zip(rows, columns, strict=True)}
    strokes: list[list[int]] = []
    for row, column in sorted(squares):
        if strokes and strokes[-1][0] == row and sum(strokes[-1][1:]) == column:
            strokes[-1][2] += 1
        else:
            strokes.append([row, column, 1])
    half = DOT_GRID / 2
    return "".join(
        f"M{DOT_GRID * column - half:g} {DOT_GRID * row}h{DOT_GRID * many}"
        for row, column, many in strokes
    )


def front_of(entries: Iterable[BoardEntry]) -> list[tuple[float, float]]:
    """Return energy and quality of those on the front, by energy."""
    return sorted((joules_of(entry), entry.quality) for entry in entries if entry.on_front)


def front_steps(
    front: Iterable[tuple[float, float]], x: Scale, y: Scale
) -> tuple[tuple[float, float], ...]:
    """Return the corners of the step line through ``front_of`` entries, left to right.

    It runs level from each to the energy of the next, rises there, and ends at the right edge.
    """
    corners: list[tuple[float, float]] = []
    for joules, quality in front:
        here = (x(joules), y(quality))
        if corners:
            corners.append((here[0], corners[-1][1]))
        corners.append(here)
    if corners:
        corners.append((max(x.start, x.end), corners[-1][1]))
    return tuple(corners)


def _energy_range(entries: Sequence[BoardEntry]) -> tuple[float, float]:
    ends = [end for entry in entries for end in entry.joules_interval or () if end > 0]
    return log_range([*map(joules_of, entries), *ends])


def _quality_range(entries: Sequence[BoardEntry]) -> tuple[float, float]:
    values = [value for entry in entries for value in (entry.quality, *entry.quality_interval)]
    return linear_range(values, QUALITY_LIMITS)


def _mark(position: int, entry: BoardEntry, x: Scale, y: Scale, unknown: float) -> Mark:
    across, up = x(joules_of(entry)), y(entry.quality)
    low, high = entry.quality_interval
    bars = [Segment(across, y(low), across, y(high))]
    support = entry.front_support
    shade = unknown if support is None else LEAST_SHADE + (1 - LEAST_SHADE) * support
    if entry.joules_interval is not None:
        least, most = entry.joules_interval
        bars.append(Segment(x(least), up, x(most), up))
    return Mark(
        position=position,
        x=across,
        y=up,
        shape="diamond" if entry.baseline else "circle",
        crossed=entry.joules_interval is None,
        on_front=entry.on_front,
        shade=shade if entry.joules_interval is not None else 0.0,
        bars=tuple(bars),
        label=None,
    )


def _labels(
    entries: Sequence[BoardEntry],
    marks: Sequence[Mark],
    front: Sequence[tuple[float, float]],
    layout: Layout,
) -> list[Label | None]:
    """Find room for names: of the front first, then of the null entry, then of the best."""
    order = sorted(range(len(entries)), key=lambda n: _importance(entries[n], n))[:MOST_LABELS]
    wanted = []
    for n in order:
        text = shorten(entries[n].entry, layout.label_characters)
        width = width_in_ems(text) * layout.font_size
        wanted.append(
            Wanted(
                x=marks[n].x,
                y=marks[n].y,
                text=text,
                width=width,
                size=layout.font_size,
                may_cross=entries[n].on_front or entries[n].baseline,
            )
        )
    points = [_around(mark, MARK_RADIUS) for mark in marks]
    lines = [bar.box for mark in marks for bar in mark.bars]
    lines += [Segment(*start, *end).box for start, end in pairwise(front)]
    labels: list[Label | None] = [None] * len(entries)
    for n, label in zip(order, place(wanted, layout.plot, points, lines), strict=True):
        labels[n] = label
    return labels


def _around(mark: Mark, radius: float) -> Box:
    return Box(mark.x - radius, mark.y - radius, mark.x + radius, mark.y + radius)


def _ticks(scale: Scale, values: tuple[float, ...]) -> tuple[Tick, ...]:
    labels = tick_labels(values)
    return tuple(Tick(scale(v), label) for v, label in zip(values, labels, strict=True))


def _energy_ticks(x: Scale, layout: Layout) -> tuple[Tick, ...]:
    """Return the ticks of the axis of energy, in watt-hours, too; each in the unit that fits it."""
    values = log_ticks(x.low, x.high, layout.most_x_ticks)
    made = []
    for tick, joules in zip(_ticks(x, values), values, strict=True):
        below = watt_hours(joules)
        half = BELOW * layout.font_size * width_in_ems(below) / 2
        middle = min(max(tick.position, half), layout.width - half)
        made.append(replace(tick, below=below, below_position=middle))
    return tuple(made)


def _path(corners: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners)
