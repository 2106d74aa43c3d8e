"""From the answers of all sessions to the quality that a record keeps."""

from __future__ import annotations

import numpy as np

from harness.records.evaluation import ClassQuality, MetricValue, Quality
from harness.tasks.card import TaskCard
from harness.tasks.intervals import Bootstrap, wilson
from harness.tasks.protocol import NO_ANSWER, Split
from harness.tasks.scoring import (
    Integers,
    count_confusion,
    metric_function,
    per_class_f1,
    per_class_precision,
    per_class_recall,
)


def score(card: TaskCard, sessions: Integers, split: Split) -> Quality:
    """Score predictions (sessions, n), a label or ``NO_ANSWER`` each, against a split's labels.

    A metric is its mean over sessions. Its interval is Wilson's for the accuracy of ungrouped
    items, and the bootstrap's otherwise, widened where need be to hold the value itself.
    """
    names = card.label_names
    confusions = np.stack(
        [count_confusion(answers, split.labels, len(names)) for answers in sessions]
    )
    functions = [metric_function(metric, names) for metric in card.metrics]
    values = metric_values(card, confusions)
    groups = split.groups if split.groups and len(set(split.groups)) < len(split) else None
    bootstrap = Bootstrap(sessions, split.labels, len(names), groups)
    intervals = bootstrap.intervals(functions)
    metrics = []
    for metric, value, resampled in zip(card.metrics, values, intervals, strict=True):
        by_formula = metric.name == "accuracy" and groups is None
        low, high = wilson(value, len(split)) if by_formula else resampled
        metrics.append(
            MetricValue(
                name=metric.key,
                value=value,
                low=min(low, value),
                high=max(high, value),
                interval_method="wilson" if by_formula else bootstrap.method,
            )
        )
    return Quality(
        ranked=card.ranked_metric.key,
        metrics=tuple(metrics),
        items=len(split),
        answered=int((sessions != NO_ANSWER).all(axis=0).sum()),
        per_class=_per_class(names, confusions),
    )


def metric_values(card: TaskCard, confusions: Integers) -> list[float]:
    """Return the card's metrics, each its mean over sessions: confusions (sessions, k, k + 1)."""
    names = card.label_names
    return [float(metric_function(m, names)(confusions).mean()) for m in card.metrics]


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
