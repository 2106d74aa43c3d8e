"""The figures of a row or a summary, from the raw windows of its sessions."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from harness.ranking.energy_ratio import worth_of
from harness.ranking.occasions import occasions
from harness.records.base import Frozen
from harness.records.board import EnergyParts, Interval, JoulesUncertainty
from harness.records.energy import (
    active_joules_per_1000,
    joules_per_1000,
    systematic_uncertainty_per_1000,
)
from harness.records.estimates import left_open, share_of_mean, shares_of
from harness.records.evaluation import EvaluationRecord, MetricValue
from harness.records.session import Session
from harness.records.statistics import ALPHA, log_mean, of_sessions, t_quantile
from harness.records.sums import total, weighted_mean
from harness.records.withholding import in_steps


class Figures(Frozen):
    """Energy over all sessions of one or more evaluations."""

    joules_per_1000_queries: float
    """The geometric mean over sessions; over those of several occasions, of their means."""
    joules_interval: Interval | None
    joules_uncertainty: JoulesUncertainty
    active_joules_per_1000_queries: float
    measured_watts: float
    """Mean power from the first measured query through the drain."""
    parts: EnergyParts
    occasions: int
    """How many the evaluations are of."""


def last_alpha(records: Sequence[EvaluationRecord]) -> float:
    """Return how often an interval over these evaluations may miss.

    The least of the looks at which they stopped, each of which was waited for.
    """
    return min((record.looks[-1].alpha for record in records if record.looks), default=ALPHA)


def figures(records: Sequence[EvaluationRecord]) -> Figures:
    """Derive the energy of evaluations of one board, every session of which is resolved.

    Over the occasions on which they were made; the interval may miss as often as ``last_alpha``.
    """
    amortise_queries = records[-1].rules.amortise_queries
    sessions = [session for record in records for session in record.sessions]
    numbers = [
        number
        for number, record in zip(occasions(records), records, strict=True)
        for _ in record.sessions
    ]
    each = [joules_per_1000(session, amortise_queries) for session in sessions]
    shares = shares_of(sessions, each, amortise_queries)
    share = share_of_mean([share_of_mean(some) for some in _by_occasion(shares, numbers)])
    by_occasion = _by_occasion(each, numbers)
    joules, interval = _joules(by_occasion, share, last_alpha(records))
    measured = [session.windows.measured for session in sessions]
    return Figures(
        joules_per_1000_queries=joules,
        joules_interval=interval,
        joules_uncertainty=_uncertainty(sessions, each, share, amortise_queries),
        active_joules_per_1000_queries=fmean(
            [active_joules_per_1000(session, amortise_queries) for session in sessions]
        ),
        measured_watts=total([each.joules for each in measured])
        / total([each.seconds for each in measured]),
        parts=energy_parts(sessions),
        occasions=len(by_occasion),
    )


def _uncertainty(
    sessions: Sequence[Session], joules: Sequence[float], share: float, amortise_queries: int
) -> JoulesUncertainty:
    """Return what the meter leaves open of the geometric mean over the sessions.

    ``joules`` are the sessions' per 1,000 queries, and so are the joules that are returned.
    ``random`` is what edges and steps leave open, ``share`` of the mean: each session has its own,
    so that it adds in quadrature and shrinks with their number. ``systematic`` is what sessions
    have in common, such as a gain: it does not.
    """
    common = [systematic_uncertainty_per_1000(session, amortise_queries) for session in sessions]
    mean = log_mean(joules)
    return JoulesUncertainty(
        random=mean * share,
        systematic=mean * fmean([part / whole for part, whole in zip(common, joules, strict=True)]),
    )


def _by_occasion(values: Sequence[float], numbers: Sequence[int]) -> list[list[float]]:
    found: defaultdict[int, list[float]] = defaultdict(list)
    for one, occasion in zip(values, numbers, strict=True):
        found[occasion].append(one)
    return [*found.values()]


def _joules(
    by_occasion: Sequence[Sequence[float]], share: float, alpha: float
) -> tuple[float, Interval | None]:
    """Return the geometric mean and its interval, the wider of two where there are occasions.

    The first takes all sessions as one series, widened to as many sessions as the mean over
    occasions is worth (``worth_of``) and to what the meter leaves open (``share``). The second is
    Student's t over the means of occasions: it holds what varies from day to day, and of two
    occasions it is very wide, unless they happen to be alike.
    """
    means = [log_mean(each) for each in by_occasion]
    joules = [value for each in by_occasion for value in each]
    series = of_sessions(joules)
    over = of_sessions(means, correlation=0)
    if series is None or over is None:
        return log_mean(means), None if series is None else left_open(series, share).interval(alpha)
    uneven = math.sqrt(len(joules) / worth_of([len(each) for each in by_occasion]))
    series = left_open(series.widened(uneven), share)
    least = series.log_half_width(alpha) / t_quantile(over.degrees, alpha)
    return over.value, over.at_least(least).interval(alpha)


def seconds_per_1000(sessions: Sequence[Session]) -> float:
    """Return the mean wall time from the first measured query through the drain."""
    return fmean(
        [1000 * session.windows.measured.seconds / session.queries for session in sessions]
    )


def energy_parts(sessions: Sequence[Session]) -> EnergyParts:
    """Return the mean joules of each phase that the ranked figure is made of."""
    by_session = [session.windows.by_phase for session in sessions]
    _, start, load, warm_up, measured, drain, _ = map(fmean, zip(*by_session, strict=True))
    return EnergyParts(
        start_joules=start,
        load_joules=load,
        warm_up_joules=warm_up,
        measured_joules=measured,
        drain_joules=drain,
    )


def pooled_metrics(records: Sequence[EvaluationRecord]) -> tuple[MetricValue, ...]:
    """Pool each metric of the last record over all of them, weighted by their sessions.

    The interval is that of one test set and does not narrow with more sessions: its ends are
    averaged like the value, and all methods are named. Where records have figures in steps, so have
    these: a mean of many would tell more.
    """
    latest = records[-1].quality
    if latest is None:
        return ()
    pooled = tuple(_pooled(metric, records) for metric in latest.metrics)
    steps = [r.quality.step for r in records if r.quality is not None and r.quality.step]
    return tuple(in_steps(metric, max(steps)) for metric in pooled) if steps else pooled


def _pooled(metric: MetricValue, records: Sequence[EvaluationRecord]) -> MetricValue:
    weighted = [
        (each, len(record.sessions))
        for record in records
        if record.quality is not None
        for each in record.quality.metrics
        if each.name == metric.name
    ]
    weights = [weight for _, weight in weighted]
    return MetricValue(
        name=metric.name,
        value=weighted_mean([each.value for each, _ in weighted], weights),
        low=weighted_mean([each.low for each, _ in weighted], weights),
        high=weighted_mean([each.high for each, _ in weighted], weights),
        interval_method="; ".join(dict.fromkeys(each.interval_method for each, _ in weighted)),
    )
