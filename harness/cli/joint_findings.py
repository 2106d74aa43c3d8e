"""What ``verify`` finds of the joint files beside a results folder."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.cli.building.joints import Joints, Ranked
    from harness.records.finding import Finding, Kind
    from harness.store.results import StoredRecord

_AGAIN = (
    "make it again where the outcomes are: leaderboard, with --sign on boards of signed records"
)
_NEVER_AGAIN = (
    "bring the rules of its board to leaderboard/rules, or remove it: they are no longer in force, "
    "and without them nothing makes it again"
)
_PUT_BACK = "put the records back that it was made of, or "
REMEDIES = {
    "joint-unreadable": "restore the file from the repository's history, or remove it",
    "joint-unsigned": "",
    "key-unknown": "bring the organiser's public key to leaderboard/keys by a review, or remove "
    "the file: anybody can make a key",
    "signature-invalid": "restore the file from the repository's history, or remove it",
    "key-revoked": "if you know the file from elsewhere, name its digest in keep; else ",
}
"""By the code of a problem of reading one; of what ``_MADE_AGAIN`` names, before what makes it."""
_MADE_AGAIN = {"joint-unsigned", "key-revoked"}


def check_joints(joints: Joints, stored: Sequence[StoredRecord]) -> Iterator[Finding]:
    """Work the ranks out again where the outcomes are here; hold each joint file against them.

    Else against the digest of its records, and its signature. What is self-reported has no joint
    file; without a signature one that cannot be worked out again is not used.
    """
    from harness.cli.building.joints import BRING_BACK, SIGNED

    ranked = joints.of(stored)
    stale = {joint.board for joint in ranked.stale}
    unread = list(_unread(joints, ranked))
    yield from unread
    told = {each.path for each in unread}
    for board in ranked.boards.boards:
        path, there = joints.place(board.id)
        if board.status == "self-reported" or path in told:
            continue
        if board.id in stale and not there:
            yield _found(
                "note", path, "joint-missing",
                "is not there: without the outcomes nobody can rank this board", _AGAIN,
            )  # fmt: skip
        elif board.id in stale:
            yield _found(
                "finding", path, "joint", "is not what its records and their outcomes give", _AGAIN
            )
        elif board.ranking is None and there and board.status not in SIGNED:
            yield _found(
                "note", path, "joint-unproven",
                "is not signed and cannot be made again here, so that it is not used", _AGAIN,
            )  # fmt: skip
        elif board.ranking is None and there:
            yield _found(
                "finding", path, "joint-stale", "was made of other records than are here",
                _AGAIN if joints.can_rank(board) else f"{_PUT_BACK}{_NEVER_AGAIN}",
            )  # fmt: skip
    signed = joints.signed_left_over(ranked)
    for name in joints.left_over(ranked):
        path, _ = joints.place(name.removesuffix(".json"))
        yield _found(
            "note", path, "joint-orphaned", "is of no board that is here",
            BRING_BACK if name in signed else "remove it",
        )  # fmt: skip


def _unread(joints: Joints, ranked: Ranked) -> Iterator[Finding]:
    """Yield what is wrong with joint files that cannot be used."""
    can_rank = {joints.place(board.id)[0]: joints.can_rank(board) for board in ranked.boards.boards}
    for problem in ranked.boards.problems:
        if (remedy := REMEDIES.get(problem.code)) is None:
            continue
        if problem.code in _MADE_AGAIN:
            remedy += _AGAIN if can_rank[problem.path] else _NEVER_AGAIN
        yield _found("finding", problem.path, problem.code, problem.message, remedy)


def _found(kind: Kind, path: str, code: str, message: str, remedy: str) -> Finding:
    from harness.records.finding import Finding

    return Finding(kind=kind, path=path, code=code, message=message, remedy=remedy)
