"""Boards from records: who may be compared with whom, and one row an entry. Pure."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias, get_args

from msgspec.structs import replace

from harness.ranking.classes import mark_classes
from harness.ranking.duplicates import duplicates_among
from harness.ranking.front import floor_joules, mark_floor, mark_front
from harness.ranking.gists import Gist, Head, Line, StoredLike, gist_of, line_of
from harness.ranking.notes import board_notes
from harness.ranking.quota import tally, with_counts
from harness.records.board import Board, BoardEntry, Boards, BoardStatus, Problem
from harness.records.meter import Grade
from harness.records.rule_book import KnownRules

Lines: TypeAlias = Callable[[Sequence[str], Sequence[str]], Line]
"""Gives the line of the records at these paths: of an entry, by age, and of its exact copies."""


def make_boards(
    stored: Sequence[StoredLike], rules: KnownRules, problems: Sequence[Problem] = ()
) -> Boards:
    """Sort records onto boards, the order in which they are given having no say.

    ``problems`` are those of reading; records that cannot be ranked join them.
    """
    by_path = {each.path: each for each in stored}

    def line(completed: Sequence[str], copies: Sequence[str]) -> Line:
        own, others = ([by_path[path] for path in paths] for paths in (completed, copies))
        return line_of(own, others, rules)

    made = [gist_of(each, rules) for each in stored]
    heads = {gist.head: head for gist, head in made}
    gists = [gist for gist, _ in made]
    return boards_of(
        gists, heads, rules, line, lambda path: by_path[path].record, problems=problems
    )


def boards_of(
    gists: Sequence[Gist],
    heads: Mapping[str, Head],
    rules: KnownRules,
    line: Lines,
    record: Callable[[str], object],
    *,
    problems: Sequence[Problem] = (),
) -> Boards:
    """Make boards of the gists of records, of the lines that they give and what they say of boards.

    ``heads`` are by their digests, which gists name; ``record`` gives the record at a path, of
    which only those are asked for that hold one session.
    """
    found = list(problems)
    by_key: defaultdict[str, list[Gist]] = defaultdict(list)
    for each in gists:
        if each.problem is None:
            by_key[each.key].append(each)
        else:
            found.append(each.problem)
    counts = tally(
        (each.task, each.team, each.counted) for each in gists if each.counted is not None
    )
    boards = []
    for members in by_key.values():
        duplicates = duplicates_among([(each.path, each.marks) for each in members], record)
        found += duplicates
        unfit = {problem.path for problem in duplicates}
        if fit := [each for each in members if each.path not in unfit]:
            board = _make_board(fit, heads, rules, line)
            boards.append(with_counts(board, counts, rules.in_force))
    return Boards(
        boards=tuple(sorted(boards, key=place)),
        problems=tuple(sorted(found, key=lambda p: (p.path, p.code, p.message))),
    )


def _make_board(
    members: Sequence[Gist], heads: Mapping[str, Head], known: KnownRules, line: Lines
) -> Board:
    members = sorted(members, key=lambda each: each.age)
    head = heads[members[0].head]
    rules = known.of(head.rules.digest)
    reference = rules.reference.get(head.board.task)
    null = None if reference is None else reference.null
    latest = (evaluations[-1] for evaluations in _by_entry(members))
    failed = [each.failure for each in latest if each.failure is not None]
    broken = Counter(
        each.digest
        for each in members
        if each.failure is not None and each.failure.blame == "submission"
    )
    lines = [
        line([each.path for each in completed], [each.path for each in copies])
        for completed, copies in _without_copies(members, null)
    ]
    entries = [_with_failures(each.row, broken.get(each.row.digest, 0)) for each in lines]
    entries = mark_front(mark_floor(entries, null, rules.energy))
    entries = mark_classes(entries, None if reference is None else reference.energy_class)
    entries.sort(key=_by_quality)
    lacks = tuple(dict.fromkeys(lack for each in members for lack in each.lacks))
    draws = [draw for each in lines for draw in each.draws]
    forgotten = {each.row.entry: each.forgotten for each in lines}
    return replace(
        head.board,
        entries=tuple(entries),
        failed=tuple(failed),
        notes=board_notes(head, lacks, entries, known, draws, forgotten=forgotten),
        floor_joules_per_1000_queries=floor_joules(entries, null, rules.energy),
        reference=reference,
    )


def _with_failures(row: BoardEntry, count: int) -> BoardEntry:
    return row if row.failed_evaluations == count else replace(row, failed_evaluations=count)


def place(board: Board) -> tuple[str, str, int, int, str]:
    """Return where a board stands on the page: within a status, what is measured comes first."""
    grade = get_args(Grade).index(board.meter_grade)
    status = get_args(BoardStatus).index(board.status)
    return board.task, board.scenario, status, grade, board.id


def _by_quality(entry: BoardEntry) -> tuple[float, float, str]:
    joules = entry.joules_per_1000_queries
    return -entry.quality, math.inf if joules is None else joules, entry.entry


def _by_entry(members: Iterable[Gist]) -> list[list[Gist]]:
    """Group by entry; within each the oldest stays first."""

    def entry(gist: Gist) -> str:
        return gist.entry

    return [list(group) for _, group in groupby(sorted(members, key=entry), key=entry)]


def _without_copies(
    members: Sequence[Gist], null: str | None
) -> Iterator[tuple[list[Gist], list[Gist]]]:
    """Yield the completed evaluations of each entry, and those of the exact copies of it.

    A copy has the latest digest of another entry, the original: the null entry of the rules, else
    whichever was evaluated first as it is.
    """
    alike: defaultdict[str, list[list[Gist]]] = defaultdict(list)
    for evaluations in _by_entry(members):
        completed = [each for each in evaluations if each.failure is None]
        if completed:
            alike[completed[-1].digest].append(completed)

    def age(completed: Sequence[Gist]) -> tuple[bool, str, str]:
        first = _of_latest(completed)[0]
        return first.entry != null, *first.age

    for same in alike.values():
        original, *others = sorted(same, key=age)
        yield original, [each for copied in others for each in _of_latest(copied)]


def _of_latest(completed: Sequence[Gist]) -> list[Gist]:
    return [each for each in completed if each.digest == completed[-1].digest]
