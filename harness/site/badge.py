"""A badge: energy class and rank range of an entry, as a small SVG for a page of the team's own.

It stands by itself, in an ``img`` of somebody else's page: no font, style or script from outside,
and colours of its own that can be read on light and on dark. The class is a letter first and a
colour second. Text is as wide as it was reckoned here, whatever the reader's font.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from harness.records.board import Board, BoardEntry
from harness.site.language import Language, language
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


@dataclass(frozen=True)
class Segment:
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
    title = task_title(board, spoken)
    energy, paper, ink = _energy(board, entry, spoken)
    rank = _rank(entry, _ranked(board) if ranked is None else ranked, spoken)
    status = spoken.name("status", board.status)
    shown = rank if board.status == "official" else f"{rank} · {status.lower()}"
    segments = (
        Segment(shorten(title, LONGEST_TASK), PLAIN_PAPER, PLAIN_INK),
        Segment(energy, paper, ink),
        Segment(shown, LIGHT_PAPER, LIGHT_INK),
    )
    label = spoken.text(
        "badge.label",
        entry=shorten(entry.entry, LONGEST_NAME) or spoken.text("entry.no_name"),
        task=shorten(title, LONGEST_NAME),
        energy=energy,
        rank=rank,
        status=status,
    )
    return _drawn(segments, label, spoken.text("language.tag")).encode()


def _energy(board: Board, entry: BoardEntry, spoken: Language) -> tuple[str, str, str]:
    """Return what is said of the energy, and the colours of its paper and ink."""
    if entry.energy_class:
        said = spoken.text(f"badge.energy_{board.meter_grade}", energy_class=entry.energy_class)
        return said, *CLASS_COLOURS.get(entry.energy_class[:1], NO_CLASS)
    if entry.joules_per_1000_queries is None:
        return spoken.text("badge.unresolved"), *NO_CLASS
    if entry.at_floor:
        return spoken.text("badge.at_floor"), *NO_CLASS
    return spoken.text("badge.no_class"), *NO_CLASS


def _rank(entry: BoardEntry, ranked: int, spoken: Language) -> str:
    if entry.rank is None:
        return spoken.text("badge.reference" if entry.baseline else "badge.no_rank")
    return spoken.text("badge.rank", rank=spoken.rank_range(entry.rank), ranked=ranked)


def _ranked(board: Board) -> int:
    """Count the entries that have a rank: those that its range is among."""
    if board.ranking is not None:  # at once: there may be as many badges as entries
        return len(board.ranking.entries)
    return sum(each.rank is not None for each in board.entries)


def _drawn(segments: tuple[Segment, ...], label: str, tag: str) -> str:
    """Spell the badge: papers from right to left, as the class points over its neighbour."""
    starts = [sum(each.width for each in segments[:n]) for n in range(len(segments))]
    width = starts[-1] + segments[-1].width + ARROW
    starts[-1] += ARROW
    border = starts[2] - ARROW
    papers = (
        f'<path fill="{segments[2].paper}" d="M{border - 1} 0H{width}V{HEIGHT}H{border - 1}z"/>'
        f'<path fill="{segments[1].paper}" d="{_arrow(starts[1] - 1, border)}"/>'
        f'<path fill="{segments[0].paper}" d="M0 0H{starts[1]}V{HEIGHT}H0z"/>'
    )
    words = "".join(_text(each, x) for each, x in zip(segments, starts, strict=True))
    said = escape(label)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{HEIGHT}"'
        f' viewBox="0 0 {width} {HEIGHT}" role="img" aria-label="{said}" lang="{tag}">'
        f"<title>{said}</title>"
        f'<clipPath id="round"><rect width="{width}" height="{HEIGHT}" rx="4"/></clipPath>'
        f'<g clip-path="url(#round)">{papers}</g>'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{HEIGHT - 1}" rx="3.5"'
        f' fill="none" stroke="{NO_CLASS[0]}"/>'
        f'<g font-family="{_FONT}" font-size="{FONT_SIZE}" aria-hidden="true">{words}</g></svg>\n'
    )


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
