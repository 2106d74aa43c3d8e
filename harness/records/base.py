"""What all records share: frozen, strict on every field, one canonical spelling, one digest."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, NoReturn, TypeVar, dataclass_transform

import msgspec

from harness.errors import ConfigurationError

T = TypeVar("T")

SURROGATE_ESCAPE = r"\\u[dD][89a-fA-F]"
"""Only an escape can bring half a pair into JSON: UTF-8 itself has none."""


@dataclass_transform(frozen_default=True, kw_only_default=True)  # for type checkers
class Frozen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A value: fields are named when it is made, unknown ones are refused, none can change.

    So no value leads back to itself, and Python need not look for circles in it: ``gc=False``.
    """


def canonical_json(value: object) -> bytes:
    """Spell ``value`` the one way that digests and signatures are taken over.

    UTF-8 JSON, keys sorted, no spaces. Raises ``ValueError`` on a NaN or an infinity, which
    msgspec would otherwise write as ``null``.
    """
    import json  # noqa: PLC0415 - milliseconds, and meters need it not

    plain = msgspec.to_builtins(value)
    return json.dumps(
        plain, allow_nan=False, ensure_ascii=False, separators=(",", ":"), sort_keys=True
    ).encode()


def pretty_json(value: object, *, with_paths: bool = False) -> bytes:
    """Spell ``value`` for people and ``git diff``: in field order, indented, newline last.

    Raises ``UnicodeEncodeError`` where a text in it is not UTF-8; ``with_paths`` it is made so.
    """
    import json  # noqa: PLC0415 - as above

    # Where it indents, Python spells without its own C code; msgspec indents what is spelt.
    spelt = json.dumps(msgspec.to_builtins(value), allow_nan=False, ensure_ascii=False)
    spelt = printable(spelt) if with_paths else spelt
    return msgspec.json.format(spelt.encode(), indent=1) + b"\n"


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical spelling, in hexadecimal."""
    import hashlib  # noqa: PLC0415 - OpenSSL takes milliseconds to load, and meters need it not

    return hashlib.sha256(canonical_json(value)).hexdigest()


def printable(text: str) -> str:
    """Spell a path or a name, which may not be UTF-8, so that it can be printed and written.

    What was not UTF-8 is lost: nothing is found by that name any more.
    """
    return text.encode(errors="surrogateescape").decode(errors="replace")


def parse_json(content: bytes, into: type[T], where: object) -> T:
    """Read a record strictly; raise ``ConfigurationError`` naming ``where`` and the field.

    Refused besides what the type forbids: what ``parse_plain`` refuses.
    """
    return convert(parse_plain(content, where), into, where)


def parse_plain(content: bytes, where: object) -> object:
    """Read JSON into plain values; raise ``ConfigurationError`` naming ``where``.

    Refused besides what JSON forbids: duplicate keys, NaN and infinities, halves of surrogate
    pairs (they cannot be written again), trailing text.
    """
    import json  # noqa: PLC0415 - as above

    try:
        text = content.decode("utf-8")
        plain: object = json.loads(
            text,
            object_pairs_hook=no_duplicates,
            parse_constant=_no_constants,
            parse_float=_finite,
        )
        if re.search(SURROGATE_ESCAPE, text):
            _no_lone_surrogates(plain)
    except RecursionError:
        raise ConfigurationError(
            f"{where}: nested too deeply to be a record", remedy="restore the file"
        ) from None
    except ValueError as error:
        told = str(error)
        if not content.strip():
            told = "it is empty"
        elif "Exceeds the limit" in told:  # Python's own words name a setting of the interpreter
            told = "a number with thousands of digits"
        raise ConfigurationError(
            f"{where}: not valid JSON: {told}", remedy="restore the file or remove it"
        ) from None
    return plain


def convert(plain: object, into: type[T], where: object) -> T:
    """Turn parsed TOML or JSON into ``into``; raise ``ConfigurationError`` naming the field."""
    try:
        return msgspec.convert(plain, into, strict=True)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{where}: {error}", remedy="correct the field named after '$' (the whole file)"
        ) from None


def beyond_64_bits(plain: object, field: str = "$") -> str | None:
    """Return the first field of a parsed document that holds a whole number of more than 64 bits.

    With a sign: no count is so large, and not everything that is written of it could hold it.
    """
    inner: Iterable[tuple[str, object]] = ()
    if isinstance(plain, dict):
        inner = ((f"{field}.{key}", value) for key, value in plain.items())
    elif isinstance(plain, list):
        inner = ((f"{field}[{at}]", value) for at, value in enumerate(plain))
    elif isinstance(plain, int) and not -(1 << 63) <= plain < 1 << 63:
        return field
    for name, value in inner:
        if (found := beyond_64_bits(value, name)) is not None:
            return found
    return None


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of JSON of its pairs; ``ValueError`` where a key stands twice."""
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"the key {twice[:100]!r} stands twice in one object")
    return made


def _no_lone_surrogates(plain: object) -> None:
    import json  # noqa: PLC0415 - as above

    try:
        json.dumps(plain, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        half = str(error.object[error.start])
        raise ValueError(f"{half!a} is half of a surrogate pair, and no character") from None


def _no_constants(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number that a record may hold")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large for a number")
    return number
