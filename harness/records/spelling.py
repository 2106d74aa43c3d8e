"""Hold a file against the one spelling that the harness writes, fast, and spell it canonically.

Python's own JSON takes most of the time in which a thousand records are read. What was read from a
file is spelt again by msgspec, much faster: both write the shortest digits that give a number
again, and differ only in numbers that either of them gives an exponent. Where that is the file,
byte for byte, no key stood twice and none was unknown, no text was escaped and no number spelt
otherwise. Whatever might be spelt otherwise is left to the slow way, which decides.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import TypeVar, cast, get_args

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
_ZEROS = b".0000"
"""In what is small and spelt without an exponent. Found sooner by itself than by a pattern."""
_FRACTION = re.compile(rb"\.[0-9]+")
_UNSIGNED = "signature"
"""Part of what is signed, whether it stands in a file or not."""
_MOST_LACKING = 32

_lacking_before: set[str] = set()
"""Fields that files did without: there were none such when they were written. Tried first."""


def unsigned_as_written(content: bytes, read: Frozen) -> bytes | None:
    """Return what ``records.signing.unsigned_content`` gives of a file's document.

    ``read`` is what msgspec read from the file, with a field ``signature``. The file is spelt
    exactly as ``pretty_json`` spells it, with the fields in their order, though it may do without
    some that have their defaults; no key stands twice, and each whole number is exact as a float,
    too. ``None``: one of these is not so, or this function is not sure.
    """
    try:
        lacking = _lacking(content, _lacking_before)
        written = _without(read, lacking)
        if not _is_spelt(content, written):
            optional = _optional(type(read)) - {_UNSIGNED}
            lacking = _lacking(content, optional) - _lacking(msgspec.json.encode(read), optional)
            written = _without(read, lacking)
            if not _is_spelt(content, written):
                return None
            _remember(lacking)
        # The same fields with the same numbers and texts, in another order.
        unsigned = replace(written, signature=None)
        return _as_python_spells(msgspec.json.encode(unsigned, order="sorted"))
    except (ValueError, RecursionError):  # what cannot be written was not read, but who knows
        return None


def _is_spelt(content: bytes, written: Frozen) -> bool:
    """Whether a file is this, indented. Nothing in a text was taken for a number then."""
    compact = msgspec.json.encode(written)
    if _holds_large(compact):
        return False
    spelt = msgspec.json.format(_as_python_spells(compact), indent=1)
    return content.startswith(spelt) and content[len(spelt) :] == b"\n"


def _holds_large(compact: bytes) -> bool:
    """Whether a number is, or may be, so large that Python spells it otherwise than msgspec."""
    alike = compact.translate(_ALIKE)
    return alike.rfind(_LARGE_AFTER) >= 0 or bool(_GROWN.search(alike))  # sooner than by "in"


def _lacking(content: bytes, fields: Collection[str]) -> frozenset[str]:
    """Return those of some fields whose name is nowhere in a file."""
    return frozenset([each for each in fields if f'"{each}":'.encode() not in content])


def _without(value: T, fields: frozenset[str]) -> T:
    """Return a value in which these fields are unset throughout, so that they are not spelt."""
    if isinstance(value, tuple):
        return cast("T", tuple([_without(each, fields) for each in value]))
    if not isinstance(value, msgspec.Struct):
        return value
    unset, holders = _places(type(value), fields)
    if not unset and not holders:
        return value
    held = {name: _without(getattr(value, name), fields) for name in holders}
    return replace(value, **unset, **held)


@lru_cache(maxsize=256)
def _places(
    kind: type[msgspec.Struct], fields: frozenset[str]
) -> tuple[dict[str, msgspec.UnsetType], tuple[str, ...]]:
    """Return which of some fields a type has, unset, and which of its own hold types with some."""
    holders = {
        each.name
        for each in msgspec.structs.fields(kind)
        if each.name not in fields
        and any(any(_places(inner, fields)) for inner in _structs_in(each.type))
    }
    names = kind.__struct_fields__
    unset = dict.fromkeys([name for name in names if name in fields], msgspec.UNSET)
    return unset, tuple(sorted(holders))


@lru_cache(maxsize=256)
def _optional(kind: type[msgspec.Struct]) -> frozenset[str]:
    """Return the names of all fields that a value of a type, or one within it, may do without."""
    own = msgspec.structs.fields(kind)
    within = [_optional(inner) for each in own for inner in _structs_in(each.type)]
    return frozenset([each.name for each in own if not each.required]).union(*within)


def _structs_in(kind: object) -> Iterator[type[msgspec.Struct]]:
    """Yield the types of a record's values that a field of this type holds."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for inner in get_args(kind):
        yield from _structs_in(inner)


def _remember(fields: Collection[str]) -> None:
    if len(_lacking_before) + len(fields) > _MOST_LACKING:
        _lacking_before.clear()
    _lacking_before.update(fields)


def _as_python_spells(compact: bytes) -> bytes:
    """Spell small numbers, in msgspec's compact JSON, as Python does: with two digits' exponents.

    What looks like such a number in a text, of which neither quote is a part, is spelt so as well.
    """
    spelt = _SHRUNK.sub(b"-0", compact)
    pieces, end, point = [], 0, -1
    while (point := spelt.find(_ZEROS, point + 1)) >= 0:
        if spelt[point - 2 : point] in _BEFORE_POINT and (found := _FRACTION.match(spelt, point)):
            pieces += [spelt[end : point - 1], repr(float(b"0" + found[0])).encode()]
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
