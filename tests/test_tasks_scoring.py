"""Metrics against scikit-learn, and the invariants of their intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from harness.tasks import scoring
from harness.tasks.card import Columns, Generated, Identity, Label, Metric, TaskCard
from harness.tasks.intervals import Bootstrap, wilson
from harness.tasks.protocol import NO_ANSWER, Item
from harness.tasks.quality import score
from harness.tasks.scoring import Integers
from harness.tasks.splits import ItemSplit

CLASSES = 4
answers = st.lists(
    st.tuples(st.integers(0, CLASSES - 1), st.integers(NO_ANSWER, CLASSES - 1)),
    min_size=1,
    max_size=60,
)


def columns(pairs: list[tuple[int, int]]) -> tuple[Integers, Integers]:
    table = np.array(pairs, np.int64)
    return table[:, 0], table[:, 1]


def card(*metrics: Metric) -> TaskCard:
    return TaskCard(
        schema=1,
        task=Identity(
            id="toy",
            title="Toy",
            version=1,
            modality="text",
            query="one text",
            outputs=("index",),
            licence="CC0-1.0",
            description="A toy.",
        ),
        labels=tuple(Label(name=f"class {number}") for number in range(CLASSES)),
        metrics=metrics,
        columns=Columns(sample="text", label="label"),
        sample=Generated(generator_version=1, train_items=1, test_items=1),
    )


ALL = card(
    Metric(name="accuracy", direction="higher", ranked=True),
    Metric(name="macro_f1", direction="higher"),
    Metric(name="balanced_accuracy", direction="higher"),
    Metric(name="recall", direction="higher", label="class 1"),
    Metric(name="precision", direction="higher", label="class 1"),
    Metric(name="f1", direction="higher", label="class 3"),
)


def split(truth: Integers, groups: list[str] | None = None) -> ItemSplit:
    names = groups or [str(position) for position in range(len(truth))]
    return ItemSplit(
        [
            Item(id=str(position), sample="text", label=int(label), group=group)
            for position, (label, group) in enumerate(zip(truth, names, strict=True))
        ]
    )


@settings(max_examples=60, deadline=None)
@given(answers)
def test_metrics_equal_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    truth, predicted = columns(pairs)
    confusion = scoring.count_confusion(predicted, truth, CLASSES)
    occurring = sorted((set(truth.tolist()) | set(predicted.tolist())) - {NO_ANSWER})
    each = {"labels": range(CLASSES), "average": None, "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of classes that only predictions have
        expected = {
            scoring.accuracy: sk.accuracy_score(truth, predicted),
            scoring.macro_f1: sk.f1_score(
                truth, predicted, labels=occurring, average="macro", zero_division=0
            ),
            scoring.balanced_accuracy: sk.balanced_accuracy_score(truth, predicted),
            scoring.per_class_recall: sk.recall_score(truth, predicted, **each),
            scoring.per_class_precision: sk.precision_score(truth, predicted, **each),
            scoring.per_class_f1: sk.f1_score(truth, predicted, **each),
        }
    for function, value in expected.items():
        np.testing.assert_allclose(function(confusion), value, rtol=0, atol=1e-12)
    assert confusion.sum() == len(pairs)
    assert confusion[:, CLASSES].sum() == (predicted == NO_ANSWER).sum()


def test_metrics_work_over_leading_axes() -> None:
    rng = np.random.default_rng(0)
    stack = rng.integers(0, 9, (3, 2, CLASSES, CLASSES + 1))
    for function in (*scoring.OF_ALL_CLASSES.values(), *scoring.OF_ONE_CLASS.values()):
        together = function(stack)
        for position in np.ndindex(3, 2):
            np.testing.assert_array_equal(together[position], function(stack[position]))


@pytest.mark.parametrize("wrong", [[0, CLASSES], [-2, 0], [0], [0, 1, 2]])
def test_predictions_that_are_no_labels_or_too_few_are_refused(wrong: list[int]) -> None:
    with pytest.raises(ValueError, match="prediction"):
        scoring.count_confusion(np.array(wrong, np.int64), np.array([0, 1]), CLASSES)


@settings(max_examples=25, deadline=None)
@given(st.lists(answers, min_size=1, max_size=3), st.integers(1, 12), st.booleans())
def test_intervals_hold_their_value_and_stay_in_range(
    sessions: list[list[tuple[int, int]]], group_count: int, grouped: bool
) -> None:
    items = min(len(session) for session in sessions)
    truth = columns(sessions[0])[0][:items]
    predicted = np.stack([columns(session)[1][:items] for session in sessions])
    groups = [str(position % group_count) for position in range(items)] if grouped else None
    quality = score(ALL, list(predicted), split(truth, groups))
    assert [metric.name for metric in quality.metrics] == [metric.key for metric in ALL.metrics]
    for metric in quality.metrics:
        assert 0 <= metric.low <= metric.value <= metric.high <= 1
    assert quality.answered == sum((predicted[:, i] != NO_ANSWER).all() for i in range(items))
    assert sum(each.support for each in quality.per_class) == quality.items == items


def test_a_metric_is_its_mean_over_sessions() -> None:
    truth = np.array([0, 0, 1, 1])
    sessions = np.array([[0, 0, 1, 1], [0, 0, 0, NO_ANSWER]])
    quality = score(ALL, list(sessions), split(truth))
    assert quality.ranked_value.value == pytest.approx((1.0 + 0.5) / 2)
    assert quality.answered == 3
    assert quality.per_class[1].recall == pytest.approx(0.5)
    assert quality.per_class[3].support == 0


def test_accuracy_of_single_items_has_wilsons_interval() -> None:
    truth = np.zeros(100, np.int64)
    predicted = np.where(np.arange(100) < 81, 0, 1)[np.newaxis]
    ranked = score(ALL, list(predicted), split(truth)).ranked_value
    assert ranked.interval_method == "wilson"
    assert (ranked.low, ranked.high) == pytest.approx((0.722, 0.875), abs=5e-4)
    assert wilson(1.0, 10) == pytest.approx((0.7225, 1.0), abs=5e-5)


def test_groups_of_items_that_go_together_widen_the_interval() -> None:
    rng = np.random.default_rng(1)
    truth = np.zeros(400, np.int64)
    group_of_item = np.repeat(np.arange(40), 10)
    right = rng.random(40) < 0.7
    predicted = np.where(right[group_of_item], 0, 1)[np.newaxis]
    alone = score(ALL, list(predicted), split(truth)).ranked_value
    together = score(
        ALL, list(predicted), split(truth, [str(g) for g in group_of_item])
    ).ranked_value
    assert together.interval_method == (
        "expanded percentile bootstrap over 40 groups, 2000 resamples, PCG64 seed 2026"
    )
    assert together.high - together.low > 2.5 * (alone.high - alone.low)


def test_one_group_says_nothing_of_how_groups_differ() -> None:
    quality = score(ALL, [np.zeros(8, np.int64)], split(np.zeros(8, np.int64), ["same"] * 8))
    assert (quality.ranked_value.low, quality.ranked_value.high) == (0.0, 1.0)


def test_intervals_over_few_groups_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(6)
    truth, groups = np.zeros(60, np.int64), [str(position // 6) for position in range(60)]
    held = 0
    for _ in range(200):
        right = rng.random(60) < np.repeat(rng.uniform(0.3, 0.9, 10), 6)
        predicted = np.where(right, 0, 1)[np.newaxis]
        ((low, high),) = Bootstrap(predicted, truth, CLASSES, groups).intervals([scoring.accuracy])
        held += low <= 0.6 <= high
    assert held >= 0.90 * 200


def brute_force(
    predicted: Integers, truth: Integers, groups: Integers, metric: Callable[..., scoring.Floats]
) -> tuple[float, float]:
    """Resample the groups one by one, as textbooks have it."""
    rng = np.random.default_rng(5)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    values = []
    for _ in range(2_000):
        chosen = rng.integers(0, len(members), len(members))
        rows = np.concatenate([members[group] for group in chosen])
        values.append(metric(scoring.count_confusion(predicted[rows], truth[rows], CLASSES)))
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("metric", [scoring.accuracy, scoring.macro_f1])
def test_the_bootstrap_agrees_with_resampling_one_by_one(
    grouped: bool, metric: Callable[..., scoring.Floats]
) -> None:
    rng = np.random.default_rng(2)
    truth = rng.integers(0, CLASSES, 300)
    groups = rng.integers(0, 60, 300) if grouped else np.arange(300)
    hard = rng.random(300) < 0.4
    predicted = np.where(hard[groups], rng.integers(NO_ANSWER, CLASSES, 300), truth)
    names = [str(group) for group in groups] if grouped else None
    (ours,) = Bootstrap(predicted[np.newaxis], truth, CLASSES, names).intervals([metric])
    assert ours == pytest.approx(brute_force(predicted, truth, groups, metric), abs=0.012)


def test_the_same_answers_get_the_same_interval_in_any_order() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, CLASSES, 120)
    predicted = rng.integers(NO_ANSWER, CLASSES, (2, 120))
    groups = [str(position // 3) for position in range(120)]
    order = rng.permutation(120)
    for names in (None, groups):
        first = Bootstrap(predicted, truth, CLASSES, names).intervals([scoring.macro_f1])
        shuffled = names and [names[position] for position in order]
        again = Bootstrap(predicted[:, order], truth[order], CLASSES, shuffled)
        assert again.intervals([scoring.macro_f1]) == first
