"""Settings for ``statistics_intervals.py`` of recalls that go against each other by session.

An entry gives all items that it is unsure of to one of two classes, drawn anew in each session: the
recall of that class gains what the other loses. Recalls vary by much, their mean by little, so that
intervals of the mean that are drawn in from theirs may be too narrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import product

import numpy as np
from statistics_intervals_quality import Found, QualitySetting, of_metric

from harness.tasks.intervals import Units

PANEL = "metrics of labels"
ITEMS = (200, 500, 1_200, 5_000)
SESSIONS = (3, 5)
UNSURE = 0.5
"""Of the items."""


def against_settings() -> Iterator[QualitySetting]:
    """Yield panel, name, size (items) and the function that draws one and makes its intervals."""
    for items, sessions, metric in product(ITEMS, SESSIONS, ("balanced accuracy", "macro F1")):
        title = f"{metric}, recalls against each other, {sessions} sessions"
        yield PANEL, title, items, partial(_against, items, sessions, metric)


@cache
def _alone(items: int) -> Units:
    return Units(items, None)


def _against(
    items: int, sessions: int, metric: str, rng: np.random.Generator, levels: Sequence[float]
) -> Found:
    labels = np.arange(items) % 2
    unsure = rng.random(items) < UNSURE
    given = np.where(unsure, rng.integers(0, 2, (sessions, 1)), labels)
    # A session that gives them to the first class; the other has the same metrics.
    one = np.array([[1.0, 0.0, 0.0], [UNSURE, 1 - UNSURE, 0.0]]) / 2
    return of_metric(_alone(items), labels, given, one, metric=metric, levels=levels)
