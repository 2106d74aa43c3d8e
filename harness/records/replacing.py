"""Write a file whole or not at all, and never astray: put it in the place of another at once.

A draft lies beside the file until it is whole, under a name that nobody can have taken beforehand
and that says whose it is: what a process that was ended left behind can be told and taken away.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Callable, Iterable

from harness.errors import OrganiserError

MODE = 0o666
"""What a file may be at most; the process's umask takes its share."""

_DRAFT = re.compile(r"\.[0-9a-f]{16}\.([0-9]+)\.new")
"""As ``replace_file`` names them and hardly anybody else: what is so called is taken away."""


def replace_file(
    path: str | os.PathLike[str], parts: Iterable[bytes | memoryview], mode: int = MODE
) -> os.stat_result:
    """Put a file made of ``parts`` in the place of whatever file or link is there.

    Returns its status as it was put there: another process may have replaced it by now. Raises
    ``OSError`` where it cannot be written, and leaves no draft then.
    """
    folder = os.path.dirname(path)  # noqa: PTH120 - ten thousands of times, as all below
    draft = os.path.join(folder, f".{secrets.token_hex(8)}.{os.getpid()}.new")  # noqa: PTH118
    return _made(draft, parts, mode, lambda: os.replace(draft, path))  # noqa: PTH105


def create_file(
    path: str | os.PathLike[str], parts: Iterable[bytes | memoryview]
) -> os.stat_result:
    """Make a file of ``parts`` where there is none, under its own name, and return its status.

    It takes three fifths of the time of replacing, but whoever looks meanwhile finds a part, and so
    does everybody once the process was killed: it is for files that nothing leads to yet, and that
    are compared before they are believed. Raises ``FileExistsError`` where anything is there, be it
    a link that leads nowhere, ``OSError`` where it cannot be written, and leaves none of it then.
    """
    return _made(path, parts, MODE, lambda: None)


def _made(
    path: str | os.PathLike[str],
    parts: Iterable[bytes | memoryview],
    mode: int,
    whole: Callable[[], None],
) -> os.stat_result:
    """Make a file that is not there yet, call ``whole``, and return its status; or leave none.

    What another process put in its place meanwhile is left. An interrupt while it is being opened
    may leave an empty one.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    own = os.fstat(descriptor)
    try:
        try:
            for part in parts:
                _write(descriptor, part)
            whole()
            return os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:  # an interrupt, too, which goes on its way
        with contextlib.suppress(OSError):
            if os.path.samestat(own, os.lstat(path)):
                os.unlink(path)  # noqa: PTH108
        raise


def refuse_link(folder: str | os.PathLike[str]) -> None:
    """Raise ``OrganiserError`` where a folder that is to be written into is a link itself.

    It may lead anywhere: what has our names there need not be ours.
    """
    if os.path.islink(folder):  # noqa: PTH114 - a path of any kind
        raise OrganiserError(
            f"{os.fspath(folder)}: is a link, and is not followed",
            remedy="remove it: the next build makes a folder there",
        )


def is_abandoned(name: str) -> bool:
    """Say whether a file is so called that it is a draft of a process that is no more."""
    found = _DRAFT.fullmatch(name)
    return found is not None and not os.path.exists(f"/proc/{found[1]}")  # noqa: PTH110


def clear_drafts(folder: str | os.PathLike[str]) -> None:
    """Take away the abandoned drafts of a folder, as far as that can be done."""
    try:
        names = os.listdir(folder)  # noqa: PTH208
    except OSError:
        return
    for name in filter(is_abandoned, names):
        with contextlib.suppress(OSError):
            os.unlink(os.path.join(folder, name))  # noqa: PTH108, PTH118


def _write(descriptor: int, content: bytes | memoryview) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
