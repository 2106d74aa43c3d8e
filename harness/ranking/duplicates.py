"""One measurement under two records of a board: it counts once, or nobody knows what it was. Pure.

No measurement comes out twice alike to the last digit. Where two records hold the same measured
session and say otherwise different things of it, they contradict each other, and neither is used:
to choose would be to believe one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from operator import itemgetter
from typing import Protocol

import msgspec
from msgspec.structs import replace

from harness.records.base import Frozen
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


class Marks(Frozen, array_like=True):
    """What tells one record and its sessions from others; as much of it as need be kept."""

    whole: str
    """The same of two records that say the same throughout."""
    sessions: tuple[str, ...]
    """The same of two sessions with the same windows."""


def marks_of(record: EvaluationRecord) -> Marks:
    """Return the marks of a record: 128 bits each, of which no two come out alike by chance."""
    sessions = tuple([mark(session.phases) for session in record.sessions])
    bare = tuple([replace(session, phases=()) for session in record.sessions])  # marked already
    return Marks(whole=mark([replace(record, sessions=bare), sessions]), sessions=sessions)


def find_duplicates(members: Sequence[HeldRecord]) -> list[Problem]:
    """Return a problem for each record that must not count, as ``make_boards`` lists them.

    Code ``duplicate``: the very same record is at another path, which counts. ``contradictory``:
    another record holds a session that was measured once, and neither counts.
    """
    return duplicates_among([(each.path, marks_of(each.record)) for each in members])


def duplicates_among(members: Sequence[tuple[str, Marks]]) -> list[Problem]:
    """Do as ``find_duplicates`` by the paths and marks of the records."""
    holders: defaultdict[str, dict[str, Marks]] = defaultdict(dict)
    for path, marks in sorted(members, key=itemgetter(0)):
        for session in marks.sessions:
            holders[session].setdefault(path, marks)
    found: dict[str, Problem] = {}
    for sharing in holders.values():
        for problem in _problems_of([*sharing.items()]) if len(sharing) > 1 else ():
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


def _problems_of(sharing: Sequence[tuple[str, Marks]]) -> Iterator[Problem]:
    (first, marks), *others = sharing
    if all(other.whole == marks.whole for _, other in others):
        for path, _ in others:
            yield Problem(
                path=path,
                code="duplicate",
                message=f"is the record at {first} once more, and counts once",
            )
        return
    for number, (path, _) in enumerate(sharing):
        other = sharing[1][0] if number == 0 else first
        yield Problem(
            path=path,
            code="contradictory",
            message=f"holds a session that {other} holds too, and is another record: nobody "
            "can say which is right, and neither counts",
        )
