"""The ranked metric item by item says the same as the metric of all items together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from toy_task import write_task

from harness.tasks.card import Metric, MetricName, TaskCard, read_card
from harness.tasks.item_scores import item_scores
from harness.tasks.quality import metric_values
from harness.tasks.scoring import count_confusion

METRICS: tuple[tuple[MetricName, str | None], ...] = (
    ("accuracy", None), ("balanced_accuracy", None), ("macro_f1", None), ("f1", "b"),
    ("recall", "b"), ("precision", "a"),
)  # fmt: skip


def card_of(root: Path, name: MetricName, label: str | None) -> TaskCard:
    folder = root / "tasks" / "toy"
    card = read_card(folder if folder.is_dir() else write_task(root))
    ranked = Metric(name=name, direction="higher", ranked=True, label=label)
    return replace(card, metrics=(ranked,))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("task")


ANSWERS = st.lists(
    st.tuples(st.integers(0, 1), st.integers(-1, 1), st.integers(-1, 1)), min_size=1, max_size=12
)


@pytest.mark.parametrize(("name", "label"), METRICS)
@given(rows=ANSWERS, weights=st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_resampled_scores_are_the_metric_of_the_resampled_items(
    root: Path, name: MetricName, label: str | None, rows: list[tuple[int, int, int]],
    weights: list[int],
) -> None:  # fmt: skip
    card = card_of(root, name, label)
    labels, *sessions = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    often = np.array([weights[: len(rows)], [1] * len(rows)])
    scored = item_scores(card, sessions, labels)
    for drawn, value in zip(often, scored.resampled(often), strict=True):
        chosen = np.repeat(np.arange(len(rows)), drawn)
        confusions = np.stack([count_confusion(s[chosen], labels[chosen], 2) for s in sessions])
        (expected,) = metric_values(card, confusions)
        assert value == pytest.approx(expected)
    by_item = scored.scores
    assert (by_item is None) == (name not in {"accuracy", "balanced_accuracy"})
    if by_item is not None:
        classes = np.zeros(len(rows)) if scored.classes is None else scored.classes
        means = [by_item[classes == each].mean() for each in np.unique(classes)]
        assert np.mean(means) == pytest.approx(scored.resampled(often)[1])


@pytest.mark.parametrize(
    ("name", "label", "of_a", "of_b"),
    [
        ("accuracy", None, 1 / 100, 1 / 100),
        ("balanced_accuracy", None, 1 / 180, 1 / 20),
        ("recall", "b", 0, 1 / 10),
        ("f1", "b", 1 / 21, 1 / 19),
        ("precision", "a", 0, 1 / 91),
    ],
)
def test_an_item_weighs_what_one_wrong_answer_to_it_costs(
    root: Path, name: MetricName, label: str | None, of_a: float, of_b: float
) -> None:
    labels = np.array([0] * 90 + [1] * 10)
    scored = item_scores(card_of(root, name, label), [labels], labels)
    assert scored.weights[:90] == pytest.approx(of_a)
    assert scored.weights[90:] == pytest.approx(of_b)


def test_an_item_weighs_nothing_by_answers_of_a_label_that_none_has(root: Path) -> None:
    labels = np.zeros(50, np.int64)
    scored = item_scores(card_of(root, "macro_f1", None), [labels], labels)
    assert scored.weights == pytest.approx(1 / 99)


def test_no_answer_is_a_wrong_one(root: Path) -> None:
    scored = item_scores(
        card_of(root, "accuracy", None), [np.array([0, -1, 1])], np.array([0, 0, 0])
    )
    assert scored.scores is not None
    assert scored.scores.tolist() == [1.0, 0.0, 0.0]


def test_nothing_resampled_is_nothing(root: Path) -> None:
    scored = item_scores(card_of(root, "macro_f1", None), [np.array([0, 1])], np.array([0, 1]))
    assert scored.resampled(np.empty((0, 2))).shape == (0,)


def test_sessions_are_scored_one_by_one_and_single_items_explain_what_they_flip(
    root: Path,
) -> None:
    card = card_of(root, "accuracy", None)
    labels = np.zeros(4, np.int64)
    sessions = [np.array([0, 0, 0, 0]), np.array([0, 0, 1, 1])]
    scored = item_scores(card, sessions, labels)
    assert scored.by_session == (1.0, 0.5)
    assert scored.session_noise == pytest.approx(2 * 0.25 / 16)
    assert item_scores(card, sessions[:1], labels).session_noise == 0
    assert item_scores(card_of(root, "macro_f1", None), sessions, labels).session_noise == 0
