"""What a site is made of, and what tells each of its pages from what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import NamedTuple, Protocol

import msgspec
from msgspec.structs import replace

from harness.cli.building.entries import Entries, Members, bare, members_of
from harness.cli.building.gathering import Gathered
from harness.cli.building.kept_rows import OfBoard, Shelf
from harness.cli.building.parts import Parts
from harness.records.board import Board, Boards
from harness.records.rules import Rules

Files = dict[str, bytes]
"""Contents by name, relative to the site's folder, with forward slashes."""


Key = tuple[int, ...]
"""Of a page. It is all that another process is told of one."""

Make = Callable[[Key], Files]
"""Makes the files of a page."""


class Page(NamedTuple):
    """Files that are made together."""

    name: str
    """Of this page among those of the site; its files are known once it is made."""
    made_of: str
    """A digest of everything that decides the files' contents, besides the harness's own code."""
    key: Key
    """By which the site tells it from others, here and in copies of this process."""
    large: bool = False
    """Whether it takes as long as many others, so that it is made by itself."""
    board: str = ""
    """The board that it is of, by its identifier; empty: of all together."""


class Kept(Protocol):
    """A board that is as it was for the last build, which left its own pages as they should be."""

    @property
    def count(self) -> int:
        """How many entries it has."""
        ...

    @property
    def digest(self) -> str:
        """What ``BoardDigests.whole`` is of it."""
        ...

    def whole(self) -> Board:
        """Return it with all its rows."""
        ...


@dataclass(frozen=True)
class Site:
    """What a site is made of."""

    boards: Boards
    """Of those that are ``kept`` only the first rows need be here."""
    gathered: Gathered
    """The records behind the boards that are not ``kept``, with what was kept of each."""
    rules: Rules
    address: str = ""
    """Where it is published, with a slash at its end; empty: not known."""
    kept: Mapping[str, Kept] = field(default_factory=dict)
    """By the board's identifier. Of these there are no data and no pages of entries to make."""
    parts: Parts = field(default_factory=Parts)
    shelf: Shelf = field(default_factory=Shelf)
    """Where the rows of boards are kept as their files spell them."""
    _digests: dict[str, BoardDigests] = field(default_factory=dict)
    _entries: dict[str, Entries] = field(default_factory=dict)

    def digests(self, board: Board) -> BoardDigests:
        """Tell a board and its rows from what they were; each row is spelt once."""
        if (known := self._digests.get(board.id)) is None:
            kept = self.kept.get(board.id)
            known = BoardDigests("", {}, kept.digest, b"") if kept else board_digests(board)
            self._digests[board.id] = known
        return known

    @cached_property
    def digest(self) -> str:
        """Tell what all boards say, with what could not be used and what was imported."""
        boards = [self.digests(board).whole for board in self.boards.boards]
        return digest(spelt([boards, self.boards.problems, self.boards.imported]))

    @cached_property
    def counts(self) -> list[int]:
        """How many entries each board has."""
        return [
            self.kept[board.id].count if board.id in self.kept else len(board.entries)
            for board in self.boards.boards
        ]

    @property
    def fresh(self) -> Iterator[Board]:
        """The boards that are not kept."""
        return (board for board in self.boards.boards if board.id not in self.kept)

    def spelt(self, board: Board) -> OfBoard:
        """Return one of the boards with all its rows, which are spelt when they are asked for.

        That takes tens of megabytes of a large board: nobody holds it here.
        """
        digests = tuple(self.digests(board).rows.values())
        return OfBoard(board=self.whole(board), digests=digests, shelf=self.shelf)

    def entries_of(self, board: Board) -> Entries:
        """Return what the pages of its entries are made of."""
        if (known := self._entries.get(board.id)) is None:
            known = Entries(board, self._members.get(board.id, {}), self.gathered.stored)
            self._entries[board.id] = known
        return known

    @cached_property
    def _members(self) -> Members:
        return members_of(self.boards, self.gathered)

    def whole(self, board: Board) -> Board:
        """Return one of the boards with all its rows."""
        return self.kept[board.id].whole() if board.id in self.kept else board


class BoardDigests(NamedTuple):
    """Digests that change exactly when the board does."""

    bare: str
    """Of what it says of no single entry."""
    rows: dict[str, str]
    """Of each row, by entry."""
    whole: str
    spelt: bytes
    """The rows that these are of, as msgpack spells a list of them."""


def board_digests(board: Board) -> BoardDigests:
    """Return the digests by which a changed board is noticed."""
    lines = [spelt(row) for row in board.entries]
    rows = {row.entry: digest(line) for row, line in zip(board.entries, lines, strict=True)}
    rest = spelt(replace(board, entries=()))
    whole = digest(spelt([rest, [*rows.values()]]))
    together = b"".join([_LIST, len(lines).to_bytes(4, "big"), *lines])
    return BoardDigests(digest(spelt(bare(board))), rows, whole, together)


_LIST = b"\xdd"
"""Before a list in msgpack, with how many it has in four bytes."""


def digest(content: bytes) -> str:
    """Return a digest of an encoded value."""
    return blake2b(content, digest_size=16).hexdigest()


spelt = msgspec.msgpack.Encoder().encode
