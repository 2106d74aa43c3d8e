"""The figures of a row or a summary, from the raw windows of its sessions."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from harness.records.base import Frozen
from harness.records.board import EnergyParts, Interval, JoulesUncertainty
from harness.records.energy import (
    MEASURED_THROUGH_DRAIN,
    active_joules_per_1000,
    joules_per_1000,
    phase_joules,
    phase_seconds,
    systematic_uncertainty_per_1000,
)
from harness.records.estimates import joules_estimate, random_share
from harness.records.evaluation import EvaluationRecord, MetricValue, Session
from harness.records.statistics import ALPHA, log_mean
from harness.records.withholding import in_steps


class Figures(Frozen):
    """Energy over all sessions of one or more records."""

    joules_per_1000_queries: float
    """The geometric mean over sessions."""
    joules_interval: Interval | None
    joules_uncertainty: JoulesUncertainty
    active_joules_per_1000_queries: float
    measured_watts: float
    """Mean power from the first measured query through the drain."""
    parts: EnergyParts


def figures(sessions: Sequence[Session], amortise_queries: int, *, alpha: float = ALPHA) -> Figures:
    """Derive the figures of sessions whose energy is resolved.

    ``alpha`` is how often the interval may miss: that of the look at which the evaluation stopped.
    """
    joules = [joules_per_1000(session, amortise_queries) for session in sessions]
    estimate = joules_estimate(sessions, amortise_queries)
    seconds = sum(phase_seconds(session, *MEASURED_THROUGH_DRAIN) for session in sessions)
    return Figures(
        joules_per_1000_queries=log_mean(joules),
        joules_interval=None if estimate is None else estimate.interval(alpha),
        joules_uncertainty=joules_uncertainty(sessions, amortise_queries),
        active_joules_per_1000_queries=fmean(
            active_joules_per_1000(session, amortise_queries) for session in sessions
        ),
        measured_watts=sum(phase_joules(s, *MEASURED_THROUGH_DRAIN) for s in sessions) / seconds,
        parts=energy_parts(sessions),
    )


def joules_uncertainty(sessions: Sequence[Session], amortise_queries: int) -> JoulesUncertainty:
    """Return what the meter leaves open of the geometric mean over the sessions.

    Of a mean of logarithms, that is the mean of the shares. What is each session's own adds in
    quadrature, so that it shrinks with their number; what they have in common does not.
    """
    joules = [joules_per_1000(session, amortise_queries) for session in sessions]
    common = [systematic_uncertainty_per_1000(session, amortise_queries) for session in sessions]
    mean = log_mean(joules)
    return JoulesUncertainty(
        random=mean * random_share(sessions, amortise_queries),
        systematic=mean * fmean(part / whole for part, whole in zip(common, joules, strict=True)),
    )


def seconds_per_1000(sessions: Sequence[Session]) -> float:
    """Return the mean wall time from the first measured query through the drain."""
    return fmean(
        1000 * phase_seconds(session, *MEASURED_THROUGH_DRAIN) / session.queries
        for session in sessions
    )


def energy_parts(sessions: Sequence[Session]) -> EnergyParts:
    """Return the mean joules of each phase that the ranked figure is made of."""
    return EnergyParts(
        start_joules=fmean(phase_joules(session, "start") for session in sessions),
        load_joules=fmean(phase_joules(session, "load") for session in sessions),
        warm_up_joules=fmean(phase_joules(session, "warm-up") for session in sessions),
        measured_joules=fmean(phase_joules(session, "measured") for session in sessions),
        drain_joules=fmean(phase_joules(session, "drain") for session in sessions),
    )


def pooled_metrics(records: Sequence[EvaluationRecord]) -> tuple[MetricValue, ...]:
    """Pool each metric of the last record over all of them, weighted by their sessions.

    The interval is that of one test set and does not narrow with more sessions: its ends are
    averaged like the value. Where records have figures in steps, so have these: a mean of many
    would tell more.
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
        value=fmean([each.value for each, _ in weighted], weights),
        low=fmean([each.low for each, _ in weighted], weights),
        high=fmean([each.high for each, _ in weighted], weights),
        interval_method=metric.interval_method,
    )
