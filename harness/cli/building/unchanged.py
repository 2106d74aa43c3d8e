"""Find out that nothing has changed since the page was built, without reading a single record.

What the last build saw is kept: a digest of the marks of all files that it read and of those that
it left, and what it printed. Nothing heavy is imported here.
"""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import blake2b
from pathlib import Path

import msgspec
from msgspec.structs import replace

from harness.cli.building.beside import beside
from harness.cli.building.cache import NONE, Cache, page_cache
from harness.cli.building.listing import Listed, There, listing
from harness.cli.project import Project
from harness.records.base import Frozen
from harness.records.board import Boards
from harness.store.imported import imported_folder
from harness.store.joint import joint_folder
from harness.store.scanning import Found, Listing, is_fresh, marks_under, scan

LOCAL = "local"
"""The folder, inside the site's and ignored by git, of the page that shows local results too."""
ROWS_PRINTED = 50
"""Of a board, on the terminal: the page has all."""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    project: Project
    results: Path
    own: bool
    """Whether these are the project's own results."""
    folder: Path
    foreign: bool
    """Whether only the page of local results is written: what is committed stays."""
    published: bool
    processes: int
    cached: bool

    @property
    def cache(self) -> Cache:
        """Where the last build left what it knew."""
        return page_cache(self.project) if self.cached else NONE

    def may_keep_in(self, cache: Cache) -> bool:
        """Whether what was made may be kept there: not where rules or keys changed meanwhile."""
        return self.cached and self.cache == cache

    @property
    def name(self) -> str:
        """Tells what was asked from what else may be asked of the project."""
        places = "\0".join(os.path.realpath(path) for path in (self.results, self.folder))
        spelt = f"{places}\0{self.foreign} {self.published}".encode(errors="surrogateescape")
        return blake2b(spelt, digest_size=8).hexdigest()


class Shown(Frozen):
    """What a build prints."""

    boards: Boards
    """With the first rows of each."""
    more: tuple[int, ...]
    """How many rows each board has besides."""
    page: str
    """Below the folder of the page."""


class State(Frozen):
    """What a build saw and left."""

    read: str
    left: str
    shown: Shown


def shown_of(boards: Boards, page: str, counts: Mapping[str, int]) -> Shown:
    """Return what is printed of boards; ``counts`` of those that have their first rows only."""
    short = tuple(
        replace(board, entries=board.entries[:ROWS_PRINTED], ranking=board.ranking)
        for board in boards.boards
    )
    entries = (counts.get(board.id, len(board.entries)) for board in boards.boards)
    more = tuple(max(0, each - ROWS_PRINTED) for each in entries)
    return Shown(boards=replace(boards, boards=short), more=more, page=page)


@dataclass(frozen=True)
class Seen:
    """What lay where a build reads when it was looked at."""

    at_ns: int
    """Nanoseconds since 1970, at the earliest."""
    found: list[Found]
    """Of the results."""
    project: list[Listing | None]
    """Of tasks and of the folder of rules, whatever task they are of."""
    imported: Listing | None
    there: Callable[[], There]
    """Returns what lies in the site's folder, which is looked up meanwhile."""

    @cached_property
    def by_task(self) -> dict[str, list[Found]]:
        """The files of the results, by their task's folder."""
        files: defaultdict[str, list[Found]] = defaultdict(list)
        for each in self.found:
            files[task_of(each.path)].append(each)
        return files

    def but_of(self, tasks: Container[str]) -> list[Found]:
        """Return the files of the results that are of none of these tasks."""
        by_task = self.by_task.items()
        return [each for task, files in by_task if task not in tasks for each in files]

    @cached_property
    def digests(self) -> dict[str, str | None]:
        """A digest of the marks of each task's files; ``None`` where one has none, or was fresh."""
        return {task: _digest_of(files, self.at_ns) for task, files in self.by_task.items()}


def task_of(path: str) -> str:
    """Return the task's folder in which a file of the results lies; empty: in none."""
    folder, slash, _ = path.partition("/")
    return folder if slash else ""


def look_at(asked: Asked) -> Seen:
    """List all files that a build reads, and beside that those of the site; none is opened."""
    root = asked.project.root
    at_ns, there = time.time_ns(), beside(partial(There.of, asked.folder), There)
    return Seen(
        at_ns,
        scan(asked.results),
        [marks_under(root / "tasks"), marks_under(asked.project.leaderboard, deep=False)],
        marks_under(imported_folder(asked.results)),
        there,
    )


def unchanged(asked: Asked, seen: Callable[[], Seen]) -> Shown | None:
    """Return what the last build printed, if another would read, make and print the same."""
    cache = asked.cache
    state = cache.load(f"state-{asked.name}", State)
    if state is None:
        return None
    found = seen()
    read = what_is_read(found)
    if read is None or read != state.read:
        return None
    left = what_is_left(asked, {asked.folder: [*found.there().marks.items()]})
    return state.shown if left == state.left else None


def what_is_read(seen: Seen) -> str | None:
    """Return a digest of the marks of all files that a build reads; ``None`` where one has none.

    So it is where one was so fresh, when it was looked at, that it might be written once more
    without another mark.
    """
    found = seen.digests
    besides = digest_of_listings([*seen.project, seen.imported], seen.at_ns)
    return None if None in found.values() or besides is None else _digest([found, besides])


def _digest_of(found: Iterable[Found], at_ns: int) -> str | None:
    marks = [(each.path, each.mark) for each in found]
    if any(mark is None or is_fresh(mark, at_ns) for _, mark in marks):
        return None
    return _digest(marks)


def digest_of_listings(listings: list[Listing | None], at_ns: int) -> str | None:
    """Return a digest of the marks of listed files; ``None`` where one has none, or was fresh."""
    for listed in listings:
        if listed is None:
            return None
        if any(is_fresh(own, at_ns) or is_fresh(led, at_ns) for _, own, led in listed):
            return None
    return _digest(listings)


def what_is_left(asked: Asked, known: Mapping[Path, Listed]) -> str | None:
    """Return a digest of the marks of all files of both sites, and of the joint files.

    Of a folder that was built, those that are ``known`` are as they were left: had somebody else
    written there since, the next one who looks would see it. ``None`` where the joint files have
    none, or their folder is a link.
    """
    sites = [
        known[each] if each in known else listing(each)
        for each in (asked.folder, asked.folder / LOCAL)
    ]
    folder = joint_folder(asked.results)
    joints = None if folder.is_symlink() else marks_under(folder)
    return None if joints is None else _digest([*sites, joints])


def keep_state(
    asked: Asked,
    cache: Cache,
    read: str | None,
    built: Mapping[Path, Listed],
    shown: Shown,
    *,
    as_used: Callable[[], bool],
) -> None:
    """Keep what a build saw and left.

    ``as_used`` says whether the joint files are those that it used. It is asked after these were
    looked at: had somebody replaced one since it was read, the next build has to read it.
    """
    left = what_is_left(asked, built)
    if read is not None and left is not None and as_used():
        cache.save(f"state-{asked.name}", State(read=read, left=left, shown=shown))


def _digest(seen: object) -> str:
    try:
        spelt = msgspec.msgpack.encode(seen)
    except UnicodeEncodeError:  # a name that is no UTF-8
        spelt = repr(seen).encode(errors="surrogateescape")
    return blake2b(spelt, digest_size=16).hexdigest()
