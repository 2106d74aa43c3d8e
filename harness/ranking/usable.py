"""Whether a row can be derived from a record at all: its fields may be right and its sums not.

A record whose energy the meter does not resolve has a row, and no figure of energy in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.energy import MEASURED_THROUGH_DRAIN, is_resolved, phase_seconds
from harness.records.evaluation import Completed, EvaluationRecord, Quality
from harness.records.session import PHASES, Agreement, PhaseWindow, Session

LEAST_SECONDS = 1e-9
"""No clock here tells less: what took some time took as much."""
LEAST_STEP = 1e-9
"""Of a quality."""
MOST = 1e12
"""Of joules, seconds, watts or queries: far beyond any evaluation, safe to add up and divide."""


def why_unusable(record: EvaluationRecord) -> str | None:
    """Say what keeps a completed record from a row; ``None`` when nothing does, or it failed."""
    if not isinstance(record.outcome, Completed):
        return None
    if record.campaign is not None and record.campaign.void is not None:
        return f"its campaign is void: {record.campaign.void}"
    return next(_reasons(record), None)


def resolved_records(records: Sequence[EvaluationRecord]) -> list[EvaluationRecord]:
    """Return those whose every session is resolved: the energy of a row is of these."""
    return [record for record in records if all(map(is_resolved, record.sessions))]


def _reasons(record: EvaluationRecord) -> Iterator[str]:
    if record.quality is None:
        yield "it has no quality"
    else:
        yield from _reasons_of_quality(record.quality, record.task.metric)
    if not record.sessions:
        yield "it has no sessions"
    if not 1 <= record.rules.amortise_queries <= MOST:
        yield "amortise_queries is not positive, or beyond reason"
    for number, session in enumerate(record.sessions, 1):
        yield from (f"session {number} {reason}" for reason in _reasons_of_session(session))
        metered = {_components(window) for window in session.phases}
        if metered not in ({record.meter.components}, {()}):  # with none it is not resolved
            named = ", ".join(record.meter.components) or "nothing"
            yield f"session {number} has a phase that holds not the energy of {named}, each once"


def _components(window: PhaseWindow) -> tuple[str, ...]:
    parts = window.reading.energy
    return (parts[0].component,) if len(parts) == 1 else tuple(sorted(p.component for p in parts))


def _reasons_of_quality(quality: Quality, metric: str) -> Iterator[str]:
    if metric not in (each.name for each in quality.metrics):
        yield f"it has no {metric}, the metric that ranks"
    if quality.items < 1:
        yield "its quality is of no item"
    if quality.ranked != metric:
        yield "its quality is not ranked by the metric of its task"
    if quality.step is not None and not LEAST_STEP <= quality.step <= 1:
        yield "its quality is in steps that are not between 0 and 1"
    for each in quality.metrics:
        if not all(0 <= figure <= 1 for figure in (each.low, each.value, each.high)):
            yield f"its {each.name} is not between 0 and 1"


def _reasons_of_session(session: Session) -> Iterator[str]:
    if not session.sweeps or not all(1 <= sweep.queries <= MOST for sweep in session.sweeps):
        yield "answered no query, or more than can be"
    readings = [window.reading for window in session.phases]
    if not all(_is_time(reading.seconds) for reading in readings):
        yield "has a phase of a negative time, or of one beyond reason"
    if not all(
        map(_is_time, (session.kernel.before_cpu_seconds, session.kernel.after_cpu_seconds))
    ):
        yield "has a reference kernel of a negative time, or of one beyond reason"
    if not all(0 <= reading.cpu_seconds <= MOST for reading in readings):
        yield "has a phase of a negative CPU time, or of one beyond reason"
    if phase_seconds(session, *MEASURED_THROUGH_DRAIN) < LEAST_SECONDS:
        yield "took no time"
    parts = [part for reading in readings for part in reading.energy]
    if not all(0 <= part.joules <= MOST for part in parts):
        yield "has a phase of negative energy, or of one beyond reason"
    if not all(
        0 <= part.resolution_joules <= MOST
        and 0 <= part.edges_joules <= MOST
        and 0 <= part.gain_joules <= MOST
        and 0 <= part.model_joules <= MOST
        for part in parts
    ):
        yield "has an uncertainty that is negative, or beyond reason"
    if session.agreement is not None and not _are_shares(session.agreement):
        yield "has an agreement that is not between 0 and 1"
    yield from _reasons_of_pictures(session)
    if tuple(window.phase for window in session.phases) != PHASES:
        yield "has not every phase once, in their order"


def _is_time(seconds: float) -> bool:
    return seconds == 0 or LEAST_SECONDS <= seconds <= MOST


def _reasons_of_pictures(session: Session) -> Iterator[str]:
    if not all(_is_power(trace.watts) for trace in session.trace):
        yield "has a power trace that is negative, or beyond reason"
    if session.confusion is not None and not _is_confusion(session.confusion):
        yield "has a confusion that counts no items by label"


def _is_power(watts: Sequence[tuple[float, float]]) -> bool:
    return all(0 <= seconds <= MOST and 0 <= power <= MOST for seconds, power in watts)


def _is_confusion(counts: Sequence[Sequence[int]]) -> bool:
    """Say whether each label has a row: a column a label, and one of items without an answer."""
    columns = len(counts) + 1
    return bool(counts) and all(len(row) == columns and min(row) >= 0 for row in counts)


def _are_shares(agreement: Agreement) -> bool:
    known = (agreement.variants, agreement.rebatched, agreement.previous)
    return all(share is None or 0 <= share <= 1 for share in known)
