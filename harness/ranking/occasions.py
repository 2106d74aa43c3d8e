"""Which evaluations were made on one occasion, so that their energies may be compared. Pure.

What a machine does changes from day to day. Entries that took turns in one campaign were measured
under the same conditions, round by round; nearly so were entries that were evaluated one after
another on one day. Between occasions there is the control entry to compare by, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from harness.ranking.usable import resolved_records
from harness.records.energy import joules_per_1000
from harness.records.estimates import shares_of
from harness.records.evaluation import EvaluationRecord
from harness.records.moments import moment


@dataclass(frozen=True)
class Measured:
    """What the energy of an entry is compared by, of one evaluation: a small part of its record."""

    occasion: date | str
    """A day of UTC, or a campaign."""
    joules: tuple[float, ...]
    """Of each session, of 1,000 queries; of none where any is not resolved."""
    meter_shares: tuple[float, ...]
    """The half-width at 95 % that the meter's edges and steps leave of each, as a share of it."""
    kernels: tuple[float, ...]
    """CPU seconds of the reference kernel beside each."""
    rounds: tuple[int | None, ...]
    """Of each of these sessions."""


def occasions(records: Sequence[EvaluationRecord]) -> list[int]:
    """Return the number of the occasion on which each record was made.

    First of days, the oldest being 0, then of campaigns. A day is one of UTC, whatever else was
    measured: whether two evaluations are of one occasion hangs on no third.
    """
    if len(records) == 1:  # as of most entries: no day need be read
        return [0]
    return numbers_of([_occasion(record) for record in records])


def measured(record: EvaluationRecord) -> Measured:
    """Return what of a record its entry's energy is compared by."""
    sessions = record.sessions if resolved_records([record]) else ()
    amortise = record.rules.amortise_queries
    joules = [joules_per_1000(session, amortise) for session in sessions]
    return Measured(
        occasion=_occasion(record),
        joules=tuple(joules),
        meter_shares=tuple(shares_of(sessions, joules, amortise)),
        kernels=tuple([session.kernel.cpu_seconds for session in sessions]),
        rounds=tuple([session.round for session in sessions]),
    )


def numbers_of(found: Sequence[date | str]) -> list[int]:
    """Return the number of each of these occasions, as ``occasions`` numbers them."""
    days = sorted({each for each in found if isinstance(each, date)})
    campaigns = sorted({each for each in found if isinstance(each, str)})
    numbers = {each: number for number, each in enumerate((*days, *campaigns))}
    return [numbers[each] for each in found]


def _occasion(record: EvaluationRecord) -> date | str:
    if record.campaign is not None:
        return record.campaign.id
    return moment(record.created_utc).date()
