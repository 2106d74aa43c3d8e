"""One entry of a board with the records behind it, as its page needs it in any language. Pure.

What follows from records is derived here once; the page then only spells it, in one language after
another. A figure that a record does not hold stays ``None``: it is never made up, and never zero.
What an organiser keeps back on labels that nobody knows (confusions, figures of classes) is not in
the record, so that it cannot be here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from operator import attrgetter
from statistics import fmean
from typing import NamedTuple, Protocol, TypeAlias

from harness.records.board import Board, BoardEntry, FailedEntry
from harness.records.energy import (
    BEFORE_MEASURED,
    MEASURED_THROUGH_DRAIN,
    is_resolved,
    joules_per_1000,
)
from harness.records.evaluation import (
    PHASES,
    Completed,
    EvaluationRecord,
    MetricValue,
    Notice,
    Phase,
    Session,
)
from harness.records.statistics import log_mean
from harness.site.power import TraceDrawing, lay_out

Matrix: TypeAlias = tuple[tuple[int, ...], ...]


class StoredLike(Protocol):
    """A record, where it lies, its digest, and whose signature of it was found good."""

    @property
    def path(self) -> str:
        """Relative to the results folder."""
        ...

    @property
    def record(self) -> EvaluationRecord:
        """What was read there."""
        ...

    @property
    def digest(self) -> str:
        """Of its content, the signature apart."""
        ...

    @property
    def signed_by(self) -> str | None:
        """The name of the organiser's key; ``None``: nobody signed it."""
        ...


class SessionRow(NamedTuple):
    """One session that stands, or one that is void."""

    evaluation: int
    """Of those behind the row, from 1."""
    number: int
    """Of its evaluation, from 1; of a void one, which session it was a try at."""
    round: int | None
    place: int | None
    """From 1, where entries took turns."""
    started_utc: str
    joules_per_1000: float | None
    """``None`` where the meter does not resolve it, and of a void session."""
    joules: float
    """From the first query through the drain."""
    seconds: float
    queries: int | None
    right: float | None
    """Share of the items answered rightly; ``None`` where the record keeps it back."""
    agreement: float | None
    """With the session before: the share of items answered alike."""
    other_cpu_share: float | None
    """CPU time of other processes in the measured phase, of the entry's own."""
    temperature_celsius: float | None
    kernel_before_seconds: float
    kernel_after_seconds: float
    peak_memory_bytes: int | None
    notices: tuple[Notice, ...]
    """What disturbed it."""
    void: bool


class PhaseRow(NamedTuple):
    """One phase, the mean over all sessions that stand."""

    phase: Phase
    seconds: float
    joules: float
    cpu_seconds: float
    joules_per_1000: float | None
    """What it adds to the ranked figure; ``None`` of phases that are no part of it."""


class ClassRow(NamedTuple):
    """How one class fared."""

    label: str
    support: int
    precision: float
    recall: float
    f1: float


class HistoryRow(NamedTuple):
    """One evaluation of the entry on this board."""

    path: str
    created_utc: str
    version: str
    digest: str
    protocol: str
    failed_in: str | None
    blame: str | None
    quality: MetricValue | None
    joules_per_1000: float | None
    sessions: int
    counts: bool
    """Whether it is behind the row as it stands."""


class EntryView(NamedTuple):
    """Everything that a page of one entry is made of."""

    board: Board
    name: str
    on_board: bool
    """Whether others stand beside it, as in a row of a board; else it is a record by itself."""
    entry: BoardEntry | None
    """Its row; ``None`` where it only failed."""
    failure: FailedEntry | None
    """Its latest evaluation, where that failed."""
    latest: StoredLike
    """The latest record behind the row; of an entry that only failed its last one."""
    records: tuple[StoredLike, ...]
    """Those that the page tells of in full: the ones behind the row, or the one that failed."""
    sessions: tuple[SessionRow, ...]
    phases: tuple[PhaseRow, ...]
    """None where no session stands."""
    trace: TraceDrawing | None
    traced_session: int | None
    """Of the latest record, from 1."""
    classes: tuple[ClassRow, ...]
    confusion: Matrix | None
    """Over all sessions of the latest record: rows are true labels, the last column no answer."""
    history: tuple[HistoryRow, ...]
    """All its evaluations on this board, the latest first."""


def entry_view(
    board: Board, name: str, stored: Iterable[StoredLike], *, on_board: bool = True
) -> EntryView:
    """Put together what is known of an entry of a board.

    ``stored`` are the records of this board that are the entry's own or stand behind its row
    (exact copies of it have theirs there), in any order. ``on_board`` is false where the board was
    made up of a single record, so that nothing is said of ranks. Raises ``ValueError`` where the board does
    not know the entry, or none of its records is among them.
    """
    entry = next((each for each in board.entries if each.entry == name), None)
    failure = next((each for each in board.failed if each.entry == name), None)
    if entry is None and failure is None:
        raise ValueError(f"the board {board.id} has no entry {name!r}")
    by_path = {each.path: each for each in stored}
    behind = entry.evaluations if entry is not None else (failure.path,) if failure else ()
    records = tuple(by_path[path] for path in behind if path in by_path)
    if not records:
        raise ValueError(f"no record of {name!r} on the board {board.id} is given")
    latest = records[-1]
    standing = [session for each in records for session in each.record.sessions]
    traced = _middle_session(latest.record)
    return EntryView(
        board=board,
        name=name,
        on_board=on_board,
        entry=entry,
        failure=failure,
        latest=latest,
        records=records,
        sessions=tuple(
            row for number, each in enumerate(records, 1) for row in _rows(number, each.record)
        ),
        phases=_phases(standing, latest.record.rules.amortise_queries),
        trace=None if traced is None else lay_out(traced.trace, traced.phases),
        traced_session=None if traced is None else traced.index + 1,
        classes=_classes(latest.record),
        confusion=_confusion(latest.record.sessions),
        history=_history(name, by_path.values(), {each.path for each in records} if entry else ()),
    )


def _rows(number: int, record: EvaluationRecord) -> Iterable[SessionRow]:
    """Yield the sessions of a record in the order they ran, void ones among them."""
    amortise = record.rules.amortise_queries
    rows = [_standing(number, session, amortise) for session in record.sessions]
    rows += [
        SessionRow(
            evaluation=number,
            number=void.index + 1,
            round=None,
            place=None,
            started_utc=void.started_utc,
            joules_per_1000=None,
            joules=sum(w.reading.joules for w in void.phases if w.phase in MEASURED_THROUGH_DRAIN),
            seconds=sum(
                w.reading.seconds for w in void.phases if w.phase in MEASURED_THROUGH_DRAIN
            ),
            queries=None,
            right=None,
            agreement=None,
            other_cpu_share=None,
            temperature_celsius=None,
            kernel_before_seconds=void.kernel.before_cpu_seconds,
            kernel_after_seconds=void.kernel.after_cpu_seconds,
            peak_memory_bytes=None,
            notices=void.reasons,
            void=True,
        )
        for void in record.voided
    ]
    return sorted(rows, key=attrgetter("started_utc", "number"))


def _standing(evaluation: int, session: Session, amortise_queries: int) -> SessionRow:
    joules = seconds = 0.0
    temperature = other = None
    for window in session.phases:
        if window.phase in MEASURED_THROUGH_DRAIN:
            joules += window.reading.joules
            seconds += window.reading.seconds
        if window.phase == "measured":
            temperature = window.disturbance.temperature_celsius
            if window.reading.cpu_seconds > 0:
                other = window.disturbance.other_cpu_seconds / window.reading.cpu_seconds
    agreement = session.agreement
    return SessionRow(
        evaluation=evaluation,
        number=session.index + 1,
        round=None if session.round is None else session.round + 1,
        place=None if session.place is None else session.place + 1,
        started_utc=session.started_utc,
        joules_per_1000=_joules_per_1000(session, amortise_queries),
        joules=joules,
        seconds=seconds,
        queries=session.queries,
        right=_right(session.confusion),
        agreement=None if agreement is None else agreement.previous,
        other_cpu_share=other,
        temperature_celsius=temperature,
        kernel_before_seconds=session.kernel.before_cpu_seconds,
        kernel_after_seconds=session.kernel.after_cpu_seconds,
        peak_memory_bytes=session.peak_memory_bytes,
        notices=session.disturbances,
        void=False,
    )


def _joules_per_1000(session: Session, amortise_queries: int) -> float | None:
    """Return the ranked figure of a session; ``None`` where it has none.

    Records of failures are shown whatever stands in them, also sessions that answered nothing.
    """
    if session.queries < 1 or amortise_queries < 1 or not is_resolved(session):
        return None
    return joules_per_1000(session, amortise_queries)


def _right(confusion: Matrix | None) -> float | None:
    """Return the share of items on the diagonal: an item without an answer is not right."""
    if not confusion:
        return None
    items = sum(map(sum, confusion))
    return sum(row[n] for n, row in enumerate(confusion)) / items if items else None


def _phases(sessions: Sequence[Session], amortise_queries: int) -> tuple[PhaseRow, ...]:
    """Return the mean of each phase; energy counts as ``records.energy`` counts it."""
    whole = [
        session
        for session in sessions
        if session.queries > 0 and tuple(w.phase for w in session.phases) == PHASES
    ]
    if not whole or amortise_queries < 1:
        return ()
    rows = []
    for phase, windows in zip(PHASES, zip(*(s.phases for s in whole), strict=True), strict=True):
        counted: float | None = None
        if phase in BEFORE_MEASURED:
            counted = 1000 * fmean(w.reading.joules for w in windows) / amortise_queries
        elif phase in MEASURED_THROUGH_DRAIN:
            counted = fmean(
                1000 * w.reading.joules / session.queries
                for w, session in zip(windows, whole, strict=True)
            )
        rows.append(
            PhaseRow(
                phase=phase,
                seconds=fmean(w.reading.seconds for w in windows),
                joules=fmean(w.reading.joules for w in windows),
                cpu_seconds=fmean(w.reading.cpu_seconds for w in windows),
                joules_per_1000=counted,
            )
        )
    return tuple(rows)


def _middle_session(record: EvaluationRecord) -> Session | None:
    """Return the session whose energy is the middle one: neither the luckiest nor the worst."""
    traced = [session for session in record.sessions if session.trace]
    if not traced:
        return None
    amortise = record.rules.amortise_queries
    in_order = sorted(
        traced, key=lambda each: (_joules_per_1000(each, amortise) or 0.0, each.index)
    )
    return in_order[(len(in_order) - 1) // 2]


def _classes(record: EvaluationRecord) -> tuple[ClassRow, ...]:
    if record.quality is None:
        return ()
    return tuple(
        ClassRow(each.label, each.support, each.precision, each.recall, each.f1)
        for each in record.quality.per_class
    )


def _confusion(sessions: Sequence[Session]) -> Matrix | None:
    """Add up the sessions' confusions; ``None`` where one keeps it back, or shapes differ."""
    kept = [session.confusion for session in sessions if session.confusion is not None]
    if not kept or len(kept) < len(sessions):
        return None
    shapes = [[len(row) for row in each] for each in kept]
    if any(one != other for one, other in pairwise(shapes)):
        return None
    return tuple(
        tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*kept, strict=True)
    )


def _history(
    name: str, stored: Iterable[StoredLike], behind: Iterable[str]
) -> tuple[HistoryRow, ...]:
    own = [each for each in stored if each.record.submission.entry == name or each.path in behind]
    own.sort(key=lambda each: (each.record.created_utc, each.path), reverse=True)
    return tuple(_history_row(each, counts=each.path in behind) for each in own)


def _history_row(stored: StoredLike, *, counts: bool) -> HistoryRow:
    record = stored.record
    outcome, quality = record.outcome, record.quality
    amortise = record.rules.amortise_queries
    figures = [_joules_per_1000(session, amortise) for session in record.sessions]
    resolved = [each for each in figures if each is not None]
    whole = isinstance(outcome, Completed) and 0 < len(resolved) == len(figures)
    return HistoryRow(
        path=stored.path,
        created_utc=record.created_utc,
        version=record.submission.version,
        digest=record.submission.digest,
        protocol=record.protocol,
        failed_in=None if isinstance(outcome, Completed) else outcome.stage,
        blame=None if isinstance(outcome, Completed) else outcome.blame,
        quality=None
        if quality is None
        else next((each for each in quality.metrics if each.name == quality.ranked), None),
        joules_per_1000=log_mean(resolved) if whole else None,
        sessions=len(record.sessions),
        counts=counts,
    )
