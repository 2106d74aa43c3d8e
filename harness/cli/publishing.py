"""The site, from boards to files: which there are, what each is made of, and what must be written.

Each ``Page`` is some files that are made together of one value, in whatever process. A digest of
what is in it says whether they can be left as they are. ``SOURCES`` says where pages come
from; whatever adds some to the site adds its function there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from harness.cli.gathering import Gathered, read_again
from harness.ranking.gists import Gist
from harness.records.base import Frozen
from harness.records.board import Board, BoardEntry, Boards, FailedEntry
from harness.records.evaluation import EvaluationRecord
from harness.records.joint import JointStatistics
from harness.records.rules import Rules
from harness.site import paths
from harness.site.language import languages
from harness.store.scanning import Mark

T = TypeVar("T")

Files = dict[str, bytes]
"""Contents by name, relative to the site's folder, with forward slashes."""


class Page(NamedTuple):
    """Files that are made together."""

    name: str
    """Of this page among those of the site; its files are known once it is made."""
    made_of: str
    """A digest of everything that decides the files' contents, besides the harness's own code."""
    make: Callable[[Any], Files]
    """A function of a module, so that another process can call it."""
    value: Callable[[], object]
    """What is given to it: a type that msgpack can spell. Asked for where files have to be made."""
    leads: bool = False
    """Whether it leads to others, so that it is written after them."""


@dataclass(frozen=True)
class Site:
    """What a site is made of."""

    boards: Boards
    gathered: Gathered
    """The records behind the boards, with what was kept of each."""
    rules: Rules
    address: str = ""
    """Where it is published, with a slash at its end; empty: not known."""

    @cached_property
    def digests(self) -> tuple[BoardDigests, ...]:
        """Tell boards and their rows from what they were; each row is spelt once."""
        return tuple(map(board_digests, self.boards.boards))

    @cached_property
    def digest(self) -> str:
        """Tell what all boards say, with what could not be used and what was imported."""
        boards = [each.whole for each in self.digests]
        return digest(_spelt([boards, self.boards.problems, self.boards.imported]))


class BoardDigests(NamedTuple):
    """What tells a board from what it was."""

    bare: str
    """Of what it says of no single entry."""
    rows: dict[str, str]
    """Of each row, by entry."""
    whole: str


def bare(board: Board) -> Board:
    """Return what a board says of no single entry."""
    return replace(board, entries=(), failed=(), notes=(), ranking=None)


def board_digests(board: Board) -> BoardDigests:
    """Return what tells a board from what it was."""
    rows = {row.entry: digest(_spelt(row)) for row in board.entries}
    rest = _spelt(replace(board, entries=()))
    return BoardDigests(digest(_spelt(bare(board))), rows, digest(_spelt([rest, [*rows.values()]])))


class Source(Protocol):
    """Says which pages a site has, of one kind."""

    def __call__(self, site: Site) -> Iterable[Page]:
        """Yield them, the largest first."""
        ...


def pages(site: Site) -> Iterator[Page]:
    """Yield all pages of a site, each with what it is made of."""
    for source in SOURCES:
        yield from source(site)


def page_of(name: str, make: Callable[[T], Files], value: T) -> Page:
    """Return a page that is made of one value, which msgpack can spell."""
    return Page(name, digest(_spelt(value)), make, lambda: value)


def digest(content: bytes) -> str:
    """Return a digest of an encoded value."""
    return blake2b(content, digest_size=16).hexdigest()


_spelt = msgspec.msgpack.Encoder().encode


# Pages of all boards


class _Index(Frozen, array_like=True):
    boards: Boards
    address: str


def index_pages(site: Site) -> Iterator[Page]:
    """Yield what shows all boards: page and feed in each language, ``boards.json`` and previews."""
    made_of, value = site.digest, lambda: site.boards
    placed = digest(_spelt([made_of, site.address]))
    index = partial(_Index, boards=site.boards, address=site.address)
    yield Page("index", placed, _index, index, leads=True)
    yield Page("boards.json", made_of, _exact, value, leads=True)
    yield Page("preview", made_of, _preview, value)


def _index(given: _Index) -> Files:
    from harness.site.feed import feeds
    from harness.site.render import index_files

    return index_files(given.boards, given.address) | feeds(given.boards, given.address)


def _preview(boards: Boards) -> Files:
    from harness.site.preview import previews

    return previews(boards)


def _exact(boards: Boards) -> Files:
    from harness.site.plain import boards_json

    return {"boards.json": boards_json(boards)}


# What is the same whatever is on the boards


def assets(site: Site) -> Iterator[Page]:
    """Yield style and script."""
    del site
    yield page_of("assets", _assets, None)


def _assets(nothing: None) -> Files:
    from harness.site.render import assets

    del nothing
    return assets()


# Data of each board


def data_pages(site: Site) -> Iterator[Page]:
    """Yield each board's data, for the script and to take away."""
    for board, digests in zip(site.boards.boards, site.digests, strict=True):
        yield Page(f"data {board.id}", digests.whole, _data, partial(_itself, board))


def _itself(board: Board) -> Board:
    return board


def _data(board: Board) -> Files:
    from harness.site.render import data_of

    return data_of(board)


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
    for board, digests in zip(site.boards.boards, site.digests, strict=True):
        ranked = sum(each.rank is not None for each in board.entries)
        about = _about(board.ranking)
        results = str(site.gathered.results)
        of_board = _OfBoard(bare(board), ranked, about, results, site.address)
        rows = {each.entry: each for each in board.entries}
        failures = {each.entry: each for each in board.failed}
        for name in dict.fromkeys((*rows, *failures)):
            row, failure = rows.get(name), failures.get(name)
            records = _records_of(site, behind[board.id], name, row.evaluations if row else ())
            kept = [(each.path, each.digest, each.signed_by) for each in records]
            of_row = digests.rows.get(name)
            decides = [digests.bare, ranked, site.address, of_row, failure, about(name), kept]
            value = partial(_entry_of, of_board, name, row, failure, records)
            place = paths.entry_path(board.id, name)
            yield Page(f"entry {place}", digest(_spelt(decides)), _entry, value)


class _OfBoard(NamedTuple):
    """What the pages of all entries of a board are made of."""

    bare: Board
    ranked: int
    about: Callable[[str], JointStatistics | None]
    results: str
    address: str


def _entry_of(
    board: _OfBoard,
    name: str,
    row: BoardEntry | None,
    failure: FailedEntry | None,
    records: tuple[_Record, ...],
) -> _Entry:
    alone = replace(
        board.bare,
        entries=(row,) if row else (),
        failed=(failure,) if failure else (),
        ranking=board.about(name),
    )
    return _Entry(
        board=alone,
        entry=name,
        records=records,
        ranked=board.ranked,
        results=board.results,
        address=board.address,
    )


def _about(ranking: JointStatistics | None) -> Callable[[str], JointStatistics | None]:
    """Return what gives the part of a board's statistics that an entry's page speaks of."""
    if ranking is None:
        return lambda _entry: None
    common = replace(ranking, entries=(), claims=(), prizes=(), apart=(), unranked=())
    common = replace(common, least_quality_difference=None, least_energy_ratio=None)
    unranked = {each.entry: replace(common, unranked=(each,)) for each in ranking.unranked}
    return lambda entry: unranked.get(entry, common)


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


def _entry(given: _Entry) -> Files:
    from harness.site.badge import badge
    from harness.site.entry_page import render_entry
    from harness.site.entry_view import entry_view

    results = Path(given.results)
    stored = [
        _Shown(each.path, read_again(results, each.path, each.mark), each.digest, each.signed_by)
        for each in given.records
    ]
    view = entry_view(given.board, given.entry, stored, ranked=given.ranked)
    page = paths.entry_page_name(given.board.id, given.entry)
    shown = paths.badge_name(given.board.id, given.entry)
    files: Files = {}
    for code, made in render_entry(view, given.address).items():
        files[paths.in_language(page, code)] = made
        if view.entry is not None:
            drawn = badge(given.board, view.entry, code, ranked=given.ranked)
            files[paths.in_language(shown, code)] = drawn
    return files


# The page on the method


class _Method(Frozen, array_like=True):
    boards: Boards
    rules: bytes
    address: str


def method_pages(site: Site) -> Iterator[Page]:
    """Yield the page on the method, in each language."""
    boards = tuple(map(bare, site.boards.boards))
    shown = replace(site.boards, boards=boards, problems=(), imported=())
    rules = msgspec.json.encode(site.rules)
    yield page_of("method", _method, _Method(boards=shown, rules=rules, address=site.address))


def _method(given: _Method) -> Files:
    from harness.site.method_page import PAGE, render_method

    rules = msgspec.json.decode(given.rules, type=Rules)
    return {
        paths.in_language(PAGE, language.code): render_method(
            given.boards, rules, language.code, given.address
        )
        for language in languages()
    }


SOURCES: tuple[Source, ...] = (index_pages, data_pages, method_pages, assets, entry_pages)
