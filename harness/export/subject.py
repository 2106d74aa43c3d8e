"""What is exported: one completed record, and the figures that formats ask of it. Pure."""

from __future__ import annotations

import math
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Literal, TypeAlias, TypeVar

from harness.carbon import Zone
from harness.errors import UsageError
from harness.export.units import kilowatt_hours
from harness.ranking.figures import Figures, figures
from harness.ranking.usable import resolved_records, why_unusable
from harness.records.base import Frozen
from harness.records.energy import (
    MEASURED_THROUGH_DRAIN,
    phase_cpu_seconds,
    phase_joules,
    phase_seconds,
)
from harness.records.evaluation import FEW_SESSIONS, EvaluationRecord, Failed, MetricValue
from harness.records.moments import is_moment, moment
from harness.records.session import Phase, Session
from harness.records.sums import total
from harness.store.reading import StoredRecord

T = TypeVar("T")
Confidentiality: TypeAlias = Literal["public", "internal", "confidential", "secret"]
Infrastructure: TypeAlias = Literal["publicCloud", "privateCloud", "onPremise", "other"]

IDLE: tuple[Phase, ...] = ("idle-before", "idle-after")
MOST_SHOWN = 40
"""Characters of a damaged field."""
_PYTHON = re.compile(r"\S+ (\d+\.\d+[^ ]*)")


class Options(Frozen):
    """What a record does not know of itself, and whoever exports it does."""

    zone: Zone | None = None
    """The grid that grams of carbon are computed for; ``None``: there are none."""
    source: str = ""
    """Where the figure of the zone comes from."""
    publisher: str | None = None
    confidentiality: Confidentiality = "public"
    country: str | None = None
    infrastructure: Infrastructure | None = None
    modality: str | None = None
    """Of the task's samples: ``text``, ``image``, ``audio``."""

    @property
    def country_name(self) -> str | None:
        """Where it ran, as far as anybody said."""
        return self.country or (None if self.zone is None else self.zone.name)


@dataclass(frozen=True)
class Subject:
    """One completed record whose energy is resolved, and what was asked of its export."""

    stored: StoredRecord
    options: Options

    @property
    def record(self) -> EvaluationRecord:
        """The record itself."""
        return self.stored.record

    @property
    def sessions(self) -> Sequence[Session]:
        """All sessions that count."""
        return self.record.sessions

    @cached_property
    def identifier(self) -> str:
        """A UUID (of the form of version 4) made of the record's digest: the same each time."""
        return str(uuid.UUID(hex=self.stored.digest[:32], version=4))

    def session_identifier(self, session: Session) -> str:
        """Return the UUID of one session of it."""
        return str(uuid.uuid5(uuid.UUID(self.identifier), str(session.index)))

    @cached_property
    def created(self) -> datetime:
        """When the evaluation began, in UTC."""
        return moment(self.record.created_utc)

    @cached_property
    def figures(self) -> Figures:
        """The ranked figure and its like."""
        return figures([self.record])

    @property
    def joules_interval(self) -> tuple[float, float] | None:
        """Of the ranked figure; ``None`` where there were too few sessions for one."""
        few = any(notice.code == FEW_SESSIONS for notice in self.record.warnings)
        return None if few else self.figures.joules_interval

    @cached_property
    def relative_uncertainty(self) -> float:
        """How far the meter lets the energy be from what was used: a half-width at 95 %."""
        left_open = self.figures.joules_uncertainty
        return (
            math.hypot(left_open.random, left_open.systematic)
            / self.figures.joules_per_1000_queries
        )

    # From the first measured query through the drain, all sessions together

    @cached_property
    def joules(self) -> Mapping[str, float]:
        """The energy by component."""
        return joules_by_component(self.sessions, MEASURED_THROUGH_DRAIN)

    @cached_property
    def idle_joules(self) -> Mapping[str, float]:
        """The energy by component of the idle windows beside it."""
        return joules_by_component(self.sessions, IDLE)

    @property
    def seconds(self) -> float:
        """Wall time."""
        return total([phase_seconds(each, *MEASURED_THROUGH_DRAIN) for each in self.sessions])

    @property
    def idle_seconds(self) -> float:
        """Wall time of the idle windows."""
        return total([phase_seconds(each, *IDLE) for each in self.sessions])

    @property
    def queries(self) -> int:
        """How many were answered."""
        return sum(each.queries for each in self.sessions)

    @cached_property
    def metrics(self) -> Mapping[str, MetricValue]:
        """By name."""
        quality = self.record.quality
        return {} if quality is None else {each.name: each for each in quality.metrics}

    @property
    def python(self) -> str | None:
        """The version of Python; ``None`` where the entry ran in the harness's own packages."""
        environment = self.record.environment
        matched = None if environment is None else _PYTHON.match(environment.python)
        return None if matched is None else matched[1]

    def cpu_share(self, sessions: Sequence[Session]) -> float:
        """Return what share of all cores' time was used, by whomever: from 0 to 1."""
        seconds = total([phase_seconds(each, *MEASURED_THROUGH_DRAIN) for each in sessions])
        own = [phase_cpu_seconds(each, *MEASURED_THROUGH_DRAIN) for each in sessions]
        others = [
            window.disturbance.other_cpu_seconds + window.disturbance.harness_cpu_seconds
            for each in sessions
            for window in each.phases
            if window.phase in MEASURED_THROUGH_DRAIN
        ]
        used = total([*own, *others])
        return min(1.0, used / (seconds * self.record.hardware.cores))

    def grams(self, joules: float) -> float | None:
        """Return the carbon of an amount of energy; ``None`` where no zone was named."""
        zone = self.options.zone
        return None if zone is None else kilowatt_hours(joules) * zone.grams_per_kwh


def subject_of(stored: StoredRecord, options: Options) -> Subject:
    """Take a record for export.

    Raises ``UsageError`` for one that counts for nothing, has no figure of energy, or whose moments
    are none.
    """
    record = stored.record
    remedy = "name a completed evaluation whose energy is resolved"
    if isinstance(record.outcome, Failed):
        raise UsageError(
            f"{stored.path}: the evaluation failed in {record.outcome.stage}, so that there is "
            "nothing to export",
            remedy=remedy,
        )
    if (why := why_unusable(record)) is not None:
        raise UsageError(
            f"{stored.path}: cannot be exported: {why}",
            remedy="evaluate again, or name the file of an evaluation that counts",
        )
    if not resolved_records([record]) or record.hardware.cores < 1:
        raise UsageError(
            f"{stored.path}: the meter does not resolve what the entry used, and every format "
            "here asks for an energy",
            remedy=remedy,
        )
    if damaged := [*_damaged_moments(record)]:
        raise UsageError(
            f"{stored.path}: cannot be exported: {'; '.join(damaged)}",
            remedy="restore the file from the repository's history or a backup, or name another "
            "evaluation",
        )
    return Subject(stored, options)


def _damaged_moments(record: EvaluationRecord) -> Iterator[str]:
    named = {"created_utc": record.created_utc} | {
        f"sessions[{place}].started_utc": session.started_utc
        for place, session in enumerate(record.sessions)
    }
    for field, value in named.items():
        if not is_moment(value):
            yield f"{field} is {value[:MOST_SHOWN]!r}, which is no moment in UTC"


def joules_by_component(sessions: Sequence[Session], phases: tuple[Phase, ...]) -> dict[str, float]:
    """Add up the energy of some phases, by component in the order of the alphabet."""
    found: dict[str, float] = {}
    for session in sessions:
        for window in session.phases:
            if window.phase in phases:
                for part in window.reading.energy:
                    found[part.component] = found.get(part.component, 0.0) + part.joules
    return dict(sorted(found.items()))


def session_joules(session: Session) -> float:
    """Return the energy of one session from the first measured query through the drain."""
    return phase_joules(session, *MEASURED_THROUGH_DRAIN)


def without_absent(plain: Mapping[str, T | None]) -> dict[str, T]:
    """Leave out what is ``None``: absent is absent, and neither null nor 0."""
    return {key: value for key, value in plain.items() if value is not None}
