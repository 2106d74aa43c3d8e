"""A task that looks for an object, as it is typed: from an entry's boxes to the board."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import run
from projects import model_of, temporary_folder, write_entry, write_project
from toy_task import framed, write_detection_task, write_parquet
from typer.testing import Result

TRUE = "[0.25, 0.25, 0.5, 0.75, 0.9]"
"""The box of every odd item of the toy task."""
ODD = "int(sample.split()[-1][:1]) % 2"
BOXES = f"return [[{TRUE}] if {ODD} else [] for sample in samples]"
OFF = f"return [[[0.25, 0.25, 0.5, 0.5, 0.9]] if {ODD} else [] for sample in samples]"
SCORES = f"return [0.9 if {ODD} else 0.1 for sample in samples]"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project whose one task looks for an object."""
    with temporary_folder():
        project = write_project(tmp_path / "project")
        shutil.rmtree(project / "tasks" / "toy")
        write_detection_task(project)
        monkeypatch.setenv("HARNESS_ROOT", str(project))
        monkeypatch.delenv("HARNESS_POWERCAP_ROOT", raising=False)
        (project / "trace.json").write_text('{"watts": [[1, 5]]}', encoding="utf-8")
        yield project


def evaluate(root: Path, name: str, predict: str, output: str, *options: object) -> Result:
    entry = write_entry(root, name, model_of(predict), output=output)
    return run("evaluate", entry, "--meter", f"replay:{root / 'trace.json'}", *options)


def document_of(result: Result) -> Any:  # noqa: ANN401 - JSON
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def metrics(record: dict[str, Any]) -> dict[str, float]:
    return {metric["name"]: metric["value"] for metric in record["quality"]["metrics"]}


def sidecar(root: Path, name: str) -> Any:  # noqa: ANN401 - JSON
    (path,) = (root / "leaderboard" / "results" / "toy" / name).glob("*.items.json")
    return json.loads(path.read_bytes())


@pytest.mark.parametrize(
    ("predict", "output", "expected"),
    [
        (BOXES, "boxes", {"accuracy": 1, "recall:b": 1, "average_precision": 1, "mean_iou": 1}),
        (OFF, "boxes", {"accuracy": 1, "recall:b": 1, "average_precision": 1, "mean_iou": 0.5}),
        ("return [[]] * len(samples)", "boxes",
         {"accuracy": 0.5, "recall:b": 0, "average_precision": 0, "mean_iou": 0}),
        (SCORES, "image_score", {"accuracy": 1, "recall:b": 1}),
    ],
)  # fmt: skip
def test_answers_are_scored_kept_and_verified(
    root: Path, predict: str, output: str, expected: dict[str, float]
) -> None:
    made = document_of(evaluate(root, "mine", predict, output, "--json"))

    assert metrics(made["record"]) == expected
    assert (made["summary"]["metric"], made["summary"]["quality"]) == (
        "accuracy", expected["accuracy"],
    )  # fmt: skip
    assert made["record"]["quality"]["answered"] == 6
    outcomes = sidecar(root, "mine")
    for session in outcomes["predictions"]:
        for label, answer in zip(outcomes["labels"], session, strict=True):
            if output == "image_score":
                assert isinstance(answer, float)
            else:
                assert isinstance(answer, list)
                assert predict != BOXES or len(answer) == label
    checked = json.loads(run("verify", "--json").stdout)
    assert [found["code"] for found in checked["findings"] if found["code"] != "unsigned"] == []


def test_boxes_that_were_altered_beside_their_record_are_named(root: Path) -> None:
    evaluate(root, "mine", BOXES, "boxes", "--json")
    (path,) = (root / "leaderboard" / "results" / "toy" / "mine").glob("*.items.json")
    path.write_bytes(path.read_bytes().replace(b"0.75", b"0.70", 1))

    checked = json.loads(run("verify", "--json").stdout)

    assert "items-altered" in {found["code"] for found in checked["findings"]}


def test_the_screen_and_the_board_show_what_ranks_and_what_else_there_is(root: Path) -> None:
    screen = evaluate(root, "mine", OFF, "boxes", "--demonstration").stdout
    evaluate(root, "scored", SCORES, "image_score", "--demonstration")

    assert "accuracy" in screen
    assert "average precision 1.000" in screen
    assert "mean iou 0.500" in screen
    (board,) = json.loads(run("leaderboard", "--json").stdout)["boards"]
    assert board["metric"] == "accuracy"
    assert {(each["entry"], each["quality"]) for each in board["entries"]} == {
        ("mine", 1.0), ("scored", 1.0),
    }  # fmt: skip


def test_an_output_that_the_task_cannot_score_is_refused(root: Path) -> None:
    result = run("check", write_entry(root, "mine", output="index"))

    assert result.exit_code == 1
    assert "FRG122" in result.stdout
    assert "the task toy cannot score index" in result.stdout
    assert "give one of boxes, image_score" in result.stdout


@pytest.mark.parametrize(
    ("predict", "named"),
    [
        (f"return [[{TRUE}] * 5 for sample in samples]", "5 boxes, more than 4"),
        ("return [[[0.5, 0.5, 0.2, 0.9, 1.0]] for sample in samples]", "x1"),
        ("return [[[0.1, 0.1, 0.2, 0.2]] for sample in samples]", "5"),
    ],
)
def test_boxes_that_are_none_end_the_evaluation_with_a_reason(
    root: Path, predict: str, named: str
) -> None:
    result = evaluate(root, "mine", predict, "boxes", "--json")

    assert result.exit_code == 1
    summary = json.loads(result.stdout)["summary"]
    assert (summary["status"], summary["blame"]) == ("failed", "submission")
    assert named in summary["message"]


def test_what_was_not_answered_counts_against_every_metric(root: Path) -> None:
    predict = f"if any(sample[:7] == b'test 0 ' for sample in samples): 1 / 0\n{BOXES}"

    result = evaluate(root, "late", predict, "boxes", "--scenario", "single", "--json")

    record = json.loads(result.stdout)["record"]
    assert record["outcome"]["message"]
    quality = record["quality"]
    assert (quality["items"], quality["answered"] < 6) == (6, True)
    assert all(value < 1 for name, value in metrics(record).items() if name != "mean_iou")
    assert None in sidecar(root, "late")["predictions"][0]


def test_malformed_annotations_in_a_directory_are_named(root: Path, tmp_path: Path) -> None:
    data = write_parquet(tmp_path / "data", test=framed(["", "0 0.5 0.5 0.1"]))

    result = evaluate(root, "mine", BOXES, "boxes", "--json", "--data", data)

    assert result.exit_code == 2
    message = json.loads(result.stdout)["error"]["message"]
    assert "test.parquet: column 'annotations': row 1 is malformed: line 1 has 4 fields" in message
    assert list((root / "leaderboard").glob("results/*/*/*")) == []


def test_data_in_a_directory_is_scored_by_its_boxes(root: Path, tmp_path: Path) -> None:
    rows = ["", "0 0.375 0.5 0.25 0.5"] * 3
    data = write_parquet(tmp_path / "data", test=framed(rows, group="camera"))

    made = document_of(evaluate(root, "mine", BOXES, "boxes", "--json", "--data", data))

    assert set(metrics(made["record"]).values()) == {1.0}


def test_a_new_entry_passes_check_and_says_what_an_answer_is(root: Path) -> None:
    entry = root / "submissions" / "new"
    assert run("init", entry, "--task", "toy").exit_code == 0
    assert run("check", entry).exit_code == 0
    readme = (entry / "README.md").read_text(encoding="utf-8")
    assert "at most 4 boxes a sample" in readme
