"""The drawings of an entry's page: power over a session, and a session's energy by phase.

Plain SVG without style or script: classes, and geometry in whole units of the drawing, which keeps
a trace of a hundred steps under a kilobyte. What is drawn is the same in every language; the words
on it are put there by the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from harness.ranking.usable import MOST
from harness.records.meter import PowerTrace
from harness.records.session import Phase, PhaseWindow
from harness.site.blocks_html import escape
from harness.site.scales import linear_ticks

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

BAR_HEIGHT = 22
LETTER = 11
"""Room for one, with what is left on either side."""


@dataclass(frozen=True)
class Band:
    """One phase: what lies behind the line."""

    phase: Phase
    left: int
    width: int


@dataclass(frozen=True)
class TraceDrawing:
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
    if not all(0 <= window.reading.seconds <= MOST for window in windows):
        return None
    steps = {
        trace.component: joined
        for trace in traces
        if _is_sound(trace.watts) and (joined := merged(trace.watts))
    }
    lengths = [sum([seconds for seconds, _ in each]) for each in steps.values()]
    ends = [*accumulate([window.reading.seconds for window in windows])]
    seconds = max([*ends[-1:], *lengths], default=0.0)
    highest = max([watts for each in steps.values() for _, watts in each], default=0.0)
    if not lengths or seconds < LEAST or highest < LEAST:
        return None
    x_unit, y_unit = PLOT_WIDTH / seconds, PLOT_HEIGHT / (1.05 * highest)
    edges = [LEFT, *[LEFT + round(x_unit * end) for end in ends]]
    bands = tuple(
        Band(window.phase, edges[n], edges[n + 1] - edges[n]) for n, window in enumerate(windows)
    )
    lines = tuple((name, _path(each, x_unit, y_unit)) for name, each in steps.items())
    x_ticks = tuple(
        (LEFT + round(x_unit * tick), tick) for tick in linear_ticks(0.0, seconds, MOST_TICKS)
    )
    y_ticks = tuple(
        (FLOOR - round(y_unit * tick), tick)
        for tick in linear_ticks(0.0, 1.05 * highest, MOST_TICKS)
    )
    return TraceDrawing(bands, lines, x_ticks, y_ticks, _shapes(bands, lines, x_ticks, y_ticks))


def _is_sound(watts: Sequence[tuple[float, float]]) -> bool:
    return all(0 <= seconds <= MOST and 0 <= power <= MOST for seconds, power in watts)


def _shapes(
    bands: Sequence[Band],
    lines: Sequence[tuple[str, str]],
    x_ticks: Sequence[tuple[int, float]],
    y_ticks: Sequence[tuple[int, float]],
) -> str:
    stripes = "".join(
        [f"M{band.left} {TOP}h{band.width}v{PLOT_HEIGHT}h-{band.width}z" for band in bands[1::2]]
    )
    levels = "".join([f"M{LEFT} {y}h{PLOT_WIDTH}" for y, _ in y_ticks])
    moments = "".join([f"M{x} {FLOOR}v5" for x, _ in x_ticks])
    power = "".join(
        [f'<path class="power power-{n}" d="{path}"/>' for n, (_, path) in enumerate(lines)]
    )
    return (
        f'<path class="band" d="{stripes}"/><path class="level" d="{levels}{moments}"/>'
        f'<path class="axis" d="M{LEFT} {FLOOR}h{PLOT_WIDTH}"/>{power}'
    )


def merged(
    watts: Sequence[tuple[float, float]], most: int = MOST_STEPS
) -> list[tuple[float, float]]:
    """Join neighbouring steps of (seconds, watts) until there are about ``most``.

    Joined steps keep their energy: the power of the whole is its mean. A step that is long enough
    to be seen stays by itself, so that none is blurred into a short neighbour. Steps that take no
    time together are none.
    """
    least = sum(seconds for seconds, _ in watts) / most
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
        if y != at_y:
            made.append(f"v{y - at_y}")
        if x != at_x:
            made.append(f"h{x - at_x}")
        at_x, at_y = x, y
    return "".join(made)


def trace_svg(
    drawing: TraceDrawing,
    *,
    label: str,
    phase: Callable[[Phase], str],
    number: Callable[[float], str],
    seconds: str,
    watts: str,
) -> str:
    """Spell a laid-out trace; ``label`` says what it shows, ``seconds`` and ``watts`` the axes."""
    head = f'<svg class="trace" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="13" '
    made = [
        f'{head}aria-label="{escape(label)}">{drawing.shapes}<g class="grid" text-anchor="middle">'
    ]
    made += [
        f'<text x="{band.left + band.width // 2}" y="{TOP - 7}">{escape(phase(band.phase))}</text>'
        for band in drawing.bands
        if band.width >= LEAST_LABEL
    ]
    made += [f'<text x="{x}" y="{FLOOR + 19}">{number(tick)}</text>' for x, tick in drawing.x_ticks]
    made.append('</g><g class="grid" text-anchor="end">')
    made += [
        f'<text x="{LEFT - 7}" y="{y + 4}">{number(tick)}</text>' for y, tick in drawing.y_ticks
    ]
    made.append(
        f'<text class="axis-title" x="{LEFT + PLOT_WIDTH}" y="{HEIGHT - 6}">{escape(seconds)}'
        f'</text><text class="axis-title" x="0" y="15" text-anchor="start">{escape(watts)}</text>'
        "</g></svg>"
    )
    return "".join(made)


def bar_ends(sizes: Iterable[float]) -> list[int]:
    """Return where each part of a bar ends that they fill together; none where all is nothing."""
    ends = [*accumulate([max(0.0, size) for size in sizes])]
    if not ends or ends[-1] <= 0:
        return []
    return [round(WIDTH * end / ends[-1]) for end in ends]


def bar_svg(parts: Iterable[tuple[str, str, int]], *, label: str) -> str:
    """Spell one bar: class and name of each part, and where it ends (``bar_ends``).

    A part that is too narrow for its name has none.
    """
    head = f'<svg class="bar" viewBox="0 0 {WIDTH} {BAR_HEIGHT}" role="img" font-size="12" '
    made = [f'{head}aria-label="{escape(label)}">']
    start = 0
    for kind, name, end in parts:
        if end > start:
            made.append(
                f'<rect class="{kind}" x="{start}" width="{end - start}" height="{BAR_HEIGHT}"/>'
            )
            if end - start >= LETTER * len(name):
                made.append(f'<text x="{start + 8}" y="{BAR_HEIGHT - 7}">{escape(name)}</text>')
        start = end
    made.append("</svg>")
    return "".join(made)
