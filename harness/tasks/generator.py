"""A task's own code: the generator of its sample data, and its variants."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

import numpy as np

from harness.errors import ConfigurationError
from harness.tasks.card import TaskCard
from harness.tasks.protocol import Item, Sample

CODE_FILE = "task.py"
SplitName: TypeAlias = Literal["train", "test"]


class TaskCode:
    """The functions of ``tasks/<task>/task.py``, and a check of what they give."""

    def __init__(self, directory: Path, card: TaskCard) -> None:
        self._path = directory / CODE_FILE
        self._card = card
        self._sample_type = sample_type(card)
        self._module = import_by_path(self._path, f"harness_task_{card.task.id}")
        for function in ("generate", "perturb"):
            if not callable(getattr(self._module, function, None)):
                raise ConfigurationError.at(
                    self._path,
                    function,
                    "is not defined",
                    "define generate(seed, split) and perturb(sample, rng)",
                )

    def generate(self, seed: int, split: SplitName) -> list[Item]:
        """Return all items of a generated split, each checked against the card."""
        sizes = self._card.sample
        expected = sizes.train_items if split == "train" else sizes.test_items
        items = self._checked(self._module.generate(seed, split), split)
        if len(items) != expected:
            raise ConfigurationError.at(
                self._path,
                f"generate(…, {split!r})",
                f"yields {len(items)} items",
                f"the card's sample.{split}_items says {expected}: make them agree",
            )
        return items

    def perturb(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return the task's variant of a sample, of the sample's own kind."""
        variant = self._module.perturb(sample, rng)
        if not isinstance(variant, self._sample_type):
            raise ConfigurationError.at(
                self._path,
                "perturb",
                f"returns {type(variant).__name__}",
                f"return {self._sample_type.__name__}, as the sample is",
            )
        return variant

    def _checked(self, yielded: Iterator[object], split: SplitName) -> list[Item]:
        items: dict[str, Item] = {}
        for number, item in enumerate(yielded):
            where = f"generate(…, {split!r}): item {number}"
            if not isinstance(item, Item):
                found = f"is {type(item).__name__}"
                raise ConfigurationError.at(self._path, where, found, "yield Item")
            found = (
                f"id {item.id!r} stands twice" if item.id in items else fault_of(item, self._card)
            )
            if found:
                raise ConfigurationError.at(self._path, where, found, "correct it")
            items[item.id] = item
        return list(items.values())


def sample_type(card: TaskCard) -> type[Sample]:
    """Return what a sample of the task is to Python."""
    return str if card.task.modality == "text" else bytes


def fault_of(item: Item, card: TaskCard) -> str:
    """Say in what an item is not as the card has it; nothing where it is."""
    if not isinstance(item.sample, sample_type(card)):
        return f"sample is {type(item.sample).__name__}, not {sample_type(card).__name__}"
    labels = len(card.labels)
    if not isinstance(item.label, int) or not 0 <= item.label < labels:
        return f"label is {item.label!r}, not an int from 0 to {labels - 1}"
    for field in ("id", "group"):
        if not isinstance(getattr(item, field), str) or not getattr(item, field):
            return f"{field} is {getattr(item, field)!r}, not a text"
    return _fault_of_boxes(item, card)


def _fault_of_boxes(item: Item, card: TaskCard) -> str:
    if card.detection is None:
        return "has boxes, and the card has no [detection]" if item.boxes else ""
    if bool(item.boxes) != (item.label == card.positive):
        return f"label is {item.label}, with {len(item.boxes)} boxes"
    for x1, y1, x2, y2 in item.boxes:
        if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
            return f"a box is {(x1, y1, x2, y2)}, not 0 <= x1 < x2 <= 1 and likewise y"
    return ""


def import_by_path(path: Path, name: str) -> ModuleType:
    """Run a file of a task's folder as the module ``name``."""
    name = name.replace("-", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise ConfigurationError(f"{path}: is missing", remedy="every task has one: add it")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up by name
    spec.loader.exec_module(module)
    return module
