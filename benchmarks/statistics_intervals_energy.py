"""Settings of energy for ``statistics_intervals.py``: sessions, looks, ratios, campaigns."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.records.looks import look_alphas
from harness.records.statistics import (
    CORRELATION,
    LogEstimate,
    difference,
    of_sessions,
    over_campaigns,
    paired_ratio,
)

Floats: TypeAlias = npt.NDArray[np.float64]
Interval: TypeAlias = tuple[float, float]
Found: TypeAlias = tuple[float, list[Interval]]
"""The truth, and an interval of each level."""
Setting: TypeAlias = tuple[str, str, int, Callable[[np.random.Generator, Sequence[float]], Found]]
KINDS = ("normal", "skewed", "heavy tails", "drift", "correlated 0.2", "correlated 0.33")
SESSIONS = (5, 8, 12, 18, 30)
SPREAD = 0.05
"""Of the logarithm of a session's energy, where nothing else is said."""
LOOKS = (5, 8, 12, 18)
SEEN = 0.33
"""Correlation of neighbouring sessions, as it was seen."""


def energy_settings() -> Iterator[Setting]:
    """Yield panel, name, size and the function that draws one and makes its intervals."""
    for count, kind in product(SESSIONS, KINDS):
        yield "energy of sessions", kind, count, partial(_sessions, kind, count, CORRELATION)
    for count, kind in product(SESSIONS, ("normal", "correlated 0.33")):
        yield "without: plain t", kind, count, partial(_sessions, kind, count, 0.0)
    yield from _of_looks()
    for count in SESSIONS:
        yield "energy: ratio of two", "in rounds, machine drifts", count, partial(_rounds, count)
        yield "energy: ratio of two", "apart, unequal spreads", count, partial(_apart, count, 0.0)
        yield "energy: ratio of two", "apart, correlated 0.33", count, partial(_apart, count, SEEN)
    for count, between in product((3, 4, 6, 10), (0.0, 0.01, 0.02, 0.05)):
        title = f"days differ by {between:.0%}, rounds by 2 %"
        yield "energy: ratio over campaigns", title, count, partial(_campaigns, count, between)


def _of_looks() -> Iterator[Setting]:
    for width, (name, correlation) in product(
        (0.5, 0.7, 1.0, 1.5), (("normal", 0.0), ("correlated 0.33", SEEN))
    ):
        title = f"{name}, stops at {width:g} of the spread"
        draw = partial(_looks, width, correlation, corrected=True)
        yield "energy by looks", title, LOOKS[-1], draw
    for width in (0.5, 0.7):
        title = f"normal, stops at {width:g} of the spread"
        draw = partial(_looks, width, 0.0, corrected=False)
        yield "without: alpha corrected for looks", title, LOOKS[-1], draw


def _correlated(rng: np.random.Generator, count: int, correlation: float) -> Floats:
    steps = rng.standard_normal(count)
    logs = np.empty(count)
    logs[0] = steps[0]
    for place in range(1, count):
        logs[place] = correlation * logs[place - 1] + math.sqrt(1 - correlation**2) * steps[place]
    return logs


def _noise(rng: np.random.Generator, kind: str, count: int) -> Floats:
    """Return logarithms of mean 0 and standard deviation 1."""
    if kind.startswith("correlated"):
        return _correlated(rng, count, float(kind.split()[1]))
    if kind == "skewed":  # of skewness 1.15: rarely much more
        return (rng.gamma(3.0, 1.0, count) - 3) / math.sqrt(3)
    if kind == "heavy tails":
        return rng.standard_t(5, count) / math.sqrt(5 / 3)
    noise = rng.standard_normal(count)
    if kind == "drift":  # by two spreads from the first session to the last
        return noise + np.linspace(-1, 1, count)
    return noise


def _intervals(estimate: LogEstimate | None, levels: Sequence[float]) -> Found:
    assert estimate is not None
    found = [estimate.interval(1 - level) for level in levels]
    return 1.0, [each or (0.0, math.inf) for each in found]


def _sessions(
    kind: str, count: int, correlation: float, rng: np.random.Generator, levels: Sequence[float]
) -> Found:
    joules = np.exp(SPREAD * _noise(rng, kind, count)).tolist()
    return _intervals(of_sessions(joules, correlation=correlation), levels)


def _looks(
    width: float,
    correlation: float,
    rng: np.random.Generator,
    levels: Sequence[float],
    *,
    corrected: bool,
) -> Found:
    """Stop where the half-width is at most ``width`` spreads; of each level by itself."""
    joules = np.exp(SPREAD * _correlated(rng, LOOKS[-1], correlation)).tolist()
    assumed = CORRELATION if correlation else 0.0
    found = []
    for level in levels:
        alpha = look_alphas(LOOKS, level)[0] if corrected else 1 - level
        for look in LOOKS:
            estimate = of_sessions(joules[:look], correlation=assumed)
            if estimate is None or estimate.log_half_width(alpha) <= width * SPREAD:
                break
        assert estimate is not None
        found.append(estimate.interval(alpha) or (0.0, math.inf))
    return 1.0, found


def _rounds(count: int, rng: np.random.Generator, levels: Sequence[float]) -> Found:
    machine = 0.1 * _correlated(rng, count, 0.8) + np.linspace(0, 0.1, count)
    ones, others = (np.exp(machine + rng.normal(0, s, count)) for s in (0.02, 0.04))
    return _intervals(paired_ratio(ones.tolist(), others.tolist()), levels)


def _apart(
    count: int, correlation: float, rng: np.random.Generator, levels: Sequence[float]
) -> Found:
    ones, others = (np.exp(s * _correlated(rng, count, correlation)) for s in (0.02, 0.06))
    one, other = of_sessions(ones.tolist()), of_sessions(others.tolist())
    assert one is not None
    assert other is not None
    return _intervals(difference(one, other), levels)


def _campaigns(
    count: int, between: float, rng: np.random.Generator, levels: Sequence[float]
) -> Found:
    estimates = []
    for rounds in rng.choice(SESSIONS, count):
        ratios = np.exp(rng.normal(0, between) + rng.normal(0, 0.02, rounds))
        estimate = paired_ratio(ratios.tolist(), [1.0] * int(rounds))
        assert estimate is not None
        estimates.append(estimate)
    pooled = over_campaigns(estimates)
    assert pooled is not None
    return _intervals(pooled.estimate, levels)
