"""One evaluation at a time on a machine: two at once would spoil each other's figures."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from harness.errors import OrganiserError

LOCK_NAME = "frugal-ai-harness.lock"


@contextmanager
def machine_lock(folder: Path | None = None) -> Iterator[None]:
    """Hold the machine for one evaluation; ``OrganiserError`` naming the holder when it is taken.

    The kernel's own lock: it is gone with the process that holds it, however that ends.
    """
    path = (folder or temporary_folder()) / LOCK_NAME
    descriptor = _open(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode("ascii", "replace").strip()
            raise OrganiserError(
                f"another evaluation is running on this machine (process {holder or 'unknown'})",
                remedy="wait until it ends: two at once would spoil each other's figures",
            ) from None
        _write_holder(descriptor)
        yield
    finally:
        os.close(descriptor)


def temporary_folder() -> Path:
    """Return where temporary files go; ``OrganiserError`` where none can be written."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise OrganiserError(
            f"no folder for temporary files can be written: {error.strerror}",
            remedy="set TMPDIR to a folder that can be written",
        ) from None


def _open(path: Path) -> int:
    """Open the lock's file, also when another user made it, and never through a link."""
    try:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        except PermissionError:  # made by another user in a sticky folder: a lock needs no writing
            return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise OrganiserError(
            f"{path}: the machine's lock cannot be opened: {error.strerror}",
            remedy="remove that file, or set TMPDIR to a folder that all evaluations share",
        ) from None
    return descriptor


def _write_holder(descriptor: int) -> None:
    """Say who holds the lock, for the message that the next one gets; not what locks."""
    with suppress(OSError):  # opened for reading only: the message will say "unknown"
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
