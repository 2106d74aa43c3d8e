"""A split that is read once, in batches: the same content whatever the batches and files are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_task import images, texts, write_task

from harness.errors import ConfigurationError
from harness.tasks.card import TaskCard, read_card
from harness.tasks.digests import data_digest
from harness.tasks.spooled import RowsDigest, SpooledSplit, Texts
from harness.tasks.tables import Part, Rows

LABELS = {"0_a": 0, "1_b": 1}


@pytest.fixture(scope="module")
def text_card(tmp_path_factory: pytest.TempPathFactory) -> TaskCard:
    return read_card(write_task(tmp_path_factory.mktemp("text")))


@pytest.fixture(scope="module")
def image_card(tmp_path_factory: pytest.TempPathFactory) -> TaskCard:
    return read_card(write_task(tmp_path_factory.mktemp("image"), modality="image"))


def part_of(table: pa.Table, sizes: Sequence[int] = (), *, where: str = "memory") -> Part:
    """Make a part that is read in batches of these sizes, and the rest in one."""

    def read() -> Iterator[Any]:
        start = 0
        for size in [*sizes, table.num_rows]:
            piece = table.slice(start, size)
            start += size
            yield from piece.combine_chunks().to_batches()

    return Part(where, table.column_names, table.num_rows, table.nbytes, read)


SIZES = st.lists(st.integers(0, 9), max_size=5)


@given(st.integers(0, 30), st.lists(SIZES, min_size=1, max_size=3), st.data())
def test_any_parts_and_batches_give_the_same_split(
    text_card: TaskCard, rows: int, sizes: list[list[int]], data: st.DataObject
) -> None:
    whole = texts("test", rows)
    cuts = sorted(data.draw(st.integers(0, rows)) for _ in sizes[1:])
    tables = [whole.slice(a, b - a) for a, b in zip([0, *cuts], [*cuts, rows], strict=True)]
    digest = RowsDigest()

    split = SpooledSplit(
        [part_of(table, each) for table, each in zip(tables, sizes, strict=True)],
        text_card,
        see=digest.see,
    )

    assert len(split) == rows
    assert split.samples(range(rows)) == whole["quote"].to_pylist()
    assert list(split.ids) == whole["id"].to_pylist()
    assert split.groups is not None
    assert list(split.groups) == whole["source"].to_pylist()
    assert split.labels.tolist() == [LABELS[label] for label in whole["label"].to_pylist()]
    assert digest.hexdigest() == data_digest(split)


@given(st.integers(1, 20), SIZES)
def test_encoded_files_come_as_stored(image_card: TaskCard, rows: int, sizes: list[int]) -> None:
    whole = images("test", rows)

    split = SpooledSplit([part_of(whole, sizes)], image_card)

    assert split.samples(range(rows)) == [cell["bytes"] for cell in whole["image"].to_pylist()]
    assert list(split.ids) == [str(row) for row in range(rows)]


@given(st.integers(0, 40), st.integers(1, 30), SIZES)
def test_no_more_is_kept_than_asked_for_and_all_of_it_belongs_together(
    text_card: TaskCard, rows: int, at_most: int, sizes: list[int]
) -> None:
    whole = texts("train", rows)
    quotes, ids = whole["quote"].to_pylist(), whole["id"].to_pylist()

    split = SpooledSplit([part_of(whole, sizes)], text_card, at_most=at_most)

    assert len(split) == len(split.labels) == len(split.fingerprints) == min(rows, at_most)
    numbers = [quotes.index(sample) for sample in split.samples(range(len(split)))]
    assert numbers == sorted(set(numbers))
    assert list(split.ids) == [ids[number] for number in numbers]
    assert split.labels.tolist() == [number % 2 for number in numbers]


def test_what_is_kept_is_drawn_from_all_rows_and_is_the_same_each_time(
    image_card: TaskCard,
) -> None:
    whole = images("train", 1_000)
    first, again = (
        SpooledSplit([part_of(whole, [100] * 9)], image_card, at_most=50) for _ in range(2)
    )

    numbers = [int(number) for number in first.ids]
    assert list(first.ids) == list(again.ids)
    assert min(numbers) < 200
    assert max(numbers) > 800


def test_every_row_is_seen_also_of_what_is_not_kept(text_card: TaskCard) -> None:
    seen: list[int] = []

    def see(rows: Rows) -> None:
        seen.extend(rows.numbers.tolist())

    SpooledSplit([part_of(texts("t", 9), [4])], text_card, at_most=2, see=see)
    assert seen == list(range(9))

    wrong = texts("t", 9).set_column(2, "label", pa.array(["0_a"] * 8 + ["?"]))
    with pytest.raises(ConfigurationError, match="row 8 is"):
        SpooledSplit([part_of(wrong, [4])], text_card, at_most=2)


def test_rows_are_named_within_their_part(text_card: TaskCard) -> None:
    parts = [part_of(texts("t", 5), [2], where="first"), part_of(texts("t", 7).slice(4), [1])]

    with pytest.raises(ConfigurationError) as caught:
        SpooledSplit(parts, text_card)

    assert "memory: column 'id': row 0 is 't/4', as is row 4 of first" in caught.value.message


def test_a_column_holds_on_to_nothing_but_itself(text_card: TaskCard) -> None:
    """A batch of Arrow's own files is one piece of memory, samples and all."""
    table = texts("t", 3).set_column(1, "quote", pa.array(["x" * 1_000_000] * 3))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    stored = sink.getvalue()

    def read() -> Iterator[Any]:
        copied = pa.py_buffer(bytearray(stored.to_pybytes()))
        yield from pa.ipc.open_stream(pa.BufferReader(copied))

    split = SpooledSplit([Part("memory", table.column_names, 3, 3_000_000, read)], text_card)

    assert isinstance(split.ids, Texts)
    assert isinstance(split.groups, Texts)
    held = [split.ids._column, split.groups._column]
    assert sum(buffer.size for column in held for buffer in column.buffers() if buffer) < 1_000


@given(st.lists(st.lists(st.text(max_size=3), max_size=4), max_size=5), st.data())
def test_chunks_of_any_lengths_are_one_column(chunks: list[list[str]], data: st.DataObject) -> None:
    values = [value for chunk in chunks for value in chunk]
    column = Texts([pa.array(chunk, pa.large_string()) for chunk in chunks])

    assert list(column) == values
    assert len(column) == len(values)
    if values:
        positions = data.draw(st.lists(st.integers(0, len(values) - 1)))
        assert [column[position] for position in positions] == [values[p] for p in positions]
        assert [column[p] for p in np.array(positions, np.int64)] == [values[p] for p in positions]
        assert column[1:] == values[1:]
        assert column[-1] == values[-1]


@given(st.lists(st.text("ab", max_size=2), max_size=8))
def test_every_text_that_stood_before_is_found(values: list[str]) -> None:
    repeats = list(Texts([pa.array(values, pa.large_string())]).repeats())

    assert [position for _, position in repeats] == [
        position for position, value in enumerate(values) if value in values[:position]
    ]
    assert all(first == values.index(values[position]) for first, position in repeats)
