"""Build the stage that sandboxes are entered from: a mount namespace of its own.

    python stage.py <plan in JSON>

What a sandbox shows may lie where only the harness's user gets through: an interpreter in a home of
mode 0700. Here it is bound below a file system of our own that anybody may walk through, so that
an entry's launcher can run as a user without rights. The paths stay the same below that root.

The plan: ``root`` (a folder that is covered), ``paths`` (what is shown; a symbolic link right below
/ stays one), ``user`` (whether a user namespace is made first: who is not root needs one).

Says ``user`` when the user namespace is there, and waits for a line: its maker maps the ids. Says
``up`` when the stage is built, and ends when standard input does. Standard library only.
"""

from __future__ import annotations

import ctypes
import json
import os
import stat
import struct
import sys

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is, without importing typing
if TYPE_CHECKING:
    from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)

CLONE_NEWNS, CLONE_NEWUSER = 0x00020000, 0x10000000
MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE = 442, -100, 0x8000  # the same on every architecture
NOATIME, ANY_ATIME = 0x10, 0x70
SCRATCH = "/scratch"
"""An empty folder, for a launcher that mounts temporary files there."""
OPTIONS = "mode=0755,size=1m"  # folders and empty files: what is bound takes no room


def main(plan: dict[str, Any]) -> None:
    """Build the stage, say so, and wait until its maker has hold of it."""
    if plan["user"]:
        checked(LIBC.unshare(CLONE_NEWUSER))
        say("user")
        sys.stdin.readline()
    checked(LIBC.unshare(CLONE_NEWNS))
    mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = plan["root"]
    opened = [(path, open_path(path)) for path in plan["paths"]]  # some are below the root
    mount("stage", root, "tmpfs", MS_NOSUID | MS_NODEV, OPTIONS)
    os.umask(0o022)
    os.mkdir(f"{root}{SCRATCH}")
    for path, descriptor in opened:
        place(path, root + path, descriptor)
    say("up")
    sys.stdin.read()


def open_path(path: str) -> int | None:
    """Hold what is to be bound; nothing of a link that is made again."""
    if is_root_link(path):
        return None
    return os.open(path, os.O_PATH | os.O_CLOEXEC)


def place(path: str, target: str, descriptor: int | None) -> None:
    """Show ``path`` at ``target``; what an outer path shows already stays as it is."""
    if os.path.lexists(target):
        return
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if descriptor is None:
        os.symlink(os.readlink(path), target)
        return
    if stat.S_ISDIR(os.fstat(descriptor).st_mode):
        os.mkdir(target)
    else:
        os.close(os.open(target, os.O_CREAT | os.O_CLOEXEC, 0o644))
    mount(f"/proc/self/fd/{descriptor}", target, None, MS_BIND | MS_REC)
    keep_times(target)
    os.close(descriptor)


def keep_times(target: str) -> None:
    """Have no file that is read there note when: a later session could read that.

    Below bubblewrap all of it is read-only, and notes nothing either; so where this may not be
    done, by who is not root or before Linux 5.12, it is left.
    """
    wanted = struct.pack("4Q", NOATIME, ANY_ATIME, 0, 0)  # struct mount_attr
    LIBC.syscall(MOUNT_SETATTR, AT_FDCWD, target.encode(), AT_RECURSIVE, wanted, len(wanted))


def is_root_link(path: str) -> bool:
    """Say whether it is one like ``/lib``, which points into ``/usr``."""
    return os.path.dirname(path) == "/" and os.path.islink(path)


def mount(
    source: str | None, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    """Mount; raise ``OSError`` naming the target."""
    words = [word.encode() if word is not None else None for word in (source, target, kind)]
    try:
        checked(LIBC.mount(*words, ctypes.c_ulong(flags), options.encode() if options else None))
    except OSError as error:
        raise OSError(error.errno, error.strerror, target) from None


def say(word: str) -> None:
    """Tell the maker how far it is."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def checked(result: int) -> None:
    """Raise ``OSError`` when a system call failed."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except OSError as failure:
        sys.exit(f"{failure.filename or 'namespace'}: {failure.strerror}")
