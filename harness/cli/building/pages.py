"""The site, from boards to files: which there are, what each is made of, and what must be written.

Each ``Page`` is some files that are made together, in whatever process: any that is a copy of this
one has the site, and is told by a key which page to make. A digest of what is in it says whether
they can be left as they are. ``SOURCES`` says where pages come from; whatever adds some to the site
adds its functions there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from harness.cli.building.entries import bare
from harness.cli.building.gathering import Shelf, read_again
from harness.cli.building.parts import Wanted
from harness.cli.building.site import Files, Key, Page, Site, digest, spelt
from harness.records.board import Board, BoardEntry, Boards
from harness.records.evaluation import EvaluationRecord
from harness.site import paths
from harness.site.figure import can_be_drawn
from harness.site.language import languages
from harness.site.render import (
    BoardParts,
    Placed,
    assets,
    board_parts,
    data_of,
    index_files,
    placed,
)

if TYPE_CHECKING:
    from harness.site.record_view import RecordView


class Source(NamedTuple):
    """Where pages of one kind come from."""

    pages: Callable[[Site], Iterable[Page]]
    """Yields them, the largest first. Keys need differ within one source only."""
    make: Callable[[Site, Key], Files]
    """Makes the files of one by its key."""


def pages(site: Site) -> Iterator[Page]:
    """Yield the pages of a site that do not lead to others, each with what it is made of."""
    for number, source in enumerate(SOURCES):
        for page in source.pages(site):
            yield page._replace(key=(number, *page.key))


def leading(site: Site) -> list[Page]:
    """Return those that lead to others: pages and feed of all boards, and ``boards.json``."""
    site.parts.want(_wanted(site))
    made_of = site.digest
    return [
        Page("index", digest(spelt([made_of, site.address])), (_INDEX,)),
        Page("boards.json", made_of, (_EXACT,)),
    ]


def make(site: Site, key: Key) -> Files:
    """Make the files of one of the pages of a site."""
    if key == (_INDEX,):
        return index_files(site.boards, site.parts.all(), site.address)
    if key == (_EXACT,):
        return _exact(site)
    return SOURCES[key[0]].make(site, key[1:])


# Pages of all boards

_INDEX, _EXACT = -1, -2
"""Of no source: those of the others are numbered from 0."""


def preview_pages(site: Site) -> Iterator[Page]:
    """Yield the picture that others show beside a link, in each language."""
    shown = _shown(site)
    told = None if shown is None else site.digests(shown).whole
    numbers = len(site.counts), sum(site.counts)
    yield Page("preview", digest(spelt([told, *numbers])), (), large=True)


def _preview(site: Site, key: Key) -> Files:
    from harness.site.preview import pictures

    del key
    shown = _shown(site)
    return pictures(shown and site.whole(shown), len(site.counts), sum(site.counts))


def _exact(site: Site) -> Files:
    from harness.site.plain import boards_json

    each = [parts.in_json for parts in site.parts.all()]
    return {"boards.json": boards_json(site.boards, each)}


def _wanted(site: Site) -> Iterator[Wanted]:
    for each in placed(site.boards.boards, site.counts):
        digests = site.digests(each.board)
        made_of = digest(spelt([digests.whole, each.number, each.loads_at_once]))
        rows = tuple(digests.rows.values())
        yield Wanted(each.board.id, made_of, rows, partial(_parts, site, each, rows))


def _parts(
    site: Site, of: Placed, digests: Sequence[str], known: Mapping[str, bytes]
) -> BoardParts:
    from harness.site.plain import nested_row, row_line

    board = site.whole(of.board)
    rows = None
    if len(digests) == len(board.entries):
        rows = [
            known[digest] if digest in known else nested_row(row_line(row))
            for digest, row in zip(digests, board.entries, strict=True)
        ]
    return board_parts(of._replace(board=board), rows)


def _shown(site: Site) -> Board | None:
    """Return the first board that can be drawn."""
    return next((each for each in site.boards.boards if _can_be_drawn(site, each)), None)


def _can_be_drawn(site: Site, board: Board) -> bool:
    def can_be(rows: Iterable[BoardEntry]) -> bool:
        return any(map(can_be_drawn, rows))

    return can_be(board.entries) or can_be(site.whole(board).entries)


# What is the same whatever is on the boards


def asset_pages(site: Site) -> Iterator[Page]:
    """Yield style and script."""
    del site
    yield Page("assets", "", ())


def _assets(site: Site, key: Key) -> Files:
    del site, key
    return assets()


# Data of each board


def data_pages(site: Site) -> Iterator[Page]:
    """Yield each board's data, for the script and to take away."""
    for number, board in enumerate(site.boards.boards):
        if board.id not in site.kept:
            made_of = site.digests(board).whole
            yield Page(f"data {board.id}", made_of, (number,), large=True, board=board.id)


def _data(site: Site, key: Key) -> Files:
    of = site.spelt(site.boards.boards[key[0]])
    files = data_of(of.board, of.rows)
    of.keep()
    return files


# A page per entry


def entry_pages(site: Site) -> Iterator[Page]:
    """Yield the page and the badge of each entry of each board, in each language."""
    for number, board in enumerate(site.boards.boards):
        if board.id in site.kept:
            continue
        digests, of = site.digests(board), site.entries_of(board)
        for n, name in enumerate(of.names):
            kept = [(each.path, each.digest, each.signed_by) for each in of.records(name)]
            of_row, failure, about = digests.rows.get(name), of.failures.get(name), of.about(name)
            decides = [digests.bare, of.ranked, site.address, of_row, failure, about, name, kept]
            place = paths.entry_path(board.id, name)
            yield Page(f"entry {place}", digest(spelt(decides)), (number, n), board=board.id)


def _entry(site: Site, key: Key) -> Files:
    from harness.site.badge import badge
    from harness.site.entry_page import render_entry
    from harness.site.entry_view import Viewed, view_of

    number, n = key
    of = site.entries_of(site.boards.boards[number])
    name = of.names[n]
    viewed = [
        Viewed(each.path, each.digest, each.signed_by, _view(site, each))
        for each in of.records(name)
    ]
    board = of.board_of(name)
    view = view_of(board, name, viewed, ranked=of.ranked)
    page = paths.entry_page_name(board.id, name)
    shown = paths.badge_name(board.id, name)
    files: Files = {}
    for code, made in render_entry(view, site.address).items():
        files[paths.in_language(page, code)] = made
        if view.entry is not None:
            drawn = badge(board, view.entry, code, ranked=of.ranked)
            files[paths.in_language(shown, code)] = drawn
    return files


def _view(site: Site, record: Shelf) -> RecordView:
    """Return what the page needs of a record: as it was worked out then, or of its file."""
    from harness.site.record_view import record_view

    handed, again = _decoders()
    if (view := site.gathered.views.get(record.path)) is not None:
        return handed.decode(view)
    return record_view(read_again(site.gathered.results, record.path, record.mark, again))


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


def method_pages(site: Site) -> Iterator[Page]:
    """Yield the page on the method, in each language."""
    decides = [_method_boards(site), msgspec.json.encode(site.rules), site.address]
    yield Page("method", digest(spelt(decides)), ())


def _method_boards(site: Site) -> Boards:
    boards = tuple(map(bare, site.boards.boards))
    return replace(site.boards, boards=boards, problems=(), imported=())


def _method(site: Site, key: Key) -> Files:
    from harness.site.method_page import render_method

    del key
    boards = _method_boards(site)
    return {
        paths.in_language(paths.METHOD, language.code): render_method(
            boards, site.rules, language.code, site.address
        )
        for language in languages()
    }


SOURCES: tuple[Source, ...] = (
    Source(data_pages, _data),
    Source(preview_pages, _preview),
    Source(method_pages, _method),
    Source(asset_pages, _assets),
    Source(entry_pages, _entry),
)
