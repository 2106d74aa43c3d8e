"""A badge: energy class and rank range of an entry, as a small SVG for a page of the team's own.

It stands by itself, in an ``img`` of somebody else's page: no font, style or script from outside,
and colours of its own that can be read on light and on dark. The class is a letter first and a
colour second. Text is as wide as it was reckoned here, whatever the reader's font.
"""

from __future__ import annotations

from functools import lru_cache
from html import escape
from itertools import accumulate
from typing import NamedTuple

from harness.records.board import Board, BoardEntry, BoardStatus
from harness.records.meter import Grade
from harness.site.language import language
from harness.site.text import shorten, width_in_ems
from harness.site.words import task_title

HEIGHT = 20
FONT_SIZE = 11
BASELINE = 14
PADDING = 7
ARROW = 6
"""How far the class points into what follows it."""
LONGEST_TASK = 36
LONGEST_NAME = 80
KEPT = 1024
"""Badges that are kept, but for the name of the entry: those of a board differ in little else."""

PLAIN_PAPER, PLAIN_INK = "#2b3734", "#ffffff"
LIGHT_PAPER, LIGHT_INK = "#eef2f0", "#1c2321"
CLASS_COLOURS = {
    "A": ("#00224e", "#ffffff"),
    "B": ("#1f3a6e", "#ffffff"),
    "C": ("#434e6c", "#ffffff"),
    "D": ("#666870", "#ffffff"),
    "E": ("#b0a574", "#1c2321"),
    "F": ("#d3c164", "#1c2321"),
    "G": ("#fee838", "#1c2321"),
}
"""Paper and ink of each class, along the cividis colour map, whose order the colour-blind see as
others do: J. R. Nuñez, C. R. Anderton and R. S. Renslow, *Optimizing colormaps with consideration
for color vision deficiency*, PLOS ONE 13(7), 2018. Two letters take the colour of the first."""
NO_CLASS = ("#56605c", "#ffffff")


class Segment(NamedTuple):
    """A stretch of the badge: what it says, on its own paper."""

    text: str
    paper: str
    ink: str

    @property
    def text_width(self) -> int:
        """Room for the text, in pixels: estimated for a wide sans serif."""
        return max(1, round(FONT_SIZE * width_in_ems(self.text)))

    @property
    def width(self) -> int:
        """Room for the text and what is left free on either side of it."""
        return self.text_width + 2 * PADDING


def badge(board: Board, entry: BoardEntry, code: str, *, ranked: int | None = None) -> bytes:
    """Return an entry's badge in the language of that code, as a stand-alone SVG.

    It names the task, the energy class or why there is none, the range of ranks of how many, and
    what the board is unless that is official; a class of modelled or simulated energy says so. Its
    label says the same in full, with the entry's name, to those who cannot see it. ``ranked`` is
    how many entries have a rank, where the board is given without the other ones.
    """
    spoken = language(code)
    said = _Said(
        title=task_title(board, spoken),
        status=board.status,
        grade=board.meter_grade,
        energy_class=entry.energy_class,
        why_none=_no_class(entry),
        rank=entry.rank,
        ranked=_ranked(board) if ranked is None else ranked,
        baseline=entry.baseline,
    )
    name = shorten(entry.entry, LONGEST_NAME) or spoken.text("entry.no_name")
    return escape(name).join(_form(said, code)).encode()


class _Said(NamedTuple):
    """What a badge says besides the name of the entry: many of a board say the same."""

    title: str
    status: BoardStatus
    grade: Grade
    energy_class: str | None
    why_none: str
    """The key of why it has no class."""
    rank: tuple[int, int] | None
    ranked: int
    baseline: bool


@lru_cache(maxsize=KEPT)
def _form(said: _Said, code: str) -> tuple[str, ...]:
    """Spell a badge, in pieces between which the name of the entry goes."""
    spoken = language(code)
    energy, rank, status = (
        _energy(said, code),
        _rank(said, code),
        spoken.name("status", said.status),
    )
    shown = rank if said.status == "official" else f"{rank} · {status.lower()}"
    segments = (
        Segment(shorten(said.title, LONGEST_TASK), PLAIN_PAPER, PLAIN_INK),
        energy,
        Segment(shown, LIGHT_PAPER, LIGHT_INK),
    )
    label = spoken.text(
        "badge.label",
        entry=_HERE,
        task=shorten(said.title, LONGEST_NAME),
        energy=energy.text,
        rank=rank,
        status=status,
    )
    drawn = escape(label).join(_drawn(segments, spoken.text("language.tag")))
    return tuple(drawn.split(_HERE))


_HERE = "\x01"
"""Stands for the name of the entry: a control character, which no cleaned text has left."""


def _no_class(entry: BoardEntry) -> str:
    """Return the key of why it has no class; it is not asked for where it has one."""
    if entry.joules_per_1000_queries is None:
        return "badge.unresolved"
    return "badge.at_floor" if entry.at_floor else "badge.no_class"


def _energy(said: _Said, code: str) -> Segment:
    """Return what is said of the energy, in the colours of its class."""
    spoken = language(code)
    if not said.energy_class:
        return Segment(spoken.text(said.why_none), *NO_CLASS)
    shown = spoken.text(f"badge.energy_{said.grade}", energy_class=said.energy_class)
    return Segment(shown, *CLASS_COLOURS.get(said.energy_class[:1], NO_CLASS))


def _rank(said: _Said, code: str) -> str:
    spoken = language(code)
    if said.rank is None:
        return spoken.text("badge.reference" if said.baseline else "badge.no_rank")
    return spoken.text("badge.rank", rank=spoken.rank_range(said.rank), ranked=said.ranked)


def _ranked(board: Board) -> int:
    """Count the entries that have a rank: those that its range is among."""
    if board.ranking is not None:  # at once: there may be as many badges as entries
        return len(board.ranking.entries)
    return sum(each.rank is not None for each in board.entries)


def _drawn(segments: tuple[Segment, ...], tag: str) -> tuple[str, ...]:
    """Spell the badge, in pieces between which its label goes.

    Papers go from right to left, as the class points over its neighbour.
    """
    *starts, end = accumulate([each.width for each in segments], initial=0)
    width = end + ARROW
    starts[-1] += ARROW
    border = starts[2] - ARROW
    papers = (
        f'<path fill="{segments[2].paper}" d="M{border - 1} 0H{width}V{HEIGHT}H{border - 1}z"/>'
        f'<path fill="{segments[1].paper}" d="{_arrow(starts[1] - 1, border)}"/>'
        f'<path fill="{segments[0].paper}" d="M0 0H{starts[1]}V{HEIGHT}H0z"/>'
    )
    words = "".join(_text(each, x) for each, x in zip(segments, starts, strict=True))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}"'
        f' viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="'
    )
    drawing = (
        "</title>"
        f'<clipPath id="round"><rect width="{width}" height="{HEIGHT}" rx="4"/></clipPath>'
        f'<g clip-path="url(#round)">{papers}</g>'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{HEIGHT - 1}" rx="3.5"'
        f' fill="none" stroke="{NO_CLASS[0]}"/>'
        f'<g font-family="{_FONT}" font-size="{FONT_SIZE}" aria-hidden="true">{words}</g></svg>\n'
    )
    return head, f'" lang="{tag}"><title>', drawing


_FONT = "Verdana,DejaVu Sans,Geneva,sans-serif"


def _arrow(left: int, right: int) -> str:
    tip = right + ARROW
    return f"M{left} 0H{right}L{tip} {HEIGHT // 2}L{right} {HEIGHT}H{left}z"


def _text(segment: Segment, start: int) -> str:
    return (
        f'<text x="{start + PADDING}" y="{BASELINE}" fill="{segment.ink}"'
        f' textLength="{segment.text_width}" lengthAdjust="spacingAndGlyphs">'
        f"{escape(segment.text)}</text>"
    )
