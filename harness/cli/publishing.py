"""The site, from boards to files: which there are, what each is made of, and what must be written.

Each ``Page`` is some files that are made together of one payload, in whatever process. The digest
of what is in a payload says whether they can be left as they are. ``SOURCES`` says where pages come
from; whatever adds some to the site adds its function there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from harness.cli.gathering import Gathered, read_again
from harness.ranking.gists import Gist
from harness.records.base import Frozen
from harness.records.board import Board, Boards
from harness.records.evaluation import EvaluationRecord
from harness.records.joint import JointStatistics
from harness.records.rules import Rules
from harness.site import paths
from harness.site.language import languages
from harness.store.scanning import Mark

Files = dict[str, bytes]
"""Contents by name, relative to the site's folder, with forward slashes."""


class Page(NamedTuple):
    """Files that are made together."""

    name: str
    """Of this page among those of the site; its files are known once it is made."""
    made_of: str
    """A digest of everything that decides the files' contents, besides the harness's own code."""
    make: Callable[[bytes], Files]
    """A function of a module, so that another process can call it."""
    payload: Callable[[], bytes]
    """Called only where the files have to be made."""
    leads: bool = False
    """Whether it leads to others, so that it is written after them."""


class Site(NamedTuple):
    """What a site is made of."""

    boards: Boards
    gathered: Gathered
    """The records behind the boards, with what was kept of each."""
    rules: Rules
    address: str = ""
    """Where it is published, with a slash at its end; empty: not known."""


class Source(Protocol):
    """Says which pages a site has, of one kind."""

    def __call__(self, site: Site) -> Iterable[Page]:
        """Yield them, the largest first."""
        ...


def pages(site: Site) -> Iterator[Page]:
    """Yield all pages of a site, each with what it is made of."""
    for source in SOURCES:
        yield from source(site)


def page_of(
    name: str, make: Callable[[bytes], Files], value: object, *, leads: bool = False
) -> Page:
    """Return a page that is made of one value, which msgpack can spell."""
    payload = msgspec.msgpack.encode(value)
    return Page(name, digest(payload), make, partial(_given, payload), leads)


def digest(content: bytes) -> str:
    """Return a digest of an encoded value."""
    return blake2b(content, digest_size=16).hexdigest()


def _given(payload: bytes) -> bytes:
    return payload


# Pages of all boards


class _Index(Frozen, array_like=True):
    boards: Boards
    language: str
    address: str


def index_pages(site: Site) -> Iterator[Page]:
    """Yield what shows all boards: page, feed and preview in each language, and ``boards.json``."""
    for language in languages():
        value = _Index(boards=site.boards, language=language.code, address=site.address)
        yield page_of(f"index {language.code}", _index, value, leads=True)
    yield page_of("boards.json", _exact, site.boards, leads=True)
    yield page_of("preview", _preview, site.boards)


def _index(payload: bytes) -> Files:
    from harness.site.feed import feed, feed_name
    from harness.site.language import language
    from harness.site.render import page
    from harness.site.views import views

    given = msgspec.msgpack.decode(payload, type=_Index)
    spoken = language(given.language)
    shown = views(given.boards.boards)
    return {
        paths.in_language("index.html", spoken.code): page(
            given.boards, shown, spoken, given.address
        ).encode(),
        feed_name(spoken): feed(given.boards, spoken, given.address),
    }


def _preview(payload: bytes) -> Files:
    from harness.site.preview import previews

    return previews(msgspec.msgpack.decode(payload, type=Boards))


def _exact(payload: bytes) -> Files:
    from harness.records.base import pretty_json

    return {"boards.json": pretty_json(msgspec.msgpack.decode(payload, type=Boards))}


# What is the same whatever is on the boards


def assets(site: Site) -> Iterator[Page]:
    """Yield style and script."""
    del site
    yield page_of("assets", _assets, None)


def _assets(payload: bytes) -> Files:
    from harness.site.render import assets

    del payload
    return assets()


# Data of each board


def data_pages(site: Site) -> Iterator[Page]:
    """Yield each board's data, for the script and to take away."""
    for board in site.boards.boards:
        yield page_of(f"data {board.id}", _data, board)


def _data(payload: bytes) -> Files:
    from harness.site.render import data_of

    return data_of(msgspec.msgpack.decode(payload, type=Board))


# A page per entry


class _Record(Frozen, array_like=True):
    path: str
    mark: Mark
    digest: str
    signed_by: str | None


class _Entry(Frozen, array_like=True):
    """What the pages of one entry are made of; records are read where the pages are made."""

    board: Board
    """With this entry alone."""
    entry: str
    records: tuple[_Record, ...]
    ranked: int
    results: str
    address: str


class _Shown(NamedTuple):
    path: str
    record: EvaluationRecord
    digest: str
    signed_by: str | None


def entry_pages(site: Site) -> Iterator[Page]:
    """Yield the page and the badge of each entry of each board, in each language."""
    behind = _behind(site)
    results = str(site.gathered.results)
    for board in site.boards.boards:
        ranked = sum(each.rank is not None for each in board.entries)
        bare = replace(board, entries=(), failed=(), notes=(), ranking=None)
        spelt = msgspec.msgpack.encode([bare, ranked, site.address])
        rows = {each.entry: each for each in board.entries}
        failures = {each.entry: each for each in board.failed}
        about = _about(board.ranking)
        for name in dict.fromkeys((*rows, *failures)):
            row, failure = rows.get(name), failures.get(name)
            records = _records_of(site, behind[board.id], name, row.evaluations if row else ())
            kept = [(each.path, each.digest, each.signed_by) for each in records]
            made_of = digest(spelt + msgspec.msgpack.encode([row, failure, about(name), kept]))

            alone = replace(
                bare,
                entries=(row,) if row else (),
                failed=(failure,) if failure else (),
                ranking=about(name),
            )
            value = _Entry(
                board=alone,
                entry=name,
                records=records,
                ranked=ranked,
                results=results,
                address=site.address,
            )
            payload = partial(msgspec.msgpack.encode, value)

            yield Page(f"entry {paths.entry_path(board.id, name)}", made_of, _entry, payload)


def _about(ranking: JointStatistics | None) -> Callable[[str], JointStatistics | None]:
    """Return what gives the part of a board's statistics that an entry's page speaks of."""
    if ranking is None:
        return lambda _entry: None
    bare = replace(ranking, entries=(), claims=(), prizes=(), apart=(), unranked=())
    bare = replace(bare, least_quality_difference=None, least_energy_ratio=None)
    unranked = {each.entry: replace(bare, unranked=(each,)) for each in ranking.unranked}
    return lambda entry: unranked.get(entry, bare)


def _behind(site: Site) -> Mapping[str, Mapping[str, list[Gist]]]:
    """Return the gists of every board by entry; what is a problem is on none."""
    unusable = {problem.path for problem in site.boards.problems}
    of_board = {head: each.board.id for head, each in site.gathered.heads.items()}
    found: defaultdict[str, defaultdict[str, list[Gist]]] = defaultdict(lambda: defaultdict(list))
    for gist in site.gathered.gists:
        if gist.path not in unusable:
            found[of_board[gist.head]][gist.entry].append(gist)
    return found


def _records_of(
    site: Site, members: Mapping[str, list[Gist]], name: str, behind: Iterable[str]
) -> tuple[_Record, ...]:
    """Return an entry's own records on a board, and those of exact copies that are in its row."""
    own = [gist.path for gist in members.get(name, ())]
    stored = site.gathered.stored
    return tuple(
        _Record(
            path=path,
            mark=stored[path].mark,
            digest=stored[path].digest,
            signed_by=stored[path].signed_by,
        )
        for path in sorted({*own, *behind})
    )


def _entry(payload: bytes) -> Files:
    from harness.site.badge import badge
    from harness.site.entry_page import render_entry
    from harness.site.entry_view import entry_view

    given = _ENTRY.decode(payload)
    results = Path(given.results)
    stored = [
        _Shown(each.path, read_again(results, each.path, each.mark), each.digest, each.signed_by)
        for each in given.records
    ]
    view = entry_view(given.board, given.entry, stored, ranked=given.ranked)
    files: Files = {}
    for code in (language.code for language in languages()):
        page = paths.entry_page_name(given.board.id, given.entry, code)
        files[page] = render_entry(view, code, given.address)
        if view.entry is not None:
            shown = badge(given.board, view.entry, code, ranked=given.ranked)
            files[paths.badge_name(given.board.id, given.entry, code)] = shown
    return files


_ENTRY = msgspec.msgpack.Decoder(_Entry)


# The page on the method


class _Method(Frozen, array_like=True):
    boards: Boards
    rules: bytes
    address: str


def method_pages(site: Site) -> Iterator[Page]:
    """Yield the page on the method, in each language."""
    bare = replace(
        site.boards,
        boards=tuple(
            replace(board, entries=(), failed=(), notes=(), ranking=None)
            for board in site.boards.boards
        ),
        problems=(),
        imported=(),
    )
    rules = msgspec.json.encode(site.rules)
    yield page_of("method", _method, _Method(boards=bare, rules=rules, address=site.address))


def _method(payload: bytes) -> Files:
    from harness.site.method_page import PAGE, render_method

    given = msgspec.msgpack.decode(payload, type=_Method)
    rules = msgspec.json.decode(given.rules, type=Rules)
    return {
        paths.in_language(PAGE, language.code): render_method(
            given.boards, rules, language.code, given.address
        )
        for language in languages()
    }


SOURCES: tuple[Source, ...] = (index_pages, data_pages, method_pages, assets, entry_pages)
