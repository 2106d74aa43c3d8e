from __future__ import annotations

import io
import subprocess
import sys
import tomllib
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.errors import UsageError
from harness.records.evaluation import Output
from harness.submissions.check import CheckContext, check
from harness.submissions.scaffold import Sought, TaskFacts, scaffold

RUN = """
import json, pathlib, sys
directory = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(directory))
import model
samples = [path.read_bytes() for path in sorted(pathlib.Path(sys.argv[2]).iterdir())]
if sys.argv[3] == "text":
    samples = [sample.decode() for sample in samples]
print(json.dumps(model.load(directory).predict(samples)))
"""


def facts(modality: str, outputs: tuple[Output, ...] = ("index", "scores")) -> TaskFacts:
    return TaskFacts(
        id="a-task",
        title='A "task" of $5',
        modality=modality,
        query="one sample",
        labels=("calm_sea", "stormy", 'Ein "Müll" 🌍 \\'),
        outputs=outputs,
    )


def sought(*outputs: Output) -> TaskFacts:
    return TaskFacts(
        id="a-task",
        title="Smoke",
        modality="image",
        query="one sample",
        labels=("clear", "smoke"),
        outputs=outputs,
        sought=Sought(label="smoke", least_score=0.5, max_boxes=7),
    )


def image(grey: int) -> bytes:
    made = io.BytesIO()
    Image.new("L", (4, 4), grey).save(made, "PNG")
    return made.getvalue()


def recording(amplitude: float, width: int) -> bytes:
    wanted = np.full((100, 2), int(amplitude * (2 ** (8 * width - 1) - 1)), dtype="<i4")
    if width == 1:
        raw = (wanted + 128).astype(np.uint8).tobytes()
    else:
        raw = wanted.view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(width)
        out.setframerate(8_000)
        out.writeframes(raw)
    return made.getvalue()


SAMPLES = {
    "text": ([b"", "Müll everywhere".encode(), b"a STORMY night", b"calm sea"], [0, 2, 1, 0]),
    "image": ([image(0), image(128), image(255)], [0, 1, 2]),
    "audio": (
        [recording(0.0, 2), recording(0.05, 1), recording(-1.0, 3), recording(1.0, 4)],
        [0, 1, 2, 2],
    ),
    "point-series": ([b"", b"\x00\x80"], [0, 0]),
}


@pytest.mark.parametrize("modality", SAMPLES)
def test_a_new_entry_passes_check_and_answers(tmp_path: Path, modality: str) -> None:
    entry = tmp_path / "green-bits"
    files = scaffold(entry, facts(modality), team='Green "Bits" 🌱', max_batch=256)
    assert {path.name for path in files} == {path.name for path in entry.iterdir()}
    context = CheckContext(
        tasks={"a-task": ("index", "scores")}, max_batch=256, entry_bytes=100_000, entry_files=10
    )
    report = check(entry, context)
    assert report.faults == ()
    assert report.manifest is not None
    assert report.manifest.submission.team == 'Green "Bits" 🌱'

    samples, expected = SAMPLES[modality]
    (tmp_path / "samples").mkdir()
    for number, sample in enumerate(samples):
        (tmp_path / "samples" / str(number)).write_bytes(sample)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-B", "-c", RUN, entry, tmp_path / "samples", modality],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == str(expected), done.stderr


def test_a_new_entry_that_looks_for_an_object_gives_scores(tmp_path: Path) -> None:
    entry = tmp_path / "mine"
    scaffold(entry, sought("boxes", "image_score"), team="Team", max_batch=256)
    context = CheckContext(
        tasks={"a-task": ("boxes", "image_score")},
        max_batch=256,
        entry_bytes=100_000,
        entry_files=10,
    )
    report = check(entry, context)
    assert report.faults == ()
    assert report.manifest is not None
    assert report.manifest.model.output == "image_score"
    (tmp_path / "samples").mkdir()
    for number, grey in enumerate((0, 51, 255)):
        (tmp_path / "samples" / str(number)).write_bytes(image(grey))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-B", "-c", RUN, entry, tmp_path / "samples", "image"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "[0.0, 0.2, 1.0]", done.stderr


def test_its_readme_says_what_an_answer_is(tmp_path: Path) -> None:
    scaffold(tmp_path / "both", sought("boxes", "image_score"), team="Team", max_batch=256)
    readme = (tmp_path / "both" / "README.md").read_text()
    assert "from 0.5 on it says `smoke`" in readme
    assert "at most 7 boxes a sample" in readme
    scaffold(tmp_path / "scores", sought("image_score"), team="Team", max_batch=256)
    readme = (tmp_path / "scores" / "README.md").read_text()
    assert "from 0.5 on it says `smoke`" in readme
    assert "boxes" not in readme


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("mine", "mine"),
        ("of ours/mine", "'of ours/mine'"),
        ("{here}/of ours/mine", "'of ours/mine'"),
        ("{outside}/elsewhere/mine", "submissions/mine"),
        ("\udce9/mine", "submissions/mine"),
    ],
)
def test_the_readme_names_the_folder_as_it_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, named: str
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    folder = Path(given.format(here=tmp_path / "here", outside=tmp_path))
    folder.parent.mkdir(exist_ok=True)
    scaffold(folder, facts("text"), team="Team", max_batch=256)
    readme = (folder / "README.md").read_text()
    assert f"    python -m harness check {named}\n" in readme
    assert f"    python -m harness evaluate {named}\n" in readme


@pytest.mark.parametrize("modality", SAMPLES)
def test_the_readme_names_the_entry_and_the_labels(tmp_path: Path, modality: str) -> None:
    scaffold(tmp_path / "mine", facts(modality), team="Team", max_batch=256)
    readme = (tmp_path / "mine" / "README.md").read_text()
    assert "python -m harness check submissions/mine" in readme
    assert "1. `stormy`" in readme
    assert ("decode.py" in readme) == (modality in {"image", "audio"})
    assert str(tmp_path) not in readme
    assert "\n\n\n" not in readme


def test_the_batch_size_keeps_to_the_rules(tmp_path: Path) -> None:
    scaffold(tmp_path / "mine", facts("text"), team="Team", max_batch=8)
    manifest = tomllib.loads((tmp_path / "mine" / "submission.toml").read_text())
    assert manifest["model"]["batch_size"] == 8


def test_an_empty_folder_may_be_there_already(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    assert scaffold(tmp_path / "mine", facts("text"), team="Team", max_batch=8)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "model.py").write_text("precious")
    with pytest.raises(UsageError, match="not empty"):
        scaffold(tmp_path / "mine", facts("text"), team="Team", max_batch=8)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["model.py"]
    assert (tmp_path / "mine" / "model.py").read_text() == "precious"


def test_a_link_is_no_place_for_an_entry(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "mine").symlink_to("there")
    with pytest.raises(UsageError, match="mine: is a link"):
        scaffold(tmp_path / "mine", facts("text"), team="Team", max_batch=8)
    assert not list((tmp_path / "there").iterdir())


def test_a_file_in_its_place_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(UsageError, match="not a folder"):
        scaffold(tmp_path / "mine", facts("text"), team="Team", max_batch=8)
    assert (tmp_path / "mine").read_text() == "precious"


@pytest.mark.parametrize("name", ["My_Entry", "a b", "-a", "a" * 65, "é"])
def test_a_name_that_no_entry_may_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        scaffold(tmp_path / name, facts("text"), team="Team", max_batch=8)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("team", ["", "a\x1b[31mb", "\x7f", "x" * 81])
def test_a_team_that_no_board_can_show_is_refused(tmp_path: Path, team: str) -> None:
    with pytest.raises(UsageError, match=r"submission\.team"):
        scaffold(tmp_path / "mine", facts("text"), team=team, max_batch=8)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: No such file"):
        scaffold(tmp_path / "no" / "mine", facts("text"), team="Team", max_batch=8)


@pytest.mark.parametrize("task", [facts("image", ("boxes",)), sought("boxes")])
def test_a_kind_of_task_without_a_template_is_refused(tmp_path: Path, task: TaskFacts) -> None:
    with pytest.raises(UsageError, match="no template"):
        scaffold(tmp_path / "mine", task, team="Team", max_batch=8)


def test_the_templates_are_part_of_the_package() -> None:
    """What a wheel takes along is what the patterns in pyproject.toml match."""
    root = Path(__file__).resolve().parents[1]
    patterns = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]
    (pattern,) = (p for p in patterns["package-data"]["harness"] if "templates" in p and "sub" in p)
    matched = set((root / "harness").glob(pattern))
    for path in (root / "harness" / "submissions" / "templates").rglob("*"):
        assert path in matched or path.is_dir()
