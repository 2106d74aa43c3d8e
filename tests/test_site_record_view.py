"""What a page needs of a record: the same handed on, and of what is read of the record again."""

from __future__ import annotations

import entry_samples as samples
import msgspec
import pytest
import record_samples

from harness.records.base import pretty_json
from harness.records.evaluation import EvaluationRecord
from harness.records.narrowing import narrowed
from harness.site.entry_view import entry_view
from harness.site.record_view import NEEDED, RecordView, isolation_of, record_view

RECORDS = {
    "full": samples.full_record(),
    "failed": record_samples.record(failed="load", joules=()),
    "plain": record_samples.record(),
}


@pytest.mark.parametrize("which", RECORDS)
def test_it_is_the_same_when_it_was_handed_to_another_process(which: str) -> None:
    made = record_view(RECORDS[which])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made), type=RecordView) == made


@pytest.mark.parametrize("which", RECORDS)
def test_it_is_the_same_of_what_is_read_of_a_record_for_it(which: str) -> None:
    record = RECORDS[which]
    part = msgspec.json.decode(pretty_json(record), type=narrowed(EvaluationRecord, NEEDED))
    made, whole = record_view(part), record_view(record)
    for field in RecordView.__struct_fields__:
        if field != "record":
            assert getattr(made, field) == getattr(whole, field), field
    for field in type(made.record).__struct_fields__:
        assert getattr(made.record, field) == getattr(whole.record, field), field


def test_it_is_a_small_part_of_the_record() -> None:
    record = samples.full_record()
    assert len(msgspec.msgpack.encode(record_view(record))) < len(pretty_json(record)) / 2


def test_the_trace_is_that_of_the_session_in_the_middle() -> None:
    made = record_view(samples.full_record(joules=(41.0, 39.0, 40.0)))
    assert made.traced_session == 3
    assert made.trace is not None


def test_who_asks_it_for_sessions_is_refused_and_not_told_that_there_are_none() -> None:
    with pytest.raises(AttributeError):
        _ = record_view(samples.full_record()).record.sessions


def test_how_it_was_kept_apart_is_read_where_it_is_asked_for() -> None:
    record = samples.full_record()
    made = record_view(record)
    assert isolation_of(made.isolation) == record.isolation
    assert made.sandbox == record.isolation.tool
    with pytest.raises(AttributeError):
        _ = made.record.isolation


def test_sessions_of_several_evaluations_say_of_which_they_are() -> None:
    first, second = (
        samples.kept(record_samples.record(created=f"2026-01-0{day}T00:00:00+00:00"))
        for day in (2, 3)
    )
    board = samples.board_of(first, second)
    view = entry_view(board, first.record.submission.entry, (second, first))
    of_one = len(first.record.sessions)
    assert [row.evaluation for row in view.sessions] == [1] * of_one + [2] * of_one
