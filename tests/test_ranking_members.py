from __future__ import annotations

from record_samples import RULES, record, stored

from harness.ranking.boards import make_boards
from harness.ranking.members import members_by_board, of_entry
from harness.records.board import Problem

EARLY, LATE = "2026-01-01T00:00:00+00:00", "2026-01-09T00:00:00+00:00"


def test_an_entrys_records_are_its_own_of_any_version_and_outcome() -> None:
    old = stored(record("mine", created=EARLY, digest="01" * 32))
    broken = stored(record("mine", created="2026-01-05T00:00:00+00:00", failed="load"))
    now = stored(record("mine", created=LATE, digest="02" * 32))
    other = stored(record("other"))
    everything = (old, broken, now, other)
    boards = make_boards(everything, RULES)
    (board,) = boards.boards
    members = members_by_board(everything, boards, RULES)
    assert set(members) == {board.id}
    assert of_entry(board, "mine", members[board.id]) == [old, broken, now]
    assert of_entry(board, "other", members[board.id]) == [other]
    assert of_entry(board, "nobody", members[board.id]) == []


def test_records_of_exact_copies_stand_behind_the_row_of_their_original() -> None:
    first = stored(record("first", created=EARLY, digest="cc" * 32))
    copy = stored(record("copy", created=LATE, digest="cc" * 32))
    boards = make_boards((first, copy), RULES)
    (board,) = boards.boards
    members = members_by_board((first, copy), boards, RULES)[board.id]
    assert [each.entry for each in board.entries] == ["first"]
    assert of_entry(board, "first", members) == [first, copy]


def test_records_of_another_board_or_of_none_have_no_part() -> None:
    here = stored(record("mine"))
    elsewhere = stored(record("mine", created=LATE, scenario="single"))
    unfit = stored(record("mine", created=EARLY, isolation="D"))
    boards = make_boards((here, elsewhere, unfit), RULES)
    members = members_by_board((here, elsewhere, unfit), boards, RULES)
    assert len(members) == 2
    for board in boards.boards:
        own = of_entry(board, "mine", members[board.id])
        assert [each.record.scenario for each in own] == [board.scenario]
    damaged = Problem(path=here.path, code="altered", message="was altered")
    assert here.path not in {
        path
        for found in members_by_board(
            (here,), type(boards)(boards=boards.boards, problems=(damaged,)), RULES
        ).values()
        for path in found
    }
