"""The data of one evaluation, in one of three ways: ``sample``, ``hub`` or a directory."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import UsageError
from harness.records.evaluation import DataReference
from harness.tasks.card import TaskCard
from harness.tasks.digests import data_digest
from harness.tasks.generator import TaskCode
from harness.tasks.protocol import Split
from harness.tasks.splits import ItemSplit


@dataclass(kw_only=True, slots=True)
class LoadedData:
    """What an evaluation runs on; see ``TaskData``."""

    reference: DataReference
    test: Split
    warm_up: Split


def load_data(card: TaskCard, code: TaskCode, source: str, seed: int) -> LoadedData:
    """Load a task's data from the source that ``source`` names; see ``Task.load_data``."""
    if source == "sample":
        return _generated(card, code, seed)
    raise UsageError(
        f"{card.task.id} has no data source {source!r}",
        remedy=f"it has: {', '.join(card.data_sources)}",
    )


def _generated(card: TaskCard, code: TaskCode, seed: int) -> LoadedData:
    version = card.sample.generator_version
    test = ItemSplit(code.generate(seed, "test"))
    reference = DataReference(
        source="sample",
        digest=data_digest(test, origin=f"sample generator_version={version} seed={seed}"),
        items=len(test),
        public=True,
        seed=seed,
        generator_version=version,
    )
    return LoadedData(
        reference=reference, test=test, warm_up=ItemSplit(code.generate(seed, "train"))
    )
