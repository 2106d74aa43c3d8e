"""The reference entries for frames of a lookout, run without the harness around them."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from made_samples import MadeSamples, task_of

from harness.records.evaluation import Output
from harness.tasks.answers import no_answers, put
from harness.tasks.protocol import Predictions, TaskData
from harness.tasks.task import FolderTask

ROOT = Path(__file__).parents[1]
SUBMISSIONS = ROOT / "submissions"
LIGHT = ["wildfire-null", "wildfire-mean-box", "wildfire-patch-trees"]
NEURAL = pytest.param("wildfire-cnn-torch", marks=pytest.mark.torch)
ENTRIES = [*LIGHT, NEURAL]
OUTPUTS: dict[str, Output] = {
    "wildfire-null": "image_score",
    "wildfire-mean-box": "boxes",
    "wildfire-patch-trees": "image_score",
    "wildfire-cnn-torch": "boxes",
}


def import_entry(entry: str) -> ModuleType:
    if entry.endswith("-torch"):
        pytest.importorskip("torch")
        pytest.importorskip("safetensors")
    path = SUBMISSIONS / entry / "model.py"
    spec = importlib.util.spec_from_file_location(entry.replace("-", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def predictions(entry: str, samples: list[bytes], learnt: Path | None = None) -> Predictions:
    """Return the answers as the harness would keep them."""
    model = import_entry(entry).load(learnt or SUBMISSIONS / entry)
    kept = no_answers(len(samples), OUTPUTS[entry])
    for start in range(0, len(samples), 64):
        answered: list[Any] = list(model.predict(samples[start : start + 64]))
        if OUTPUTS[entry] == "boxes":
            answered = [np.array(boxes, np.float32).reshape(-1, 5) for boxes in answered]
        put(kept, np.arange(start, start + len(answered)), answered)
    return kept


@pytest.fixture(scope="module")
def task() -> FolderTask:
    return task_of("wildfire-smoke")


@pytest.fixture(scope="module")
def data(made_samples: MadeSamples) -> TaskData:
    return made_samples.data_of("wildfire-smoke")


@pytest.fixture(scope="module")
def frames(data: TaskData) -> list[bytes]:
    samples = data.test.samples(range(len(data.test)))
    return [sample for sample in samples if isinstance(sample, bytes)]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_every_frame_as_the_frames_allow(
    entry: str, task: FolderTask, frames: list[bytes]
) -> None:
    answers = predictions(entry, frames[:100])
    assert set(task.decisions(answers).tolist()) <= {0, 1}
    if OUTPUTS[entry] == "image_score":
        assert ((answers >= 0) & (answers <= 1)).all()
        return
    for boxes in answers:
        assert len(boxes) <= task.max_boxes
        assert ((boxes >= 0) & (boxes <= 1)).all()
        assert (boxes[:, 0] <= boxes[:, 2]).all()
        assert (boxes[:, 1] <= boxes[:, 3]).all()


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_nothing_when_asked_nothing(entry: str) -> None:
    assert list(import_entry(entry).load(SUBMISSIONS / entry).predict([])) == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_for_a_broken_frame(entry: str, frames: list[bytes]) -> None:
    broken = [b"", b"not a frame", frames[0][:3_000]]
    assert len(predictions(entry, broken)) == len(broken)


@pytest.mark.parametrize(
    ("entry", "figures"),
    [
        ("wildfire-null", {"accuracy": 0.5}),
        ("wildfire-mean-box", {"accuracy": 0.5}),
        ("wildfire-patch-trees", {"accuracy": 0.717, "recall:smoke": 0.702}),
        pytest.param(
            "wildfire-cnn-torch",
            {"accuracy": 0.859, "mean_iou": 0.591, "average_precision": 0.469},
            marks=pytest.mark.torch,
        ),
    ],
)
def test_an_entry_is_as_good_as_its_readme_says(
    entry: str, figures: dict[str, float], task: FolderTask, data: TaskData, frames: list[bytes]
) -> None:
    quality = task.score([predictions(entry, frames)], data.test)
    found = {metric.name: metric.value for metric in quality.metrics}
    # Sums of floating-point numbers differ in their last digits from one processor to another.
    assert {name: found[name] for name in figures} == pytest.approx(figures, abs=0.006)


@pytest.mark.parametrize("entry", ["wildfire-patch-trees", NEURAL])
def test_an_answer_does_not_depend_on_the_batch(
    entry: str, task: FolderTask, frames: list[bytes]
) -> None:
    together = task.decisions(predictions(entry, frames[:40]))
    alone = [int(task.decisions(predictions(entry, [frame]))[0]) for frame in frames[:40]]
    assert together.tolist() == alone


@pytest.mark.parametrize("entry", OUTPUTS)
def test_what_is_learnt_is_small_and_holds_no_pickles(entry: str) -> None:
    files = [path for path in (SUBMISSIONS / entry).iterdir() if path.is_file()]
    assert {path.suffix for path in files} <= {
        ".toml",
        ".py",
        ".md",
        ".json",
        ".npz",
        ".safetensors",
    }
    assert sum(path.stat().st_size for path in files) < 300_000


def test_the_mean_box_is_that_of_the_train_split(data: TaskData) -> None:
    committed = json.loads((SUBMISSIONS / "wildfire-mean-box" / "box.json").read_bytes())
    boxes = np.concatenate(list(data.warm_up.boxes or ()))
    assert committed["box"] == pytest.approx(boxes.mean(axis=0).tolist(), abs=1e-6)
    assert committed["score"] == np.mean(data.warm_up.labels == 1)
    assert (committed["boxes"], committed["frames"]) == (len(boxes), len(data.warm_up))


def test_growing_the_trees_again_gives_the_committed_answers(
    task: FolderTask, frames: list[bytes], tmp_path: Path, made_samples: MadeSamples
) -> None:
    made_samples.train(SUBMISSIONS / "wildfire-patch-trees" / "train.py", tmp_path)
    again = task.decisions(predictions("wildfire-patch-trees", frames[:600], learnt=tmp_path))
    committed = task.decisions(predictions("wildfire-patch-trees", frames[:600]))
    assert np.sum(again != committed) <= 6  # another processor's sums may move a threshold


@pytest.mark.torch
@pytest.mark.timeout(1200)
@pytest.mark.skipif(
    "HARNESS_TEST_TRAINING" not in os.environ,
    reason="minutes of processor time: set HARNESS_TEST_TRAINING to train the networks again",
)
def test_training_the_network_again_gives_the_committed_answers(
    task: FolderTask, frames: list[bytes], tmp_path: Path
) -> None:
    entry = "wildfire-cnn-torch"
    committed = task.decisions(predictions(entry, frames))  # skips where a package is not here
    train = SUBMISSIONS / entry / "train.py"
    subprocess.run([sys.executable, train, tmp_path], check=True, capture_output=True)
    again = task.decisions(predictions(entry, frames, learnt=tmp_path))
    # Another processor's sums may move a weight by its last digit: a near tie may fall otherwise.
    assert np.sum(again != committed) <= 6


def test_the_null_entry_imports_nothing() -> None:
    tree = ast.parse((SUBMISSIONS / "wildfire-null" / "model.py").read_text(encoding="utf-8"))
    at_run_time = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in at_run_time] == ["from __future__ import annotations"]


@pytest.mark.parametrize("entry", LIGHT)
def test_an_entry_imports_neither_the_harness_nor_scikit_learn(entry: str) -> None:
    program = "import sys, model; print({'harness', 'sklearn', 'torch'} & set(sys.modules))"
    seen = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=SUBMISSIONS / entry, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert seen.stdout == "set()\n"


@pytest.mark.parametrize("entry", OUTPUTS)
def test_an_entry_declares_what_it_is(entry: str) -> None:
    text = (SUBMISSIONS / entry / "submission.toml").read_text(encoding="utf-8")
    declared = tomllib.loads(text)
    assert declared["submission"]["task"] == "wildfire-smoke"
    assert declared["submission"]["team"] == "reference"
    assert declared["model"]["output"] == OUTPUTS[entry]
