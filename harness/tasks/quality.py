"""From the answers of all sessions to the quality that a record keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.records.evaluation import ClassQuality, MetricValue, Quality
from harness.tasks.answers import decide, is_answered
from harness.tasks.card import BOX_METRICS, Metric, MetricName, TaskCard
from harness.tasks.detection import Matched, match
from harness.tasks.intervals import (
    Bootstrap,
    Units,
    interval,
    mean_interval,
    resampling,
)
from harness.tasks.protocol import Predictions, Split
from harness.tasks.scoring import (
    Floats,
    Integers,
    count_confusion,
    macro_f1,
    metric_function,
    per_class_f1,
    per_class_precision,
    per_class_recall,
)
from harness.tasks.shares import Interval
from harness.tasks.spreads import Spread

Mask: TypeAlias = npt.NDArray[np.bool_]
MID_P = "mid-P"
"""How methods name it; see ``shares``."""


def decisions(card: TaskCard, predictions: Predictions) -> Integers:
    """Return (n,): the label that each prediction amounts to, ``NO_ANSWER`` for none."""
    if card.detection is None:
        return decide(predictions)
    return decide(predictions, positive=card.positive, least_score=card.detection.least_score)


def score(card: TaskCard, sessions: Sequence[Predictions], split: Split) -> Quality:
    """Score the sessions' predictions against a split's labels, and boxes where it has them.

    A metric is its mean over sessions; ``intervals`` says what its interval is made of.
    Metrics of boxes are left out where the answers were none.
    """
    names = card.label_names
    decided = np.stack([decisions(card, each) for each in sessions])
    confusions = np.stack(
        [count_confusion(answers, split.labels, len(names)) for answers in decided]
    )
    groups = split.groups if split.groups and len(set(split.groups)) < len(split) else None
    units = Units(len(split), groups)
    made = {
        **_of_labels(card, confusions, decided, split.labels, units),
        **_of_boxes(card, sessions, split, units),
    }
    answered = np.stack([is_answered(each) for each in sessions]).all(axis=0)
    return Quality(
        ranked=card.ranked_metric.key,
        metrics=tuple(made[metric.key] for metric in card.metrics if metric.key in made),
        items=len(split),
        answered=int(answered.sum()),
        per_class=_per_class(names, confusions),
    )


def label_metrics(card: TaskCard) -> tuple[Metric, ...]:
    """Return the card's metrics that a confusion is enough for."""
    return tuple(metric for metric in card.metrics if metric.name not in BOX_METRICS)


def metric_values(card: TaskCard, confusions: Integers) -> list[float]:
    """Return ``label_metrics``, each its mean over sessions: confusions (sessions, k, k + 1)."""
    names = card.label_names
    return [float(metric_function(m, names)(confusions).mean()) for m in label_metrics(card)]


def _of_labels(
    card: TaskCard,
    confusions: Integers,
    decided: Integers,
    labels: Integers,
    units: Units,
) -> dict[str, MetricValue]:
    names, made = card.label_names, {}
    for metric, value in zip(label_metrics(card), metric_values(card, confusions), strict=True):
        if metric.name in _SHARES:
            counted = _SHARES[metric.name](card, metric, decided, labels)
            _, spread = units.of_share(decided == labels, counted)
            found = interval(value, spread)
            each = MID_P if spread.sessions_differ else "wilson or exact"
            method = f"{each} over {_told(units)}{_sessions_told([spread])}"
        elif metric.name == "balanced_accuracy":
            classes = [np.broadcast_to(labels == c, decided.shape) for c in np.unique(labels)]
            mean = units.mean_of_shares(decided == labels, classes)
            found = mean_interval(mean)
            method = f"{MID_P} by class over {_told(units)}{_sessions_told(mean.spreads)}"
        else:
            continue
        made[metric.key] = _with_interval(metric, value, found, method)
    bootstrap = Bootstrap(decided, labels, len(names), units)
    return made | _of_f1(card, confusions, bootstrap, units)


def _of_f1(
    card: TaskCard, confusions: Integers, bootstrap: Bootstrap, units: Units
) -> dict[str, MetricValue]:
    made = {}
    for metric, value in zip(label_metrics(card), metric_values(card, confusions), strict=True):
        if metric.name == "macro_f1":
            mean = bootstrap.mean_of_classes(confusions, macro_f1, per_class_f1)
            found, told = mean_interval(mean), _sessions_told(mean.spreads)
        elif metric.name == "f1":
            function = metric_function(metric, card.label_names)
            (spread,) = bootstrap.spreads([function], [_class_of(card, metric)])
            found = interval(value, spread, counts=False)
            told = _sessions_told([spread])
        else:
            continue
        made[metric.key] = _with_interval(metric, value, found, _resampled(units) + told)
    return made


def _class_of(card: TaskCard, metric: Metric) -> int | None:
    return None if metric.label is None else card.label_names.index(metric.label)


_SHARES: Mapping[MetricName, Callable[[TaskCard, Metric, Integers, Integers], Mask]] = {
    "accuracy": lambda _card, _metric, decided, _labels: np.ones(decided.shape, np.bool_),
    "recall": lambda card, metric, decided, labels: np.broadcast_to(
        labels == _class_of(card, metric), decided.shape
    ),
    "precision": lambda card, metric, decided, _labels: decided == _class_of(card, metric),
}
"""Metrics that are shares of items, with what they count: (sessions, n)."""


def _of_boxes(
    card: TaskCard,
    sessions: Sequence[Predictions],
    split: Split,
    units: Units,
) -> dict[str, MetricValue]:
    metrics = [metric for metric in card.metrics if metric.name in BOX_METRICS]
    detection, truth = card.detection, split.boxes
    if not metrics or detection is None or truth is None or sessions[0].dtype != object:
        return {}
    matched = [
        match(
            each,
            truth,
            least_overlap=detection.least_overlap,
            least_score=detection.least_score,
            max_boxes=card.task.max_boxes,
        )
        for each in sessions
    ]
    once = np.ones((1, len(split)))
    made = {}
    for metric in metrics:
        functions = [partial(_OF_BOXES[metric.name], each) for each in matched]
        value = float(np.mean([function(once) for function in functions]))
        needs = np.stack([_NEEDS[metric.name](each) for each in matched])
        spread = units.resampled_spread(functions, needs)
        found = interval(value, spread, counts=False)
        method = _resampled(units) + _sessions_told([spread])
        made[metric.key] = _with_interval(metric, value, found, method)
    return made


_OF_BOXES: Mapping[MetricName, Callable[[Matched, Floats], Floats]] = {
    "average_precision": Matched.average_precision,
    "mean_iou": Matched.mean_overlap,
}
_NEEDS: Mapping[MetricName, Callable[[Matched], Mask]] = {
    "average_precision": lambda matched: matched.truths > 0,
    "mean_iou": lambda matched: ~np.isnan(matched.fit),
}
"""The items (n,) without any of which there is no such metric."""


def _resampled(units: Units) -> str:
    return f"{resampling(_told(units))}, {MID_P}"


def _told(units: Units) -> str:
    """Name the units; of groups, those that were not seen are reckoned with."""
    return f"{units.named}, with those unseen" if units.grouped else units.named


def _sessions_told(spreads: Sequence[Spread]) -> str:
    """Say in a method that sessions differ, and how that is counted: by the t of both variances."""
    return ", sessions by both t" if any(spread.sessions_differ for spread in spreads) else ""


def _with_interval(metric: Metric, value: float, found: Interval, method: str) -> MetricValue:
    low, high = found
    return MetricValue(
        name=metric.key,
        value=value,
        low=min(low, value),
        high=max(high, value),
        interval_method=method,
    )


def _per_class(names: tuple[str, ...], confusions: Integers) -> tuple[ClassQuality, ...]:
    support = confusions[0].sum(axis=-1).tolist()
    precision, recall, f1 = (
        of_each(confusions).mean(axis=0).tolist()
        for of_each in (per_class_precision, per_class_recall, per_class_f1)
    )
    return tuple(
        ClassQuality(
            label=name,
            support=support[position],
            precision=precision[position],
            recall=recall[position],
            f1=f1[position],
        )
        for position, name in enumerate(names)
    )
