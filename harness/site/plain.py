"""Boards as JSON, fast: the same bytes as Python's own spelling of them, row by row.

Most of the time that a board's files take goes into the JSON of its rows. msgspec spells a row ten
times as fast as Python, and alike but for three things: a number that is none becomes null, and
numbers that either gives an exponent may be spelt otherwise. A row in which any of these could be
is left to Python, which decides, and refuses a figure that is not a finite number.
"""

from __future__ import annotations

import json
import re

import msgspec
from msgspec.structs import astuple, replace

from harness.records.board import Board, BoardEntry, Boards

_LEFT_TO_PYTHON = re.compile(rb"[:\[,]-?(?:0\.0000|[0-9]{16}|[0-9]+(?:\.[0-9]+)?[eE])")
"""What may be the beginning of a number with an exponent, wherever one can stand."""
_spell = msgspec.json.Encoder().encode
_python = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode


def json_line(value: object) -> bytes:
    """Spell any value in one line, without spaces; ``ValueError`` on a NaN or an infinity."""
    return _python(msgspec.to_builtins(value)).encode()


def row_line(row: BoardEntry) -> bytes:
    """Return the ``json_line`` of a row."""
    spelt = _spell(row)
    unknown = astuple(row).count(None)  # a name may say null, too: Python decides
    if spelt.count(b"null") != unknown or _LEFT_TO_PYTHON.search(spelt):
        return json_line(row)
    return spelt


def board_line(board: Board) -> bytes:
    """Return the ``json_line`` of a board."""
    before, rows, after = json_line(replace(board, entries=())).partition(b'"entries":[]')
    return before + rows[:-1] + b",".join(map(row_line, board.entries)) + b"]" + after


def boards_json(boards: Boards) -> bytes:
    """Return what ``pretty_json`` gives of all boards."""
    before, none, after = json_line(replace(boards, boards=())).partition(b'"boards":[]')
    lines = b",".join(map(board_line, boards.boards))
    return msgspec.json.format(before + none[:-1] + lines + b"]" + after, indent=1) + b"\n"
