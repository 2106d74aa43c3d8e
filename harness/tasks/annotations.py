"""True boxes as the public wildfire set writes them: one box a line, empty where there is none.

A line is ``class x_center y_center width height``, the last four as shares of the image's width
and height. The class says which object it is, and a task of one kind of object does not need it.
"""

from __future__ import annotations

import math

import numpy as np

from harness.tasks.protocol import Boxes

NUMBERS = 5
SLACK = 0.01
"""How far a box may stand out of the image, by rounding or a hasty hand; it is cut off there."""


def parse_annotations(text: str) -> Boxes:
    """Return (m, 4): x1, y1, x2, y2; ``ValueError`` names the line and what is wrong with it."""
    lines = [line for line in text.splitlines() if line.strip()]
    boxes = [_corners(line, number) for number, line in enumerate(lines, start=1)]
    return np.array(boxes, np.float64).reshape(-1, 4)


def spell_annotations(boxes: Boxes) -> str:
    """Write boxes, (m, 4) corners, the way that ``parse_annotations`` reads, as class 0."""
    lines = (
        f"0 {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}"
        for x1, y1, x2, y2 in boxes.tolist()
    )
    return "\n".join(lines)


def _corners(line: str, number: int) -> tuple[float, float, float, float]:
    fields = line.split()
    if len(fields) != NUMBERS:
        many = f"{len(fields)} field{'s' * (len(fields) != 1)}"
        raise ValueError(
            f"line {number} has {many}, not the {NUMBERS} of 'class x_center y_center width height'"
        )
    try:
        kind, x, y, width, height = map(float, fields)
    except ValueError:
        raise ValueError(f"line {number} is {line[:60]!r}: five numbers are wanted") from None
    if not all(map(math.isfinite, (kind, x, y, width, height))):
        raise ValueError(f"line {number} holds a number that is not finite")
    if width <= 0 or height <= 0:
        raise ValueError(f"line {number} is a box of {width:g} by {height:g}: it has no area")
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
    if min(corners) < -SLACK or max(corners) > 1 + SLACK:
        raise ValueError(
            f"line {number} reaches from ({corners[0]:g}, {corners[1]:g}) to "
            f"({corners[2]:g}, {corners[3]:g}), out of the image: 0 to 1 is the whole of it"
        )
    x1, y1, x2, y2 = (min(1.0, max(0.0, corner)) for corner in corners)
    if x1 == x2 or y1 == y2:
        raise ValueError(f"line {number} lies beside the image: nothing of it is inside")
    return x1, y1, x2, y2
