"""Boards to take away: CSV, JSON and Parquet of each."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from harness.records.board import Board
from harness.site.arrow import array
from harness.site.columns import COLUMNS, Kind
from harness.site.paths import safe_name
from harness.site.plain import json_line, row_line
from harness.site.spreadsheet import comma_separated

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET_VERSION = "2.6"
COMPRESSION = "zstd"
ROWS_IN_A_GROUP = 100_000
"""All rows of any board in one group: readers of such small files want no more."""


def data_name(board_id: str, ending: str) -> str:
    """Return the name of a board's file of data, relative to the site's folder."""
    return f"data/{safe_name(board_id)}.{ending}"


def data_files(board: Board) -> dict[str, Callable[[], bytes]]:
    """Return what makes each file of a board's data, by the file's name, the spreadsheet first."""
    makers = {"csv": comma_separated, "json": board_json, "parquet": board_parquet}
    return {data_name(board.id, ending): partial(make, board) for ending, make in makers.items()}


def board_json(board: Board) -> bytes:
    """Return the board as JSON in UTF-8: what stands for it in ``boards.json``, an entry a line.

    Raises ``ValueError`` when a figure is not a finite number.
    """
    head = _facts(board)
    lines = b",\n".join(map(row_line, board.entries))
    return json_line(head)[:-1] + b',"entries":[\n' + lines + b"\n]}\n"


def board_parquet(board: Board) -> bytes:
    """Return the board as a Parquet file: the columns of ``columns``, and nested ones after them.

    ``metrics``: every metric with its interval; ``evaluations``: paths of the records behind the
    row, and ``earlier_digests``. What is unknown is null, never zero. The facts of the board that
    are no columns are in the schema's metadata, key ``board``, as JSON. The same board gives the
    same bytes with the same pyarrow, and what is the ``same_parquet`` with any.
    """
    import pyarrow as pa  # noqa: PLC0415 - a fifth of a second, for whoever takes the file
    from pyarrow import parquet  # noqa: PLC0415 - likewise

    schema = _schema(board)
    columns = [
        array([_plain(cell) for cell in column.cells(board)], field.type)
        for column, field in zip(COLUMNS, schema, strict=False)
    ]
    for name, of in _NESTED.items():
        cells = [of(entry) for entry in board.entries]
        columns.append(array(cells, schema.field(name).type))
    sink = pa.BufferOutputStream()
    parquet.write_table(
        pa.Table.from_arrays(columns, schema=schema),
        sink,
        version=PARQUET_VERSION,
        compression=COMPRESSION,
        row_group_size=ROWS_IN_A_GROUP,
    )
    content: bytes = sink.getvalue().to_pybytes()
    return content


def same_parquet(one: bytes, other: bytes) -> bool:
    """Whether two Parquet files hold the same schema, metadata of it included, and the same rows.

    The bytes of a file are its writer's own: another pyarrow spells the same otherwise, and says
    its version there. A file that cannot be read is the same as none.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above
    from pyarrow import parquet  # noqa: PLC0415 - as above

    try:
        first, second = (parquet.ParquetFile(pa.BufferReader(each)).read() for each in (one, other))
    except (pa.ArrowException, OSError):
        return False
    return bool(first.schema.equals(second.schema, check_metadata=True) and first.equals(second))


def _schema(board: Board) -> pa.Schema:
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
        ],
        metadata={"board": json_line(_facts(board))},
    )


_NESTED: dict[str, Any] = {
    "metrics": lambda entry: [msgspec.to_builtins(metric) for metric in entry.metrics],
    "evaluations": lambda entry: list(entry.evaluations),
    "earlier_digests": lambda entry: list(entry.earlier_digests),
}


def _facts(board: Board) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(replace(board, entries=()))
    del facts["entries"]
    return facts


def _plain(cell: object) -> object:
    return list(cell) if isinstance(cell, tuple) else cell
