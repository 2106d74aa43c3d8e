"""One measurement under two records of a board: it counts once, or nobody knows what it was. Pure.

No measurement comes out twice alike to the last digit. Where two records hold the same measured
session and say otherwise different things of it, they contradict each other, and neither is used:
to choose would be to believe one of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Protocol

from harness.records.base import canonical_json
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


def find_duplicates(members: Sequence[HeldRecord]) -> list[Problem]:
    """Return a problem for each record that must not count, as ``make_boards`` lists them.

    Code ``duplicate``: the very same record is at another path, which counts. ``contradictory``:
    another record holds a session that was measured once, and neither counts.
    """
    holders: defaultdict[bytes, dict[str, HeldRecord]] = defaultdict(dict)
    for each in sorted(members, key=lambda member: member.path):
        for session in each.record.sessions:
            holders[canonical_json(session.phases)].setdefault(each.path, each)
    found: dict[str, Problem] = {}
    for sharing in holders.values():
        for problem in _problems_of([*sharing.values()]):
            earlier = found.get(problem.path)
            if earlier is None or earlier.code == "duplicate":
                found[problem.path] = problem
    return [found[path] for path in sorted(found)]


def _problems_of(sharing: Sequence[HeldRecord]) -> Iterator[Problem]:
    first, *others = sharing
    if all(other.record == first.record for other in others):
        for other in others:
            yield Problem(
                path=other.path,
                code="duplicate",
                message=f"is the record at {first.path} once more, and counts once",
            )
        return
    for number, each in enumerate(sharing):
        other = sharing[1] if number == 0 else first
        yield Problem(
            path=each.path,
            code="contradictory",
            message=f"holds a session that {other.path} holds too, and is another record: nobody "
            "can say which is right, and neither counts",
        )
