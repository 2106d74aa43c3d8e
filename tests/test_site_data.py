"""What can be taken away: JSON and Parquet of each board."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
import site_samples as samples
from msgspec.structs import replace
from pyarrow import parquet

from harness.records.base import parse_json
from harness.records.board import Board
from harness.records.evaluation import MetricValue
from harness.site.columns import COLUMNS
from harness.site.data import board_json, board_parquet, data_files, data_name, same_parquet
from harness.site.spreadsheet import comma_separated

REFERENCE = Path(__file__).parent.parent / "docs" / "reference" / "data-files.md"
HOSTILE = ("<script>", "a,\"b\"\n'c'", "=1+1", "نموذج", "👩\u200d🔬", "\x00\u202e", "x" * 5000, "")


def table_of(board: Board) -> Any:  # noqa: ANN401 - pyarrow has no types
    return parquet.read_table(io.BytesIO(board_parquet(board)))


def rows_of(board: Board) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table_of(board).to_pylist()
    return rows


def ranked() -> Board:
    return samples.small().boards[0]


def hostile() -> Board:
    return samples.board(*(samples.entry(name, team=name) for name in HOSTILE))


@pytest.mark.parametrize("make", [ranked, hostile, samples.board])
def test_json_is_the_board_itself_an_entry_a_line(make: Any) -> None:  # noqa: ANN401 - as below
    board: Board = make()
    content = board_json(board)
    assert parse_json(content, Board, "board.json") == board
    assert len(content.decode().split("\n")) == max(1, len(board.entries)) + 3


def test_a_figure_that_is_not_a_number_is_no_json() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        board_json(samples.board(samples.entry(measured_watts=float("nan"))))


def test_parquet_has_the_columns_of_the_spreadsheet_and_nested_ones() -> None:
    names = table_of(ranked()).column_names
    head = comma_separated(ranked()).decode().split("\n")[0].split(",")
    assert names == [*head, "metrics", "evaluations", "earlier_digests"]
    assert len(set(names)) == len(names)


def test_parquet_keeps_figures_whole_numbers_lists_and_what_is_unknown() -> None:
    board = ranked()
    rows = {row["entry"]: row for row in rows_of(board)}
    linear, cheap = rows["linear-model"], rows["too-cheap"]
    assert linear["joules_per_1000_queries"] == 3.1
    assert (linear["rank_best"], linear["rank_worst"]) == (1, 2)
    assert linear["prizes"] == ["least-energy"]
    assert linear["warnings"] == ["disturbed"]
    assert linear["earlier_digests"] == ["ab" * 32]
    assert linear["metrics"][0]["name"] == "accuracy"
    assert linear["on_front"] is True
    assert cheap["joules_per_1000_queries"] is None
    assert cheap["rank_best"] is None
    assert cheap["measured_watts"] is None
    assert [row["entry"] for row in rows_of(board)] == [entry.entry for entry in board.entries]


def test_parquet_says_what_the_whole_board_is_of() -> None:
    board = ranked()
    facts = json.loads(table_of(board).schema.metadata[b"board"])
    assert facts["hardware"] == board.hardware
    assert "entries" not in facts
    assert msgspec.convert(facts | {"entries": []}, Board).id == board.id


def test_strangers_names_come_back_as_they_were() -> None:
    assert [row["team"] for row in rows_of(hostile())] == list(HOSTILE)


def test_a_board_without_entries_has_the_same_schema() -> None:
    empty, full = table_of(samples.board()), table_of(ranked())
    assert empty.num_rows == 0
    assert empty.schema.remove_metadata() == full.schema.remove_metadata()


def test_columns_unknown_for_every_entry_keep_their_kind() -> None:
    schema = table_of(samples.board(samples.unresolved(metrics=()))).schema
    assert str(schema.field("joules_low").type) == "double"
    assert str(schema.field("rank_best").type) == "int64"
    assert str(schema.field("copies").type).startswith("list<")


def test_the_same_board_gives_the_same_bytes() -> None:
    assert board_parquet(ranked()) == board_parquet(ranked())
    assert board_json(ranked()) == board_json(ranked())


def spelt_otherwise(content: bytes) -> bytes:
    """Write the same table as another writer would."""
    sink = io.BytesIO()
    parquet.write_table(parquet.read_table(io.BytesIO(content)), sink, compression="snappy")
    return sink.getvalue()


@pytest.mark.parametrize("make", [ranked, hostile, samples.board])
def test_a_parquet_that_is_spelt_otherwise_is_the_same(make: Any) -> None:  # noqa: ANN401 - as above
    content = board_parquet(make())
    other = spelt_otherwise(content)
    assert other != content
    assert same_parquet(other, content)
    assert same_parquet(content, other)


def test_a_parquet_with_other_rows_facts_or_no_table_is_another() -> None:
    board = ranked()
    content = board_parquet(board)
    first, *others = board.entries
    table = parquet.read_table(io.BytesIO(content))
    sink = io.BytesIO()
    parquet.write_table(table.rename_columns(["x", *table.column_names[1:]]), sink)
    for other in (
        board_parquet(replace(board, entries=(replace(first, team="another"), *others))),
        board_parquet(replace(board, entries=board.entries[::-1])),
        board_parquet(replace(board, entries=())),
        board_parquet(replace(board, id="another")),  # in the metadata only
        sink.getvalue(),
        content[:-9], content[:40] + bytes(40) + content[80:], b"PAR1" * 9, b"",
    ):  # fmt: skip
        assert not same_parquet(other, content)


def test_every_metric_is_in_the_parquet_with_its_interval() -> None:
    metric = MetricValue(name="recall:b", value=0.5, low=0.4, high=0.6, interval_method="wilson")
    (row,) = rows_of(samples.board(samples.entry(metrics=(metric,))))
    assert row["metrics"] == [msgspec.to_builtins(metric)]


def test_files_lie_under_data_and_are_named_after_their_board() -> None:
    made = data_files(ranked())
    assert list(made) == [
        "data/some-task-offline-0badcafe.csv",
        "data/some-task-offline-0badcafe.json",
        "data/some-task-offline-0badcafe.parquet",
    ]
    assert made["data/some-task-offline-0badcafe.csv"]() == comma_separated(ranked())
    assert made["data/some-task-offline-0badcafe.json"]() == board_json(ranked())
    assert made["data/some-task-offline-0badcafe.parquet"]() == board_parquet(ranked())
    assert re.fullmatch(r"data/[a-z0-9.-]+\.csv", data_name("../../etc/passwd\n", "csv"))


def test_every_column_is_in_the_reference_and_no_other() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    told = re.findall(r"^\| `([a-z0-9_]+)` \|", text, flags=re.MULTILINE)
    named = [column.name for column in COLUMNS]
    assert told[: len(named)] == named
    assert told[len(named) :] == ["metrics", "evaluations", "earlier_digests"]


def test_a_parquet_is_made_and_compared_without_pandas_and_without_threads_of_its_own() -> None:
    program = (
        "import sys; from pathlib import Path; from site_samples import board\n"
        "from harness.site.data import *\n"
        "def threads():\n"
        "    told = [each.read_text() for each in Path('/proc/self/task').glob('*/comm')]\n"
        "    return len([each for each in told if 'jemalloc' not in each])\n"
        "content = board_parquet(board()); before = threads()\n"
        "assert same_parquet(content, content + b'')\n"
        "print('pandas' in sys.modules, threads() - before)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    # A thread that Arrow was just beginning as the process ended, ended it by a signal: twice.
    assert (ran.returncode, ran.stdout) == (0, "False 0\n"), ran.stderr
