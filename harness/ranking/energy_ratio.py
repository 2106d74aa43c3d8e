"""The sessions of an entry, the ratio of two entries' energies, and what it would take. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal, TypeAlias

from harness.records.statistics import ALPHA, LogEstimate, Pooled, difference, t_quantile
from harness.records.sums import total

Pairing: TypeAlias = Literal["rounds", "campaigns", "occasions", "none"]
Unit: TypeAlias = Literal["sessions", "rounds", "campaigns", "occasions"]
Campaign: TypeAlias = Mapping[int, float]
"""Joules per 1,000 queries of one entry in one campaign, by round."""

POWER = 0.8
"""How often what it would take is to suffice, by the figures seen."""
MOST_UNITS = 100_000
"""More than anybody runs: what needs more is told as never."""
MOST_LOG = math.log(1e12)
"""Of a ratio: what is more is beyond all reason."""
LEAST_SHARED = 3
"""Rounds of a campaign that two entries must share, or sessions that each must have of an occasion,
to be compared by it. Two sessions show too little of their spread: beside five or eight of another
entry's the interval missed in up to 8 %, of three in up to 4 %."""


@dataclass(frozen=True)
class Series:
    """The sessions of one entry whose energy is resolved."""

    joules: tuple[float, ...]
    """Per 1,000 queries, one a session."""
    kernels: tuple[float, ...]
    """CPU seconds of the reference kernel beside each session."""
    meter_share: float = 0.0
    """What edges and steps leave open of one session, the root mean square over them: a half-width
    at 95 %, over its joules."""
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    """Those of the joules that were measured in campaigns, by identifier."""
    controls: Mapping[str, Campaign] = field(default_factory=dict)
    """The control entry's in these campaigns: the same control for both sides."""
    control_meter_share: float = 0.0
    """``meter_share`` of the control's sessions."""
    alpha: float = ALPHA
    """What the look at which the evaluation ended left for its interval."""
    occasions: tuple[int, ...] = ()
    """The number of each session's occasion, the same for both sides (``ranking.occasions``);
    nothing: all sessions of both are of one."""

    def left_open(self, sessions: float, *, by_control: bool) -> float:
        """Return what the meter leaves open of the mean of so many sessions, as a half-width.

        Of their ratios to as many sessions of the control, both have a part in it.
        """
        of_one = math.hypot(self.meter_share, self.control_meter_share if by_control else 0.0)
        return of_one / math.sqrt(sessions)


@dataclass(frozen=True)
class Ratio:
    """The logarithm of b over a, and how its error would shrink."""

    estimate: LogEstimate
    units: int
    """The fewest that either entry has."""
    worth: tuple[float, float]
    """How many sessions of a and of b it is worth (``worth_of``)."""
    scatter: float
    """The standard error that one unit of each would have: it shrinks with the root of their
    number."""
    degrees_a_unit: float
    """Degrees of freedom, for each unit beyond the first."""
    method: str
    pairing: Pairing = "none"
    unit: Unit = "sessions"
    drift: float = 0.0
    """A half-width that no number of units makes smaller."""


@dataclass(frozen=True)
class TooFew:
    """Why the sessions that there are say nothing, and of what it would take how many."""

    reason: str
    needed: int | None = None
    unit: Unit = "sessions"


def ratio_of(
    a: LogEstimate,
    b: LogEstimate,
    counts: tuple[int, int],
    *,
    worth: tuple[float, float],
    method: str,
    pairing: Pairing = "none",
    unit: Unit = "sessions",
    drift: float = 0.0,
) -> Ratio:
    """Return b over a, of so many independent units each; no standard error is 0."""
    variances = [each.standard_error**2 * count for each, count in zip((a, b), counts, strict=True)]
    together, squares = total(variances), total([each**2 for each in variances])
    return Ratio(
        difference(b, a),
        units=min(counts),
        worth=worth,
        scatter=math.sqrt(together),
        degrees_a_unit=together**2 / squares,
        method=method,
        pairing=pairing,
        unit=unit,
        drift=drift,
    )


def worth_of(sessions: Sequence[int], weights: Sequence[float] | None = None) -> float:
    """Return how many sessions, counted alike, tell as much as a mean of means does.

    ``sessions`` are the numbers n_i of sessions behind each mean, ``weights`` the w_i that each
    counts for; without them, 1 each. With v the variance of one session, that of the mean of means
    is v * sum(w_i^2 / n_i) / sum(w_i)^2. So a mean of few sessions costs more than its share.
    """
    parts = [1.0] * len(sessions) if weights is None else weights
    squares = total([part**2 / count for part, count in zip(parts, sessions, strict=True)])
    return total(parts) ** 2 / squares


def kernel_log(cpu_seconds: Sequence[float]) -> float:
    """Return the mean logarithm of what the reference kernel cost; 0 where nothing was timed.

    What it changed by, from the sessions of one entry to those of another that ran apart, the
    machine may have changed by: so much of their ratio is left open, to either side.
    """
    logs = [math.log(each) for each in cpu_seconds if each > 0]
    return fmean(logs) if logs else 0.0


def between(*pooled: Pooled) -> str:
    """Say how far campaigns differ beyond what their rounds show; nothing where they do not."""
    told = [f"{100 * math.expm1(each.between):.1f} %" for each in pooled]
    if not any(each.between for each in pooled):
        return ""
    return f", which differ by {' and '.join(told)} beyond what rounds show"


def needed(ratio: Ratio, scatter: float, alpha: float, margin: float, *, fewest: int) -> int | None:
    """Return how many units of each would settle it, ``fewest`` at least.

    To tell a ratio as far from 1 as the one seen, or to show that it is within the margin, in
    ``POWER`` of tries; ``None`` where no number would do.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - long to import, for comparisons only

    seen = abs(ratio.estimate.log)
    target = max(seen, margin - seen) - ratio.drift

    def suffices(units: int) -> bool:
        degrees = ratio.degrees_a_unit * (units - 1)
        quantiles = t_quantile(degrees, alpha) + float(stdtrit(degrees, POWER))
        return quantiles * scatter / math.sqrt(units) <= target

    low, high = fewest - 1, fewest
    while not suffices(high):
        low, high = high, 2 * high
        if high > MOST_UNITS:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return max(high, ratio.units + 1)
