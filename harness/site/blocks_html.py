"""Blocks as HTML, every text escaped. No style and no script stands in it: classes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from html import escape as escape_all
from re import compile as regular
from typing import Any

from harness.site.blocks import (
    Block,
    Column,
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
from harness.site.versions import joined, merged

FOREIGN = ' rel="noopener nofollow"'
"""Neither does the other page get a hold of ours, nor do we vouch for it."""

_SAID = {
    "name": "<bdi>%s</bdi>",
    "english": '<span lang="en" dir="auto">%s</span>',
    "code": "<code>%s</code>",
    "quiet": '<span class="quiet">%s</span>',
    "strong": "<strong>%s</strong>",
    "tag": '<span class="tag">%s</span>',
    "accent": '<span class="tag accent">%s</span>',
}
_PARAGRAPH = {
    "": "<p>",
    "explain": '<p class="explain">',
    "banner": '<p class="banner">',
    "strong": '<p class="banner strong">',
}


KEPT = 1024
"""Sections, and heads of tables, that are kept spelt."""
LARGEST = 100_000
"""Characters of a section that is kept: one that is larger no other page has."""
_found = regular("[&<>\"']").search


def escape(text: str) -> str:
    """Escape what is markup; most texts hold none, and looking is quicker than replacing."""
    return escape_all(text) if _found(text) else text


_fixed = lru_cache(maxsize=KEPT)(escape)
"""Escapes what many pages have: labels and titles."""


def html(blocks: Iterable[Block | Section], level: int = 2) -> str:
    """Spell blocks; headings of sections are of this level."""
    made: list[str] = []
    _write(blocks, level, made)
    return "".join(made)


def _write(blocks: Iterable[Block | Section], level: int, made: list[str]) -> None:
    """Append what they are spelt as: a page is joined once, not once for each of its sections."""
    for block in blocks:
        if type(block) is not Section:
            made.append(_WRITERS[type(block)](block))
        elif block.repeats:
            made.append(_kept(block, level))
        else:
            _write_section(block, level, made)


def inline(text: Inline) -> str:
    """Spell a text, escaped."""
    if type(text) is str:
        return escape_all(text) if _found(text) else text
    if type(text) is Said:
        kind, shown, address, foreign = text
        if kind == "link":
            return _link(shown, address, foreign=foreign)
        return _SAID[kind] % (escape_all(shown) if _found(shown) else shown)
    return "".join([inline(part) for part in text])  # type: ignore[arg-type] # a tuple is left


def _link(shown: str, address: str, *, foreign: bool) -> str:
    return f'<a href="{escape(address)}"{FOREIGN if foreign else ""}><bdi>{escape(shown)}</bdi></a>'


def _write_section(section: Section, level: int, made: list[str]) -> None:
    # A section of the page's own is set apart by style; one inside another is not.
    kind = ' class="part"' if level == 2 else ""  # noqa: PLR2004 - below the page's title
    made.append(
        f'<section id="{section.id}"{kind}>\n<h{level}>{_fixed(section.title)}</h{level}>\n'
    )
    _write(section.blocks, level + 1, made)
    made.append("</section>\n")


_spelt: dict[tuple[int, int], tuple[Section, str]] = {}
"""Sections that repeat, by which object it is and the level of its heading."""


def _kept(section: Section, level: int) -> str:
    """Spell a section that repeats once.

    Found by which object it is, as whoever makes it keeps it: to look at all that is in it takes
    half as long as to spell it. The object is held, so that its place is no other's meanwhile.
    """
    place = (id(section), level)
    found = _spelt.get(place)
    if found is None:
        each = []
        for version in section.versions or (section,):
            made: list[str] = []
            _write_section(version, level, made)
            each.append("".join(made))
        found = section, joined(each)
        if len(found[1]) <= LARGEST:
            if len(_spelt) >= KEPT:
                _spelt.clear()
            _spelt[place] = found
    return found[1]


def _paragraph(paragraph: Paragraph) -> str:
    return f"{_PARAGRAPH[paragraph.kind]}{inline(paragraph.text)}</p>\n"


def _facts(facts: Facts) -> str:
    made = []
    for label, values in facts.facts:
        if len(values) == 1:
            value = inline(values[0])
        else:
            value = f'<ul class="plain-list">{_items(values)}</ul>'
        made.append(f"<div><dt>{_fixed(label)}</dt><dd>{value}</dd></div>\n")
    return f'<dl class="facts">\n{"".join(made)}</dl>\n'


def _items(items: Iterable[Inline]) -> str:
    return "".join([f"<li>{inline(item)}</li>" for item in items])


def _listing(listing: Listing) -> str:
    return f'<ul class="plain-list apart">\n{_items(listing.items)}\n</ul>\n'


def _table(table: Table) -> str:
    label, columns, rows = table
    head, spelt = _head(label, columns)
    width = len(columns)
    if any(len(row) != width for row in rows):  # cells would move into rows that are not theirs
        raise ValueError(f"the table {label!r} has a row that has not a cell for each column")
    cells = [cell for row in rows for cell in row]
    names = [_row_name(cell) for cell in cells[::width]]
    if not _bare(cells, width):
        cells = [inline(cell) for cell in cells]
    cells[::width] = names
    return f"{head}{spelt * len(rows) % tuple(cells)}</tbody></table></div>\n"


def _row_name(cell: Inline) -> str:
    made = inline(cell)
    return _breakable(made) if isinstance(cell, Said) and cell.kind in {"name", "code"} else made


def _breakable(html: str) -> str:
    """Let lines end behind underscores and dots: names of labels and rules are long."""
    return html.replace("_", "_<wbr>").replace(".", ".<wbr>")


def _bare(cells: Sequence[Inline], width: int) -> bool:
    """Whether all cells but the names of rows are text without markup, as figures are.

    To look at all of them at once is quicker than at each.
    """
    others = [*cells]
    del others[::width]
    try:
        return not _found("\n".join(others))  # type: ignore[arg-type] # refused where one is no text
    except TypeError:
        return False


@lru_cache(maxsize=KEPT)
def _head(label: str, columns: tuple[Column, ...]) -> tuple[str, str]:
    """Spell what stands above a table's rows, and the row that its cells are put into."""
    heads = [
        f'<th scope="col"{"" if column.number else _TEXT}>{_breakable(escape(column.title))}</th>'
        for column in columns
    ]
    cells = ["<td>%s</td>" if column.number else f"<td{_TEXT}>%s</td>" for column in columns]
    head = (
        f'<div class="figures-box" role="region" aria-label="{escape(label)}" tabindex="0">'
        f"<table>\n<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>\n"
    )
    return merged(head), f'<tr><th scope="row">%s</th>{"".join(cells[1:])}</tr>\n'


_TEXT = ' class="text"'
"""Of a column that holds no figures: figures stand to the right, and are the most."""


def _commands(commands: Commands) -> str:
    lines = "\n".join(map(escape, commands.lines))
    return f'<pre class="commands" tabindex="0"><code>{lines}</code></pre>\n'


def _picture(picture: Picture) -> str:
    focusable = ' tabindex="0"' if picture.wide else ""
    return (
        f'<figure class="picture"{focusable}>{picture.svg}'
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>\n"
    )


_WRITERS: dict[type, Callable[[Any], str]] = {
    Paragraph: _paragraph,
    Facts: _facts,
    Listing: _listing,
    Table: _table,
    Commands: _commands,
    Picture: _picture,
}
