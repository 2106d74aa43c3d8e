"""Ranks come from the outcomes of single items, or from the joint file that was made of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from in_copies import in_copies
from joint_samples import PRIVATE, Place
from msgspec.structs import replace
from signing_samples import signer, write_key
from typer.testing import CliRunner, Result

from harness.cli.app import app
from harness.cli.building.gathering import gather
from harness.cli.building.joints import Joints
from harness.cli.building.workers import Here
from harness.cli.project import Project
from harness.records.base import parse_json, pretty_json
from harness.records.board import Boards
from harness.records.evaluation import Campaign
from harness.records.joint import JointFile
from harness.records.session import PhaseWindow
from harness.store.joint import signed
from harness.store.results import write
from harness.store.scanning import mark_of, scan
from harness.tasks import load_task

Plain = dict[str, Any]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["leaderboard", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def board_of(*arguments: str) -> Plain:
    (board,) = json.loads(run("--json", "--published", *arguments).stdout)["boards"]
    made: Plain = board
    return made


def ranks(board: Plain) -> dict[str, list[int] | None]:
    return {row["entry"]: row["rank"] for row in board["entries"]}


def codes(board: Plain) -> list[str]:
    return [note["code"] for note in board["notes"]]


def problems(*arguments: str) -> list[str]:
    return [
        each["code"]
        for each in json.loads(run("--json", "--published", *arguments).stdout)["problems"]
    ]


def is_fresh() -> bool:
    return run("--check").exit_code == 0


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setenv("HARNESS_ROOT", str(tmp_path / "project"))
    return Place(tmp_path / "project")


def joint_of(place: Place) -> Path:
    (path,) = place.joint.iterdir()
    return path


def change(path: Path, statistics: Plain) -> None:
    plain = json.loads(path.read_bytes())
    plain["statistics"] |= statistics
    path.write_bytes(pretty_json(plain))


# The demonstration: outcomes are public


def test_ranks_are_made_of_the_outcomes_and_kept(place: Place) -> None:
    place.add_three()

    board = board_of()

    assert ranks(board)["bad"] == [3, 3]
    assert board["entries"][-1]["entry"] == "bad"
    claims = {(claim["winner"], claim["loser"]) for claim in board["ranking"]["claims"]}
    assert {("good", "bad"), ("frugal", "bad"), ("frugal", "good")} >= claims
    assert {("good", "bad"), ("frugal", "bad")} <= claims
    assert board["ranking"]["draws"] == place.rules.ranking.draws
    kept = parse_json(joint_of(place).read_bytes(), JointFile, "it")
    assert kept.board == board["id"]
    assert kept.signature is None
    assert is_fresh()
    row = next(row for row in board["entries"] if row["entry"] == "frugal")
    assert (row["front_support"], row["prizes"]) == (1.0, [])  # a demonstration has no prizes


def test_the_same_outcomes_give_the_same_bytes(place: Place) -> None:
    place.add_three()
    assert run().exit_code == 0
    before = joint_of(place).read_bytes()
    joint_of(place).unlink()
    assert run().exit_code == 0
    assert joint_of(place).read_bytes() == before


def test_a_file_that_nobody_signed_is_believed_only_where_the_outcomes_give_the_same(
    place: Place,
) -> None:
    place.add_three()
    board_of()
    change(joint_of(place), {"claims": [], "confidence": 0.99})
    for sidecar in place.sidecars()[1:]:
        sidecar.unlink()
    assert board_of()["ranking"]["confidence"] == place.rules.ranking.confidence
    for sidecar in place.sidecars():
        sidecar.unlink()
    board = board_of()
    assert (board["ranking"], codes(board)[-1]) == (None, "no-ranks")


def test_without_outcomes_and_without_the_file_there_are_no_ranks(place: Place) -> None:
    place.add_three()
    assert run().exit_code == 0
    for path in (*place.sidecars(), joint_of(place)):
        path.unlink()
    assert not is_fresh()
    board = board_of()
    assert set(ranks(board).values()) == {None}
    assert (board["ranking"], codes(board)[-1]) == (None, "no-ranks")
    assert all(row["quality_interval"] for row in board["entries"])
    assert not [*place.joint.iterdir()]


def test_a_file_that_says_otherwise_than_the_outcomes_is_stale_and_made_again(place: Place) -> None:
    place.add_three()
    assert run().exit_code == 0
    right = joint_of(place).read_bytes()
    change(joint_of(place), {"claims": []})
    told = run("--check")
    assert told.exit_code == 1
    assert f"stale: joint/{joint_of(place).name}" in told.stdout
    assert f"joint/{joint_of(place).name}" in json.loads(run("--check", "--json").stdout)["stale"]
    assert run().exit_code == 0
    assert joint_of(place).read_bytes() == right


def test_what_other_arithmetic_changes_is_not_stale(place: Place) -> None:
    place.add_three()
    assert run().exit_code == 0
    plain = json.loads(joint_of(place).read_bytes())
    entries = plain["statistics"]["entries"]
    entries[0]["front_support"] = abs(entries[0]["front_support"] - 0.01)
    joint_of(place).write_bytes(pretty_json(plain))
    assert run("--published").exit_code == 0
    assert is_fresh()


def test_a_record_that_comes_without_outcomes_ends_the_ranks(place: Place) -> None:
    place.add_three()
    assert run().exit_code == 0
    place.add("new", range(60))
    for sidecar in place.sidecars():
        sidecar.unlink()
    assert codes(board_of())[-1] == "no-ranks"


def test_with_one_sidecar_missing_a_signed_file_still_gives_all_ranks(official: Place) -> None:
    shown = board_of()
    official.sidecars("good")[0].unlink()
    assert board_of() == shown
    assert run("--sign", "jury").exit_code == 0
    assert board_of() == shown


def test_with_one_sidecar_missing_and_no_file_the_others_are_ranked(place: Place) -> None:
    place.add_three()
    place.sidecars("good")[0].unlink()
    board = board_of()
    assert ranks(board) == {"frugal": [1, 1], "bad": [2, 2], "good": None}
    assert board["ranking"]["unranked"] == [{"entry": "good", "why": "items-missing"}]
    (note,) = [note for note in board["notes"] if note["code"] == "unranked"]
    assert note["message"].endswith(": good")


def test_what_was_made_with_one_sidecar_missing_is_fresh_until_it_says_otherwise(
    place: Place,
) -> None:
    place.add_three()
    place.sidecars("good")[0].unlink()
    assert run("--published").exit_code == 0
    assert is_fresh()
    assert verified() == {"findings": [], "notes": []}
    change(joint_of(place), {"claims": []})
    assert not is_fresh()
    assert verified() == {"findings": ["joint"], "notes": []}


def ranked(place: Place, between: Callable[[], object] = lambda: None) -> Boards:
    """Make the boards as `leaderboard` does, doing something between reading and ranking."""
    project = Project(place.root)
    found = scan(place.results)
    gathered = gather(project, place.results, found, Here(), {}, local=False)
    between()
    return Joints(project, place.results).of_gathered(gathered).boards


def by_recall(place: Place) -> None:
    """Have the toy task ranked by a metric that is no mean over items."""
    card = place.root / "tasks" / "toy" / "task.toml"
    text = card.read_text().replace("ranked = true\n", "")
    card.write_text(text.replace('name = "recall"\n', 'name = "recall"\nranked = true\n'))
    place.task = load_task(place.root, "toy")


@pytest.mark.parametrize("recall", [False, True])
def test_several_processes_give_the_same_ranks(place: Place, recall: bool) -> None:
    if recall:
        by_recall(place)
    place.add_three()
    alone = CliRunner().invoke(app, ["leaderboard", "--json", "--no-cache", "--processes", "1"])
    assert alone.exit_code == 0, alone.output
    assert '"ranking": {' in alone.stdout
    joint_of(place).unlink()
    ran, copies = in_copies("leaderboard", "--json", "--no-cache")
    assert copies == 7, ran.stderr  # two that read records, two their outcomes, three that write
    assert ran.stdout == alone.stdout


def test_a_sidecar_is_held_against_its_record_again_unless_it_is_as_it_was(place: Place) -> None:
    place.add_three()
    sidecar = place.sidecars("bad")[0]
    content = sidecar.read_bytes()

    def change(to: bytes) -> Callable[[], object]:
        assert len(to) == len(content)
        return lambda: sidecar.write_bytes(to)

    def unranked(made: Boards) -> list[str]:
        (board,) = made.boards
        assert board.ranking is not None
        return [each.entry for each in board.ranking.unranked if each.why == "items-missing"]

    assert unranked(ranked(place, change(content))) == []
    other = content.replace(b"[1,", b"[0,", 1)
    assert other != content
    assert unranked(ranked(place, change(other))) == ["bad"]


@pytest.mark.parametrize("signed_and_private", [False, True])
def test_a_link_to_a_sidecar_that_was_held_against_nothing_is_not_followed(
    place: Place, signed_and_private: bool
) -> None:
    """A record has one of two names of sidecars; what lies under the other is nobody's."""
    place.add_three(signed=signed_and_private)
    sidecar = place.sidecars("bad")[0]
    stem = sidecar.name.removesuffix(".items.json").removesuffix(".public")
    (name,) = {f"{stem}.items.json", f"{stem}.public.items.json"} - {sidecar.name}
    other = sidecar.read_bytes().replace(b"[1,", b"[0,", 1)
    assert other != sidecar.read_bytes()
    sidecar.unlink()
    sidecar.with_name(name).write_bytes(other)
    sidecar.symlink_to(name)
    found = scan(place.results)
    trusted = gather(Project(place.root), place.results, found, Here(), {}, local=False).sidecars
    assert [path.split("/")[1] for path in sorted(trusted)] == ["frugal", "good"]
    (board,) = ranked(place).boards
    assert board.ranking is not None
    assert ("bad", "items-missing") in [(e.entry, e.why) for e in board.ranking.unranked]


def test_of_two_sidecars_beside_a_record_its_own_is_the_one_that_counts(place: Place) -> None:
    place.add_three()
    sidecar = place.sidecars("bad")[0]
    before = ranked(place)
    sidecar.with_name(sidecar.name.replace(".public", "")).write_bytes(b"{}")
    found = scan(place.results)
    trusted = gather(Project(place.root), place.results, found, Here(), {}, local=False).sidecars
    (mark,) = (mark for path, mark in trusted.items() if "/bad/" in path)
    assert mark == mark_of(sidecar.stat())
    assert ranked(place) == before


def test_a_pipe_in_the_place_of_a_sidecar_is_not_waited_for(place: Place) -> None:
    place.add_three()
    sidecar = place.sidecars("bad")[0]

    def swap() -> None:
        sidecar.unlink()
        os.mkfifo(sidecar)

    made: list[Boards] = []
    building = Thread(target=lambda: made.append(ranked(place, swap)), daemon=True)
    building.start()
    building.join(timeout=60)
    assert made, "the build waits for somebody to write to the pipe"
    ranking = made[0].boards[0].ranking
    assert ranking is not None
    assert ("bad", "items-missing") in [(e.entry, e.why) for e in ranking.unranked]


def test_an_altered_sidecar_is_a_problem_and_gives_no_rank(place: Place) -> None:
    place.add_three()
    sidecar = place.sidecars("good")[0]
    sidecar.write_bytes(sidecar.read_bytes().replace(b"0", b"1", 1))
    assert problems() == ["items-altered"]
    assert ranks(board_of())["good"] is None


def test_outcomes_of_other_items_are_not_ranked_with_the_others(place: Place) -> None:
    place.add_three()
    said = place.answers(range(20))
    place.add("odd", said=replace(said, ids=("another", *said.ids[1:])))
    board = board_of()
    assert ranks(board)["odd"] is None
    assert {"entry": "odd", "why": "items-unfit"} in board["ranking"]["unranked"]


def test_a_task_that_is_not_here_as_it_was_leaves_the_file(official: Place) -> None:
    place = official
    shown = board_of()
    code = place.root / "tasks" / "toy" / "task.py"
    code.write_text(code.read_text() + "# changed\n")
    assert board_of() == shown
    joint_of(place).unlink()
    assert codes(board_of())[-1] == "no-ranks"


def test_a_task_that_is_another_by_now_is_the_reason_for_no_ranks(official: Place) -> None:
    joint_of(official).unlink()
    card = official.root / "tasks" / "toy" / "task.toml"
    card.write_text(card.read_text().replace("version = 1\n", "version = 2\n"))
    for _ in range(2):  # of what is kept, too
        assert codes(board_of())[-1] == "no-ranks"
        assert "the task is not here as it was" in board_of()["notes"][-1]["message"]
    for sidecar in official.sidecars():
        sidecar.unlink()
    assert "are not here" in board_of()["notes"][-1]["message"]


def test_who_has_no_rank_is_named_with_the_reason(place: Place) -> None:
    place.add_three()
    place.add("toy-null", range(300), joules=[0.2, 0.2, 0.2])
    place.add("few", said=place.answers(range(9), sessions=1), joules=[39.0])
    board = board_of()
    assert board["ranking"]["unranked"] == [
        {"entry": "few", "why": "too-few-sessions"}, {"entry": "toy-null", "why": "baseline"},
    ]  # fmt: skip
    assert (ranks(board)["few"], ranks(board)["toy-null"]) == (None, None)


def test_a_board_on_which_nobody_can_be_ranked_says_so(place: Place) -> None:
    place.add("few", said=place.answers(range(9), sessions=1), joules=[39.0])
    assert codes(board_of())[-1] == "no-ranks"
    assert not place.joint.exists()


def test_a_copy_is_in_the_row_of_its_original_and_has_no_rank_of_its_own(place: Place) -> None:
    place.add_three(created="2026-01-02T03:04:05+00:00")
    before = board_of()
    digest = next(row["digest"] for row in before["entries"] if row["entry"] == "good")
    place.add("copied", range(20), digest=digest, created="2026-01-02T09:04:05+00:00")
    board = board_of()
    assert {row["entry"]: row["copies"] for row in board["entries"]}["good"] == ["copied"]
    assert len(board["entries"]) == 3
    one, other = ({(c["winner"], c["loser"]) for c in b["ranking"]["claims"]}
                  for b in (before, board))  # fmt: skip
    assert one <= other
    assert [row["energy_class"] for row in board["entries"]] == [
        row["energy_class"] for row in before["entries"]
    ]


def add_in_groups(place: Place) -> None:
    for entry, wrong in (("a", range(20)), ("b", range(160))):
        said = place.answers(wrong)
        groups = tuple(f"g{number // 8}" for number in range(len(said.ids)))
        place.add(entry, said=replace(said, groups=groups))


def test_items_in_few_groups_are_said_to_be_few(place: Place) -> None:
    place.change_rules("least_items = 1", "least_items = 500")
    add_in_groups(place)
    board = board_of()
    assert board["ranking"]["units"] == 75
    (note,) = [note for note in board["notes"] if note["code"] == "few-items"]
    assert "600 items in 75 groups" in note["message"]
    assert note["remedy"] == "evaluate on more items, in more groups"  # prizes are given by items


def test_it_takes_more_groups_to_tell_smaller_differences_where_there_are_any(place: Place) -> None:
    add_in_groups(place)
    (note,) = [note for note in board_of()["notes"] if note["code"] == "least-differences"]
    assert note["remedy"].endswith("and more groups smaller ones of quality")


def test_a_metric_that_is_no_mean_over_items_is_ranked_too(place: Place) -> None:
    by_recall(place)
    place.add_three()
    board = board_of()
    assert board["metric"] == "recall:b"
    assert {("good", "bad"), ("frugal", "bad")} <= {
        (claim["winner"], claim["loser"]) for claim in board["ranking"]["claims"]
    }


@pytest.mark.parametrize("wrong", [(), range(600)])
def test_entries_that_are_all_right_or_all_wrong_without_any_spread_are_ranked(
    place: Place, wrong: range
) -> None:
    for entry in ("a", "b"):
        place.add(entry, wrong, joules=[39.0] * 3)
    assert ranks(board_of()) == {"a": [1, 2], "b": [1, 2]}


def test_other_rules_keep_the_ranks_of_their_file_and_get_no_new_ones(official: Place) -> None:
    place = official
    shown = board_of()
    place.change_rules("quality_margin = 0.01", "quality_margin = 0.5")
    board = board_of()
    assert ranks(board) == ranks(shown)
    assert board["ranking"]["quality_margin"] == 0.01
    joint_of(place).unlink()
    board = board_of()
    assert codes(board)[-1] == "no-ranks"
    assert "other rules" in board["notes"][-1]["message"]


def test_a_board_of_rules_before_is_ranked_by_its_file_however_many_sessions_are_asked_for_now(
    official: Place,
) -> None:
    shown = board_of()
    official.change_rules("min_sessions = 2", "min_sessions = 9")
    board = board_of()
    assert ranks(board) == ranks(shown)
    assert board["ranking"]["prizes"] == shown["ranking"]["prizes"]
    assert "no-ranks" not in codes(board)
    joint_of(official).unlink()
    assert "other rules" in board_of()["notes"][-1]["message"]


def test_files_of_boards_that_are_gone_are_left_over_and_taken_away(place: Place) -> None:
    place.add_three()
    assert run().exit_code == 0
    gone = joint_of(place).with_name("gone-offline-00000000.json")
    gone.write_bytes(joint_of(place).read_bytes())
    left_over = json.loads(run("--check", "--json").stdout)["left_over"]
    assert left_over == [f"joint/{gone.name}"]
    assert run().exit_code == 0
    assert not gone.exists()


def test_a_signed_file_stays_where_other_rules_call_its_board_otherwise(official: Place) -> None:
    path, before = joint_of(official), joint_of(official).read_bytes()
    official.change_rules('official_isolation = ["A", "B"]', 'official_isolation = ["A"]')
    for options in ((), ("--published", "--sign", "jury"), ("--published",), ("--published",)):
        told = run(*options)
        assert f"joint/{path.name}: signed, and of no board here: left there" in told.stderr
        assert path.read_bytes() == before
    told = run("--check")
    assert told.exit_code == 1
    assert f"fix: joint/{path.name} is signed, and stays: bring the records back" in told.stdout
    assert "harness leaderboard" not in told.stdout  # it would change nothing
    (note,) = [each for each in verify()["notes"] if each["code"] == "joint-orphaned"]
    assert note["remedy"].startswith("bring the records back")
    path.unlink()
    assert "left there" not in run("--published").stderr
    assert is_fresh()


SEASON = ('version = "test"', 'version = "autumn"')
OF_NOW = (
    ("floor_multiple = 3.0", "floor_multiple = 300.0"),
    ("min_sessions = 2", "min_sessions = 9"),
    ('official_isolation = ["A", "B"]', 'official_isolation = ["A"]'),
    ('energy_class = "bad"', 'energy_class = "frugal"'),
    ("quality_floor = 0.8", "quality_floor = 0.1"),
)
"""Each would change what an old board says."""


def but_for_rules(board: Plain) -> Plain:
    return {**board, "notes": [each for each in board["notes"] if each["code"] != "other-rules"]}


@pytest.mark.parametrize("sidecars", [True, False])
def test_a_board_of_rules_that_are_kept_stays_as_it_was(official: Place, sidecars: bool) -> None:
    official.add("toy-null", range(300), signed=True, joules=[1.0, 1.1, 0.9])
    assert run("--published", "--sign", "jury").exit_code == 0
    shown, before = board_of(), joint_of(official).read_bytes()
    assert shown["floor_joules_per_1000_queries"]
    if not sidecars:
        for sidecar in official.sidecars():
            sidecar.unlink()
    spring = official.rules_file.read_text()
    official.change_rules(*SEASON)
    for old, new in OF_NOW:
        official.change_rules(old, new)
    assert run("--published").exit_code == 0
    lost = board_of()
    assert lost["status"] == "unofficial"
    (told,) = [each for each in lost["notes"] if each["code"] == "other-rules"]
    assert "not to be found here" in told["message"]
    assert "leaderboard/rules/NAME.toml" in told["remedy"]
    assert not is_fresh()  # the joint file is of no board

    official.keep_rules(spring)
    assert run("--published").exit_code == 0
    board = board_of()
    assert but_for_rules(board) == but_for_rules(shown)
    (told,) = [each for each in board["notes"] if each["code"] == "other-rules"]
    assert "not to be found" not in told["message"]
    assert is_fresh()
    assert joint_of(official).read_bytes() == before
    assert verified() == {"findings": [], "notes": []}


def test_a_board_of_rules_that_are_kept_can_be_ranked_and_signed_anew(official: Place) -> None:
    shown = board_of()
    official.change_rules(*SEASON, keep=True)
    official.change_rules("quality_margin = 0.01", "quality_margin = 0.5")
    joint_of(official).unlink()
    assert run("--published", "--sign", "jury").exit_code == 0
    assert but_for_rules(board_of()) == but_for_rules(shown)
    assert is_fresh()


def test_rules_of_before_that_cannot_be_read_are_named(official: Place) -> None:
    official.keep_rules(official.rules_file.read_text().replace("min_sessions", "min_session"))
    for command in ("leaderboard", "verify"):
        told = CliRunner().invoke(app, [command])
        assert told.exit_code == 2
        assert "rules/spring.toml: boards.min_session: unknown key" in told.stderr.replace("\n", "")


def test_what_is_damaged_is_brought_back_before_anything_is_published(official: Place) -> None:
    path, whole = joint_of(official), joint_of(official).read_bytes()
    command = "fix: python -m harness leaderboard --published"
    change(path, {"claims": []})
    assert f"{command} --sign KEY, and commit" in run("--check").stdout  # it is made again
    for sidecar in official.sidecars():
        sidecar.unlink()
    told = run("--check")
    assert told.exit_code == 1
    assert f"fix: restore, or remove, joint/{path.name}" in told.stdout.replace(
        "the files named above", f"joint/{path.name}"
    )
    assert command not in told.stdout
    path.write_bytes(whole)
    assert is_fresh()
    record = next(official.results.glob("toy/bad/*.json"))
    record.write_bytes(record.read_bytes().replace(b'"bad"', b'"worse"', 1))
    told = run("--check")
    assert told.exit_code == 1
    assert "stale: " in told.stdout
    assert "fix: restore, or remove, " in told.stdout
    assert command not in told.stdout


def test_the_fix_that_check_tells_is_about_what_it_looked_at(
    official: Place, tmp_path: Path
) -> None:
    elsewhere, page = tmp_path / "of mine", tmp_path / "page"
    official.results.rename(elsewhere)
    official.results.mkdir()
    named = ("--results", str(elsewhere))
    refused = run(*named, "--check")
    assert refused.exit_code == 2
    assert "name the page that was made of these results with --output" in refused.stderr
    told = run(*named, "--output", str(page), "--check").stdout
    fix = f"fix: python -m harness leaderboard --published --results '{elsewhere}' --output {page}"
    assert fix in told


def test_results_from_elsewhere_leave_the_joint_files_alone(place: Place, tmp_path: Path) -> None:
    place.add_three()
    place.results.rename(tmp_path / "mine")
    place.results.mkdir()
    assert ranks(board_of("--results", str(tmp_path / "mine")))["bad"] == [3, 3]
    assert not place.joint.exists()
    assert not (tmp_path / "joint").exists()
    page = tmp_path / "page"
    named = ("--results", str(tmp_path / "mine"), "--output", str(page))
    assert run(*named, "--published").exit_code == 0
    assert run(*named, "--check").exit_code == 0


def test_self_reported_boards_are_ranked_and_have_no_file(place: Place) -> None:
    for entry, wrong in (("good", range(20)), ("bad", range(160))):
        said = place.answers(wrong)
        write(place.results, place.record(entry, said, data=PRIVATE), said)
    (board,) = json.loads(run("--json").stdout)["boards"]
    assert (board["status"], ranks(board)) == ("self-reported", {"good": [1, 1], "bad": [2, 2]})
    assert not place.joint.exists()


# Boards of signed records: outcomes are the organiser's


def test_without_a_key_the_ranks_of_signed_records_are_shown_and_not_published(
    place: Place,
) -> None:
    place.add_three(signed=True)
    told = run("--json")
    assert "not written, for want of a signature" in told.stderr
    assert json.loads(told.stdout)["boards"][0]["entries"][0]["rank"]
    assert not place.joint.exists()
    assert not is_fresh()
    assert "--sign KEY" in run("--check").stdout
    page = json.loads((place.root / "leaderboard" / "site" / "boards.json").read_bytes())
    assert page["boards"][0]["ranking"] is None
    assert set(ranks(page["boards"][0]).values()) == {None}
    (local,) = (place.root / "leaderboard" / "site").glob("local/boards.json")
    assert json.loads(local.read_bytes())["boards"][0]["ranking"]
    for sidecar in place.sidecars():
        sidecar.unlink()
    assert is_fresh()  # whoever has the outcomes not makes the same page


def test_without_a_key_the_page_keeps_the_ranks_of_a_file_that_others_believe(
    official: Place,
) -> None:
    path = joint_of(official)
    joint = parse_json(path.read_bytes(), JointFile, "it")
    other = replace(joint, statistics=replace(joint.statistics, claims=()), signature=None)
    path.write_bytes(pretty_json(signed(other, signer())))
    assert run("--published").exit_code == 0
    for sidecar in official.sidecars():
        sidecar.unlink()
    assert is_fresh()
    assert board_of()["ranking"]["claims"] == []


@pytest.fixture
def official(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Make an official board with its signed joint file."""
    place.change_rules('energy_class = "good"', 'energy_class = "bad"')
    place.add_three(signed=True)
    monkeypatch.setattr("harness.cli.signing.load_signer", lambda *_: signer())
    assert run("--published", "--sign", "jury").exit_code == 0
    return place


@pytest.mark.parametrize("left", ["nothing", "an empty folder", "a file"])
def test_without_any_record_nothing_that_was_signed_is_taken_away(
    official: Place, tmp_path: Path, left: str
) -> None:
    place = official
    page = place.results.parent / "site" / "index.html"
    before = joint_of(place).read_bytes(), page.read_bytes()
    place.results.rename(tmp_path / "elsewhere")
    if left == "an empty folder":
        place.results.mkdir()
    elif left == "a file":
        place.results.touch()
    for options in ((), ("--published", "--sign", "jury"), ("--no-cache",)):
        told = run(*options)
        assert told.exit_code == 3
        assert f"{place.results}: no record can be read there" in told.stderr
        assert joint_of(place).name in told.stderr
        assert "bring the records back" in told.stderr
    assert (joint_of(place).read_bytes(), page.read_bytes()) == before
    assert run("--check").exit_code == 1
    joint_of(place).unlink()  # they are to be gone
    assert run().exit_code == (1 if left == "a file" else 0)


def test_a_signed_file_gives_everybody_the_ranks(official: Place) -> None:
    assert is_fresh()
    shown = board_of()
    assert shown["status"] == "official"
    for sidecar in official.sidecars():
        sidecar.unlink()
    assert is_fresh()
    assert board_of() == shown
    assert ranks(shown)["bad"] == [3, 3]


@pytest.mark.usefixtures("official")
def test_official_boards_have_prizes() -> None:
    board = board_of()
    least, best = board["ranking"]["prizes"]
    assert (least["prize"], least["limit"]) == ("least-energy", 0.8)
    assert [each["entry"] for each in least["standings"] if each["wins"]] == ["frugal"]
    assert {each["entry"] for each in least["standings"]} == {"frugal", "good"}
    assert {each["entry"] for each in best["standings"] if each["wins"]} == {"frugal", "good"}
    assert {row["entry"]: row["prizes"] for row in board["entries"]} == {
        "frugal": ["least-energy", "best-quality"], "good": ["best-quality"], "bad": [],
    }  # fmt: skip
    assert "least energy with quality above 0.8: frugal" in run().stdout


def test_too_few_items_make_no_prize(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.change_rules("least_items = 1", "least_items = 2_000")
    monkeypatch.setattr("harness.cli.signing.load_signer", lambda *_: signer())
    place.add_three(signed=True)
    board = board_of("--sign", "jury")
    assert board["ranking"]["prizes"] == []
    (note,) = [note for note in board["notes"] if note["code"] == "few-items"]
    assert note["remedy"] == "evaluate on more items; below 2,000 items no prize is given"


def test_who_has_a_part_in_the_method_competes_for_no_prize(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.signing.load_signer", lambda *_: signer())
    place.add_three(signed=True)
    board = board_of("--sign", "jury")
    standing = {each["entry"] for prize in board["ranking"]["prizes"]
                for each in prize["standings"]}  # fmt: skip
    assert standing == {"frugal"}  # the energy classes are counted from the good one
    assert {row["entry"]: row["prizes"] for row in board["entries"]} == {
        "frugal": ["least-energy", "best-quality"], "good": [], "bad": [],
    }  # fmt: skip


def test_ranks_of_a_part_of_the_entries_are_signed_only_if_that_is_said(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.cli.signing.load_signer", lambda *_: signer())
    place.add_three(signed=True)
    place.sidecars("frugal")[0].unlink()
    told = run("--sign", "jury")
    assert told.exit_code == 3
    assert not place.joint.exists()
    assert run("--partial").exit_code == 2
    board = board_of("--sign", "jury", "--partial")
    assert board["ranking"]["prizes"] == []
    assert ranks(board)["frugal"] is None
    assert joint_of(place).exists()


def test_published_quality_is_in_steps_and_ranks_are_made_of_the_exact_one(official: Place) -> None:
    board = board_of()
    step = official.rules.boards.quality_step
    for row in board["entries"]:
        assert row["quality_step"] == step
        for figure in (row["quality"], *row["quality_interval"]):
            assert round(figure / step, 6) == round(figure / step)
    assert "quality-in-steps" in codes(board)


def test_a_board_on_hidden_labels_tells_nothing_of_single_ones(official: Place) -> None:
    board = board_of()
    assert ranks(board)["bad"] == [3, 3]
    assert [row["front_support"] for row in board["entries"]] == [None] * 3
    least = board["ranking"]["least_quality_difference"]
    assert least == float(f"{least:.1g}")
    for entry in json.loads(joint_of(official).read_bytes())["statistics"]["entries"]:
        assert entry["front_support"] is None


def better(board: Plain) -> set[tuple[str, str]]:
    return {(c["winner"], c["loser"]) for c in board["ranking"]["claims"] if c["by_quality"]}


@pytest.mark.parametrize(("edges_joules", "told"), [(0.001, True), (20.0, False)])
def test_a_board_tells_energies_apart_no_finer_than_its_meter_reads(
    place: Place, edges_joules: float, told: bool
) -> None:
    def read(each: PhaseWindow) -> PhaseWindow:
        parts = tuple(replace(part, edges_joules=edges_joules) for part in each.reading.energy)
        return replace(each, reading=replace(each.reading, energy=parts))

    said = place.answers(range(20))
    for entry, joules in (("less", 39.0), ("more", 45.0)):
        made = place.record(entry, said, joules=[joules] * 3, demonstration=True)
        sessions = tuple(
            replace(session, phases=tuple(map(read, session.phases))) for session in made.sessions
        )
        write(place.results, replace(made, sessions=sessions), said)
    claims = board_of()["ranking"]["claims"]
    assert [(each["winner"], each["loser"]) for each in claims] == [("less", "more")] * told


def test_an_entry_whose_sessions_differ_as_wholes_is_not_surely_worse(place: Place) -> None:
    dear = [79.0, 79.1, 78.9]
    place.add("good", range(20))
    place.add("steady", range(70), joules=dear)
    whole = [place.answers(range(wrong), sessions=1) for wrong in (30, 60, 120)]
    predictions = tuple(each.predictions[0] for each in whole)
    place.add("shaken", said=replace(whole[0], predictions=predictions), joules=dear)
    assert better(board_of()) == {("good", "steady")}


def test_a_signed_file_that_was_changed_is_a_problem_and_ranks_nobody(official: Place) -> None:
    change(joint_of(official), {"claims": []})
    for sidecar in official.sidecars():
        sidecar.unlink()
    assert problems() == ["signature-invalid"]
    assert set(ranks(board_of()).values()) == {None}


def test_an_unsigned_file_beside_signed_records_could_be_anybodys(official: Place) -> None:
    path = joint_of(official)
    joint = parse_json(path.read_bytes(), JointFile, "it")
    path.write_bytes(pretty_json(replace(joint, signature=None)))
    for sidecar in official.sidecars():
        sidecar.unlink()
    assert problems() == ["joint-unsigned"]
    assert set(ranks(board_of()).values()) == {None}


def test_a_file_that_another_key_signed_does_not_count(official: Place) -> None:
    path = joint_of(official)
    joint = parse_json(path.read_bytes(), JointFile, "it")
    path.write_bytes(pretty_json(signed(joint, signer(7))))
    for sidecar in official.sidecars():
        sidecar.unlink()
    assert problems() == ["key-unknown"]
    write_key(official.root / "leaderboard" / "keys", "other", 7)
    assert problems() == []


def test_with_outcomes_a_bad_file_is_signed_again(official: Place) -> None:
    change(joint_of(official), {"claims": []})
    assert run("--sign", "jury").exit_code == 0
    assert is_fresh()


@pytest.mark.usefixtures("place")
def test_what_writes_nothing_signs_nothing(tmp_path: Path) -> None:
    assert run("--check", "--sign", "jury").exit_code == 2
    (tmp_path / "mine").mkdir()
    assert run("--results", str(tmp_path / "mine"), "--sign", "jury").exit_code == 2


# verify


def verify() -> dict[str, Any]:
    told = CliRunner().invoke(app, ["verify", "--json", "--published"])
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    document: dict[str, Any] = json.loads(told.stdout)
    return document


def remedy_of(code: str) -> str:
    """Return what ``verify`` says is to be done about its one finding of this code."""
    (remedy,) = [each["remedy"] for each in verify()["findings"] if each["code"] == code]
    assert isinstance(remedy, str)
    return remedy


def verified() -> dict[str, list[str]]:
    document = verify()
    return {
        kind: [each["code"] for each in document[kind] if each["code"].startswith("joint")]
        for kind in ("findings", "notes")
    }


def test_verify_works_the_ranks_out_again(place: Place) -> None:
    place.add_three()
    assert verified() == {"findings": [], "notes": ["joint-missing"]}
    assert run().exit_code == 0
    assert verified() == {"findings": [], "notes": []}
    change(joint_of(place), {"claims": []})
    assert verified() == {"findings": ["joint"], "notes": []}


def test_verify_does_not_rely_on_what_nobody_signed(place: Place) -> None:
    place.add_three()
    assert run().exit_code == 0
    for sidecar in place.sidecars():
        sidecar.unlink()
    assert verified() == {"findings": [], "notes": ["joint-unproven"]}


def test_verify_holds_a_file_against_its_records_where_there_are_no_outcomes(
    official: Place,
) -> None:
    place = official
    gone = joint_of(place).with_name("gone-offline-00000000.json")
    gone.write_bytes(joint_of(place).read_bytes())
    for sidecar in place.sidecars():
        sidecar.unlink()
    assert verified() == {"findings": [], "notes": ["joint-orphaned"]}
    gone.unlink()
    joint = parse_json(joint_of(place).read_bytes(), JointFile, "it")
    other = replace(joint, records="00" * 32, signature=None)
    joint_of(place).write_bytes(pretty_json(signed(other, signer())))
    assert verified() == {"findings": ["joint-stale"], "notes": []}
    assert remedy_of("joint-stale").startswith("make it again")
    place.change_rules("quality_margin = 0.01", "quality_margin = 0.5")
    assert remedy_of("joint-stale").endswith("without them nothing makes it again")
    joint_of(place).write_bytes(b"{}")
    assert verified() == {"findings": ["joint-unreadable"], "notes": []}


def test_a_file_of_rules_before_that_a_thief_could_have_signed_has_a_way_out(
    official: Place,
) -> None:
    place, shown = official, board_of()
    place.change_rules('version = "test"', 'version = "later"')
    records = [each["digest"] for each in verify()["records"]]
    ((path, digest),) = [(each["path"], each["digest"]) for each in verify()["joints"]]
    assert path == f"joint/{joint_of(place).name}"

    def revoke(*keep: str) -> None:
        since = 'since = 2030-01-01T00:00:00Z\nreason = "compromised"'
        kept = f"{since}\nkeep = {json.dumps(keep)}"
        write_key(place.root / "leaderboard" / "keys", revoked=kept)

    revoke(*records)
    assert set(ranks(board_of()).values()) == {None}
    (found,) = [each for each in verify()["findings"] if each["path"] == path]
    assert found["code"] == "key-revoked"
    assert found["message"].endswith(f"its digest is {digest}")
    assert found["remedy"].startswith("if you know the file from elsewhere, name its digest in")
    assert found["remedy"].endswith("without them nothing makes it again")
    revoke(*records, digest)
    assert path not in [each["path"] for each in verify()["findings"]]
    assert ranks(board_of()) == ranks(shown)
    assert run("--published").exit_code == 0


# Occasions


def test_entries_of_other_days_are_not_compared_and_the_board_says_so(place: Place) -> None:
    place.add("good", range(20), created="2026-01-02T03:04:05+00:00")
    place.add("bad", range(160), joules=[79.0, 79.1, 78.9], created="2026-01-02T04:04:05+00:00")
    place.add("late", range(160), joules=[79.0, 79.1, 78.9], created="2026-03-02T04:04:05+00:00")
    board = board_of()
    assert board["ranking"]["apart"] == [["bad", "good"], ["late"]]
    assert ranks(board) == {"good": [1, 2], "bad": [2, 3], "late": [1, 3]}
    (note,) = [note for note in board["notes"] if note["code"] == "apart"]
    assert "bad, good / late" in note["message"]


def test_entries_at_the_ends_of_a_chain_of_days_are_not_compared_and_the_board_says_so(
    place: Place,
) -> None:
    dear = [79.0, 79.1, 78.9]
    place.add("first", range(160), created="2026-01-02T03:04:05+00:00")
    place.add("middle", range(160), joules=dear, created="2026-01-02T04:04:05+00:00")
    place.add("middle", range(160), joules=dear, created="2026-01-03T04:04:05+00:00")
    place.add("last", range(160), joules=dear, created="2026-01-03T05:04:05+00:00")
    board = board_of()
    assert board["ranking"]["apart"] == [["first", "middle"], ["last", "middle"]]
    (note,) = [note for note in board["notes"] if note["code"] == "apart"]
    assert note["message"].endswith("compared only within first, middle / last, middle")


def test_a_void_campaign_ranks_nobody(place: Place) -> None:
    place.add_three()
    void = Campaign(id="c0", entries=("worse", "other"), void="the control varied by 0.4")
    place.add("worse", range(300), campaign=void)
    assert problems() == ["void-campaign"]
    assert "worse" not in ranks(board_of())


def test_what_the_rules_leave_out_is_named_and_is_no_fault_of_any_file(place: Place) -> None:
    place.add_three()
    void = Campaign(id="c0", entries=("worse", "other"), void="the control varied by 0.4")
    path = place.add("worse", range(300), campaign=void)
    made = run()
    assert made.exit_code == 0
    assert "left out not ranked: its campaign is void" in " ".join(made.stdout.split())
    told = run("--check")
    assert (told.exit_code, "fix:" in told.stdout) == (0, False)
    assert "[void-campaign]" in told.stdout
    damaged = path.with_name("20260101T000000Z-00000000.json")
    damaged.write_text("{")
    assert run("--published").exit_code == 1
    told = run("--check")
    assert told.exit_code == 1
    fix = next(line for line in told.stdout.splitlines() if line.startswith("fix:"))
    assert damaged.name in fix
    assert path.name not in fix


def test_people_are_shown_ranges_and_what_they_mean(place: Place) -> None:
    place.add_three()
    told = run("--published").stdout
    assert "rank" in told
    assert f"1{chr(0x2013)}2" in told
    assert "a rank is a range" in told
    assert "100 %" in told
    row = next(line for line in told.splitlines() if "bad" in line)
    assert row.split()[:2] == ["3", "bad"]
