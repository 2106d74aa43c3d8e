"""Hold a table of an organiser's TOML against its type: every fault of it, not only the first.

``msgspec.convert`` stops at the first thing that is wrong, so each key is converted on its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from harness.errors import ConfigurationError
from harness.records.base import Frozen

T = TypeVar("T", bound=Frozen)

_LINE = 80
"""Characters of a value that a message shows."""
_BARE = re.compile(rf"[A-Za-z0-9_-]{{1,{_LINE}}}")


def convert_whole(plain: Mapping[str, Any], into: type[T], where: object, *, remedy: str) -> T:
    """Turn a parsed document into ``into``.

    Raises ``ConfigurationError`` naming ``where`` and every fault of it, in tables within, too.
    """
    try:
        return msgspec.convert(plain, into, strict=True)
    except msgspec.ValidationError as error:
        faults = [*_faults_within("", plain, into)] or [str(error)]
    raise ConfigurationError("\n".join(f"{where}: {each}" for each in faults), remedy=remedy)


def _faults_within(prefix: str, table: Mapping[str, Any], kind: type[Frozen]) -> Iterator[str]:
    """Find what ``table_faults`` does, and in the tables that the table holds."""
    types = _fields(kind)[1]
    inside = {key: each for key in table if key in types and (each := _tables_of(types[key]))}
    yield from table_faults(prefix, table, kind, inside=inside)
    for key, (several, inner) in inside.items():
        field, value = f"{prefix}{key}", table[key]
        tables = _tables_in(field, value, several)
        if tables is None:
            yield f"{field}: is {_BEGINS[several].format(field)}, found {spelled(value)}"
            continue
        faults = [each for name, one in tables for each in _faults_within(f"{name}.", one, inner)]
        yield from faults or _value_faults(field, value, types[key])


_BEGINS: dict[type | None, str] = {
    None: "no table: begin it with [{0}]",
    dict: "no table of tables: begin each with [{0}.NAME]",
    tuple: "no list of tables: begin each with [[{0}]]",
}


def _tables_of(kind: object) -> tuple[type | None, type[Frozen]] | None:
    """Return how many tables a field of this type holds, and of which; ``None``: it holds none."""
    if get_origin(kind) is Annotated:
        return _tables_of(get_args(kind)[0])
    inner = [each for each in get_args(kind) if isinstance(each, type) and issubclass(each, Frozen)]
    if inner:
        origin = get_origin(kind)
        return origin if origin in _BEGINS else None, inner[0]
    if isinstance(kind, type) and issubclass(kind, Frozen):
        return None, kind
    return None


def _tables_in(
    field: str, value: object, several: type | None
) -> list[tuple[str, dict[str, Any]]] | None:
    """Return the tables that a field holds, each with its name; ``None``: it holds no such."""
    named: list[tuple[str, Any]] = [(field, value)]
    if several is dict:
        if not isinstance(value, dict):
            return None
        named = [(f"{field}.{key_spelled(key)}", each) for key, each in value.items()]
    elif several is tuple:
        if not isinstance(value, list):
            return None
        named = [(f"{field}[{number}]", each) for number, each in enumerate(value)]
    return named if all(isinstance(each, dict) for _, each in named) else None


def table_faults(
    prefix: str,
    table: Mapping[str, Any],
    kind: type[Frozen],
    *,
    inside: Mapping[str, object] = {},
) -> Iterator[str]:
    """Find unknown, missing and wrong keys; ``inside`` names tables that are looked at apart."""
    import difflib  # noqa: PLC0415 - only needed once something is wrong

    known, types = _fields(kind)
    for key, value in table.items():
        if key not in known:
            near = difflib.get_close_matches(key[:100], known, 1)
            hint = f": did you mean {near[0]}?" if near else f": known are {', '.join(known)}"
            yield f"{prefix}{key_spelled(key)}: unknown key{hint}"
        elif key not in inside:
            yield from _value_faults(f"{prefix}{key}", value, types[key])
    for name, field in known.items():
        if field.required and name not in table:
            yield f"{prefix}{name}: is missing"


@cache
def _fields(kind: type[Frozen]) -> tuple[dict[str, msgspec.structs.FieldInfo], dict[str, Any]]:
    """Return the fields, and their types; a file may have hundreds of tables of one kind."""
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    return known, get_type_hints(kind, include_extras=True)


def _value_faults(field: str, value: object, kind: object) -> Iterator[str]:
    try:
        converted = msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        what, _, place = str(error).replace(" | null", "").partition(" - at ")
        inner = place.removeprefix("`key` in ").strip("`").removeprefix("$")
        yield f"{field}{inner}: {what}, found {spelled(value)}"
        return
    numbers = converted.values() if isinstance(converted, dict) else (converted,)
    if any(isinstance(number, float) and not math.isfinite(number) for number in numbers):
        yield f"{field}: is no finite number, found {spelled(value)}"


def key_spelled(key: str) -> str:
    """Spell a key for a message: as it is where TOML takes it without quotes, else ``spelled``."""
    return key if _BARE.fullmatch(key) else spelled(key)


def spelled(value: object) -> str:
    """Spell a value for a message: on one line, escaped, and not too long for it."""
    text = repr(value)
    return text if len(text) <= _LINE else f"{text[: _LINE - 3]}..."
