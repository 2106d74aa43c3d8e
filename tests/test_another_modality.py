"""A task of a modality that the harness has never heard of: a new folder, and no change to it.

What is asked is whether a series of points rises; a sample is the points, as little-endian floats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from command_line import run
from projects import temporary_folder, write_entry, write_rules
from toy_task import write_parquet

CARD = """
schema = 1

[task]
id = "tides"
title = "Tides"
version = 1
modality = "point-series"
query = "one series of points"
outputs = ["index", "scores"]
licence = "CC0-1.0"
description = "Tell a series of points that rises from one that falls."

[[labels]]
name = "falls"
aliases = [0]

[[labels]]
name = "rises"
aliases = [1]

[[metrics]]
name = "balanced_accuracy"
direction = "higher"
ranked = true

[columns]
sample = "points"
label = "label"
group = "gauge"

[sample]
generator_version = 1
train_items = 8
test_items = 12
"""
CODE = """
import numpy as np

from harness.tasks.protocol import Item

SIZES = {"train": 8, "test": 12}


def generate(seed, split):
    rng = np.random.default_rng([seed, sorted(SIZES).index(split)])
    for number in range(SIZES[split]):
        points = rng.random(int(rng.integers(4, 9))).astype("<f4")
        points.sort()
        label = number % 2
        sample = (points if label else points[::-1]).tobytes()
        yield Item(id=f"{split}-{number}", sample=sample, label=label, group=str(number // 3))


def perturb(sample, rng):
    return (np.frombuffer(sample, "<f4") + np.float32(rng.random())).tobytes()
"""
MODEL = """
import struct


class Model:
    def predict(self, samples):
        return [self.rises(sample) for sample in samples]

    def rises(self, sample):
        points = struct.unpack(f"<{len(sample) // 4}f", sample)
        return int(points[-1] > points[0])


def load(directory):
    return Model()
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a project with this one task, and a temporary folder of its own."""
    project = tmp_path / "project"
    (project / "submissions").mkdir(parents=True)
    (project / "leaderboard").mkdir()
    write_rules(project)
    task = project / "tasks" / "tides"
    task.mkdir(parents=True)
    (task / "task.toml").write_text(CARD, encoding="utf-8")
    (task / "task.py").write_text(CODE, encoding="utf-8")
    (task / "card.md").write_text("# Tides\n\nDoes the water rise?\n", encoding="utf-8")
    with temporary_folder():
        monkeypatch.setenv("HARNESS_ROOT", str(project))
        monkeypatch.delenv("HARNESS_POWERCAP_ROOT", raising=False)
        yield project


def evaluated(root: Path, entry: Path, *options: object) -> dict[str, object]:
    """Evaluate with a meter that resolves the shortest session; return the summary."""
    trace = root / "trace.json"
    trace.write_text('{"watts": [[1, 5]]}', encoding="utf-8")
    result = run("evaluate", entry, "--meter", f"replay:{trace}", "--json", *options)
    assert result.exit_code == 0, result.stderr
    summary: dict[str, object] = json.loads(result.stdout)["summary"]
    return summary


def parquet(root: Path) -> Path:
    """Write the task's data as a directory has it: plain bytes in a column."""
    up, down = (np.array(points, "<f4").tobytes() for points in ([1, 2, 3], [3, 2]))
    table = pa.table(
        {"points": [up, down, up, down, b""], "label": [1, 0, 1, 0, 0], "gauge": list("aabbc")}
    )
    return write_parquet(root / "data", test=table)


def test_it_is_listed_and_shown(root: Path) -> None:
    assert root
    listed, shown = run("tasks", "list"), run("tasks", "show", "tides")

    assert "tides  point-series  Tides" in listed.stdout
    assert "point-series" in shown.stdout
    assert "Does the water rise?" in shown.stdout


def test_a_new_entry_passes_check_and_its_answers_stand_on_a_board(root: Path) -> None:
    entry = root / "submissions" / "my-team"

    made = run("init", entry, "--task", "tides")
    assert made.exit_code == 0, made.stderr
    assert not (entry / "decode.py").exists()
    assert run("check", entry).exit_code == 0
    constant = evaluated(root, entry)
    perfect = evaluated(root, write_entry(root, "perfect", MODEL, task="tides"))

    assert (constant["status"], constant["quality"]) == ("completed", 0.5)
    assert (perfect["status"], perfect["quality"]) == ("completed", 1.0)
    (board,) = json.loads(run("leaderboard", "--json").stdout)["boards"]
    assert board["task"] == "tides"
    assert {entry["entry"] for entry in board["entries"]} == {"my-team", "perfect"}


def test_data_of_its_own_comes_from_a_directory(root: Path) -> None:
    model = MODEL.replace("points[-1] > points[0]", "bool(points) and points[-1] > points[0]")
    entry = write_entry(root, "perfect", model, task="tides")

    summary = evaluated(root, entry, "--data", parquet(root))

    assert (summary["data_source"], summary["quality"]) == ("directory", 1.0)
    warnings = summary["warnings"]
    assert isinstance(warnings, list)
    assert "unreadable-samples" not in {warning["code"] for warning in warnings}
