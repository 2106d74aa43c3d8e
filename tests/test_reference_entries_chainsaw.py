"""The reference entries for clips, run without the harness around them."""

from __future__ import annotations

import ast
import importlib.util
import io
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from made_samples import MadeSamples

from harness.tasks.protocol import TaskData

ROOT = Path(__file__).parents[1]
SUBMISSIONS = ROOT / "submissions"
LIGHT = ["chainsaw-null", "chainsaw-majority", "chainsaw-mel-linear"]
NETWORKS = ["chainsaw-cnn-torch", "chainsaw-cnn-onnx", "chainsaw-cnn-int8"]
NEEDED = {
    "chainsaw-cnn-torch": ("torch", "safetensors"),
    "chainsaw-cnn-onnx": ("onnxruntime",),
    "chainsaw-cnn-int8": ("onnxruntime",),
}
EXTRA = {"chainsaw-cnn-torch": pytest.mark.torch}
ENTRIES = [*LIGHT, *(pytest.param(name, marks=EXTRA.get(name, ())) for name in NETWORKS)]
LISTENING = ["chainsaw-mel-linear", *NETWORKS]
LEARNT = {
    "chainsaw-majority": "majority.json",
    "chainsaw-mel-linear": "linear.npz",
    "chainsaw-cnn-torch": "weights.safetensors",
    "chainsaw-cnn-onnx": "network.onnx",
    "chainsaw-cnn-int8": "network.onnx",
}


@contextmanager
def first_on_the_path(folder: Path) -> Iterator[None]:
    """Let an entry import its own modules, and leave none of them behind for the next."""
    own = {path.stem for path in folder.glob("*.py")}
    for name in own:
        sys.modules.pop(name, None)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for name in own:
            sys.modules.pop(name, None)


def import_module(entry: str, module: str = "model") -> ModuleType:
    for package in NEEDED.get(entry, ()):
        pytest.importorskip(package)
    path = SUBMISSIONS / entry / f"{module}.py"
    spec = importlib.util.spec_from_file_location(f"{module}_of_{entry.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    with first_on_the_path(path.parent):
        spec.loader.exec_module(made)
    return made


def predictions(
    entry: str, samples: list[bytes], learnt: Path | None = None
) -> npt.NDArray[np.int64]:
    model = import_module(entry).load(learnt or SUBMISSIONS / entry)
    batches = [
        labels_of(model.predict(samples[at : at + 256])) for at in range(0, len(samples), 256)
    ]
    return np.concatenate(batches)


def labels_of(predictions: object) -> npt.NDArray[np.int64]:
    answers = np.asarray(predictions)
    labels: npt.NDArray[np.int64] = answers.argmax(axis=1) if answers.ndim == 2 else answers
    return labels


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Do here what each entry does before it imports NumPy."""
    with pytest.importorskip("threadpoolctl").threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def data(made_samples: MadeSamples) -> TaskData:
    return made_samples.data_of("chainsaw")


@pytest.fixture(scope="module")
def clips(data: TaskData) -> list[bytes]:
    samples = data.test.samples(range(len(data.test)))
    return [sample for sample in samples if isinstance(sample, bytes)]


def encoded(seconds: float, kind: str, rate: int, channels: int = 1, coding: str = "") -> bytes:
    made = io.BytesIO()
    signal = 0.3 * np.sin(np.arange(int(seconds * rate)) * (2 * np.pi * 440 / rate))
    soundfile.write(
        made, np.repeat(signal[:, None], channels, 1), rate, format=kind, subtype=coding or None
    )
    return made.getvalue()


def odd_clips() -> list[bytes]:
    wav, flac = encoded(3, "WAV", 12_000), encoded(3, "FLAC", 12_000)
    endless = bytearray(flac)
    endless[21] |= 0x0F  # the number of frames: 36 bits of the stream's information
    endless[22:26] = b"\xff" * 4
    not_numbers = io.BytesIO()
    soundfile.write(not_numbers, np.full(9_000, np.nan), 12_000, format="WAV", subtype="FLOAT")
    return [
        b"", b"\0", b"not a clip", b"RIFF", wav[:12], wav[:20], wav[:30], wav[:44], wav[:45],
        wav[:5_000], wav[:5_001], flac[:4], flac[:30], flac[:200], flac[:-100], bytes(endless),
        wav[:24] + b"\0\0\0\0" + wav[28:], wav[:24] + b"\xff\xff\xff\xff" + wav[28:],
        wav[:22] + b"\0\0" + wav[24:], not_numbers.getvalue(), encoded(0, "WAV", 12_000),
        encoded(0, "FLAC", 12_000), encoded(0.01, "WAV", 12_000), encoded(20, "FLAC", 12_000),
        encoded(3, "WAV", 44_100, 2), encoded(3, "WAV", 8_000), encoded(3, "FLAC", 48_000, 2),
        encoded(3, "WAV", 12_000, coding="PCM_24"), encoded(3, "WAV", 12_000, coding="PCM_U8"),
        encoded(3, "OGG", 16_000),
    ]  # fmt: skip


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_whatever_it_is_given(entry: str) -> None:
    odd = odd_clips()
    answers = predictions(entry, odd)
    assert len(answers) == len(odd)
    assert set(answers.tolist()) <= {0, 1}


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_cannot_be_decoded_is_answered_as_one(entry: str) -> None:
    nothing = [b"", b"not a clip", b"RIFF\0\0\0\0WAVE", encoded(0, "WAV", 12_000)]
    assert len(set(predictions(entry, nothing).tolist())) == 1


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_answers_nothing_when_asked_nothing(entry: str) -> None:
    model = import_module(entry).load(SUBMISSIONS / entry)
    assert len(model.predict([])) == 0


@pytest.mark.parametrize(
    ("entry", "figure"),
    [
        ("chainsaw-null", 0.5),
        ("chainsaw-majority", 0.5),
        ("chainsaw-mel-linear", 0.795),
        pytest.param("chainsaw-cnn-torch", 0.929, marks=pytest.mark.torch),
        ("chainsaw-cnn-onnx", 0.929),
        ("chainsaw-cnn-int8", 0.930),
    ],
)
def test_an_entry_is_as_accurate_as_its_readme_says(
    entry: str, figure: float, data: TaskData, clips: list[bytes]
) -> None:
    # Sums of floating-point numbers differ in their last digits from one processor to another.
    found = float(np.mean(predictions(entry, clips) == data.test.labels))
    assert found == pytest.approx(figure, abs=0.006)


@pytest.mark.parametrize("entry", ENTRIES)
def test_an_answer_does_not_depend_on_the_batch(entry: str, clips: list[bytes]) -> None:
    model = import_module(entry).load(SUBMISSIONS / entry)
    alone = [labels_of(model.predict([clip])).tolist()[0] for clip in clips[:24]]
    assert labels_of(model.predict(clips[:24])).tolist() == alone


@pytest.mark.parametrize("entry", LISTENING)
def test_every_entry_that_listens_listens_alike(entry: str) -> None:
    ear = (SUBMISSIONS / entry / "audio.py").read_bytes()
    assert ear == (SUBMISSIONS / LISTENING[0] / "audio.py").read_bytes()


def test_the_two_that_run_onnx_differ_by_their_networks_alone() -> None:
    one, other = (SUBMISSIONS / entry for entry in NETWORKS[1:])
    for name in ("model.py", "requirements.lock"):
        assert (one / name).read_bytes() == (other / name).read_bytes()


def test_a_clip_is_decoded_to_what_soundfile_decodes() -> None:
    audio = import_module("chainsaw-mel-linear", "audio")
    for sample in (
        encoded(1, "WAV", 12_000),
        encoded(1, "WAV", 12_000, 2),
        encoded(1, "FLAC", 12_000),
    ):
        wanted, _ = soundfile.read(io.BytesIO(sample), dtype="float32", always_2d=True)
        assert audio.decode(sample) == pytest.approx(wanted.mean(axis=1), abs=1e-6)


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000])
def test_a_clip_of_another_rate_sounds_the_same_at_12_khz(rate: int) -> None:
    audio = import_module("chainsaw-mel-linear", "audio")
    signal = audio.decode(encoded(1, "WAV", rate))
    assert abs(len(signal) - 12_000) <= 2
    assert np.argmax(np.abs(np.fft.rfft(signal[:11_990]))) == pytest.approx(440, abs=2)


@pytest.mark.parametrize("entry", [entry for entry in LEARNT if entry in LIGHT])
def test_training_again_gives_the_committed_answers(
    entry: str, clips: list[bytes], tmp_path: Path, made_samples: MadeSamples
) -> None:
    made_samples.train(SUBMISSIONS / entry / "train.py", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [LEARNT[entry]]
    again = predictions(entry, clips, learnt=tmp_path)
    # Another processor's sums may move a weight by its last digit: a near tie may fall otherwise.
    assert np.count_nonzero(again != predictions(entry, clips)) <= 2


def convert_again(entry: str, output: Path) -> None:
    for package in ("onnx", "onnxruntime", "safetensors"):
        pytest.importorskip(package)
    subprocess.run(
        [
            sys.executable, SUBMISSIONS / entry / "train.py", output,
            "--weights", SUBMISSIONS / "chainsaw-cnn-torch",
        ],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip


def test_converting_again_gives_the_committed_network(tmp_path: Path) -> None:
    convert_again("chainsaw-cnn-onnx", tmp_path)
    committed = SUBMISSIONS / "chainsaw-cnn-onnx" / "network.onnx"
    assert (tmp_path / "network.onnx").read_bytes() == committed.read_bytes()


def test_converting_to_eight_bits_again_gives_the_committed_answers(
    clips: list[bytes], tmp_path: Path
) -> None:
    entry = "chainsaw-cnn-int8"
    convert_again(entry, tmp_path)
    again = predictions(entry, clips, learnt=tmp_path)
    # The scales come from clips that the network heard: another processor's may differ a little.
    assert np.count_nonzero(again != predictions(entry, clips)) <= 2


@pytest.mark.torch
@pytest.mark.timeout(1200)
@pytest.mark.skipif(
    "HARNESS_TEST_TRAINING" not in os.environ,
    reason="minutes of processor time: set HARNESS_TEST_TRAINING to train the networks again",
)
def test_training_the_network_again_gives_the_committed_answers(
    clips: list[bytes], tmp_path: Path
) -> None:
    entry = "chainsaw-cnn-torch"
    committed = predictions(entry, clips)  # skips where a package is not here
    train = SUBMISSIONS / entry / "train.py"
    subprocess.run([sys.executable, train, tmp_path], check=True, capture_output=True)
    # Another processor's sums may move a weight by its last digit: a near tie may fall otherwise.
    assert np.count_nonzero(predictions(entry, clips, learnt=tmp_path) != committed) <= 6


def test_the_null_entry_imports_nothing() -> None:
    tree = ast.parse((SUBMISSIONS / "chainsaw-null" / "model.py").read_text(encoding="utf-8"))
    at_run_time = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in at_run_time] == ["from __future__ import annotations"]


@pytest.mark.parametrize("entry", LIGHT)
def test_a_cheap_entry_imports_nothing_heavy(
    entry: str, clips: list[bytes], tmp_path: Path
) -> None:
    (tmp_path / "clip.wav").write_bytes(clips[0])
    program = (
        "import sys, pathlib, model\n"
        "clip = pathlib.Path(sys.argv[1]).read_bytes()\n"
        "model.load(pathlib.Path.cwd()).predict([clip, b''])\n"
        "print({'harness', 'scipy', 'sklearn', 'soundfile', 'torch'} & set(sys.modules))"
    )
    seen = subprocess.run(
        [sys.executable, "-B", "-c", program, tmp_path / "clip.wav"],
        cwd=SUBMISSIONS / entry, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert seen.stdout == "set()\n"


@pytest.mark.parametrize("entry", [*LIGHT, *NETWORKS])
def test_an_entry_is_small_and_declares_what_it_is(entry: str) -> None:
    folder = SUBMISSIONS / entry
    declared = tomllib.loads((folder / "submission.toml").read_text(encoding="utf-8"))
    assert declared["submission"]["task"] == "chainsaw"
    assert declared["submission"]["team"] == "reference"
    assert declared["model"]["output"] == ("scores" if entry in NETWORKS else "index")
    assert sum(path.stat().st_size for path in folder.glob("*.*")) < 300_000
