"""Where the names of points go: greedily, each in the first place beside its point that is free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Anchor = Literal["start", "middle", "end"]

LINE_HEIGHT = 1.25
BASELINE = 0.95
"""From the top of a label's box down to its baseline, both in ems."""


@dataclass(frozen=True)
class Box:
    """A rectangle of the drawing, y growing downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        """Say whether the two share any area or edge."""
        return (
            self.left <= other.right
            and other.left <= self.right
            and self.top <= other.bottom
            and other.top <= self.bottom
        )

    def holds(self, other: Box) -> bool:
        """Say whether ``other`` lies wholly inside."""
        return (
            self.left <= other.left
            and other.right <= self.right
            and self.top <= other.top
            and other.bottom <= self.bottom
        )


@dataclass(frozen=True)
class Wanted:
    """A name that would stand beside the point (x, y); ``width`` and ``size`` in user units."""

    x: float
    y: float
    text: str
    width: float
    size: float
    """The font's size."""
    may_cross: bool
    """Whether it may stand across a line when there is no clear place: better that than no name."""


@dataclass(frozen=True)
class Label:
    """A name that found its place: what an SVG ``text`` element needs."""

    x: float
    y: float
    text: str
    anchor: Anchor


def place(
    wanted: Sequence[Wanted], bounds: Box, points: Iterable[Box], lines: Iterable[Box]
) -> tuple[Label | None, ...]:
    """Place each name, in order; ``None`` where there is no room beside its point.

    No label leaves ``bounds``, or touches another or a point. Lines (error bars, the front) are
    kept clear, except by a name that may cross them and has no other place.
    """
    taken = list(points)
    crossed = list(lines)
    placed: list[Label | None] = []
    for want in wanted:
        free = [
            (label, box)
            for label, box in _places(want)
            if bounds.holds(box) and not any(box.overlaps(other) for other in taken)
        ]
        clear = (
            (label, box) for label, box in free if not any(box.overlaps(line) for line in crossed)
        )
        chosen = next(clear, free[0] if free and want.may_cross else None)
        if chosen is None:
            placed.append(None)
        else:
            label, box = chosen
            taken.append(box)
            placed.append(label)
    return tuple(placed)


def _places(want: Wanted) -> Iterator[tuple[Label, Box]]:
    """Yield the places beside a point, the most readable first."""
    height = LINE_HEIGHT * want.size
    near, far = 0.6 * want.size, 0.9 * want.size
    above, level, below = want.y - near - height + 2, want.y - height / 2, want.y + near - 2
    places: tuple[tuple[Anchor, float, float], ...] = (
        ("start", want.x + near, above),
        ("start", want.x + near, below),
        ("end", want.x - near, above),
        ("end", want.x - near, below),
        ("middle", want.x, want.y - far - height),
        ("middle", want.x, want.y + far),
        ("start", want.x + far, level),
        ("end", want.x - far, level),
    )
    for anchor, edge, top in places:
        left = {"start": edge, "middle": edge - want.width / 2, "end": edge - want.width}[anchor]
        box = Box(left, top, left + want.width, top + height)
        yield Label(edge, top + BASELINE * want.size, want.text, anchor), box
