"""From Parquet files in a data set's own columns to checked rows, a batch at a time.

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
from msgspec.structs import replace

from harness.errors import ConfigurationError
from harness.tasks.annotations import parse_annotations
from harness.tasks.card import Columns, TaskCard
from harness.tasks.protocol import Boxes
from harness.tasks.row_faults import RowFault, RowFaults

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
    unnamed: bool = False
    """Whether its column of identifiers is there, and null in every row."""
    classes: Sequence[str] | None = None
    """By number, what it calls the numbers in its column of labels; ``None``: it says nothing."""

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
    """Return the columns that are read: where the card has a choice, what the first part has.

    Identifiers that are null in every row, as in a public set that gives none, are none.
    """
    columns = card.columns.of(parts[0].columns) if parts else card.columns
    if parts and all(part.unnamed or not part.rows for part in parts):
        return replace(columns, id=None)
    return columns


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


def read_rows(part: Part, card: TaskCard, columns: Columns, faults: RowFaults) -> Iterator[Rows]:
    """Yield a part's rows, a batch at a time.

    Rows that are not as declared are told to ``faults``, with the column and the row within the
    part, and left out: whoever has read all of a split asks it to ``require_none``. Raises
    ``ConfigurationError`` for a column none of whose rows can be as declared.
    """
    first = 0
    for batch in part.read():
        count = len(batch)
        if count:  # without rows, types say nothing
            yield _Batch(part, first, batch).rows(card, columns, faults)
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
class _Column:
    """A column of a batch: its values, and which of them can be read."""

    values: Array
    there: npt.NDArray[np.int64] | None
    """The rows whose value is there, and UTF-8 where it is text; ``None``: all."""

    @property
    def readable(self) -> tuple[npt.NDArray[np.int64], Array]:
        """The rows that can be read, and their values."""
        if self.there is None:
            return np.arange(len(self.values)), self.values
        return self.there, self.values.take(pa.array(self.there))


class _Batch:
    """A record batch of a part, not checked yet."""

    def __init__(self, part: Part, first: int, columns: Any) -> None:  # noqa: ANN401 - of pyarrow
        self._part = part
        self._first = first
        """The number of its first row in the part."""
        self._columns = columns
        self._found: list[RowFault] = []

    def rows(self, card: TaskCard, names: Columns, faults: RowFaults) -> Rows:
        """Check every column that is named, and return the rows in which nothing is wrong."""
        samples = self._samples(card).values
        ids = None if names.id is None else self._texts(names.id)
        groups = self._texts(names.group) if isinstance(names.group, str) else None
        boxes = None if names.boxes is None else self._boxes(names.boxes)
        if boxes is None:
            labels = self._labels(names.label or "", card)
        else:
            positive = card.positive or 0
            there = np.array([len(each) > 0 for each in boxes], np.bool_)
            labels = np.where(there, positive, 1 - positive).astype(np.int64)
        numbers = np.arange(self._first, self._first + len(labels))
        rows = Rows(self._part, numbers, samples, labels, ids, groups, boxes)
        if not self._found:
            return rows
        for fault in sorted(self._found, key=lambda found: found.row):
            faults.add(fault)
        wrong = {fault.row - self._first for fault in self._found}
        return rows.at(np.array([n for n in range(len(labels)) if n not in wrong], np.int64))

    def _wrong(self, name: str, row: int, found: str, remedy: str) -> None:
        """Note what is wrong with a row of the batch."""
        fault = RowFault(self._part.where, self._first + row, name, found, remedy)
        self._found.append(fault)

    def _samples(self, card: TaskCard) -> _Column:
        name = card.columns.sample
        column = self._columns.column(name)
        if card.task.modality == "text":
            return self._checked(name, _plain(column), _is_text, "text")
        paths = None
        if pa.types.is_struct(column.type):
            if column.type.get_field_index("bytes") < 0:
                fields = ", ".join(column.type.field(i).name for i in range(column.type.num_fields))
                raise self._part.fault(
                    name, f"is a struct of {fields}", "store the encoded files in 'bytes'"
                )
            if column.type.get_field_index("path") >= 0:
                paths = _plain(pc.struct_field(column, "path"))
            column = pc.struct_field(column, "bytes")
        wanted = f"encoded {card.task.modality} files"
        return self._checked(name, _plain(column), _is_binary, wanted, paths)

    def _texts(self, name: str) -> Array:
        column = _plain(self._columns.column(name))
        if pa.types.is_integer(column.type):
            column = column.cast(pa.string())
        return self._checked(name, column, _is_text, "text or whole numbers").values.cast(
            pa.large_string()
        )

    def _labels(self, name: str, card: TaskCard) -> npt.NDArray[np.int64]:
        """Return (n,): the label of every row as a position in the card's labels, 0 for none."""
        column = _plain(self._columns.column(name))
        checked = self._checked(name, column, _is_label, "text or whole numbers")
        places, encoded = checked.readable
        spellings = positions = spellings_of(card)
        classes = self._part.classes if pa.types.is_integer(column.type) else None
        if classes is not None:
            positions = _numbered(classes, spellings)
        found = pc.unique(encoded)
        values = found.to_pylist()
        unknown = [value for value in values if value not in positions]
        if unknown:
            strange = pc.is_in(encoded, value_set=pa.array(unknown, found.type))
            allowed = ", ".join(map(repr, spellings))
            for place in np.flatnonzero(strange.to_numpy(zero_copy_only=False)).tolist():
                self._wrong(
                    name,
                    int(places[place]),
                    f"is {_told(encoded[place].as_py(), classes)}, "
                    f"which is no label of {card.task.id}",
                    "correct the row, or add the spelling to the label's aliases in task.toml, "
                    f"which knows {allowed}",
                )
        known = np.array([positions.get(value, 0) for value in values], np.int64)
        labels = np.zeros(len(column), np.int64)
        if len(places):
            labels[places] = known[pc.index_in(encoded, value_set=found).to_numpy()]
        return labels

    def _boxes(self, name: str) -> list[Boxes]:
        """Return the boxes of every row."""
        checked = self._checked(name, _plain(self._columns.column(name)), _is_text, "text")
        boxes: list[Boxes] = [np.empty((0, 4))] * len(checked.values)
        places, annotations = checked.readable
        for row, text in zip(places.tolist(), annotations.to_pylist(), strict=True):
            try:
                boxes[row] = parse_annotations(text)
            except ValueError as error:
                self._wrong(name, row, f"is malformed: {error}", "correct the row, or leave it out")
        return boxes

    def _checked(
        self,
        name: str,
        column: Array,
        allowed: Callable[[DataType], bool],
        wanted: str,
        paths: Array | None = None,
    ) -> _Column:
        """See that a column is of an allowed type, and note the rows that are null or not UTF-8.

        ``paths`` say which files stand for rows that are null.
        """
        if not allowed(column.type):
            raise self._part.fault(name, f"holds {column.type}", f"store {wanted}")
        wrong: list[int] = []
        if column.null_count:
            is_null = column.is_null().to_numpy(zero_copy_only=False)
            for row in np.flatnonzero(is_null).tolist():
                self._wrong(name, row, *_lacking(paths, row))
                wrong.append(row)
        try:
            column.validate(full=True)  # among others, that texts are UTF-8
        except pa.ArrowInvalid as error:
            undecodable = _undecodable(column)
            if not undecodable:
                raise self._part.fault(name, f"is not valid: {error}", "write it again") from None
            for row in undecodable:
                self._wrong(name, row, "is not UTF-8", "write it again, as UTF-8")
            wrong += undecodable
        there = np.delete(np.arange(len(column)), wrong) if wrong else None
        return _Column(column, there)


def _lacking(paths: Array | None, row: int) -> tuple[str, str]:
    """Say what a row is that is null, and what to do."""
    if paths is None or not _is_text(paths.type) or not paths[row].is_valid:
        return "is null", "fill the value in, or leave the row out"
    path = bytes(paths[row].as_buffer()).decode(errors="backslashreplace")
    remedy = "put the file itself into 'bytes', as data import does, and embed_table_storage of "
    return f"names the file {path!r}, and does not hold it", f"{remedy}datasets.table"


def _undecodable(column: Array) -> list[int]:
    """Return the rows of a text column that are not UTF-8."""
    if not _is_text(column.type):
        return []
    stored = pa.binary() if pa.types.is_string(column.type) else pa.large_binary()
    values = enumerate(column.view(stored).to_pylist())
    return [row for row, value in values if value is not None and not _is_utf8(value)]


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def spellings_of(card: TaskCard) -> dict[str | int, int]:
    """Map what a label column may hold to positions; without numbers in the card, 0 … k - 1."""
    spellings: dict[str | int, int] = {}
    for position, label in enumerate(card.labels):
        spellings.update(dict.fromkeys((label.name, *label.aliases), position))
    if not any(isinstance(spelling, int) for spelling in spellings):
        spellings.update({position: position for position in range(len(card.labels))})
    return spellings


def _numbered(classes: Sequence[str], spellings: dict[str | int, int]) -> dict[str | int, int]:
    """Map the numbers of classes to positions, by what the file calls each.

    A name may be a number in digits: so classes are called that were given no names.
    """
    known: dict[str | int, int] = {str(spelling): at for spelling, at in spellings.items()}
    known.update(spellings)
    return {number: known[name] for number, name in enumerate(classes) if name in known}


def _told(value: str | int, classes: Sequence[str] | None) -> str:
    """Spell a label as it stands, with what the file calls it."""
    if classes is None or not isinstance(value, int):
        return repr(value)
    if 0 <= value < len(classes):
        return f"{value}, named {classes[value]!r} by the file"
    return f"{value}, not named by the file"


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
