"""The figures of a row or a summary, from the raw windows of its sessions."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from harness.ranking.intervals import log_mean, log_t_interval
from harness.records.base import Frozen
from harness.records.board import EnergyParts, Interval
from harness.records.energy import (
    MEASURED_THROUGH_DRAIN,
    active_joules_per_1000,
    joules_per_1000,
    phase_joules,
    phase_seconds,
)
from harness.records.evaluation import EvaluationRecord, MetricValue, Session


class Figures(Frozen):
    """Energy and time over all sessions of one or more records."""

    joules_per_1000_queries: float
    """The geometric mean over sessions."""
    joules_interval: Interval | None
    active_joules_per_1000_queries: float
    seconds_per_1000_queries: float
    """Wall time from the first measured query through the drain."""
    measured_watts: float
    """Mean power over the same time."""
    parts: EnergyParts


def figures(sessions: Sequence[Session], amortise_queries: int) -> Figures:
    """Derive the figures of sessions that all answered queries, took time and used energy."""
    joules = [joules_per_1000(session, amortise_queries) for session in sessions]
    seconds = [phase_seconds(session, *MEASURED_THROUGH_DRAIN) for session in sessions]
    return Figures(
        joules_per_1000_queries=log_mean(joules),
        joules_interval=log_t_interval(joules),
        active_joules_per_1000_queries=fmean(
            active_joules_per_1000(session, amortise_queries) for session in sessions
        ),
        seconds_per_1000_queries=fmean(
            1000 * taken / session.queries for taken, session in zip(seconds, sessions, strict=True)
        ),
        measured_watts=sum(phase_joules(s, *MEASURED_THROUGH_DRAIN) for s in sessions)
        / sum(seconds),
        parts=energy_parts(sessions),
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
    averaged like the value.
    """
    latest = records[-1].quality
    if latest is None:
        return ()
    return tuple(_pooled(metric, records) for metric in latest.metrics)


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
