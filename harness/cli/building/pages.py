"""The site, from boards to files: which there are, what each is made of, and what must be written.

Each ``Page`` is some files that are made together of one value, in whatever process. A digest of
what is in it says whether they can be left as they are. ``SOURCES`` says where pages come
from; whatever adds some to the site adds its function there.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from harness.cli.building.gathering import read_again
from harness.cli.building.kept_rows import OfBoard
from harness.cli.building.parts import PlacedRows, Wanted
from harness.cli.building.site import Files, Page, Site, bare, digest, page_of, spelt
from harness.ranking.gists import Gist
from harness.records.base import Frozen
from harness.records.board import Board, BoardEntry, Boards, FailedEntry
from harness.records.evaluation import EvaluationRecord
from harness.records.joint import JointStatistics
from harness.records.rules import Rules
from harness.site import paths
from harness.site.language import languages
from harness.site.render import BoardParts, Placed, index_files, placed
from harness.store.scanning import Mark

if TYPE_CHECKING:
    from harness.site.record_view import RecordView

KEPT = 8
"""Boards that are kept: pages of one are made one after the other."""


class Source(Protocol):
    """Says which pages a site has, of one kind."""

    def __call__(self, site: Site) -> Iterable[Page]:
        """Yield them, the largest first."""
        ...


def pages(site: Site) -> Iterator[Page]:
    """Yield all pages of a site, each with what it is made of."""
    site.parts.begin(_wanted(site))  # asked for last of all
    for source in SOURCES:
        yield from source(site)


# Pages of all boards


class _Index(NamedTuple):
    boards: Boards
    parts: list[BoardParts]
    address: str


class _Preview(Frozen, array_like=True):
    shown: Board | None
    boards: int
    entries: int


def index_pages(site: Site) -> Iterator[Page]:
    """Yield what shows all boards: page and feed in each language, ``boards.json`` and previews."""
    parts = site.parts.all()
    made_of, value = site.digest, lambda: _Index(site.boards, parts, site.address)
    yield Page("index", digest(spelt([made_of, site.address])), _index, value, leads=True)
    yield Page("boards.json", made_of, _exact, value, leads=True)
    shown = next((n for n, each in enumerate(parts) if each.drawn), None)
    board = None if shown is None else site.boards.boards[shown]
    told = None if board is None else site.digests(board).whole
    numbers = len(parts), sum(site.counts)

    def preview() -> _Preview:
        whole = None if board is None else site.whole(board)
        return _Preview(shown=whole, boards=numbers[0], entries=numbers[1])

    yield Page("preview", digest(spelt([told, *numbers])), _preview, preview)


def _wanted(site: Site) -> Iterator[Wanted]:
    for each in placed(site.boards.boards, site.counts):
        made_of = [site.digests(each.board).whole, each.number, each.loads_at_once]
        value = partial(_with_rows, site, each)
        yield Wanted(each.board.id, digest(spelt(made_of)), value)


def _with_rows(site: Site, each: Placed) -> PlacedRows:
    of = site.spelt(each.board)
    return PlacedRows(of=of, number=each.number, loads_at_once=each.loads_at_once)


def _index(given: _Index) -> Files:
    return index_files(given.boards, given.parts, given.address)


def _preview(given: _Preview) -> Files:
    from harness.site.preview import pictures

    return pictures(given.shown, given.boards, given.entries)


def _exact(given: _Index) -> Files:
    from harness.site.plain import boards_json

    return {"boards.json": boards_json(given.boards, [each.line for each in given.parts])}


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
    for board in site.fresh:
        made_of = site.digests(board).whole
        yield Page(f"data {board.id}", made_of, _data, partial(site.spelt, board), board=board.id)


def _data(of: OfBoard) -> Files:
    from harness.site.render import data_of

    files = data_of(of.board, of.rows)
    of.keep()
    return files


# A page per entry


class _Record(Frozen, array_like=True):
    path: str
    mark: Mark
    digest: str
    signed_by: str | None
    view: bytes | None
    """What the page needs of it, where it was read just now."""


class _Entry(Frozen, array_like=True):
    """What the pages of one entry are made of; a record without its view is read there."""

    bare: bytes
    """What its board says of no single entry, spelt once for all of them."""
    row: BoardEntry | None
    failure: FailedEntry | None
    ranking: JointStatistics | None
    """What the page speaks of."""
    entry: str
    records: tuple[_Record, ...]
    ranked: int
    results: bytes
    """The folder, as the file system has it: it may be no UTF-8."""
    address: str


def entry_pages(site: Site) -> Iterator[Page]:
    """Yield the page and the badge of each entry of each board, in each language."""
    behind = _behind(site)
    for board in site.fresh:
        digests = site.digests(board)
        ranked = sum(each.rank is not None for each in board.entries)
        about = _about(board.ranking)
        results = os.fsencode(site.gathered.results)
        of_board = _OfBoard(spelt(bare(board)), ranked, about, results, site.address)
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
            made_of = digest(spelt(decides))
            yield Page(f"entry {place}", made_of, _entry, value, board=board.id)


class _OfBoard(NamedTuple):
    """What the pages of all entries of a board are made of."""

    bare: bytes
    ranked: int
    about: Callable[[str], JointStatistics | None]
    results: bytes
    address: str


def _entry_of(
    board: _OfBoard,
    name: str,
    row: BoardEntry | None,
    failure: FailedEntry | None,
    records: tuple[_Record, ...],
) -> _Entry:
    return _Entry(
        bare=board.bare,
        row=row,
        failure=failure,
        ranking=board.about(name),
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
            view=site.gathered.views.get(path),
        )
        for path in sorted({*own, *behind})
    )


def _entry(given: _Entry) -> Files:
    from harness.site.badge import badge
    from harness.site.entry_page import render_entry
    from harness.site.entry_view import Viewed, view_of

    viewed = [
        Viewed(each.path, each.digest, each.signed_by, _view(given.results, each))
        for each in given.records
    ]
    row, failure = given.row, given.failure
    board = replace(
        _board(given.bare),
        entries=(row,) if row else (),
        failed=(failure,) if failure else (),
        ranking=given.ranking,
    )
    view = view_of(board, given.entry, viewed, ranked=given.ranked)
    page = paths.entry_page_name(board.id, given.entry)
    shown = paths.badge_name(board.id, given.entry)
    files: Files = {}
    for code, made in render_entry(view, given.address).items():
        files[paths.in_language(page, code)] = made
        if view.entry is not None:
            drawn = badge(board, view.entry, code, ranked=given.ranked)
            files[paths.in_language(shown, code)] = drawn
    return files


@lru_cache(maxsize=KEPT)
def _board(content: bytes) -> Board:
    """Read a board that many entries have in common."""
    return msgspec.msgpack.decode(content, type=Board)


def _view(results: bytes, record: _Record) -> RecordView:
    """Return what the page needs of a record: as it was worked out then, or of its file."""
    from harness.site.record_view import record_view

    handed, again = _decoders()
    if record.view is not None:
        return handed.decode(record.view)
    return record_view(read_again(os.fsdecode(results), record.path, record.mark, again))


@cache
def _decoders() -> tuple[
    msgspec.msgpack.Decoder[RecordView], msgspec.json.Decoder[EvaluationRecord]
]:
    """Return what reads the view of a record, and of a record's file what a view is made of."""
    from harness.records.narrowing import narrowed
    from harness.site.record_view import NEEDED, RecordView

    narrow = narrowed(EvaluationRecord, NEEDED)
    return msgspec.msgpack.Decoder(RecordView), msgspec.json.Decoder(narrow)


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
    from harness.site.method_page import render_method

    rules = msgspec.json.decode(given.rules, type=Rules)
    return {
        paths.in_language(paths.METHOD, language.code): render_method(
            given.boards, rules, language.code, given.address
        )
        for language in languages()
    }


SOURCES: tuple[Source, ...] = (data_pages, method_pages, assets, entry_pages, index_pages)
