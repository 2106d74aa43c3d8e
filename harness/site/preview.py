"""The picture that other sites show beside a link to the leaderboard: ``preview.png``.

What is on it is drawn in whole numbers, its letters are strokes of a font of our own: the same
bytes on any machine, whatever fonts it has. It is painted twice as large as it is kept, so that
edges become smooth.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from harness.records.board import Board, Boards
from harness.site.figure import Figure, Layout, Mark, can_be_drawn, draw
from harness.site.language import Language, language, languages
from harness.site.paths import in_language
from harness.site.png import Colour, png
from harness.site.strokes import spelt, width, written
from harness.site.text import shorten
from harness.site.words import board_metric, sentence_case, task_title

WIDTH, HEIGHT = 1200, 630
"""In pixels: what sites that show such pictures ask for."""
FINER = 2
"""How much larger it is painted, on either axis."""

Pixels = NDArray[np.uint8]
Point = tuple[float, float]

PAPER, WASH, LINE, INK, QUIET, ACCENT = range(6)
COLOURS: dict[int, Colour] = {
    PAPER: (252, 252, 250),
    WASH: (226, 238, 244),
    LINE: (212, 219, 215),
    INK: (28, 35, 33),
    QUIET: (86, 96, 92),
    ACCENT: (0, 101, 144),
}
"""As in ``css/base.css``, in light; lines are a little darker."""
SMOOTHED = (INK, QUIET, ACCENT)
STEPS = FINER * FINER
LAYER_BITS = 3
"""In which the number of a layer has room."""

MARGIN = 64
BAND = 12
"""Height of the stripe along the top."""
TITLE_TOP, SUBTITLE_TOP, AXES_TOP, FOOT_TOP = 48, 126, 170, 570
LARGE, MIDDLE, SMALL = 46, 24, 15
"""What capitals are high, in pixels."""

LAYOUT = Layout(
    name="preview", width=WIDTH, height=552, left=140, right=MARGIN, top=212, bottom=52,
    font_size=24, most_x_ticks=7, most_y_ticks=5, label_characters=18,
)  # fmt: skip
"""A font's size that makes the room reserved for a name wide enough for this font."""
LABEL_RISE = 18
"""From the line on which a name stands to the top of its capitals."""
RADIUS = 9
LONGEST_TEXT = 200

SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
POWER = re.compile("(?:(?P<times>\\s*\N{MULTIPLICATION SIGN}\\s*)|\\b)10(?P<power>[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")
DOT = re.compile(r"M(-?\d+(?:\.\d+)?) (-?\d+)h(\d+)")


def preview_name(code: str) -> str:
    """Return the name of a language's picture, relative to the site's folder."""
    return in_language("preview.png", code)


def previews(boards: Boards) -> dict[str, bytes]:
    """Return the picture in each language, by name: 1200 by 630 pixels, PNG.

    It shows the first board that has something to draw; without one, it says that there is none.
    """
    shown = next((each for each in boards.boards if any(map(can_be_drawn, each.entries))), None)
    return pictures(shown, len(boards.boards), sum(len(each.entries) for each in boards.boards))


def pictures(shown: Board | None, boards: int, entries: int) -> dict[str, bytes]:
    """Return the picture in each language of the board that is shown, and of how many there are."""
    figure = None if shown is None else draw(shown, LAYOUT)
    drawn = None if shown is None or figure is None else (shown, figure)
    return {
        preview_name(each.code): png(_smoothed(_painted(drawn, boards, entries, each)), _palette())
        for each in languages()
    }


def preview(boards: Boards, code: str = "en") -> bytes:
    """Return the picture in the language of that code: see ``previews``."""
    return previews(boards)[preview_name(language(code).code)]


class _Canvas:
    """Rows of layers, ``FINER`` times as many as of pixels; positions are in pixels."""

    def __init__(self) -> None:
        self.layers = np.full((FINER * HEIGHT, FINER * WIDTH), PAPER, np.uint8)

    def box(self, left: float, top: float, right: float, bottom: float, layer: int) -> None:
        """Fill a rectangle."""
        x1, y1, x2, y2 = (max(0, round(FINER * each)) for each in (left, top, right, bottom))
        self.layers[y1:y2, x1:x2] = layer

    def line(self, start: Point, end: Point, width: float, layer: int) -> None:
        """Draw a level or an upright line."""
        half = width / 2
        (left, right), (top, bottom) = (sorted(pair) for pair in zip(start, end, strict=True))
        self.box(left - half, top - half, right + half, bottom + half, layer)

    def dot(self, x: float, y: float, radius: float, layer: int, *, diamond: bool = False) -> None:
        """Draw a disc, or a diamond as high."""
        middle_x, middle_y, reach = (round(FINER * each) for each in (x, y, radius))
        inside = _dot(reach, diamond=diamond)
        rows = slice(middle_y - reach, middle_y + reach + 1)
        columns = slice(middle_x - reach, middle_x + reach + 1)
        self.layers[rows, columns][inside] = layer

    def text(self, text: str, left: float, top: float, height: int, layer: int) -> None:
        """Write a line whose capitals begin at ``top``, as far as there is room."""
        ink, column, row = written(text, FINER * height)
        y, x = round(FINER * top) - row, round(FINER * left) - column
        place = self.layers[max(0, y) : y + ink.shape[0], max(0, x) : x + ink.shape[1]]
        shown = ink[max(0, -y) :, max(0, -x) :]
        place[shown[: place.shape[0], : place.shape[1]]] = layer


@cache
def _dot(reach: int, *, diamond: bool) -> NDArray[np.bool_]:
    """Return where a disc or a diamond is, of a square around it."""
    across = np.arange(-reach, reach + 1)
    up = across[:, np.newaxis]
    inside: NDArray[np.bool_] = (
        abs(up) + abs(across) <= reach if diamond else up * up + across * across <= reach**2
    )
    return inside


def _painted(
    shown: tuple[Board, Figure] | None, boards: int, entries: int, spoken: Language
) -> Pixels:
    canvas = _Canvas()
    canvas.box(0, 0, WIDTH, BAND, ACCENT)
    canvas.text(_plain(spoken.text("page.title")), MARGIN, TITLE_TOP, LARGE, INK)
    if shown is None:
        said = _plain(spoken.text("page.no_board"))
        canvas.text(_fitting(said, MIDDLE), MARGIN, SUBTITLE_TOP, MIDDLE, QUIET)
        return canvas.layers
    board, figure = shown
    said = spoken.text(
        "page.against",
        metric=sentence_case(board_metric(board, spoken)),
        joules=spoken.name("joules", board.meter_grade),
    )
    canvas.text(
        _fitting(_plain(task_title(board, spoken)), MIDDLE), MARGIN, SUBTITLE_TOP, MIDDLE, ACCENT
    )
    canvas.text(_fitting(_plain(said), SMALL), MARGIN, AXES_TOP, SMALL, QUIET)
    _axes(canvas, figure, spoken)
    _front(canvas, figure)
    for mark in figure.marks:
        _mark(canvas, mark)
    parts = (
        spoken.text("preview.boards", n=boards),
        spoken.text("page.entries", n=entries),
        spoken.name("status", board.status),
    )
    canvas.text(_fitting(_plain(" · ".join(parts)), MIDDLE), MARGIN, FOOT_TOP, MIDDLE, INK)
    return canvas.layers


def _axes(canvas: _Canvas, figure: Figure, spoken: Language) -> None:
    plot = LAYOUT.plot
    for (x, y), (end, _) in pairwise(figure.front):
        canvas.box(x, y, end, plot.bottom, WASH)
    for tick in figure.x_ticks:
        across = tick.position
        canvas.line((across, plot.top), (across, plot.bottom), 1, LINE)
        said = _plain(spoken.figure(tick.label))
        canvas.text(said, across - _width(said, SMALL) / 2, plot.bottom + 14, SMALL, QUIET)
    for tick in figure.y_ticks:
        up = tick.position
        canvas.line((plot.left, up), (plot.right - 1, up), 1, LINE)
        said = _plain(spoken.figure(tick.label))
        left = plot.left - 12 - _width(said, SMALL)
        canvas.text(said, left, up - SMALL / 2, SMALL, QUIET)
    canvas.line((plot.left, plot.bottom), (plot.right, plot.bottom), 2, QUIET)


def _front(canvas: _Canvas, figure: Figure) -> None:
    for found in DOT.findall(figure.dots):
        x, y, length = map(float, found)
        canvas.line((x, y), (x + length, y), 3, QUIET)
    for start, end in pairwise(figure.front):
        canvas.line(start, end, 4, ACCENT)


def _mark(canvas: _Canvas, mark: Mark) -> None:
    layer = ACCENT if mark.on_front else QUIET
    diamond = mark.shape == "diamond"
    for bar in mark.bars:
        canvas.line((bar.x1, bar.y1), (bar.x2, bar.y2), 2, layer)
    radius = RADIUS + 3 if diamond else RADIUS
    canvas.dot(mark.x, mark.y, radius, layer, diamond=diamond)
    if mark.shade == 0:
        canvas.dot(mark.x, mark.y, radius - 4, PAPER, diamond=diamond)
    if mark.label is None:
        return
    said, whole = spelt(mark.label.text)
    if whole:  # a name that the font cannot spell is better left out
        length = _width(said, SMALL)
        left = {"start": 0.0, "middle": -length / 2, "end": -length}[mark.label.anchor]
        canvas.text(said, mark.label.x + left, mark.label.y - LABEL_RISE, SMALL, INK)


def _plain(text: str) -> str:
    """Spell text in the characters that the font has, a question mark for others."""
    return spelt(POWER.sub(_power, " ".join(shorten(text, LONGEST_TEXT).split())))[0]


def _power(found: re.Match[str]) -> str:
    """Spell a power of ten without raised digits, which the font has not."""
    return ("e" if found["times"] else "1e") + found["power"].translate(SUPERSCRIPT)


def _width(text: str, height: int) -> float:
    return width(text, FINER * height) / FINER


def _fitting(text: str, height: int) -> str:
    """Cut a line to the width between the margins."""
    room = WIDTH - 2 * MARGIN
    if _width(text, height) <= room:
        return text
    while _width(f"{text}...", height) > room:
        text = text[:-1]
    return f"{text.rstrip()}..."


def _smoothed(layers: Pixels) -> Pixels:
    """Make each block of the finer picture one pixel: an index into ``_palette``.

    There are few blocks that differ: each is looked up by its four layers, two in either byte.
    """
    pairs = layers.view("<u2")
    looked_up: Pixels = _pixels()[pairs[0::2] | pairs[1::2] << LAYER_BITS]
    return looked_up


@cache
def _pixels() -> Pixels:
    """Return the pixel that each block becomes."""
    blocks = np.arange(1 << 8 + 2 * LAYER_BITS)
    shifts = (0, 8, LAYER_BITS, 8 + LAYER_BITS)
    parts = [blocks >> shift & (1 << LAYER_BITS) - 1 for shift in shifts]
    smooth = np.max([np.where(part <= LINE, part, 0) for part in parts], axis=0)
    most = np.zeros_like(blocks)
    for n, layer in enumerate(SMOOTHED):
        count = np.sum([part == layer for part in parts], axis=0)
        smooth = np.where(count > most, LINE + n * STEPS + count, smooth)
        most = np.maximum(most, count)
    made: Pixels = smooth.astype(np.uint8)
    return made


def _palette() -> tuple[Colour, ...]:
    """Return flat colours, then each of ``SMOOTHED`` in steps from the paper's to its own."""
    ramps = [
        _between(COLOURS[PAPER], COLOURS[layer], n)
        for layer in SMOOTHED
        for n in range(1, STEPS + 1)
    ]
    return (COLOURS[PAPER], COLOURS[WASH], COLOURS[LINE], *ramps)


def _between(start: Colour, end: Colour, step: int) -> Colour:
    red, green, blue = (
        (a * (STEPS - step) + b * step) // STEPS for a, b in zip(start, end, strict=True)
    )
    return red, green, blue
