"""From Arrow tables in a data set's own columns to a ``Split``.

The hub's tables and a directory's go through the same code. Samples stay in Arrow's memory and
become Python objects only when their positions are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import ConfigurationError
from harness.tasks.annotations import parse_annotations
from harness.tasks.card import Columns, TaskCard
from harness.tasks.protocol import Boxes, Sample
from harness.tasks.splits import BLOCK_ITEMS

Array: TypeAlias = Any
DataType: TypeAlias = Any
"""A ``pyarrow.Array`` and a ``pyarrow.DataType``: pyarrow has no types of its own to check."""


@dataclass(frozen=True)
class Part:
    """One table of a split, and where it came from: a file, or a split on the hub."""

    where: str
    table: Any

    def fault(self, column: str, found: str, remedy: str) -> ConfigurationError:
        """Return the error that names this table and the column."""
        return ConfigurationError.at(self.where, f"column {column!r}", found, remedy)


class Column:
    """Values over chunks of any lengths, handed out by position."""

    def __init__(self, chunks: Sequence[Array]) -> None:
        self._chunks = [chunk for chunk in chunks if len(chunk)]
        self._ends = np.cumsum([len(chunk) for chunk in self._chunks], dtype=np.int64)

    def __len__(self) -> int:
        """Return how many values there are."""
        return int(self._ends[-1]) if self._chunks else 0

    def take(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Any]:
        """Return the values at these positions, from 0; ``IndexError`` beyond the end."""
        wanted = np.asarray(positions, np.int64)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() < len(self):
            raise IndexError(f"a position is not from 0 to {len(self) - 1}")
        chunk_of = np.searchsorted(self._ends, wanted, side="right")
        values: list[Any] = [None] * len(wanted)
        for number in np.unique(chunk_of):
            chunk = self._chunks[number]
            here = np.flatnonzero(chunk_of == number)
            rows = wanted[here] - (self._ends[number] - len(chunk))
            taken: list[Any] = chunk.take(pa.array(rows)).to_pylist()
            if len(taken) == len(values):
                return taken
            for slot, value in zip(here, taken, strict=True):
                values[slot] = value
        return values


class Texts(Sequence[str]):
    """A column of short texts as a sequence: identifiers, groups."""

    def __init__(self, chunks: Sequence[Array]) -> None:
        self._chunks = chunks
        self._column = Column(chunks)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._column)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        """Return one text, or those of a slice."""
        chosen = range(len(self))[position]
        if isinstance(chosen, range):
            return self._column.take(chosen)
        text: str = self._column.take([chosen])[0]
        return text

    def __iter__(self) -> Iterator[str]:
        """Yield all texts, a block at a time."""
        for chunk in self._chunks:
            for start in range(0, len(chunk), BLOCK_ITEMS):
                yield from chunk.slice(start, BLOCK_ITEMS).to_pylist()


class RowNumbers(Sequence[str]):
    """Identifiers where a data set has none: the row's number, from 0."""

    def __init__(self, count: int) -> None:
        self._rows = range(count)

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        """Return one number, or those of a slice, in decimal."""
        chosen = self._rows[position]
        return [str(row) for row in chosen] if isinstance(chosen, range) else str(chosen)


class TableSplit:
    """A ``Split`` over Arrow tables; raises ``ConfigurationError`` naming what is not as declared.

    Errors name the part, the column, and the row within the part, from 0.
    """

    def __init__(self, parts: Sequence[Part], card: TaskCard) -> None:
        columns = card.columns.of(parts[0].table.column_names) if parts else card.columns
        for part in parts:
            _require_columns(part, card, columns)
        parts = [part for part in parts if len(part.table)]  # without rows, types say nothing
        self._samples = Column([c for part in parts for c in _sample_chunks(part, card)])
        self.boxes: Sequence[Boxes] | None = None
        if columns.boxes is not None:
            self.boxes = [boxes for part in parts for boxes in _boxes(part, columns.boxes)]
            there = np.array([len(boxes) > 0 for boxes in self.boxes], np.bool_)
            positive = card.positive or 0
            self.labels: npt.NDArray[np.int64] = np.where(there, positive, 1 - positive)
        else:
            self.labels = np.concatenate(
                [np.empty(0, np.int64), *(_labels(part, card) for part in parts)]
            )
        self.groups: Sequence[str] | None = None
        if isinstance(columns.group, str):
            self.groups = Texts(_text_chunks(parts, columns.group))
        self.ids: Sequence[str] = RowNumbers(len(self._samples))
        if columns.id is not None:
            self.ids = Texts(_text_chunks(parts, columns.id))
            _require_unique(parts, columns.id, self.ids)

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self._samples)

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Return the samples at these positions, in this order."""
        return self._samples.take(positions)


def _require_columns(part: Part, card: TaskCard, columns: Columns) -> None:
    present = part.table.column_names
    missing = [repr(name) for name in columns.named if name not in present]
    if missing:
        groups = card.columns.group
        if isinstance(groups, tuple) and missing[-1] == repr(columns.group):
            missing[-1] = " or ".join(map(repr, groups))
        raise ConfigurationError.at(
            part.where,
            f"column {', '.join(missing)}",
            f"is missing; there are {', '.join(map(repr, present))}",
            "is this the data of another task, put each task's in DIR/<task>/, here "
            f"DIR/{card.task.id}/, or name entries of one task; else rename the data's columns, or "
            f"the [columns] of {card.task.id}'s task.toml",
        )
    doubled = [name for name in columns.named if present.count(name) > 1]
    if doubled:
        raise part.fault(doubled[0], "stands twice", "keep one of the two columns")


def _sample_chunks(part: Part, card: TaskCard) -> list[Array]:
    name = card.columns.sample
    column = part.table.column(name)
    if card.task.modality == "text":
        return _checked(part, name, _plain(column), _is_text, "text")
    if pa.types.is_struct(column.type):
        if column.type.get_field_index("bytes") < 0:
            fields = ", ".join(column.type.field(i).name for i in range(column.type.num_fields))
            raise part.fault(name, f"is a struct of {fields}", "store the encoded files in 'bytes'")
        column = pc.struct_field(column, "bytes")
    return _checked(part, name, _plain(column), _is_binary, f"encoded {card.task.modality} files")


def _text_chunks(parts: Sequence[Part], name: str) -> list[Array]:
    chunks: list[Array] = []
    for part in parts:
        column = _plain(part.table.column(name))
        if pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        chunks += _checked(part, name, column, _is_text, "text or whole numbers")
    return chunks


def _labels(part: Part, card: TaskCard) -> npt.NDArray[np.int64]:
    """Return the label of every row as a position in the card's labels."""
    name = card.columns.label or ""
    column = _plain(part.table.column(name))
    chunks = _checked(part, name, column, _is_label, "text or whole numbers")
    positions = spellings_of(card)
    encoded = pa.chunked_array(chunks, column.type)
    found = pc.unique(encoded)
    unknown = [value for value in found.to_pylist() if value not in positions]
    if unknown:
        row = pc.index(encoded, pa.scalar(unknown[0], column.type)).as_py()
        allowed = ", ".join(map(repr, positions))
        raise part.fault(
            name,
            f"row {row} is {unknown[0]!r}, which is no label of {card.task.id} ({allowed})",
            "correct the row, or add the spelling to the label's aliases in task.toml",
        )
    known = np.array([positions[value] for value in found.to_pylist()], np.int64)
    labels: npt.NDArray[np.int64] = known[pc.index_in(encoded, value_set=found).to_numpy()]
    return labels


def _boxes(part: Part, name: str) -> Iterator[Boxes]:
    """Yield the boxes of every row."""
    chunks = _checked(part, name, _plain(part.table.column(name)), _is_text, "text")
    for row, text in enumerate(text for chunk in chunks for text in chunk.to_pylist()):
        try:
            yield parse_annotations(text)
        except ValueError as error:
            raise part.fault(
                name, f"row {row}: {error}", "correct the row, or leave it out"
            ) from None


def spellings_of(card: TaskCard) -> dict[str | int, int]:
    """Map what a label column may hold to positions; without numbers in the card, 0 … k - 1."""
    spellings: dict[str | int, int] = {}
    for position, label in enumerate(card.labels):
        spellings.update(dict.fromkeys((label.name, *label.aliases), position))
    if not any(isinstance(spelling, int) for spelling in spellings):
        spellings.update({position: position for position in range(len(card.labels))})
    return spellings


def _plain(column: Array) -> Array:
    """Undo the encodings that do not change what a column holds."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    if pa.types.is_binary_view(column.type):
        column = column.cast(pa.large_binary())
    return column


def _checked(
    part: Part, name: str, column: Array, allowed: Callable[[DataType], bool], wanted: str
) -> list[Array]:
    if not allowed(column.type):
        raise part.fault(name, f"holds {column.type}", f"store {wanted}")
    if column.null_count:
        row = pc.index(column.is_null(), pa.scalar(True)).as_py()
        raise part.fault(name, f"row {row} is null", "fill the value in, or leave the row out")
    try:
        column.validate(full=True)  # among others, that texts are UTF-8
    except pa.ArrowInvalid as error:
        raise part.fault(name, f"is not valid: {error}", "write the file again") from None
    return list(column.chunks)


def _is_text(kind: DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_binary(kind: DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_label(kind: DataType) -> bool:
    return _is_text(kind) or bool(pa.types.is_integer(kind))


def _require_unique(parts: Sequence[Part], name: str, ids: Sequence[str]) -> None:
    chunks = [part.table.column(name).cast(pa.large_string()) for part in parts]
    together = pa.chunked_array([c for column in chunks for c in column.chunks], pa.large_string())
    if len(pc.unique(together)) == len(together):
        return
    seen: dict[str, tuple[Part, int]] = {}
    rows = ((part, row) for part in parts for row in range(len(part.table)))
    for (part, row), item_id in zip(rows, ids, strict=True):
        if item_id in seen:
            first, first_row = seen[item_id]
            raise part.fault(
                name,
                f"row {row} is {item_id!r}, as is row {first_row} of {first.where}",
                "give each item an identifier of its own",
            )
        seen[item_id] = (part, row)
