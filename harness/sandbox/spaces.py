"""Where an entry may write: how full it is, as far as it can be seen from outside.

Bubblewrap gives the entry two memory file systems of a set size. They are held by descriptors from
before the entry's first code runs, so that they can be asked even when all of it has died. Without
one of its own the entry has a folder of the machine's disk, which is added up file by file.

Files that have lost their last name take room as long as a process has them open, and files made
by ``memfd_create`` never had one: they are found through the descriptors of the tree. So are
sockets, whose unread content is memory of nobody's.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

_BLOCK_BYTES = 512  # of st_blocks, whatever the file system: see stat(2)
_SOCKET_BYTES = 212_992
"""The kernel's own choice for ``wmem_max``, where it cannot be read."""
_LEAST_BYTES = 4096
"""What a name takes, however little the file holds."""
_FULL_BYTES = 16 * 4096
"""What may be left of a space that is called full: a page more each processor keeps for itself."""


class Space:
    """A memory file system of the entry's, kept in sight."""

    def __init__(self, name: str, limit: str, descriptor: int) -> None:
        self.name = name
        self.limit = limit
        """Of the rules, by name."""
        self.most_bytes = 0
        """The most that it was seen to hold."""
        self.size_bytes = 0
        self.device = os.fstat(descriptor).st_dev
        self._descriptor = descriptor
        self._names_before = self._names()
        self.look()

    def look(self) -> None:
        """See how much it holds now."""
        with contextlib.suppress(OSError):
            seen = os.fstatvfs(self._descriptor)
            self.size_bytes = seen.f_blocks * seen.f_frsize
            used = self.size_bytes - seen.f_bavail * seen.f_frsize
            self.most_bytes = max(self.most_bytes, used)

    def loaded(self) -> None:
        """Take what there is for working files of the entry's libraries."""
        self._names_before = self._names()

    @property
    def files(self) -> int:
        """How many more files and folders it holds than when ``loaded``; the kernel keeps count."""
        return max(0, self._names() - self._names_before)

    def _names(self) -> int:
        with contextlib.suppress(OSError):
            seen = os.fstatvfs(self._descriptor)
            return seen.f_files - seen.f_ffree
        return 0

    @property
    def was_full(self) -> bool:
        """Whether nothing more went into it at some time."""
        return self.size_bytes > 0 and self.most_bytes >= self.size_bytes - _FULL_BYTES

    def close(self) -> None:
        """Let go of it: only then is its memory given back."""
        os.close(self._descriptor)


def open_spaces(pid: int, names: Mapping[str, str]) -> list[Space]:
    """Open memory file systems as a process of the entry's sees them: folders, and their limits.

    Those that cannot be seen from here are left out.
    """
    flags = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    found = []
    for name, limit in names.items():
        with contextlib.suppress(OSError):
            found.append(Space(name, limit, os.open(f"/proc/{pid}/root{name}", flags)))
    return found


def folder_bytes(folder: Path, most_bytes: int) -> int:
    """Add up the files of a folder, and stop once there are more than ``most_bytes``.

    Folders that lie too deep for their path to be spelled count as more than that.
    """
    total = 0
    waiting = [str(folder)]
    while waiting and total <= most_bytes:
        try:
            with os.scandir(waiting.pop()) as found:
                for item in found:
                    size, is_folder = _size(item)
                    total += size
                    if is_folder:
                        waiting.append(item.path)
                    if total > most_bytes:
                        break
        except OSError as error:  # gone by now, or closed even to its owner
            if error.errno == errno.ENAMETOOLONG:
                return most_bytes + 1
    return total


def folder_files(folder: Path, most: int) -> int:
    """Count the files and folders in a folder, and stop at ``most``."""
    total = 0
    waiting = [str(folder)]
    while waiting and total < most:
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as found:
            for item in found:
                total += 1
                if item.is_dir(follow_symlinks=False):
                    waiting.append(item.path)
                if total >= most:
                    break
    return total


def _size(item: os.DirEntry[str]) -> tuple[int, bool]:
    """Return the room that a name takes, and whether it is a folder; nothing once it is gone."""
    try:
        status = item.stat(follow_symlinks=False)
    except FileNotFoundError:
        return 0, False
    return max(status.st_blocks * _BLOCK_BYTES, _LEAST_BYTES), stat.S_ISDIR(status.st_mode)


def remove_folder(folder: Path) -> None:
    """Remove a folder that a program could do with as it liked, as far as that is possible.

    However deep it goes: what is in its folders is moved to the top, level by level. Nothing else
    may be at work in it.
    """
    with contextlib.suppress(OSError):
        top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.fchmod(top, stat.S_IRWXU)
            while any([_lifted(top, name) for name in os.listdir(top)]):  # noqa: C419, PTH208
                pass  # all of them, and again for what came up
        finally:
            os.close(top)
        folder.rmdir()


def _lifted(top: int, name: str) -> bool:
    """Remove a name from the folder ``top``, having moved up what is below it; say whether."""
    with contextlib.suppress(OSError):
        if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
            os.unlink(name, dir_fd=top)
            return True
        os.chmod(name, stat.S_IRWXU, dir_fd=top)
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
        try:
            for below in os.listdir(inner):  # noqa: PTH208 - by descriptor
                place = secrets.token_hex()
                os.rename(below, place, src_dir_fd=inner, dst_dir_fd=top)
        finally:
            os.close(inner)
        os.rmdir(name, dir_fd=top)
        return True
    return False


class Nameless(NamedTuple):
    """What a tree holds open that has no name."""

    bytes_by_device: dict[int, int]
    """Of files."""
    sockets: int
    hidden: int
    """How many processes the kernel keeps from being looked into by whoever runs them."""


def nameless(pids: Iterable[int]) -> Nameless:
    """See what a tree's processes hold open that has no name; each file and socket counts once."""
    hidden: list[int] = []
    files = {(status.st_dev, status.st_ino): status for status in _nameless(pids, hidden)}
    held: dict[int, int] = {}
    sockets = 0
    for status in files.values():
        if stat.S_ISSOCK(status.st_mode):
            sockets += 1
        else:
            held[status.st_dev] = held.get(status.st_dev, 0) + status.st_blocks * _BLOCK_BYTES
    return Nameless(held, sockets, len(hidden))


def socket_bytes() -> int:
    """Return how much a socket may hold that nobody reads: twice ``wmem_max``, see socket(7)."""
    try:
        return 2 * int(Path("/proc/sys/net/core/wmem_max").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 2 * _SOCKET_BYTES


def _nameless(pids: Iterable[int], hidden: list[int]) -> Iterator[os.stat_result]:
    for pid in pids:
        folder = f"/proc/{pid}/fd"
        try:
            descriptors = os.listdir(folder)  # noqa: PTH208 - numbers, and often
        except PermissionError:
            if _is_hidden(pid):
                hidden.append(pid)
            continue
        except OSError:  # gone by now
            continue
        for descriptor in descriptors:
            with contextlib.suppress(OSError):
                status = os.stat(f"{folder}/{descriptor}")  # noqa: PTH116 - likewise
                unnamed = status.st_nlink == 0 and stat.S_ISREG(status.st_mode)
                if unnamed or stat.S_ISSOCK(status.st_mode):
                    yield status


def _is_hidden(pid: int) -> bool:
    """Say whether the kernel keeps what a living process holds open from its own user.

    It gives the folder to root where the program may not be read (PR_SET_DUMPABLE in prctl(2)). It
    does so with a process that has ended, too, which is told by having no memory left.
    """
    try:
        owner = os.stat(f"/proc/{pid}/fd").st_uid  # noqa: PTH116 - as above
        status = Path(f"/proc/{pid}/status").read_bytes()
    except OSError:
        return False
    user = int(status.partition(b"\nUid:\t")[2].split()[1])
    return owner != user and b"\nRssAnon:" in status
