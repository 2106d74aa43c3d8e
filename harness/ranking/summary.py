"""One evaluation in a few figures: what ``evaluate`` prints."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from harness.ranking.figures import energy_parts, figures, seconds_per_1000
from harness.ranking.trust import Resolvable, resolvable
from harness.records.agreements import disagreement, mean_share
from harness.records.base import Frozen
from harness.records.board import Interval, JoulesUncertainty
from harness.records.drift import Drift, drift
from harness.records.energy import is_resolved
from harness.records.evaluation import DataSource, EvaluationRecord, Failed, IsolationGrade, Look
from harness.records.meter import Grade
from harness.records.session import Notice

__all__ = ["Summary", "energy_parts", "summarise"]


class Summary(Frozen, kw_only=True):
    """The stable names of ``evaluate --json``; ``None`` where a figure is not known."""

    task: str
    entry: str
    team: str
    status: Literal["completed", "failed"]
    stage: str | None = None
    """Where it failed; ``None`` like the next two when it did not."""
    blame: Literal["submission", "organiser"] | None = None
    message: str | None = None
    metric: str
    quality: float | None = None
    quality_interval: Interval | None = None
    queries: int
    """Answered in the measured phases of all sessions together."""
    joules_per_1000_queries: float | None = None
    """``None``, like what follows from it, where the meter does not resolve it."""
    joules_interval: Interval | None = None
    joules_uncertainty: JoulesUncertainty | None = None
    active_joules_per_1000_queries: float | None = None
    load_joules: float | None = None
    measured_watts: float | None = None
    seconds_per_1000_queries: float | None = None
    meter_grade: Grade
    isolation_grade: IsolationGrade
    data_source: DataSource
    data_digest: str
    sessions: int
    looks: tuple[Look, ...] = ()
    """At the interval of energy; the last is the one that ended the sessions."""
    resolvable: Resolvable | None = None
    """Which differences this evaluation could have told apart."""
    drift: Drift | None = None
    """Trends within sessions and over them."""
    session_disagreement: float | None = None
    """The largest share of items that two consecutive sessions decide differently."""
    variant_agreement: float | None = None
    """Share of items whose variant got the answer of its original."""
    rebatched_agreement: float | None = None
    """Share of items that got the same answer in batches of another size."""
    void_sessions: int = 0
    """How many were disturbed and repeated, or were one disturbance too many."""
    official_evaluations: int | None = None
    """How many the team has had of this task, this one included where it counts; ``None``, like
    the next, where no organiser signed."""
    official_evaluations_allowed: int | None = None
    """By the quota of the rules; ``None`` where they set none."""
    warnings: tuple[Notice, ...]
    path: str | None


def summarise(record: EvaluationRecord, path: str | None) -> Summary:
    """Derive the figures of one evaluation; one that failed has no quality and no energy.

    ``path`` is where the record was kept, if it was.
    """
    summary = Summary(
        task=record.task.id,
        entry=record.submission.entry,
        team=record.submission.team,
        status="completed",
        metric=record.task.metric,
        queries=sum(session.queries for session in record.sessions),
        meter_grade=record.meter.grade,
        isolation_grade=record.isolation.grade,
        data_source=record.data.source,
        data_digest=record.data.digest,
        sessions=len(record.sessions),
        looks=record.looks,
        session_disagreement=disagreement(record.sessions),
        variant_agreement=mean_share(record.sessions, "variants"),
        rebatched_agreement=mean_share(record.sessions, "rebatched"),
        void_sessions=len(record.voided),
        warnings=record.warnings,
        path=path,
    )
    if isinstance(record.outcome, Failed):
        return _with_failure(summary, record.outcome)
    return _with_figures(summary, record)


def _with_failure(summary: Summary, failed: Failed) -> Summary:
    return replace(
        summary, status="failed", stage=failed.stage, blame=failed.blame, message=failed.message
    )


def _with_figures(summary: Summary, record: EvaluationRecord) -> Summary:
    if record.quality is None or not record.sessions:
        return summary
    quality = record.quality.ranked_value
    summary = replace(summary, quality=quality.value, quality_interval=(quality.low, quality.high))
    summary = replace(
        summary,
        seconds_per_1000_queries=seconds_per_1000(record.sessions),
        resolvable=resolvable(record),
        drift=drift(record.sessions, record.rules.amortise_queries),
    )
    if not all(map(is_resolved, record.sessions)):
        return summary
    derived = figures([record])
    return replace(
        summary,
        joules_per_1000_queries=derived.joules_per_1000_queries,
        joules_interval=derived.joules_interval,
        joules_uncertainty=derived.joules_uncertainty,
        active_joules_per_1000_queries=derived.active_joules_per_1000_queries,
        load_joules=derived.parts.load_joules,
        measured_watts=derived.measured_watts,
    )
