"""The energy of two entries on one machine: their ratio, and whether it can be told from 1. Pure.

On the logarithms of joules per 1,000 queries, session by session; the meter's gain is the same for
both and falls out. In this order:

- rounds: where both took part in one campaign, each round gives one difference, free of what the
  machine did meanwhile; Student's t over rounds. A day has a part in all rounds of its campaign, so
  that rounds of several are not pooled: of as many shared campaigns as the rules ask for, three or
  more, each gives a ratio, with what varies between campaigns
  (``records.statistics.over_campaigns``); of fewer, the one with the most rounds counts;
- control: where each took part in campaigns of its own, ratios to the control entry of these, with
  what varies between campaigns likewise;
- apart: Welch's interval for sessions that were run apart from one another. What the machine did
  in between is then mixed into the ratio: the interval is made wider, on both sides, by what the
  reference kernel's cost changed by.

No interval is narrower than what the edges and steps of the meter's windows leave open, and
sessions that do not differ are held to vary by ``LEAST_SPREAD``, as on a board.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist, fmean
from typing import Literal, TypeAlias

from scipy.special import stdtrit

from harness.records.base import Frozen
from harness.records.board import Interval
from harness.records.statistics import (
    ALPHA,
    LEAST_SPREAD,
    LogEstimate,
    Pooled,
    blocked_ratio,
    difference,
    of_sessions,
    over_campaigns,
    t_quantile,
)

EnergyStatus: TypeAlias = Literal["less", "more", "equivalent", "not-told-apart", "not-compared"]
Pairing: TypeAlias = Literal["rounds", "campaigns", "none"]
Unit: TypeAlias = Literal["sessions", "rounds", "campaigns"]
Campaign: TypeAlias = Mapping[int, float]
"""Joules per 1,000 queries of one entry in one campaign, by round."""

POWER = 0.8
"""How often what it would take is to suffice, by the figures seen."""
MOST_UNITS = 100_000
"""More than anybody runs: what needs more is told as never."""
FEWEST = 2
"""Values that make a spread."""
_NORMAL_95 = NormalDist().inv_cdf(1 - ALPHA / 2)


@dataclass(frozen=True)
class Series:
    """The sessions of one entry whose energy is resolved."""

    joules: tuple[float, ...]
    """Per 1,000 queries, one a session."""
    kernels: tuple[float, ...]
    """CPU seconds of the reference kernel beside each session."""
    random_share: float = 0.0
    """What edges and steps leave open of the mean: a half-width at 95 %, over the mean."""
    campaigns: Mapping[str, Campaign] = field(default_factory=dict)
    """The same joules where they were measured in campaigns, by identifier; all, or none."""
    controls: Mapping[str, Campaign] = field(default_factory=dict)
    """The control entry's in these campaigns."""
    alpha: float = ALPHA
    """What the look at which the evaluation ended left for its interval."""


class EnergyFinding(Frozen, kw_only=True):
    """How the energy of b differs from that of a."""

    status: EnergyStatus
    ratio: float | None = None
    """b's joules over a's."""
    ratio_interval: Interval | None = None
    """At 95 %, corrected for looks where an evaluation ended at one."""
    method: str = ""
    pairing: Pairing = "none"
    needed: int | None = None
    """What it would take of each entry, in all, at 80 %, to settle it by figures such as these: to
    tell a ratio as far from 1 as the one seen, or to show that it is within the margin, whichever
    takes less. ``None`` where it is settled, or where no number would do."""
    unit: Unit = "sessions"
    """What is counted in ``needed``."""
    reason: str = ""
    """Why nothing is compared."""


@dataclass(frozen=True)
class _Ratio:
    """The logarithm of b over a, and how its error would shrink."""

    estimate: LogEstimate
    units: int
    """The fewest that either entry has."""
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
    used: int | None = None
    """How many sessions of each are in it; ``None``: all."""


def not_compared(reason: str) -> EnergyFinding:
    """Return a finding that claims nothing."""
    return EnergyFinding(status="not-compared", reason=reason)


def compare_energy(a: Series, b: Series, *, margin: float, least_campaigns: int) -> EnergyFinding:
    """Compare the sessions of two entries; ``margin`` is the relative difference that is none.

    ``least_campaigns`` is how many the rules ask for where campaigns are pooled.
    """
    ratio = (
        _by_rounds(a, b, least_campaigns) or _by_campaigns(a, b, least_campaigns) or _apart(a, b)
    )
    if isinstance(ratio, str):
        return not_compared(ratio)
    left_open = math.hypot(*(_left_open(each, ratio.used) for each in (a, b))) / _NORMAL_95
    estimate = ratio.estimate.at_least(left_open)
    alpha, nothing = min(a.alpha, b.alpha), math.log1p(margin)
    half = estimate.log_half_width(alpha) + ratio.drift
    low, high = estimate.log - half, estimate.log + half
    if max(-low, high) > _MOST_LOG:
        return not_compared("their sessions differ among themselves beyond all reason")
    status = _status(low, high, nothing)
    scatter = max(ratio.scatter, left_open * math.sqrt(ratio.units))
    return EnergyFinding(
        status=status,
        ratio=math.exp(estimate.log),
        ratio_interval=(math.exp(low), math.exp(high)),
        method=ratio.method,
        pairing=ratio.pairing,
        needed=(
            _needed(
                ratio,
                scatter,
                alpha,
                nothing,
                fewest=least_campaigns if ratio.unit == "campaigns" else FEWEST,
            )
            if status == "not-told-apart"
            else None
        ),
        unit=ratio.unit,
    )


_MOST_LOG = math.log(1e12)


def _left_open(series: Series, used: int | None) -> float:
    """Return what the meter leaves open of the mean of so many of the sessions."""
    of = len(series.joules)
    return series.random_share * math.sqrt(of / (used or of))


def _status(low: float, high: float, margin: float) -> EnergyStatus:
    """Read an interval of the logarithm of b's energy over a's."""
    if high < 0:
        return "less"
    if low > 0:
        return "more"
    return "equivalent" if -margin < low and high < margin else "not-told-apart"


def _by_rounds(a: Series, b: Series, least_campaigns: int) -> _Ratio | None:
    """Pair the sessions of the same rounds; ``None`` where no campaign has two of both."""
    shared: dict[str, LogEstimate] = {}
    for campaign in sorted(a.campaigns.keys() & b.campaigns.keys()):
        found = _blocked(b.campaigns[campaign], a.campaigns[campaign])
        if found is not None:
            shared[campaign] = found
    if not shared:
        return None
    rounds = {each: len(a.campaigns[each].keys() & b.campaigns[each].keys()) for each in shared}
    pooled = over_campaigns([*shared.values()], least_campaigns)
    if pooled is not None:
        return _Ratio(
            pooled.estimate,
            units=len(shared),
            scatter=pooled.estimate.standard_error * math.sqrt(len(shared)),
            degrees_a_unit=1.0,
            method=f"paired by {sum(rounds.values())} rounds, random effects over {len(shared)} "
            f"campaigns{_between(pooled)}",
            pairing="rounds",
            unit="campaigns",
            used=sum(rounds.values()),
        )
    chosen = max(sorted(shared), key=rounds.__getitem__)
    count, estimate = rounds[chosen], shared[chosen]
    others = (
        f", of one campaign of {len(shared)}: fewer than {least_campaigns} do not show how "
        "campaigns differ"
        if len(shared) > 1
        else ""
    )
    return _Ratio(
        estimate,
        units=count,
        scatter=estimate.standard_error * math.sqrt(count),
        degrees_a_unit=1.0,
        method=f"paired by {count} rounds, Student's t on logarithms{others}",
        pairing="rounds",
        unit="rounds",
        used=count,
    )


def _blocked(ones: Campaign, others: Campaign) -> LogEstimate | None:
    return blocked_ratio(ones, others, least_spread=LEAST_SPREAD)


def _between(*pooled: Pooled) -> str:
    """Say how far campaigns differ beyond what their rounds show; nothing where they do not."""
    told = [f"{100 * math.expm1(each.between):.1f} %" for each in pooled]
    if not any(each.between for each in pooled):
        return ""
    return f", which differ by {' and '.join(told)} beyond what rounds show"


def _by_campaigns(a: Series, b: Series, least_campaigns: int) -> _Ratio | str | None:
    """Compare ratios to the control entry, pooled over campaigns.

    ``None`` where one took part in no campaign; a text says why the campaigns do not suffice.
    """
    ratios = [_to_control(each) for each in (a, b)]
    mine, theirs = ratios
    if mine is None or theirs is None:
        return None
    tried = (over_campaigns(each, least_campaigns) for each in (mine, theirs))
    pooled = [each for each in tried if each is not None]
    if len(pooled) < len(ratios):
        return (
            "they took part in different campaigns, and fewer than "
            f"{least_campaigns} of each say too little of how campaigns differ"
        )
    counts = len(mine), len(theirs)
    estimates = pooled[0].estimate, pooled[1].estimate
    return _ratio_of(
        *estimates,
        counts,
        method="ratios to the control entry, random effects over "
        f"{counts[0]} and {counts[1]} campaigns{_between(*pooled)}",
        pairing="campaigns",
        unit="campaigns",
    )


def _to_control(series: Series) -> list[LogEstimate] | None:
    """Return the ratio to the control in each campaign; ``None`` where there was none."""
    if not series.campaigns:
        return None
    found = (
        _blocked(rounds, series.controls.get(campaign, {}))
        for campaign, rounds in sorted(series.campaigns.items())
    )
    return [each for each in found if each is not None]


def _apart(a: Series, b: Series) -> _Ratio | str:
    """Take the two as run apart from one another."""
    mine, theirs = (of_sessions(each.joules, least_spread=LEAST_SPREAD) for each in (a, b))
    if mine is None or theirs is None:
        return f"fewer than {FEWEST} sessions of one of them have a figure of energy"
    drift = abs(_log_mean(b.kernels) - _log_mean(a.kernels))
    return _ratio_of(
        mine,
        theirs,
        (len(a.joules), len(b.joules)),
        method="run apart: Welch's interval on logarithms, wider by the reference kernel's change "
        f"of {100 * math.expm1(drift):.1f} %",
        drift=drift,
    )


def _ratio_of(
    a: LogEstimate,
    b: LogEstimate,
    counts: tuple[int, int],
    *,
    method: str,
    pairing: Pairing = "none",
    unit: Unit = "sessions",
    drift: float = 0.0,
) -> _Ratio:
    """Return b over a, of so many independent units each."""
    variances = [each.standard_error**2 * count for each, count in zip((a, b), counts, strict=True)]
    total, squares = sum(variances), sum(each**2 for each in variances)
    return _Ratio(
        difference(b, a),
        units=min(counts),
        scatter=math.sqrt(total),
        degrees_a_unit=total**2 / squares if squares > 0 else 2.0,
        method=method,
        pairing=pairing,
        unit=unit,
        drift=drift,
    )


def _log_mean(values: Sequence[float]) -> float:
    """Return the mean logarithm; 0 where nothing was timed."""
    logs = [math.log(value) for value in values if value > 0]
    return fmean(logs) if logs else 0.0


def _needed(
    ratio: _Ratio, scatter: float, alpha: float, margin: float, *, fewest: int
) -> int | None:
    """Return how many units of each would settle it, ``fewest`` at least; see ``EnergyFinding``."""
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
