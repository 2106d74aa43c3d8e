"""What was kept of the results of each task, as a build left them: boards that need not be made.

Boards of one task have nothing to do with those of another: neither rows, nor ranks, nor the count
of a team's evaluations. All records of a task lie in its folder of the results. Where the files
there, the tasks, the rules and the boards' joint files are as they were for the last build, and so
are the pages that it left of these boards, they are taken over: neither what was kept of each
record is looked at, nor is any row, until somebody asks for all of them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import msgspec
from msgspec.structs import replace

from harness.cli.building.cache import Cache
from harness.cli.building.files import Made, stands
from harness.cli.building.gathering import Gathered
from harness.cli.building.joints import Joints, Known, Ranked
from harness.cli.building.site import Site
from harness.cli.building.unchanged import ROWS_PRINTED, Seen, digest_of_listings, task_of
from harness.ranking.boards import place
from harness.records.base import Frozen
from harness.records.board import Board, BoardEntry
from harness.store.joint import joint_name
from harness.store.scanning import Mark


class Behind(Frozen, array_like=True):
    """What the pages of a board were made of, as far as files tell."""

    read: str
    """What its task's results were: ``Shard.read``."""
    joint: Mark | None
    """Of its joint file; ``None`` where there was none."""


class Pages(Frozen, array_like=True):
    """What was left of a site's folder."""

    made: dict[str, Made]
    """Every page, by name."""
    reads: dict[str, Behind]
    """By the board's identifier. Of this site: what was kept of a board may since be of another."""


class KeptBoard(Frozen, array_like=True):
    """A board that was kept."""

    board: Board
    """With its first rows: those that are printed."""
    count: int
    """How many rows it has."""
    digest: str
    """As the site tells it from others."""
    joint: Mark | None
    """Of its joint file; ``None`` where there is none."""
    rows: msgspec.Raw
    """All of them, in msgpack."""

    def whole(self) -> Board:
        """Return it with all its rows."""
        rows = msgspec.msgpack.decode(self.rows, type=tuple[BoardEntry, ...])
        return replace(self.board, entries=rows)


class Shard(Frozen, array_like=True):
    """What was kept of one task's results."""

    read: str
    """A digest of what they were, and of what lay around them."""
    statistics: dict[str, Known]
    """Those that its boards were ranked by."""
    boards: tuple[KeptBoard, ...]


@dataclass(frozen=True)
class Taken:
    """What is taken over from the last build."""

    shards: Mapping[str, Shard]
    """By the task's folder."""

    @cached_property
    def boards(self) -> dict[str, KeptBoard]:
        """The boards, by identifier."""
        return {each.board.id: each for shard in self.shards.values() for each in shard.boards}

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many rows each board has."""
        return {name: each.count for name, each in self.boards.items()}

    @property
    def reads(self) -> dict[str, Behind]:
        """What is behind each board."""
        return {
            each.board.id: Behind(read=shard.read, joint=each.joint)
            for shard in self.shards.values()
            for each in shard.boards
        }

    @property
    def statistics(self) -> dict[str, Known]:
        """What the boards were ranked by."""
        return {
            name: known
            for shard in self.shards.values()
            for name, known in shard.statistics.items()
        }

    def among(self, ranked: Ranked) -> Ranked:
        """Return ranked boards with those that are taken over, which have their first rows only."""
        own = [each.board for each in self.boards.values()]
        return ranked.with_boards(
            *(
                replace(boards, boards=tuple(sorted((*boards.boards, *own), key=place)))
                for boards in (ranked.boards, ranked.published)
            )
        )


NOTHING = Taken({})


class Shards:
    """What was kept of results, and what there is."""

    def __init__(self, cache: Cache, name: str, seen: Seen, joints: Joints) -> None:
        self._cache, self._name, self._joints = cache, name, joints
        around = digest_of_listings(seen.project, seen.at_ns)
        self.tasks = tuple(seen.by_task)
        """The folders of the tasks of which there is any file."""
        self._reads = {
            task: None if around is None or own is None else f"{around} {own}"
            for task, own in seen.digests.items()
        }

    def as_read(self, pages: Pages) -> frozenset[str]:
        """Return the tasks whose results are as they were when pages were made of them."""
        known = {each.read for each in pages.reads.values()}
        return frozenset(task for task, read in self._reads.items() if read in known)

    def take(self, pages: Pages, there: Mapping[str, Mark]) -> Taken:
        """Take over what is as it was; ``there`` is what lies in the site's folder."""
        left: defaultdict[str, list[Made]] = defaultdict(list)
        for made in pages.made.values():
            left[made.board].append(made)

        def is_as_it_was(each: KeptBoard, read: str) -> bool:
            name = each.board.id
            behind = Behind(read=read, joint=self._joints.mark(name))
            return (
                each.joint == behind.joint
                and pages.reads.get(name) == behind
                and all(stands(made, there) for made in left[name])
            )

        taken = {}
        for task in self.as_read(pages):
            shard, read = self._cache.load(self._place(task), Shard), self._reads[task]
            if shard is None or read is None or shard.read != read:
                continue
            if all(is_as_it_was(each, read) for each in shard.boards):
                taken[task] = shard
        return Taken(taken)

    def keep(
        self, site: Site, ranked: Ranked, gathered: Gathered, taken: Taken
    ) -> dict[str, Behind]:
        """Keep what was made of results that are not taken over.

        Returns what is behind each board, those taken over included; boards of which something is
        wrong are not kept.
        """
        reads = taken.reads
        tasks = {gathered.heads[each.head].board.id: task_of(each.path) for each in gathered.gists}
        of_task: defaultdict[str, list[Board]] = defaultdict(list)
        for board in site.fresh:
            of_task[tasks[board.id]].append(board)
        wrong = {each.path for each in ranked.boards.problems}
        in_wrong = {task_of(path) for path in wrong}
        for task, boards in of_task.items():
            read = self._reads.get(task)
            if read is None or task in in_wrong or any(joint_name(b.id) in wrong for b in boards):
                continue
            self._cache.save(self._place(task), self._shard(site, boards, read))
            reads |= {b.id: Behind(read=read, joint=self._joints.mark(b.id)) for b in boards}
        self._cache.tidy(f"{self._name}-", map(self._place, self.tasks))
        return reads

    def _shard(self, site: Site, boards: Iterable[Board], read: str) -> Shard:
        kept = tuple(
            KeptBoard(
                board=replace(board, entries=board.entries[:ROWS_PRINTED]),
                count=len(board.entries),
                digest=site.digests(board).whole,
                joint=self._joints.mark(board.id),
                rows=msgspec.Raw(site.digests(board).spelt),
            )
            for board in boards
        )
        return Shard(read=read, statistics=self._joints.used_by(boards), boards=kept)

    def _place(self, task: str) -> str:
        return f"{self._name}-{blake2b(os.fsencode(task), digest_size=8).hexdigest()}"
