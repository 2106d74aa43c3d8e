"""The challenge's tasks and their sample data, each made once for all contracts."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from harness.tasks import load_task
from harness.tasks.protocol import TaskData
from harness.tasks.task import FolderTask

ROOT = Path(__file__).parents[2]


@cache
def task_of(name: str) -> FolderTask:
    return load_task(ROOT, name)


@cache
def data_of(name: str) -> TaskData:
    return task_of(name).load_data("sample", 0)
