"""Settings for ``statistics_intervals.py`` of groups that may err whole, and of few groups.

Groups of 10 to 50 items. Some err whole, and items besides by chance; or items of a group are alike
by a beta distribution. The size of a setting is its groups: of so much does it tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import product

import numpy as np
import numpy.typing as npt
from statistics_intervals_quality import Found, QualitySetting, of_metric

from harness.tasks.intervals import Units

Integers = npt.NDArray[np.int64]
PANEL = "groups that err whole"
GROUPS = (5, 10, 20, 50, 100, 625)
SMALLEST, LARGEST = 10, 50
WHOLE = (0.0, 0.02, 0.05, 0.1, 0.2)
BESIDES = (0.01, 0.05)
ALIKE = (0.01, 0.05, 0.2, 0.5)
"""Correlations of items of a group."""
WRONG = 0.05
"""Of the items, where groups are alike by so much."""
SESSIONS = 5


def group_settings() -> Iterator[QualitySetting]:
    """Yield panel, name, size (groups) and the function that draws one and makes its intervals."""
    for groups, whole, besides in product(GROUPS, WHOLE, BESIDES):
        title = f"accuracy, {whole:.0%} err whole, items besides by {besides:.0%}"
        yield PANEL, title, groups, partial(_whole, groups, whole, besides)
    for groups, alike in product(GROUPS, ALIKE):
        title = f"accuracy, {WRONG:.0%} wrong, items of a group correlate by {alike}"
        yield PANEL, title, groups, partial(_alike, groups, alike)
    for groups, whole, besides in product((10, 50), WHOLE[1:4], BESIDES):
        title = f"accuracy, {whole:.0%} err whole, items besides by {besides:.0%}, five sessions"
        draw = partial(_whole, groups, whole, besides, sessions=SESSIONS)
        yield PANEL, title, groups, draw
    for groups, metric in product((10, 20, 50), ("balanced accuracy", "F1", "macro F1")):
        title = f"{metric}, 5% err whole, items besides by 1%"
        yield PANEL, title, groups, partial(_whole, groups, 0.05, 0.01, metric=metric)


@cache
def _sizes(groups: int) -> Integers:
    return np.linspace(SMALLEST, LARGEST, groups).round().astype(np.int64)


@cache
def _groups(groups: int) -> Units:
    of_item = np.arange(groups).repeat(_sizes(groups)).astype(str).tolist()
    return Units(len(of_item), of_item)


def _found(
    groups: int,
    right: npt.NDArray[np.bool_],
    wrong: float,
    *,
    metric: str,
    levels: Sequence[float],
) -> Found:
    """Return what is found of two labels, of which half of a group's items have either."""
    labels = np.arange(right.shape[1]) % 2
    given = np.where(right, labels, 1 - labels)
    expected = np.array([[1 - wrong, wrong, 0.0], [wrong, 1 - wrong, 0.0]]) / 2
    return of_metric(_groups(groups), labels, given, expected, metric=metric, levels=levels)


def _whole(
    groups: int,
    whole: float,
    besides: float,
    rng: np.random.Generator,
    levels: Sequence[float],
    *,
    metric: str = "accuracy",
    sessions: int = 1,
) -> Found:
    """Let groups err whole in every session, and items besides, each session's own."""
    sizes = _sizes(groups)
    lasting = (rng.random(groups) < whole).repeat(sizes)
    right = ~lasting & (rng.random((sessions, int(sizes.sum()))) >= besides)
    wrong = whole + (1 - whole) * besides
    return _found(groups, right, wrong, metric=metric, levels=levels)


def _alike(groups: int, alike: float, rng: np.random.Generator, levels: Sequence[float]) -> Found:
    """Draw groups' shares of errors from the beta distribution by which items correlate so."""
    sizes, both = _sizes(groups), 1 / alike - 1
    shares = rng.beta(WRONG * both, (1 - WRONG) * both, groups).repeat(sizes)
    right = rng.random((1, int(sizes.sum()))) >= shares
    return _found(groups, right, WRONG, metric="accuracy", levels=levels)
