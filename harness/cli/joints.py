"""From boards to ranks: by the outcomes that are here, or by the joint file made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_made
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

if TYPE_CHECKING:
    from harness.cli.project import Project
    from harness.ranking.rank_notes import WhyNoRanks
    from harness.records.board import Board, BoardEntry, Boards, Problem
    from harness.records.joint import JointFile, JointStatistics
    from harness.store.results import Signs, StoredRecord

SIGNED = ("official", "unofficial", "open")
"""Boards of signed records: an unsigned joint file beside one could be anybody's."""


@dataclass(frozen=True)
class Ranked:
    """Boards with their ranks, and what must be written so that others come to the same."""

    boards: Boards
    published: Boards
    """As they are to be published: without ranks of files that nobody may write, because whoever
    has not the outcomes does not see them."""
    stale: tuple[JointFile, ...]
    """Joint files that are missing or are not what the outcomes give, as they should be."""
    unsigned: tuple[str, ...]
    """Those of them that nobody may write, for want of a signature."""


@dataclass(frozen=True)
class _Made:
    """One board."""

    board: Board
    published: Board
    joint: JointFile | None = None
    """To be written."""
    problem: Problem | None = None


class Joints:
    """The joint files beside a results folder."""

    def __init__(self, project: Project, results: Path, signer: Signs | None = None) -> None:
        from harness.store.joint import joint_folder
        from harness.tasks import load_task

        self.results, self.folder = results, joint_folder(results)
        self._keys, self._signer = project.key_ring(), signer
        self._rules = project.rules()
        self._task = cache(lambda name: load_task(project.root, name))
        self._computed: dict[tuple[str, str], JointStatistics | None] = {}

    def ranked(self, *, local: bool) -> Ranked:
        """Make the boards of all records, with what teams report of themselves or without."""
        from harness.store.results import read_all

        stored, problems = read_all(self.results, self._keys, local=local)
        return self.of(stored, problems)

    def of(self, stored: Sequence[StoredRecord], problems: Sequence[Problem] = ()) -> Ranked:
        """Make the boards of records that were read; ``problems`` are those of reading."""
        from harness.ranking.boards import make_boards

        return self.rank(make_boards(stored, self._rules, problems), stored)

    def place(self, board_id: str) -> tuple[str, bool]:
        """Return how a board's joint file is named in what is found, and whether there is one."""
        from harness.store.joint import SUFFIX, joint_name

        path = self.folder / f"{board_id}{SUFFIX}"
        return joint_name(board_id), path.exists() or path.is_symlink()

    def left_over(self, ranked: Ranked) -> tuple[str, ...]:
        """Return the names of joint files of boards that are gone."""
        from harness.store.joint import left_over

        return left_over(self.folder, [board.id for board in ranked.boards.boards])

    def rank(self, boards: Boards, stored: Sequence[StoredRecord]) -> Ranked:
        """Rank the entries of every board by what is here; ``stored`` are their records."""
        by_path = {each.path: each for each in stored}
        made = [self._rank(board, by_path) for board in boards.boards]
        problems = [each.problem for each in made if each.problem is not None]
        found = sorted((*boards.problems, *problems), key=lambda p: (p.path, p.code, p.message))
        boards = replace(boards, problems=tuple(found))
        return Ranked(
            boards=replace(boards, boards=tuple(each.board for each in made)),
            published=replace(boards, boards=tuple(each.published for each in made)),
            stale=tuple(each.joint for each in made if each.joint is not None),
            unsigned=tuple(each.board.id for each in made if _needs_signature(each)),
        )

    def _rank(self, board: Board, stored: Mapping[str, StoredRecord]) -> _Made:
        from harness.ranking.candidates import candidates
        from harness.ranking.joined import with_statistics, without_statistics
        from harness.records.joint import JointFile
        from harness.store.joint import records_digest, signed

        rows, _ = candidates(board, self._rules)
        if not rows:
            nobody = without_statistics(board, "no-candidates")
            return _Made(nobody, nobody)
        behind = [stored[path] for row in board.entries for path in row.evaluations]
        records = records_digest(behind)
        kept, problem = self._kept(board, records)
        computed, complete = self._compute(board, rows, records, stored)
        of_kept = kept and with_statistics(board, kept.statistics, self._rules)
        if kept and of_kept and _counts(kept, computed if complete else None):
            return _Made(of_kept, of_kept)
        if computed is None:
            why: WhyNoRanks = "items-missing" if self._in_force(board) else "other-rules"
            unranked = without_statistics(board, why)
            return _Made(unranked, unranked, problem=problem)
        ranked = with_statistics(board, computed, self._rules)
        if board.status == "self-reported":
            return _Made(ranked, ranked)
        signer = self._signer if board.status in SIGNED else None
        joint = JointFile(
            board=board.id,
            records=records,
            created_utc=max(each.record.created_utc for each in behind),
            statistics=computed,
        )
        made = _Made(ranked, ranked, signed(joint, signer))
        if not _needs_signature(made):
            return made
        elsewhere = of_kept or without_statistics(board, "items-missing")
        return replace_made(made, published=elsewhere, problem=problem)

    def _control(self, task: str) -> str | None:
        reference = self._rules.reference.get(task)
        return None if reference is None else reference.control

    def _in_force(self, board: Board) -> bool:
        return board.rules_digest == self._rules.reference_to_these.digest

    def _kept(self, board: Board, records: str) -> tuple[JointFile | None, Problem | None]:
        """Return the joint file of a board if it may be used, or what is wrong with it."""
        from harness.records.board import Problem
        from harness.store.joint import joint_name, read_joint
        from harness.store.unusable import UnusableError

        if board.status == "self-reported":  # its sidecars are here, or nowhere
            return None, None
        try:
            read = read_joint(self.folder, board.id, self._keys)
        except UnusableError as error:
            return None, Problem(path=joint_name(board.id), code=error.code, message=error.message)
        if read is None:
            return None, None
        joint, signed_by = read
        if joint.records != records:
            return None, None
        if board.status in SIGNED and signed_by is None:
            return None, Problem(
                path=joint_name(board.id),
                code="joint-unsigned",
                message="is not signed, and its board is made of signed records",
            )
        return joint, None

    def _compute(
        self,
        board: Board,
        rows: Sequence[BoardEntry],
        records: str,
        stored: Mapping[str, StoredRecord],
    ) -> tuple[JointStatistics | None, bool]:
        """Return what the sidecars give, and whether those of all rows are here.

        Nothing for a board of other rules than those in force: the margins that it was made under
        are known to its joint file alone.
        """
        from harness.cli.evidence import gather
        from harness.ranking.joint import joint_statistics
        from harness.store.joint import resampling_seed

        if not self._in_force(board):
            return None, False
        gathered = gather(
            self.results,
            board,
            rows,
            stored,
            self._task,
            control=self._control(board.task),
            least_campaigns=self._rules.campaigns.least,
        )
        if gathered.evidence is None:
            return None, False
        place = (board.id, records)
        if place not in self._computed:
            seed = resampling_seed(gathered.keys, records)
            self._computed[place] = joint_statistics(
                board, gathered.evidence, gathered.left_out, self._rules, seed
            )
        return self._computed[place], not gathered.left_out


def _needs_signature(made: _Made) -> bool:
    joint = made.joint
    return joint is not None and joint.signature is None and made.board.status in SIGNED


def _counts(kept: JointFile, computed: JointStatistics | None) -> bool:
    """Say whether a file is to be believed; ``computed`` is what the outcomes of all rows give.

    Without them an organiser's signature, which was found good when it was read: a file that nobody
    signed could be anybody's.
    """
    from harness.ranking.joined import agree

    if computed is None:
        return kept.signature is not None
    return agree(kept.statistics, computed)
