"""A page per entry of a board: everything that its records tell, readable without a script.

A page of five sessions takes some 20 kB: two thirds of it are figures (a row of fifteen for each
session, six for each phase, a trace of up to 64 steps), which is what people come here for; the
rest are the sentences without which they could not be read. On two cores that others kept busy it
took 0.83 ms of CPU to make those of an entry in two languages (1.34 ms one after the other, as it
was done before), and 0.3 ms to derive what they share; of records in the demonstration, by
``benchmarks/site_entries.py``. So a page is made in all languages at once (``polyglot``).
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from harness.site import entry_history, entry_making, entry_result, entry_work
from harness.site.blocks import Block, Commands, Paragraph, Picture, Said, Section, name
from harness.site.blocks_html import html, inline
from harness.site.entry_view import EntryView
from harness.site.frame import INDEX, contents, framed
from harness.site.language import codes
from harness.site.paths import (
    badge_name,
    entry_page_name,
    in_language,
    safe_name,
    to_top,
)
from harness.site.polyglot import polyglot
from harness.site.text import plain
from harness.site.versions import encoded
from harness.site.wording import Wording, Words, wording
from harness.site.words import NOT_MEASURED

METHOD = "method.html"
LONGEST_SEARCH = 100
"""Of the table's own: what is longer is not looked for."""
SITE = "SITE"
"""Stands for the address of a site where its organisers do not say it."""


def render_entry(view: EntryView, address: str = "") -> dict[str, bytes]:
    """Return the page of an entry in each language, by its code: ``entry_page_name(...)`` there.

    The same view gives the same bytes. What strangers wrote is text there, whatever it is.
    ``address`` is where the site is published, with a slash at its end; empty: not known.
    """
    words = polyglot()
    page = entry_page_name(view.board.id, view.name)
    shown = tuple(sections(view, words))
    if view.entry is not None:
        shown = (*shown, _badge(view, words, address))
    body = html(banners(view, words)) + contents(shown, words) + html(shown)
    place = place_of(view)
    heads, bodies = encoded(heading(view, words)), encoded(body)
    return {
        code: framed(
            code,
            page=page,
            title=title(view, wording(code)),
            skip=wording(code).say["entry.skip"],
            links=_links(view, place, wording(code), to_top(in_language(page, code))),
            head=own_head,
            body=own_body,
            foot=html((Paragraph(wording(code).say["entry.footer"]),)),
            address=address,
        )
        for code, own_head, own_body in zip(codes(), heads, bodies, strict=True)
    }


def title(view: EntryView, words: Wording) -> str:
    """Name an entry and the task of its board."""
    return words.text(
        "entry.of_board",
        entry=name(view.name).text or words.say["entry.no_name"],
        task=name(words.task_title(view.board)).text,
    )


def _links(view: EntryView, place: str, words: Wording, top: str) -> Iterator[Said]:
    code = words.language.code
    if view.entry is not None:
        yield Said("link", words.say["entry.place"], f"{top}{in_language(INDEX, code)}{place}")
    yield Said("link", words.say["method.title"], f"{top}{in_language(METHOD, code)}")


def place_of(view: EntryView) -> str:
    """Return what follows the address of the page of boards to show the entry's place in its table.

    The search of the board's table, as ``js/address.js`` keeps it, and the table itself, which is
    where a reader without a script is led to.
    """
    board = safe_name(view.board.id)
    search = ""
    if view.entry is not None and len(view.name) <= LONGEST_SEARCH:
        search = f"?{board}.q={quote(plain(view.name), safe='')}"
    return f"{search}#board-{board}{'-table' if view.entry is not None else ''}"


def heading(view: EntryView, words: Words) -> str:
    """Spell the head of a page: whose it is, and on which board."""
    submission = view.latest.record.submission
    shown = name(view.name).text or words.say["entry.no_name"]
    marks = "".join(inline(Said("tag", mark)) for mark in _marks(view, words))
    board = words.each(lambda own: inline(own.said_title(view.board)))
    return (
        f"<h1>{inline(Said('name', shown))}</h1>\n"
        f'<p class="lead">{inline((name(submission.name), " · ", name(submission.team)))}</p>\n'
        f'<p class="subtitle">{board}</p>\n' + (f"<p>{marks}</p>\n" if marks else "")
    )


def _marks(view: EntryView, words: Words) -> Iterator[str]:
    if view.entry is None:
        yield words.say["entry.failed"]
        return
    if view.entry.verified:
        yield words.say["entry.verified"]
    if view.entry.baseline:
        yield words.say["entry.baseline"]


def banners(view: EntryView, words: Words) -> Iterator[Block]:
    """Yield what a reader must know before any figure."""
    board = view.board
    for kind, code in (("grade", board.meter_grade), ("status", board.status)):
        if kind == "status" or code in NOT_MEASURED:
            said = (Said("strong", words.named(kind, code)), " ", words.explained(kind, code))
            yield Paragraph(said, "strong" if kind == "grade" else "banner")


def sections(view: EntryView, words: Words) -> Iterator[Section]:
    """Yield what is told of an entry, on its page and in its report alike."""
    yield entry_result.result(view, words)
    yield entry_result.about(view, words)
    yield entry_result.warnings(view, words)
    if view.entry is not None:
        yield entry_work.energy(view, words)
        yield entry_work.quality(view, words)
    if view.sessions:
        yield entry_work.sessions(view, words)
    if (carbon := entry_result.carbon(view, words)) is not None:
        yield carbon
    yield entry_making.circumstances(view, words)
    yield entry_making.again(view, words)
    yield entry_making.kept(view, words)
    yield entry_history.history(view, words)


def _badge(view: EntryView, words: Words, address: str) -> Section:
    """Show the badge and the line that puts it into a page of the team's own."""
    badge, page = badge_name(view.board.id, view.name), entry_page_name(view.board.id, view.name)
    shown = name(view.name).text
    alternative = "".join([each for each in shown if each not in "[]()<>\\`"])
    site = address or f"{SITE}/"

    def image(own: Wording) -> str:
        there = in_language(badge, own.language.code)
        return f'<img src="{to_top(there)}{there}" alt="{inline(shown)}">'

    def line(own: Wording) -> str:
        code = own.language.code
        there, page_there = in_language(badge, code), in_language(page, code)
        return f"[![{alternative}]({site}{there})]({site}{page_there})"

    why = words.say["entry.badge_at" if address else "entry.badge_why"]
    blocks = (Picture(words.each(image), why), Commands((words.each(line),), "markdown"))
    return Section("badge", words.say["entry.badge"], blocks)
