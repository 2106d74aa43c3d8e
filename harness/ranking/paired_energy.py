"""The energy of two entries on one machine: their ratio, and whether it can be told from 1. Pure.

On the logarithms of joules per 1,000 queries, session by session; the meter's gain is the same for
both and falls out. In this order:

- rounds: where both took part in one campaign, each round gives one difference, free of what the
  machine did meanwhile; Student's t over rounds. A day has a part in all rounds of its campaign, so
  that rounds of several are not pooled: of as many shared campaigns as the rules ask for, three or
  more, each gives a ratio, with what varies between campaigns
  (``records.statistics.over_campaigns``); of fewer, the one with the most rounds counts;
- control: of as many campaigns of each as the rules ask for, ratios to the control entry that they
  have in common, with what varies between campaigns likewise;
- apart (``energy_apart``): the sessions of a day or campaign that both ran on, else what varies
  between as many days or campaigns of each; of fewer nothing is said.

No interval is narrower than what the edges and steps of the meter's windows leave open, of the
control's too where it is compared by, and sessions that do not differ are held to vary by
``LEAST_SPREAD``, as on a board.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from statistics import NormalDist
from typing import Literal, TypeAlias

from harness.ranking.energy_apart import apart
from harness.ranking.energy_ratio import (
    LEAST_SHARED,
    MOST_LOG,
    Campaign,
    Pairing,
    Ratio,
    Series,
    TooFew,
    Unit,
    between,
    needed,
    ratio_of,
    worth_of,
)
from harness.records.base import Frozen
from harness.records.board import Interval
from harness.records.statistics import (
    ALPHA,
    LEAST_SPREAD,
    LogEstimate,
    Pooled,
    blocked_ratio,
    over_campaigns,
)

EnergyStatus: TypeAlias = Literal["less", "more", "equivalent", "not-told-apart", "not-compared"]

_NORMAL_95 = NormalDist().inv_cdf(1 - ALPHA / 2)


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
    takes less. ``None`` where it is settled, or where no number would do. Of what is not compared
    for want of days or campaigns: so many at least would make a comparison."""
    unit: Unit = "sessions"
    """What is counted in ``needed``."""
    reason: str = ""
    """Why nothing is compared."""


def not_compared(reason: str) -> EnergyFinding:
    """Return a finding that claims nothing."""
    return EnergyFinding(status="not-compared", reason=reason)


def compare_energy(a: Series, b: Series, *, margin: float, least_campaigns: int) -> EnergyFinding:
    """Compare the sessions of two entries; ``margin`` is the relative difference that is none.

    ``least_campaigns`` is how many the rules ask for where campaigns, or days, are pooled.
    """
    ratio = (
        _by_rounds(a, b, least_campaigns)
        or _by_campaigns(a, b, least_campaigns)
        or apart(a, b, least_campaigns)
    )
    if isinstance(ratio, TooFew):
        return EnergyFinding(
            status="not-compared", reason=ratio.reason, needed=ratio.needed, unit=ratio.unit
        )
    by_control = ratio.pairing == "campaigns"
    half_widths = (
        each.left_open(worth, by_control=by_control)
        for each, worth in zip((a, b), ratio.worth, strict=True)
    )
    left_open = math.hypot(*half_widths) / _NORMAL_95
    estimate = ratio.estimate.at_least(left_open)
    alpha, nothing = min(a.alpha, b.alpha), math.log1p(margin)
    half = estimate.log_half_width(alpha) + ratio.drift
    low, high = estimate.log - half, estimate.log + half
    if max(-low, high) > MOST_LOG:
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
            needed(
                ratio,
                scatter,
                alpha,
                nothing,
                fewest=least_campaigns
                if ratio.unit in {"campaigns", "occasions"}
                else LEAST_SHARED,
            )
            if status == "not-told-apart"
            else None
        ),
        unit=ratio.unit,
    )


def _status(low: float, high: float, margin: float) -> EnergyStatus:
    """Read an interval of the logarithm of b's energy over a's."""
    if high < 0:
        return "less"
    if low > 0:
        return "more"
    return "equivalent" if -margin < low and high < margin else "not-told-apart"


def _by_rounds(a: Series, b: Series, least_campaigns: int) -> Ratio | None:
    """Pair the sessions of the same rounds; ``None`` where no campaign has enough of both."""
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
        return Ratio(
            pooled.estimate,
            units=len(shared),
            worth=(worth_of([*rounds.values()], pooled.weights),) * 2,
            scatter=pooled.estimate.standard_error * math.sqrt(len(shared)),
            degrees_a_unit=1.0,
            method=f"paired by {sum(rounds.values())} rounds, random effects over {len(shared)} "
            f"campaigns{between(pooled)}",
            pairing="rounds",
            unit="campaigns",
        )
    chosen = max(sorted(shared), key=rounds.__getitem__)
    count, estimate = rounds[chosen], shared[chosen]
    others = (
        f", of one campaign of {len(shared)}: fewer than {least_campaigns} do not show how "
        "campaigns differ"
        if len(shared) > 1
        else ""
    )
    return Ratio(
        estimate,
        units=count,
        worth=(count, count),
        scatter=estimate.standard_error * math.sqrt(count),
        degrees_a_unit=1.0,
        method=f"paired by {count} rounds, Student's t on logarithms{others}",
        pairing="rounds",
        unit="rounds",
    )


def _blocked(ones: Campaign, others: Campaign) -> LogEstimate | None:
    if len(ones.keys() & others.keys()) < LEAST_SHARED:
        return None
    return blocked_ratio(ones, others, least_spread=LEAST_SPREAD)


def _by_campaigns(a: Series, b: Series, least_campaigns: int) -> Ratio | None:
    """Compare ratios to the control entry, pooled over campaigns; ``None`` where they are few."""
    mine, theirs = (_to_control(each) for each in (a, b))
    tried = [over_campaigns([*each.values()], least_campaigns) for each in (mine, theirs)]
    pooled = [each for each in tried if each is not None]
    if len(pooled) < len(tried):
        return None
    return ratio_of(
        pooled[0].estimate,
        pooled[1].estimate,
        (len(mine), len(theirs)),
        worth=(
            _worth_by_control(a, mine.keys(), pooled[0]),
            _worth_by_control(b, theirs.keys(), pooled[1]),
        ),
        method="ratios to the control entry, random effects over "
        f"{len(mine)} and {len(theirs)} campaigns{between(*pooled)}",
        pairing="campaigns",
        unit="campaigns",
    )


def _worth_by_control(series: Series, campaigns: Iterable[str], pooled: Pooled) -> float:
    shared = [len(series.campaigns[c].keys() & series.controls[c].keys()) for c in campaigns]
    return worth_of(shared, pooled.weights)


def _to_control(series: Series) -> dict[str, LogEstimate]:
    """Return the ratio to the control in each campaign that has rounds enough of both."""
    found = {
        campaign: _blocked(rounds, series.controls.get(campaign, {}))
        for campaign, rounds in sorted(series.campaigns.items())
    }
    return {campaign: each for campaign, each in found.items() if each is not None}
