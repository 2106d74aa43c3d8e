"""Check parsed TOML against a type, field by field: msgspec itself stops at the first fault.

The type is the only description of the format: which fields there are, what each may hold, and, in
its ``Meta``, the words and the example that a remedy gives.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from msgspec import inspect

from harness.submissions.faults import quoted, shortened, suggestion
from harness.submissions.positions import KeyPath

Report: TypeAlias = Callable[[str, KeyPath, str, str], None]
"""Takes a code, where it is, what was found and what to do."""

MAX_UNKNOWN_NAMED = 20
"""Unknown fields named one by one; beyond that, how many more there are."""


class _Expected(NamedTuple):
    """What a field may hold, without the layers of ``Annotated`` and ``| None``."""

    kind: inspect.Type
    description: str
    example: str | None


def check_table(values: Mapping[str, object], struct: type, path: KeyPath, report: Report) -> None:
    """Report every unknown, missing, wrongly typed and disallowed field of one table."""
    info = inspect.type_info(struct)
    if not isinstance(info, inspect.StructType):
        raise TypeError(f"{struct} does not describe a table")
    _check_fields(values, info, path, report)


def dotted(path: KeyPath) -> str:
    """Spell a path: ``weights[1].sha256``; elements count from 1, long keys end early."""
    spelled = "".join(f"[{k + 1}]" if isinstance(k, int) else f".{shortened(k)}" for k in path)
    return spelled.removeprefix(".")


def _check_fields(
    values: Mapping[str, object], info: inspect.StructType, path: KeyPath, report: Report
) -> None:
    known = tuple(field.encode_name for field in info.fields)
    unknown = [key for key in values if key not in known]
    for key in unknown[:MAX_UNKNOWN_NAMED]:
        report(
            "FRG111",
            (*path, key),
            f"{_within(path)} has no field {quoted(key)}{suggestion(key, known)}",
            f"remove it; known are {', '.join(known)}",
        )
    if len(unknown) > MAX_UNKNOWN_NAMED:
        more = len(unknown) - MAX_UNKNOWN_NAMED
        report("FRG111", path, f"{_within(path)} has {more} more unknown fields", "remove them")
    for field in info.fields:
        here = (*path, field.encode_name)
        expected = _expected(field.type)
        if field.encode_name in values:
            _check_value(values[field.encode_name], expected, here, report)
        elif field.required:
            report("FRG112", here, f"{dotted(here)} is missing", _give(here, expected))


def _check_value(value: object, expected: _Expected, path: KeyPath, report: Report) -> None:
    kind = expected.kind
    if not _has_type(value, kind):
        report(
            "FRG113",
            path,
            f"{dotted(path)} is {show(value)}, not {_type_in_words(kind)}",
            _give(path, expected),
        )
    elif isinstance(kind, inspect.StructType) and isinstance(value, dict):
        _check_fields(value, kind, path, report)
    elif isinstance(kind, inspect.VarTupleType) and isinstance(value, list):
        wrong = _wrong_length(len(value), kind.min_length, kind.max_length, "elements")
        if wrong:
            report("FRG114", path, f"{dotted(path)} {wrong}", _give(path, expected))
            return
        item = _expected(kind.item_type)
        for number, element in enumerate(value):
            _check_value(element, item, (*path, number), report)
    elif wrong := _disallowed(value, kind):
        report("FRG114", path, f"{dotted(path)} {wrong}", _give(path, expected))


def _expected(kind: inspect.Type) -> _Expected:
    description, example = "", None
    while True:
        if isinstance(kind, inspect.Metadata):
            extra: dict[str, Any] = kind.extra_json_schema or {}
            description = description or extra.get("description", "")
            example = example or extra.get("examples", [None])[0]
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            kind = next(t for t in kind.types if not isinstance(t, inspect.NoneType))
        else:
            return _Expected(kind, description, example)


def _has_type(value: object, kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.LiteralType):
        return type(value) in {type(choice) for choice in kind.values}
    if isinstance(kind, inspect.FloatType):  # a whole number will do; a truth value will not
        return type(value) in {int, float}
    return type(value) is _PYTHON_TYPES[type(kind)]


_PYTHON_TYPES: dict[type[inspect.Type], type] = {
    inspect.StrType: str,
    inspect.IntType: int,
    inspect.BoolType: bool,
    inspect.StructType: dict,
    inspect.VarTupleType: list,
}


def _type_in_words(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.LiteralType):
        return "a whole number" if isinstance(kind.values[0], int) else "text"
    return {
        inspect.StrType: "text",
        inspect.IntType: "a whole number",
        inspect.FloatType: "a number",
        inspect.BoolType: "true or false",
        inspect.StructType: "a table",
        inspect.VarTupleType: "an array",
    }[type(kind)]


def _disallowed(value: object, kind: inspect.Type) -> str:
    """Say what is wrong with a value of the right type; empty when nothing is."""
    if isinstance(kind, inspect.LiteralType) and value not in kind.values:
        known = tuple(str(choice) for choice in kind.values)
        near = suggestion(value, known) if isinstance(value, str) else ""
        return f"is {show(value)}{near}; known are {', '.join(known)}"
    if isinstance(kind, inspect.StrType) and isinstance(value, str):
        return _wrong_length(
            len(value), kind.min_length, kind.max_length, "characters"
        ) or _mismatch(value, kind.pattern)
    if isinstance(kind, inspect.IntType | inspect.FloatType) and isinstance(value, int | float):
        if kind.ge is not None and not value >= kind.ge:  # so written that NaN fails
            return f"is {show(value)}; the least is {kind.ge}"
        if kind.le is not None and not value <= kind.le:
            return f"is {show(value)}; the most is {kind.le}"
    return ""


def _mismatch(text: str, pattern: str | None) -> str:
    return f"is {show(text)}" if pattern is not None and not re.search(pattern, text) else ""


def _wrong_length(length: int, least: int | None, most: int | None, unit: str) -> str:
    if least is not None and length < least:
        return "is empty" if length == 0 else f"has {length} {unit}; at least {least} are needed"
    if most is not None and length > most:
        return f"has {length:,} {unit}; at most {most:,} are allowed"
    return ""


def show(value: object) -> str:
    """Spell a value for a message. Python refuses to spell numbers of thousands of digits."""
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return "a very large number" if abs(value) >= 10**20 else str(value)
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    return str(value)  # a float, or one of TOML's dates


def _give(path: KeyPath, expected: _Expected) -> str:
    if isinstance(expected.kind, inspect.StructType):
        return f"add the table [{dotted(path)}]: {expected.description}"
    example = f", for instance {expected.example}" if expected.example else ""
    return f"give {expected.description}{example}"


def _within(path: KeyPath) -> str:
    return f"[{dotted(path)}]" if path else "submission.toml"
