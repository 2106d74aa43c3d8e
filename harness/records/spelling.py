"""Hold a file against the one spelling that the harness writes, fast, and spell it canonically.

Python's own JSON takes most of the time in which a thousand records are read. What was read from a
file is spelt again by msgspec, much faster: both write the shortest digits that give a number
again, and differ only in numbers that either of them gives an exponent. Where that is the file,
byte for byte, no key stood twice and none was unknown, no text was escaped and no number spelt
otherwise. Whatever might be spelt otherwise is left to the slow way, which decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TypeVar

import msgspec
from msgspec.structs import replace

from harness.records.base import Frozen

T = TypeVar("T")

_DIGITS_ALIKE = bytes.maketrans(b"123456789E", b"000000000e")
_LARGE = b"0" * 16
"""Digits before the point: from here on Python spells a float with an exponent, and a float may not
hold a whole number exactly. So every whole number beyond 64 bits is left to the slow way."""
_SMALL = b"0.0000"
"""Python spells with an exponent what is below 0.0001."""
_ALIKE = bytes.maketrans(b"123456789,[-]}", b"000000000:::::")
"""Of compact JSON: digits, and what stands before a number or after one."""
_LARGE_AFTER = b":" + _LARGE
_GROWN = re.compile(rb"e00(?<=0e00)0?:")
"""In what ``_ALIKE`` made of it: an exponent without its plus, as msgspec spells what is large. It
is in no measurement, and left to the slow way. Patterns begin with what is rare: it is searched
first."""
_SHRUNK = re.compile(rb"-(?=[0-9][,\]}])(?<=[0-9]e-)")
"""The sign of an exponent of one digit, as msgspec spells it: Python writes two."""
_WITHOUT_EXPONENT = re.compile(rb"\.0000[0-9]+")
"""From the point on."""
_DEFAULT = re.compile(rb'("[a-z_0-9]+":(?:null|false|true|0|\[\]|\{\}))(?=[,}])')
"""A field that a record may do without, as compact JSON has it."""
_UNSIGNED = b'"signature":null'
"""Part of what is signed, whether it stands in a file or not."""
_MOST_LACKING = 32

_lacking_before: set[bytes] = set()
"""Fields that files did without: there were none such when they were written. Tried first."""


def unsigned_as_written(content: bytes, read: Frozen) -> bytes | None:
    """Return what ``records.signing.unsigned_content`` gives of a file's document.

    ``read`` is what msgspec read from the file, with a field ``signature``. The file is spelt
    exactly as ``pretty_json`` spells it, with the fields in their order, though it may do without
    some that have their defaults; no key stands twice, and each whole number is exact as a float,
    too. ``None``: one of these is not so, or this function is not sure.
    """
    try:
        compact = msgspec.json.encode(read)
        alike = compact.translate(_ALIKE)
        if alike.rfind(_LARGE_AFTER) >= 0 or _GROWN.search(alike):  # sooner found out than by "in"
            return None
        lacking = _lacking(content, _lacking_before)
        if not _is_spelt(content, _without(compact, lacking)):
            lacking = _lacking(content, {*_DEFAULT.findall(compact)} - {_UNSIGNED})
            if not _is_spelt(content, _without(compact, lacking)):
                return None
            _remember(lacking)
        # The same fields with the same numbers and texts, in another order.
        spelt = msgspec.json.encode(replace(read, signature=None), order="sorted")
        return _as_python_spells(_without(spelt, lacking))
    except (ValueError, RecursionError):  # what cannot be written was not read, but who knows
        return None


def _is_spelt(content: bytes, compact: bytes) -> bool:
    """Whether a file is this, indented. Nothing in a text was taken for a number then."""
    spelt = _as_python_spells(compact)
    return msgspec.json.format(spelt, indent=1) + b"\n" == content


def _lacking(content: bytes, fields: Collection[bytes]) -> list[bytes]:
    """Return those of some fields whose name is nowhere in a file."""
    return sorted(each for each in fields if each[: each.index(b":") + 1] + b" " not in content)


def _without(compact: bytes, fields: Collection[bytes]) -> bytes:
    """Leave fields out of compact JSON; its quotes tell them from anything in a text."""
    for each in fields:
        compact = compact.replace(each + b",", b"").replace(b"," + each + b"}", b"}")
    return compact


def _remember(fields: Collection[bytes]) -> None:
    if len(_lacking_before) + len(fields) > _MOST_LACKING:
        _lacking_before.clear()
    _lacking_before.update(fields)


def _as_python_spells(compact: bytes) -> bytes:
    """Spell small numbers, in msgspec's compact JSON, as Python does: with two digits' exponents.

    What looks like such a number in a text, of which neither quote is a part, is spelt so as well.
    """
    spelt = _SHRUNK.sub(b"-0", compact)
    pieces, end = [], 0
    for found in _WITHOUT_EXPONENT.finditer(spelt):
        begin = found.start() - 1
        if spelt[begin - 1 : begin + 1] in _BEFORE_POINT:
            pieces += [spelt[end:begin], repr(float(b"0" + found[0])).encode()]
            end = found.end()
    return b"".join((*pieces, spelt[end:])) if pieces else spelt


_BEFORE_POINT = frozenset({b":0", b",0", b"[0", b"-0"})


def canonical(content: bytes, kind: type[T]) -> T | None:
    """Read a file that is surely spelt as ``canonical_json`` spells it, with all of its fields.

    ``None``: it is not, or is no value of this type, or this function is not sure.
    """
    alike = content.translate(_DIGITS_ALIKE)
    # What stands in no text and in no number need not be looked for before one.
    if _LARGE in alike and _stands(_LARGE, alike):
        return None
    if _SMALL in content and _stands(_SMALL, content):
        return None
    if _COMPACT_EXPONENT.search(alike):
        return None
    try:
        read = msgspec.json.decode(content, type=kind)
        return read if msgspec.json.encode(read, order="sorted") == content else None
    except (ValueError, RecursionError):
        return None


def _stands(number: bytes, compact: bytes) -> bool:
    """Whether a number begins so, as compact JSON has it."""
    return any(before + number in compact for before in _BEFORE)


_BEFORE = (b":", b",", b"[", b"-")
_COMPACT_EXPONENT = re.compile(rb"0e[+-]?0+(?:[,\]}]|\Z)")
"""In what ``_DIGITS_ALIKE`` made of the file: identifiers are full of digits and of the letter, and
end otherwise."""
