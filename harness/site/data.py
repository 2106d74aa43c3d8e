"""Boards to take away: CSV, JSON and Parquet of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from harness.records.board import Board
from harness.site.columns import COLUMNS
from harness.site.paths import safe_name
from harness.site.plain import json_line, row_line
from harness.site.spelt_rows import SpeltRows, own_columns, table_schema
from harness.site.spreadsheet import comma_separated

if TYPE_CHECKING:
    import pyarrow as pa

PARQUET_VERSION = "2.6"
COMPRESSION = "zstd"
BEGINNING = b"PAR1"
"""Of any Parquet file, and its end."""
ROWS_IN_A_GROUP = 100_000
"""All rows of any board in one group: readers of such small files want no more."""


def data_name(board_id: str, ending: str) -> str:
    """Return the name of a board's file of data, relative to the site's folder."""
    return f"data/{safe_name(board_id)}.{ending}"


def data_files(board: Board, rows: SpeltRows | None = None) -> dict[str, Callable[[], bytes]]:
    """Return what makes each file of a board's data, by the file's name, the spreadsheet first.

    ``rows`` are its rows as they are spelt, where some of that is known.
    """
    rows = rows or SpeltRows(board.entries)
    makers = {
        "csv": lambda: comma_separated(board, rows.cells),
        "json": lambda: board_json(board, rows.lines),
        "parquet": lambda: board_parquet(board, rows.columns),
    }
    return {data_name(board.id, ending): make for ending, make in makers.items()}


def board_json(board: Board, lines: Iterable[bytes] | None = None) -> bytes:
    """Return the board as JSON in UTF-8: what stands for it in ``boards.json``, an entry a line.

    ``lines`` are the ``row_line`` of its rows, where they are known. Raises ``ValueError`` when a
    figure is not a finite number.
    """
    head = _facts(board)
    lines = map(row_line, board.entries) if lines is None else lines
    return b"".join([json_line(head)[:-1], b',"entries":[\n', b",\n".join(lines), b"\n]}\n"])


def board_parquet(board: Board, own: pa.RecordBatch | None = None) -> bytes:
    """Return the board as a Parquet file: the columns of ``columns``, and nested ones after them.

    ``metrics``: every metric with its interval; ``evaluations``: paths of the records behind the
    row, and ``earlier_digests``. What is unknown is null, never zero. The facts of the board that
    are no columns are in the schema's metadata, key ``board``, as JSON. The same board gives the
    same bytes with the same pyarrow, and what is the ``same_parquet`` with any. ``own`` are the
    ``own_columns`` of its rows, where they are known.
    """
    import pyarrow as pa  # noqa: PLC0415 - a fifth of a second, for whoever takes the file
    from pyarrow import parquet  # noqa: PLC0415 - likewise

    own = own_columns(board.entries) if own is None else own
    schema = table_schema().with_metadata({"board": json_line(_facts(board))})
    columns = [
        _repeated(column.of_board(board), len(board.entries), field.type)
        for column, field in zip(COLUMNS, schema, strict=False)
        if column.of_board
    ]
    sink = pa.BufferOutputStream()
    parquet.write_table(
        pa.Table.from_arrays([*columns, *own.columns], schema=schema),
        sink,
        version=PARQUET_VERSION,
        compression=COMPRESSION,
        row_group_size=ROWS_IN_A_GROUP,
    )
    content: bytes = sink.getvalue().to_pybytes()
    return content


def _repeated(cell: object, times: int, of: pa.DataType) -> pa.Array:
    import pyarrow as pa  # noqa: PLC0415 - as above

    from harness.site.arrow import array  # noqa: PLC0415 - as above

    one = array([cell], of)
    return pa.repeat(one[0], times) if times else one[:0]


def same_parquet(one: bytes, other: bytes) -> bool:
    """Whether two Parquet files hold the same schema, metadata of it included, and the same rows.

    The bytes of a file are its writer's own: another pyarrow spells the same otherwise, and says
    its version there. A file that cannot be read is the same as none, and so is ``one`` that does
    not begin as a Parquet file does: pyarrow reads it by its end alone, others do not.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above

    if not one.startswith(BEGINNING):
        return False
    try:
        first, second = (_read(pa.BufferReader(each)) for each in (one, other))
    except (pa.ArrowException, OSError):
        return False
    return bool(first.schema.equals(second.schema, check_metadata=True) and first.equals(second))


def _read(content: pa.BufferReader) -> pa.Table:
    """Read a file in this thread: those of Arrow, begun as a process ends, ended it by a signal."""
    from pyarrow import parquet  # noqa: PLC0415 - as above

    return parquet.ParquetFile(content).read(use_threads=False)


def _facts(board: Board) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(replace(board, entries=()))
    del facts["entries"]
    return facts
