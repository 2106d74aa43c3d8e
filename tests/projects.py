"""A project in a folder of its own: the toy task, rules with tiny figures, entries on the spot."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from toy_task import write_task

RULES = """
schema = 1
version = "test"

[boards]
min_sessions = 2
official_isolation = ["A", "B"]
max_batch = 4
quality_step = 0.05

[ranking]
confidence = 0.95
draws = 1_000
quality_margin = 0.01
energy_margin = 0.02

[prizes]
least_items = 1

[energy]
amortise_queries = 1000
floor_multiple = 3.0
edge_share = 0.5

[disturbance]
other_cpu_share = 100.0
other_cpu_of_entry = 100.0
steal_share = 100.0
kernel_change = {kernel_change}
throttle_events = 1_000_000

[cautions]
run_queue_share = 100.0
kernel_spread = 100.0
frequency_spread = 100.0
idle_change = 100.0
variant_cost_ratio = [0.001, 1000.0]
small_test_set = 1000
session_disagreement = 0.5
variant_agreement = 0.0
drift = 1000.0
drift_kelvin = 1000.0
significance = 0.01
preparation_sweeps = 1000.0
preparation_cpu_seconds = 100.0
drain_share = 1.0
drain_cpu_seconds = 100.0

[protocols.quick]
looks = [1]
half_width = 1000.0
idle_seconds = 0.01
warm_up_queries = 4
measured_seconds = 0.01
max_sweeps = 2
variant_seconds = 1.0
rebatched_queries = 2
max_repeats = 1
when_disturbed = "keep"

[protocols.official]
looks = [2]
half_width = 1000.0
idle_seconds = 0.01
warm_up_queries = 4
measured_seconds = 0.01
max_sweeps = 2
variant_seconds = 1.0
rebatched_queries = 2
max_repeats = 1
when_disturbed = "fail"

[limits]
start_seconds = 30
load_seconds = 30
warm_up_seconds = 30
measured_seconds = 30
batch_seconds = {batch_seconds}
drain_seconds = 20
session_seconds = 300
start_cpu_seconds = 60
load_cpu_seconds = {load_cpu_seconds}
warm_up_cpu_seconds = 60
measured_cpu_seconds = 60
drain_cpu_seconds = 60
session_cpu_seconds = 120
preparation_joules = 1e6
memory_bytes = 268_435_456
processes = 16
threads = 128
open_files = 256
tmp_bytes = 16_777_216
shm_bytes = 16_777_216
output_bytes = 65_536
entry_bytes = 1_048_576
entry_files = 16
weights_bytes = 1_048_576
weights_files = 4

[environments]
installed_bytes = 16_777_216
installed_files = 1_000
build_seconds = 120

[campaigns]
control_spread = 100.0
least = 3
"""
MANIFEST = """
schema = 1

[submission]
name = "A toy model"
team = "The toys"
task = "{task}"
description = "Made for a test."
licence = "Apache-2.0"
version = "1"

[model]
entry = "model:load"
output = "{output}"
batch_size = 4
"""
ANSWERS = "return [int(sample.split()[-1][0]) % 2 for sample in samples]"
"""What the body of ``predict`` may be: right on every item of the toy task, variants included."""


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Have temporary files made in a folder of their own, open to the sandbox's user."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        Path(folder).chmod(0o755)
        patch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def write_project(
    root: Path, *, batch_seconds: float = 20, load_cpu_seconds: float = 60, hub: str = ""
) -> Path:
    """Write rules and the toy task; return ``root``."""
    (root / "submissions").mkdir(parents=True)
    (root / "leaderboard").mkdir()
    write_rules(root, batch_seconds=batch_seconds, load_cpu_seconds=load_cpu_seconds)
    write_task(root, hub=hub)
    return root


def write_rules(
    root: Path,
    *,
    batch_seconds: float = 20,
    load_cpu_seconds: float = 60,
    kernel_change: float = 1e9,
) -> None:
    """Write rules that call nothing a disturbance, whatever else this machine does.

    But for a change of the reference kernel's cost by more than ``kernel_change``.
    """
    rules = RULES.format(
        batch_seconds=batch_seconds, load_cpu_seconds=load_cpu_seconds, kernel_change=kernel_change
    )
    (root / "leaderboard" / "rules.toml").write_text(rules, encoding="utf-8")


def model_of(predict: str = ANSWERS, *, load: str = "return Model()", top: str = "") -> str:
    """Spell a ``model.py`` whose ``predict`` and ``load`` have these bodies."""
    return "\n".join(
        (
            top,
            "class Model:",
            "    def predict(self, samples):",
            textwrap.indent(predict, " " * 8),
            "def load(directory):",
            textwrap.indent(load, " " * 4),
            "",
        )
    )


def write_entry(
    root: Path, name: str, model: str | None = None, *, task: str = "toy", output: str = "index"
) -> Path:
    """Write ``root/submissions/<name>``, a perfect model unless told otherwise; return it."""
    folder = root / "submissions" / name
    folder.mkdir()
    manifest = MANIFEST.format(task=task, output=output)
    (folder / "submission.toml").write_text(manifest, encoding="utf-8")
    (folder / "model.py").write_text(model_of() if model is None else model, encoding="utf-8")
    return folder
