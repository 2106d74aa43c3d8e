"""Blocks as Markdown, in the dialect that GitHub and GitLab show: text stays text.

CommonMark 0.31 with tables. Every character that could mean something is escaped, so that a
stranger's name makes no link, no picture, no mention and no row of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from harness.site.blocks import (
    Block,
    Commands,
    Facts,
    Inline,
    Listing,
    Paragraph,
    Picture,
    Said,
    Section,
    Table,
)

_SPECIAL = re.compile(
    r"[\\`*_\[\]<>|~$&#@]|^[-+=]|^\d+(?=[.)](?:\s|$))|(?<=http)(?=s?://)|(?<=ftp)(?=://)"
    r"|(?<=www)(?=\.)|(?<=\bgh)(?=-\d)|:(?=[\w+-]+:)(?!\d\d:)",
    re.IGNORECASE,
)
"""Markup, tables, mathematics, entities, mentions, addresses, issues (GH-1), pictures (:name:); at
the beginning lists, too. Digits of a digest stay whole, for they are there to be copied: where a
repository has a commit of that name, GitHub makes a link to it."""
_JOINER = "\N{WORD JOINER}"
"""Seen by nobody: it keeps GitHub from making links of mentions, issues and addresses, and pictures
of names, which no backslash or entity does: it looks for these in what is shown."""
_NUMBER = re.compile(r"[-\u2212]?\d(?:[\d.,\u202f\u00a0]*\d)?(?:\s?%)?")
"""A figure needs no escape, and reads better in the source without. It ends in a digit: where a
text is a number and a point, Markdown takes these for the beginning of a list."""
_ENTITY = re.compile(r"&(?=#?\w+;)")
"""What would be taken for another character, in an address too."""


def markdown(blocks: Iterable[Block | Section], level: int = 2) -> str:
    """Spell blocks, a blank line between them; headings of sections are of this level."""
    made = []
    for block in blocks:
        if isinstance(block, Section):
            made.append(f"{'#' * level} {escaped(block.title)}\n")
            made.append(markdown(block.blocks, level + 1))
        else:
            made.append(_WRITERS[type(block)](block))
    return "\n".join(each for each in made if each)


def inline(text: Inline) -> str:
    """Spell a text, escaped."""
    if isinstance(text, str):
        return escaped(text)
    if isinstance(text, Said):
        return _said(text)
    return "".join(map(inline, text))


def escaped(text: str) -> str:
    """Spell a text so that nothing in it is markup."""
    if _NUMBER.fullmatch(text):
        return text
    return _SPECIAL.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    if character in {"", "@", ":"}:
        return character + _JOINER
    if character.isdigit():  # "1." begins a list, and a digit cannot be escaped
        return f"{character[:-1]}&#{ord(character[-1])};"
    return f"\\{character}{_JOINER if character == '#' else ''}"


def _said(said: Said) -> str:
    if said.kind == "code":
        fence = "`" * (1 + max(map(len, re.findall("`+", said.text)), default=0))
        room = " " if "`" in said.text else ""
        return f"{fence}{room}{said.text}{room}{fence}"
    if said.kind == "strong":
        return f"**{escaped(said.text)}**"
    if said.kind == "link":
        address = _ENTITY.sub("&amp;", re.sub(r"[\s<>\\]", "", said.address))
        return f"[{escaped(said.text)}](<{address}>)"
    return escaped(said.text)


def _paragraph(paragraph: Paragraph) -> str:
    begin = "> " if paragraph.kind in {"banner", "strong"} else ""
    return f"{begin}{inline(paragraph.text)}\n"


def _facts(facts: Facts) -> str:
    rows = [
        f"| {escaped(label)} | {'<br>'.join(map(_cell, values))} |" for label, values in facts.facts
    ]
    return "\n".join(["| | |", "|---|---|", *rows, ""])


def _cell(cell: Inline) -> str:
    text = inline(cell)
    # In code a pipe ends a cell all the same, and there its escape is taken away again.
    return re.sub(r"(?<!\\)\|", r"\\|", text).replace("\n", " ")


def _listing(listing: Listing) -> str:
    return "".join([f"- {inline(item)}\n" for item in listing.items])


def _table(table: Table) -> str:
    heads = [_cell(column.title) for column in table.columns]
    rules = ["---:" if column.number else "---" for column in table.columns]
    lines = chain((heads, rules), ([_cell(cell) for cell in row] for row in table.rows))
    return "".join([f"| {' | '.join(line)} |\n" for line in lines])


def _commands(commands: Commands) -> str:
    text = "\n".join(commands.lines)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}{commands.language}\n{text}\n{fence}\n"


def _picture(picture: Picture) -> str:  # noqa: ARG001 - there is none in Markdown: figures are
    return ""


_WRITERS: dict[type, Callable[[Any], str]] = {
    Paragraph: _paragraph,
    Facts: _facts,
    Listing: _listing,
    Table: _table,
    Commands: _commands,
    Picture: _picture,
}
