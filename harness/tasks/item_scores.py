"""The ranked metric item by item, so that many entries can be resampled over the same items.

Accuracy is the mean of what each item scores, and balanced accuracy the mean over classes of such
means. Precision, F1 and whatever else is a ratio of counts is worked out for every resample anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.tasks.card import TaskCard
from harness.tasks.protocol import Predictions
from harness.tasks.quality import decisions
from harness.tasks.scoring import Floats, Integers, answer_columns, metric_function

BLOCK_NUMBERS = 4_000_000
"""How many numbers of weighted counts are held at once: 32 MB."""


@dataclass(frozen=True)
class ItemScores:
    """What the sessions of one entry scored in the ranked metric of a task."""

    card: TaskCard
    decided: Integers
    """(sessions, n): the label that each answer amounts to, ``NO_ANSWER`` for none."""
    labels: Integers
    """(n,)."""

    @property
    def scores(self) -> Floats | None:
        """(n,): the share of sessions that answered each item rightly, no answer being wrong.

        ``None`` where the metric is no mean of such shares.
        """
        if self.card.ranked_metric.name not in MEANS:
            return None
        right: Floats = (self.decided == self.labels).mean(axis=0)
        return right

    @property
    def classes(self) -> Integers | None:
        """(n,): the classes whose means the metric is the mean of; ``None`` for one of them all."""
        return self.labels if self.card.ranked_metric.name == "balanced_accuracy" else None

    @property
    def weights(self) -> Floats:
        """(n,): what of the metric one wrong answer to the item costs where all others are right.

        Of all wrong answers the one that costs most counts, no answer among them; labels that no
        item has are left out. Where few items are to be found, F1 lets each of them weigh much, and
        a false alarm on one of the many others as much; recall gives these others no weight.
        """
        k = len(self.card.label_names)
        metric = metric_function(self.card.ranked_metric, self.card.label_names)
        sizes = np.bincount(self.labels, minlength=k).astype(np.float64)
        right = np.zeros((k, k + 1))
        right[np.arange(k), np.arange(k)] = sizes
        lost = np.zeros(k)
        occur = np.flatnonzero(sizes).tolist()
        for true in occur:
            for said in [*occur, k]:
                one_wrong = right.copy()
                one_wrong[true, true] -= 1
                one_wrong[true, said] += 1
                lost[true] = max(lost[true], float(metric(right) - metric(one_wrong)))
        of_items: Floats = lost[self.labels]
        return of_items

    @property
    def by_session(self) -> tuple[float, ...]:
        """The metric, session by session."""
        k = len(self.card.label_names)
        metric = metric_function(self.card.ranked_metric, self.card.label_names)
        cells = self.labels * (k + 1) + answer_columns(self.decided, k)
        counts = np.stack([np.bincount(each, minlength=k * (k + 1)) for each in cells])
        of_sessions = metric(counts.astype(np.float64).reshape(-1, k, k + 1))
        return tuple(of_sessions.tolist())

    @property
    def session_noise(self) -> float:
        """The mean square by which sessions may differ from their mean by single items alone.

        0 of a metric that is no mean of shares, where that is not worked out.
        """
        share = self.scores
        if share is None:
            return 0.0
        alike = np.zeros(len(share), np.int64) if self.classes is None else self.classes
        sizes = np.bincount(alike).astype(np.float64)
        weights = 1 / (np.count_nonzero(sizes) * sizes[alike])
        apart = (self.decided == self.labels) - share
        return float(np.square(apart * weights).sum(axis=1).mean())

    def resampled(self, weights: npt.ArrayLike) -> Floats:
        """Return (draws,): the metric, its mean over the sessions, under weights (draws, n).

        A weight says how often a resample holds an item.
        """
        weighted = np.asarray(weights, np.float64)
        k = len(self.card.label_names)
        metric = metric_function(self.card.ranked_metric, self.card.label_names)
        columns = self.labels * (k + 1) + answer_columns(self.decided, k)
        kinds, kind_of_item = np.unique(columns, axis=1, return_inverse=True)
        width = k * (k + 1)
        counts = np.zeros((kinds.shape[1], len(kinds), width))
        for session, cells in enumerate(kinds):
            counts[np.arange(kinds.shape[1]), session, cells] = 1.0
        gathered = np.zeros((len(self.labels), kinds.shape[1]))
        gathered[np.arange(len(self.labels)), kind_of_item.reshape(-1)] = 1.0
        block = max(1, BLOCK_NUMBERS // max(len(self.labels), len(kinds) * width))
        values = [
            metric(
                (weighted[start : start + block] @ gathered @ counts.reshape(len(counts), -1))
                .reshape(-1, len(kinds), k, k + 1)
            ).mean(axis=1)
            for start in range(0, len(weighted), block)
        ]  # fmt: skip
        return np.concatenate([np.empty(0), *values])


MEANS = ("accuracy", "balanced_accuracy")
"""Metrics that are means of what items score."""


def item_scores(
    card: TaskCard, sessions: Sequence[Predictions], labels: npt.NDArray[np.int64]
) -> ItemScores:
    """Decide the answers of all sessions of an entry, (n,) each, against labels (n,)."""
    return ItemScores(card, np.stack([decisions(card, each) for each in sessions]), labels)
