"""Write a document where somebody named a place for it: whole or not at all, and never astray."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from harness.cli.output import print_note
from harness.errors import UsageError
from harness.records.replacing import MODE, replace_file

DESCRIPTORS = "/proc/"
"""Where ``/dev/stdout`` and its like lead: to whatever a process has open."""


def write_file(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``, and say so on standard error.

    A regular file that is there is replaced, and so is a link to one: it is not followed. What is
    there and is no regular file, a pipe or a device, is written to and stays, as does what
    ``/dev/stdout`` leads to. Raises ``UsageError`` where it cannot be written.
    """
    try:
        if _is_written_to(path):
            _write_through(path, os.O_APPEND, content)
        else:
            replace_file(path, [content])
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written: {error.strerror}",
            remedy="name a file in a folder that is there, has room, and that you may write to",
        ) from None
    print_note(f"wrote {path}")


def _is_written_to(path: Path) -> bool:
    """Say whether something is there that must stay what it is."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(mode) or _is_descriptor(path)


def _is_descriptor(path: Path) -> bool:
    """Say whether a name leads to a file that is open, by whichever links."""
    while path.is_symlink():
        folder = os.path.realpath(path.parent)
        if f"{folder}/".startswith(DESCRIPTORS):
            return True
        path = Path(folder, os.readlink(path))  # noqa: PTH115 - one step of the way
    return False


def _write_through(path: Path, flags: int, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | flags, MODE), "wb") as file:
        file.write(content)
