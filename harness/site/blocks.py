"""What a page says, apart from how it is written: paragraphs, facts, tables, commands, pictures.

A page of an entry and its report say the same, in HTML for a browser and in Markdown for a mail or
a pull request. So content is made once of the blocks below; ``blocks_html`` and
``blocks_markdown`` spell it. They are plain tuples: ten thousand pages are made of them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from harness.site.text import plain, shorten

UNKNOWN = "\N{EN DASH}"
"""Stands where there is no figure: never a zero."""
KEPT = 2048
"""Texts that are kept cleaned: entries of a board have most of theirs in common."""
LONGEST_NAME = 80
LONGEST_TEXT = 1000
"""Of what strangers wrote. The JSON files have all of it."""


Quoted: TypeAlias = Literal["name", "english", "code"]
"""What is not ours, and so is cleaned and escaped."""


class Said(NamedTuple):
    """A piece of text that is not simply words of the page."""

    kind: Literal["name", "english", "code", "quiet", "strong", "tag", "accent", "link"]
    """``name``: a stranger's, in a script of any direction. ``english``: as a record has it,
    whatever the page's language. ``tag`` and ``accent``: a mark, the second one of merit."""
    text: str
    address: str = ""
    """Of a link: a page of the site, or somebody's own."""
    foreign: bool = False
    """Whether the link leads off the site, to an address that a stranger gave."""


Inline: TypeAlias = "str | Said | tuple[Inline, ...]"
"""A text of the page, a piece, or several in a row."""


class Paragraph(NamedTuple):
    """A paragraph: ``explain`` is small, ``banner`` has a frame, ``strong`` stands out."""

    text: Inline
    kind: Literal["", "explain", "banner", "strong"] = ""


class Fact(NamedTuple):
    """A label and what stands beside it; several values are a list."""

    label: str
    values: tuple[Inline, ...]


class Facts(NamedTuple):
    """Labels with values."""

    facts: tuple[Fact, ...]


class Listing(NamedTuple):
    """A list."""

    items: tuple[Inline, ...]


class Column(NamedTuple):
    """The head of a column."""

    title: str
    number: bool = False


class Table(NamedTuple):
    """A table whose first column names its rows; most others hold figures."""

    label: str
    """What it shows, for those who do not see it."""
    columns: tuple[Column, ...]
    rows: tuple[tuple[Inline, ...], ...]


class Commands(NamedTuple):
    """Lines for a shell, or something else to be copied as it stands."""

    lines: tuple[str, ...]
    language: str = "sh"


class Picture(NamedTuple):
    """A drawing of ours, and what it shows in words."""

    svg: str
    caption: str
    wide: bool = False
    """Whether it is wider than a phone, and so moves sideways there by itself."""


Block: TypeAlias = Paragraph | Facts | Listing | Table | Commands | Picture


class Section(NamedTuple):
    """A heading and what stands below it."""

    id: str
    title: str
    blocks: tuple[Block | Section, ...]
    repeats: bool = False
    """Whether many pages have the very same: it is then spelt once and kept."""
    versions: tuple[Section, ...] = ()
    """The same in each language, where a page is made in all of them at once (``versions``)."""


def cleaned(kind: Quoted, text: str, length: int = 0) -> str:
    """Return what is quoted of a text: cleaned and, but for code, cut, if need be as usual."""
    if kind == "code":
        return plain(text)
    return shorten(text, length or _LONGEST[kind])


_LONGEST = {"name": LONGEST_NAME, "english": LONGEST_TEXT}


@lru_cache(maxsize=KEPT)
def name(text: str, length: int = LONGEST_NAME) -> Said:
    """Quote a stranger's name, cleaned and cut."""
    return Said("name", shorten(text, length))


@lru_cache(maxsize=KEPT)
def english(text: str, length: int = LONGEST_TEXT) -> Said:
    """Quote what a record says in English, cleaned and cut."""
    return Said("english", shorten(text, length))


@lru_cache(maxsize=KEPT)
def named(text: str) -> Said:
    """Mark as a stranger's name what is clean."""
    return Said("name", text)


def code(text: str) -> Said:
    """Quote something to be copied, cleaned."""
    return _new(Said, ("code", plain(text), "", False))


def with_code(said: Inline) -> Inline:
    """Show as code what a text of ours, or of a record, has between backticks; it is clean."""
    if isinstance(said, Said):
        pieces = said.text.split("`")
    elif isinstance(said, str):
        pieces = said.split("`")
    else:
        return said
    if len(pieces) == 1 or len(pieces) % 2 == 0:  # none, or one that was cut off
        return said
    return tuple(
        Said("code", piece)
        if n % 2
        else (said._replace(text=piece) if isinstance(said, Said) else piece)
        for n, piece in enumerate(pieces)
        if piece
    )


def quiet(text: str) -> Said:
    """Say something in passing."""
    return _new(Said, ("quiet", text, "", False))


def fact(label: str, *values: Inline) -> Fact:
    """Put values beside a label."""
    return _new(Fact, (label, values))


_new = tuple.__new__
"""Makes what a named tuple's own function makes, in half the time: a page has a hundred."""
