"""What the page of an entry needs of one record: its sessions gone through, and all else of it.

Worked out where the record is at hand: as it is read, or of what is read of it again. It is a tenth
of the record, and can be handed to the process that makes the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import msgspec

from harness.records.base import Frozen
from harness.records.evaluation import EvaluationRecord, Isolation
from harness.records.meter import WindowReading
from harness.records.narrowing import Kept, narrowed
from harness.records.session import Disturbance, Session, Sweep, VoidSession
from harness.site.power import TraceDrawing, lay_out
from harness.site.session_rows import Matrix, Seen, SessionRow, seen_of, session_rows

NEEDED: Kept = {
    EvaluationRecord: frozenset(EvaluationRecord.__struct_fields__) - {"looks", "items"},
    Session: frozenset(Session.__struct_fields__)
    - {"remains", "kernel_threads_cpu_seconds", "caches_forgotten"},
    VoidSession: frozenset(VoidSession.__struct_fields__) - {"trace"},
    WindowReading: frozenset({"seconds", "cpu_seconds", "energy"}),
    Disturbance: frozenset({"temperature_celsius"}),
    Sweep: frozenset({"queries"}),
}
"""What the page of an entry needs of its records, where these have more (``records.narrowing``)."""


_NOT_HANDED_ON = {"sessions", "voided", "looks", "items", "isolation"}
if TYPE_CHECKING:
    Rest = EvaluationRecord
else:
    Rest = narrowed(
        EvaluationRecord,
        {EvaluationRecord: {*EvaluationRecord.__struct_fields__} - _NOT_HANDED_ON},
    )


class RecordView(Frozen, array_like=True):
    """What the page of an entry needs of one record."""

    record: Rest
    """It has no sessions and no isolation, and says so where it is asked for them: what is said of
    these follows."""
    isolation: bytes
    """How it was kept apart, spelt: a quarter of all, and the same in most records of a board, so
    that it need not be read each time (``isolation_of``)."""
    sandbox: str | None
    """The tool among it."""
    seen: tuple[Seen, ...]
    """Its sessions that stand."""
    rows: tuple[SessionRow, ...]
    """All of them, as if it were the first evaluation of those behind a row."""
    trace: TraceDrawing | None
    """Of its middle session."""
    traced_session: int | None
    """Which that is, from 1."""
    peak_memory_bytes: int | None
    """Of all sessions; ``None`` where none stands."""
    confusion: Matrix | None
    """Over all sessions: rows are true labels, the last column no answer."""


def record_view(record: EvaluationRecord) -> RecordView:
    """Work it out of a record, whatever stands in that."""
    seen = seen_of(record)
    traced = _middle_session(record, seen)
    return RecordView(
        record=Rest(**{name: getattr(record, name) for name in Rest.__struct_fields__}),
        isolation=msgspec.msgpack.encode(record.isolation),
        sandbox=record.isolation.tool,
        seen=tuple(seen),
        rows=tuple(session_rows(record, seen)),
        trace=None if traced is None else lay_out(traced.trace, traced.phases),
        traced_session=None if traced is None else traced.index + 1,
        peak_memory_bytes=max([each.peak_memory_bytes for each in record.sessions], default=None),
        confusion=_confusion(record.sessions),
    )


def isolation_of(spelt: bytes) -> Isolation:
    """Read how a record's entry was kept apart."""
    return msgspec.msgpack.decode(spelt, type=Isolation)


def _middle_session(record: EvaluationRecord, seen: Iterable[Seen]) -> Session | None:
    """Return the session whose energy is the middle one: neither the luckiest nor the worst."""
    numbered = enumerate(zip(record.sessions, seen, strict=True))
    in_order = sorted(
        ((each.joules_per_1000 or 0.0, n, session) for n, (session, each) in numbered),
        key=itemgetter(0, 1),
    )
    traced = [session for _, _, session in in_order if session.trace]
    return traced[(len(traced) - 1) // 2] if traced else None


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
