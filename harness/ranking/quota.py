"""How many official evaluations a team has had, and how many the rules let it have. Pure.

Every official result tells a team a little of labels that it must not know, and takes the organiser
an hour of a machine. So the rules may set a number per team and task.

Counted is each evaluation that an organiser signed on data whose labels are not public, by whatever
protocol, also one that the entry failed or that stood in a campaign that is void: its record tells
its quality all the same. Not counted is one that failed by the organiser's fault and has no
quality, nor one of a reference entry of its rules (null, control): these have a part in the method.
Another version of an entry, of the rules or of the data begins no new count: only a change of the
number in the rules gives more. Of one evaluation there may be several records, made before and
after an interruption, or signed by two keys: it counts once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Protocol

from msgspec.structs import asdict, replace

from harness.records.base import digest
from harness.records.board import Board
from harness.records.evaluation import EvaluationRecord, Failed
from harness.records.rule_book import KnownRules
from harness.records.rules import Rules
from harness.records.session import Notice
from harness.records.team_names import team_key


class Vouched(Protocol):
    """A record, and whether an organiser's signature of it was found good."""

    @property
    def record(self) -> EvaluationRecord:
        """What was read."""
        ...

    @property
    def verified(self) -> bool:
        """Whether it counts as signed."""
        ...


def official_evaluations(
    stored: Iterable[Vouched], rules: KnownRules, *, without: Collection[str] = ()
) -> Mapping[tuple[str, str], int]:
    """Count what counts towards the quota, by task and team (``team_key``); 0 for all others.

    Evaluations whose ``evaluation_id`` is in ``without`` are left out.
    """
    counted = (
        (each.record.task.id, each.record.submission.team, evaluation_id(each.record))
        for each in stored
        if each.verified and counts_towards(each.record, rules.of(each.record.rules.digest))
    )
    return tally(each for each in counted if each[2] not in without)


def evaluation_id(record: EvaluationRecord) -> str:
    """Say which evaluation a record is of, whoever signed it and however often it was written.

    In a campaign an entry is evaluated once; by itself it is known by when and what was measured.
    """
    entry = record.submission.entry
    if record.campaign is not None:
        return digest([record.campaign.id, entry])
    which = [record.task, record.data, record.submission, record.rules, record.created_utc]
    return digest([*which, record.sessions])


def tally(evaluations: Iterable[tuple[str, str, str]]) -> Mapping[tuple[str, str], int]:
    """Count evaluations, given by task, team and ``evaluation_id``, each of them once.

    All are such as count towards the quota.
    """
    spelt = cache(team_key)
    distinct = {(task, spelt(team), which) for task, team, which in evaluations}
    return Counter((task, team) for task, team, _ in distinct)


def is_reference(task: str, entry: str, rules: Rules) -> bool:
    """Say whether the rules give the entry a part in the method of this task."""
    named = rules.reference.get(task)
    return named is not None and entry in asdict(named).values()


def with_counts(board: Board, counts: Mapping[tuple[str, str], int], rules: Rules) -> Board:
    """Give every row of a board the number of official evaluations that its team has had.

    A note names the teams that have had any, once each, and how many the rules allow.
    """
    if not counts:
        return board
    spelt = cache(team_key)
    entries = tuple(
        replace(row, official_evaluations=counts.get((board.task, spelt(row.team)), 0))
        for row in board.entries
    )
    named = [*(row.team for row in entries), *(row.team for row in board.failed)]
    teams: dict[str, str] = {}
    for team in named:  # one of which every entry failed has used its quota up, too
        teams.setdefault(spelt(team), team)
    had = {team: counts.get((board.task, key), 0) for key, team in teams.items()}
    notes = board.notes
    if any(had.values()):
        of = f", of {rules.quota.official_evaluations} that a team may have" if rules.quota else ""
        each = ", ".join(f"{team} {count}" for team, count in sorted(had.items()) if count)
        notes += (
            Notice(
                code="official-evaluations",
                message=f"official evaluations so far, of all entries to this task{of}: {each}",
                remedy="read a narrow lead after many evaluations with care: each one tells a"
                " little of the labels",
            ),
        )
    return replace(board, entries=entries, notes=notes)


def counts_towards(record: EvaluationRecord, rules: Rules) -> bool:
    """Say whether an evaluation counts towards the quota, once it is signed."""
    failed = isinstance(record.outcome, Failed) and record.outcome.blame == "organiser"
    return (
        not record.data.public
        and not (failed and record.quality is None)
        and not is_reference(record.task.id, record.submission.entry, rules)
    )
