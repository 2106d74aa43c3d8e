"""Which evaluations were made on one occasion, so that their energies may be compared. Pure.

What a machine does changes from day to day. Entries that took turns in one campaign were measured
under the same conditions, and so, nearly, were entries that were evaluated one after another on one
day. Between occasions there is the control entry to compare by, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from harness.records.evaluation import EvaluationRecord

DAY = timedelta(hours=24)
"""From the first to the last beginning of evaluations that no campaign holds together."""


def occasions(records: Sequence[EvaluationRecord]) -> list[int]:
    """Return the number of the occasion on which each record was made, the oldest being 0."""
    moments = [datetime.fromisoformat(record.created_utc) for record in records]
    number_of: dict[datetime, int] = {}
    begun: datetime | None = None
    number = -1
    for moment in sorted(moments):
        if begun is None or moment - begun > DAY:
            begun, number = moment, number + 1
        number_of[moment] = number
    return [number_of[moment] for moment in moments]
