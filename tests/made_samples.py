"""The sample data of the challenge's tasks, made once for a whole run of the tests.

Frames of ``wildfire-smoke`` take most of a minute. Which process needs them first makes them, and
``python made_samples.py FOLDER PROGRAM [ARGUMENT]...`` runs a program that then finds them made.
"""

from __future__ import annotations

import fcntl
import pickle
import runpy
import subprocess
import sys
from functools import cache, partial
from pathlib import Path
from unittest.mock import patch

from harness.tasks import load_task
from harness.tasks.card import TaskCard
from harness.tasks.data import LoadedData, load_data
from harness.tasks.generator import SplitName, TaskCode
from harness.tasks.protocol import Item
from harness.tasks.task import FolderTask

ROOT = Path(__file__).parents[1]


@cache
def task_of(name: str) -> FolderTask:
    return load_task(ROOT, name)


class KeptCode(TaskCode):
    """A task's code, which generates each split once for all that share a folder."""

    def __init__(self, directory: Path, card: TaskCard, *, folder: Path) -> None:
        super().__init__(directory, card)
        self._kept = folder / card.task.id

    def generate(self, seed: int, split: SplitName) -> list[Item]:
        """Return the items that another process made, or make them while others wait."""
        path = self._kept.with_suffix(f".{seed}-{split}")
        with path.open("a+b") as file:  # the lock goes with the process, however that ends
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            if content := file.read():
                kept: list[Item] = pickle.loads(content)  # noqa: S301 - this run wrote it
                return kept
            items = super().generate(seed, split)
            file.write(pickle.dumps(items))
        return items


class MadeSamples:
    """Hands out what is made in a folder; nobody changes it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._data: dict[str, LoadedData] = {}

    def items_of(self, name: str, split: SplitName) -> list[Item]:
        """Return what the task's generator gives."""
        return self._code(name).generate(0, split)

    def data_of(self, name: str) -> LoadedData:
        """Load the task's sample data as ``Task.load_data`` does."""
        if name not in self._data:
            self._data[name] = load_data(task_of(name).card, self._code(name), "sample", 0)
        return self._data[name]

    def train(self, program: Path, output: Path) -> None:
        """Run an entry's ``train.py``, which loads its task's sample data."""
        subprocess.run(
            [sys.executable, __file__, self._folder, program, output],
            cwd=ROOT, capture_output=True, check=True, timeout=200,
        )  # fmt: skip

    def _code(self, name: str) -> KeptCode:
        task = task_of(name)
        return KeptCode(task.directory, task.card, folder=self._folder)


if __name__ == "__main__":
    kept = partial(KeptCode, folder=Path(sys.argv[1]))
    sys.argv[:2] = []
    sys.path[0] = str(Path(sys.argv[0]).parent)
    with patch("harness.tasks.task.TaskCode", kept):
        runpy.run_path(sys.argv[0], run_name="__main__")
