"""Simulated boards: what is said of them adds up over runs, and never over unlike ones."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import statistics_boards as bench
import statistics_boards_compare as beside
import statistics_boards_days as days
from statistics_boards_tally import BEGIN, END, OnFile, Tally, lower_bound, upper_bound, write_table

CELL = bench.Cell(2, 86, 5, "ties")
CONDITIONS = {"draws": 39, "margins": [0.02, 0.02], "code": "c0ffee"}
SEEN = Tally(boards=100, false_claims=1, false_statements=3, claims=5, true_pairs=10)


def of(path: Path, conditions: dict[str, object] | None = None) -> Tally:
    return OnFile(path, CONDITIONS if conditions is None else conditions).of(asdict(CELL))


def test_boards_of_several_runs_add_up(tmp_path: Path) -> None:
    path = tmp_path / "boards.jsonl"
    for _ in range(3):
        OnFile(path, CONDITIONS).add(asdict(CELL), SEEN)
    assert of(path) == Tally(300, 3, 9, 15, 30)
    assert of(tmp_path / "none") == Tally()
    assert OnFile(path, CONDITIONS).of(asdict(bench.Cell(3, 86, 5, "ties"))) == Tally()


@pytest.mark.parametrize("other", [{"draws": 99}, {"margins": [0.01, 0.02]}, {"code": "decade"}])
def test_boards_of_other_conditions_are_not_counted_and_stay(
    tmp_path: Path, other: dict[str, object]
) -> None:
    path = tmp_path / "boards.jsonl"
    OnFile(path, CONDITIONS).add(asdict(CELL), SEEN)
    assert of(path, CONDITIONS | other) == Tally()
    OnFile(path, CONDITIONS | other).add(asdict(CELL), SEEN)
    assert of(path) == SEEN


def test_a_line_that_was_cut_short_is_left_out_and_the_next_one_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "boards.jsonl"
    OnFile(path, CONDITIONS).add(asdict(CELL), SEEN)
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole + whole[:50], encoding="utf-8")
    assert of(path) == SEEN
    OnFile(path, CONDITIONS).add(asdict(CELL), SEEN)
    assert of(path).boards == 200


def test_the_same_boards_of_two_runs_at_a_time_count_once(tmp_path: Path) -> None:
    path = tmp_path / "boards.jsonl"
    one, other = OnFile(path, CONDITIONS), OnFile(path, CONDITIONS)
    one.add(asdict(CELL), SEEN)
    other.add(asdict(CELL), SEEN)
    assert of(path) == SEEN


def test_it_goes_on_where_it_was_and_gives_what_one_run_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, page = tmp_path / "boards.jsonl", tmp_path / "page.md"
    page.write_text(f"before {BEGIN} old {END} after", encoding="utf-8")
    cell = "entries=2, items=86, sessions=5, truth='ties'"
    for boards in ("2", "5"):
        arguments = ["--boards", boards, "--draws", "39", "--cells", cell, "--on-file", str(path)]
        monkeypatch.setattr(sys, "argv", ["it", *arguments, "--write", str(page)])
        assert bench.main() == 0
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(each["first"], each["seen"]["boards"]) for each in lines] == [(0, 2), (2, 3)]
    together = Tally()
    for each in lines:
        together = together.plus(Tally(**each["seen"]))
    assert together == bench.run(CELL, range(5), 39, None)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before ")
    assert text.endswith(" after")
    assert "| ties | 2 | 86 | 5 |  | 5 |" in text
    assert "nothing is on file" in text
    assert " old " not in text


def test_bounds_are_exact() -> None:
    assert upper_bound(0, 59) == pytest.approx(0.0495, abs=2e-4)
    assert (upper_bound(5, 5), lower_bound(0, 5)) == (1.0, 0.0)
    assert lower_bound(59, 59) == pytest.approx(1 - 0.0495, abs=2e-4)


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="unpack"):
        write_table(page, [], "note")
    assert page.read_text(encoding="utf-8") == "nothing"


def test_a_kernel_that_sees_what_a_day_does_to_each_entry_takes_the_false_statements() -> None:
    (false, seen), (_, made) = days.tried(days.Setting(1, 0.02, 1.0, 0.005), 8)
    assert false > 0.3 > seen
    assert made > 0.5
    (_, still), (before, after) = days.tried(days.Setting(1, 0.0, 0.0, 0.0), 4)
    assert still == 0
    assert before == after


def test_a_board_of_two_and_compare_never_say_the_opposite() -> None:
    told = [each for each in map(beside.told, range(60)) if each is not None]
    assert {how for how, *_ in told} >= {"both", "neither"}
    assert "the opposite" not in {how for how, *_ in told}
    assert {board for _, board, _ in told} >= {"rounds", "sessions", "campaigns", "the control"}
    by_sessions = {how for how, board, _ in told if board == "sessions"}
    assert "board alone" not in by_sessions, "what the kernel saw is left open by both"
