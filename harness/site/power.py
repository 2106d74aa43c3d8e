"""The drawings of an entry's page: power over a session, and a session's energy by phase.

Plain SVG without style or script: classes, and geometry in whole units of the drawing, which keeps
a trace of a hundred steps under a kilobyte. What is drawn is the same in every language; the words
on it are put there by the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from harness.ranking.usable import MOST
from harness.records.meter import PowerTrace
from harness.records.session import Phase, PhaseWindow
from harness.records.sums import total
from harness.site.blocks_html import escape
from harness.site.scales import linear_ticks
from harness.site.text import width_in_ems

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 30, 42
"""Margins of the plot: ticks and titles stand there."""
PLOT_WIDTH = WIDTH - LEFT - RIGHT
PLOT_HEIGHT = HEIGHT - TOP - BOTTOM
FLOOR = TOP + PLOT_HEIGHT

MOST_STEPS = 64
"""Of one line: more cannot be told apart at this width."""
MOST_TICKS = 6
LEAST = 1e-9
"""Of seconds and of watts: no meter resolves less, and there would be nothing to see."""
LEAST_LABEL = 46
"""A phase narrower than this has no name on the drawing: there is no room for one."""
FONT_SIZE, GAP = 13, 4
"""Of names, and between two of them: their width is estimated wide rather than narrow."""

BAR_HEIGHT = 22
LETTER = 11
"""Room for one, with what is left on either side."""


class Band(NamedTuple):
    """One phase: what lies behind the line."""

    phase: Phase
    left: int
    width: int


class TraceDrawing(NamedTuple):
    """A session's power, laid out."""

    bands: tuple[Band, ...]
    lines: tuple[tuple[str, str], ...]
    """Component and path."""
    x_ticks: tuple[tuple[int, float], ...]
    """Positions and seconds."""
    y_ticks: tuple[tuple[int, float], ...]
    """Positions and watts."""
    shapes: str
    """All of it that is no text, in SVG: the same in every language."""


def lay_out(traces: Sequence[PowerTrace], windows: Sequence[PhaseWindow]) -> TraceDrawing | None:
    """Lay out the power of a session; ``None`` where no trace holds anything.

    A trace begins with the first window, and so do the bands of the phases. What no meter can have
    seen is not drawn: a trace with a time or a power that is negative or beyond reason, and nothing
    at all where the time of a phase is.
    """
    phases = [window.reading.seconds for window in windows]
    if not _is_sound(phases):
        return None
    steps: dict[str, list[tuple[float, float]]] = {}
    for trace in traces:
        if _is_sound([figure for step in trace.watts for figure in step]) and (
            joined := merged(trace.watts)
        ):
            steps[trace.component] = joined
    lengths = [total([seconds for seconds, _ in each]) for each in steps.values()]
    ends = [*accumulate(phases)]
    seconds = max([*ends[-1:], *lengths], default=0.0)
    highest = max([watts for each in steps.values() for _, watts in each], default=0.0)
    if not lengths or seconds < LEAST or highest < LEAST:
        return None
    x_unit, y_unit = PLOT_WIDTH / seconds, PLOT_HEIGHT / (1.05 * highest)
    bands, left = [], LEFT
    for window, end in zip(windows, ends, strict=True):
        edge = LEFT + round(x_unit * end)
        bands.append(Band(window.phase, left, edge - left))
        left = edge
    lines = [(name, _path(each, x_unit, y_unit)) for name, each in steps.items()]
    x_ticks = [
        (LEFT + round(x_unit * tick), tick) for tick in linear_ticks(0.0, seconds, MOST_TICKS)
    ]
    y_ticks = [
        (FLOOR - round(y_unit * tick), tick)
        for tick in linear_ticks(0.0, 1.05 * highest, MOST_TICKS)
    ]
    shapes = _shapes(bands, lines, x_ticks, y_ticks)
    return TraceDrawing(tuple(bands), tuple(lines), tuple(x_ticks), tuple(y_ticks), shapes)


def _is_sound(figures: Sequence[float]) -> bool:
    """Whether a meter can have seen them: none is negative or beyond reason."""
    return not figures or (min(figures) >= 0 and max(figures) <= MOST)


def _shapes(
    bands: Sequence[Band],
    lines: Sequence[tuple[str, str]],
    x_ticks: Sequence[tuple[int, float]],
    y_ticks: Sequence[tuple[int, float]],
) -> str:
    odd = bands[1::2]
    stripes = (
        _STRIPE
        * len(odd)
        % tuple([figure for _, left, width in odd for figure in (left, width, width)])
    )
    levels = _LEVEL * len(y_ticks) % tuple([y for y, _ in y_ticks])
    moments = _MOMENT * len(x_ticks) % tuple([x for x, _ in x_ticks])
    power = "".join(
        [f'<path class="power power-{n}" d="{path}"/>' for n, (_, path) in enumerate(lines)]
    )
    return (
        f'<path class="band" d="{stripes}"/><path class="level" d="{levels}{moments}"/>'
        f"{_AXIS}{power}"
    )


_STRIPE = f"M%d {TOP}h%dv{PLOT_HEIGHT}h-%dz"
_LEVEL = f"M{LEFT} %dh{PLOT_WIDTH}"
_MOMENT = f"M%d {FLOOR}v5"
_AXIS = f'<path class="axis" d="M{LEFT} {FLOOR}h{PLOT_WIDTH}"/>'


def merged(
    watts: Sequence[tuple[float, float]], most: int = MOST_STEPS
) -> list[tuple[float, float]]:
    """Join neighbouring steps of (seconds, watts) until there are about ``most``.

    Joined steps keep their energy: the power of the whole is its mean. A step that is long enough
    to be seen stays by itself, so that none is blurred into a short neighbour. Steps that take no
    time together are none.
    """
    least = total([seconds for seconds, _ in watts]) / most
    if least <= 0:
        return []
    made: list[tuple[float, float]] = []
    seconds = joules = 0.0
    for length, power in watts:
        if length >= least and seconds > 0:
            made.append((seconds, joules / seconds))
            seconds = joules = 0.0
        seconds += length
        joules += length * power
        if seconds >= least:
            made.append((seconds, joules / seconds))
            seconds = joules = 0.0
    if seconds > 0:
        made.append((seconds, joules / seconds))
    return made


def _path(steps: Sequence[tuple[float, float]], x_unit: float, y_unit: float) -> str:
    """Draw steps as a line that runs level and rises, in SVG's path language, moves relative."""
    at_x, at_y = LEFT, FLOOR - round(y_unit * steps[0][1])
    made = [f"M{at_x} {at_y}"]
    total = 0.0
    for seconds, watts in steps:
        y = FLOOR - round(y_unit * watts)
        total += seconds
        x = LEFT + round(x_unit * total)
        if y != at_y and x != at_x:
            made.append(f"v{y - at_y}h{x - at_x}")
        elif y != at_y:
            made.append(f"v{y - at_y}")
        elif x != at_x:
            made.append(f"h{x - at_x}")
        at_x, at_y = x, y
    return "".join(made)


def wide_phases(bands: Iterable[Band]) -> list[tuple[Phase, int]]:
    """Return the phases that have room for a name, the longest first, each with its middle."""
    wide = [band for band in bands if band.width >= LEAST_LABEL]
    wide.sort(key=itemgetter(2), reverse=True)
    return [(phase, left + width // 2) for phase, left, width in wide]


def phase_names(wide: Iterable[tuple[Phase, int]], phase: Callable[[Phase], str]) -> str:
    """Name the ``wide_phases`` of a trace: a name that would touch one before it is left out.

    A phase may be narrower than its name, and names differ by language.
    """
    taken: list[tuple[float, float]] = []
    names: list[tuple[int, str]] = []
    for kind, middle in wide:
        name = phase(kind)
        half = _half_width(name)
        begin, end = middle - half, middle + half
        for low, high in taken:
            if low < end and begin < high:
                break
        else:
            taken.append((begin, end))
            names.append((middle, escape(name)))
    return _filled(_BAND, [part for name in sorted(names) for part in name])


@cache
def _half_width(name: str) -> float:
    """Return half the room that a phase's name takes."""
    return (FONT_SIZE * width_in_ems(name) + GAP) / 2


def tick_figures(drawing: TraceDrawing, number: Callable[[float], str]) -> tuple[str, str]:
    """Spell the figures at its ticks: of time, and of power."""
    moments: list[object] = []
    for x, tick in drawing.x_ticks:
        moments += (x, number(tick))
    levels: list[object] = []
    for y, tick in drawing.y_ticks:
        levels += (y + 4, number(tick))
    return _filled(_X_TICK, moments), _filled(_Y_TICK, levels)


def trace_svg(
    shapes: str,
    *,
    label: str,
    names: str,
    moments: str,
    levels: str,
    seconds: str,
    watts: str,
) -> str:
    """Spell a laid-out trace of these shapes; ``label`` says what it shows.

    ``names`` are the ``phase_names`` of its bands, ``moments`` and ``levels`` its ``tick_figures``;
    ``seconds`` and ``watts`` name the axes.
    """
    return (
        f'{_TRACE}aria-label="{escape(label)}">{shapes}'
        f'<g class="grid" text-anchor="middle">{names}{moments}</g>'
        f'<g class="grid" text-anchor="end">{levels}{_X_TITLE}{escape(seconds)}</text>'
        f'<text class="axis-title" x="0" y="15" text-anchor="start">{escape(watts)}</text>'
        "</g></svg>"
    )


_TRACE = f'<svg class="trace" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="{FONT_SIZE}" '
_BAND = f'<text x="%d" y="{TOP - 7}">%s</text>'
_X_TICK = f'<text x="%d" y="{FLOOR + 19}">%s</text>'
_Y_TICK = f'<text x="{LEFT - 7}" y="%d">%s</text>'
_X_TITLE = f'<text class="axis-title" x="{LEFT + PLOT_WIDTH}" y="{HEIGHT - 6}">'


def _filled(template: str, pairs: Sequence[object]) -> str:
    """Fill a template that has two holes once for each pair of values, in one go."""
    return template * (len(pairs) // 2) % tuple(pairs)


def bar_ends(sizes: Iterable[float]) -> list[int]:
    """Return where each part of a bar ends that they fill together; none where all is nothing."""
    ends = [*accumulate([max(0.0, size) for size in sizes])]
    if not ends or ends[-1] <= 0:
        return []
    return [round(WIDTH * end / ends[-1]) for end in ends]


class BarPart(NamedTuple):
    """A part of a bar: what is drawn, where its name begins, and for how many letters is room."""

    svg: str
    begin: int
    letters: int


def bar_parts(kinds: Iterable[str], ends: Iterable[int]) -> list[BarPart]:
    """Draw the parts of a bar, each of a class and up to its end (``bar_ends``)."""
    made, start = [], 0
    for kind, end in zip(kinds, ends, strict=True):
        width = end - start
        svg = _PART % (kind, start, width) if width > 0 else ""
        made.append(BarPart(svg, start + 8, width // LETTER))
        start = end
    return made


def named_parts(parts: Iterable[BarPart], names: Iterable[str]) -> str:
    """Spell the parts of a bar with their names; one that is too narrow for its name has none."""
    made = []
    for (svg, begin, letters), name in zip(parts, names, strict=True):
        if svg:
            made.append(svg)
            if len(name) <= letters:
                made.append(_NAME % (begin, escape(name)))
    return "".join(made)


def bar_svg(parts: str, *, label: str) -> str:
    """Spell one bar, of its ``named_parts``."""
    return f'{_BAR}aria-label="{escape(label)}">{parts}</svg>'


_BAR = f'<svg class="bar" viewBox="0 0 {WIDTH} {BAR_HEIGHT}" role="img" font-size="12" '
_PART = f'<rect class="%s" x="%d" width="%d" height="{BAR_HEIGHT}"/>'
_NAME = f'<text x="%d" y="{BAR_HEIGHT - 7}">%s</text>'
