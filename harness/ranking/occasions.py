"""Which evaluations were made on one occasion, so that their energies may be compared. Pure.

What a machine does changes from day to day. Entries that took turns in one campaign were measured
under the same conditions, round by round; nearly so were entries that were evaluated one after
another on one day. Between occasions there is the control entry to compare by, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import count

import numpy as np

from harness.ranking.evidence import SessionEnergies
from harness.ranking.usable import resolved_records
from harness.records.energy import joules_per_1000
from harness.records.evaluation import EvaluationRecord

UNSHARED = 1 << 32
"""From here on rounds are numbered that no two sessions share."""


def occasions(records: Sequence[EvaluationRecord]) -> list[int]:
    """Return the number of the occasion on which each record was made.

    First of days, the oldest being 0, then of campaigns. A day is one of UTC, whatever else was
    measured: whether two evaluations are of one occasion hangs on no third.
    """
    if len(records) == 1:  # as of most entries: no day need be read
        return [0]
    days = sorted({_day(record) for record in records if record.campaign is None})
    campaigns = sorted({record.campaign.id for record in records if record.campaign})
    return [
        days.index(_day(record))
        if record.campaign is None
        else len(days) + campaigns.index(record.campaign.id)
        for record in records
    ]


def session_energies(entries: Sequence[Sequence[EvaluationRecord]]) -> tuple[SessionEnergies, ...]:
    """Return the energies of all sessions of each entry whose evaluation is resolved.

    Every entry has one such record at least.
    """
    numbers = iter(occasions([record for records in entries for record in records]))
    unshared = count(UNSHARED)
    return tuple(
        _energies([(record, next(numbers)) for record in records], unshared) for records in entries
    )


def _energies(
    records: Sequence[tuple[EvaluationRecord, int]], unshared: Iterator[int]
) -> SessionEnergies:
    joules: list[float] = []
    places: list[tuple[int, int]] = []
    in_turns = False
    for record, occasion in records:
        if not resolved_records([record]):
            continue
        for session in record.sessions:
            joules.append(joules_per_1000(session, record.rules.amortise_queries))
            turn = session.round
            named = turn is not None and 0 <= turn < UNSHARED
            in_turns |= named
            # An exact copy in the same campaign ran in the same rounds as its original.
            shared = turn is not None and named and (occasion, turn) not in places
            places.append((occasion, turn if turn is not None and shared else next(unshared)))
    occasion_of, rounds = np.array(places, np.int64).T
    return SessionEnergies(np.log(joules), occasion_of, rounds if in_turns else None)


def _day(record: EvaluationRecord) -> date:
    return datetime.fromisoformat(record.created_utc).astimezone(UTC).date()
