"""The files of an entry, listed and opened without ever following a link.

Left out of an entry, and so of its digest and its snapshot: whatever has a name that begins with a
dot (``.git``, an editor's leavings), and compiled Python (``__pycache__``, ``*.pyc``), which could
say something else than its source. Empty folders do not count: git does not keep them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from harness.records.base import Frozen
from harness.submissions.faults import Fault, fault, quoted, unprintable
from harness.submissions.names import MAX_DEPTH, folded, wrong_with_form, wrong_with_length

MAX_LISTED = 100_000
"""Files and folders that are looked at before the listing gives up."""

_PIECE_BYTES = 1 << 20
_NO_LINKS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class ListedFile(Frozen):
    """A regular file as the listing saw it."""

    name: str
    """Relative, with forward slashes."""
    size_bytes: int
    executable: bool
    """The owner may execute it: the one mode bit that git keeps."""
    identity: tuple[int, int, int]
    """Device, inode and time of the last change (which nobody can set back), in nanoseconds."""


class Listing(Frozen):
    """Everything in a folder."""

    files: tuple[ListedFile, ...]
    """By name, in the order of its UTF-8 bytes: the same on every machine."""
    faults: tuple[Fault, ...]
    opened: bool
    """Whether there was a folder to look into."""

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size_bytes for file in self.files)

    @property
    def is_clean(self) -> bool:
        """Whether the files are all that there is, so that they can be digested and copied."""
        return not any(fault.severity == "error" for fault in self.faults)


def list_folder(directory: Path) -> Listing:
    """List a folder; what is no plain file in it becomes a fault. Reads no file."""
    try:
        descriptor = os.open(directory, _NO_LINKS | os.O_DIRECTORY)
    except OSError as error:
        return Listing(files=(), faults=(_why_no_folder(directory, error),), opened=False)
    walk = _Walk()
    try:
        walk.folder(descriptor, "", 1)
    except OSError as error:  # of the folder itself: those within it have their own fault
        found = f"cannot be read through: {error.strerror}"
        walk.faults.append(fault("FRG310", ".", found, "look at the disk that it lies on"))
    finally:
        os.close(descriptor)
    files = sorted(walk.files, key=lambda file: file.name.encode("utf-8", "surrogateescape"))
    return Listing(files=tuple(files), faults=tuple(walk.faults), opened=True)


def read_listed(directory: Path, file: ListedFile) -> Iterator[bytes]:
    """Yield a listed file's content in pieces, exactly as long as it was listed.

    Raises ``OSError`` when it, or a folder on the way to it, is not what the listing saw: a link
    put in its place cannot lead anywhere.
    """
    with _open_listed(directory, file) as opened:
        left = file.size_bytes
        while left and (piece := opened.read(min(left, _PIECE_BYTES))):
            yield piece
            left -= len(piece)
        if left or not _is_unchanged(opened, file):
            raise OSError(0, "it changed while it was being read")


def read_head(directory: Path, file: ListedFile, size_bytes: int) -> bytes:
    """Return the beginning of a listed file; raises ``OSError`` as ``read_listed`` does."""
    with _open_listed(directory, file) as opened:
        return opened.read(size_bytes)


def unreadable(file: ListedFile, error: OSError) -> Fault:
    """Say that a listed file could not be read."""
    return fault("FRG310", file.name, f"cannot be read: {error.strerror}", "make it readable")


@contextmanager
def _open_listed(directory: Path, file: ListedFile) -> Iterator[BinaryIO]:
    *folders, name = file.name.split("/")
    here = os.open(directory, _NO_LINKS | os.O_DIRECTORY)
    try:
        for folder in folders:
            inner = os.open(folder, _NO_LINKS | os.O_DIRECTORY, dir_fd=here)
            os.close(here)
            here = inner
        with os.fdopen(os.open(name, _NO_LINKS, dir_fd=here), "rb") as opened:
            if not _is_unchanged(opened, file):
                raise OSError(0, "it changed while it was being read")
            yield opened
    finally:
        os.close(here)


def _is_unchanged(opened: BinaryIO, file: ListedFile) -> bool:
    """Whether an open file is still the regular file of one name that the listing saw."""
    status = os.fstat(opened.fileno())
    one_name = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    return one_name and _listed(file.name, status) == file


class _Walk:
    """One pass over a folder, depth first, through descriptors only."""

    def __init__(self) -> None:
        self.files: list[ListedFile] = []
        self.faults: list[Fault] = []
        self._seen = 0

    def folder(self, descriptor: int, prefix: str, depth: int) -> None:
        alike: dict[str, list[str]] = {}
        with os.scandir(descriptor) as found:
            for item in found:
                self._seen += 1
                if self._seen > MAX_LISTED:
                    break
                name = prefix + item.name
                if self._left_out(item, name):
                    continue
                alike.setdefault(folded(item.name), []).append(name)
                try:
                    self._item(descriptor, item, name, depth)
                except OSError as error:
                    self._report(
                        "FRG310", name, f"cannot be read: {error.strerror}", "make it readable"
                    )
        for names in alike.values():
            self._check_apart(sorted(names))
        if self._seen == MAX_LISTED + 1:
            self._seen += 1  # say it once, on the way up
            self._report(
                "FRG309",
                ".",
                f"more than {MAX_LISTED:,} files and folders; the rest was not looked at",
                "remove what the model does not need",
            )

    def _item(self, folder: int, item: os.DirEntry[str], name: str, depth: int) -> None:
        self._check_name(item.name, name)
        status = item.stat(follow_symlinks=False)
        if stat.S_ISLNK(status.st_mode):
            target = os.readlink(item.name, dir_fd=folder)
            self._report(
                "FRG301",
                name,
                f"is a symbolic link to {quoted(target)}",
                "put a copy of the file in its place",
            )
        elif stat.S_ISDIR(status.st_mode):
            self._inner_folder(folder, item.name, name, depth)
        elif not stat.S_ISREG(status.st_mode):
            self._report("FRG302", name, f"is {_kind(status.st_mode)}", "remove it")
        elif status.st_nlink > 1:
            self._report(
                "FRG303",
                name,
                f"is a hard link: {status.st_nlink} names lead to the same file",
                "put a copy of the file in its place",
            )
        else:
            self.files.append(_listed(name, status))

    def _check_name(self, item: str, name: str) -> None:
        safe = "rename it: letters, digits, dots, dashes and underscores are safe"
        if not _is_good_name(item):
            found = "has a control character or a backslash, or is not UTF-8"
            self._report("FRG304", name, f"{quoted(item)} {found}", safe)
        elif wrong := wrong_with_form(item):
            self._report("FRG313", name, f"{quoted(item)} {wrong}", safe)
        if wrong := wrong_with_length(name):
            self._report("FRG314", name, f"{quoted(name)} {wrong}", "shorten it")

    def _check_apart(self, names: list[str]) -> None:
        for name in names[1:]:
            found = f"differs from {quoted(names[0])} only in case or Unicode form"
            self._report("FRG313", name, found, "rename it: some systems would keep one of the two")

    def _inner_folder(self, folder: int, item: str, name: str, depth: int) -> None:
        if depth == MAX_DEPTH:
            self._report(
                "FRG312", name, f"is more than {MAX_DEPTH} folders deep", "flatten the folders"
            )
            return
        inner = os.open(item, _NO_LINKS | os.O_DIRECTORY, dir_fd=folder)
        try:
            self.folder(inner, f"{name}/", depth + 1)
        finally:
            os.close(inner)

    def _left_out(self, item: os.DirEntry[str], name: str) -> bool:
        if item.name == "__pycache__" or item.name.endswith((".pyc", ".pyo")):
            self._report(
                "FRG307",
                name,
                "is compiled Python and is left out of the entry",
                "remove it; it is made anew from the source",
            )
            return True
        if item.name.startswith("."):
            self._report(
                "FRG311",
                name,
                "is hidden and is left out of the entry",
                "remove it, or rename it if the model needs it",
            )
            return True
        return False

    def _report(self, code: str, name: str, message: str, remedy: str) -> None:
        self.faults.append(fault(code, name, message, remedy))


def _listed(name: str, status: os.stat_result) -> ListedFile:
    return ListedFile(
        name=name,
        size_bytes=status.st_size,
        executable=bool(status.st_mode & stat.S_IXUSR),
        identity=(status.st_dev, status.st_ino, status.st_ctime_ns),
    )


def _is_good_name(name: str) -> bool:
    return unprintable(name) is None and "\\" not in name


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _why_no_folder(directory: Path, error: OSError) -> Fault:
    if os.path.islink(directory):  # noqa: PTH114 - Path's raises on a name that is too long
        return fault(
            "FRG301", ".", f"{directory} is a symbolic link", "name the folder that it leads to"
        )
    if isinstance(error, NotADirectoryError):
        return fault("FRG101", ".", f"{directory} is not a folder", "name the entry's folder")
    if isinstance(error, FileNotFoundError):
        meant = Path("submissions") / directory  # as an entry is named where it has results
        return fault(
            "FRG101",
            ".",
            f"{directory} does not exist",
            f"name the entry's folder: {meant}"
            if len(directory.parts) == 1 and meant.is_dir()
            else "name the entry's folder, or make it: init",
        )
    return fault(
        "FRG101", ".", f"{directory} cannot be listed: {error.strerror}", "make it readable"
    )
