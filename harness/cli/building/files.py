"""Make a site's files: only those that are not as they should be, each at once, in any process."""

from __future__ import annotations

import contextlib
import os
import stat
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple

from harness.cli.building.listing import Listed, There, listing
from harness.cli.building.site import Files, Page
from harness.cli.building.workers import Given, Workers
from harness.errors import OrganiserError, UsageError
from harness.records.base import Frozen
from harness.records.replacing import MODE, create_file, refuse_link, replace_file
from harness.store.files import plainly
from harness.store.scanning import Mark, mark_of

PAGES_A_TASK = 24
NAMED = 3
"""Files in the way that are named: the first."""
UNFINISHED = ".frugal-ai-unfinished"
"""A file that is in a site's folder until its first build has ended."""
OURS = b'{\n "boards": ['
"""How ``boards.json`` begins."""
_BEGIN = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


class Made(Frozen, array_like=True):
    """A page as it was made: of what, and which files."""

    made_of: str
    files: tuple[tuple[str, Mark], ...]
    board: str = ""
    """The board that it is of, by its identifier; empty: of all together."""


class Built(NamedTuple):
    """What became of a site's folder, or would have."""

    made: dict[str, Made]
    """Every page, by name."""
    changed: tuple[str, ...]
    """Files that were written; when only looking, those that are not as they should be."""
    left_over: tuple[str, ...]
    """Files that are of no page any more. They were taken away; when only looking, they are there.
    """

    @property
    def marks(self) -> Listed:
        """What ``listing`` gives of the folder, unless somebody else wrote there meanwhile."""
        return sorted(each for page in self.made.values() for each in page.files)


class _Task(NamedTuple):
    folder: str
    work: tuple[tuple[Callable[[Any], Files], Given], ...]
    then: Then


Then = Literal["create", "replace", "look"]
"""What is done with files that are not as they should be: those that are missing are created under
their own names, or all are replaced at once; or they are told of."""


class _File(NamedTuple):
    name: str
    mark: Mark | None
    """``None`` where it is not as it should be."""
    changed: bool


def build(
    pages: Iterable[Page],
    folder: Path,
    workers: Workers,
    known: Mapping[str, Made],
    *,
    there: There | None = None,
    carried: Mapping[str, Made] | None = None,
) -> Built:
    """Write the files of ``pages`` that are not as they should be; take away those left over.

    ``known`` says what the files were made of that are there, and ``there`` what is there, where
    that was looked up already; ``carried`` are pages that are known to be as they should be. Pages
    that lead to others are made and written last, so that a build
    that is interrupted leaves a site that can be read. Raises ``OrganiserError`` where the folder
    cannot be written.
    """
    refuse_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What lies in a folder that no build made or began is nobody's to take away.
        was_ours, begun = is_ours(folder), _is_begun(folder)
        if not was_ours:
            begun = _begin(folder)
        there = There.of(folder) if there is None else there
        made, changed = _made(pages, folder, workers, known, there.marks)
        made |= carried or {}
        gone = _left_over(there.marks, made) if was_ours else ()
        for name in gone:
            (folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # there is more in it
                (folder / name).parent.rmdir()
        for name in there.drafts:
            (folder / name).unlink(missing_ok=True)
        if begun:  # else the folder may be one that cannot be written, in which nothing has changed
            (folder / UNFINISHED).unlink(missing_ok=True)
    except OSError as error:
        why = "it is no folder" if isinstance(error, FileExistsError) else error.strerror
        raise OrganiserError(
            f"{error.filename or folder}: the page cannot be written: {why}",
            remedy="free some space, or give --output a folder that can be written",
        ) from None
    return Built(made, tuple(sorted(changed)), gone)


def refuse_a_strangers(folder: Path) -> None:
    """Raise ``UsageError`` where files named like ours are in a folder that no build of ours made.

    They would be replaced. One that is missing or empty, that has none of these names in it, or
    that a build of ours made, or began, can be built into.
    """
    refuse_link(folder)
    if is_ours(folder):
        return
    in_the_way = [name for name, _ in listing(folder)]
    if in_the_way:
        more = len(in_the_way) - NAMED
        raise UsageError(
            f"{folder}: no build made what is in it, and would replace "
            f"{', '.join(in_the_way[:NAMED])}{f' and {more:,} more' if more > 0 else ''}",
            remedy="give --output a folder that is empty or missing; if these files may go, remove "
            "them first",
        )


def is_ours(folder: Path) -> bool:
    """Say whether a build of ours made a folder: what it writes last is there, or it was begun."""
    try:
        with open(folder / "boards.json", "rb", opener=plainly) as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.read(len(OURS)) == OURS:
                return True
    except OSError:
        pass
    return _is_begun(folder)


def _begin(folder: Path) -> bool:
    """Mark a folder as one in which a build is under way; say whether that could be.

    It cannot where something else is so called: that is somebody's, and stays.
    """
    try:
        os.close(os.open(folder / UNFINISHED, _BEGIN, MODE))
    except FileExistsError:
        return False
    return True


def _is_begun(folder: Path) -> bool:
    try:
        return stat.S_ISREG((folder / UNFINISHED).lstat().st_mode)
    except OSError:
        return False


def look(pages: Iterable[Page], folder: Path, workers: Workers) -> Built:
    """Compare all files of ``pages`` with what is in the folder, and write nothing.

    Raises ``OrganiserError`` where the folder is a link.
    """
    refuse_link(folder)
    made, changed = _made(pages, folder, workers, {}, None)
    return Built(made, tuple(sorted(changed)), _left_over(dict(listing(folder)), made))


def _made(
    pages: Iterable[Page],
    folder: Path,
    workers: Workers,
    known: Mapping[str, Made],
    there: Mapping[str, Mark] | None,
) -> tuple[dict[str, Made], list[str]]:
    """Make what has to be made, what leads to others last; return all pages, and changed files.

    Nothing is written where it is not said what is ``there``.
    """
    # Nothing leads to a page that is missing, until those that lead to others are written.
    then: Then = "look" if there is None else "create"
    made: dict[str, Made] = {}
    changed: list[str] = []
    asked: deque[Page] = deque()
    leading: list[Page] = []

    def tasks() -> Iterator[_Task]:
        several: list[Page] = []
        for page in pages:
            kept = known.get(page.name)
            if kept is not None and kept.made_of == page.made_of and stands(kept, there):
                made[page.name] = kept
            elif page.leads:
                leading.append(page)
            else:
                several.append(page)
                if len(several) == PAGES_A_TASK:
                    asked.extend(several)
                    yield _task(folder, several, then)
                    several = []
        asked.extend(several)
        yield _task(folder, several, then)

    def done(page: Page, files: list[_File]) -> None:
        changed.extend(each.name for each in files if each.changed)
        marks = tuple((each.name, each.mark or (0, 0, 0, 0)) for each in files)
        made[page.name] = Made(made_of=page.made_of, files=marks, board=page.board)

    for results in workers.run(_run, tasks()):
        for files in results:
            done(asked.popleft(), files)  # it may hold a row: let it go
    for page in leading:
        done(page, _run(_task(folder, [page], "look" if there is None else "replace"))[0])
    return made, changed


def stands(kept: Made, there: Mapping[str, Mark] | None) -> bool:
    """Say whether the files of a page are as they were left, of what is ``there``."""
    return there is not None and all(there.get(name) == mark for name, mark in kept.files)


def _task(folder: Path, pages: Iterable[Page], then: Then) -> _Task:
    return _Task(str(folder), tuple((page.make, Given(page.value())) for page in pages), then)


def _run(task: _Task) -> list[list[_File]]:
    """Make some pages, in whatever process, and write them or say what is not as it should be."""
    walls = _Walls(task.folder)
    return [
        [_put(walls, *file, task.then) for file in sorted(make(given.value).items())]
        for make, given in task.work
    ]


class _Walls(dict[str, "str | None"]):
    """The first place on the way to each folder of a site that is no folder itself, if any is not.

    Each is looked at once while some pages are written, which takes a moment.
    """

    def __init__(self, site: str) -> None:
        super().__init__()
        self.site = site

    def __missing__(self, inside: str) -> str | None:
        self[inside] = found = self._found(inside)
        return found

    def _found(self, inside: str) -> str | None:
        place = self.site
        for part in filter(None, inside.split("/")):
            place = f"{place}/{part}"
            try:
                if not stat.S_ISDIR(os.lstat(place).st_mode):
                    return place
            except FileNotFoundError:
                return None
        return None


def _put(walls: _Walls, name: str, content: bytes, then: Then) -> _File:
    """Write a file at once if it is another, or only say whether it is."""
    target = f"{walls.site}/{name}"
    wall = walls[name.rpartition("/")[0]]
    if wall is not None and then != "look":
        raise OrganiserError(
            f"{wall}: is no folder of the site but a link or a file, and is not followed",
            remedy="remove it: the next build makes a folder there",
        )
    if then == "create":  # whether it is there need not be asked: to create it tells
        try:
            return _File(name, mark_of(_write(create_file, target, content)), changed=True)
        except FileExistsError:
            pass
    if wall is None and (mark := _mark_if_same(target, name, content)) is not None:
        return _File(name, mark, changed=False)
    if then == "look":
        return _File(name, None, changed=True)
    return _File(name, mark_of(_write(replace_file, target, content)), changed=True)


def _write(write: Callable[..., os.stat_result], target: str, content: bytes) -> os.stat_result:
    try:
        return write(target, [content])
    except FileNotFoundError:
        os.makedirs(os.path.dirname(target), exist_ok=True)  # noqa: PTH103, PTH120 - of a string, as all here
        return write(target, [content])


def _mark_if_same(target: str, name: str, content: bytes) -> Mark | None:
    """Return the mark of a plain file that holds this; nothing else is opened, nor waited for."""
    try:
        if not stat.S_ISREG(os.lstat(target).st_mode):
            return None
        with open(target, "rb", opener=plainly) as file:  # it may be something else by now
            status = os.fstat(file.fileno())
            same = stat.S_ISREG(status.st_mode) and _holds(file, status.st_size, name, content)
            return mark_of(status) if same else None
    except OSError:
        return None


def _holds(file: BinaryIO, size_bytes: int, name: str, content: bytes) -> bool:
    """Whether a file is as it should be: by its bytes, or a table by what is in it."""
    if size_bytes == len(content) and file.read() == content:
        return True
    if not name.endswith(".parquet"):
        return False
    from harness.site.data import same_parquet

    file.seek(0)
    return same_parquet(file.read(), content)


def _left_over(there: Iterable[str], made: Mapping[str, Made]) -> tuple[str, ...]:
    names = {name for page in made.values() for name, _ in page.files}
    return tuple(name for name in there if name not in names)
