"""Read what a sidecar keeps of single items, so that it can be scored again."""

from __future__ import annotations

from collections.abc import Sequence, Sized
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness.records.evaluation import EvaluationRecord, Failed, ItemOutcomes
from harness.tasks.answers import from_plain
from harness.tasks.card import TaskCard
from harness.tasks.protocol import Boxes, Predictions, Sample


class Labelled(Protocol):
    """A task, or its card."""

    @property
    def labels(self) -> Sized:
        """What its items may be, one each."""
        ...


@dataclass
class KeptItems:
    """A ``Split`` of what a sidecar keeps of its items: everything but the samples."""

    ids: Sequence[str]
    labels: npt.NDArray[np.int64]
    groups: Sequence[str] | None
    boxes: Sequence[Boxes] | None

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self.ids)

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Refuse: a score is made of labels alone."""
        raise AssertionError(f"samples {positions} are asked for, and a sidecar keeps none")


def scorable(
    outcomes: ItemOutcomes, record: EvaluationRecord, card: TaskCard
) -> list[Predictions] | str:
    """Return the predictions of each session, or say why the outcomes cannot be scored."""
    items, sessions = len(outcomes.ids), len(record.sessions)
    rows: list[Sequence[object]] = [outcomes.labels, *outcomes.predictions]
    rows += [row for row in (outcomes.groups, outcomes.boxes) if row is not None]
    if not items or any(len(row) != items for row in rows):
        return "are not of as many items in every row"
    if len(set(outcomes.ids)) < items:
        return "name an item twice"
    most = sessions + isinstance(record.outcome, Failed)  # of the session in which it failed
    if not sessions <= len(outcomes.predictions) <= most:
        return f"are of {len(outcomes.predictions)} sessions, and the record has {sessions}"
    return _of_sessions(outcomes, record, card)


def _of_sessions(
    outcomes: ItemOutcomes, record: EvaluationRecord, card: TaskCard
) -> list[Predictions] | str:
    if record.submission.output not in card.task.outputs:
        return f"are {record.submission.output}, which the task does not score"
    if (outcomes.boxes is None) != (card.detection is None):
        return "hold no boxes, or boxes where the task has none"
    k, labels = len(card.labels), outcomes.labels
    if {*map(type, labels)} != {int} or not 0 <= min(labels) <= max(labels) < k:
        return f"hold a label that is none of the task's {k}"
    try:
        kept_items(outcomes)
        return kept_predictions(outcomes, record, card)
    except ValueError as error:
        return f"cannot be read: {error}"


def kept_items(outcomes: ItemOutcomes) -> KeptItems:
    """Return the items, of outcomes that nothing is wrong with."""
    boxes = outcomes.boxes
    return KeptItems(
        outcomes.ids,
        np.array(outcomes.labels, np.int64),
        outcomes.groups,
        None if boxes is None else [np.array(each, np.float64).reshape(-1, 4) for each in boxes],
    )


def kept_predictions(
    outcomes: ItemOutcomes, record: EvaluationRecord, task: Labelled
) -> list[Predictions]:
    """Return the predictions of each session; ``ValueError`` says what cannot be an answer."""
    output = record.submission.output
    return [from_plain(row, output, len(task.labels)) for row in outcomes.predictions]
