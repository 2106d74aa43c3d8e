"""One measurement under two records of a board: it counts once, or nobody knows what it was. Pure.

No measurement comes out twice alike to the last digit. Where two records hold the same measured
session and say otherwise different things of it, they contradict each other, and neither is used:
to choose would be to believe one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from operator import itemgetter
from typing import Protocol

import msgspec

from harness.records.board import Problem
from harness.records.evaluation import EvaluationRecord


class HeldRecord(Protocol):
    """A record and the path that it was read from."""

    @property
    def path(self) -> str:
        """Relative to the results folder."""
        ...

    @property
    def record(self) -> EvaluationRecord:
        """What was read there."""
        ...


def marks_of(record: EvaluationRecord) -> tuple[str, ...]:
    """Return the marks of a record's sessions: the same of two whose windows measured the same."""
    return tuple([mark(session.windows.measurement) for session in record.sessions])


def find_duplicates(members: Sequence[HeldRecord]) -> list[Problem]:
    """Return a problem for each record that must not count, as ``make_boards`` lists them.

    Code ``duplicate``: the very same record is at another path, which counts. ``contradictory``:
    another record holds a session that was measured once, and neither counts.
    """
    records = {each.path: each.record for each in members}
    return duplicates_among([(path, marks_of(records[path])) for path in records], records.get)


def duplicates_among(
    members: Sequence[tuple[str, tuple[str, ...]]], record: Callable[[str], object]
) -> list[Problem]:
    """Do as ``find_duplicates`` by the paths of records and the marks of their sessions.

    ``record`` gives the record at a path: only those that share a session are asked for.
    """
    holders: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for path, marks in sorted(members, key=itemgetter(0)):
        for session in marks:
            holders[session].setdefault(path)
    whole = cache(lambda path: mark(record(path)))
    found: dict[str, Problem] = {}
    for sharing in holders.values():
        for problem in _problems_of([*sharing], whole) if len(sharing) > 1 else ():
            earlier = found.get(problem.path)
            if earlier is None or earlier.code == "duplicate":
                found[problem.path] = problem
    return [found[path] for path in sorted(found)]


def mark(value: object) -> str:
    """Return 128 bits, in hexadecimal, that tell ``value`` from any other."""
    try:
        spelt = msgspec.msgpack.encode(value)  # twice as fast to spell and to go through as JSON
    except OverflowError:  # a whole number beyond 64 bits, which no file is let hold
        spelt = msgspec.json.encode(value)
    return sha256(spelt).hexdigest()[:32]  # processors have it built in


def _problems_of(sharing: Sequence[str], whole: Callable[[str], str]) -> Iterator[Problem]:
    first, *others = sharing
    if all(whole(other) == whole(first) for other in others):
        for path in others:
            yield Problem(
                path=path,
                code="duplicate",
                message=f"is the record at {first} once more, and counts once",
            )
        return
    for number, path in enumerate(sharing):
        other = sharing[1] if number == 0 else first
        yield Problem(
            path=path,
            code="contradictory",
            message=f"holds a session that {other} holds too, and is another record: nobody "
            "can say which is right, and neither counts",
        )
