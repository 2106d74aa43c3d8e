"""The fields of a record, by the names that a loss report says them with."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from harness.records.evaluation import EvaluationRecord


@cache
def schema_leaves() -> tuple[str, ...]:
    """Return every field of a record that holds a value: ``sessions[].sweeps[].queries``.

    ``[]`` stands for each element of a list. Lists of plain values, tables of figures and steps of
    a trace are one field.
    """
    return tuple(sorted({*_of_type(inspect.type_info(EvaluationRecord), "")}))


def leaves_of(record: EvaluationRecord) -> frozenset[str]:
    """Return the fields in which this record says something: neither ``None`` nor empty."""
    known = frozenset(schema_leaves())
    found = set(_of_value(msgspec.to_builtins(record), "", known))  # its lists are tuples
    return frozenset(found)


def _of_type(kind: inspect.Type, name: str) -> Iterator[str]:
    if isinstance(kind, inspect.UnionType):
        for each in kind.types:
            if not isinstance(each, inspect.NoneType):
                yield from _of_type(each, name)
    elif isinstance(kind, inspect.StructType):
        if kind.tag_field is not None:
            yield _inside(name, kind.tag_field)
        for field in kind.fields:
            yield from _of_type(field.type, _inside(name, field.encode_name))
    elif isinstance(kind, inspect.VarTupleType) and isinstance(
        kind.item_type, inspect.StructType | inspect.UnionType
    ):
        yield from _of_type(kind.item_type, f"{name}[]")
    else:
        yield name


def _of_value(value: Any, name: str, known: frozenset[str]) -> Iterator[str]:  # noqa: ANN401 - plain
    if value is None or value in ((), {}):
        return
    if name in known:
        yield name
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _of_value(inner, _inside(name, key), known)
    elif isinstance(value, tuple):
        for inner in value:
            yield from _of_value(inner, f"{name}[]", known)


def _inside(name: str, field: str) -> str:
    return f"{name}.{field}" if name else field
