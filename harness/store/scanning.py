"""List a results folder: what is there, what keeps it from being opened, and what tells a change.

Nothing is opened here: with ten thousand files, to look at each is most of what an unchanged
folder costs.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from harness.store.paths import ITEMS, PUBLIC
from harness.store.unusable import UnusableError

MOST_BYTES = 1 << 26
"""Of a record: a hundred times the largest there is. What is larger is something else."""

Mark = tuple[int, int, int, int]
"""Size, modification and change of the inode in nanoseconds, and its number: nobody writes to a
file and leaves all four as they were, unless the clock is set back."""


_TIMES = 1 << 63
"""Nanoseconds from 1970 to 2262: what is dated later, as some file systems let it, is counted from
there, for no cache could spell it."""


Listing = list[tuple[str, Mark, Mark]]
"""Files by their places in a folder: the mark of each, and of what it leads to."""


class Found(NamedTuple):
    """One JSON file of a results folder, or what stands in the place of some."""

    path: str
    """Relative, with forward slashes; bytes that are no UTF-8 as Python's file system has them."""
    fault: UnusableError | None
    """What keeps it from being opened at all."""
    mark: Mark | None
    """Of a file that can be opened."""


def scan(results: Path) -> list[Found]:
    """List the JSON files, sorted by path; links are not followed, to folders neither."""
    found: list[Found] = []
    pending = [""]
    while pending:
        _list(os.fspath(results), pending.pop(), found, pending)
    return sorted(found, key=itemgetter(0))


def items_marks(results: Path, paths: Iterable[str]) -> list[tuple[Mark, ...]]:
    """Return the marks of the sidecars that lie beside each of these records."""
    root = os.fspath(results)  # a Path each takes longer than to look
    return [
        tuple(
            mark_of(status)
            for place in _items_places(path)
            if (status := _status(f"{root}/{place}"))
        )
        for path in paths
    ]


def has_items(results: Path, path: str) -> bool:
    """Say whether a file lies where the outcomes beside a record would, before it is read."""
    return any(items_marks(results, [path]))


def marks_under(folder: Path, *, deep: bool = True) -> Listing | None:
    """Return the marks of all files in a folder but compiled ones, by their places in it.

    Of each its own, and that of what it leads to where it is a link. Those in its folders, too,
    where it is looked at ``deep``: ``None`` where one of these is a link, which is not followed, so
    that nothing tells what changes in it.
    """
    found: Listing = []
    for path in folder.rglob("*") if deep else folder.glob("*"):
        own, led = _status(path), _status(path, follow=True)
        if "__pycache__" in path.parts or own is None or led is None:
            continue
        if stat.S_ISREG(led.st_mode):
            found.append((path.relative_to(folder).as_posix(), mark_of(own), mark_of(led)))
        elif deep and stat.S_ISLNK(own.st_mode):
            return None
    return sorted(found)


def _items_places(path: str) -> tuple[str, str]:
    stem = path.removesuffix(PUBLIC)
    return f"{stem}{ITEMS}", f"{stem}.public{ITEMS}"


def _status(path: str | Path, *, follow: bool = False) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=follow)  # noqa: PTH116 - as above
    except OSError:
        return None


def mark_of(status: os.stat_result) -> Mark:
    """Return what tells whether a file is another than it was."""
    times = (status.st_mtime_ns % _TIMES, status.st_ctime_ns % _TIMES)
    return status.st_size, *times, status.st_ino


SETTLED_NS = 2_000_000_000
"""The coarsest step in which a file system keeps time."""


def is_fresh(mark: Mark, now_ns: int) -> bool:
    """Say whether a file changed so shortly before that another change might leave the same mark.

    ``now_ns`` are nanoseconds since 1970. File systems keep time in steps: what is written twice
    within one has the same times. Git holds back what is so fresh too, as "racily clean". The
    moment of change of the inode, which nobody can set, may lie ahead where another machine's
    clock keeps it; it counts as fresh till then.
    """
    _, modified_ns, changed_ns, _ = mark
    return changed_ns > now_ns - SETTLED_NS or abs(now_ns - modified_ns) < SETTLED_NS


def fault_of(mode: int) -> UnusableError | None:
    """Say why a file must not be opened: a link may lead anywhere, a pipe may never answer."""
    if stat.S_ISLNK(mode):
        return UnusableError("symlink", "is a link, and is not followed")
    if not stat.S_ISREG(mode):
        return UnusableError("unreadable", "is not a regular file")
    return None


def _list(results: str, folder: str, found: list[Found], pending: list[str]) -> None:
    try:
        with os.scandir(f"{results}/{folder}") as listed:
            entries = list(listed)
    except FileNotFoundError:
        return
    except OSError as error:
        told = UnusableError("unreadable", f"cannot be listed: {error.strerror}")
        found.append(Found(folder or ".", told, None))
        return
    for entry in entries:
        path = f"{folder}/{entry.name}" if folder else entry.name
        if entry.is_dir(follow_symlinks=False):
            pending.append(path)
        elif entry.is_symlink() and _leads_to_folder(entry):
            told = UnusableError("symlink", "is a link to a folder, and is not followed")
            found.append(Found(path, told, None))
        elif entry.name.endswith(".json"):
            found.append(_looked_at(entry, path))


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


def _looked_at(entry: os.DirEntry[str], path: str) -> Found:
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        told = UnusableError("unreadable", f"cannot be read: {error.strerror}")
        return Found(path, told, None)
    fault = fault_of(status.st_mode)
    if fault is None and status.st_size > MOST_BYTES:
        fault = UnusableError(
            "unreadable",
            f"has {status.st_size:,} bytes, and no record has more than {MOST_BYTES:,}",
        )
    return Found(path, fault, mark_of(status) if fault is None else None)
