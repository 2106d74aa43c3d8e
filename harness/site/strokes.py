"""A small font of strokes for the preview picture: drawn in whole numbers, the same everywhere.

A glyph is a width and its strokes, on a grid whose capitals are 12 high: pairs of characters, x
then y downwards, each a digit of base 36. Small letters reach from 4 to 12, or down to 16. After
``~`` a stroke is rounded: its corners are cut again and again (G. Chaikin, *An algorithm for
high-speed curve generation*, 1974). Accents are strokes of their own, put over their letter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Point = tuple[int, int]

CAPITAL, LOWEST, HIGHEST = 12, 17, -5
"""In units of the grid, y growing downwards: what capitals are high, and how far anything goes."""
GAP, SPACE = 4, 6
FINE = 64
"""A unit of the grid in the whole numbers that are reckoned with."""
CUTS = 2
SMALL_HEIGHT = 4
"""Where small letters without an ascender begin; accents of others are this much higher."""

GLYPHS = {
    "A": (8, "0c408c 1878"), "B": (7, "000c ~00606606 ~06767c0c"), "C": (8, "~8270000c7c8a"),
    "D": (8, "000c ~00808c0c"), "E": (6, "60000c6c 0656"), "F": (6, "60000c 0656"),
    "G": (8, "~8270000c8c87 8757"), "H": (8, "000c 808c 0686"), "I": (0, "000c"),
    "J": (5, "~50585c0c09"), "K": (7, "000c 7007 347c"), "L": (6, "000c6c"),
    "M": (8, "0c0048808c"), "N": (8, "0c008c80"), "O": (8, "~00808c0c00"),
    "P": (7, "0c00 ~00707707"), "Q": (8, "~00808c0c00 598d"), "R": (7, "0c00 ~00707707 377c"),
    "S": (7, "~72700006767c0c0a"), "T": (8, "0080 404c"), "U": (7, "~00080c7c7870"),
    "V": (8, "004c80"), "W": (10, "003c537ca0"), "X": (7, "007c 700c"), "Y": (8, "004680 464c"),
    "Z": (7, "00700c7c"),
    "a": (6, "646c ~64040c6c64"), "b": (6, "000c ~04646c0c04"), "c": (6, "~6664040c6c6a"),
    "d": (6, "606c ~64040c6c64"), "e": (6, "0868 ~6864040c6c6a"), "f": (4, "~5020242c 0444"),
    "g": (6, "~64040c6c64 ~646c6g0g0e"), "h": (6, "000c ~080464686c"), "i": (0, "040c 0000"),
    "j": (3, "~343c3g0g 3030"), "k": (6, "000c 5409 276c"), "l": (2, "~000a0c2c"),
    "m": (10, "040c ~080454585c ~5854a4a8ac"), "n": (6, "040c ~080464686c"),
    "o": (6, "~04646c0c04"), "p": (6, "040g ~04646c0c04"), "q": (6, "646g ~64040c6c64"),
    "r": (4, "040c ~090444"), "s": (5, "~55540408585c0c0b"), "t": (5, "~20292c5c 0454"),
    "u": (6, "646c ~686c0c0804"), "v": (6, "043c64"), "w": (8, "042c466c84"),
    "x": (6, "046c 640c"), "y": (6, "043c 641g"), "z": (6, "04640c6c"),
    "0": (7, "~00707c0c00"), "1": (3, "02303c"), "2": (7, "~030070750c 0c7c"),
    "3": (7, "~0200707636 ~36767c0c0a"), "4": (7, "5c500878"), "5": (7, "600005 ~05757c0c0a"),
    "6": (7, "~05757c0c05 ~600109"), "7": (7, "00702c"), "8": (7, "~1060661610 ~06767c0c06"),
    "9": (7, "~0070770700 ~737b1c"),
    ".": (0, "0c0c"), ",": (1, "1b0e"), ":": (0, "0505 0c0c"), ";": (1, "1515 1b0e"),
    "-": (4, "0848"), "_": (6, "0d6d"), "·": (0, "0808"), "'": (0, "0003"), '"': (3, "0003 3033"),
    "(": (3, "~30040a3e"), ")": (3, "~00343a0e"), "[": (3, "30000e3e"), "]": (3, "00303e0e"),
    "/": (5, "0e50"), "+": (6, "0868 353b"), "=": (6, "0666 0a6a"), "<": (5, "54085c"),
    ">": (5, "04580c"), "%": (9, "~0030340400 ~68989c6c68 0c90"), "!": (0, "0008 0c0c"),
    "?": (6, "~020060653638 3c3c"), "*": (6, "3137 0266 6206"), "#": (7, "201c 605c 0474 0878"),
    "&": (8, "8c12 ~1210505316 ~16070c7c87"),
    "\N{MULTIPLICATION SIGN}": (5, "055a 550a"), "°": (3, "~0030330300"), "√": (8, "083c80"),
}  # fmt: skip
ACCENTS = {
    "\N{COMBINING ACUTE ACCENT}": "2140",
    "\N{COMBINING GRAVE ACCENT}": "2041",
    "\N{COMBINING CIRCUMFLEX ACCENT}": "113051",
    "\N{COMBINING DIAERESIS}": "1010 5050",
    "\N{COMBINING TILDE}": "~11104150",
    "\N{COMBINING CEDILLA}": "3c3e1g",
}
"""On a letter 6 wide; they are moved to the middle of theirs."""
SPELT = str.maketrans({
    "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{EN DASH}": "-", "\N{EM DASH}": "-", "\N{MINUS SIGN}": "-", "\N{HORIZONTAL ELLIPSIS}": "...",
    "«": "<", "»": ">", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss",
})  # fmt: skip
"""Signs that others stand for."""


def spelt(text: str) -> tuple[str, bool]:
    """Spell text in what the font has, and say whether all of it was there.

    What is not there becomes a question mark.
    """
    given = unicodedata.normalize("NFD", text.translate(SPELT))
    known = "".join(
        each if each in GLYPHS or each in ACCENTS or each == " " else "?" for each in given
    )
    return known, known == given


def width(text: str, height: int) -> int:
    """Return how wide a spelt line is whose capitals are ``height`` pixels high."""
    units = sum(_advance(each) for each in text if each not in ACCENTS)
    return max(0, units - GAP) * height // CAPITAL


def written(text: str, height: int) -> tuple[Mask, int, int]:
    """Write a spelt line whose capitals are ``height`` pixels high.

    Returns where there is ink, rows by columns, and where the left end of the capitals' top lies
    in it: column and row. Strokes are a sixth of that height wide, at least two pixels.
    """
    margin = _radius(height) + 1
    top = margin - HIGHEST * height // CAPITAL
    rows = top + LOWEST * height // CAPITAL + margin
    mask = np.zeros((rows, width(text, height) + 2 * margin + height), np.bool_)
    units, letter = 0, " "
    for each in text:
        if each in ACCENTS:
            left = units - _advance(letter)
            part = _accent(each, letter, height)
        else:
            left, letter, part = units, each, _glyph(each, height)
            units += _advance(each)
        start = left * height // CAPITAL
        place = mask[:, start : start + part.shape[1]]
        place |= part[:, : place.shape[1]]
    return mask, margin, top


def _advance(character: str) -> int:
    return SPACE if character == " " else GLYPHS[character][0] + GAP


def _radius(height: int) -> int:
    return max(1, height // 12)


@lru_cache(maxsize=512)
def _glyph(character: str, height: int) -> Mask:
    strokes = "" if character == " " else GLYPHS[character][1]
    return _mask(strokes, height, 0, 0)


@lru_cache(maxsize=256)
def _accent(accent: str, letter: str, height: int) -> Mask:
    aside = (_advance(letter) - GAP - 6) * FINE // 2
    up = 0 if letter.islower() or "CEDILLA" in unicodedata.name(accent) else SMALL_HEIGHT * FINE
    return _mask(ACCENTS[accent], height, aside, -up)


def _mask(strokes: str, height: int, aside: int, down: int) -> Mask:
    """Draw strokes, moved; a pixel has ink where its middle is near enough to one."""
    radius = _radius(height)
    margin = radius + 1
    top = margin - HIGHEST * height // CAPITAL
    rows = top + LOWEST * height // CAPITAL + margin
    mask = np.zeros((rows, 2 * margin + (10 * height) // CAPITAL + 1), np.bool_)
    for stroke in strokes.split():
        points = [
            (
                margin + (x + aside) * height // (CAPITAL * FINE),
                top + (y + down) * height // (CAPITAL * FINE),
            )
            for x, y in _points(stroke)
        ]
        for start, end in pairwise(points):
            _thick(mask, start, end, radius)
    return mask


def _points(stroke: str) -> Sequence[Point]:
    rounded = stroke.startswith("~")
    digits = stroke.removeprefix("~")
    points = [
        (int(digits[n], 36) * FINE, int(digits[n + 1], 36) * FINE) for n in range(0, len(digits), 2)
    ]
    for _ in range(CUTS if rounded else 0):
        points = list(_cut(points))
    return points


def _cut(points: Sequence[Point]) -> Iterator[Point]:
    """Cut each corner at a quarter of either side; an open line keeps its ends."""
    closed = points[0] == points[-1]
    if not closed:
        yield points[0]
    last = len(points) - 2
    for n, ((x1, y1), (x2, y2)) in enumerate(pairwise(points)):
        if closed or n > 0:
            yield (3 * x1 + x2) // 4, (3 * y1 + y2) // 4
        if closed or n < last:
            yield (x1 + 3 * x2) // 4, (y1 + 3 * y2) // 4
    if closed:
        (x1, y1), (x2, y2) = points[0], points[1]
        yield (3 * x1 + x2) // 4, (3 * y1 + y2) // 4
    else:
        yield points[-1]


def _thick(mask: Mask, start: Point, end: Point, radius: int) -> None:
    """Ink what is at most ``radius`` from the line between two points, in whole numbers."""
    (x1, y1), (x2, y2) = start, end
    left, right = max(0, min(x1, x2) - radius), max(x1, x2) + radius + 1
    top, bottom = max(0, min(y1, y2) - radius), max(y1, y2) + radius + 1
    place = mask[top:bottom, left:right]
    y = np.arange(top, top + place.shape[0])[:, np.newaxis]
    x = np.arange(left, left + place.shape[1])
    along_x, along_y = x2 - x1, y2 - y1
    square = along_x * along_x + along_y * along_y
    ends = np.minimum((x - x1) ** 2 + (y - y1) ** 2, (x - x2) ** 2 + (y - y2) ** 2)
    near = ends <= radius * radius
    if square:
        dot = (x - x1) * along_x + (y - y1) * along_y
        cross = (x - x1) * along_y - (y - y1) * along_x
        near |= (dot >= 0) & (dot <= square) & (cross * cross <= radius * radius * square)
    place |= near
