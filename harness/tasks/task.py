"""A task as its folder declares it: the ``Task`` that the rest of the harness is given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from harness.errors import UsageError
from harness.records.evaluation import Output, Quality
from harness.tasks.card import CARD_FILE, read_card
from harness.tasks.data import LoadedData, LoadedTest, load_data, load_split, load_test
from harness.tasks.digests import task_digest
from harness.tasks.generator import SplitName, TaskCode
from harness.tasks.protocol import Predictions, Sample, Split
from harness.tasks.quality import decisions, score
from harness.tasks.scoring import count_confusion


class FolderTask:
    """The task of one folder ``tasks/<task>``; see ``Task`` for what its members mean."""

    def __init__(self, directory: Path) -> None:
        self.card = read_card(directory)
        self.id = self.card.task.id
        self.title = self.card.task.title
        self.version = self.card.task.version
        self.modality: str = self.card.task.modality
        self.labels = self.card.label_names
        self.ranked_metric: str = self.card.ranked_metric.key
        self.outputs: tuple[Output, ...] = self.card.task.outputs
        self.max_boxes: int = self.card.task.max_boxes
        self.query: str = self.card.task.query
        self.digest = task_digest(directory)
        self.directory = directory
        self._code = TaskCode(directory, self.card)

    def load_data(self, source: str, seed: int) -> LoadedData:
        """Load ``sample``, ``hub``, ``hub@<revision>`` or the directory that ``source`` names."""
        return load_data(self.card, self._code, source, seed)

    def load_test(self, source: str, seed: int) -> LoadedTest:
        """Load the test items of a source alone."""
        return load_test(self.card, self._code, source, seed)

    def load_split(self, source: str, seed: int, name: SplitName) -> Split:
        """Load the whole of one split of a source, whatever the other is; train may be empty."""
        return load_split(self.card, self._code, source, seed, name)

    def perturb(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return a variant of the same kind and cost that a model must treat as new work."""
        return self._code.perturb(sample, rng)

    def decisions(self, predictions: Predictions) -> npt.NDArray[np.int64]:
        """Return (n,): the label that each prediction amounts to, ``NO_ANSWER`` for none."""
        return decisions(self.card, predictions)

    def confusion(
        self, predictions: Predictions, labels: npt.NDArray[np.int64]
    ) -> tuple[tuple[int, ...], ...]:
        """Count one session's answers: rows true labels, columns predictions and no answer."""
        counts = count_confusion(self.decisions(predictions), labels, len(self.labels))
        return tuple(tuple(row) for row in counts.tolist())

    def score(self, sessions: Sequence[Predictions], split: Split) -> Quality:
        """Score the sessions' predictions against the split's labels, with 95 % intervals."""
        return score(self.card, sessions, split)


def load_task(root: Path, task_id: str) -> FolderTask:
    """Return the task ``root/tasks/<task_id>``; ``UsageError`` when there is none of that name."""
    known = sorted(path.parent.name for path in (root / "tasks").glob(f"*/{CARD_FILE}"))
    if task_id not in known:
        raise UsageError(
            f"no task is called {task_id!r}",
            remedy=f"there are: {', '.join(known)}" if known else f"{root / 'tasks'} has none",
        )
    return FolderTask(root / "tasks" / task_id)
