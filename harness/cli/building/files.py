"""Make a site's files: only those that are not as they should be, each at once, in any process."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from harness.cli.building.listing import Listed, There, listing
from harness.cli.building.site import Files, Key, Make, Page
from harness.cli.building.workers import Workers
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


Then = Literal["create", "replace", "look"]
"""What is done with files that are not as they should be: those that are missing are created under
their own names, or all are replaced at once; or they are told of."""


class _File(NamedTuple):
    name: str
    mark: Mark | None
    """``None`` where it is not as it should be."""
    changed: bool


class Plan(NamedTuple):
    """What a site is to be."""

    pages: Iterable[Page]
    leading: Sequence[Page]
    """Those that lead to others."""
    make: Make
    """Makes the files of any of them."""
    meanwhile: Callable[[], object] = lambda: None
    """Done once all pages are being made, if by others, or are made."""
    afterwards: Callable[[], object] = lambda: None
    """Done by whoever made those that lead to others, once they are written."""


def build(
    plan: Plan,
    folder: Path,
    workers: Workers,
    known: Mapping[str, Made],
    *,
    there: There | None = None,
    carried: Mapping[str, Made] | None = None,
) -> Built:
    """Write the files of a plan that are not as they should be; take away those left over.

    ``known`` says what the files were made of that are there, and ``there`` what is there, where
    that was looked up already; ``carried`` are pages that are known to be as they should be. Pages
    that lead to others are made beside these and written last, so that a build that is interrupted
    leaves a site that can be read. Raises ``OrganiserError`` where the folder cannot be written.
    """
    refuse_link(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What lies in a folder that no build made or began is nobody's to take away.
        was_ours, begun = is_ours(folder), _is_begun(folder)
        if not was_ours:
            begun = _begin(folder)
        there = There.of(folder) if there is None else there
        made, changed = _made(plan, folder, workers, known, there.marks)
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


def look(plan: Plan, folder: Path, workers: Workers) -> Built:
    """Compare all files of a plan with what is in the folder, and write nothing.

    Raises ``OrganiserError`` where the folder is a link.
    """
    refuse_link(folder)
    made, changed = _made(plan, folder, workers, {}, None)
    return Built(made, tuple(sorted(changed)), _left_over(dict(listing(folder)), made))


def _made(
    plan: Plan,
    folder: Path,
    workers: Workers,
    known: Mapping[str, Made],
    there: Mapping[str, Mark] | None,
) -> tuple[dict[str, Made], list[str]]:
    """Make what has to be made, and write what leads to others last.

    Returns all pages, and changed files. Nothing is written where it is not said what is ``there``.
    """
    made: dict[str, Made] = {}
    changed: list[str] = []
    asked: list[list[Page]] = []

    def has_to_be_made(page: Page) -> bool:
        kept = known.get(page.name)
        if kept is None or kept.made_of != page.made_of or not stands(kept, there):
            return True
        made[page.name] = kept
        return False

    def tasks() -> Iterator[list[Key]]:
        for several in _together(filter(has_to_be_made, plan.pages)):
            asked.append(several)
            yield [page.key for page in several]
        plan.meanwhile()

    def done(several: list[Page], results: list[list[_File]]) -> None:
        for page, files in zip(several, results, strict=True):
            changed.extend(each.name for each in files if each.changed)
            marks = tuple((each.name, each.mark or (0, 0, 0, 0)) for each in files)
            made[page.name] = Made(made_of=page.made_of, files=marks, board=page.board)

    making = _Making(plan.make, folder)
    leading = [*filter(has_to_be_made, plan.leading)]
    written = None
    if leading:
        keys, at_last = [page.key for page in leading], _then(there, "replace")
        written = workers.begin(lambda: making.in_steps(at_last, keys, plan.afterwards))
    then = _then(there, "create")  # nothing leads to them until those that lead are written
    for number, results in workers.run(lambda keys: making.files(then, keys), tasks()):
        done(asked[number], results)
    if written:
        done(leading, written())
    return made, changed


def _then(there: object, otherwise: Then) -> Then:
    return "look" if there is None else otherwise


def _together(pages: Iterable[Page]) -> Iterator[list[Page]]:
    """Yield pages as they are made at once."""
    several: list[Page] = []
    for page in pages:
        if page.large:
            yield [page]
            continue
        several.append(page)
        if len(several) == PAGES_A_TASK:
            yield several
            several = []
    if several:
        yield several


def stands(kept: Made, there: Mapping[str, Mark] | None) -> bool:
    """Say whether the files of a page are as they were left, of what is ``there``."""
    if there is None:
        return False
    for name, mark in kept.files:  # noqa: SIM110 - of ten thousand pages, in half the time of "all"
        if there.get(name) != mark:
            return False
    return True


class _Making(NamedTuple):
    make: Make
    folder: Path

    def files(self, then: Then, keys: Iterable[Key]) -> list[list[_File]]:
        """Make some pages, in whatever process, and write them or say what is as it should be."""
        walls = _Walls(str(self.folder))
        return [_put_all(walls, self.make(key), then) for key in keys]

    def in_steps(
        self, then: Then, keys: Iterable[Key], afterwards: Callable[[], object]
    ) -> Iterator[list[list[_File]]]:
        """Make some pages, then write them, and at last do what nobody waits for."""
        made = [self.make(key) for key in keys]
        yield []
        walls = _Walls(str(self.folder))
        yield [_put_all(walls, files, then) for files in made]
        afterwards()


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


def _put_all(walls: _Walls, files: Files, then: Then) -> list[_File]:
    return [_put(walls, *file, then) for file in sorted(files.items())]


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
