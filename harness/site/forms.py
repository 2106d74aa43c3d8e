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
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from harness.site.blocks import Block, Section
from harness.site.blocks_html import html
from harness.site.text import significant_lines
from harness.site.versions import encoded, neutral

Filling: TypeAlias = str | float
"""What fills a hole: a figure, which is spelt with three significant digits, or HTML."""

HOLE, END, SLOT = "\x04", "\x05", "\x06"
"""Begins a hole; stands between what fills holes; stands in a frame for what it is around."""
_FIRST = 0xE000
MOST = 6400
"""Holes that there are: the first range of characters for private use has so many."""
HOLES = tuple([f"{HOLE}{chr(_FIRST + n)}" for n in range(MOST)])
"""By their number, which counts from the beginning of what is made at once."""
_PARTS = re.compile(f"{HOLE}([{chr(_FIRST)}-{chr(_FIRST + MOST - 1)}])")
KEPT = 1024
"""Forms that are kept."""


class Form(NamedTuple):
    """A part of a page, in each language: what holes are left in, and which these are."""

    templates: tuple[bytes, ...]
    """To be filled by ``%``."""
    holes: tuple[tuple[int, ...], ...]


_forms: dict[tuple[object, ...], tuple[Form, tuple[Block | Section, ...]]] = {}
"""By all that is in the blocks; sections that repeat are known by which object they are, which is
held so that its place is no other's meanwhile."""


def form(blocks: Iterable[Block | Section], level: int = 2) -> Form:
    """Return the form of blocks; headings of sections are of this level."""
    whole = tuple(blocks)
    place = (level, *_place(whole))
    found = _forms.get(place)
    if found is None:
        if len(_forms) >= KEPT:
            _forms.clear()
        found = _forms[place] = (form_of(html(whole, level)), whole)
    return found[0]


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
    templates, holes = [], []
    for version in versions:
        pieces = _PARTS.split(version.decode())
        template = "%b".join([each.replace("%", "%%") for each in pieces[::2]])
        templates.append(template.encode())
        holes.append(tuple([ord(each) - _FIRST for each in pieces[1::2]]))
    return Form(tuple(templates), tuple(holes))


class Page:
    """What a page is put together of: forms, each with what fills its holes."""

    def __init__(self) -> None:
        self._forms: list[tuple[Form, int]] = []
        self._values: list[Filling] = []

    def fill(self, forms: Iterable[Form], values: Sequence[Filling]) -> None:
        """Add forms whose holes are numbered in the order of these values."""
        begin = len(self._values)
        self._forms += [(each, begin) for each in forms]
        self._values += values

    def spelt(self) -> list[bytes]:
        """Return it in each language."""
        made, count = [], len(self._values)
        for n, filling in enumerate(encoded(END.join(_spelt(self._values)))):
            values = filling.split(_END) if count else []
            if len(values) != count:
                raise ValueError("what fills a hole holds the mark that stands between them")
            template = b"".join([each.templates[n] for each, _ in self._forms])
            order = [begin + hole for each, begin in self._forms for hole in each.holes[n]]
            made.append(template % tuple([values[place] for place in order]))
        return made


_END = END.encode()


def _spelt(values: Sequence[Filling]) -> list[str]:
    """Spell figures, all at once: a page has about a hundred."""
    figures = [each for each in values if type(each) is not str]
    if not figures:
        return list(values)  # type: ignore[arg-type] # texts alone
    spelt = iter(neutral(significant_lines(figures)).split("\n"))  # type: ignore[arg-type] # figures
    return [each if type(each) is str else next(spelt) for each in values]
