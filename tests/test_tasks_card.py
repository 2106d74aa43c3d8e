"""Cards are read strictly: every fault names the file, the field and the fix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from toy_task import HUB, TEXT_COLUMNS, write_detection_task, write_task

from harness.errors import ConfigurationError
from harness.tasks.card import find_tasks, read_card


def test_a_card_gives_what_the_task_declares(tmp_path: Path) -> None:
    card = read_card(write_task(tmp_path))
    assert card.task.id == "toy"
    assert card.label_names == ("a", "b")
    assert card.ranked_metric.key == "accuracy"
    assert [metric.key for metric in card.metrics] == ["accuracy", "recall:b"]
    assert card.data_sources == ("sample", "hub", "a directory")


def test_a_card_without_hub_data_or_revision_says_so(tmp_path: Path) -> None:
    assert read_card(write_task(tmp_path / "a", hub="")).data_sources == ("sample", "a directory")
    unpinned = "\n".join(line for line in HUB.splitlines() if not line.startswith("revision"))
    card = read_card(write_task(tmp_path / "b", hub=unpinned))
    assert card.data_sources == ("sample", "hub@<revision>", "a directory")


def test_tasks_are_found_by_name_and_folders_without_a_card_are_none(tmp_path: Path) -> None:
    for name in ("b-task", "a-task"):
        write_task(tmp_path, task_id=name)
    (tmp_path / "tasks" / "notes").mkdir()
    assert [card.task.id for card in find_tasks(tmp_path)] == ["a-task", "b-task"]
    assert find_tasks(tmp_path / "elsewhere") == ()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("schema = 1", "schema = 2", "schema"),
        ("schema = 1", "schema = ", "not valid TOML"),
        ("schema = 1", "schema = 1\nsurprise = 1", "surprise"),
        ('id = "toy"', 'id = "other"', "task.id"),
        ('id = "toy"', 'id = "../toy"', "task.id"),
        ("version = 1", 'version = "1"', "task.version"),
        ("version = 1", "version = 0", "task.version"),
        ('modality = "text"', 'modality = "Point Cloud"', "task.modality"),
        ('outputs = ["index", "scores"]', "outputs = []", "task.outputs"),
        ('outputs = ["index", "scores"]', 'outputs = ["boxes"]', "task.outputs"),
        ('outputs = ["index", "scores"]', 'outputs = ["index", "index"]', "task.outputs"),
        ("max_boxes = 0", "max_boxes = 3", "task.max_boxes"),
        ('licence = "CC0-1.0"', 'licence = ""', "task.licence"),
        ('title = "Toy"\n', "", "title"),
        ('name = "b"', 'name = "a"', "labels: 'a' stands twice"),
        ('aliases = [1, "1_b"]', 'aliases = [0, "1_b"]', "labels: 0 stands twice"),
        ('aliases = [1, "1_b"]', "aliases = [1.5]", "labels[1].aliases[0]"),
        ('name = "accuracy"', 'name = "speed"', "metrics[0].name"),
        ("ranked = true", "ranked = false", "metrics: 0 have ranked = true"),
        ('label = "b"', 'label = "b"\nranked = true', "metrics: 2 have ranked = true"),
        ('label = "b"\n\n', "\n", "metrics[1].label: is missing"),
        ('label = "b"\n\n', 'label = "c"\n', "metrics[1].label: 'c' is not a label"),
        ("ranked = true", 'ranked = true\nlabel = "b"', "metrics[0].label"),
        ('direction = "higher"', 'direction = "lower"', "metrics[0].direction"),
        ('name = "recall"', 'name = "accuracy"', "metrics[1].label"),
        ('group = "source"', 'group = "id"', "columns: 'id' stands twice"),
        ('sample = "quote"\n', "", "columns"),
        ('id = "org/toys"', 'id = "toys"', "hub.id"),
        ("0123456789abcdef0123456789abcdef01234567", "main", "hub.revision"),
        ("test_items = 6", "test_items = 0", "sample.test_items"),
    ],
)
def test_each_fault_of_a_card_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    folder = write_task(tmp_path, columns=TEXT_COLUMNS)
    path = folder / "task.toml"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_card(folder)
    assert caught.value.message.startswith(str(path))
    assert field in caught.value.message
    assert caught.value.remedy


def test_a_missing_card_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"task\.toml: cannot be read"):
        read_card(tmp_path)


def test_listing_tasks_imports_nothing_heavy(tmp_path: Path) -> None:
    write_task(tmp_path)
    code = (
        "import pathlib, sys, harness.tasks\n"
        "assert len(harness.tasks.find_tasks(pathlib.Path(sys.argv[1]))) == 1\n"
        "print({'numpy', 'pyarrow', 'datasets', 'sklearn', 'scipy', 'PIL'} & set(sys.modules))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.check_output(command, text=True) == "set()\n"


def test_a_card_of_a_detection_says_what_is_looked_for(tmp_path: Path) -> None:
    card = read_card(write_detection_task(tmp_path))
    assert card.positive == 1
    assert card.columns.named == ["image", "annotations", "scene", "camera"]
    assert card.columns.of(["camera", "image"]).group == "camera"
    assert card.columns.of(["camera", "scene"]).group == "scene"
    assert card.columns.of(["image"]).group == "scene"
    plain = read_card(write_task(tmp_path, task_id="plain")).columns
    assert plain.of(["anything"]) == plain


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("[detection]", "[detections]", "detections"),
        ('outputs = ["boxes", "image_score"]', 'outputs = ["index", "boxes"]', "task.outputs"),
        ("max_boxes = 4", "max_boxes = 0", "task.max_boxes"),
        ('outputs = ["boxes", "image_score"]', 'outputs = ["image_score"]', "task.max_boxes"),
        ('positive = "b"', 'positive = "c"', "detection.positive: 'c' is not a label"),
        ("least_score = 0.5", "least_score = 1.5", "detection.least_score"),
        ("least_overlap = 0.5", "least_overlap = 0", "detection.least_overlap"),
        ('boxes = "annotations"', 'label = "label"', "columns"),
        ('boxes = "annotations"', 'boxes = "annotations"\nlabel = "label"', "columns"),
        ('["scene", "camera"]', '["scene"]', "columns.group"),
        ('["scene", "camera"]', '["scene", "image"]', "columns: 'image' stands twice"),
        ('name = "accuracy"', 'name = "mean_iou"', "metrics"),
        ('name = "b"\naliases = [1, "1_b"]', 'name = "b"\n\n[[labels]]\nname = "c"', "labels"),
    ],
)
def test_each_fault_of_a_detection_is_named(tmp_path: Path, old: str, new: str, field: str) -> None:
    path = write_detection_task(tmp_path) / "task.toml"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        read_card(path.parent)
    assert field in caught.value.message
    assert caught.value.remedy


def test_a_metric_of_boxes_cannot_rank(tmp_path: Path) -> None:
    path = write_detection_task(tmp_path) / "task.toml"
    content = path.read_text(encoding="utf-8").replace("ranked = true", "ranked = false")
    content = content.replace('name = "mean_iou"\n', 'name = "mean_iou"\nranked = true\n')
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError, match="mean_iou is of boxes alone, and ranked"):
        read_card(path.parent)
