"""Write a file so that it is there whole or not at all, and never over another; open it plainly."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from harness.errors import OrganiserError

PUBLIC_MODE = 0o666
PRIVATE_MODE = 0o600
"""Labels could be read off it: for nobody but whoever ran the evaluation."""
ROOM_BYTES = 1 << 20
"""What must be free before an evaluation: several times the largest record so far."""


def plainly(path: str, flags: int) -> int:
    """Open a file, as an ``opener`` of ``open``: follow no link, and wait for no pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def write_once(path: Path, content: bytes, mode: int = PUBLIC_MODE) -> bool:
    """Write ``content`` atomically; the first writer wins, and writing the same again is harmless.

    Return whether it was this call that wrote it. ``mode`` is what the file may be at most; the
    process's umask takes its share. Raises ``OrganiserError`` when the place cannot be written, or
    holds something else already.
    """
    try:
        return _write_whole(path, content, mode)
    except OSError as error:
        raise _unwritable(path, error.strerror or error) from None


def check_writable(folder: Path) -> None:
    """Try the whole way of writing, before an evaluation is spent on a result with no place.

    With as much as a record and what belongs to it may take.
    """
    path = folder / f".writable.{secrets.token_hex(4)}"
    if folder.exists() and not folder.is_dir():
        raise _unwritable(folder, "it is not a folder")
    try:
        try:  # random: zeros take no room on some file systems
            _write_whole(path, os.urandom(ROOM_BYTES), PUBLIC_MODE)
        finally:
            path.unlink(missing_ok=True)
    except OSError as error:  # of the folder: nobody asked for the file
        raise _unwritable(folder, error.strerror) from None


def _write_whole(path: Path, content: bytes, mode: int) -> bool:
    """Write under another name, then give it its own. Raises ``OSError``."""
    temporary = path.parent / f".{path.name}.{secrets.token_hex(4)}.tmp"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write_through(temporary, content, mode)
        return _claim(path, temporary)
    finally:
        temporary.unlink(missing_ok=True)


def _claim(path: Path, temporary: Path) -> bool:
    """Give the whole file its name; a link, unlike a rename, fails when the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        if path.is_file() and path.read_bytes() == temporary.read_bytes():
            return False
        raise OrganiserError(
            f"{path}: is there already with other content, and a record is never replaced",
            remedy="move the file away if it does not belong there",
        ) from None
    return True


def _write_through(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _unwritable(path: Path, why: object) -> OrganiserError:
    return OrganiserError(
        f"{path}: cannot be written: {why}",
        remedy="free the place or its space, or name another results folder with --output",
    )
