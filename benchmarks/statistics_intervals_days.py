"""Settings for ``statistics_intervals.py`` of two entries that did not take turns, on some days.

A day changes all of its sessions alike; an entry has a day of its own besides. Sessions of a day,
five of them, vary by 2 % and neighbours are alike, as they were seen to be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import TypeAlias

import numpy as np

from harness.ranking.energy_ratio import Series
from harness.ranking.paired_energy import compare_energy
from harness.records.rules import LEAST_CAMPAIGNS
from harness.records.statistics import CORRELATION

Interval: TypeAlias = tuple[float, float]
Found: TypeAlias = tuple[float, list[Interval]]
Setting: TypeAlias = tuple[str, str, int, Callable[[np.random.Generator, Sequence[float]], Found]]
PANEL = "energy: two entries run apart"
SESSIONS, SPREAD = 5, 0.02
BETWEEN = (0.0, 0.02, 0.1)
"""Of the logarithm, from day to day."""


def day_settings() -> Iterator[Setting]:
    """Yield panel, name, size (days of the one that has fewer) and the function that draws one."""
    for (few, many), between in product(((3, 3), (3, 8), (6, 6)), BETWEEN):
        title = f"{few} and {many} days, none in common, differ by {between:.0%}"
        yield PANEL, title, few, partial(_other_days, few, many, between)
    for days, own in product((1, 3, 6), (0.0, 0.02)):
        if days == 1 and own:
            continue  # one day does not show it, as `compare` says
        title = f"days in common, differ by 10 %, of each entry by {own:.0%} besides"
        yield PANEL, title, days, partial(_same_days, days, own)


def _sessions(rng: np.random.Generator, days: Sequence[float]) -> list[float]:
    steps = rng.standard_normal((len(days), SESSIONS))
    logs = np.empty_like(steps)
    logs[:, 0] = steps[:, 0]
    fresh = math.sqrt(1 - CORRELATION**2)
    for place in range(1, SESSIONS):
        logs[:, place] = CORRELATION * logs[:, place - 1] + fresh * steps[:, place]
    made: list[float] = np.exp(np.array(days)[:, None] + SPREAD * logs).ravel().tolist()
    return made


def _series(joules: list[float], first_day: int, alpha: float) -> Series:
    occasions = tuple(first_day + place // SESSIONS for place in range(len(joules)))
    return Series(tuple(joules), (0.1,) * len(joules), alpha=alpha, occasions=occasions)


def _found(
    ones: list[float], others: list[float], first_day: int, levels: Sequence[float]
) -> Found:
    found = []
    for level in levels:
        one, other = _series(ones, 0, 1 - level), _series(others, first_day, 1 - level)
        made = compare_energy(one, other, margin=0.02, least_campaigns=LEAST_CAMPAIGNS)
        found.append(made.ratio_interval or (0.0, math.inf))
    return 1.0, found


def _other_days(
    few: int, many: int, between: float, rng: np.random.Generator, levels: Sequence[float]
) -> Found:
    ones, others = (_sessions(rng, rng.normal(0, between, days).tolist()) for days in (few, many))
    return _found(ones, others, few, levels)


def _same_days(days: int, own: float, rng: np.random.Generator, levels: Sequence[float]) -> Found:
    weather = rng.normal(0, 0.1, days)
    ones, others = (_sessions(rng, (weather + rng.normal(0, own, days)).tolist()) for _ in range(2))
    return _found(ones, others, 0, levels)
