"""One entry of a board with the records behind it, as its page needs it in any language. Pure.

What follows from records is derived here once; the page then only spells it, in one language after
another. A figure that a record does not hold stays ``None``: it is never made up, and never zero.
What an organiser keeps back on labels that nobody knows (confusions, figures of classes) is not in
the record, so that it cannot be here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, Protocol

from harness.records.board import Board, BoardEntry, FailedEntry
from harness.records.evaluation import EvaluationRecord, Failed, MetricValue
from harness.records.meter import ComponentEnergy, WindowReading
from harness.records.narrowing import Kept
from harness.records.session import Disturbance, Session, Sweep, VoidSession
from harness.records.statistics import log_mean
from harness.site.power import TraceDrawing, lay_out
from harness.site.session_rows import (
    Matrix,
    PhaseRow,
    Seen,
    SessionRow,
    phase_rows,
    seen_of,
    session_rows,
)

NEEDED: Kept = {
    EvaluationRecord: frozenset(EvaluationRecord.__struct_fields__) - {"looks", "items"},
    Session: frozenset(Session.__struct_fields__) - {"remains", "kernel_threads_cpu_seconds"},
    VoidSession: frozenset(VoidSession.__struct_fields__) - {"trace"},
    WindowReading: frozenset({"seconds", "cpu_seconds", "energy"}),
    ComponentEnergy: frozenset({"component", "joules", "resolution_joules", "edges_joules"}),
    Disturbance: frozenset({"temperature_celsius"}),
    Sweep: frozenset({"queries"}),
}
"""What the page of an entry needs of its records, where these have more (``records.narrowing``)."""


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
    peak_memory_bytes: int | None
    """Of all sessions; ``None`` where none stands."""
    classes: tuple[ClassRow, ...]
    confusion: Matrix | None
    """Over all sessions of the latest record: rows are true labels, the last column no answer."""
    history: tuple[HistoryRow, ...]
    """All its evaluations on this board, the latest first."""
    ranked: int
    """How many entries of the board have a rank."""


def entry_view(
    board: Board,
    name: str,
    stored: Iterable[StoredLike],
    *,
    on_board: bool = True,
    ranked: int | None = None,
) -> EntryView:
    """Put together what is known of an entry of a board.

    ``stored`` are the records of this board that are the entry's own or stand behind its row
    (exact copies of it have theirs there), in any order. ``on_board`` is false where the board was
    made up of a single record, so that nothing is said of ranks. ``ranked`` is how many entries
    have a rank, where the board is given without the other ones. Raises ``ValueError`` where the
    board does not know the entry, or none of its records is among them.
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
    seen = {each.path: seen_of(each.record) for each in records}
    latest = records[-1]
    traced = _middle_session(seen[latest.path])
    return EntryView(
        board=board,
        name=name,
        on_board=on_board,
        entry=entry,
        failure=failure,
        latest=latest,
        records=records,
        sessions=tuple(
            row
            for number, each in enumerate(records, 1)
            for row in session_rows(number, each.record, seen[each.path])
        ),
        phases=phase_rows(
            [each for sessions in seen.values() for each in sessions],
            latest.record.rules.amortise_queries,
        ),
        trace=None if traced is None else lay_out(traced.trace, traced.phases),
        traced_session=None if traced is None else traced.index + 1,
        peak_memory_bytes=max(
            (s.peak_memory_bytes for each in records for s in each.record.sessions), default=None
        ),
        classes=_classes(latest.record),
        confusion=_confusion(latest.record.sessions),
        history=_history(name, by_path.values(), seen if entry is not None else {}),
        ranked=sum(each.rank is not None for each in board.entries) if ranked is None else ranked,
    )


def _middle_session(seen: Iterable[Seen]) -> Session | None:
    """Return the session whose energy is the middle one: neither the luckiest nor the worst."""
    in_order = sorted(
        ((each.joules_per_1000 or 0.0, n, each.session) for n, each in enumerate(seen)),
        key=itemgetter(0, 1),
    )
    traced = [session for _, _, session in in_order if session.trace]
    return traced[(len(traced) - 1) // 2] if traced else None


def _classes(record: EvaluationRecord) -> tuple[ClassRow, ...]:
    if record.quality is None:
        return ()
    return tuple(
        ClassRow(each.label, each.support, each.precision, each.recall, each.f1)
        for each in record.quality.per_class
    )


def _confusion(sessions: Sequence[Session]) -> Matrix | None:
    """Add up the sessions' confusions; ``None`` where one keeps it back, or they cannot be such.

    Each counts items, has a row for every label, and in each row a column for every label and one
    for items without an answer.
    """
    kept = [session.confusion for session in sessions if session.confusion]
    if not kept or len(kept) < len(sessions):
        return None
    widths = [len(kept[0]) + 1] * len(kept[0])
    for each in kept:
        if [*map(len, each)] != widths or min(map(min, each)) < 0:
            return None
    if all(each == kept[0] for each in kept):  # as of nearly all entries, which answer alike
        return tuple([tuple([len(kept) * items for items in row]) for row in kept[0]])
    return tuple(tuple(map(sum, zip(*rows, strict=True))) for rows in zip(*kept, strict=True))


def _history(
    name: str, stored: Iterable[StoredLike], behind: Mapping[str, list[Seen]]
) -> tuple[HistoryRow, ...]:
    own = [each for each in stored if each.record.submission.entry == name or each.path in behind]
    own.sort(key=lambda each: (each.record.created_utc, each.path), reverse=True)
    return tuple(
        _history_row(
            each, behind.get(each.path) or seen_of(each.record), counts=each.path in behind
        )
        for each in own
    )


def _history_row(stored: StoredLike, seen: Sequence[Seen], *, counts: bool) -> HistoryRow:
    record = stored.record
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
        sessions=len(record.sessions),
        counts=counts,
    )
