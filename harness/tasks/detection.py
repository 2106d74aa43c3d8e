"""Metrics of boxes: average precision, and how well the best box fits.

Boxes are (m, 4): x1, y1, x2, y2, from 0 to 1 of the image's width and height. Every metric is a
ratio of sums over items, or a curve of such sums, so that it can be had for many resamples at
once: ``weights`` (r, n) says how often each resample holds each item.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.tasks.protocol import Boxes, Predictions

Floats: TypeAlias = npt.NDArray[np.float64]
BLOCK_NUMBERS = 4_000_000
"""How many weights of detections are held at once: 32 MB, a few times over."""


def intersection_over_union(these: npt.NDArray[Any], those: npt.NDArray[Any]) -> Floats:
    """Return (m, k): the overlap of each box with each, over the area that the two cover.

    Two boxes without any area do not overlap: 0.
    """
    one, other = these[:, np.newaxis, :4].astype(float), those[np.newaxis, :, :4].astype(float)
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    common = np.prod(np.maximum(sides, 0.0), axis=-1)
    covered = _areas(one) + _areas(other) - common
    shares: Floats = np.divide(common, covered, out=np.zeros_like(common), where=covered > 0)
    return shares


@dataclass(frozen=True)
class Matched:
    """One session's boxes beside the true ones."""

    scores: Floats
    """(d,), of every detection, falling."""
    hits: npt.NDArray[np.bool_]
    """(d,): whether it is the one detection of a true box."""
    items: npt.NDArray[np.int64]
    """(d,): the item that it is of."""
    truths: npt.NDArray[np.int64]
    """(n,): how many true boxes each item has."""
    fit: Floats
    """(n,): the best overlap of the surest box with a true one; NaN but for true positives."""

    def average_precision(self, weights: Floats) -> Floats:
        """Return (r,): the area under the precision-recall curve.

        At each recall the precision is the highest at that recall or beyond (M. Everingham et al.,
        The PASCAL Visual Object Classes Challenge: A Retrospective, IJCV 111 (2015), section 4.2,
        all points). Detections of one score come together: no order among them is better. Where
        there is no true box, 0.
        """
        block = max(1, BLOCK_NUMBERS // max(1, len(self.scores)))
        starts = range(0, len(weights), block)
        return np.concatenate([self._areas_under(weights[s : s + block]) for s in starts])

    def mean_overlap(self, weights: Floats) -> Floats:
        """Return (r,): the mean of ``fit`` over true positives; 0 where there is none."""
        seen = ~np.isnan(self.fit)
        count = weights[:, seen].sum(axis=1)
        total = weights[:, seen] @ self.fit[seen]
        mean: Floats = np.divide(total, count, out=np.zeros(len(weights)), where=count > 0)
        return mean

    def _areas_under(self, weights: Floats) -> Floats:
        positives = weights @ self.truths
        if not len(self.scores):
            return np.zeros(len(weights))
        last_of_score = np.flatnonzero(np.append(self.scores[1:] != self.scores[:-1], True))
        of_detection = weights[:, self.items]
        hits = np.cumsum(of_detection * self.hits, axis=1)[:, last_of_score]
        made = np.cumsum(of_detection, axis=1)[:, last_of_score]
        precision = np.divide(hits, made, out=np.zeros_like(hits), where=made > 0)
        best_beyond = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        gained = np.diff(hits, axis=1, prepend=0.0)
        area: Floats = (gained * best_beyond).sum(axis=1)
        return np.divide(area, positives, out=np.zeros(len(weights)), where=positives > 0)


def match(
    predictions: Predictions,
    truth: Sequence[Boxes],
    *,
    least_overlap: float,
    least_score: float,
    max_boxes: int,
) -> Matched:
    """Hold a session's boxes, (m, 5) an item, against the true ones.

    Within an item the surest detection chooses first, and takes the true box that it overlaps most
    of those that are left, if by ``least_overlap`` or more. An item that was not answered counts
    as ``max_boxes`` false detections, the surest of all: no answer must never be better than one.
    """
    each = [
        _match_item(boxes, true, least_overlap, max_boxes)
        for boxes, true in zip(predictions, truth, strict=True)
    ]
    sizes = [len(scores) for scores, _ in each]
    scores = np.concatenate([np.empty(0), *(scores for scores, _ in each)])
    hits = np.concatenate([np.empty(0, np.bool_), *(hits for _, hits in each)])
    order = np.argsort(-scores, kind="stable")
    return Matched(
        scores=scores[order],
        hits=hits[order],
        items=np.repeat(np.arange(len(truth)), sizes)[order],
        truths=np.array([len(true) for true in truth], np.int64),
        fit=np.array(
            [_fit(boxes, true, least_score) for boxes, true in zip(predictions, truth, strict=True)]
        ),
    )


def _match_item(
    boxes: npt.NDArray[np.float32] | None, true: Boxes, least_overlap: float, max_boxes: int
) -> tuple[Floats, npt.NDArray[np.bool_]]:
    if boxes is None:
        return np.full(max_boxes, np.inf), np.zeros(max_boxes, np.bool_)
    order = np.argsort(-boxes[:, 4], kind="stable")
    overlaps = intersection_over_union(boxes[order], true)
    hits = np.zeros(len(boxes), np.bool_)
    for number in range(len(boxes) if len(true) else 0):
        best = int(np.argmax(overlaps[number]))
        if overlaps[number, best] >= least_overlap and overlaps[number, best] > 0:
            hits[number] = True
            overlaps[:, best] = -1.0
    return boxes[order, 4].astype(float), hits


def _fit(boxes: npt.NDArray[np.float32] | None, true: Boxes, least_score: float) -> float:
    if boxes is None or not len(boxes) or not len(true):
        return np.nan
    surest = boxes[np.argmax(boxes[:, 4])]
    if surest[4] < np.float32(least_score):
        return np.nan
    return float(intersection_over_union(surest[np.newaxis], true).max())


def _areas(boxes: Floats) -> Floats:
    areas: Floats = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return areas
