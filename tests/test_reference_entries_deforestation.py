"""The reference entries for tiles, run without the harness around them."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

from harness.tasks import load_task
from harness.tasks.protocol import TaskData

ROOT = Path(__file__).parents[1]
SUBMISSIONS = ROOT / "submissions"
ENTRIES = ["deforestation-null", "deforestation-majority", "deforestation-colour-trees"]
LEARNT = {
    "deforestation-majority": "majority.json",
    "deforestation-colour-trees": "trees.npz",
}


def import_entry(entry: str) -> ModuleType:
    path = SUBMISSIONS / entry / "model.py"
    spec = importlib.util.spec_from_file_location(entry.replace("-", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def predictions(
    entry: str, samples: list[bytes], learnt: Path | None = None
) -> npt.NDArray[np.int64]:
    model = import_entry(entry).load(learnt or SUBMISSIONS / entry)
    batches = [list(model.predict(samples[at : at + 256])) for at in range(0, len(samples), 256)]
    return np.array([label for batch in batches for label in batch], dtype=np.int64)


def balanced_accuracy(answers: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    return float(np.mean([np.mean(answers[labels == label] == label) for label in (0, 1)]))


@pytest.fixture(scope="module")
def data() -> TaskData:
    return load_task(ROOT, "deforestation").load_data("sample", 0)


@pytest.fixture(scope="module")
def tiles(data: TaskData) -> list[bytes]:
    samples = data.test.samples(range(len(data.test)))
    return [sample for sample in samples if isinstance(sample, bytes)]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_every_tile_with_a_label(entry: str, tiles: list[bytes]) -> None:
    answers = predictions(entry, tiles[:300])
    assert len(answers) == 300
    assert set(answers.tolist()) <= {0, 1}


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_nothing_when_asked_nothing(entry: str) -> None:
    model = import_entry(entry).load(SUBMISSIONS / entry)
    assert list(model.predict([])) == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_for_a_broken_tile(entry: str, tiles: list[bytes]) -> None:
    broken = [b"", b"not a tile", tiles[0][:5_000]]
    assert len(predictions(entry, broken)) == len(broken)


@pytest.mark.parametrize(
    ("entry", "lowest", "highest"),
    [
        ("deforestation-null", 0.5, 0.5),
        ("deforestation-majority", 0.5, 0.5),
        ("deforestation-colour-trees", 0.88, 0.91),
    ],
)
def test_an_entry_is_as_good_as_its_readme_says(
    entry: str, lowest: float, highest: float, data: TaskData, tiles: list[bytes]
) -> None:
    found = balanced_accuracy(predictions(entry, tiles), data.test.labels)
    assert lowest <= found <= highest


def test_the_trees_answer_alike_in_any_batch(tiles: list[bytes]) -> None:
    model = import_entry("deforestation-colour-trees").load(
        SUBMISSIONS / "deforestation-colour-trees"
    )
    together = model.predict(tiles[:50])
    alone = [int(model.predict([tile])[0]) for tile in tiles[:50]]
    assert together.tolist() == alone


def test_the_trees_see_the_same_in_a_turned_tile(tiles: list[bytes]) -> None:
    module = import_entry("deforestation-colour-trees")
    upright = module.decode(tiles[:50])
    turned = np.ascontiguousarray(np.rot90(upright, axes=(1, 2)))
    assert module.features(turned) == pytest.approx(module.features(upright), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_is_learnt_is_small(entry: str) -> None:
    assert sum(path.stat().st_size for path in (SUBMISSIONS / entry).glob("*.*")) < 1_000_000


@pytest.mark.parametrize("entry", LEARNT)
def test_training_again_gives_the_committed_answers(
    entry: str, tiles: list[bytes], tmp_path: Path
) -> None:
    train = SUBMISSIONS / entry / "train.py"
    subprocess.run([sys.executable, train, tmp_path], check=True, capture_output=True, timeout=120)
    assert [path.name for path in tmp_path.iterdir()] == [LEARNT[entry]]
    again = predictions(entry, tiles, learnt=tmp_path)
    assert np.array_equal(again, predictions(entry, tiles))


def test_the_null_entry_imports_nothing() -> None:
    tree = ast.parse((SUBMISSIONS / "deforestation-null" / "model.py").read_text(encoding="utf-8"))
    at_run_time = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in at_run_time] == ["from __future__ import annotations"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_imports_neither_the_harness_nor_scikit_learn(entry: str) -> None:
    program = "import sys, model; print({'harness', 'sklearn'} & set(sys.modules))"
    seen = subprocess.run(
        [sys.executable, "-c", program],
        cwd=SUBMISSIONS / entry,
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert seen.stdout == "set()\n"


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_declares_what_it_is(entry: str) -> None:
    text = (SUBMISSIONS / entry / "submission.toml").read_text(encoding="utf-8")
    declared = tomllib.loads(text)
    assert declared["submission"]["task"] == "deforestation"
    assert declared["submission"]["team"] == "reference"
    assert declared["model"] == {
        "entry": "model:load",
        "output": "index",
        "batch_size": 256,
        "stochastic": False,
    }
