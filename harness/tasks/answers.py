"""Predictions of one session, in memory and as a sidecar keeps them.

An array (n,) in the order of the split, whose type tells the kind:

- int64, of ``index`` and ``scores``: the predicted label, ``NO_ANSWER`` where there was none;
- float32, of ``image_score``: how sure the entry is that the object is there, NaN for no answer;
- object, of ``boxes``: float32 (m, 5), rows x1, y1, x2, y2, score; ``None`` for no answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.records.evaluation import Output
from harness.tasks.protocol import NO_ANSWER, Predictions

NUMBERS_PER_BOX = 5


def no_answers(items: int, output: Output) -> Predictions:
    """Return the predictions of a session that has answered nothing yet."""
    if output == "boxes":
        return np.full(items, None, dtype=object)
    if output == "image_score":
        return np.full(items, np.nan, dtype=np.float32)
    return np.full(items, NO_ANSWER, dtype=np.int64)


def put(predictions: Predictions, positions: npt.NDArray[np.int64], answered: Any) -> None:  # noqa: ANN401 - what ``decode_predictions`` gives for the kind
    """Put what a batch gave in its places."""
    if predictions.dtype == object:  # NumPy would spread boxes of one length over the places
        for position, boxes in zip(positions.tolist(), answered, strict=True):
            predictions[position] = boxes
    else:
        predictions[positions] = answered


def is_answered(predictions: Predictions) -> npt.NDArray[np.bool_]:
    """Return (n,): which items have an answer."""
    if predictions.dtype == object:
        return np.array([boxes is not None for boxes in predictions], np.bool_)
    if predictions.dtype == np.float32:
        return ~np.isnan(predictions)
    answered: npt.NDArray[np.bool_] = predictions != NO_ANSWER
    return answered


def decide(
    predictions: Predictions, *, positive: int | None = None, least_score: float = 0.5
) -> npt.NDArray[np.int64]:
    """Return (n,): the label that each answer amounts to, ``NO_ANSWER`` where there was none.

    Of two labels ``positive`` is that of an item whose score, or the score of one of whose boxes,
    is at least ``least_score``, compared in float32. Labels stand for themselves.
    """
    if predictions.dtype == np.int64:
        return np.asarray(predictions)
    if positive not in (0, 1):
        raise ValueError(f"label {positive} is neither of the two that a score decides between")
    scores = predictions
    if predictions.dtype == object:
        scores = np.array([_highest(boxes) for boxes in predictions], np.float32)
    there = scores >= np.float32(least_score)
    labels = np.where(there, positive, 1 - positive).astype(np.int64)
    labels[~is_answered(predictions)] = NO_ANSWER
    return labels


def as_plain(predictions: Predictions) -> tuple[Any, ...]:
    """Return the answers as JSON can keep them; ``None`` where there was none."""
    if predictions.dtype == object:
        return tuple(None if boxes is None else as_corners(boxes) for boxes in predictions)
    pairs = zip(predictions.tolist(), is_answered(predictions).tolist(), strict=True)
    return tuple(answer if answered else None for answer, answered in pairs)


def as_corners(boxes: npt.NDArray[Any]) -> tuple[tuple[float, ...], ...]:
    """Return boxes, one a row, as JSON can keep them."""
    return tuple(map(tuple, boxes.tolist()))


def from_plain(row: Sequence[Any], output: Output, labels: int) -> Predictions:
    """Read what ``as_plain`` wrote; ``ValueError`` says what cannot be an answer."""
    if output not in {"boxes", "image_score"} and set(map(type, row)) == {int}:
        with suppress(OverflowError):  # at once: boards have millions of answers
            numbers = np.fromiter(row, np.int64, len(row))
            if numbers.min() >= 0 and numbers.max() < labels:
                return numbers
    predictions = no_answers(len(row), output)
    for position, answer in enumerate(row):
        if answer is None:
            continue
        if output == "boxes":
            predictions[position] = _boxes(answer, position)
        elif output == "image_score":
            predictions[position] = _finite(answer, position)
        elif type(answer) is int and 0 <= answer < labels:
            predictions[position] = answer
        else:
            raise ValueError(f"answer {position} is {answer!r}, which is none of {labels} labels")
    return predictions


def _highest(boxes: npt.NDArray[np.float32] | None) -> float:
    return -math.inf if boxes is None or not len(boxes) else float(boxes[:, 4].max())


def _boxes(answer: Any, position: int) -> npt.NDArray[np.float32]:  # noqa: ANN401 - from a file
    boxes = answer if isinstance(answer, (list, tuple)) else (None,)
    if not all(isinstance(box, (list, tuple)) and len(box) == NUMBERS_PER_BOX for box in boxes):
        raise ValueError(f"answer {position} is no list of boxes, {NUMBERS_PER_BOX} numbers each")
    numbers = [[_finite(number, position) for number in box] for box in boxes]
    return np.array(numbers, np.float32).reshape(-1, NUMBERS_PER_BOX)


def _finite(number: Any, position: int) -> float:  # noqa: ANN401 - from a file
    try:
        value = float(number) if type(number) in {int, float} else math.nan
    except OverflowError:
        raise ValueError(f"answer {position} holds a whole number beyond all floats") from None
    if not math.isfinite(value):
        raise ValueError(f"answer {position} holds {number!r}, which is no finite number")
    return value
