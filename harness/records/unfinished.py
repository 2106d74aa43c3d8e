"""What is kept of a campaign while it lasts, so that an interrupted one can be gone on with.

Every event is one line of a private file (``harness.store.unfinished``). Answers stand in it: it is
nobody's business but of whoever evaluates, and it goes once the records are kept.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from harness.records.base import Frozen
from harness.records.evaluation import EvaluationRecord, Failed, ItemOutcomes
from harness.records.session import Session, VoidSession

SCHEMA = 1


class Calibration(Frozen):
    """What a session that was thrown away decided for all that count."""

    sweeps: int
    variant_seconds: float
    """How long making variants may take in a session."""
    warm_up: tuple[int, ...]
    """Positions, in the warm-up's split, of what is sent ahead in every session."""
    rebatched: tuple[int, ...] = ()
    """Positions, in the test's, of what it answered in batches of another size."""
    rebatched_answers: tuple[Any, ...] = ()
    """To these, as a sidecar keeps them."""


class Said(Frozen):
    """The end of what an entry printed in one sandbox."""

    where: str
    """``calibration``, or ``session`` with its number, from 1."""
    text: str
    bytes_written: int


class Begun(Frozen, kw_only=True, tag="begun", tag_field="event"):
    """A campaign begins: the first event, and the only one of its kind."""

    schema: int = SCHEMA
    campaign: str
    """Its id."""
    began_utc: str
    task: str
    entries: tuple[str, ...]
    """Those that were asked for, in that order."""
    control: str | None
    same: dict[str, str]
    """What must be the same for it to be gone on with: digests and words, by what they are of."""


class Calibrated(Frozen, tag="calibrated", tag_field="event"):
    """An entry's sweeps are decided."""

    entry: str
    created_utc: str
    """When its evaluation began."""
    calibration: Calibration
    said: tuple[Said, ...] = ()


class Drawn(Frozen, tag="drawn", tag_field="event"):
    """The order of a round is drawn."""

    round: int
    order: tuple[str, ...]


class Voided(Frozen, tag="voided", tag_field="event"):
    """A session was disturbed, and is repeated."""

    entry: str
    session: VoidSession
    said: tuple[Said, ...] = ()


class Stood(Frozen, tag="stood", tag_field="event"):
    """A session stands."""

    entry: str
    session: Session
    answers: tuple[Any, ...]
    """To the originals, by position, as a sidecar spells them."""
    said: tuple[Said, ...] = ()


class Ended(Frozen, tag="ended", tag_field="event"):
    """An entry's evaluation failed, and with it this entry alone."""

    entry: str
    created_utc: str
    outcome: Failed
    answers: tuple[Any, ...] | None = None
    """Of the session that failed, where it got as far as the measured phase."""
    said: tuple[Said, ...] = ()


class Finished(Frozen, tag="finished", tag_field="event"):
    """An entry's record is made, and about to be kept: written once more it is the same."""

    record: EvaluationRecord
    outcomes: ItemOutcomes | None


Event: TypeAlias = Begun | Calibrated | Drawn | Voided | Stood | Ended | Finished
