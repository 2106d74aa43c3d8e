"""A page per entry of a board: everything that its records tell, readable without a script.

A page of five sessions takes some 20 kB: two thirds of it are figures (a row of thirteen for each
session, six for each phase, a trace of up to 64 steps), which is what people come here for; the
rest are the sentences without which they could not be read. So a page is made in all languages at
once (``polyglot``), its sections are laid out once for all pages that differ in nothing but figures
and names, and what it has in common with others is spelt once (``forms``). On two cores that others
kept busy it took 0.38 ms of CPU to make those of an entry in two languages, where it took 0.50 ms
when each page laid out its own sections, by turns; and 0.16 ms to derive what they share. That is
of records in the demonstration, by ``benchmarks/site_entries.py`` with Debian's Python.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import quote

from harness.records.board import BoardStatus
from harness.records.meter import Grade
from harness.site import (
    entry_again,
    entry_carbon,
    entry_history,
    entry_making,
    entry_quality,
    entry_result,
    entry_work,
)
from harness.site.blocks import (
    Block,
    Commands,
    Inline,
    Paragraph,
    Picture,
    Said,
    Section,
    name,
    named,
)
from harness.site.blocks_html import html, inline
from harness.site.entry_view import EntryView
from harness.site.forms import (
    SLOT,
    Form,
    form,
    form_of,
    form_of_each,
    form_of_section,
    spelt,
)
from harness.site.frame import INDEX, contents, framed
from harness.site.language import codes
from harness.site.paths import (
    METHOD,
    badge_name,
    entry_page_name,
    in_language,
    safe_name,
    to_top,
)
from harness.site.polyglot import polyglot
from harness.site.text import plain
from harness.site.versions import parted
from harness.site.wording import Wording, Words, wording
from harness.site.words import NOT_MEASURED, parts_in_the_method

KEPT = 256
"""Frames that are kept: pages of a board have the same."""
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
    filling = words.begin()
    above, between, below = _frame(*_framed(view, words), address)
    parts = [words.part(above)]
    parts.append(words.part(form_of(heading(view, words))))
    parts += (words.part(between), words.part(form(banners(view, words))))
    shown, made = [], []
    for section in _all_sections(view, words, address):  # each is made when it is asked for
        shown.append(section)
        made.append(words.part(form_of_section(section)))
    parts.append(words.part(form_of(contents(shown, words))))
    parts += (*made, words.part(below))
    return dict(zip(codes(), spelt(parts, filling), strict=True))


def _all_sections(view: EntryView, words: Words, address: str) -> Iterator[Section]:
    yield from sections(view, words)
    if view.entry is not None:
        yield _badge(view, words, address)


def title(view: EntryView, words: Words) -> str:
    """Name an entry and the task of its board."""
    shown = words.unique(name(view.name).text or words.say["entry.no_name"])
    return words.text("entry.of_board", entry=shown, task=words.task(view.board))


def _framed(view: EntryView, words: Words) -> tuple[str, str, str, bool]:
    """Return what is said around a page: its name, its title, its place and whether it has one."""
    page = _with_hole(entry_page_name(view.board.id, view.name), words)
    return page, title(view, words), words.unique(place_of(view)), view.entry is not None


def _with_hole(path: str, words: Words) -> str:
    """Return a path whose last part other pages do not have."""
    folder, _, file = path.rpartition("/")
    return f"{folder}/{words.unique(file)}"


@lru_cache(maxsize=KEPT)
def _frame(page: str, title: str, place: str, has_row: bool, address: str) -> tuple[Form, ...]:
    """Return what stands above the head of a page, between head and body, and below these."""
    versions = []
    for code, own_title in zip(codes(), parted(title), strict=True):
        words = wording(code)
        whole = framed(
            code,
            page=page,
            title=own_title,
            skip=words.say["entry.skip"],
            links=_links(words, place, to_top(in_language(page, code)), has_row=has_row),
            head=SLOT,
            body=SLOT,
            foot=html((Paragraph(words.say["entry.footer"]),)),
            address=address,
        )
        versions.append(whole.split(SLOT.encode()))
    return tuple([form_of_each(each) for each in zip(*versions, strict=True)])


def _links(words: Wording, place: str, top: str, *, has_row: bool) -> Iterator[Said]:
    code = words.language.code
    if has_row:
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
        # Names of files need no quoting, and most entries are named like one.
        is_plain = safe_name(view.name) == view.name
        sought = view.name if is_plain else quote(plain(view.name), safe="")
        search = f"?{board}.q={sought}"
    return f"{search}#board-{board}{'-table' if view.entry is not None else ''}"


def heading(view: EntryView, words: Words) -> str:
    """Spell the head of a page: whose it is, and on which board."""
    submission = view.latest.record.submission
    shown = name(view.name).text or words.say["entry.no_name"]
    lead = (words.quote("name", submission.name), " · ", words.quote("name", view.team))
    marks = tuple([Said("tag", mark) for mark in _marks(view, words)])
    return _heading(named(words.unique(shown)), lead, words.titled(view.board), marks)


@lru_cache(maxsize=KEPT)
def _heading(shown: Said, lead: Inline, board: str, marks: tuple[Said, ...]) -> str:
    return (
        f"<h1>{inline(shown)}</h1>\n"
        f'<p class="lead">{inline(lead)}</p>\n'
        f'<p class="subtitle">{board}</p>\n' + (f"<p>{inline(marks)}</p>\n" if marks else "")
    )


def _marks(view: EntryView, words: Words) -> Iterator[str]:
    if view.entry is None:
        yield words.say["entry.failed"]
        return
    if view.entry.verified:
        yield words.say["entry.verified"]
    for part in parts_in_the_method(view.board, view.entry.entry):
        yield words.named("part", part)


def banners(view: EntryView, words: Words) -> tuple[Block, ...]:
    """Return what a reader must know before any figure."""
    return _banners(words, view.board.meter_grade, view.board.status)


@lru_cache(maxsize=KEPT)
def _banners(words: Words, grade: Grade, status: BoardStatus) -> tuple[Block, ...]:
    def said(kind: str, code: str) -> Inline:
        return Said("strong", words.named(kind, code)), " ", words.explained(kind, code)

    banner = Paragraph(said("status", status), "banner")
    if grade not in NOT_MEASURED:
        return (banner,)
    return Paragraph(said("grade", grade), "strong"), banner


def sections(view: EntryView, words: Words) -> Iterator[Section]:
    """Yield what is told of an entry, on its page and in its report alike."""
    yield entry_result.result(view, words)
    yield entry_result.about(view, words)
    yield entry_result.warnings(view, words)
    if view.entry is not None:
        yield entry_work.energy(view, words)
        yield entry_quality.quality(view, words)
    if view.sessions:
        yield entry_work.sessions(view, words)
    if (carbon := entry_carbon.carbon(view, words)) is not None:
        yield carbon
    yield entry_making.circumstances(view, words)
    yield entry_again.again(view, words)
    yield entry_making.kept(view, words)
    yield entry_history.history(view, words)


def _badge(view: EntryView, words: Words, address: str) -> Section:
    """Show the badge and the line that puts it into a page of the team's own."""
    badge = _with_hole(badge_name(view.board.id, view.name), words)
    page = _with_hole(entry_page_name(view.board.id, view.name), words)
    shown = name(view.name).text
    alternative = words.unique(shown.translate(_OF_LINKS))
    return _of_badge(words, (badge, page), words.unique(shown), alternative, address)


_OF_LINKS = str.maketrans("", "", "[]()<>\\`")


@lru_cache(maxsize=KEPT)
def _of_badge(
    words: Words, paths: tuple[str, str], shown: str, alternative: str, address: str
) -> Section:
    badge, page = paths
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
    return Section("badge", words.say["entry.badge"], blocks, repeats=True)
