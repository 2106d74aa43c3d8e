"""Predictions in memory and in a sidecar: what they decide, and that they come back the same."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.evaluation import Output
from harness.tasks.answers import as_plain, decide, from_plain, is_answered, no_answers, put
from harness.tasks.protocol import NO_ANSWER

LABELS = 3
share = st.floats(0, 1, width=32)
ANSWERS: dict[Output, Any] = {
    "index": st.integers(0, LABELS - 1),
    "image_score": st.floats(-1e6, 1e6, width=32),
    "boxes": st.lists(st.tuples(share, share, share, share, share), max_size=3),
}


def filled(output: Output, answers: list[Any]) -> Any:  # noqa: ANN401 - by output
    predictions = no_answers(len(answers) + 1, output)
    values = answers
    if output == "boxes":
        values = [np.array(boxes, np.float32).reshape(-1, 5) for boxes in answers]
    put(predictions, np.arange(len(answers)), values)
    return predictions


@pytest.mark.parametrize("output", ANSWERS)
@given(data=st.data())
def test_a_sidecar_gives_back_what_was_answered(output: Output, data: st.DataObject) -> None:
    answers = data.draw(st.lists(ANSWERS[output], min_size=1, max_size=6))
    predictions = filled(output, answers)
    assert is_answered(predictions).tolist() == [True] * len(answers) + [False]
    kept = json.loads(json.dumps(as_plain(predictions)))
    assert kept[-1] is None
    again = from_plain(kept, output, LABELS)
    assert again.dtype == predictions.dtype
    assert as_plain(again) == as_plain(predictions)


def test_boxes_of_one_length_stay_apart() -> None:
    predictions = filled("boxes", [[(0, 0, 1, 1, 0.1)], [(0, 0, 1, 1, 0.2)]])
    assert [len(boxes) for boxes in predictions[:2]] == [1, 1]


def test_a_score_at_the_threshold_says_that_the_object_is_there() -> None:
    scores = filled("image_score", [0.5, np.float32(0.3), -4.0])
    assert decide(scores, positive=1, least_score=0.3).tolist() == [1, 1, 0, NO_ANSWER]
    assert decide(scores, positive=0, least_score=0.5).tolist() == [0, 1, 1, NO_ANSWER]


def test_one_sure_box_says_that_the_object_is_there() -> None:
    boxes = filled("boxes", [[], [(0, 0, 1, 1, 0.2), (0, 0, 1, 1, 0.8)], [(0, 0, 1, 1, 0.4)]])
    assert decide(boxes, positive=1, least_score=0.5).tolist() == [0, 1, 0, NO_ANSWER]


def test_labels_stand_for_themselves() -> None:
    labels = filled("index", [2, 0])
    assert decide(labels).tolist() == [2, 0, NO_ANSWER]


def test_scores_decide_nothing_where_a_task_looks_for_no_object() -> None:
    with pytest.raises(ValueError, match="neither of the two"):
        decide(filled("image_score", [0.5]))


@pytest.mark.parametrize(
    ("output", "answer"),
    [
        ("index", 3), ("index", -1), ("index", True), ("index", 1.0), ("index", "1"),
        ("image_score", "0.5"), ("image_score", float("nan")), ("image_score", True),
        ("boxes", 1), ("boxes", [[0, 0, 1, 1]]), ("boxes", [1]), ("boxes", [[0, 0, 1, 1, "a"]]),
        ("boxes", [[0, 0, 1, 1, float("inf")]]), ("image_score", 10**400),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_named_by_its_place(output: Output, answer: object) -> None:
    with pytest.raises(ValueError, match="answer 1"):
        from_plain([None, answer], output, LABELS)
