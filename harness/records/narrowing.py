"""A record with less in it: types for whoever reads one again, and needs not all that it holds.

They are derived of the types of the whole, field by field with its own type and default, so that
there is one definition of a record. What is left out is skipped where it stands in the file, which
is quicker than to build it; it is to be read as a whole before, for whatever is wrong there.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import cached_property
from types import UnionType
from typing import Any, Literal, TypeAlias, TypeVar, Union, cast, get_args, get_origin

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


Kept: TypeAlias = Mapping[type[msgspec.Struct], AbstractSet[str]]
"""Which fields some types keep."""


def narrowed(whole: type[T], kept: Kept) -> type[T]:
    """Return a type like ``whole`` in which the named types, wherever they stand, have less.

    ``kept`` names the fields that these keep. To type checkers it is the whole: what is left out is
    missing at run time, and whoever asks for it gets an ``AttributeError``. Raises ``ValueError``
    where a type has no such field, or is nowhere in the whole.
    """
    made: dict[type[msgspec.Struct], type[msgspec.Struct]] = {}
    found = _narrow(whole, kept, made)
    for kind, names in kept.items():
        if kind not in made:
            raise ValueError(f"{whole.__name__} holds no {kind.__name__}")
        if unknown := names - set(kind.__struct_fields__):
            raise ValueError(f"{kind.__name__} has no field {', '.join(sorted(unknown))}")
    return cast("type[T]", found)


def _narrow(
    kind: Any,  # noqa: ANN401 - any type, also a union
    kept: Kept,
    made: dict[type[msgspec.Struct], type[msgspec.Struct]],
) -> Any:  # noqa: ANN401 - as above
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        if kind not in made:
            made[kind] = _narrow_struct(kind, kept, made)
        return made[kind]
    origin, inner = get_origin(kind), get_args(kind)
    if origin is None or origin is Literal:
        return kind
    narrow = tuple(each if each is Ellipsis else _narrow(each, kept, made) for each in inner)
    if narrow == inner:
        return kind
    return Union[narrow] if origin in (Union, UnionType) else origin[narrow]  # noqa: UP007 - at run time


def _narrow_struct(
    kind: type[msgspec.Struct],
    kept: Kept,
    made: dict[type[msgspec.Struct], type[msgspec.Struct]],
) -> type[msgspec.Struct]:
    names = kept.get(kind)
    whole = [each for each in msgspec.structs.fields(kind) if names is None or each.name in names]
    fields = [(each, _narrow(each.type, kept, made)) for each in whole]
    if names is None and all(each.type == narrow for each, narrow in fields):
        return kind
    derived = {
        name: value
        for name, value in vars(kind).items()
        if isinstance(value, property | cached_property)
    }
    holds_more = any(isinstance(each, cached_property) for each in derived.values())
    return msgspec.defstruct(
        kind.__name__,
        [(each.name, narrow, _default(each)) for each, narrow in fields],
        namespace=derived,
        frozen=True,
        kw_only=True,
        dict=holds_more,
        gc=holds_more,  # none refers to itself: it need not be looked at for that
    )


def _default(field: msgspec.structs.FieldInfo) -> Any:  # noqa: ANN401 - any value, or how to make one
    if field.default_factory is not msgspec.NODEFAULT:
        return msgspec.field(default_factory=field.default_factory)
    return field.default
