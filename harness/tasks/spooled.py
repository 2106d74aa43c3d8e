"""A ``Split`` that is read from files once, front to back, and keeps its samples in a spool."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise, repeat
from typing import overload

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harness.tasks.card import Columns, TaskCard
from harness.tasks.digests import DataDigest
from harness.tasks.protocol import Boxes, Sample, Stored
from harness.tasks.row_faults import RowFault, RowFaults
from harness.tasks.splits import BLOCK_ITEMS, fingerprints_of
from harness.tasks.spool import Spool
from harness.tasks.tables import Array, Part, Rows, columns_of, contents_of, read_rows

CHOICE_SEED = 2_026
"""Which items are kept of a split that is kept in part: the same ones every time."""


class Texts(Sequence[str]):
    """Short texts in Arrow's memory as a sequence: identifiers, groups."""

    def __init__(self, chunks: Sequence[Array]) -> None:
        """Take chunks of ``large_string``."""
        self._column: Array = pa.chunked_array(chunks, pa.large_string()).combine_chunks()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._column)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        """Return one text, or those of a slice."""
        if isinstance(position, slice):
            texts: list[str] = self._column[position].to_pylist()
            return texts
        text: str = self._column[int(position)].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        """Yield all texts, a block at a time."""
        for start in range(0, len(self), BLOCK_ITEMS):
            yield from self._column.slice(start, BLOCK_ITEMS).to_pylist()

    def repeats(self) -> Iterator[tuple[int, int]]:
        """Yield where a text stands for the first time and, each time that it does so, again."""
        if len(pc.unique(self._column)) == len(self):
            return
        seen: dict[str, int] = {}
        for position, text in enumerate(self):
            first = seen.setdefault(text, position)
            if first != position:
                yield first, position


class RowNumbers(Sequence[str]):
    """Identifiers where a data set has none: the row's number, from 0."""

    def __init__(self, numbers: npt.NDArray[np.int64]) -> None:
        self._numbers = numbers

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._numbers)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> list[str]: ...
    def __getitem__(self, position: int | slice) -> str | list[str]:
        """Return one number, or those of a slice, in decimal."""
        if isinstance(position, slice):
            return [str(number) for number in self._numbers[position].tolist()]
        return str(self._numbers[position])


class SpooledSplit:
    """A ``Split`` of tables; raises ``ConfigurationError`` naming all that is not as declared.

    Every row is read and checked once. ``see`` is shown each batch of rows meanwhile. With
    ``at_most``, no more items are kept, drawn evenly from all rows, and an identifier that stands
    twice is found among those only.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        card: TaskCard,
        *,
        at_most: int | None = None,
        see: Callable[[Rows], None] = lambda _: None,
    ) -> None:
        total = sum(part.rows for part in parts)
        chosen = _chosen(total, at_most)
        share = 1.0 if chosen is None else len(chosen) / total
        self._samples = Spool(
            text=card.task.modality == "text",
            expected_bytes=int(share * sum(part.sample_bytes for part in parts)),
        )
        names = columns_of(parts, card)
        columns = _Columns()
        numbers: list[npt.NDArray[np.int64]] = []
        """Of each item kept, the number of its row in the split."""
        faults = RowFaults()
        first = 0
        for part, begin in zip(parts, _begins(parts), strict=True):
            for rows in read_rows(part, card, names, faults):
                see(rows)
                kept = rows if chosen is None else rows.at(_within(chosen, first, len(rows)))
                numbers.append(begin + kept.numbers)
                self._keep(kept, columns)
                first += len(rows)
        self._gather(names, columns, _joined(numbers))
        if isinstance(self.ids, Texts):
            _see_repeats(self.ids, names, parts, _joined(numbers), faults)
        faults.require_none()

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self._samples)

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Return the samples at these positions, in this order."""
        return self._samples.samples(positions)

    def stored(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> Stored | None:
        """Return where the samples at these positions lie; ``None`` where they are to be read."""
        return self._samples.stored(positions)

    def _keep(self, rows: Rows, columns: _Columns) -> None:
        content, bounds = contents_of(rows.samples)
        self._samples.extend(content, bounds)
        stored = (bytes(content[a:b]) for a, b in pairwise(bounds.tolist()))
        columns.fingerprints.append(fingerprints_of(stored))
        columns.labels.append(rows.labels)
        if rows.ids is not None:
            columns.ids.append(rows.ids)
        if rows.groups is not None:
            columns.groups.append(rows.groups)
        if rows.boxes is not None:
            columns.boxes.extend(rows.boxes)

    def _gather(self, names: Columns, columns: _Columns, numbers: npt.NDArray[np.int64]) -> None:
        self.labels: npt.NDArray[np.int64] = _joined(columns.labels)
        self.fingerprints: npt.NDArray[np.int64] = _joined(columns.fingerprints)
        self.ids: Sequence[str] = RowNumbers(numbers) if names.id is None else Texts(columns.ids)
        self.groups: Sequence[str] | None = None if names.group is None else Texts(columns.groups)
        self.boxes: Sequence[Boxes] | None = None if names.boxes is None else columns.boxes


def read_through(
    parts: Sequence[Part], card: TaskCard, see: Callable[[Rows], None] = lambda _: None
) -> int:
    """Check every row as a ``SpooledSplit`` does, keep no sample, and return how many there are."""
    names = columns_of(parts, card)
    ids: list[Array] = []
    numbers: list[npt.NDArray[np.int64]] = []
    faults = RowFaults()
    for part, begin in zip(parts, _begins(parts), strict=True):
        for rows in read_rows(part, card, names, faults):
            see(rows)
            numbers.append(begin + rows.numbers)
            if rows.ids is not None:
                ids.append(rows.ids)
    found = _joined(numbers)
    _see_repeats(Texts(ids), names, parts, found, faults)
    faults.require_none()
    return len(found)


@dataclass(frozen=True)
class _Columns:
    """What is kept of the rows so far, but for their samples."""

    labels: list[npt.NDArray[np.int64]] = field(default_factory=list)
    fingerprints: list[npt.NDArray[np.int64]] = field(default_factory=list)
    ids: list[Array] = field(default_factory=list)
    groups: list[Array] = field(default_factory=list)
    boxes: list[Boxes] = field(default_factory=list)


def _chosen(total: int, at_most: int | None) -> npt.NDArray[np.int64] | None:
    """Draw which of ``total`` rows are kept, in rising order; ``None``: all."""
    if at_most is None or total <= at_most:
        return None
    drawn = np.random.default_rng(CHOICE_SEED).choice(total, at_most, replace=False)
    return np.sort(drawn).astype(np.int64)


def _within(chosen: npt.NDArray[np.int64], first: int, count: int) -> npt.NDArray[np.int64]:
    """Return which of ``count`` rows, of which the first is the split's row ``first``, are kept."""
    low, high = np.searchsorted(chosen, (first, first + count))
    return chosen[low:high] - first


def _joined(chunks: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.empty(0, np.int64), *chunks])


def _begins(parts: Sequence[Part]) -> list[int]:
    """Return, of each part, the number of its first row in the split."""
    return list(accumulate((part.rows for part in parts[:-1]), initial=0))[: len(parts)]


def _see_repeats(
    ids: Texts,
    names: Columns,
    parts: Sequence[Part],
    numbers: npt.NDArray[np.int64],
    faults: RowFaults,
) -> None:
    """Tell every identifier that stood before, by part and row, and where it did.

    Rows in which something else is wrong are not here any more.
    """
    begins = np.array(_begins(parts), np.int64)
    for twin, position in ids.repeats():
        part, row = _place(parts, begins, int(numbers[position]))
        first, first_row = _place(parts, begins, int(numbers[twin]))
        faults.add(
            RowFault(
                part.where,
                row,
                names.id or "",
                f"is {ids[position]!r}, as is row {first_row} of {first.where}",
                "give each item an identifier of its own",
            )
        )


def _place(parts: Sequence[Part], begins: npt.NDArray[np.int64], number: int) -> tuple[Part, int]:
    """Return the part that a row of the split is in, and its number there."""
    which = int(np.searchsorted(begins, number, side="right")) - 1
    return parts[which], number - int(begins[which])


class RowsDigest:
    """The digest of a split, taken while its rows are read; see ``DataDigest``."""

    def __init__(self) -> None:
        self._digest = DataDigest()
        self._seen = 0

    def see(self, rows: Rows) -> None:
        """Take the next rows."""
        content, bounds = contents_of(rows.samples)
        numbers = range(self._seen, self._seen + len(rows))
        self._seen += len(rows)
        ids = map(str, numbers) if rows.ids is None else rows.ids.to_pylist()
        groups = repeat(None) if rows.groups is None else rows.groups.to_pylist()
        boxes = repeat(None) if rows.boxes is None else rows.boxes
        samples = (content[a:b] for a, b in pairwise(bounds.tolist()))
        items = zip(ids, samples, rows.labels.tolist(), boxes, groups, strict=False)
        for item_id, sample, label, of_item, group in items:
            self._digest.add(item_id, sample, label, of_item, group)

    def hexdigest(self) -> str:
        """Return the digest of the rows so far, in hexadecimal."""
        return self._digest.hexdigest()
