"""One evaluation at a time on a machine: two at once would spoil each other's figures.

The lock is the kernel's own, on a file in a folder that every user of the machine finds, whatever
TMPDIR says: it is gone with the process that holds it, however that ends, and cannot go stale. The
file is empty and only ever opened for reading, so that whoever made it first keeps nobody out, and
nothing can be written through a link that was put in its place. Who holds it stands in that run's
journal (``harness.evaluation.journal``).
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import ConfigurationError, MachineBusyError, OrganiserError
from harness.evaluation.journal import Entry, read_journals

LOCK_NAME = "frugal-ai-harness.lock"
FOLDER_VARIABLE = "HARNESS_RUN_FOLDER"

_FOLDERS = ("/run/lock", "/var/lock", "/tmp")  # noqa: S108 - as a place that all users share
_FOR_ALL = stat.S_ISVTX | 0o777
_JUST_BEGUN_SECONDS = 1.0
"""A run that has just begun has no journal yet for a moment."""
_ASK_SECONDS = 0.05


@contextmanager
def machine_lock(folder: Path) -> Iterator[None]:
    """Hold the machine for one evaluation; ``MachineBusyError`` naming the holder if it is taken.

    ``folder`` is what ``shared_folder`` returns. Raises ``OrganiserError`` when the lock cannot be
    opened.
    """
    descriptor = _open(folder / LOCK_NAME)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _busy(_holder(folder)) from None
        if not _is_at(descriptor, folder / LOCK_NAME):
            raise _unusable(folder / LOCK_NAME, "was replaced meanwhile")
        yield
    finally:
        os.close(descriptor)


def shared_folder() -> Path:
    """Return where lock and journals lie: the same for every user, whoever asks.

    The first of /run/lock, /var/lock and /tmp that is everybody's; what the user who asks may do
    there decides nothing. ``HARNESS_RUN_FOLDER`` names another. Raises ``ConfigurationError``.
    """
    if named := os.environ.get(FOLDER_VARIABLE):
        folder = Path(named)
        if not folder.is_dir():
            raise ConfigurationError(
                f"{FOLDER_VARIABLE}: {named}: is no folder",
                remedy="make it, or leave the variable unset",
            )
        return folder
    for name in _FOLDERS:
        try:
            status = Path(name).stat()
        except OSError:
            continue
        if stat.S_ISDIR(status.st_mode) and status.st_mode & _FOR_ALL == _FOR_ALL:
            return Path(name)
    return temporary_folder()


def temporary_folder() -> Path:
    """Return where temporary files go; ``OrganiserError`` where none can be written."""
    where = "no folder for temporary files can be written"
    try:
        if named := os.environ.get("TMPDIR"):  # Python would take another place, and not say so
            where = f"TMPDIR: {named}: no temporary file can be written"
            with tempfile.TemporaryFile(dir=named, buffering=0) as file:
                file.write(b"x")
        return Path(tempfile.gettempdir())
    except OSError as error:
        raise OrganiserError(
            f"{where}: {error.strerror}",
            remedy="free some space, or set TMPDIR to a folder that can be written",
        ) from None


def _open(path: Path) -> int:
    """Open the lock's file, also when another user made it, and never through a link."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        try:
            descriptor = os.open(path, flags)
        except FileNotFoundError:
            descriptor = os.open(path, flags | os.O_CREAT, 0o666)
            os.fchmod(descriptor, 0o644)  # whatever the umask says
    except OSError as error:
        raise _unusable(path, f"cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _unusable(path, "is no file")
    return descriptor


def _is_at(descriptor: int, path: Path) -> bool:
    """Say whether what was locked is what the next one will find."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


def _unusable(path: Path, what: str) -> OrganiserError:
    return OrganiserError(
        f"{path}: the machine's lock {what}",
        remedy=f"remove it, or name a folder that all evaluations share in {FOLDER_VARIABLE}",
    )


def _holder(folder: Path) -> Entry | None:
    """Return the journal of the run that holds the lock."""
    until = time.monotonic() + _JUST_BEGUN_SECONDS
    while True:
        found = read_journals(folder)
        for entry in found:
            if entry.is_running():
                return entry
        elsewhere = [entry for entry in found if not entry.can_be_seen()]
        if elsewhere or time.monotonic() >= until:
            return elsewhere[0] if elsewhere else None
        time.sleep(_ASK_SECONDS)


def _busy(holder: Entry | None) -> MachineBusyError:
    return MachineBusyError(
        "another evaluation is running on this machine"
        + (f": {holder.told()}" if holder else ", and does not say whose it is"),
        remedy="wait until it ends: two at once would spoil each other's figures",
        holder=holder.facts() if holder else {},
    )
