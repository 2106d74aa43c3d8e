"""Metrics against scikit-learn, and the invariants of their intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from harness.tasks import scoring
from harness.tasks.card import Columns, Generated, Identity, Label, Metric, TaskCard
from harness.tasks.intervals import Bootstrap, Units, interval
from harness.tasks.protocol import NO_ANSWER, Item
from harness.tasks.quality import score
from harness.tasks.scoring import Integers
from harness.tasks.shares import exact, mid_p, of_share, wilson
from harness.tasks.splits import ItemSplit
from harness.tasks.spreads import UNSEEN, Spread

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

BALANCED = card(Metric(name="balanced_accuracy", direction="higher", ranked=True))


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
    assert ranked.interval_method == "wilson or exact over 100 items"
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
    assert together.interval_method == "wilson or exact over 40 groups, with those unseen"
    assert together.high - together.low > 2.5 * (alone.high - alone.low)


def test_one_group_says_nothing_of_how_groups_differ() -> None:
    quality = score(ALL, [np.zeros(8, np.int64)], split(np.zeros(8, np.int64), ["same"] * 8))
    assert (quality.ranked_value.low, quality.ranked_value.high) == (0.0, 1.0)


def units_of(groups: Integers | None, items: int) -> Units:
    return Units(items, None if groups is None else [str(group) for group in groups])


def test_intervals_over_few_groups_cover_the_truth_as_often_as_they_say() -> None:
    rng = np.random.default_rng(6)
    units = units_of(np.arange(60) // 6, 60)
    everything, held = np.ones((1, 60), np.bool_), 0
    for _ in range(400):
        right = rng.random(60) < np.repeat(rng.uniform(0.3, 0.9, 10), 6)
        low, high = interval(*units.of_share(right[np.newaxis], everything))
        held += low <= 0.6 <= high
    assert 0.91 * 400 <= held <= 0.99 * 400


def test_errors_that_the_items_of_few_sessions_have_in_common_are_covered() -> None:
    """Of items that are all alike, which taking off what single answers explain does not cover."""
    rng = np.random.default_rng(7)
    units = units_of(None, 1200)
    everything, held = np.ones((3, 1200), np.bool_), 0
    for _ in range(800):
        right = rng.random((3, 1200)) < 0.8 * (1 - rng.uniform(0, 0.06, (3, 1)))
        low, high = interval(*units.of_share(right, everything))
        held += low <= 0.776 <= high
    assert 0.93 * 800 < held <= 0.97 * 800


def test_sessions_that_differ_by_no_more_than_their_items_change_no_interval() -> None:
    right = np.arange(300) % 4 > 0
    once, twice = (
        interval(*units_of(None, 300).of_share(np.stack([right] * n), np.ones((n, 300), np.bool_)))
        for n in (1, 2)
    )
    assert once == twice
    answers = right.astype(np.int64)
    one, both = (score(ALL, [answers] * count, split(1 - answers % 1)) for count in (1, 2))
    assert [m.interval_method for m in one.metrics] == [m.interval_method for m in both.metrics]


def by_hand(
    predicted: Integers, truth: Integers, groups: Integers, metric: Callable[..., scoring.Floats]
) -> float:
    """Resample the groups one by one, as textbooks have it; return the standard deviation."""
    rng = np.random.default_rng(5)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    values = []
    for _ in range(500):
        chosen = rng.integers(0, len(members), len(members))
        rows = np.concatenate([members[group] for group in chosen])
        each = [scoring.count_confusion(p[rows], truth[rows], CLASSES) for p in predicted]
        values.append(np.mean([metric(confusion) for confusion in each]))
    return float(np.std(values))


def some_answers(sessions: int) -> tuple[Integers, Integers, Integers]:
    """Return answers (sessions, 300), their labels, and groups of which some are hard."""
    rng = np.random.default_rng(2)
    truth, groups = rng.integers(0, CLASSES, 300), rng.integers(0, 60, 300)
    hard = rng.random(60)[groups] < 0.4
    wrong = rng.integers(NO_ANSWER, CLASSES, (sessions, 300))
    return np.where(hard & (rng.random((sessions, 300)) < 0.9), wrong, truth), truth, groups


def assert_like(spread: Spread, drawn: float, sessions: int) -> None:
    """They err by 1.6 and 3.2 %, of 2,000 and 500 resamples; sessions may only add to one."""
    found = (spread.variance + max(0.0, spread.of_values - spread.chance)) ** 0.5
    assert 0.86 * drawn < found < (1.14 if sessions == 1 else 1.75) * drawn


@pytest.mark.parametrize("sessions", [1, 3])
@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("metric", [scoring.macro_f1, scoring.balanced_accuracy])
def test_the_bootstrap_agrees_with_resampling_one_by_one(
    grouped: bool, sessions: int, metric: Callable[..., scoring.Floats]
) -> None:
    predicted, truth, groups = some_answers(sessions)
    groups = groups if grouped else np.arange(300)
    units = units_of(groups if grouped else None, 300)
    (spread,) = Bootstrap(predicted, truth, CLASSES, units).spreads([metric], [None])
    assert_like(spread, by_hand(predicted, truth, groups, metric), sessions)


@pytest.mark.parametrize("sessions", [1, 3])
@pytest.mark.parametrize("grouped", [False, True])
def test_the_spread_of_a_share_agrees_with_resampling_one_by_one(
    grouped: bool, sessions: int
) -> None:
    predicted, truth, groups = some_answers(sessions)
    groups = groups if grouped else np.arange(300)
    units = units_of(groups if grouped else None, 300)
    counted = {
        scoring.accuracy: np.ones(predicted.shape, np.bool_),
        (lambda c: scoring.per_class_recall(c)[..., 1]): np.broadcast_to(
            truth == 1, predicted.shape
        ),
        (lambda c: scoring.per_class_precision(c)[..., 1]): predicted == 1,
    }
    for metric, each in counted.items():
        _, spread = units.of_share(predicted == truth, each)
        assert_like(spread, by_hand(predicted, truth, groups, metric), sessions)


@pytest.mark.parametrize("metric", [scoring.macro_f1, scoring.accuracy])
def test_what_a_session_has_in_common_is_in_the_interval(
    metric: Callable[..., scoring.Floats],
) -> None:
    # 2,000 items, of which sessions get a share right that differs by far more than chance.
    rng = np.random.default_rng(7)
    truth = rng.integers(0, 2, 2000)
    units = units_of(None, 2000)
    right = rng.random((5, 2000)) < np.array([0.5, 0.6, 0.7, 0.8, 0.9])[:, np.newaxis]
    apart = np.where(right, truth, 1 - truth)
    mixed = np.where(rng.permuted(right, axis=0), truth, 1 - truth)
    (wide,) = Bootstrap(apart, truth, CLASSES, units).spreads([metric], [None])
    (narrow,) = Bootstrap(mixed, truth, CLASSES, units).spreads([metric], [None])
    assert wide.of_values == pytest.approx(np.var([0.5, 0.6, 0.7, 0.8, 0.9], ddof=1) / 5, rel=0.15)
    assert narrow.of_values < 0.05 * wide.of_values
    _, share = units.of_share(apart == truth, np.ones(apart.shape, np.bool_))
    if metric is scoring.accuracy:
        assert share.of_values == pytest.approx(wide.of_values, rel=0.05)


def test_sessions_that_disagree_by_chance_narrow_the_interval() -> None:
    # Their mean varies by a fifth of one's variance, known the worse for what sessions may share.
    rng = np.random.default_rng(8)
    truth, narrower = np.zeros(400, np.int64), []
    for _ in range(20):
        sessions = np.where(rng.random((5, 400)) < 0.8, 0, 1)
        together = score(ALL, list(sessions), split(truth)).ranked_value
        alone = score(ALL, [sessions[0]], split(truth)).ranked_value
        narrower.append((together.high - together.low) / (alone.high - alone.low))
    assert 0.4 < np.mean(narrower) < 0.75


@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("grouped", [False, True])
def test_all_right_and_all_wrong_have_intervals_of_some_width(right: bool, grouped: bool) -> None:
    truth = np.arange(80) % CLASSES
    predicted = truth if right else (truth + 1) % CLASSES
    groups = [str(position // 8) for position in range(80)] if grouped else None
    quality = score(ALL, [predicted] * 5, split(truth, groups))
    for metric in quality.metrics:
        assert metric.value == right
        width = metric.high - metric.low
        assert 0.02 < width < 0.6, metric
    ranked = quality.ranked_value
    expected = (UNSEEN * 0.05) ** (1 / 10) if grouped else exact(1.0, 80)[0]
    assert (ranked.low if right else 1 - ranked.high) == pytest.approx(expected)


def test_a_constant_answer_has_a_balanced_accuracy_of_little_doubt_by_few_scenes() -> None:
    # Ten scenes, three of which hold the rare class: resamples that lack it used to reach 0.78.
    truth = np.array([int(scene < 3) for scene in range(10) for _ in range(8)])
    groups = [str(scene) for scene in range(10) for _ in range(8)]
    ranked = score(BALANCED, [np.zeros(80, np.int64)], split(truth, groups)).ranked_value
    assert ranked.value == 0.5
    assert 0.2 < ranked.low < 0.5 < ranked.high < 0.86
    many = np.array([int(scene % 2) for scene in range(40) for _ in range(8)])
    names = [str(scene) for scene in range(40) for _ in range(8)]
    ranked = score(BALANCED, [np.zeros(320, np.int64)], split(many, names)).ranked_value
    assert 0.4 < ranked.low < ranked.high < 0.6


def test_the_mean_f1_is_as_uncertain_as_its_rarest_class_lets_it_be() -> None:
    # All right, with three items of one class: its recall may still be as low as 0.37.
    truth = np.array([0] * 150 + [1] * 3)
    quality = score(ALL, [truth], split(truth))
    found = next(metric for metric in quality.metrics if metric.name == "macro_f1")
    assert found.value == found.high == 1.0
    assert found.low == pytest.approx(1 - (1 - mid_p(1.0, 3)[0]) / 2, abs=0.01)


def test_groups_that_err_on_two_classes_alike_stretch_a_mean_of_classes() -> None:
    rng = np.random.default_rng(9)
    truth, scenes = np.arange(400) % 2, np.arange(400) // 10
    scene_right = rng.random(40) < 0.7
    right = {"alike": scene_right[scenes], "apart": scene_right[scenes] ^ (truth == 1)}
    widths = {}
    for name, each in right.items():
        predicted = np.where(each, truth, 1 - truth)
        ranked = score(BALANCED, [predicted], split(truth, [str(s) for s in scenes])).ranked_value
        widths[name] = ranked.high - ranked.low
    # What one recall gains there, the other loses: what is left is scenes that were not seen.
    assert widths["apart"] < 0.3 * widths["alike"]
    plain = np.array([each for each in scene_right for _ in range(10)])
    _, spread = units_of(scenes, 400).of_share(plain[np.newaxis], np.ones((1, 400), np.bool_))
    low, high = interval(float(plain.mean()), spread)
    assert widths["alike"] == pytest.approx(high - low, rel=0.1)


def test_resamples_that_lack_a_class_are_left_out() -> None:
    truth = np.array([1] + [0] * 9)
    predicted = truth[np.newaxis]
    (spread,) = Bootstrap(predicted, truth, CLASSES, units_of(None, 10)).spreads(
        [lambda c: scoring.per_class_f1(c)[..., 1]], [1]
    )
    assert spread.variance == 0.0  # one in three resamples has no item of class 1: an F1 of 0


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 1500), st.data())
def test_a_share_has_wilsons_interval_unless_few_are_right_or_wrong(
    items: int, data: st.DataObject
) -> None:
    right = data.draw(st.integers(0, items))
    few = min(right, items - right) < (15 if items < 500 else 10)
    assert of_share(right / items, items) == (exact if few else wilson)(right / items, items)
    low, high = of_share(right / items, items)
    assert 0 <= low <= right / items <= high <= 1


def test_shares_are_covered_as_often_as_their_interval_says_whatever_the_truth() -> None:
    # By summing the binomial distribution. Wilson's alone covers 90 % where one error is expected.
    for items in (86, 150, 200, 1200):
        right = np.arange(items + 1)
        ends = np.array([of_share(each / items, items) for each in right])
        alone = np.array([wilson(each / items, items) for each in right])
        worst = []
        for found in (ends, alone):
            covered = [
                stats.binom.pmf(right, items, p)[(found[:, 0] <= p) & (p <= found[:, 1])].sum()
                for p in 1 - np.geomspace(0.05 / items, 0.5, 100)
            ]
            worst.append(min(covered))
        assert worst[0] > 0.933
        assert worst[1] < 0.915


def test_clopper_and_pearsons_interval_in_figures() -> None:
    found = stats.binomtest(3, 20).proportion_ci(method="exact")
    assert exact(3 / 20, 20) == pytest.approx((found.low, found.high))
    assert exact(1.0, 30) == pytest.approx((0.025 ** (1 / 30), 1.0))


def test_the_same_answers_get_the_same_interval_in_any_order() -> None:
    predicted, truth, groups = some_answers(2)
    order = np.random.default_rng(3).permutation(300)
    for each in (None, groups):
        first = Bootstrap(predicted, truth, CLASSES, units_of(each, 300))
        shuffled = None if each is None else each[order]
        again = Bootstrap(predicted[:, order], truth[order], CLASSES, units_of(shuffled, 300))
        assert again.spreads([scoring.macro_f1], [None]) == first.spreads(
            [scoring.macro_f1], [None]
        )
