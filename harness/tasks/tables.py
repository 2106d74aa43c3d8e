"""From Parquet and Arrow files in a data set's own columns to checked rows, a batch at a time.

The hub's tables and a directory's go through the same code. Nothing here holds more than a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harness.errors import ConfigurationError
from harness.tasks.annotations import parse_annotations
from harness.tasks.card import Columns, TaskCard
from harness.tasks.protocol import Boxes

Array: TypeAlias = Any
DataType: TypeAlias = Any
"""A ``pyarrow.Array`` and a ``pyarrow.DataType``: pyarrow has no types of its own to check."""


@dataclass(frozen=True)
class Part:
    """One table of a split, and where it came from: a file, or a split on the hub."""

    where: str
    columns: Sequence[str]
    """Names of all columns that are there."""
    rows: int
    """How many there are said to be."""
    sample_bytes: int
    """About how many bytes the samples have together."""
    read: Callable[[], Iterator[Any]]
    """Yields ``pyarrow.RecordBatch``, with the columns that the card names."""

    def fault(self, column: str, found: str, remedy: str) -> ConfigurationError:
        """Return the error that names this table and the column."""
        return ConfigurationError.at(self.where, f"column {column!r}", found, remedy)


@dataclass(frozen=True)
class Rows:
    """Some rows of a part, checked against the card."""

    part: Part
    numbers: npt.NDArray[np.int64]
    """Of each, its number in the part, from 0; they rise."""
    samples: Array
    """Of text or binary, no nulls; texts are UTF-8."""
    labels: npt.NDArray[np.int64]
    ids: Array | None
    groups: Array | None
    boxes: Sequence[Boxes] | None

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.numbers)

    def at(self, places: npt.NDArray[np.int64]) -> Rows:
        """Return those at these places, from 0."""
        chosen = pa.array(places)
        return Rows(
            self.part,
            self.numbers[places],
            self.samples.take(chosen),
            self.labels[places],
            None if self.ids is None else self.ids.take(chosen),
            None if self.groups is None else self.groups.take(chosen),
            None if self.boxes is None else [self.boxes[place] for place in places],
        )


def columns_of(parts: Sequence[Part], card: TaskCard) -> Columns:
    """Return the columns that are read: where the card has a choice, what the first part has."""
    return card.columns.of(parts[0].columns) if parts else card.columns


def require_columns(parts: Sequence[Part], card: TaskCard) -> None:
    """Refuse parts without the columns that the card names: their schemas are enough to see it."""
    columns = columns_of(parts, card)
    for part in parts:
        _require(part, card, columns)


def _require(part: Part, card: TaskCard, columns: Columns) -> None:
    present = list(part.columns)
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


def read_rows(part: Part, card: TaskCard, columns: Columns) -> Iterator[Rows]:
    """Yield a part's rows, a batch at a time; ``ConfigurationError`` names what is not as declared.

    It names the part, the column, and the row within the part, from 0.
    """
    first = 0
    for batch in part.read():
        count = len(batch)
        if count:  # without rows, types say nothing
            yield _Batch(part, first, batch).rows(card, columns)
            first += count
        del batch
        _release_unused()
    _release_unused()


def _release_unused() -> None:
    """Give back what Arrow is done with: for pages of tens of megabytes it keeps as much again."""
    pa.default_memory_pool().release_unused()


def contents_of(samples: Array) -> tuple[memoryview, npt.NDArray[np.int64]]:
    """Return the bytes of a text or binary array, one value behind the other, and their bounds.

    The bounds are n + 1 positions, from 0: value i stands from bound i to bound i + 1.
    """
    is_large = pa.types.is_large_string(samples.type) or pa.types.is_large_binary(samples.type)
    width = np.dtype(np.int64 if is_large else np.int32)
    if not len(samples):  # then Arrow need not have any buffers
        return memoryview(b""), np.zeros(1, np.int64)
    _, offsets, data = samples.buffers()
    bounds = np.frombuffer(
        offsets, width, count=len(samples) + 1, offset=samples.offset * width.itemsize
    ).astype(np.int64)
    content = memoryview(b"" if data is None else data).cast("B")
    return content[bounds[0] : bounds[-1]], bounds - bounds[0]


@dataclass(frozen=True)
class _Batch:
    """A record batch of a part, not checked yet."""

    part: Part
    first: int
    """The number of its first row in the part."""
    columns: Any

    def rows(self, card: TaskCard, names: Columns) -> Rows:
        """Check every column that is named."""
        boxes = None if names.boxes is None else self._boxes(names.boxes)
        if boxes is None:
            labels = self._labels(names.label or "", card)
        else:
            positive = card.positive or 0
            there = np.array([len(each) > 0 for each in boxes], np.bool_)
            labels = np.where(there, positive, 1 - positive).astype(np.int64)
        return Rows(
            self.part,
            np.arange(self.first, self.first + len(labels)),
            self._samples(card),
            labels,
            None if names.id is None else self._texts(names.id),
            self._texts(names.group) if isinstance(names.group, str) else None,
            boxes,
        )

    def _samples(self, card: TaskCard) -> Array:
        name = card.columns.sample
        column = self.columns.column(name)
        if card.task.modality == "text":
            return self._checked(name, _plain(column), _is_text, "text")
        if pa.types.is_struct(column.type):
            if column.type.get_field_index("bytes") < 0:
                fields = ", ".join(column.type.field(i).name for i in range(column.type.num_fields))
                raise self.part.fault(
                    name, f"is a struct of {fields}", "store the encoded files in 'bytes'"
                )
            column = pc.struct_field(column, "bytes")
        wanted = f"encoded {card.task.modality} files"
        return self._checked(name, _plain(column), _is_binary, wanted)

    def _texts(self, name: str) -> Array:
        column = _plain(self.columns.column(name))
        if pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        checked = self._checked(name, column, _is_text, "text or whole numbers")
        return checked.cast(pa.large_string())

    def _labels(self, name: str, card: TaskCard) -> npt.NDArray[np.int64]:
        """Return the label of every row as a position in the card's labels."""
        column = _plain(self.columns.column(name))
        encoded = self._checked(name, column, _is_label, "text or whole numbers")
        positions = spellings_of(card)
        found = pc.unique(encoded)
        unknown = [value for value in found.to_pylist() if value not in positions]
        if unknown:
            row = pc.index(encoded, pa.scalar(unknown[0], column.type)).as_py()
            allowed = ", ".join(map(repr, positions))
            raise self.part.fault(
                name,
                f"row {self.first + row} is {unknown[0]!r}, which is no label of {card.task.id} "
                f"({allowed})",
                "correct the row, or add the spelling to the label's aliases in task.toml",
            )
        known = np.array([positions[value] for value in found.to_pylist()], np.int64)
        labels: npt.NDArray[np.int64] = known[pc.index_in(encoded, value_set=found).to_numpy()]
        return labels

    def _boxes(self, name: str) -> list[Boxes]:
        """Return the boxes of every row."""
        column = self._checked(name, _plain(self.columns.column(name)), _is_text, "text")
        boxes = []
        for row, text in enumerate(column.to_pylist(), self.first):
            try:
                boxes.append(parse_annotations(text))
            except ValueError as error:
                raise self.part.fault(
                    name, f"row {row}: {error}", "correct the row, or leave it out"
                ) from None
        return boxes

    def _checked(
        self, name: str, column: Array, allowed: Callable[[DataType], bool], wanted: str
    ) -> Array:
        if not allowed(column.type):
            raise self.part.fault(name, f"holds {column.type}", f"store {wanted}")
        if column.null_count:
            row = self.first + pc.index(column.is_null(), pa.scalar(True)).as_py()
            raise self.part.fault(
                name, f"row {row} is null", "fill the value in, or leave the row out"
            )
        try:
            column.validate(full=True)  # among others, that texts are UTF-8
        except pa.ArrowInvalid as error:
            row = _first_undecodable(column)
            if row is None:
                raise self.part.fault(name, f"is not valid: {error}", "write it again") from None
            found = f"row {self.first + row} is not UTF-8"
            raise self.part.fault(name, found, "write it again, as UTF-8") from None
        return column


def _first_undecodable(column: Array) -> int | None:
    """Return the first row of a text column that is not UTF-8."""
    if not _is_text(column.type):
        return None
    stored = pa.binary() if pa.types.is_string(column.type) else pa.large_binary()
    for row, value in enumerate(column.view(stored).to_pylist()):
        try:
            value.decode()
        except UnicodeDecodeError:
            return row
    return None


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


def _is_text(kind: DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _is_binary(kind: DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def _is_label(kind: DataType) -> bool:
    return _is_text(kind) or bool(pa.types.is_integer(kind))
