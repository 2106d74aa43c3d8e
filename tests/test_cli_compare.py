"""``compare``: what its arguments may name, what it refuses, and what it says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from projects import write_entry, write_project
from record_samples import RULES, record, window
from toy_task import write_task
from typer.testing import CliRunner, Result

from harness.cli.app import app
from harness.cli.comparing.items import Answered, _evidence
from harness.ranking.compare import Comparison, Side
from harness.ranking.paired_energy import EnergyFinding
from harness.ranking.paired_quality import (
    UNKNOWN,
    QualityFinding,
    Resampled,
    compare_quality,
)
from harness.records.evaluation import Campaign, Failed, ItemOutcomes, MetricValue, Quality
from harness.records.session import Session
from harness.store import reading
from harness.store.results import write
from harness.submissions.snapshot import entry_digest
from harness.tasks import load_task
from harness.tasks.card import Metric, MetricName
from harness.tasks.item_scores import ItemScores

CHECKOUT = Path(__file__).parents[1]
ITEMS = 400
JOULES = (39.0, 39.4, 38.7, 39.2, 38.9)
HALF = tuple(0.5 * each for each in JOULES)
EARLY, LATE, LATEST = (f"2026-01-0{day}T03:04:05+00:00" for day in (1, 2, 3))
runner = CliRunner()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "project"
    (root / "leaderboard").mkdir(parents=True)
    rules = (CHECKOUT / "leaderboard" / "rules.toml").read_bytes()
    (root / "leaderboard" / "rules.toml").write_bytes(rules)
    write_task(root)
    monkeypatch.setenv("HARNESS_ROOT", str(root))
    return root


def keep(
    root: Path,
    entry: str,
    wrong: int | Sequence[int] = 80,
    joules: Sequence[float] = JOULES,
    *,
    groups: int | None = None,
    sidecar: bool = True,
    results: str = "leaderboard/results",
    says: float | None = None,
    first: int = 0,
    **changes: Any,  # noqa: ANN401 - any field of a record
) -> Path:
    """Keep an evaluation whose first items, from ``first`` on, were answered wrongly."""
    task = load_task(root, "toy")
    wrongs = [wrong] * len(joules) if isinstance(wrong, int) else wrong
    labels = tuple(number % 2 for number in range(ITEMS))
    answers = tuple(
        tuple(1 - label if first <= n < first + w else label for n, label in enumerate(labels))
        for w in wrongs
    )
    value = 1 - sum(wrongs) / len(wrongs) / ITEMS if says is None else says
    outcomes = ItemOutcomes(
        key="0f" * 32, ids=tuple(map(str, range(ITEMS))), labels=labels, predictions=answers,
        groups=None if groups is None else tuple(str(n % groups) for n in range(ITEMS)),
    )  # fmt: skip
    metric = MetricValue(
        name="accuracy", value=value, low=max(0.0, value - 0.04), high=min(1.0, value + 0.04),
        interval_method="wilson",
    )  # fmt: skip
    fields: dict[str, Any] = {
        "task": {"id": "toy", "digest": task.digest, "metric": "accuracy"},
        "data": {"items": ITEMS},
        "quality": Quality(ranked="accuracy", metrics=(metric,), items=ITEMS, answered=ITEMS),
    }
    made = record(entry, joules=joules, **(fields | changes))
    return write(root / results, made, outcomes if sidecar else None)[1]


def compared(*arguments: object) -> Result:
    return runner.invoke(app, ["compare", *map(str, arguments)])


def document(*arguments: object) -> dict[str, Any]:
    made = compared(*arguments, "--json")
    assert made.exit_code == 0, made.output
    parsed: dict[str, Any] = json.loads(made.stdout)
    return parsed


def codes(made: dict[str, Any]) -> list[str]:
    return [note["code"] for note in made["notes"]]


# What the arguments may name


def test_two_entries_by_name_or_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    (project / "submissions").mkdir()
    folders = [write_entry(project, name) for name in ("old", "new")]
    (folders[1] / "more.txt").write_text("another version")
    keep(project, "old", 80, digest=entry_digest(folders[0]))
    keep(project, "new", 40, HALF, digest=entry_digest(folders[1]))
    by_name = document("old", "new")
    assert by_name == document("submissions/old", f"{project}/submissions/new/")
    assert (by_name["a"]["name"], by_name["b"]["name"]) == ("old", "new")
    assert (by_name["quality"]["status"], by_name["energy"]["status"]) == ("better", "less")
    assert by_name["quality"]["only_b_right"] == 40
    assert "McNemar" in by_name["quality"]["method"]
    shown = compared("old", "new")
    assert "new is better on both:" in shown.stdout.splitlines()[1]


def test_two_evaluations_of_one_entry_are_told_by_their_moments(project: Path) -> None:
    before = keep(project, "mine", 80, created=EARLY, digest="11" * 32)
    after = keep(project, "mine", 40, created=LATE, digest="22" * 32)
    made = document(before, after)
    assert made["a"]["name"] == "mine (2026-01-01 03:04)"
    assert made["b"]["name"] == "mine (2026-01-02 03:04)"
    assert made["quality"]["status"] == "better"
    # The entry stands for its latest version: the baseline beside it is what a team's CI compares.
    assert document(before, "mine")["b"] == made["b"]


def test_evaluations_of_the_latest_version_are_pooled(project: Path) -> None:
    keep(project, "old", 80, created=EARLY, digest="11" * 32)
    keep(project, "old", 60, created=LATE, digest="22" * 32)
    keep(project, "old", 61, created=LATEST, digest="22" * 32)
    keep(project, "new", 60)
    side = document("old", "new")["a"]
    assert (side["sessions"], len(side["evaluations"])) == (10, 2)


def test_a_record_elsewhere_is_looked_up_in_its_own_folder(project: Path, tmp_path: Path) -> None:
    keep(project, "old", 80)
    there = keep(project, "new", 40, results="other")
    assert document("old", there)["quality"]["status"] == "better"
    assert document("new", there, "--results", project / "other")["quality"]["difference"] == 0
    assert compared("old", "new").exit_code == 2
    wrong = compared("old", "new", "--results", tmp_path / "nowhere")
    assert (wrong.exit_code, "does not exist" in wrong.stderr) == (2, True)


def test_a_record_that_lies_in_no_results_folder_is_said_before_others_are_read(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = keep(project, "old", 80)
    lone = tmp_path / "baseline.json"
    lone.write_bytes(path.read_bytes())
    monkeypatch.setattr(reading, "scan", lambda folder: pytest.fail(f"{folder} was read"))
    made = compared(lone, "old")
    assert made.exit_code == 2
    told = " ".join(made.stderr.split())
    assert "baseline.json: does not lie in a folder toy/old" in told
    assert "*.items.json" in told


def test_of_several_boards_the_one_that_is_up_to_date_is_taken(project: Path) -> None:
    for entry in ("old", "new"):
        keep(project, entry, 80, created=EARLY, demonstration=True)
    keep(project, "old", 60, created=LATE)
    keep(project, "new", 50, created=LATE)
    made = document("old", "new")
    assert made["b"]["standing"] == made["a"]["standing"] == "self-reported"
    assert made["b"]["quality"] == pytest.approx(1 - 50 / ITEMS)


def test_a_teams_own_beside_the_demonstration_is_compared_and_said(project: Path) -> None:
    keep(project, "old", 80, demonstration=True)
    keep(project, "new", 40)
    assert "other-standing" in codes(document("old", "new"))


def test_the_same_evaluation_on_both_sides_differs_in_nothing(project: Path) -> None:
    path = keep(project, "old", 80)
    refused = compared(path, "old", "--fail-on-regression", "--json")
    assert refused.exit_code == 2
    assert "the same evaluations" in json.loads(refused.stdout)["error"]["message"]
    for other in ("old", path):
        made = document(path, other)
        assert "same-evaluations" in codes(made)
        assert made["verdict"].startswith("inconclusive: old (")
        assert made["verdict"].endswith(" are the same evaluations")
        assert made["conclusive"] is False
        assert made["quality"]["difference"] == 0
        assert made["energy"]["ratio"] == 1.0


def test_an_evaluation_beside_a_pool_that_holds_it_is_refused(project: Path) -> None:
    path = keep(project, "old", 80, created=EARLY)
    keep(project, "old", 80, created=LATE)
    made = compared(path, "old")
    assert made.exit_code == 2
    assert "is among the evaluations of both" in made.stderr


def test_a_copy_of_the_results_folder_holds_the_same_evaluation(project: Path) -> None:
    path = keep(project, "old", 80)
    shutil.copytree(project / "leaderboard" / "results", project / "copy")
    made = document(path, project / "copy" / path.relative_to(project / "leaderboard" / "results"))
    assert "same-evaluations" in codes(made)


# What is refused


def test_one_measurement_under_two_names_contradicts_itself(project: Path) -> None:
    measured = record("old", joules=JOULES).sessions
    for entry in ("old", "new"):
        keep(project, entry, 80, sessions=measured)
    made = compared("old", "new")
    assert made.exit_code == 2
    assert "nobody can say which is right" in made.stderr.replace("\n", " ")


def test_what_cannot_be_compared_is_told_with_what_differs(project: Path) -> None:
    keep(project, "old")
    keep(project, "new", data={"items": ITEMS, "digest": "db" * 32}, scenario="single",
         rules=replace(RULES.reference_to_these, version="2025.1"))  # fmt: skip
    made = compared("old", "new")
    assert made.exit_code == 2
    told = made.stderr.replace("\n", " ")
    assert "the data (sample dadadada against sample dbdbdbdb)" in told
    assert "the scenario (offline against single)" in told
    assert "the rules (" in told
    assert "the task" not in told
    assert "evaluate both alike" in told


def test_entries_of_two_tasks_are_not_compared(project: Path) -> None:
    keep(project, "old")
    keep(project, "new", task={"id": "another", "digest": "12" * 32, "metric": "accuracy"})
    made = compared("old", "new")
    assert made.exit_code == 2
    assert "name two entries of one task" in made.stderr


OTHERS: dict[str, dict[str, Any]] = {
    "the machine": {"hardware": {"profile": "bench-1"}},
    "what energy is read with": {"sources": ()},
}


@pytest.mark.parametrize("told", OTHERS)
def test_other_machines_and_meters_are_not_compared(project: Path, told: str) -> None:
    keep(project, "old")
    keep(project, "new", **OTHERS[told])
    made = compared("old", "new")
    assert (made.exit_code, told in made.stderr) == (2, True)


@pytest.mark.parametrize(
    ("argument", "told"),
    [
        ("oldd", 'no evaluation of "oldd" (did you mean "old"?)'),
        ("before/gone", "evaluate it first: python -m harness evaluate before/gone"),
        ("gone.json", "gone.json: does not exist"),
        ("a.items.json", "holds the outcomes of single items"),
        ("leaderboard/rules.json", "does not exist"),
        ("", "names nothing"),
    ],
)
def test_a_name_that_stands_for_nothing(project: Path, argument: str, told: str) -> None:
    keep(project, "old")
    made = compared("old", argument)
    assert made.exit_code == 2
    assert told in made.stderr.replace("\n", " ").replace("│", "").replace("  ", " ")


def test_who_is_told_to_evaluate_is_told_into_which_folder(project: Path) -> None:
    keep(project, "old", results="kept here")
    made = compared("old", "new", "--results", project / "kept here")
    command = f"evaluate submissions/new --output '{project / 'kept here'}'"
    assert command in " ".join(made.stderr.split())


def test_a_failed_evaluation_has_nothing_to_compare(project: Path) -> None:
    keep(project, "old")
    path = keep(project, "new", failed="load")
    for named in ("new", path):
        made = compared("old", named)
        assert made.exit_code == 2
        assert "failed in load (blame: submission)" in made.stderr


def test_a_later_failure_and_a_changed_folder_are_said(project: Path) -> None:
    keep(project, "old")
    keep(project, "new", created=EARLY)
    keep(project, "new", created=LATE, failed="load")
    write_entry(write_project(project.parent / "other"), "new")
    (project / "submissions").mkdir()
    (project.parent / "other" / "submissions" / "new").rename(project / "submissions" / "new")
    made = document("old", "new")
    assert {"failed-since", "entry-changed"} <= set(codes(made))
    assert [note["code"] for note in made["stale"]] == ["failed-since", "entry-changed"]
    assert made["stale"][0]["remedy"] == "mend it, and evaluate the entry again"
    assert document("new", "old")["stale"] == []
    ci = compared("old", "new", "--fail-on-regression")
    assert ci.exit_code == 1
    assert "not up to date: a later evaluation of new failed in load" in ci.stderr
    assert "submissions/new has changed since it was evaluated" in ci.stderr.replace("\n", " ")
    assert compared("new", "old", "--fail-on-regression").exit_code == 0  # A may be history


@pytest.mark.parametrize("at", ["elsewhere/new", "submissions/new"])
def test_the_folder_that_is_named_is_the_one_that_is_looked_at(
    project: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    """With nothing, or what was evaluated, in ``submissions/``."""
    monkeypatch.chdir(project)
    folder = write_entry(write_project(project.parent / "other"), "new").rename(project / "new")
    Path(at).parent.mkdir()
    shutil.copytree(folder, at)
    keep(project, "old")
    keep(project, "new", digest=entry_digest(folder))
    same = compared("old", at, "--fail-on-regression")
    assert same.exit_code == 0, same.stderr
    (Path(at) / "more.txt").write_text("more")
    changed = compared("old", at, "--fail-on-regression")
    assert changed.exit_code == 1
    assert f"not up to date: {at} has changed since it was evaluated: " in changed.stderr
    (Path(at) / "more.txt").unlink()
    (Path(at) / "link").symlink_to("model.py")
    unreadable = compared("old", at, "--fail-on-regression")
    assert unreadable.exit_code == 1
    assert f"{at} has changed since it was evaluated, and is no entry now (" in unreadable.stderr
    shutil.rmtree(at)
    gone = compared("old", at, "--fail-on-regression")
    assert gone.exit_code == 1
    assert f"{at} has changed since it was evaluated, and is no entry now (" in gone.stderr
    by_name = compared("old", "new", "--fail-on-regression")
    assert by_name.exit_code == 0, by_name.stderr  # the one in the working directory


def test_a_later_evaluation_that_cannot_be_used_is_no_evidence_that_nothing_got_worse(
    project: Path,
) -> None:
    keep(project, "old")
    path = keep(project, "new", created=EARLY)
    assert compared("old", "new", "--fail-on-regression").exit_code == 0
    keep(project, "new", created=LATE, isolation="D")
    assert compared("old", "new").exit_code == 0
    assert compared("old", "new", "--fail-on-regression").exit_code == 1
    assert compared("old", path, "--fail-on-regression").exit_code == 0  # this very record
    assert document("old", "new")["stale"][0]["remedy"] == "evaluate the entry again"


def test_nobody_is_told_to_mend_an_entry_that_the_organisers_side_failed(project: Path) -> None:
    keep(project, "old")
    keep(project, "new", created=EARLY)
    disturbed = Failed(stage="disturbance", blame="organiser", message="m", remedy="r")
    keep(project, "new", created=LATE, outcome=disturbed)
    (stale,) = document("old", "new")["stale"]
    assert "failed in disturbance (blame: organiser)" in stale["message"]
    assert stale["remedy"] == "evaluate the entry again"


def test_an_entry_that_was_not_kept_apart_is_compared_with_nothing(project: Path) -> None:
    keep(project, "old")
    keep(project, "new", isolation="D")
    made = compared("old", "new")
    assert (made.exit_code, "isolation grade D" in made.stderr) == (2, True)
    void = Campaign(id="c0", entries=("void",), void="the control varied by 0.4")
    keep(project, "void", campaign=void)
    refusal = " ".join(compared("void", "old").stderr.split())
    assert "it counts for nothing: its campaign is void: the control varied by 0.4" in refusal


def test_an_altered_record_is_named(project: Path) -> None:
    keep(project, "old")
    path = keep(project, "new")
    path.write_bytes(path.read_bytes().replace(b'"macro', b'"micro').replace(b"A team", b"B team"))
    for named in ("new", path):
        made = compared("old", named)
        assert made.exit_code == 2
        assert "it was altered" in made.stderr.replace("\n", " ")


# Outcomes of single items


def test_a_missing_sidecar_leaves_the_intervals_and_is_said(project: Path) -> None:
    keep(project, "old", 80)
    keep(project, "new", 40, sidecar=False)
    made = document("old", "new")
    assert made["quality"]["paired"] is False
    assert {"items-left-out", "unpaired-quality"} <= set(codes(made))


def test_an_altered_sidecar_counts_as_missing_and_is_said(project: Path) -> None:
    keep(project, "old", 80)
    path = keep(project, "new", 40)
    (sidecar,) = path.parent.glob("*.items.json")
    sidecar.write_bytes(sidecar.read_bytes().replace(b'["0"', b'["x"'))
    made = document("old", "new")
    assert made["quality"]["paired"] is False
    (note,) = [each for each in made["notes"] if each["code"] == "items-left-out"]
    assert "is not what the record beside it commits to" in note["message"]


def test_of_several_evaluations_those_with_outcomes_stand_for_quality(project: Path) -> None:
    keep(project, "old", 80, created=EARLY)
    keep(project, "old", 80, created=LATE, sidecar=False)
    keep(project, "new", 40)
    made = document("old", "new")
    assert made["quality"]["paired"] is True
    assert "items-left-out" in codes(made)


def test_outcomes_that_contradict_their_record_are_refused(project: Path) -> None:
    keep(project, "old", 80)
    keep(project, "new", 40, says=0.95)
    made = compared("old", "new")
    assert made.exit_code == 2
    assert "says accuracy 0.95, and the outcomes beside it give 0.9" in made.stderr.replace(
        "\n", " "
    )


def test_outcomes_of_a_session_more_than_the_record_has_are_refused(project: Path) -> None:
    keep(project, "old", 80)
    keep(project, "new", [40] * 6, sessions=record("new", joules=JOULES).sessions)
    made = compared("old", "new")
    assert made.exit_code == 2
    assert "are of 6 sessions, and the record has 5" in made.stderr.replace("\n", " ")


def test_outcomes_of_other_items_contradict_each_other(project: Path) -> None:
    keep(project, "old", 80)
    keep(project, "new", 40, groups=20)
    made = compared("old", "new")
    assert (made.exit_code, "other items, labels or groups" in made.stderr) == (2, True)


def test_items_that_belong_to_groups_are_resampled_by_group(project: Path) -> None:
    keep(project, "old", 80, groups=40)
    keep(project, "new", 20, groups=40)
    made = document("old", "new")
    assert "bootstrap over 40 groups" in made["quality"]["method"]
    assert made["quality"]["difference"] == pytest.approx(0.15)
    low, high = made["quality"]["difference_interval"]
    assert 0.06 < low < 0.15 < high < 0.24, "none of 40 groups is a share of up to 0.088"


@pytest.mark.parametrize(
    ("name", "label", "worth"),
    [("balanced_accuracy", None, 20), ("f1", "b", 19), ("recall", "b", 10)],
)
def test_of_a_rare_class_few_items_tell_however_many_there_are_of_others(
    project: Path, name: MetricName, label: str | None, worth: float
) -> None:
    ranked = Metric(name=name, direction="higher", ranked=True, label=label)
    card = replace(load_task(project, "toy").card, metrics=(ranked,))
    labels = np.repeat([0, 1], [390, 10])
    side = Answered(ItemScores(card, labels[np.newaxis], labels), (), None, (1.0,))
    evidence = _evidence(side, side)
    assert isinstance(evidence, Resampled)
    assert evidence.worth == pytest.approx(worth)
    found = compare_quality(evidence, items=400, margin=0.02, of_sessions=(UNKNOWN, UNKNOWN))
    assert found.status == "not-told-apart", "one in ten of ten is missed unseen one time in three"


def test_sessions_that_disagree_count_by_their_share(project: Path) -> None:
    keep(project, "old", (80, 82, 78, 80, 80))
    keep(project, "new", 40)
    made = document("old", "new")
    assert "shares of sessions" in made["quality"]["method"]
    assert made["quality"]["only_b_right"] == pytest.approx(40)


def test_a_task_that_is_not_here_as_it_was_leaves_the_intervals(project: Path) -> None:
    keep(project, "old", 80)
    keep(project, "new", 40)
    code = project / "tasks" / "toy" / "task.py"
    code.write_text(code.read_text() + "# another\n")
    made = document("old", "new")
    assert made["quality"]["paired"] is False
    assert "task-changed" in codes(made)


# A team's own CI


def test_a_regression_fails_only_where_that_is_asked_for(project: Path) -> None:
    keep(project, "old", 40)
    keep(project, "new", 120, [2 * each for each in JOULES])
    assert compared("old", "new").exit_code == 0
    made = compared("old", "new", "--fail-on-regression")
    assert made.exit_code == 1
    assert made.stderr.strip() == "regression: quality and energy"
    assert compared("new", "old", "--fail-on-regression").exit_code == 0
    forgiven = ("--quality-margin", "0.5", "--energy-margin", "2")
    assert compared("old", "new", "--fail-on-regression", *forgiven).exit_code == 0
    as_json = compared("old", "new", "--fail-on-regression", "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["regressions"]) == (
        1, ["quality", "energy"],
    )  # fmt: skip


def test_an_energy_of_another_day_is_no_regression_and_no_silence(project: Path) -> None:
    keep(project, "old", 40, created=EARLY)
    keep(project, "new", 40, [2 * each for each in JOULES], created=LATE)
    made = compared("old", "new", "--fail-on-regression")
    assert made.exit_code == 0
    assert made.stderr.startswith("no regression of energy can be seen: they were evaluated on")
    shown = " ".join(compared("old", "new").stdout.split())
    assert "it would take at least 3 days or campaigns of each, or one campaign of both," in shown
    assert "evaluate both in turn" in shown
    assert "run-apart" in codes(document("old", "new"))
    quality = compared("old", "new", "--quality-margin", "0.9").stdout
    assert quality.lstrip().startswith("inconclusive:")


def test_three_days_of_each_are_compared_with_what_days_differ_by(project: Path) -> None:
    for day, factor in enumerate((1.0, 1.02, 0.98), 1):
        for entry, first, times in (("old", 0, 1.0), ("new", 10, 0.5)):
            moment = f"2026-01-{first + day:02d}T03:04:05+00:00"
            joules = [factor * times * each for each in JOULES[day:] + JOULES[:day]]
            keep(project, entry, 40, joules, created=moment)
    made = document("old", "new")
    assert (made["energy"]["status"], made["energy"]["unit"]) == ("less", "occasions")
    assert "on 3 and 3 days or campaigns" in made["energy"]["method"]
    assert "run-apart" in codes(made)


@pytest.mark.parametrize("margin", ["-0.1", "nan", "inf"])
def test_a_margin_is_a_share(project: Path, margin: str) -> None:
    keep(project, "old")
    keep(project, "new")
    assert compared("old", "new", "--quality-margin", margin).exit_code == 2


def name_the_null_entry(project: Path) -> None:
    rules = project / "leaderboard" / "rules.toml"
    text = rules.read_text(encoding="utf-8")
    rules.write_text(f'{text}\n[reference.toy]\nnull = "nothing"\n', encoding="utf-8")


def test_two_at_the_floor_share_one_energy(project: Path) -> None:
    name_the_null_entry(project)
    keep(project, "nothing", 200)
    keep(project, "old", 80)
    keep(project, "new", 80, HALF)
    made = document("old", "new")
    assert made["energy"]["status"] == "not-compared"
    assert "at the floor" in made["verdict"]


@pytest.mark.parametrize(("null", "others"), [((390.0, 391.0), 380.0), ((0.0, 0.0), 40.0)])
def test_the_floor_is_that_of_a_board(
    project: Path, null: tuple[float, ...], others: float
) -> None:
    """Each day of the null entry counts once there, and not one that the meter does not resolve."""
    name_the_null_entry(project)
    keep(project, "nothing", 200, created=EARLY)
    made = record("nothing", created=LATE, joules=null).sessions
    keep(project, "nothing", 200, null, sessions=made if all(null) else tuple(map(still, made)),
         created=LATE)  # fmt: skip
    for entry in ("old", "new"):
        keep(project, entry, 80, [others + number / 10 for number in range(5)])
    assert "at the floor" in document("old", "new")["verdict"]


def test_a_null_entry_that_contradicts_itself_keeps_others_from_nothing(project: Path) -> None:
    """A board has no floor then, either."""
    name_the_null_entry(project)
    measured = record("nothing", joules=JOULES).sessions
    for wrong in (100, 200):
        keep(project, "nothing", wrong, sessions=measured)
    keep(project, "old", 80)
    keep(project, "new", 80, HALF)
    assert document("old", "new")["energy"]["status"] != "not-compared"


def still(made: Session) -> Session:
    """Read no energy in any window."""
    phases = (window(w.phase, seconds=w.reading.seconds, joules=0.0) for w in made.phases)
    return replace(made, phases=tuple(phases))


def test_teams_are_called_by_their_names_and_in_json_by_their_ids(project: Path) -> None:
    keep(project, "old", 80)
    made = record("new")
    keep(project, "new", 40, submission=replace(made.submission, team="b-team", digest="22" * 32))
    declared = project / "leaderboard" / "teams.toml"
    declared.write_text(
        'schema = 1\n[[teams]]\nid = "b-team"\nname = "The [B] Team"\nlogins = ["b"]\n'
    )
    shown = compared("old", "new").stdout
    assert "(The [B] Team, 5 sessions" in shown
    assert "b-team" not in shown
    assert "(A team, 5 sessions" in shown
    assert document("old", "new")["b"]["team"] == "b-team"
    declared.write_text("teams")
    told = compared("old", "new")
    assert told.exit_code == 0
    assert "(b-team, 5 sessions" in told.stdout
    assert "warning: " in told.stderr


def test_nothing_in_a_record_reaches_the_terminal_as_an_order(project: Path) -> None:
    keep(project, "old", 80)
    made = record("new")
    hostile = replace(made.submission, team="A \x1b[2Jteam", digest="22" * 32)
    keep(project, "new", 40, submission=hostile)
    shown = compared("old", "new")
    assert shown.exit_code == 0
    assert "\x1b" not in shown.stdout
    assert "\\x1b[2J" in shown.stdout


def test_every_name_and_every_note_is_in_the_reference() -> None:
    page = (CHECKOUT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    sources = ("ranking/compare.py", "cli/comparing/sides.py", "cli/comparing/items.py")
    code = "".join((CHECKOUT / "harness" / each).read_text(encoding="utf-8") for each in sources)
    notes = set(re.findall(r'code="([a-z-]+)"', code))
    assert len(notes) >= 10
    assert not [each for each in notes if f"`{each}`" not in page]
    names = [
        name
        for struct in (Comparison, Side, QualityFinding, EnergyFinding)
        for name in struct.__struct_fields__
    ]
    assert not [name for name in names if f"`{name}`" not in page and f'"{name}"' not in page]
