"""Boards from records: who may be compared with whom, and one row an entry. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol, get_args

from msgspec.structs import replace

from harness.ranking.base_power import Draw, base_ratio, draw_of
from harness.ranking.classes import mark_classes
from harness.ranking.duplicates import find_duplicates
from harness.ranking.figures import figures, last_alpha, pooled_metrics, seconds_per_1000
from harness.ranking.front import floor_joules, mark_floor, mark_front
from harness.ranking.notes import board_notes
from harness.ranking.occasions import occasions
from harness.ranking.quota import official_evaluations, with_counts
from harness.ranking.status import board_status
from harness.ranking.usable import resolved_records, why_unusable
from harness.records.base import canonical_json, digest
from harness.records.board import Board, BoardEntry, Boards, BoardStatus, FailedEntry, Problem
from harness.records.evaluation import FEW_SESSIONS, Completed, EvaluationRecord, Failed, Hardware
from harness.records.meter import Grade, SourceDescription
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


def make_boards(
    stored: Sequence[StoredLike], rules: Rules, problems: Sequence[Problem] = ()
) -> Boards:
    """Sort records onto boards, the order in which they are given having no say.

    ``problems`` are those of reading; records that cannot be ranked join them.
    """
    found = list(problems)
    by_key: defaultdict[bytes, list[StoredLike]] = defaultdict(list)
    for each in stored:
        problem = _problem_of(each)
        if problem is None:
            by_key[canonical_json(board_key(each, rules))].append(each)
        else:
            found.append(problem)
    counts = official_evaluations(stored, rules)
    boards = []
    for members in by_key.values():
        duplicates = find_duplicates(members)
        found += duplicates
        unfit = {problem.path for problem in duplicates}
        if fit := [each for each in members if each.path not in unfit]:
            boards.append(with_counts(_make_board(fit, rules), counts, rules))
    return Boards(
        boards=tuple(sorted(boards, key=_place)),
        problems=tuple(sorted(found, key=lambda p: (p.path, p.code, p.message))),
    )


def board_key(stored: StoredLike, rules: Rules) -> dict[str, Any]:
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
        "sources": sorted(map(_identity, record.meter.sources), key=canonical_json),
        "cpu_account": _cpu_account(record),
        "rules": record.rules,
        "status": board_status(record, rules, verified=stored.verified),
    }


def board_id(key: Mapping[str, Any]) -> str:
    """Return the identifier of the board with this key: short, and as long as the key is."""
    return f"{key['task'][0]}-{key['scenario']}-{digest(key)[:8]}"


def _cpu_account(record: EvaluationRecord) -> str | None:
    """Return what counted the entry's CPU time, where energy is modelled from it.

    A control group misses nothing; a process tree loses the last moments of what is killed.
    """
    if all(source.kind != "model" for source in record.meter.sources):
        return None
    seen = [check.seen for check in record.isolation.checks if check.name == "CPU account"]
    return seen[0].partition(",")[0].partition(" (")[0] if seen else None


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


def _problem_of(stored: StoredLike) -> Problem | None:
    record = stored.record
    if record.isolation.grade == UNRANKED_ISOLATION:
        return Problem(
            path=stored.path,
            code="isolation-d",
            message="the entry was not kept apart (isolation grade D), and is not ranked",
        )
    if why := why_unusable(record):
        return Problem(path=stored.path, code="unusable", message=f"not ranked: {why}")
    return None


def _make_board(members: Sequence[StoredLike], rules: Rules) -> Board:
    members = sorted(members, key=lambda each: (each.record.created_utc, each.path))
    key = board_key(members[0], rules)
    first = members[0].record
    reference = rules.reference.get(first.task.id)
    null = None if reference is None else reference.null
    failed = [
        _failure(evaluations[-1], evaluations[-1].record.outcome)
        for evaluations in _by_entry(members)
        if isinstance(evaluations[-1].record.outcome, Failed)
    ]
    broken = Counter(
        each.record.submission.digest
        for each in members
        if isinstance(each.record.outcome, Failed) and each.record.outcome.blame == "submission"
    )
    entries: list[BoardEntry] = []
    draws: list[Draw] = []
    for completed, copies in _without_copies(members, null):
        row = _row(completed, copies, rules)
        entries.append(replace(row, failed_evaluations=broken[row.digest]))
        draws += _draws(row.entry, completed)
    entries = mark_front(mark_floor(entries, null, rules.energy))
    entries = mark_classes(entries, None if reference is None else reference.energy_class)
    entries.sort(key=_by_quality)
    return Board(
        id=board_id(key),
        task=first.task.id,
        task_title=first.task.title,
        task_version=first.task.version,
        metric=first.task.metric,
        scenario=first.scenario,
        data_source=first.data.source,
        data_digest=first.data.digest,
        items=first.data.items,
        profile=first.hardware.profile,
        hardware=_in_words(first.hardware),
        components=first.meter.components,
        meter_grade=first.meter.grade,
        sources=first.meter.sources,
        rules_version=first.rules.version,
        rules_digest=first.rules.digest,
        status=key["status"],
        entries=tuple(entries),
        failed=tuple(failed),
        notes=board_notes([each.record for each in members], key["status"], entries, rules, draws),
        floor_joules_per_1000_queries=floor_joules(entries, null, rules.energy),
    )


def _place(board: Board) -> tuple[str, str, int, int, str]:
    """Return where a board stands on the page: within a status, what is measured comes first."""
    grade = get_args(Grade).index(board.meter_grade)
    status = get_args(BoardStatus).index(board.status)
    return board.task, board.scenario, status, grade, board.id


def _by_quality(entry: BoardEntry) -> tuple[float, float, str]:
    joules = entry.joules_per_1000_queries
    return -entry.quality, math.inf if joules is None else joules, entry.entry


def _by_entry(members: Iterable[StoredLike]) -> list[list[StoredLike]]:
    """Group by entry; within each the oldest stays first."""

    def entry(stored: StoredLike) -> str:
        return stored.record.submission.entry

    return [list(group) for _, group in groupby(sorted(members, key=entry), key=entry)]


def _without_copies(
    members: Sequence[StoredLike], null: str | None
) -> Iterator[tuple[list[StoredLike], list[StoredLike]]]:
    """Yield the completed evaluations of each entry, and those of the exact copies of it.

    A copy has the latest digest of another entry, the original: the null entry of the rules, else
    whichever was evaluated first as it is.
    """
    alike: defaultdict[str, list[list[StoredLike]]] = defaultdict(list)
    for evaluations in _by_entry(members):
        completed = [e for e in evaluations if isinstance(e.record.outcome, Completed)]
        if completed:
            alike[completed[-1].record.submission.digest].append(completed)

    def age(completed: Sequence[StoredLike]) -> tuple[bool, str, str]:
        first = _pooled(completed)[0]
        return first.record.submission.entry != null, first.record.created_utc, first.path

    for same in alike.values():
        original, *others = sorted(same, key=age)
        yield original, [each for copied in others for each in _pooled(copied)]


def _row(completed: Sequence[StoredLike], copies: Sequence[StoredLike], rules: Rules) -> BoardEntry:
    """Pool the completed evaluations of the entry's latest digest; ``completed`` is by age.

    Those of its exact copies too. Energy is that of the evaluations whose every session is
    resolved, over the occasions on which they were made. Where there is none, the row has no figure
    of energy.
    """
    submission = completed[-1].record.submission
    pooled = sorted([*_pooled(completed), *copies], key=lambda e: (e.record.created_utc, e.path))
    records = [e.record for e in pooled]
    resolved = resolved_records(records)
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
    numbers = occasions(resolved)
    derived = figures(
        sessions,
        records[-1].rules.amortise_queries,
        alpha=last_alpha(resolved),
        occasions=[n for n, record in zip(numbers, resolved, strict=True) for _ in record.sessions],
    )
    return replace(
        row,
        joules_per_1000_queries=derived.joules_per_1000_queries,
        joules_interval=derived.joules_interval if enough else None,
        joules_uncertainty=derived.joules_uncertainty,
        active_joules_per_1000_queries=derived.active_joules_per_1000_queries,
        measured_watts=derived.measured_watts,
        parts=derived.parts,
        occasions=len({*numbers}),
    )


def _pooled(completed: Sequence[StoredLike]) -> list[StoredLike]:
    latest = completed[-1].record.submission.digest
    return [e for e in completed if e.record.submission.digest == latest]


def _draws(entry: str, completed: Sequence[StoredLike]) -> Iterator[Draw]:
    """Yield what an entry's modelled energy is made of; nothing where no model is the meter.

    Nor where its energy is not resolved: it has no place in an order.
    """
    latest = completed[-1].record
    resolved = resolved_records([e.record for e in _pooled(completed)])
    if resolved and base_ratio(latest.meter) is not None:
        sessions = [session for record in resolved for session in record.sessions]
        amortise = latest.rules.amortise_queries
        yield draw_of(entry, sessions, amortise, latest.meter)


def _once_each(notices: Iterable[Notice]) -> tuple[Notice, ...]:
    return tuple({(n.code, n.message): n for n in notices}.values())


def _failure(stored: StoredLike, outcome: Failed) -> FailedEntry:
    return FailedEntry(
        entry=stored.record.submission.entry,
        team=stored.record.submission.team,
        stage=outcome.stage,
        blame=outcome.blame,
        message=outcome.message,
        path=stored.path,
    )


def _in_words(hardware: Hardware) -> str:
    machine = f"{hardware.processor}, {hardware.cores} cores, {hardware.memory_gib} GiB"
    return ", ".join((machine, *hardware.accelerators))
