"""Settings of quality for ``statistics_intervals.py``: shares, means of classes, F1, boxes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import product
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.tasks.detection import Matched
from harness.tasks.intervals import Bootstrap, MeanOf, Units, interval, mean_interval
from harness.tasks.scoring import count_confusion, macro_f1, per_class_f1

Floats: TypeAlias = npt.NDArray[np.float64]
Interval: TypeAlias = tuple[float, float]
Found: TypeAlias = tuple[float, list[Interval], float]
"""The truth, an interval of each level, and the estimate."""
QualitySetting: TypeAlias = tuple[
    str, str, int, Callable[[np.random.Generator, Sequence[float]], Found]
]
ITEMS = (86, 200, 500, 1200, 5000)
OF_SCENE = 8
SCENES = (11, 25, 63, 150, 625)
CLASSES = np.array([0.6, 0.35, 0.05])
"""How common each label is."""
ANSWERS = {
    "good": np.array([[0.9, 0.07, 0.03], [0.15, 0.8, 0.05], [0.2, 0.1, 0.7]]),
    "near perfect": np.array([[0.99, 0.005, 0.005], [0.01, 0.98, 0.01], [0.01, 0.02, 0.97]]),
}
"""Rows are labels, columns how often each answer is given to it."""
REDRAWN = 0.05
"""Of the items, that a session answers afresh."""
METRICS = (
    "accuracy",
    "recall of a class of 35 %",
    "precision",
    "balanced accuracy",
    "F1",
    "macro F1",
)
COMMON = 0.06
"""Of the items, that a session gets wrong at the most besides."""
FEW_SESSIONS = 5
"""The fewest of an official protocol; a quick one has three."""
BY_FIVE = (500, 1200)
"""Items of which the metrics of labels are simulated with five sessions as well."""
AFRESH = (*product((500, 1200), (3, 5, 8)), *product((5000,), (3, 5)))
"""Items and sessions of an entry that answers every item by chance anew in each session."""
MORE_AFRESH = (
    *product((86, 200), (3, 5, 8, 12, 30)),
    *product((500, 1200), (12, 30)),
    *product((5000,), (8, 12, 30)),
)
RARE = tuple(product((200, 500, 1200, 5000), (3, 5, 8, 18, 30)))
"""Items and sessions of an entry of which two items err always, and one by chance in a session."""
SHIFTS = {
    "scenes alike": (1.4, 1.4, 0.0),
    "scenes unlike": (1.4, 1.4, 1.0),
    "nearly constant answers": (5.3, -5.3, 0.0),
}
"""Logits of both recalls, and how far scenes shift them apart."""
FOUND, FALSE = 0.8, 0.3
"""Of the objects and of the images, that have a true and a false box."""
FEWER_RESAMPLES = 400


def quality_settings() -> Iterator[QualitySetting]:
    """Yield panel, name, size and the function that draws one and makes its intervals."""
    for items, share in product(ITEMS, (0.55, 0.8, 0.95, 0.99)):
        yield "shares", f"accuracy of {share:.0%}", items, partial(_share, items, share)
    for items, sessions, common in product(ITEMS, (3, 5, 12, 30), (0.0, COMMON)):
        title = f"{sessions} sessions that disagree{' in common' if common else ''}"
        draw = partial(_disagreeing, items, sessions, common)
        if items < ITEMS[-1] or sessions == FEW_SESSIONS:
            yield "shares by several sessions", title, items, draw
    for items, kind, metric in product(ITEMS, ANSWERS, METRICS[1:]):
        draw = partial(_labelled, items, kind, metric, sessions=3)
        yield "metrics of labels", f"{metric}, {kind}, three sessions", items, draw
    for scenes, each, metric in product(SCENES, SHIFTS, ("accuracy", "balanced accuracy", "F1")):
        draw = partial(_scenes, scenes, SHIFTS[each], metric)
        yield "metrics by groups", f"{metric}, {each}", scenes * OF_SCENE, draw
    for items, metric in product(ITEMS[:3], ("average precision", "mean IoU")):
        yield "metrics of boxes", metric, items, partial(_boxes, items, metric)


def quality_settings_by_sessions() -> Iterator[QualitySetting]:
    """Yield more of them, whose numbers come last: those of the others seed their randomness."""
    for items, kind, metric in product(BY_FIVE, ANSWERS, METRICS[1:]):
        draw = partial(_labelled, items, kind, metric, sessions=FEW_SESSIONS)
        yield "metrics of labels", f"{metric}, {kind}, five sessions", items, draw
    for items, sessions in AFRESH:
        title = f"{sessions} sessions that answer afresh and err in common"
        draw = partial(_afresh, items, sessions, COMMON)
        yield "shares by several sessions", title, items, draw


def newest_quality_settings() -> Iterator[QualitySetting]:
    """Yield those that came last: without errors in common, and afresh by more sizes and sessions.

    With nothing in common, the sessions' values may lie close together by luck.
    """
    for items, sessions in MORE_AFRESH:
        title = f"{sessions} sessions that answer afresh and err in common"
        draw = partial(_afresh, items, sessions, COMMON)
        yield "shares by several sessions", title, items, draw
    for items, sessions in sorted((*AFRESH, *MORE_AFRESH)):
        title = f"{sessions} sessions that answer afresh, with nothing in common"
        draw = partial(_afresh, items, sessions, 0.0)
        yield "shares by several sessions", title, items, draw
    for items, sessions in RARE:
        title, draw = f"{sessions} sessions of rare errors", partial(_rare, items, sessions)
        yield "shares by several sessions", title, items, draw


@cache
def _alone(items: int) -> Units:
    return Units(items, None)


@cache
def _in_scenes(scenes: int) -> Units:
    return Units(scenes * OF_SCENE, [str(item // OF_SCENE) for item in range(scenes * OF_SCENE)])


def _of_share(
    truth: float,
    units: Units,
    hits: npt.NDArray[np.bool_],
    levels: Sequence[float],
    counted: npt.NDArray[np.bool_] | None = None,
) -> Found:
    everything = np.ones(hits.shape, np.bool_)
    value, spread = units.of_share(hits, everything if counted is None else counted)
    return truth, [interval(value, spread, level) for level in levels], value


def _share(items: int, share: float, rng: np.random.Generator, levels: Sequence[float]) -> Found:
    right = rng.random((1, items)) < share
    return _of_share(share, _alone(items), right, levels)


def _disagreeing(
    items: int, sessions: int, common: float, rng: np.random.Generator, levels: Sequence[float]
) -> Found:
    """Items are mostly easy or hard; a session gets up to ``common`` of them wrong at random."""
    chance = rng.beta(0.4, 0.1, items) * (1 - rng.uniform(0, common, (sessions, 1)))
    right = rng.random((sessions, items)) < chance
    return _of_share(0.8 * (1 - common / 2), _alone(items), right, levels)


def _afresh(
    items: int, sessions: int, common: float, rng: np.random.Generator, levels: Sequence[float]
) -> Found:
    """No item is easier: a session gets up to ``common`` of all wrong, and chance the rest.

    The worst there is for what sessions have in common: single items explain all but that.
    """
    chance = 0.8 * (1 - rng.uniform(0, common, (sessions, 1)))
    right = rng.random((sessions, items)) < chance
    return _of_share(0.8 * (1 - common / 2), _alone(items), right, levels)


def _rare(items: int, sessions: int, rng: np.random.Generator, levels: Sequence[float]) -> Found:
    """Two items are to be expected that err in every session, and one error by chance in each.

    More sessions show more of the chance, and none of the items that there might have been.
    """
    lasting, chance = 2 / items, 1 / items
    right = (rng.random(items) >= lasting) & (rng.random((sessions, items)) >= chance)
    return _of_share((1 - lasting) * (1 - chance), _alone(items), right, levels)


def _answered(
    rng: np.random.Generator, labels: npt.NDArray[np.int64], answers: Floats, sessions: int
) -> npt.NDArray[np.int64]:
    upto = answers.cumsum(axis=1)[labels][:, :-1]
    first = (rng.random(len(labels))[:, np.newaxis] > upto).sum(axis=1)
    again = (rng.random((sessions, len(labels), 1)) > upto).sum(axis=2)
    answered: npt.NDArray[np.int64] = np.where(
        rng.random((sessions, len(labels))) < REDRAWN, again, first
    )
    return answered


def _labelled(
    items: int,
    kind: str,
    metric: str,
    rng: np.random.Generator,
    levels: Sequence[float],
    *,
    sessions: int,
) -> Found:
    answers = ANSWERS[kind]
    labels = rng.choice(len(CLASSES), items, p=CLASSES)
    given = _answered(rng, labels, answers, sessions)
    expected = np.concatenate([CLASSES[:, np.newaxis] * answers, np.zeros((3, 1))], axis=1)
    return of_metric(_alone(items), labels, given, expected, metric=metric, levels=levels)


def of_metric(
    units: Units,
    labels: npt.NDArray[np.int64],
    given: npt.NDArray[np.int64],
    expected: Floats,
    *,
    metric: str,
    levels: Sequence[float],
) -> Found:
    """Return the metric of the whole population, ``expected`` (k, k + 1), and the intervals."""
    hits, last = given == labels, len(expected) - 1
    recalls = np.diagonal(expected) / expected.sum(axis=1)
    if metric == "accuracy":
        return _of_share(float(np.diagonal(expected).sum()), units, hits, levels)
    if metric.startswith("recall"):
        counted = np.broadcast_to(labels == 1, hits.shape)
        return _of_share(float(recalls[1]), units, hits, levels, counted)
    if metric == "precision":
        truth = float(expected[1, 1] / expected[:, 1].sum())
        return _of_share(truth, units, hits, levels, given == 1)
    if metric == "balanced accuracy":
        each = [np.broadcast_to(labels == label, hits.shape) for label in np.unique(labels)]
        mean = units.mean_of_shares(hits, each)
        return _of_mean(float(recalls.mean()), mean, levels)
    bootstrap = Bootstrap(given, labels, len(expected), units)
    confusions = np.stack([count_confusion(each, labels, last + 1) for each in given])
    if metric == "macro F1":
        mean = bootstrap.mean_of_classes(confusions, macro_f1, per_class_f1)
        return _of_mean(float(macro_f1(expected)), mean, levels)
    (spread,) = bootstrap.spreads([lambda confusion: per_class_f1(confusion)[..., last]], [last])
    value = float(per_class_f1(confusions)[:, last].mean())
    truth = float(per_class_f1(expected)[last])
    return truth, [interval(value, spread, level, counts=False) for level in levels], value


def _of_mean(truth: float, mean: MeanOf, levels: Sequence[float]) -> Found:
    return truth, [mean_interval(mean, level) for level in levels], mean.value


def _logistic(x: Floats) -> Floats:
    return 1 / (1 + np.exp(-x))


@cache
def _mean_recall(logit: float, spread: float) -> float:
    """Return the mean over scenes, by Gauss and Hermite."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    return float(weights @ _logistic(logit + spread * nodes) / weights.sum())


def _scenes(
    scenes: int,
    shift: tuple[float, float, float],
    metric: str,
    rng: np.random.Generator,
    levels: Sequence[float],
) -> Found:
    """Half of a scene's tiles are of either label; scenes differ, and shift both recalls apart."""
    intact, cleared, unlike = shift
    labels = np.tile(np.arange(OF_SCENE) % 2, scenes)
    apart = unlike * rng.standard_normal(scenes)
    common = 0.7 * rng.standard_normal(scenes)
    logits = np.stack([intact + common - apart, cleared + common + apart], axis=1)
    right = rng.random(scenes * OF_SCENE) < _logistic(logits).repeat(OF_SCENE // 2, axis=0).ravel()
    given = np.where(right, labels, 1 - labels)[np.newaxis]
    spread = float(np.hypot(0.7, unlike))
    first, second = (_mean_recall(logit, spread) / 2 for logit in (intact, cleared))
    expected = np.array([[first, 0.5 - first, 0.0], [0.5 - second, second, 0.0]])
    return of_metric(_in_scenes(scenes), labels, given, expected, metric=metric, levels=levels)


def _images(rng: np.random.Generator, items: int) -> Matched:
    """Half of the images hold an object; most are found, some boxes are false."""
    truths = rng.integers(0, 2, items)
    found = (rng.random(items) < FOUND) & (truths > 0)
    false = rng.random(items) < FALSE
    scores = np.concatenate([rng.beta(4, 2, found.sum()), rng.beta(2, 3, false.sum())])
    hits = np.repeat([True, False], [found.sum(), false.sum()])
    where = np.concatenate([np.flatnonzero(found), np.flatnonzero(false)])
    order = np.argsort(-scores)
    fit = np.where(found, rng.beta(6, 2, items), np.nan)
    return Matched(scores[order], hits[order], where[order], truths, fit)


@cache
def _true_precision() -> float:
    """Return the average precision of a million images: its own error is 0.05 %."""
    many = _images(np.random.Generator(np.random.PCG64(1)), 1_000_000)
    return float(many.average_precision(np.ones((1, 1_000_000)))[0])


def _boxes(items: int, metric: str, rng: np.random.Generator, levels: Sequence[float]) -> Found:
    matched = _images(rng, items)
    if metric == "mean IoU":
        truth, function, needs = 0.75, matched.mean_overlap, ~np.isnan(matched.fit)
    else:
        truth, function, needs = _true_precision(), matched.average_precision, matched.truths > 0
    spread = _alone(items).resampled_spread([function], needs[np.newaxis])
    value = float(function(np.ones((1, items)))[0])
    return truth, [interval(value, spread, level, counts=False) for level in levels], value
