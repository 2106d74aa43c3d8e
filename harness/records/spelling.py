"""Read a document that is spelt as the harness writes it, fast, and spell it canonically.

Python's own JSON takes most of the time in which a thousand records are read. Where a file is spelt
exactly as ``pretty_json`` spells it, msgspec gives the canonical spelling much faster: both
write the shortest digits that give a number again, and differ only in numbers that either of them
gives an exponent. Whatever might be spelt otherwise is left to the slow way, which decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?[eE][-+]?[0-9]+")
_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_LARGE = b"0" * 16
"""Digits before the point: from here on Python spells a float with an exponent, and a float may not
hold a whole number exactly. So every whole number beyond 64 bits is left to the slow way."""
_SMALL = b"0.0000"
"""Python spells with an exponent what is below 0.0001."""
_MARK = b'"number as text:'
_MARKED = re.compile(_MARK + rb'([^"]*)"')


def unsigned_as_written(content: bytes) -> bytes | None:
    """Return what ``records.signing.unsigned_content`` gives of a file's document.

    The file is a JSON object that is spelt exactly as ``pretty_json`` spells it, no key stands
    twice, and each whole number is exact as a float, too. ``None``: one of these is not so, or
    this function is not sure.
    """
    try:
        if content != msgspec.json.format(content, indent=1) + b"\n" or _MARK in content:
            return None
        marked = _with_marks(content)
        document = None if marked is None else msgspec.json.decode(marked)
        if marked is None or not isinstance(document, dict):
            return None
        # Token by token the same: no key is lost, no text escaped and no number spelt otherwise.
        if msgspec.json.encode(document) != msgspec.json.format(marked, indent=-1):
            return None
        document["signature"] = None
        unsigned = msgspec.json.encode(document, order="sorted")
    except (ValueError, RecursionError):  # msgspec's errors of reading are ValueErrors
        return None
    return unsigned if marked is content else _MARKED.sub(rb"\1", unsigned)


def _with_marks(content: bytes) -> bytes | None:
    """Make every number with an exponent a text that says so; ``None`` where one may be spelt so
    that Python spells it otherwise.
    """  # noqa: D205 - one sentence
    alike = content.translate(_DIGITS_ALIKE)
    for before in (b" ", b" -"):  # in pretty JSON a space stands before every number
        if before + _LARGE in alike or before + _SMALL in content:
            return None
    pieces, done = [], 0
    for start, end in _with_exponent(content, alike):
        number = content[start:end]
        if repr(float(number)).encode() != number:
            return None
        pieces += [content[done:start], _MARK, number, b'"']
        done = end
    return b"".join([*pieces, content[done:]]) if pieces else content


def _with_exponent(content: bytes, alike: bytes) -> Iterator[tuple[int, int]]:
    """Yield where numbers with an exponent begin and end; a text never ends a line unquoted."""
    at = alike.find(b"0e")
    while at >= 0:
        start = content.rfind(b" ", 0, at) + 1
        found = _NUMBER.match(content, start)
        if found is not None and content.startswith((b"\n", b",\n"), found.end()):
            yield found.span()
        at = alike.find(b"0e", at + 2)


def is_canonical(content: bytes) -> bool:
    """Say whether a file is surely spelt as ``canonical_json`` spells what is in it."""
    alike = content.translate(_DIGITS_ALIKE)
    if any(before + large in alike for before in _BEFORE for large in (_LARGE, b"-" + _LARGE)):
        return False
    if any(before + small in content for before in _BEFORE for small in (_SMALL, b"-" + _SMALL)):
        return False
    if _COMPACT_EXPONENT.search(alike):
        return False
    try:
        return msgspec.json.encode(msgspec.json.decode(content), order="sorted") == content
    except (ValueError, RecursionError):
        return False


_BEFORE = (b":", b",", b"[")
_COMPACT_EXPONENT = re.compile(rb"[:,\[]-?0+(?:\.0+)?e")
"""In what ``_DIGITS_ALIKE`` made of the file."""
