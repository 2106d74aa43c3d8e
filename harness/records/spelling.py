"""Read a document that is spelt as the harness writes it, fast, and spell it canonically.

Python's own JSON takes most of the time in which a thousand records are read. Where a file is spelt
exactly as ``pretty_json`` spells it, msgspec gives the canonical spelling much faster: both
write the shortest digits that give a number again, and differ only in numbers that either of them
gives an exponent. Whatever might be spelt otherwise is left to the slow way, which decides.
"""

from __future__ import annotations

import re

import msgspec

_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_LARGE = b"0" * 16
"""Digits before the point: from here on Python spells a float with an exponent, and a float may not
hold a whole number exactly. So every whole number beyond 64 bits is left to the slow way."""
_SMALL = b"0.0000"
"""Python spells with an exponent what is below 0.0001."""
_ALIKE = bytes.maketrans(b"123456789,[-", b"000000000:::")
"""Of compact JSON: digits, and what stands before a number."""
_EXPONENT = re.compile(rb"e(-[0-9]|[0-9]{2,3})(?=[,\]}])")
"""As msgspec spells one that Python spells otherwise: it writes no plus, and no zero first."""
_WITHOUT_EXPONENT = re.compile(rb"0\.0000[0-9]+")


def unsigned_as_written(content: bytes) -> bytes | None:
    """Return what ``records.signing.unsigned_content`` gives of a file's document.

    The file is a JSON object that is spelt exactly as ``pretty_json`` spells it, no key stands
    twice, and each whole number is exact as a float, too. ``None``: one of these is not so, or
    this function is not sure.
    """
    try:
        document = msgspec.json.decode(content)
        if not isinstance(document, dict):
            return None
        compact = msgspec.json.encode(document)
        if b":" + _LARGE in compact.translate(_ALIKE):
            return None
        spelt = _as_python_spells(compact)
        # Byte by byte the same: no key is lost, no text escaped and no number spelt otherwise. Nor
        # was anything in a text taken for a number; nor is it below, where texts are the same.
        if msgspec.json.format(spelt, indent=1) + b"\n" != content:
            return None
        document["signature"] = None
        unsigned = msgspec.json.encode(document, order="sorted")
    except (ValueError, RecursionError):  # msgspec's errors of reading are ValueErrors
        return None
    return unsigned if spelt == compact else _as_python_spells(unsigned)


def _as_python_spells(compact: bytes) -> bytes:
    """Spell the numbers in msgspec's compact JSON that one of the two gives an exponent as Python.

    What looks like such a number in a text, of which neither quote is a part, is spelt so as well.
    """
    spelt = _EXPONENT.sub(_exponent, compact)
    return _WITHOUT_EXPONENT.sub(_small, spelt) if _SMALL in spelt else spelt


def _exponent(found: re.Match[bytes]) -> bytes:
    digits = found[1]
    return b"e-0" + digits[1:] if digits.startswith(b"-") else b"e+" + digits


def _small(found: re.Match[bytes]) -> bytes:
    begins = found.string[found.start() - 1 : found.start()] in _BEFORE_NUMBER
    return repr(float(found[0])).encode() if begins else found[0]


_BEFORE_NUMBER = frozenset({b":", b",", b"[", b"-"})


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
