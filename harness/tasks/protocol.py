"""What a task is to the rest of the harness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from harness.records.base import Frozen
from harness.records.evaluation import DataReference, Output, Quality
from harness.tasks.sample_file import SampleFile

Sample: TypeAlias = str | bytes
"""What an entry is given: text, or the stored and encoded bytes of an image or a recording."""

Predictions: TypeAlias = npt.NDArray[Any]
"""(n,), one session's predictions in the order of the split; see ``tasks.answers``."""

Boxes: TypeAlias = npt.NDArray[np.float64]
"""(m, 4), the true boxes of an item: x1, y1, x2, y2, shares of the image's width and height."""

NO_ANSWER = -1


class Item(Frozen):
    """One labelled item, as a sample generator yields it."""

    id: str
    sample: str | bytes
    label: int
    """Position in the task's labels."""
    group: str
    """The claim core or scene that the item belongs to: splits and resampling keep it whole."""
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    """Where the object is, where the task asks for that: see ``Boxes``."""


class Split(Protocol):
    """One split of a data set. Samples are handed out by position; labels stay with the harness."""

    ids: Sequence[str]
    labels: npt.NDArray[np.int64]
    """(n,), positions in the task's labels."""
    groups: Sequence[str] | None
    boxes: Sequence[Boxes] | None
    """The true boxes of each item; ``None`` where the task has none."""

    def __len__(self) -> int:
        """How many items there are."""
        ...

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Return the samples at these positions, in this order."""
        ...


@dataclass(frozen=True)
class Stored:
    """Encoded samples that lie in a file, to be handed on without being read."""

    file: SampleFile
    begins: list[int]
    """Where each begins, in bytes from the file's beginning."""
    sizes: list[int]
    """How many bytes each has."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.sizes)


Batch: TypeAlias = Sequence[Sample] | Stored
"""Samples on their way to an entry."""


@runtime_checkable
class Storing(Protocol):
    """What may have its samples in a file."""

    def stored(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> Stored | None:
        """Return where the samples at these positions lie; ``None`` where they are to be read."""
        ...


class TaskData(Protocol):
    """The data of one evaluation."""

    reference: DataReference
    test: Split
    warm_up: Split
    """Of the source's train split, else generated samples: never a sample of ``test``."""
    notes: tuple[str, ...]
    """What is to be told of the data, each with its place; a count of it is in the reference."""


class Task(Protocol):
    """One task of the challenge."""

    id: str
    title: str
    version: int
    modality: str
    """``text``, ``image`` or ``audio``."""
    labels: tuple[str, ...]
    ranked_metric: str
    outputs: tuple[Output, ...]
    """Kinds of prediction that the task can score."""
    max_boxes: int
    query: str
    """What one query is, in words: ``one quote``."""
    digest: str
    """SHA-256 over the task's folder: what decides its data and its scores."""
    directory: Path

    def load_data(self, source: str, seed: int) -> TaskData:
        """Load ``sample``, ``hub``, ``hub@<revision>`` or the directory that ``source`` names.

        ``seed`` seeds the generator of ``sample`` and nothing else. Raises ``UsageError`` for a
        source that the task does not have, ``ConfigurationError`` for data that is not as declared.
        """
        ...

    def perturb(self, sample: Sample, rng: np.random.Generator) -> Sample:
        """Return a variant of the same kind and cost that a model must treat as new work."""
        ...

    def decisions(self, predictions: Predictions) -> npt.NDArray[np.int64]:
        """Return (n,): the label that each prediction amounts to, ``NO_ANSWER`` for none."""
        ...

    def confusion(
        self, predictions: Predictions, labels: npt.NDArray[np.int64]
    ) -> tuple[tuple[int, ...], ...]:
        """Count one session's answers: rows true labels, columns predictions and no answer."""
        ...

    def score(self, sessions: Sequence[Predictions], split: Split) -> Quality:
        """Score the sessions' predictions against the split's labels, with 95 % intervals.

        Each metric is the mean over sessions; its interval resamples items (or groups, where the
        task declares them), the same for every session. An unanswered item is wrong.
        """
        ...
