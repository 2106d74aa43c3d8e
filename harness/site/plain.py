"""Boards as JSON, fast: the same bytes as Python's own spelling of them, row by row.

Most of the time that a board's files take goes into the JSON of its rows. msgspec spells a row ten
times as fast as Python, and alike but for two things: a number that is none becomes null, and one
that either gives an exponent may be spelt otherwise. A row with such a number is left to Python,
which refuses a figure that is not finite.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

import msgspec
from msgspec.structs import astuple, replace

from harness.records.base import Frozen
from harness.records.board import Board, BoardEntry, Boards

SURE_FROM, SURE_BELOW = 1e-4, 1e15
"""Neither library gives an exponent to these."""

_spell = msgspec.json.Encoder().encode
_python = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode


def json_line(value: object) -> bytes:
    """Spell any value in one line, without spaces; ``ValueError`` on a NaN or an infinity."""
    return _python(msgspec.to_builtins(value)).encode()


def row_line(row: BoardEntry) -> bytes:
    """Return the ``json_line`` of a row."""
    return _spell(row) if _is_sure(astuple(row)) else json_line(row)


def _is_sure(values: Iterable[object]) -> bool:
    """Say whether both libraries spell every number in these alike: what is infinite is none."""
    for value in values:
        kind = type(value)
        if kind is str or value is None:
            continue
        if isinstance(value, float | int):
            if value and not SURE_FROM <= abs(value) < SURE_BELOW:
                return False
        elif not _is_sure(value if isinstance(value, tuple) else astuple(value)):  # type: ignore[arg-type]
            return False
    return True


class InJson(Frozen, array_like=True):
    """What stands for a board in ``boards_json``."""

    before: bytes
    rows: tuple[bytes, ...]
    """As ``nested_row`` has them."""
    after: bytes

    def pieces(self) -> list[bytes]:
        """Return it as it is written."""
        return [self.before, b",\n".join(self.rows), self.after]


_INDENT = b" " * 4
"""What stands before each line of a row there."""
_OPEN, _CLOSE = b"[\n [\n", b"\n ]\n]"
"""What stands around a value in the second of two lists."""


def nested_row(line: bytes) -> bytes:
    """Return what stands for a row in ``boards_json``, of its ``row_line``."""
    # No text in JSON holds the end of a line.
    return _INDENT + msgspec.json.format(line, indent=1).replace(b"\n", b"\n" + _INDENT)


def board_in_json(board: Board, rows: Iterable[bytes] | None = None) -> InJson:
    """Return what stands for a board in ``boards_json``, as far to the right as it does there.

    ``rows`` are the ``nested_row`` of each of its rows, where they are known.
    """
    if rows is None:
        rows = (nested_row(row_line(row)) for row in board.entries)
    spelt, around = tuple(rows), json_line(replace(board, entries=()))
    nested = msgspec.json.format(b"[[" + around + b"]]", indent=1)
    before, none, after = nested[len(_OPEN) : -len(_CLOSE)].partition(b'"entries": []')
    opened, closed = (b"\n", b"\n   ]") if spelt else (b"", b"]")
    return InJson(before=before + none[:-1] + opened, rows=spelt, after=closed + after)


def boards_json(boards: Boards, each: Sequence[InJson] | None = None) -> bytes:
    """Return what ``pretty_json`` gives of all boards.

    ``each`` is the ``board_in_json`` of every board, where that is known: their rows are not
    looked at then.
    """
    if each is None:
        each = list(map(board_in_json, boards.boards))
    around = msgspec.json.format(json_line(replace(boards, boards=())), indent=1)
    before, none, after = around.partition(b'"boards": []')
    parts = [before, none[:-1]]
    for n, board in enumerate(each):
        parts += [b",\n" if n else b"\n", *board.pieces()]
    return b"".join([*parts, b"\n ]" if each else b"]", after, b"\n"])
