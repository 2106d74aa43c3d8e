"""The rows of a board as its files spell them: each once, or as they were spelt before.

Most of the time that a board's files take goes into its rows, and when an entry is added those of
all others stay what they were. What a row looks like in each file hangs on the row alone: whoever
has a place may keep that (``SpeltRow``, and ``columns``), by what tells one row from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.records.base import Frozen
from harness.records.board import BoardEntry
from harness.site.client import Cells, script_cells
from harness.site.columns import COLUMNS, Kind
from harness.site.plain import row_line
from harness.site.spreadsheet import own_cells

if TYPE_CHECKING:
    import pyarrow as pa

MOST_PIECES = 1000
"""Of columns that were known: where more would have to be put together, all are made anew."""

LONG = 2**63
"""Whole numbers from here on are none of msgpack."""


class SpeltRow(Frozen, array_like=True):
    """What is worth keeping of a row."""

    line: bytes
    """As ``plain.row_line`` has it."""
    cells: str
    """As ``spreadsheet.own_cells`` has them."""
    script: Cells | None
    """As ``client.script_cells`` has them; ``None`` where a number is too long to be kept."""


class Known(NamedTuple):
    """What was kept of rows."""

    rows: Sequence[SpeltRow]
    columns: Callable[[], pa.RecordBatch]
    """As ``own_columns`` gave them of these rows, in their order."""


class SpeltRows:
    """The rows of one board: what is not known of them is spelt when any of it is asked for."""

    def __init__(
        self,
        entries: Sequence[BoardEntry],
        known: Known | None = None,
        places: Sequence[int | None] = (),
    ) -> None:
        """Take the rows, and the place of each among those that are known, if it has one."""
        self._entries, self._known = entries, known
        self._places = places if known else [None] * len(entries)

    @cached_property
    def spelt(self) -> list[SpeltRow]:
        """All that is worth keeping of each."""
        known, new = self._known.rows if self._known else (), _spelt(self._new)
        return [next(new) if place is None else known[place] for place in self._places]

    @property
    def lines(self) -> Iterator[bytes]:
        """The ``row_line`` of each."""
        return (row.line for row in self.spelt)

    @property
    def cells(self) -> Iterator[str]:
        """The ``own_cells`` of each."""
        return (row.cells for row in self.spelt)

    @property
    def script(self) -> list[Cells]:
        """The ``script_cells`` of each."""
        return [
            script_cells([entry])[0] if row.script is None else row.script
            for entry, row in zip(self._entries, self.spelt, strict=True)
        ]

    @property
    def _new(self) -> list[BoardEntry]:
        rows = zip(self._entries, self._places, strict=True)
        return [entry for entry, place in rows if place is None]

    @cached_property
    def columns(self) -> pa.RecordBatch:
        """The ``own_columns`` of all."""
        runs = list(_runs(self._places))
        if not self._known or len(runs) > MOST_PIECES or all(new for new, _, _ in runs):
            return own_columns(self._entries)
        return _joined(self._known.columns(), own_columns(self._new), runs)


def _spelt(entries: Sequence[BoardEntry]) -> Iterator[SpeltRow]:
    lines = map(row_line, entries)
    for line, cells, script in zip(lines, own_cells(entries), script_cells(entries), strict=True):
        keeps = all(type(each) is not int or abs(each) < LONG for each in script)
        yield SpeltRow(line=line, cells=cells, script=script if keeps else None)


def _runs(places: Sequence[int | None]) -> Iterator[tuple[bool, int, int]]:
    """Yield runs of rows that lay together: whether they are new, where they begin, how many."""
    new = 0
    numbered = []
    for row, place in enumerate(places):
        numbered.append((place is None, new if place is None else place, row))
        new += place is None
    # Of neighbours that lay together the place less the row is the same.
    for (is_new, _), run in groupby(numbered, key=lambda each: (each[0], each[1] - each[2])):
        rows = list(run)
        yield is_new, rows[0][1], len(rows)


def _joined(
    known: pa.RecordBatch, new: pa.RecordBatch, runs: Iterable[tuple[bool, int, int]]
) -> pa.RecordBatch:
    """Put columns together of runs of those that were known and of those that are new."""
    import pyarrow as pa  # noqa: PLC0415 - as below

    pieces = [(new if is_new else known).slice(start, count) for is_new, start, count in runs]
    columns = [pa.concat_arrays(parts) for parts in zip(*(p.columns for p in pieces), strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=own_schema())


def own_columns(entries: Iterable[BoardEntry]) -> pa.RecordBatch:
    """Return the columns that are not the same in every row, nested ones last."""
    import pyarrow as pa  # noqa: PLC0415 - a fifth of a second, for whoever takes the file

    from harness.site.arrow import array  # noqa: PLC0415 - as above

    entries = list(entries)
    cells = [[column.of_entry(entry) for entry in entries] for column in COLUMNS if column.of_entry]
    cells += [[of(entry) for entry in entries] for of in _NESTED.values()]
    schema = own_schema()
    made = [array(each, field.type) for each, field in zip(cells, schema, strict=True)]
    return pa.RecordBatch.from_arrays(made, schema=schema)


def spelt_columns(columns: pa.RecordBatch) -> bytes:
    """Spell ``own_columns`` so that they can be kept."""
    content: bytes = columns.serialize().to_pybytes()
    return content


def columns_from(content: bytes) -> pa.RecordBatch:
    """Return columns that were kept."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    return pa.ipc.read_record_batch(pa.py_buffer(content), own_schema())


@cache
def own_schema() -> pa.Schema:
    """Return the schema of ``own_columns``."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    return pa.schema(list(table_schema())[sum(column.of_entry is None for column in COLUMNS) :])


@cache
def table_schema() -> pa.Schema:
    """Return the schema of a board's table."""
    import pyarrow as pa  # noqa: PLC0415 - as above

    kinds: dict[Kind, pa.DataType] = {
        "text": pa.string(),
        "texts": pa.list_(pa.string()),
        "whole": pa.int64(),
        "number": pa.float64(),
        "yes-no": pa.bool_(),
    }
    metric = pa.struct(
        [
            pa.field("name", pa.string()),
            pa.field("value", pa.float64()),
            pa.field("low", pa.float64()),
            pa.field("high", pa.float64()),
            pa.field("interval_method", pa.string()),
        ]
    )
    nested = {
        "metrics": pa.list_(metric),
        "evaluations": pa.list_(pa.string()),
        "earlier_digests": pa.list_(pa.string()),
    }
    return pa.schema(
        [
            *(pa.field(column.name, kinds[column.kind]) for column in COLUMNS),
            *(pa.field(name, nested[name]) for name in _NESTED),
        ]
    )


_NESTED: dict[str, Any] = {
    "metrics": lambda entry: entry.metrics,
    "evaluations": lambda entry: entry.evaluations,
    "earlier_digests": lambda entry: entry.earlier_digests,
}
