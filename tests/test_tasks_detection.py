"""Metrics of boxes, beside a brute force that is written from the definition alone."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.tasks.detection import Matched, intersection_over_union, match

LEAST_OVERLAP, LEAST_SCORE = 0.5, 0.5
GRID, MAX_BOXES = 8, 4

side = st.tuples(st.integers(0, GRID - 1), st.integers(1, GRID)).map(
    lambda pair: (pair[0] / GRID, min(GRID, pair[0] + pair[1]) / GRID)
)
box = st.tuples(side, side).map(lambda sides: (sides[0][0], sides[1][0], sides[0][1], sides[1][1]))
scored = st.tuples(box, st.sampled_from([0.1, 0.3, 0.5, 0.5, 0.7, 0.9])).map(
    lambda p: (*p[0], p[1])
)
item = st.tuples(st.lists(box, max_size=3), st.none() | st.lists(scored, max_size=MAX_BOXES))
items = st.lists(item, min_size=1, max_size=8)

Item = tuple[list[tuple[float, ...]], list[tuple[float, ...]] | None]


def arrays(drawn: list[Item]) -> tuple[npt.NDArray[np.object_], list[npt.NDArray[np.float64]]]:
    predictions = np.full(len(drawn), None, dtype=object)
    for position, (_, boxes) in enumerate(drawn):
        if boxes is not None:
            predictions[position] = np.array(boxes, np.float32).reshape(-1, 5)
    return predictions, [np.array(true, np.float64).reshape(-1, 4) for true, _ in drawn]


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return width * height / (sum(areas) - width * height)


def brute_detections(drawn: list[Item]) -> list[tuple[float, bool]]:
    """Score and hit of every detection of a whole list of items."""
    found = []
    for true, boxes in drawn:
        if boxes is None:
            found += [(math.inf, False)] * MAX_BOXES
            continue
        left = list(range(len(true)))
        for x1, y1, x2, y2, score in sorted(boxes, key=lambda b: -b[4]):
            best = max(left, key=lambda k: overlap((x1, y1, x2, y2), true[k]), default=None)
            hit = best is not None and overlap((x1, y1, x2, y2), true[best]) >= LEAST_OVERLAP
            if hit and best is not None:
                left.remove(best)
            found.append((score, hit))
    return found


def brute_average_precision(drawn: list[Item]) -> float:
    """Recall and precision at every threshold, then the area under the best precision beyond."""
    truths = sum(len(true) for true, _ in drawn)
    if not truths:
        return 0.0
    found = brute_detections(drawn)
    points = [(0.0, 0.0)]
    for threshold in sorted({score for score, _ in found}, reverse=True):
        taken = [hit for score, hit in found if score >= threshold]
        points.append((sum(taken) / truths, sum(taken) / len(taken)))
    return sum(
        (recall - before) * max(p for r, p in points if r >= recall)
        for (before, _), (recall, _) in pairwise(points)
    )


def brute_mean_overlap(drawn: list[Item]) -> float:
    fits = []
    for true, boxes in drawn:
        if true and boxes:
            surest = max(boxes, key=lambda b: b[4])
            if surest[4] >= LEAST_SCORE:
                fits.append(max(overlap(surest, each) for each in true))
    return sum(fits) / len(fits) if fits else 0.0


def matched(drawn: list[Item], least_overlap: float = LEAST_OVERLAP) -> Matched:
    predictions, truth = arrays(drawn)
    return match(
        predictions,
        truth,
        least_overlap=least_overlap,
        least_score=LEAST_SCORE,
        max_boxes=MAX_BOXES,
    )


@settings(max_examples=300)
@given(items)
def test_metrics_are_those_of_a_brute_force(drawn: list[Item]) -> None:
    seen, once = matched(drawn), np.ones((1, len(drawn)))
    assert seen.average_precision(once)[0] == pytest.approx(
        brute_average_precision(drawn), abs=1e-12
    )
    assert seen.mean_overlap(once)[0] == pytest.approx(brute_mean_overlap(drawn), abs=1e-12)


@settings(max_examples=60)
@given(items, st.data())
def test_a_resample_is_scored_as_the_items_that_it_holds(
    drawn: list[Item], data: st.DataObject
) -> None:
    counts = data.draw(st.lists(st.integers(0, 3), min_size=len(drawn), max_size=len(drawn)))
    held = [item for item, count in zip(drawn, counts, strict=True) for _ in range(count)]
    seen, weights = matched(drawn), np.array([counts, [1] * len(drawn)], float)
    precision = brute_average_precision(held) if held else 0.0
    assert seen.average_precision(weights)[0] == pytest.approx(precision, abs=1e-12)
    assert seen.mean_overlap(weights)[0] == pytest.approx(brute_mean_overlap(held), abs=1e-12)
    assert seen.average_precision(weights)[1] == seen.average_precision(weights[1:])[0]


@given(st.lists(box, max_size=4), st.lists(box, max_size=4))
def test_overlaps_are_shares_and_the_same_both_ways(
    these: list[tuple[float, ...]], those: list[tuple[float, ...]]
) -> None:
    one, other = (np.array(boxes, float).reshape(-1, 4) for boxes in (these, those))
    both = intersection_over_union(one, other)
    assert both.shape == (len(these), len(those))
    assert ((both >= 0) & (both <= 1)).all()
    np.testing.assert_allclose(both, intersection_over_union(other, one).T)
    if len(one):
        np.testing.assert_allclose(np.diag(intersection_over_union(one, one)), 1.0)


def test_a_box_without_area_overlaps_nothing() -> None:
    flat = np.array([[0.5, 0.5, 0.5, 0.9]])
    assert intersection_over_union(flat, flat)[0, 0] == 0


def test_one_true_box_is_found_once() -> None:
    twice: list[Item] = [
        ([(0.0, 0.0, 0.5, 0.5)], [(0.0, 0.0, 0.5, 0.5, 0.9), (0.0, 0.0, 0.5, 0.5, 0.8)])
    ]
    assert matched(twice).hits.tolist() == [True, False]


def test_the_order_of_items_does_not_decide_between_detections_of_one_score() -> None:
    hit: Item = ([(0.0, 0.0, 0.5, 0.5)], [(0.0, 0.0, 0.5, 0.5, 0.7)])
    miss: Item = ([], [(0.0, 0.0, 0.5, 0.5, 0.7)])
    once = np.ones((1, 2))
    assert matched([hit, miss]).average_precision(once) == matched([miss, hit]).average_precision(
        once
    )


@given(items)
def test_no_answer_is_never_better_than_the_one_that_was_given(drawn: list[Item]) -> None:
    once = np.ones((1, len(drawn)))
    for position in range(len(drawn)):
        without = [*drawn]
        without[position] = (drawn[position][0], None)
        assert (
            matched(without).average_precision(once)[0]
            <= matched(drawn).average_precision(once)[0] + 1e-12
        )
