"""What becomes of the answers of a task that looks for an object."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_task import write_detection_task

from harness.tasks.answers import no_answers
from harness.tasks.card import TaskCard, read_card
from harness.tasks.protocol import Item, Predictions
from harness.tasks.quality import score
from harness.tasks.splits import ItemSplit

BOX = (0.25, 0.25, 0.5, 0.75)
OF_BOXES = {"average_precision", "mean_iou"}


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> TaskCard:
    return read_card(write_detection_task(tmp_path_factory.mktemp("toy")))


def split(there: list[bool], groups: int | None = None) -> ItemSplit:
    """Return items, some of which hold one object, all of the same group or a few."""
    return ItemSplit(
        [
            Item(
                id=str(position),
                sample=b"an image",
                label=int(positive),
                group=str(position % groups if groups else position),
                boxes=(BOX,) if positive else (),
            )
            for position, positive in enumerate(there)
        ],
        with_boxes=True,
    )


def boxes(*each: Sequence[tuple[float, ...]] | None) -> Predictions:
    predictions = no_answers(len(each), "boxes")
    for position, answer in enumerate(each):
        if answer is not None:
            predictions[position] = np.array(answer, np.float32).reshape(-1, 5)
    return predictions


def values(card: TaskCard, sessions: list[Predictions], data: ItemSplit) -> dict[str, float]:
    return {metric.name: metric.value for metric in score(card, sessions, data).metrics}


def test_boxes_have_the_metrics_of_boxes(card: TaskCard) -> None:
    made = values(card, [boxes([(*BOX, 0.9)], [])], split([True, False]))
    assert made == {"accuracy": 1, "recall:b": 1, "average_precision": 1, "mean_iou": 1}


def test_scores_of_images_have_only_those_of_labels(card: TaskCard) -> None:
    scores = np.array([0.9, 0.2], np.float32)
    made = values(card, [scores], split([True, False]))
    assert made == {"accuracy": 1, "recall:b": 1}


def test_the_score_decides_the_label_and_the_place_does_not(card: TaskCard) -> None:
    elsewhere = (0.6, 0.0, 0.9, 0.2, 0.9)
    made = values(card, [boxes([elsewhere], [])], split([True, False]))
    assert made == {"accuracy": 1, "recall:b": 1, "average_precision": 0, "mean_iou": 0}


def test_a_box_below_the_least_score_counts_for_average_precision_alone(card: TaskCard) -> None:
    made = values(card, [boxes([(*BOX, 0.4)], [])], split([True, False]))
    assert made == {"accuracy": 0.5, "recall:b": 0, "average_precision": 1, "mean_iou": 0}


def test_an_unanswered_item_is_wrong_everywhere(card: TaskCard) -> None:
    data = split([True, False])
    quality = score(card, [boxes([(*BOX, 0.9)], None)], data)
    made = {metric.name: metric.value for metric in quality.metrics}
    assert quality.answered == 1
    assert made["accuracy"] == 0.5
    assert made["average_precision"] == pytest.approx(1 / 5)  # behind four false boxes
    silent = score(card, [np.full(2, np.nan, np.float32)], data)
    assert (silent.answered, silent.ranked_value.value) == (0, 0)


def test_a_metric_of_boxes_is_its_mean_over_sessions(card: TaskCard) -> None:
    data = split([True, False])
    half = (0.25, 0.25, 0.5, 0.5, 0.9)  # an intersection over union of one half
    made = values(card, [boxes([(*BOX, 0.9)], []), boxes([half], [])], data)
    assert made["mean_iou"] == pytest.approx(0.75)
    assert made["average_precision"] == 1


SOME = [(*BOX, 0.9), (*BOX, 0.3), (0.6, 0, 1, 1, 0.7)]
drawn = st.lists(
    st.tuples(
        st.booleans(),
        st.none() | st.lists(st.sampled_from(SOME), max_size=3),
    ),
    min_size=1, max_size=24,
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(drawn, st.none() | st.integers(1, 6))
def test_intervals_of_boxes_hold_their_value_and_say_what_was_resampled(
    card: TaskCard, items: list[tuple[bool, list[tuple[float, ...]] | None]], groups: int | None
) -> None:
    data = split([there for there, _ in items], groups)
    quality = score(card, [boxes(*(answer for _, answer in items))], data)
    assert {metric.name for metric in quality.metrics} >= OF_BOXES
    grouped = groups is not None and groups < len(items)
    for metric in quality.metrics:
        assert 0 <= metric.low <= metric.value <= metric.high <= 1
        if metric.name in OF_BOXES:
            units = f"{groups} groups" if grouped else f"{len(items)} items"
            assert f"over {units}, " in metric.interval_method


def test_groups_that_go_together_widen_the_interval_of_boxes(card: TaskCard) -> None:
    rng = np.random.default_rng(0)
    found = rng.random(20) < 0.6
    answers = boxes(*([(*BOX, 0.9)] if found[item % 20] else [] for item in range(200)))
    wide, narrow = (
        {m.name: m.high - m.low for m in score(card, [answers], data).metrics}
        for data in (split([True] * 200, 20), split([True] * 200))
    )
    assert wide["average_precision"] > 2 * narrow["average_precision"]


def test_a_score_of_images_and_boxes_of_the_same_scores_rank_alike(card: TaskCard) -> None:
    rng = np.random.default_rng(1)
    data = split((rng.random(50) < 0.5).tolist())
    scores = rng.random(50).astype(np.float32)
    by_score = score(card, [scores], data).ranked_value
    by_boxes = score(card, [boxes(*([(*BOX, float(each))] for each in scores))], data).ranked_value
    assert by_score == by_boxes
