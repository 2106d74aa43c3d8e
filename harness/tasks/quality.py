"""From the answers of all sessions to the quality that a record keeps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from harness.records.evaluation import ClassQuality, MetricValue, Quality
from harness.tasks.answers import decide, is_answered
from harness.tasks.card import BOX_METRICS, Metric, MetricName, TaskCard
from harness.tasks.detection import Matched, match
from harness.tasks.intervals import Bootstrap, Units, wilson
from harness.tasks.protocol import Predictions, Split
from harness.tasks.scoring import (
    Floats,
    Integers,
    count_confusion,
    metric_function,
    per_class_f1,
    per_class_precision,
    per_class_recall,
)


def decisions(card: TaskCard, predictions: Predictions) -> Integers:
    """Return (n,): the label that each prediction amounts to, ``NO_ANSWER`` for none."""
    if card.detection is None:
        return decide(predictions)
    return decide(predictions, positive=card.positive, least_score=card.detection.least_score)


def score(card: TaskCard, sessions: Sequence[Predictions], split: Split) -> Quality:
    """Score the sessions' predictions against a split's labels, and boxes where it has them.

    A metric is its mean over sessions. Its interval is Wilson's for the accuracy of ungrouped
    items, and the bootstrap's otherwise, widened where need be to hold the value itself. Metrics of
    boxes are left out where the answers were none.
    """
    names = card.label_names
    decided = np.stack([decisions(card, each) for each in sessions])
    confusions = np.stack(
        [count_confusion(answers, split.labels, len(names)) for answers in decided]
    )
    groups = split.groups if split.groups and len(set(split.groups)) < len(split) else None
    made = {
        **_of_labels(card, confusions, Bootstrap(decided, split.labels, len(names), groups)),
        **_of_boxes(card, sessions, split, groups),
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
    card: TaskCard, confusions: Integers, bootstrap: Bootstrap
) -> dict[str, MetricValue]:
    metrics = label_metrics(card)
    values = metric_values(card, confusions)
    intervals = bootstrap.intervals([metric_function(m, card.label_names) for m in metrics])
    made = {}
    for metric, value, resampled in zip(metrics, values, intervals, strict=True):
        if metric.name == "accuracy" and not bootstrap.grouped:
            interval, method = wilson(value, int(confusions[0].sum())), "wilson"
        else:
            interval, method = resampled, bootstrap.method
        made[metric.key] = _with_interval(metric, value, interval, method)
    return made


def _of_boxes(
    card: TaskCard, sessions: Sequence[Predictions], split: Split, groups: Sequence[str] | None
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
    units = Units(len(split), groups)
    made = {}
    for metric in metrics:
        of_session = _OF_BOXES[metric.name]
        functions = [partial(of_session, each) for each in matched]
        value = float(np.mean([function(once) for function in functions]))
        interval = units.interval(functions)
        made[metric.key] = _with_interval(metric, value, interval, units.method)
    return made


_OF_BOXES: Mapping[MetricName, Callable[[Matched, Floats], Floats]] = {
    "average_precision": Matched.average_precision,
    "mean_iou": Matched.mean_overlap,
}


def _with_interval(
    metric: Metric, value: float, interval: tuple[float, float], method: str
) -> MetricValue:
    low, high = interval
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
