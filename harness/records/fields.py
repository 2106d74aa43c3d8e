"""Hold a table of an organiser's TOML against its type: every fault of it, not only the first.

``msgspec.convert`` stops at the first thing that is wrong, so each key is converted on its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, get_type_hints

import msgspec

from harness.records.base import Frozen

_LINE = 80
"""Characters of a value that a message shows."""
_BARE = re.compile(rf"[A-Za-z0-9_-]{{1,{_LINE}}}")


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
