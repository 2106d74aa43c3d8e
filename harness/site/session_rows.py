"""The sessions of an entry as its page tells of them: each by itself, and all of them by phase."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from operator import attrgetter, truediv
from typing import NamedTuple, TypeAlias

from harness.records.energy import (
    BEFORE_MEASURED,
    MEASURED_THROUGH_DRAIN,
    is_resolved,
    joules_per_1000,
)
from harness.records.evaluation import EvaluationRecord
from harness.records.session import PHASES, Notice, Phase, Session, VoidSession
from harness.records.sums import total

Matrix: TypeAlias = tuple[tuple[int, ...], ...]


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
    seconds: float
    """From the first query through the drain."""
    queries: int | None
    right: float | None
    """Share of the items answered rightly; ``None`` where the record keeps it back."""
    agreement: float | None
    """With the session before: the share of items answered alike."""
    temperature_celsius: float | None
    kernel_before_seconds: float
    kernel_after_seconds: float
    notices: tuple[Notice, ...]
    """What disturbed it."""
    void: bool


class PhaseRow(NamedTuple):
    """One phase, the mean over all sessions that stand."""

    phase: Phase
    seconds: float
    joules: float
    joules_per_1000: float | None
    """What it adds to the ranked figure; ``None`` of phases that are no part of it."""


class Seen(NamedTuple):
    """What is needed of a session several times over."""

    queries: int
    joules: tuple[float, ...]
    """Of each window, as ``seconds``."""
    seconds: tuple[float, ...]
    measured_seconds: float
    """From the first query through the drain."""
    joules_per_1000: float | None
    """The ranked figure; ``None`` where it has none."""


def seen_of(record: EvaluationRecord) -> list[Seen]:
    """Return the sessions of a record, each with its figure.

    Records of failures are shown whatever stands in them, also sessions that answered nothing.
    """
    return [_seen(session, record.rules.amortise_queries) for session in record.sessions]


def _seen(session: Session, amortise: int) -> Seen:
    queries, windows = session.queries, session.windows
    has_figure = queries > 0 and amortise > 0 and is_resolved(session)
    return Seen(
        queries,
        tuple(windows.joules),
        tuple(windows.seconds),
        windows.measured.seconds,
        joules_per_1000(session, amortise) if has_figure else None,
    )


def session_rows(record: EvaluationRecord, seen: Iterable[Seen]) -> list[SessionRow]:
    """Return the sessions of a record in the order they ran, void ones among them.

    As if it were the first evaluation of those behind a row.
    """
    rows = [_standing(*each) for each in zip(record.sessions, seen, strict=True)]
    if not record.voided:
        return rows
    rows += [_void(each) for each in record.voided]
    return sorted(rows, key=attrgetter("started_utc", "number"))


def _standing(session: Session, seen: Seen) -> SessionRow:
    agreement, kernel = session.agreement, session.kernel
    temperature = None
    for window in session.phases:
        if window.phase == "measured":
            temperature = window.disturbance.temperature_celsius
    return SessionRow(  # in the order of the fields, which is quicker: there are fifty thousand
        1,
        session.index + 1,
        None if session.round is None else session.round + 1,
        None if session.place is None else session.place + 1,
        session.started_utc,
        seen.joules_per_1000,
        seen.measured_seconds,
        seen.queries,
        _right(session.confusion),
        None if agreement is None else agreement.previous,
        temperature,
        kernel.before_cpu_seconds,
        kernel.after_cpu_seconds,
        session.disturbances,
        False,
    )


def _void(void: VoidSession) -> SessionRow:
    return SessionRow(
        evaluation=1,
        number=void.index + 1,
        round=None,
        place=None,
        started_utc=void.started_utc,
        joules_per_1000=None,
        seconds=total(
            [w.reading.seconds for w in void.phases if w.phase in MEASURED_THROUGH_DRAIN]
        ),
        queries=None,
        right=None,
        agreement=None,
        temperature_celsius=None,
        kernel_before_seconds=void.kernel.before_cpu_seconds,
        kernel_after_seconds=void.kernel.after_cpu_seconds,
        notices=void.reasons,
        void=True,
    )


@lru_cache(maxsize=2)  # nearly all sessions of an entry answer alike, and one may be large
def _right(confusion: Matrix | None) -> float | None:
    """Return the share of items on the diagonal: an item without an answer is not right."""
    if not confusion:
        return None
    items = sum(map(sum, confusion))
    on_diagonal = sum([row[n] for n, row in enumerate(confusion) if n < len(row)])
    return on_diagonal / items if items else None


def phase_rows(seen: Iterable[Seen], amortise_queries: int) -> tuple[PhaseRow, ...]:
    """Return the mean of each phase; energy counts as ``records.energy`` counts it."""
    whole = [each for each in seen if each.queries > 0 and len(each.joules) == len(PHASES)]
    if not whole or amortise_queries < 1:
        return ()
    sessions = len(whole)
    queries = [each.queries for each in whole]
    rows = []
    for phase, joules, seconds in zip(
        PHASES,
        zip(*[each.joules for each in whole], strict=True),
        zip(*[each.seconds for each in whole], strict=True),
        strict=True,
    ):
        counted = None
        if phase in MEASURED_THROUGH_DRAIN:
            counted = 1000 * total([*map(truediv, joules, queries)]) / sessions
        elif phase in BEFORE_MEASURED:
            counted = 1000 * total([each / amortise_queries for each in joules]) / sessions
        rows.append(PhaseRow(phase, total(seconds) / sessions, total(joules) / sessions, counted))
    return tuple(rows)
