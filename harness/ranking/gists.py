"""What of a record decides where it stands, and what a row is made of, whoever stands beside it.

Boards of many thousand records are made of their gists, for records themselves take ten times the
room; a line is what the records behind one row give by themselves. Both can be made of one folder
at a time, in any order. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from msgspec.structs import replace

from harness.ranking.base_power import Draw, base_ratio, draw_of
from harness.ranking.duplicates import mark, marks_of
from harness.ranking.figures import figures, pooled_metrics, seconds_per_1000
from harness.ranking.quota import counts_towards, evaluation_id
from harness.ranking.status import board_status, official_lacks
from harness.ranking.usable import resolved_records, why_void, why_without_figures
from harness.records.base import Frozen, canonical_json, digest
from harness.records.board import Board, BoardEntry, FailedEntry, Problem
from harness.records.evaluation import (
    FEW_SESSIONS,
    EvaluationRecord,
    Failed,
    Hardware,
    RulesReference,
)
from harness.records.meter import MeterDescription, SourceDescription
from harness.records.rule_book import KnownRules
from harness.records.rules import Rules
from harness.records.session import Notice

UNRANKED_ISOLATION = "D"
"""Nothing kept the entry from the labels or the meter."""


class StoredLike(Protocol):
    """A record, the path that it was read from, and whether somebody vouches for it."""

    @property
    def path(self) -> str:
        """Relative to the results folder."""
        ...

    @property
    def record(self) -> EvaluationRecord:
        """What was read there."""
        ...

    @property
    def verified(self) -> bool:
        """Whether it carries an organiser's signature that was found good."""
        ...


class Head(Frozen, array_like=True):
    """What a record says of its board. Most of it is the same in all of a board's records."""

    board: Board
    """Without entries, failures and notes."""
    meter: MeterDescription
    rules: RulesReference


class Gist(Frozen, array_like=True):
    """What of one record decides where it stands."""

    path: str
    key: str
    """The digest of ``board_key``."""
    head: str
    """The digest of what it says of its board: most records of a board say the same."""
    task: str
    problem: Problem | None
    """What keeps it from any board."""
    created_utc: str
    entry: str
    team: str
    digest: str
    """Of the submission."""
    failure: FailedEntry | None
    """``None``: it completed."""
    marks: tuple[str, ...]
    """Of its sessions (``ranking.duplicates``)."""
    counted: str | None
    """Which evaluation it counts as towards the quota of its team; ``None``: as none."""
    lacks: tuple[str, ...]
    """What it lacks to be official."""

    @property
    def age(self) -> tuple[str, str]:
        """When it was made: what is older comes first."""
        return self.created_utc, self.path


class Line(Frozen, array_like=True):
    """A row that knows nothing of other rows, and what its modelled energy is made of."""

    row: BoardEntry
    draws: tuple[Draw, ...] = ()
    forgotten: tuple[bool, ...] = ()
    """Whether the kernel was made to forget files before its sessions; both, where some differ."""


MOST_HEADS = 256
_heads: dict[bytes, tuple[str, str, Head]] = {}
"""The digest of its key, its own mark and itself, by all that they are made of: records of one
board say the same."""


def gist_of(stored: StoredLike, known: KnownRules) -> tuple[Gist, Head]:
    """Return the gist of a record under its rules, and what it says of its board."""
    record, submission = stored.record, stored.record.submission
    rules = known.of(record.rules.digest)
    status = board_status(record, rules, verified=stored.verified)
    said = (record.task, record.data, record.hardware, record.meter, record.rules, record.scenario)
    spelt = msgspec.msgpack.encode((*said, _cpu_account(record), status))
    if spelt not in _heads:
        if len(_heads) >= MOST_HEADS:
            _heads.clear()
        key = board_key(stored, rules)
        whole = digest(key)
        head = _head(record, key, _board_id(key, whole))
        _heads[spelt] = whole, mark(head), head
    whole, head_mark, head = _heads[spelt]
    gist = Gist(
        path=stored.path,
        key=whole,
        head=head_mark,
        task=record.task.id,
        problem=problem_of(stored),
        created_utc=record.created_utc,
        entry=submission.entry,
        team=submission.team,
        digest=submission.digest,
        failure=_failure(stored, record.outcome) if isinstance(record.outcome, Failed) else None,
        marks=marks_of(record),
        counted=evaluation_id(record)
        if stored.verified and counts_towards(record, rules)
        else None,
        lacks=tuple(official_lacks(record, rules)) if status == "unofficial" else (),
    )
    return gist, head


def problem_of(stored: StoredLike) -> Problem | None:
    """Say what keeps a record from any board; ``None`` where nothing does."""
    record = stored.record
    if record.isolation.grade == UNRANKED_ISOLATION:
        return Problem(
            path=stored.path,
            code="isolation-d",
            message="the entry was not kept apart (isolation grade D), and is not ranked",
        )
    if void := why_void(record):
        return Problem(path=stored.path, code="void-campaign", message=f"not ranked: {void}")
    if why := why_without_figures(record):
        return Problem(path=stored.path, code="unusable", message=f"not ranked: {why}")
    return None


def board_key(stored: StoredLike, known: KnownRules) -> dict[str, Any]:
    """Return everything that must be the same for two figures to be compared.

    The status is a part: what is verified and what teams report of themselves never share a board.
    """
    record = stored.record
    return {
        "task": [record.task.id, record.task.version, record.task.digest, record.task.metric],
        "data": record.data.digest,
        "scenario": record.scenario,
        "profile": record.hardware.profile,
        "profile_digest": record.hardware.profile_digest,
        "meter_grade": record.meter.grade,
        "sources": _in_order(list(map(_identity, record.meter.sources))),
        "cpu_account": _cpu_account(record),
        "rules": record.rules,
        "status": board_status(record, known.of(record.rules.digest), verified=stored.verified),
    }


def board_id(key: Mapping[str, Any]) -> str:
    """Return the identifier of the board with this key: short, and as long as the key is."""
    return _board_id(key, digest(key))


def _board_id(key: Mapping[str, Any], whole: str) -> str:
    return f"{key['task'][0]}-{key['scenario']}-{whole[:8]}"


def line_of(
    completed: Sequence[StoredLike], copies: Sequence[StoredLike], known: KnownRules
) -> Line:
    """Return the line of an entry; ``completed`` are its completed evaluations on a board, by age.

    ``copies`` are those of the latest content of its exact copies.
    """
    own, rules = _pooled(completed), known.of(completed[-1].record.rules.digest)
    resolved = resolved_records([each.record for each in own])
    row = _row(completed, copies, rules, None if copies else resolved)
    forgotten = {
        session.caches_forgotten is True
        for each in (*own, *copies)
        for session in each.record.sessions
    }
    return Line(
        row=row,
        draws=tuple(_draws(completed[-1].record, resolved)),
        forgotten=tuple(sorted(forgotten)),
    )


def _row(
    completed: Sequence[StoredLike],
    copies: Sequence[StoredLike],
    rules: Rules,
    resolved: Sequence[EvaluationRecord] | None,
) -> BoardEntry:
    """Pool the completed evaluations of the entry's latest digest, and those of its exact copies.

    ``completed`` is by age. Energy is that of the evaluations whose every session is resolved, over
    the occasions on which they were made; where there is none, the row has no figure of energy.
    ``resolved`` are those evaluations, by age; ``None``: not looked at yet.
    """
    submission = completed[-1].record.submission
    pooled = sorted([*_pooled(completed), *copies], key=lambda e: (e.record.created_utc, e.path))
    records = [e.record for e in pooled]
    resolved = resolved_records(records) if resolved is None else resolved
    sessions = [session for record in resolved or records for session in record.sessions]
    metrics = pooled_metrics(records)
    ranked = next(metric for metric in metrics if metric.name == records[-1].task.metric)
    steps = [r.quality.step for r in records if r.quality is not None and r.quality.step]
    enough = len(sessions) >= rules.boards.min_sessions
    others = dict.fromkeys(e.record.submission.digest for e in completed)
    row = BoardEntry(
        rank=None,
        entry=submission.entry,
        team=submission.team,
        name=submission.name,
        description=submission.description,
        family=submission.family,
        quality=ranked.value,
        quality_interval=(ranked.low, ranked.high),
        seconds_per_1000_queries=seconds_per_1000(sessions),
        on_front=False,
        front_support=None,
        energy_class=None,
        prizes=(),
        verified=all(e.verified for e in pooled),
        at_floor=False,
        baseline=False,
        sessions=len(sessions),
        metrics=metrics,
        digest=submission.digest,
        evaluations=tuple(e.path for e in pooled),
        earlier_digests=tuple(each for each in others if each != submission.digest),
        isolation_grade=max(record.isolation.grade for record in records),
        warnings=_once_each(
            notice
            for record in records
            for notice in record.warnings
            if not (enough and notice.code == FEW_SESSIONS)  # pooled, they are enough
        ),
        quality_step=max(steps) if steps else None,
        copies=tuple(sorted({e.record.submission.entry for e in copies})),
    )
    if not resolved:
        return row
    derived = figures(resolved)
    return replace(
        row,
        joules_per_1000_queries=derived.joules_per_1000_queries,
        joules_interval=derived.joules_interval if enough else None,
        joules_uncertainty=derived.joules_uncertainty,
        active_joules_per_1000_queries=derived.active_joules_per_1000_queries,
        measured_watts=derived.measured_watts,
        parts=derived.parts,
        occasions=derived.occasions,
    )


def _pooled(completed: Sequence[StoredLike]) -> list[StoredLike]:
    latest = completed[-1].record.submission.digest
    return [e for e in completed if e.record.submission.digest == latest]


def _draws(latest: EvaluationRecord, resolved: Sequence[EvaluationRecord]) -> Iterator[Draw]:
    """Yield what an entry's modelled energy is made of; nothing where no model is the meter.

    Nor where its energy is not resolved: it has no place in an order.
    """
    if resolved and base_ratio(latest.meter) is not None:
        sessions = [session for record in resolved for session in record.sessions]
        amortise = latest.rules.amortise_queries
        yield draw_of(latest.submission.entry, sessions, amortise, latest.meter)


def _head(record: EvaluationRecord, key: Mapping[str, Any], board: str) -> Head:
    head = Board(
        id=board,
        task=record.task.id,
        task_title=record.task.title,
        task_version=record.task.version,
        metric=record.task.metric,
        scenario=record.scenario,
        data_source=record.data.source,
        data_digest=record.data.digest,
        items=record.data.items,
        profile=record.hardware.profile,
        hardware=_in_words(record.hardware),
        components=record.meter.components,
        meter_grade=record.meter.grade,
        sources=record.meter.sources,
        rules_version=record.rules.version,
        rules_digest=record.rules.digest,
        status=key["status"],
        entries=(),
        failed=(),
        notes=(),
    )
    return Head(board=head, meter=record.meter, rules=record.rules)


def _in_words(hardware: Hardware) -> str:
    machine = f"{hardware.processor}, {hardware.cores} cores, {hardware.memory_gib} GiB"
    return ", ".join((machine, *hardware.accelerators))


def _cpu_account(record: EvaluationRecord) -> str | None:
    """Return what counted the entry's CPU time, where energy is modelled from it.

    A control group misses nothing; a process tree loses the last moments of what is killed.
    """
    if all(source.kind != "model" for source in record.meter.sources):
        return None
    seen = [check.seen for check in record.isolation.checks if check.name == "CPU account"]
    return seen[0].partition(",")[0].partition(" (")[0] if seen else None


def _in_order(sources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(sources, key=canonical_json) if len(sources) > 1 else sources


def _identity(source: SourceDescription) -> dict[str, Any]:
    """Return what a source is, without what is measured of it anew each time: refresh and step."""
    return {
        "name": source.name,
        "component": source.component,
        "grade": source.grade,
        "kind": source.kind,
        "relative_uncertainty": source.relative_uncertainty,
        "provenance": source.provenance,
        "constants": source.constants,
    }


def _failure(stored: StoredLike, outcome: Failed) -> FailedEntry:
    return FailedEntry(
        entry=stored.record.submission.entry,
        team=stored.record.submission.team,
        stage=outcome.stage,
        blame=outcome.blame,
        message=outcome.message,
        path=stored.path,
    )


def _once_each(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple({(n.code, n.message): n for n in notices}.values())
