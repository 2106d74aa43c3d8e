"""A page per entry of a board: everything that its records tell, readable without a script.

A page of five sessions takes some 20 kB: two thirds of it are figures (a row of fifteen for each
session, six for each phase, a trace of up to 64 steps), which is what people come here for; the
rest are the sentences without which they could not be read. On two cores that others kept busy it
took 0.5 ms of CPU to make one, and 0.25 ms to derive what its languages share; of records in the
demonstration, by ``benchmarks/site_entries.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from harness.site import entry_history, entry_making, entry_result, entry_work
from harness.site.blocks import Block, Commands, Paragraph, Picture, Said, Section, name
from harness.site.blocks_html import html, inline
from harness.site.entry_view import EntryView
from harness.site.frame import INDEX, contents, framed
from harness.site.paths import badge_name, entry_page_name, in_language, safe_name, to_top
from harness.site.text import plain
from harness.site.wording import Wording, wording
from harness.site.words import NOT_MEASURED

METHOD = "method.html"
LONGEST_SEARCH = 100
"""Of the table's own: what is longer is not looked for."""
SITE = "SITE"
"""Stands for the address of a site where its organisers do not say it."""


def render_entry(view: EntryView, language: str, address: str = "") -> bytes:
    """Return the page of an entry, ``entry_page_name(...)`` in that language.

    The same view gives the same bytes. What strangers wrote is text there, whatever it is.
    ``address`` is where the site is published, with a slash at its end; empty: not known.
    """
    words = wording(language)
    page = entry_page_name(view.board.id, view.name)
    place = in_language(page, language)
    top = to_top(place)
    parts = (*sections(view, words), _badge(view, words, top, address))
    shown = tuple(part for part in parts if part is not None)
    return framed(
        language,
        page=page,
        title=words.text(
            "entry.of_board",
            entry=name(view.name).text or words.say["entry.no_name"],
            task=name(words.task_title(view.board)).text,
        ),
        skip=words.say["entry.skip"],
        links=_links(view, words, top),
        head=heading(view, words),
        body=html(banners(view, words)) + contents(shown, language) + html(shown),
        foot=html((Paragraph(words.say["entry.footer"]),)),
        address=address,
    )


def _links(view: EntryView, words: Wording, top: str) -> Iterator[Said]:
    code = words.language.code
    if view.entry is not None:
        place = f"{top}{in_language(INDEX, code)}{place_of(view)}"
        yield Said("link", words.say["entry.place"], place)
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


def heading(view: EntryView, words: Wording) -> str:
    """Spell the head of a page: whose it is, and on which board."""
    submission = view.latest.record.submission
    shown = name(view.name).text or words.say["entry.no_name"]
    marks = "".join(inline(Said("tag", mark)) for mark in _marks(view, words))
    return (
        f"<h1>{inline(Said('name', shown))}</h1>\n"
        f'<p class="lead">{inline((name(submission.name), " · ", name(submission.team)))}</p>\n'
        f'<p class="subtitle">{inline(words.said_title(view.board))}</p>\n'
        + (f"<p>{marks}</p>\n" if marks else "")
    )


def _marks(view: EntryView, words: Wording) -> Iterator[str]:
    if view.entry is None:
        yield words.say["entry.failed"]
        return
    if view.entry.verified:
        yield words.say["entry.verified"]
    if view.entry.baseline:
        yield words.say["entry.baseline"]


def banners(view: EntryView, words: Wording) -> Iterator[Block]:
    """Yield what a reader must know before any figure."""
    board = view.board
    for kind, code in (("grade", board.meter_grade), ("status", board.status)):
        if kind == "status" or code in NOT_MEASURED:
            said = (Said("strong", words.named(kind, code)), " ", words.explained(kind, code))
            yield Paragraph(said, "strong" if kind == "grade" else "banner")


def sections(view: EntryView, words: Wording) -> Iterator[Section]:
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


def _badge(view: EntryView, words: Wording, top: str, address: str) -> Section | None:
    """Show the badge and the line that puts it into a page of the team's own."""
    if view.entry is None:
        return None
    say = words.say
    badge = badge_name(view.board.id, view.name, words.language.code)
    page = entry_page_name(view.board.id, view.name, words.language.code)
    shown = name(view.name).text
    image = f'<img src="{top}{badge}" alt="{inline(shown)}">'
    site = address or f"{SITE}/"
    why = say["entry.badge_at" if address else "entry.badge_why"]
    alternative = "".join(each for each in shown if each not in "[]()<>\\`")
    return Section(
        "badge",
        say["entry.badge"],
        (
            Picture(image, why),
            Commands((f"[![{alternative}]({site}{badge})]({site}{page})",), "markdown"),
        ),
    )
