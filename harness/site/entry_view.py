"""One entry of a board with the records behind it, as its page needs it in any language. Pure.

What follows from records is derived here once; the page then only spells it, in one language after
another. A figure that a record does not hold stays ``None``: it is never made up, and never zero.
What an organiser keeps back on labels that nobody knows (confusions, figures of classes) is not in
the record, so that it cannot be here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, Protocol

from harness.records.board import Board, BoardEntry, FailedEntry
from harness.records.evaluation import EvaluationRecord, Failed, MetricValue
from harness.records.statistics import log_mean
from harness.site.power import TraceDrawing
from harness.site.record_view import RecordView, record_view
from harness.site.session_rows import Matrix, PhaseRow, SessionRow, phase_rows


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


class Viewed(NamedTuple):
    """A record of which the page needs no more than its view."""

    path: str
    """Relative to the results folder."""
    digest: str
    """Of its content, the signature apart."""
    signed_by: str | None
    """The name of the organiser's key whose signature was found good; ``None``: nobody signed."""
    view: RecordView

    @property
    def record(self) -> EvaluationRecord:
        """All of it but its sessions."""
        return self.view.record


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
    latest: Viewed
    """The latest record behind the row; of an entry that only failed its last one."""
    records: tuple[Viewed, ...]
    """Those that the page tells of in full: the ones behind the row, or the one that failed."""
    sessions: tuple[SessionRow, ...]
    phases: tuple[PhaseRow, ...]
    """None where no session stands."""
    trace: TraceDrawing | None
    traced_session: int | None
    """Of the latest record, from 1."""
    peak_memory_bytes: int | None
    """Of all sessions; ``None`` where none stands."""
    classes: tuple[ClassRow, ...]
    confusion: Matrix | None
    """Over all sessions of the latest record: rows are true labels, the last column no answer."""
    history: tuple[HistoryRow, ...]
    """All its evaluations on this board, the latest first."""
    ranked: int
    """How many entries of the board have a rank."""

    @property
    def team(self) -> str:
        """What its team is called: as the organisers have it, else as the entry does."""
        row = self.entry or self.failure
        return (row and row.team_name) or self.latest.record.submission.team


def entry_view(
    board: Board, name: str, stored: Iterable[StoredLike], *, on_board: bool = True
) -> EntryView:
    """Put together what is known of an entry of a board.

    ``stored`` are the records of this board that are the entry's own or stand behind its row
    (exact copies of it have theirs there), in any order. ``on_board`` is false where the board was
    made up of a single record, so that nothing is said of ranks. Raises ``ValueError`` where the
    board does not know the entry, or none of its records is among them.
    """
    viewed = [
        Viewed(each.path, each.digest, each.signed_by, record_view(each.record)) for each in stored
    ]
    return view_of(board, name, viewed, on_board=on_board)


def view_of(
    board: Board,
    name: str,
    viewed: Iterable[Viewed],
    *,
    on_board: bool = True,
    ranked: int | None = None,
) -> EntryView:
    """Put together the same, where the views of its records are there already.

    ``ranked`` is how many entries have a rank, where the board is given without the other ones.
    """
    entry = next((each for each in board.entries if each.entry == name), None)
    failure = next((each for each in board.failed if each.entry == name), None)
    if entry is None and failure is None:
        raise ValueError(f"the board {board.id} has no entry {name!r}")
    by_path = {each.path: each for each in viewed}
    behind = entry.evaluations if entry is not None else (failure.path,) if failure else ()
    records = tuple([by_path[path] for path in behind if path in by_path])
    if not records:
        raise ValueError(f"no record of {name!r} on the board {board.id} is given")
    latest = records[-1]
    peaks = [each.view.peak_memory_bytes for each in records]
    return EntryView(
        board=board,
        name=name,
        on_board=on_board,
        entry=entry,
        failure=failure,
        latest=latest,
        records=records,
        sessions=_sessions([each.view for each in records]),
        phases=phase_rows(
            [seen for each in records for seen in each.view.seen],
            latest.record.rules.amortise_queries,
        ),
        trace=latest.view.trace,
        traced_session=latest.view.traced_session,
        peak_memory_bytes=max([peak for peak in peaks if peak is not None], default=None),
        classes=_classes(latest.record),
        confusion=latest.view.confusion,
        history=_history(name, by_path.values(), behind if entry is not None else ()),
        ranked=sum(each.rank is not None for each in board.entries) if ranked is None else ranked,
    )


def _sessions(views: Sequence[RecordView]) -> tuple[SessionRow, ...]:
    """Return the sessions of several evaluations, each with the number of its own."""
    if len(views) == 1:
        return views[0].rows
    numbered = enumerate(views, 1)
    return tuple(row._replace(evaluation=n) for n, each in numbered for row in each.rows)


def _classes(record: EvaluationRecord) -> tuple[ClassRow, ...]:
    if record.quality is None:
        return ()
    return tuple(
        ClassRow(each.label, each.support, each.precision, each.recall, each.f1)
        for each in record.quality.per_class
    )


def _history(
    name: str, viewed: Iterable[Viewed], behind: Collection[str]
) -> tuple[HistoryRow, ...]:
    own = [each for each in viewed if each.record.submission.entry == name or each.path in behind]
    own.sort(key=lambda each: (each.record.created_utc, each.path), reverse=True)
    return tuple([_history_row(each, counts=each.path in behind) for each in own])


def _history_row(stored: Viewed, *, counts: bool) -> HistoryRow:
    record, seen = stored.record, stored.view.seen
    outcome, quality = record.outcome, record.quality
    resolved = [each.joules_per_1000 for each in seen if each.joules_per_1000 is not None]
    failed = outcome if isinstance(outcome, Failed) else None
    return HistoryRow(
        path=stored.path,
        created_utc=record.created_utc,
        version=record.submission.version,
        digest=record.submission.digest,
        protocol=record.protocol,
        failed_in=None if failed is None else failed.stage,
        blame=None if failed is None else failed.blame,
        quality=None
        if quality is None
        else next((each for each in quality.metrics if each.name == quality.ranked), None),
        joules_per_1000=log_mean(resolved)
        if failed is None and 0 < len(resolved) == len(seen) and min(resolved) > 0
        else None,
        sessions=len(seen),
        counts=counts,
    )
