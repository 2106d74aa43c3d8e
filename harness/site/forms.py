"""A page as a form that is filled in: what many pages have in common is spelt once, with holes.

Pages of entries differ in figures, in names and in drawings; what stands around these is the same
for many. So whatever makes a page in all languages at once (``polyglot``) gets a *hole* where it
asks for a figure, or says that a text is of this page alone. Blocks with the same holes are spelt,
encoded and parted by language once; a page is these forms, filled with its own values.

A hole is a control character and a number, so that no text of a stranger is one (``text.plain``).
Whether something is a hole or stands in the form changes nothing of the page: blocks that have a
text of their own are a form of their own, which takes longer to make.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from harness.site.blocks import Block, Section
from harness.site.blocks_html import html
from harness.site.text import significant_lines
from harness.site.versions import encoded, neutral, signed

HOLE, END, SLOT = "\x04", "\x05", "\x06"
"""Begins a hole; stands between what fills holes; stands in a frame for what it is around."""
MOST = 2048
"""Holes of a kind that there are: characters for private use, which nothing makes small letters."""
_FIRST = 0xE000
FIGURES, TEXTS, VERSIONS = (
    tuple([f"{HOLE}{chr(_FIRST + kind * MOST + n)}" for n in range(MOST)]) for kind in range(3)
)
"""Holes by their number, which counts from the beginning of what is made at once."""
_PARTS = re.compile(f"{HOLE}([{FIGURES[0][1]}-{VERSIONS[-1][1]}])")
KEPT = 1024
"""Forms that are kept."""
LARGEST = 100_000
"""Bytes of a form, in all languages together, that is kept: one that is larger says what a single
page says for which there were no holes left, and no other page asks for it."""
WHOLE = 256
"""Whole pages that are kept put together of forms: each took 39 kB of those looked at."""


class Filling(NamedTuple):
    """What fills holes, each kind by their numbers."""

    figures: list[float]
    """Are spelt with three significant digits."""
    texts: list[str]
    """HTML, the same in each language but for the signs in its figures."""
    versions: list[Sequence[bytes]]
    """HTML in each language, in UTF-8."""


class Form:
    """A part of a page, in each language. Two are the same only if they are one object."""

    def __init__(self, versions: Iterable[str]) -> None:
        parts = [_PARTS.split(version) for version in versions]  # every second one is a hole
        self.around = [[each.encode() for each in pieces[::2]] for pieces in parts]
        """What stands before, between and after holes."""
        self.holes = [
            [divmod(ord(each) - _FIRST, MOST) for each in pieces[1::2]] for pieces in parts
        ]
        """The kind of each and its number, in their order."""
        self.is_large = sum([len(piece) for pieces in self.around for piece in pieces]) > LARGEST


_forms: dict[tuple[object, ...], tuple[Form, tuple[Block | Section, ...]]] = {}
"""By all that is in the blocks; sections that repeat are known by which object they are, which is
held so that its place is no other's meanwhile."""


def form(blocks: Iterable[Block | Section], level: int = 2) -> Form:
    """Return the form of blocks; headings of sections are of this level."""
    whole = tuple(blocks)
    place = (level, *_place(whole))
    found = _forms.get(place)
    if found is not None:
        return found[0]
    made = form_of_each(encoded(html(whole, level)))
    if not made.is_large:
        if len(_forms) >= KEPT:
            _forms.clear()
        _forms[place] = (made, whole)
    return made


def form_of_section(section: Section) -> Form:
    """Return the form of a section; of one that repeats, it is found by which object it is."""
    found = _forms.get((2, id(section))) if section.repeats else None
    return form((section,)) if found is None else found[0]


def _place(blocks: Iterable[Block | Section]) -> list[object]:
    """Return what tells blocks from others: tuples of two types may be equal, and no block."""
    made: list[object] = []
    for block in blocks:
        if type(block) is not Section:
            made += (type(block), block)
        elif block.repeats:
            made.append(id(block))
        else:
            made += (block.id, block.title, tuple(_place(block.blocks)))
    return made


@lru_cache(maxsize=KEPT)
def form_of(text: str) -> Form:
    """Return the form of HTML that says what each language does between marks."""
    return form_of_each(encoded(text))


def form_of_each(versions: Iterable[bytes]) -> Form:
    """Return the form of HTML in each language."""
    return Form([each.decode() for each in versions])


Part: TypeAlias = tuple[Form, tuple[int, int, int]]
"""A form, and how many figures, texts and versions fill what stands before it."""


def spelt(parts: Sequence[Part], filling: Filling) -> list[bytes]:
    """Return a page in each language: forms one after the other, filled."""
    figures, texts, versions = filling
    counts = len(figures), len(texts), len(versions)
    if figures:
        texts = [neutral(significant_lines(figures)).replace("\n", END), *texts]
    values = END.join(texts).encode().split(_END) if texts else []
    if len(values) != counts[0] + counts[1]:
        raise ValueError("what fills a hole holds the mark that stands between them")
    is_large = any(each.is_large for each, _ in parts)
    wholes = (_put_together.__wrapped__ if is_large else _put_together)(counts, *parts)
    made = []
    for n, (around, pick) in enumerate(wholes):
        page = [*around]
        page[1::2] = pick([*values, *[each[n] for each in versions]])
        made.append(b"".join(page))
    return signed(made)


_END = END.encode()
_Whole: TypeAlias = tuple[list[bytes], Callable[[list[bytes]], tuple[bytes, ...]]]
"""Pieces of which every second one is to be filled, and what picks what fills these."""


@lru_cache(maxsize=WHOLE)
def _put_together(counts: tuple[int, int, int], *parts: Part) -> list[_Whole]:
    """Return a whole page in each language; what fills it is figures, then texts, then versions."""
    made = []
    before = 0, counts[0], counts[0] + counts[1]
    for n in range(len(parts[0][0].around)):
        pieces = [b""]
        for form, _ in parts:
            first, *others = form.around[n]
            pieces[-1] += first
            for piece in others:
                pieces += (b"", piece)
        order = [
            before[kind] + begins[kind] + number
            for form, begins in parts
            for kind, number in form.holes[n]
        ]
        made.append((pieces, _picking(order)))
    return made


def _picking(order: Sequence[int]) -> Callable[[list[bytes]], tuple[bytes, ...]]:
    if len(order) > 1:  # of one it would give no tuple, and of none it is not made
        return itemgetter(*order)
    return lambda values: tuple([values[n] for n in order])
