"""Whether a row can be derived from a record at all: each field may be right, and the whole not.

A record whose energy the meter does not resolve has a row, and no figure of energy in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from harness.records.energy import is_resolved
from harness.records.evaluation import Completed, EvaluationRecord, Quality
from harness.records.session import PHASES, Agreement, Session

LEAST_SECONDS = 1e-9
"""No clock here tells less: what took some time took as much."""
LEAST_STEP = 1e-9
"""Of a quality."""
MOST = 1e12
"""Of joules, seconds, watts, queries or items: beyond any evaluation, safe to add up and divide."""


def why_unusable(record: EvaluationRecord) -> str | None:
    """Say what keeps a completed record from a row; ``None`` when nothing does, or it failed."""
    return why_void(record) or why_without_figures(record)


def why_void(record: EvaluationRecord) -> str | None:
    """Say why a completed record's campaign counts for nothing; ``None`` when it does not."""
    void = None if record.campaign is None else record.campaign.void
    if void is None or not isinstance(record.outcome, Completed):
        return None
    return f"its campaign is void: {void}"


def why_without_figures(record: EvaluationRecord) -> str | None:
    """Say why no figures follow from a record; ``None`` when they do, or it failed."""
    return next(_reasons(record), None) if isinstance(record.outcome, Completed) else None


def resolved_records(records: Sequence[EvaluationRecord]) -> list[EvaluationRecord]:
    """Return those whose every session is resolved: the energy of a row is of these."""
    return [record for record in records if all(map(is_resolved, record.sessions))]


def _reasons(record: EvaluationRecord) -> Iterator[str]:
    if record.quality is None:
        yield "it has no quality"
    else:
        yield from _reasons_of_quality(record.quality, record.task.metric)
    if not 1 <= record.data.items <= MOST:
        yield "its data have no item, or more than can be"
    if not record.sessions:
        yield "it has no sessions"
    if not 1 <= record.rules.amortise_queries <= MOST:
        yield "amortise_queries is not positive, or beyond reason"
    components = record.meter.components
    for number, session in enumerate(record.sessions, 1):
        for reason in _reasons_of_session(session):
            yield f"session {number} {reason}"
        metered = _metered(session)
        if metered not in ({components}, {()}):  # with none it is not resolved
            named = ", ".join(components) or "nothing"
            yield f"session {number} has a phase that holds not the energy of {named}, each once"


def _metered(session: Session) -> set[tuple[str, ...]]:
    """Return the components of the windows, each combination once."""
    windows = session.windows
    if windows.owners == PHASES == windows.phases:  # one part each
        return {(component,) for component in {*windows.components}}
    readings = [window.reading for window in session.phases]
    return {tuple(sorted([part.component for part in each.energy])) for each in readings}


def _reasons_of_quality(quality: Quality, metric: str) -> Iterator[str]:
    if metric not in [each.name for each in quality.metrics]:
        yield f"it has no {metric}, the metric that ranks"
    if quality.items < 1:
        yield "its quality is of no item"
    if quality.ranked != metric:
        yield "its quality is not ranked by the metric of its task"
    if quality.step is not None and not LEAST_STEP <= quality.step <= 1:
        yield "its quality is in steps that are not between 0 and 1"
    for each in quality.metrics:
        if not (0 <= each.low <= 1 and 0 <= each.value <= 1 and 0 <= each.high <= 1):
            yield f"its {each.name} is not between 0 and 1"


def _reasons_of_session(session: Session) -> Iterator[str]:
    windows, kernel = session.windows, session.kernel
    uncertain = [
        *windows.resolution_joules,
        *windows.edges_joules,
        *windows.gain_joules,
        *windows.model_joules,
    ]
    # Looked at together first: nearly always nothing is wrong with any.
    sound = _are_amounts([*windows.cpu_seconds, *windows.component_joules, *uncertain])
    queries = [sweep.queries for sweep in session.sweeps]
    if not queries or min(queries) < 1 or max(queries) > MOST:
        yield "answered no query, or more than can be"
    if not _are_times(*windows.seconds):
        yield "has a phase of a negative time, or of one beyond reason"
    if not _are_times(kernel.before_cpu_seconds, kernel.after_cpu_seconds):
        yield "has a reference kernel of a negative time, or of one beyond reason"
    if not sound and not _are_amounts(windows.cpu_seconds):
        yield "has a phase of a negative CPU time, or of one beyond reason"
    if windows.measured.seconds < LEAST_SECONDS:
        yield "took no time"
    if not sound and not _are_amounts(windows.component_joules):
        yield "has a phase of negative energy, or of one beyond reason"
    if not sound and not _are_amounts(uncertain):
        yield "has an uncertainty that is negative, or beyond reason"
    if session.agreement is not None and not _are_shares(session.agreement):
        yield "has an agreement that is not between 0 and 1"
    yield from _reasons_of_pictures(session)
    if windows.phases != PHASES:
        yield "has not every phase once, in their order"


def _are_times(*seconds: float) -> bool:
    for each in seconds:  # noqa: SIM110 - every window of every record, in half the time
        if not (each == 0 or LEAST_SECONDS <= each <= MOST):
            return False
    return True


def _are_amounts(amounts: Sequence[float]) -> bool:
    for each in amounts:  # noqa: SIM110 - as above; nor is "0 <= each <= MOST" as quick
        if not (each >= 0.0 and each <= MOST):
            return False
    return True


def _reasons_of_pictures(session: Session) -> Iterator[str]:
    if not all(_is_power(trace.watts) for trace in session.trace):
        yield "has a power trace that is negative, or beyond reason"
    if session.confusion is not None and not _is_confusion(session.confusion):
        yield "has a confusion that counts no items by label"


def _is_power(watts: Sequence[tuple[float, float]]) -> bool:
    for seconds, power in watts:  # noqa: SIM110 - as above
        if not (0 <= seconds <= MOST and 0 <= power <= MOST):
            return False
    return True


@lru_cache(maxsize=2)  # nearly all sessions of an entry answer alike, and one may be large
def _is_confusion(counts: tuple[tuple[int, ...], ...]) -> bool:
    """Say whether each label has a row: a column a label, and one of items without an answer."""
    columns = len(counts) + 1
    return bool(counts) and all(
        len(row) == columns and min(row) >= 0 and max(row) <= MOST for row in counts
    )


def _are_shares(agreement: Agreement) -> bool:
    for share in (agreement.variants, agreement.rebatched, agreement.previous):
        if not (share is None or 0 <= share <= 1):
            return False
    return True
