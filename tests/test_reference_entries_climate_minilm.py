"""The entry with MiniLM: its pieces and layers against plain references, and itself with weights.

The model's 91 MB are no part of the repository. ``HARNESS_TEST_WEIGHTS`` names a folder that has
them, as ``evaluate --weights`` takes it; without it the tests of the whole entry are skipped.
"""

from __future__ import annotations

import math
import os
import shutil
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tasks import load_task

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "submissions" / "climate-minilm"
GIVEN = os.environ.get("HARNESS_TEST_WEIGHTS")
ACCURACY = 0.715
WIDTH, WIDE, PIECES, PLACES = 24, 48, 12, 40
ODD = ["", " ", "?!", "a\x00b", "气候变化不是人为的", "المناخ يتغير دائما", "🌍", "É é", "x" * 5000]
LONG = "climate sceptics say so " * 430_000


def import_modules(*names: str) -> list[ModuleType]:
    """Import modules of the entry, and forget their names: other entries have some of the same."""
    sys.path.insert(0, str(FOLDER))
    before, variables = set(sys.modules), dict(os.environ)
    try:
        return [import_module(name) for name in names]
    finally:
        sys.path.remove(str(FOLDER))
        for name in set(os.environ) - set(variables):  # how many threads NumPy is to have
            del os.environ[name]
        for name in set(sys.modules) - before:
            if str(FOLDER) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]


modules: list[Any] = list(import_modules("wordpiece", "encoder", "storage", "model"))
wordpiece, encoder, storage, model = modules
VOCABULARY = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "climate",
    "warm",
    "##ing",
    "##s",
    "co",
    "##2",
    "!",
    "气",
]
pieces = wordpiece.WordPiece(VOCABULARY)


def read(text: str) -> str:
    return " ".join(VOCABULARY[number] for number in pieces.numbers(text)[1:-1])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Climate warming!", "climate warm ##ing !"),
        ("CO2s", "co ##2 ##s"),
        ("coal", "[UNK]"),
        ("clímate warmíng", "climate warm ##ing"),
        ("气气", "气 气"),
        ("cli\x00mate", "climate"),
        ("warm\tclimate\nwarm", "warm climate warm"),
        ("warm\u00a0climate", "warm climate"),
        ("w" * 101, "[UNK]"),
        ("", ""),
        ("\x00\x01", ""),
    ],
)
def test_a_text_is_cut_into_the_longest_pieces(text: str, expected: str) -> None:
    assert read(text) == expected


@given(st.text(max_size=300))
def test_any_text_has_pieces_between_its_marks(text: str) -> None:
    numbers = pieces.numbers(text)
    assert (numbers[0], numbers[-1]) == (2, 3)
    assert len(numbers) <= wordpiece.LONGEST
    assert set(numbers) <= set(range(len(VOCABULARY)))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", [LONG, "气" * 3_000_000, "x" * 10_000_000, "\x00" * 10_000_000])
def test_of_a_long_text_only_the_beginning_is_read(text: str) -> None:
    assert len(pieces.numbers(text)) <= wordpiece.LONGEST
    assert pieces.numbers(text) == pieces.numbers(text[: wordpiece.LONGEST_TEXT])


def random_tensors(width: int = WIDTH, wide: int = WIDE) -> dict[str, npt.NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings": (PIECES, width),
        "embeddings.position_embeddings": (PLACES, width),
        "embeddings.token_type_embeddings": (2, width),
    }
    norms = ["embeddings.LayerNorm"]
    for depth in range(encoder.LAYERS):
        name = f"encoder.layer.{depth}"
        for part in ("query", "key", "value"):
            shapes[f"{name}.attention.self.{part}"] = (width, width)
        shapes[f"{name}.attention.output.dense"] = (width, width)
        shapes[f"{name}.intermediate.dense"] = (wide, width)
        shapes[f"{name}.output.dense"] = (width, wide)
        norms += [f"{name}.attention.output.LayerNorm", f"{name}.output.LayerNorm"]
    tensors = {
        f"{name}.weight": rng.normal(size=shape) * width**-0.5 for name, shape in shapes.items()
    }
    tensors |= {f"{name}.bias": rng.normal(size=shape[0]) for name, shape in shapes.items()}
    tensors |= {f"{name}.weight": rng.normal(1, 0.1, width) for name in norms}
    tensors |= {f"{name}.bias": rng.normal(size=width) for name in norms}
    return {name: tensor.astype(np.float32) for name, tensor in tensors.items()}


def plain_states(tensors: dict[str, Any], text: list[int]) -> list[npt.NDArray[np.float64]]:
    """Return a text's pieces after each layer, by loops and in double precision."""

    def linear(x: Any, name: str) -> Any:  # noqa: ANN401 - arrays
        return x @ tensors[f"{name}.weight"].T.astype(float) + tensors[f"{name}.bias"]

    def norm(x: Any, name: str) -> Any:  # noqa: ANN401 - arrays
        rows = [(row - row.mean()) / math.sqrt(row.var() + 1e-12) for row in x]
        return np.array(rows) * tensors[f"{name}.weight"] + tensors[f"{name}.bias"]

    def gelu(number: float) -> float:
        inner = math.sqrt(2 / math.pi) * (number + 0.044715 * number**3)
        return 0.5 * number * (1 + math.tanh(inner))

    x = np.array([tensors["embeddings.word_embeddings.weight"][piece] for piece in text], float)
    x += tensors["embeddings.position_embeddings.weight"][: len(text)]
    x += tensors["embeddings.token_type_embeddings.weight"][0]
    states = [norm(x, "embeddings.LayerNorm")]
    each = WIDTH // encoder.HEADS
    for depth in range(encoder.LAYERS):
        x, name = states[-1], f"encoder.layer.{depth}"
        query, key, value = (
            linear(x, f"{name}.attention.self.{part}") for part in ("query", "key", "value")
        )
        context = np.empty_like(x)
        for head in range(encoder.HEADS):
            at = slice(head * each, (head + 1) * each)
            for i in range(len(text)):
                weights = np.exp(
                    [query[i, at] @ key[j, at] / math.sqrt(each) for j in range(len(text))]
                )
                context[i, at] = weights @ value[:, at] / weights.sum()
        attended = norm(
            x + linear(context, f"{name}.attention.output.dense"),
            f"{name}.attention.output.LayerNorm",
        )
        wide = np.vectorize(gelu)(linear(attended, f"{name}.intermediate.dense"))
        states.append(
            norm(attended + linear(wide, f"{name}.output.dense"), f"{name}.output.LayerNorm")
        )
    return states


def test_the_layers_are_what_a_plain_reference_computes() -> None:
    tensors = random_tensors()
    texts = [[2, 4, 3], [2, 3], [2, *range(4, 12), 4, 3], [2, 5, 6, 3]]
    found = encoder.Encoder(tensors).encode(texts)
    for text, row in zip(texts, found, strict=True):
        states = plain_states(tensors, text)
        expected = np.concatenate([states[depth].mean(axis=0) for depth in encoder.READ])
        np.testing.assert_allclose(row, expected, atol=2e-4)


def test_a_file_of_tensors_is_read_as_its_own_library_reads_it(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.numpy")
    tensors: dict[str, npt.NDArray[Any]] = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3),
        "b": np.ones(3, np.float16),
    }
    library.save_file({**tensors, "numbers": np.arange(3)}, tmp_path / "file")
    found = storage.read_tensors(tmp_path / "file")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].tolist() == tensor.tolist()


@pytest.mark.torch
def test_training_gives_the_same_again_and_loading_gives_what_was_trained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch = pytest.importorskip("torch")
    (tuning,) = import_modules("tuning")
    monkeypatch.setattr(tuning, "EPOCHS", 2)
    monkeypatch.setattr(tuning, "BATCH", 4)
    tensors = random_tensors(tuning.WIDTH, 4 * tuning.WIDTH)
    texts = [[2, *range(4, 4 + length), 3] for length in (1, 3, 8, 2, 5, 8, 4)]
    ends = encoder.ends_of(texts)
    of_layers = encoder.Encoder(tensors, layers=tuning.FROZEN).states(texts)
    states = np.split(of_layers[-1], ends[1:-1])
    lower = np.concatenate(
        [encoder.means(of_layers[depth], ends) for depth in (0, tuning.FROZEN)], 1
    )
    labels = [0, 1, 2, 3, 4, 5, 6]
    threads = torch.get_num_threads()
    trained, again = (tuning.tune(tensors, states, lower, labels, seed=0) for _ in range(2))
    with torch.inference_mode():
        expected = trained(*tuning.padded(states), torch.tensor(lower)).numpy()
    torch.set_num_threads(threads)

    changes = trained.changes()
    assert all((change == again.changes()[name]).all() for name, change in changes.items())
    assert any(change.any() for name, change in changes.items() if name.endswith(".up"))
    merged = model.merged(tensors, changes)
    found = encoder.Encoder(merged).encode(texts) @ changes["head.weight"].T.astype(np.float32)
    np.testing.assert_allclose(found + changes["head.bias"], expected, atol=0.02)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Any:  # noqa: ANN401 - a class of the entry
    if GIVEN is None:
        pytest.skip("HARNESS_TEST_WEIGHTS names no folder with the model's files")
    folder = tmp_path_factory.mktemp("minilm")
    (folder / "weights").mkdir()
    for path in (storage.WEIGHTS, storage.VOCABULARY):
        (folder / path).symlink_to(Path(GIVEN).absolute() / Path(path).name)
    shutil.copy(FOLDER / model.CHANGES, folder)
    return model.load(folder)


def test_with_its_weights_it_is_as_accurate_as_the_card_says(whole: Any) -> None:  # noqa: ANN401
    split = load_task(ROOT, "climate-disinformation").load_data("sample", 0).test
    quotes = [str(quote) for quote in split.samples(range(len(split)))]
    scores = np.concatenate(
        [whole.predict(quotes[at : at + 32]) for at in range(0, len(quotes), 32)]
    )
    assert scores.shape == (len(quotes), 8)
    assert scores.dtype == np.float32
    right = float(np.mean(scores.argmax(axis=1) == split.labels))
    assert right == pytest.approx(ACCURACY, abs=0.005)


def test_with_its_weights_it_answers_odd_and_long_texts(whole: Any) -> None:  # noqa: ANN401
    scores = whole.predict([*ODD, LONG])
    assert scores.shape == (len(ODD) + 1, 8)
    assert np.isfinite(scores).all()
    alone = np.concatenate([whole.predict([text]) for text in ODD])
    np.testing.assert_allclose(scores[: len(ODD)], alone, atol=1e-3)
