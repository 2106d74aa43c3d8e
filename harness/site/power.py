"""The drawings of an entry's page: power over a session, and a session's energy by phase.

Plain SVG without style or script: classes, and geometry in whole units of the drawing, which keeps
a trace of a hundred steps under a kilobyte. What is drawn is the same in every language; the words
on it are put there by the page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import accumulate

from harness.records.evaluation import Phase, PhaseWindow
from harness.records.meter import PowerTrace
from harness.site.scales import linear_ticks

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 12, 30, 42
"""Margins of the plot: ticks and titles stand there."""
PLOT_WIDTH = WIDTH - LEFT - RIGHT
PLOT_HEIGHT = HEIGHT - TOP - BOTTOM

MOST_STEPS = 64
"""Of one line: more cannot be told apart at this width."""
MOST_TICKS = 6
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


def lay_out(traces: Sequence[PowerTrace], windows: Sequence[PhaseWindow]) -> TraceDrawing | None:
    """Lay out the power of a session; ``None`` where no trace holds anything.

    A trace begins with the first window, and so do the bands of the phases.
    """
    steps = {trace.component: merged(trace.watts) for trace in traces}
    lengths = [sum(seconds for seconds, _ in each) for each in steps.values()]
    phases = sum(window.reading.seconds for window in windows)
    seconds = max([phases, *lengths])
    highest = max((watts for each in steps.values() for _, watts in each), default=0.0)
    if not lengths or seconds <= 0 or highest <= 0:
        return None
    x_unit, y_unit = PLOT_WIDTH / seconds, PLOT_HEIGHT / (1.05 * highest)
    ends = [LEFT + round(x_unit * end) for end in accumulate(w.reading.seconds for w in windows)]
    starts = [LEFT, *ends[:-1]]
    return TraceDrawing(
        bands=tuple(
            Band(window.phase, start, end - start)
            for window, start, end in zip(windows, starts, ends, strict=True)
        ),
        lines=tuple((name, _path(each, x_unit, y_unit)) for name, each in steps.items()),
        x_ticks=tuple(
            (LEFT + round(x_unit * tick), tick) for tick in linear_ticks(0.0, seconds, MOST_TICKS)
        ),
        y_ticks=tuple(
            (TOP + PLOT_HEIGHT - round(y_unit * tick), tick)
            for tick in linear_ticks(0.0, 1.05 * highest, MOST_TICKS)
        ),
    )


def merged(
    watts: Sequence[tuple[float, float]], most: int = MOST_STEPS
) -> list[tuple[float, float]]:
    """Join neighbouring steps of (seconds, watts) until there are about ``most``.

    Joined steps keep their energy: the power of the whole is its mean. A step that is long enough
    to be seen stays by itself, so that none is blurred into a short neighbour.
    """
    least = sum(seconds for seconds, _ in watts) / most
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
    floor = TOP + PLOT_HEIGHT
    at_x, at_y = LEFT, floor - round(y_unit * steps[0][1])
    made = [f"M{at_x} {at_y}"]
    total = 0.0
    for seconds, watts in steps:
        y = floor - round(y_unit * watts)
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
    floor = TOP + PLOT_HEIGHT
    head = f'<svg class="trace" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="13" '
    made = [f'{head}aria-label="{escape(label)}">']
    for n, band in enumerate(drawing.bands):
        made.append(
            f'<rect class="band{" odd" if n % 2 else ""}" x="{band.left}" y="{TOP}" '
            f'width="{band.width}" height="{PLOT_HEIGHT}"/>'
        )
        if band.width >= LEAST_LABEL:
            made.append(
                f'<text class="band-name" x="{band.left + band.width // 2}" y="{TOP - 7}" '
                f'text-anchor="middle">{escape(phase(band.phase))}</text>'
            )
    levels = "".join([f"M{LEFT} {y}h{PLOT_WIDTH}" for y, _ in drawing.y_ticks])
    moments = "".join([f"M{x} {floor}v5" for x, _ in drawing.x_ticks])
    made.append(f'<g class="grid"><path d="{levels}{moments}"/><g text-anchor="end">')
    made += [
        f'<text x="{LEFT - 7}" y="{y + 4}">{number(tick)}</text>' for y, tick in drawing.y_ticks
    ]
    made.append(
        f'<text class="axis-title" x="{LEFT + PLOT_WIDTH}" y="{HEIGHT - 6}">{escape(seconds)}'
        '</text></g><g text-anchor="middle">'
    )
    made += [f'<text x="{x}" y="{floor + 19}">{number(tick)}</text>' for x, tick in drawing.x_ticks]
    made.append(
        f'</g><path class="axis" d="M{LEFT} {floor}h{PLOT_WIDTH}"/>'
        f'<text class="axis-title" x="0" y="15">{escape(watts)}</text></g>'
    )
    for n, (_, path) in enumerate(drawing.lines):
        made.append(f'<path class="power power-{n}" d="{path}"/>')
    made.append("</svg>")
    return "".join(made)


def bar_svg(parts: Iterable[tuple[str, str, float]], *, label: str) -> str:
    """Spell one bar of parts that fill the width together: class, name and size of each.

    A part that is too narrow for its name has none. Empty where all of it is nothing.
    """
    sizes = [(kind, name, max(0.0, size)) for kind, name, size in parts]
    whole = sum(size for _, _, size in sizes)
    if whole <= 0:
        return ""
    ends = [round(WIDTH * end / whole) for end in accumulate(size for _, _, size in sizes)]
    head = f'<svg class="bar" viewBox="0 0 {WIDTH} {BAR_HEIGHT}" role="img" font-size="12" '
    made = [f'{head}aria-label="{escape(label)}">']
    start = 0
    for (kind, name, _), end in zip(sizes, ends, strict=True):
        if end > start:
            made.append(
                f'<rect class="{kind}" x="{start}" width="{end - start}" height="{BAR_HEIGHT}"/>'
            )
            if end - start >= LETTER * len(name):
                made.append(f'<text x="{start + 8}" y="{BAR_HEIGHT - 7}">{escape(name)}</text>')
        start = end
    made.append("</svg>")
    return "".join(made)
