"""Metrics of single-label classification, computed from confusion counts.

A confusion is an array (…, k, k + 1): rows are true labels, columns predictions, and the last
column counts items without an answer. Every function works over the leading axes at once. What
would divide by zero is 0, as scikit-learn's ``zero_division=0``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.tasks.card import Metric, MetricName
from harness.tasks.protocol import NO_ANSWER

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Counts = npt.NDArray[Any]
"""Whole numbers; resampling keeps them in floating point, where they are exact below 2^53."""


def count_confusion(predictions: Integers, labels: Integers, k: int) -> Integers:
    """Count one session's answers in a confusion (k, k + 1).

    ``predictions`` and ``labels`` are (n,); a prediction is a label or ``NO_ANSWER``. Raises
    ``ValueError`` for any other number, and where the lengths differ.
    """
    if predictions.shape != labels.shape:
        raise ValueError(f"{predictions.shape} predictions for {labels.shape} labels")
    cells = labels * (k + 1) + answer_columns(predictions, k)
    return np.bincount(cells, minlength=k * (k + 1)).reshape(k, k + 1)


def answer_columns(predictions: Integers, k: int) -> Integers:
    """Return the confusion's column for each prediction: its label, or ``k`` for no answer."""
    if predictions.size and not NO_ANSWER <= predictions.min() <= predictions.max() < k:
        raise ValueError(f"a prediction is neither a label below {k} nor {NO_ANSWER}")
    return np.where(predictions == NO_ANSWER, k, predictions)


def per_class_support(confusion: Counts) -> Counts:
    """Return (…, k): how many items have each label."""
    support: Counts = confusion.sum(axis=-1)
    return support


def per_class_recall(confusion: Counts) -> Floats:
    """Return (…, k): the share of each label's items that were found."""
    return _ratio(_hits(confusion), per_class_support(confusion))


def per_class_precision(confusion: Counts) -> Floats:
    """Return (…, k): the share of each label's predictions that were right."""
    return _ratio(_hits(confusion), _predicted(confusion))


def per_class_f1(confusion: Counts) -> Floats:
    """Return (…, k): the harmonic mean of precision and recall."""
    return _ratio(2 * _hits(confusion), per_class_support(confusion) + _predicted(confusion))


def accuracy(confusion: Counts) -> Floats:
    """Return (…): the share of items answered rightly."""
    return _ratio(_hits(confusion).sum(axis=-1), confusion.sum(axis=(-2, -1)))


def macro_f1(confusion: Counts) -> Floats:
    """Return (…): the mean F1 of the classes that occur in the labels or in the predictions."""
    occurs = (per_class_support(confusion) + _predicted(confusion)) > 0
    return _ratio(per_class_f1(confusion).sum(axis=-1), occurs.sum(axis=-1))


def balanced_accuracy(confusion: Counts) -> Floats:
    """Return (…): the mean recall of the classes that occur in the labels."""
    occurs = per_class_support(confusion) > 0
    return _ratio(per_class_recall(confusion).sum(axis=-1), occurs.sum(axis=-1))


OF_ALL_CLASSES: Mapping[MetricName, Callable[[Counts], Floats]] = {
    "accuracy": accuracy,
    "macro_f1": macro_f1,
    "balanced_accuracy": balanced_accuracy,
}
OF_ONE_CLASS: Mapping[MetricName, Callable[[Counts], Floats]] = {
    "recall": per_class_recall,
    "precision": per_class_precision,
    "f1": per_class_f1,
}


def metric_function(metric: Metric, labels: tuple[str, ...]) -> Callable[[Counts], Floats]:
    """Return the function (…, k, k + 1) → (…) that computes a metric of a card."""
    if metric.label is None:
        return OF_ALL_CLASSES[metric.name]
    of_each, position = OF_ONE_CLASS[metric.name], labels.index(metric.label)
    return lambda confusion: of_each(confusion)[..., position]


def _hits(confusion: Counts) -> Counts:
    return np.diagonal(confusion[..., :-1], axis1=-2, axis2=-1)


def _predicted(confusion: Counts) -> Counts:
    predicted: Counts = confusion[..., :-1].sum(axis=-2)
    return predicted


def _ratio(above: Counts, below: Counts) -> Floats:
    zeros = np.zeros(np.broadcast_shapes(above.shape, below.shape))
    return np.divide(above, below, out=zeros, where=below > 0)
