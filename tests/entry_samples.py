"""Entries made up for the tests of their pages and reports: no figure here was measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import record_samples as samples
from msgspec.structs import replace

from harness.carbon import CarbonRange
from harness.ranking.boards import make_boards
from harness.records.base import Frozen
from harness.records.board import Board
from harness.records.environment import EnvironmentReference
from harness.records.evaluation import (
    Campaign,
    ClassQuality,
    EvaluationRecord,
    IsolationCheck,
    Lifecycle,
)
from harness.records.meter import PowerTrace
from harness.records.session import Agreement, Disturbance, Notice, Session, VoidSession
from harness.site.entry_view import EntryView, entry_view

ENTRY, BROKEN = "team-model", "broken-model"
DIGEST = "d1" * 32

HOSTILE = (
    "<script>alert(1)</script>",
    "\"'><img src=x onerror=alert(1)>",
    "</title></svg><b>out</b>",
    "x" * 5000,
    "two\nlines\r\nand\ta tab",
    "نموذج سريع",
    "\u202egnp.exe\u2066",
    "👩\u200d🔬🌍",
    "\x00\x1b[31mred",
    "{{ 7 * 7 }}{% raise %}",
    "[a](javascript:alert(1)) `code` | cell | @somebody #1 https://example.org",
    "../../etc/passwd",
    "",
)
"""What anybody may call an entry, or write into a record that is shown."""


GRID = CarbonRange(
    low_grams=20.0, high_grams=900.0, low_zone="Northland", high_zone="Southland",
    world_grams=470.0, zones=200, year="2023", source="made up",
)  # fmt: skip
"""Of a kilowatt hour: golden files do not change with the table of another version of a package."""


class Kept(Frozen):
    """A record with its path, as it is read from a results folder."""

    path: str
    record: EvaluationRecord
    digest: str = DIGEST
    signed_by: str | None = None

    @property
    def verified(self) -> bool:
        """Whether an organiser's key vouches for it."""
        return self.signed_by is not None


def kept(record: EvaluationRecord, *, signed_by: str | None = None) -> Kept:
    """Give a record a path of its own."""
    moment = record.created_utc[:19].replace("-", "").replace(":", "")
    path = f"{record.task.id}/{record.submission.entry}/{moment}Z-{DIGEST[:8]}.json"
    return Kept(path=path, record=record, signed_by=signed_by)


def told(session: Session) -> Session:
    """Let a session tell everything that one can."""
    warm = Disturbance(
        other_cpu_seconds=0.02,
        harness_cpu_seconds=0.1,
        steal_seconds=0.0,
        frequency_megahertz=2400.0,
        temperature_celsius=51.5,
    )
    phases = tuple(
        replace(each, disturbance=warm) if each.phase == "measured" else each
        for each in session.phases
    )
    watts = ((1.0, 1.0), (1.0, 10.0), (2.0, 15.0), (2.0, 30.0), (3.5, 11.2), (0.5, 2.0), (1.0, 1.0))
    return replace(
        session,
        phases=phases,
        trace=(PowerTrace(component="package", watts=watts),),
        confusion=((500, 90, 10), (120, 480, 0)),
        agreement=Agreement(
            variants=0.99,
            variant_items=1000,
            rebatched=1.0,
            rebatched_items=256,
            previous=None if session.index == 0 else 0.998,
        ),
        round=session.index,
        place=(session.index + 1) % 3,
    )


def full_record(**changes: Any) -> EvaluationRecord:  # noqa: ANN401 - any field of the record
    """Make a record in which everything is said that a record can say."""
    joules: Sequence[float] = changes.pop("joules", (39.0, 41.0, 40.0, 38.5, 39.5))
    made = samples.record(ENTRY, joules=joules, **changes)
    quality = made.quality
    assert quality is not None
    sessions = tuple(map(told, made.sessions))
    busy = Notice(
        code="other-processes",
        message="other processes took 4.1% of the machine's CPU time, and 2.0% is allowed",
        remedy="stop what else runs",
    )
    first = made.sessions[0]
    return replace(
        made,
        submission=replace(
            made.submission,
            authors=("Ada", "Grace"),
            url="https://example.org/model?a=1&b=2",
            lifecycle=Lifecycle(
                training_kwh=12.5, provenance="estimated", hardware="8 boards", source="card.md"
            ),
        ),
        environment=EnvironmentReference(
            lock_digest="1c" * 32,
            digest="1e" * 32,
            python="CPython 3.11.7 linux-x86_64",
            installer="uv 0.5",
            source="wheelhouse",
            packages=("numpy==2.4.0", "scipy==1.16.0"),
            files=120,
            bytes=1 << 20,
        ),
        isolation=replace(
            made.isolation,
            checks=(
                *made.isolation.checks,
                IsolationCheck(
                    name="disk limit", held=False, seen="wrote on", remedy="mount a tmpfs"
                ),
            ),
        ),
        sessions=sessions,
        voided=(
            VoidSession(
                index=2,
                started_utc="2026-01-02T03:05:05+00:00",
                reasons=(busy,),
                phases=first.phases,
                kernel=first.kernel,
            ),
        ),
        quality=replace(
            quality,
            per_class=(
                ClassQuality(label="smoke", support=600, precision=0.81, recall=0.83, f1=0.82),
                ClassQuality(label="clear", support=600, precision=0.84, recall=0.80, f1=0.82),
            ),
        ),
        campaign=Campaign(id="ca" * 16, entries=("control", ENTRY), control="control"),
        warnings=(
            Notice(
                code="unsteady-machine",
                message="the same fixed work cost between 95 and 108 ms of CPU time",
                remedy="expect differences of that size",
            ),
            Notice(code="of-a-later-version", message="something new", remedy="see there"),
        ),
    )


def board_of(*stored: Kept) -> Board:
    """Make the one board that these records stand on."""
    made = make_boards(stored, samples.RULES)
    assert len(made.boards) == 1, made
    return made.boards[0]


def full_stored() -> tuple[Kept, ...]:
    """Make the records of an entry with an earlier version and a failure before it."""
    early = kept(samples.record(ENTRY, created="2025-12-01T00:00:00+00:00", digest="0d" * 32))
    broken = kept(
        samples.record(ENTRY, created="2025-12-05T00:00:00+00:00", failed="load", digest="0d" * 32)
    )
    return early, broken, kept(full_record())


def full_view() -> EntryView:
    """Make the view of that entry."""
    stored = full_stored()
    return entry_view(board_of(*stored), ENTRY, stored)


def failed_view(*, blame: str = "submission") -> EntryView:
    """Make the view of an entry that only failed."""
    made = samples.record(BROKEN, failed="load", joules=())
    outcome = replace(made.outcome, blame=blame, remedy="put weights.npz into the folder")
    only = kept(replace(made, outcome=outcome, quality=None))
    return entry_view(board_of(only), BROKEN, (only,))
