"""From boards to ranks: by the outcomes that are here, or by the joint file made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as replace_made
from functools import cache, cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from harness.cli.building.evidence import Beside
from harness.cli.building.workers import Here
from harness.records.base import Frozen, digest
from harness.records.joint import JointStatistics

if TYPE_CHECKING:
    from harness.cli.building.gathering import Gathered
    from harness.cli.building.translations import Words
    from harness.cli.building.workers import Workers
    from harness.cli.project import Project
    from harness.ranking.rank_notes import WhyNoRanks
    from harness.records.board import Board, BoardEntry, Boards, Problem
    from harness.records.joint import JointFile
    from harness.store.results import Signs, StoredRecord
    from harness.store.scanning import Mark
    from harness.tasks.task import FolderTask

HERE = Here()

BRING_BACK = (
    "bring the records back that it was made of, or to leaderboard/rules the rules that these "
    "name; or, if its ranks are to be gone, remove it"
)
"""What to do about a signed joint file of no board."""

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

    def with_boards(self, boards: Boards, published: Boards) -> Ranked:
        """Return the same with other boards."""
        return replace_made(self, boards=boards, published=published)


@dataclass(frozen=True)
class _Made:
    """One board."""

    board: Board
    published: Board
    joint: JointFile | None = None
    """To be written."""
    problem: Problem | None = None


class Known(Frozen, array_like=True):
    """What the outcomes that were here gave of a board."""

    statistics: JointStatistics | None
    """``None`` where no entry can be ranked by them."""
    complete: bool
    """Whether those of all rows that can be ranked were here, and fit."""
    other_task: bool = False
    """Whether they could not be scored, for the task is not here as the records name it."""


class Joints:
    """The joint files beside a results folder."""

    def __init__(
        self,
        project: Project,
        results: Path,
        signer: Signs | None = None,
        known: Mapping[str, Known] | None = None,
    ) -> None:
        from harness.store.joint import joint_folder

        self.results, self.folder = results, joint_folder(results)
        self._keys, self._signer = project.key_ring(), signer
        self._rules = project.rule_book()
        self._task = cache(self._loaded)
        self._project = project
        self._root, self.computed = project.root, dict(known or {})
        self.used: dict[str, Known] = {}
        """What was worked out, or known, of the boards that were ranked; by what it was made of."""
        self._places: dict[str, str] = {}
        self._marks: dict[str, Mark | None] = {}

    def of_gathered(self, gathered: Gathered, several: Workers = HERE) -> Ranked:
        """Make the boards of what was kept of records; ``several`` read their outcomes."""
        from harness.cli.building.team_names import with_team_names
        from harness.cli.building.translations import with_words
        from harness.ranking.boards import boards_of

        kept = (gathered.gists, gathered.heads, self._rules, gathered.line, gathered.record)
        boards = boards_of(*kept, problems=gathered.problems)
        # What lies on a shelf is all that is asked of a record.
        stored = cast("Mapping[str, StoredRecord]", gathered.stored)
        shown = with_words(self._with_imported(boards), self._words)
        shown = with_team_names(shown, self._project.teams())
        marks = gathered.items_marks
        beside = Beside(self.results, stored, gathered.sidecars, marks, several)
        return self._ranked(shown, beside)

    def _loaded(self, name: str) -> FolderTask:
        from harness.tasks import load_task  # it imports SciPy, for outcomes that are new alone

        return load_task(self._root, name)

    @cached_property
    def _words(self) -> Words:
        """What tasks are called: of pages only, so that `verify` does without."""
        from harness.cli.building.translations import task_words
        from harness.cli.output import print_note

        words = task_words(self._project)
        for task in words.gone:
            print_note(
                f"note: the words of {task} in leaderboard/words.*.toml are of no use: there are "
                "results of the task, and no folder in tasks/"
            )
        return words

    def of(self, stored: Sequence[StoredRecord], problems: Sequence[Problem] = ()) -> Ranked:
        """Make the boards of records that were read; ``problems`` are those of reading."""
        from harness.ranking.boards import make_boards
        from harness.store.scanning import items_marks

        boards = make_boards(stored, self._rules, problems)
        by_path = {each.path: each for each in stored}
        marks = partial(items_marks, self.results)
        return self._ranked(boards, Beside(self.results, by_path, {}, marks, HERE))

    def _with_imported(self, boards: Boards) -> Boards:
        """Put beside boards what was imported: it has no part in any of them."""
        from harness.store.imported import imported_boards, imported_folder, read_imported

        entries, problems = read_imported(imported_folder(self.results))
        titles = {task: words[0].title for task, words in self._words.by_task.items()}
        imported = imported_boards(entries, lambda task: titles.get(task, task))
        return replace(boards, imported=imported, problems=(*boards.problems, *problems))

    def place(self, board_id: str) -> tuple[str, bool]:
        """Return how a board's joint file is named in what is found, and whether there is one."""
        from harness.store.joint import SUFFIX, joint_name

        path = self.folder / f"{board_id}{SUFFIX}"
        return joint_name(board_id), path.exists() or path.is_symlink()

    def mark(self, board_id: str) -> Mark | None:
        """Return what tells whether a board's joint file is as it was; ``None``: there was none.

        As it was when it was first asked for, which is before the file is read, or as it was
        written here: another that came meanwhile is not the one that was used.
        """
        if board_id not in self._marks:
            self._marks[board_id] = self._mark_now(board_id)
        return self._marks[board_id]

    def write(self, joint: JointFile) -> None:
        """Write the joint file of a board; raise ``OrganiserError`` where that cannot be."""
        from harness.store.joint import write_joint

        self._marks[joint.board] = write_joint(self.folder, joint)

    def are_as_used(self) -> bool:
        """Say whether all joint files are those that were used."""
        return all(self._mark_now(board) == mark for board, mark in self._marks.items())

    def _mark_now(self, board_id: str) -> Mark | None:
        from harness.store.joint import SUFFIX
        from harness.store.scanning import mark_of

        try:
            return mark_of((self.folder / f"{board_id}{SUFFIX}").lstat())
        except OSError:
            return None

    def used_by(self, boards: Iterable[Board]) -> dict[str, Known]:
        """Return the statistics these boards were ranked by, by the digest of their evidence."""
        places = [self._places[board.id] for board in boards if board.id in self._places]
        return {place: self.used[place] for place in places}

    def left_over(self, ranked: Ranked) -> tuple[str, ...]:
        """Return the names of joint files of boards that are gone."""
        from harness.store.joint import left_over

        return left_over(self.folder, [board.id for board in ranked.boards.boards])

    def signed_left_over(self, ranked: Ranked) -> tuple[str, ...]:
        """Return the names of those that somebody signed: they stay, for nothing makes them again.

        Their records may be here, on a board that other rules now call otherwise.
        """
        from harness.store.joint import signed_there

        return tuple(signed_there(self.folder, self.left_over(ranked)))

    def _ranked(self, boards: Boards, beside: Beside) -> Ranked:
        """Rank the entries of every board by what is here."""
        made = [self._rank(board, beside) for board in boards.boards]
        problems = [each.problem for each in made if each.problem is not None]
        found = sorted((*boards.problems, *problems), key=lambda p: (p.path, p.code, p.message))
        boards = replace(boards, problems=tuple(found))
        return Ranked(
            boards=replace(boards, boards=tuple(each.board for each in made)),
            published=replace(boards, boards=tuple(each.published for each in made)),
            stale=tuple(each.joint for each in made if each.joint is not None),
            unsigned=tuple(each.board.id for each in made if _needs_signature(each)),
        )

    def _rank(self, board: Board, beside: Beside) -> _Made:
        from harness.ranking.candidates import candidates
        from harness.ranking.joined import with_statistics, without_statistics
        from harness.records.joint import JointFile
        from harness.store.joint import records_digest, signed

        self.mark(board.id)
        if not board.entries:
            return _Made(board, board)
        rules = self._rules.of(board.rules_digest)
        rows, _ = candidates(board, rules)
        behind = [beside.stored[path] for row in board.entries for path in row.evaluations]
        records = records_digest(behind)
        kept, problem = self._kept(board, records)
        computed, complete = None, False
        if rows and not (kept and kept.signature and not self.in_force(board)):
            computed, complete = self._compute(board, rows, records, beside)
        of_kept = kept and with_statistics(board, kept.statistics, rules)
        if kept and of_kept and _counts(kept, computed, complete=complete):
            return _Made(of_kept, of_kept)
        if computed is None:
            unranked = without_statistics(board, self._why_none(board, rows))
            return _Made(unranked, unranked, problem=problem)
        ranked = with_statistics(board, computed, rules)
        if board.status == "self-reported":
            return _Made(ranked, ranked)
        signer = self._signer if board.status in SIGNED else None
        joint = JointFile(
            board=board.id,
            records=records,
            created_utc=max(each.created_utc for each in behind),
            statistics=computed,
        )
        made = _Made(ranked, ranked, signed(joint, signer))
        if not _needs_signature(made):
            return made
        elsewhere = of_kept or without_statistics(board, "items-missing")
        return replace_made(made, published=elsewhere, problem=problem)

    def _why_none(self, board: Board, rows: Sequence[BoardEntry]) -> WhyNoRanks:
        """Say why a board has no ranks, after it was tried to make them."""
        if not self.can_rank(board):
            return "other-rules"
        if not rows:
            return "no-candidates"
        known = self.used.get(self._places.get(board.id, ""))
        return "other-task" if known and known.other_task else "items-missing"

    def in_force(self, board: Board) -> bool:
        """Say whether a board is of the rules in force: else it keeps the ranks of its file."""
        return board.rules_digest == self._rules.in_force.reference_to_these.digest

    def can_rank(self, board: Board) -> bool:
        """Say whether the rules of a board are here: else nothing ranks it anew."""
        rules = self._rules.of(board.rules_digest)
        return board.rules_digest == rules.reference_to_these.digest

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
        beside: Beside,
    ) -> tuple[JointStatistics | None, bool]:
        """Return what the sidecars give, and whether those of all rows are here.

        Nothing for a board whose rules are not here: the margins that it was made under are known
        to its joint file alone.
        """
        if not self.can_rank(board):
            return None, False
        place = self._evidence(board, rows, records, beside)
        if place is None:
            return None, False
        if (known := self.computed.get(place)) is None:
            known = self._worked_out(board, rows, records, beside)
        self.computed[place] = self.used[place] = known
        self._places[board.id] = place
        return known.statistics, known.complete

    def _evidence(
        self, board: Board, rows: Sequence[BoardEntry], records: str, beside: Beside
    ) -> str | None:
        """Return a digest of what a board's statistics are made of, as its files tell.

        ``None`` where no outcomes are beside its records at all.
        """
        marks = beside.marks([path for row in rows for path in row.evaluations])
        if not any(marks):
            return None
        return digest([board.id, records, marks, self._tasks])

    def _worked_out(
        self,
        board: Board,
        rows: Sequence[BoardEntry],
        records: str,
        beside: Beside,
    ) -> Known:
        from harness.cli.building.evidence import gather
        from harness.ranking.joint import joint_statistics
        from harness.store.joint import resampling_seed

        rules = self._rules.of(board.rules_digest)
        reference = rules.reference.get(board.task)
        gathered = gather(
            beside,
            board,
            rows,
            self._task,
            control=None if reference is None else reference.control,
            least_campaigns=rules.campaigns.least,
        )
        if gathered.evidence is None:
            return Known(statistics=None, complete=False, other_task=gathered.other_task)
        seed = resampling_seed(gathered.keys, records)
        statistics = joint_statistics(board, gathered.evidence, gathered.left_out, rules, seed)
        return Known(statistics=statistics, complete=not gathered.left_out)

    @cached_property
    def _tasks(self) -> str:
        """What tells whether anything in the tasks' folders has changed."""
        from secrets import token_hex

        from harness.store.scanning import marks_under

        marks = marks_under(self._root / "tasks")
        return token_hex() if marks is None else digest(marks)  # nothing that was kept is like it


def _needs_signature(made: _Made) -> bool:
    joint = made.joint
    return joint is not None and joint.signature is None and made.board.status in SIGNED


def _counts(kept: JointFile, computed: JointStatistics | None, *, complete: bool) -> bool:
    """Say whether a file is to be believed; ``computed`` is what the outcomes here give.

    Where those of some rows are missing, an organiser's signature is believed, which was found good
    when it was read. A file that nobody signed could be anybody's: it is what they give, or stale.
    """
    from harness.ranking.joined import agree

    if kept.signature is not None and not complete:
        return True
    return computed is not None and agree(kept.statistics, computed)
