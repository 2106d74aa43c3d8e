"""Start a program with the frame channels on descriptors 3 and 4, and nothing else open."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fcntl import F_DUPFD_CLOEXEC, fcntl

from harness.sandbox import marks
from harness.sandbox.affinity import on_cores

REQUEST_FD = 3
REPLY_FD = 4
PIPE_BYTES = 1 << 20  # what an unprivileged process may ask for

_ABOVE = 64  # our ends stay clear of every number that the child is given
_F_SETPIPE_SZ = 1031
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Spawned:
    """A program that runs, and our ends of its channels; reading ends do not block."""

    pid: int
    requests: int
    replies: int
    stdout: int
    stderr: int


def spawn(
    argv: list[str],
    environment: Mapping[str, str],
    *,
    extra: Mapping[int, int] | None = None,
    cores: Iterable[int] | None = None,
) -> Spawned:
    """Start ``argv`` in a session of its own; ``extra`` maps more of its descriptors to ours.

    On ``cores`` only, where some are given. ``posix_spawn`` does not copy the harness's memory, as
    a fork with Python code before the exec would; it closes nothing by itself, hence
    ``_close_on_exec``. Raises ``OSError``, and ``OrganiserError`` for cores that cannot be had.
    """
    adopt_orphans()
    _close_on_exec()
    opened: list[int] = []
    try:
        pipes = [_pipe(opened) for _ in range(4)]
        null = _raised(os.open(os.devnull, os.O_RDONLY), opened)
        (their_requests, requests), (replies, their_replies), (out, their_out), (err, their_err) = (
            pipes
        )
        wanted = {0: null, 1: their_out, 2: their_err, REQUEST_FD: their_requests}
        wanted |= {REPLY_FD: their_replies}
        for theirs, ours in (extra or {}).items():
            wanted[theirs] = _raised(os.dup(ours), opened)
        actions = [(os.POSIX_SPAWN_DUP2, ours, theirs) for theirs, ours in wanted.items()]
        with on_cores(cores):
            marked = {**environment, marks.VARIABLE: marks.RUN}
            pid = os.posix_spawn(argv[0], argv, marked, file_actions=actions, setsid=True)
    except BaseException:  # an interrupt too must leave no descriptor open; it goes on its way
        _close(opened)
        raise
    kept = (requests, replies, out, err)
    _close([descriptor for descriptor in opened if descriptor not in kept])
    for descriptor in kept:
        os.set_blocking(descriptor, False)
    return Spawned(pid, requests, replies, out, err)


def abandon(spawned: Spawned, *others: int) -> None:
    """End a program that nobody came to own, and other processes of its tree; close our ends."""
    for pid in (*others, spawned.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in (spawned.pid, *others):
        with contextlib.suppress(ChildProcessError):  # its own parent has waited for it
            os.waitpid(pid, 0)
    _close([spawned.requests, spawned.replies, spawned.stdout, spawned.stderr])


def adopt_orphans() -> None:
    """Become the parent of what a sandbox leaves behind, so that it can be waited for.

    ``bwrap`` exits as soon as the entry's first process does, and the init process of its
    namespace, with the CPU time of everything that it reaped, would go to the machine's init.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _pipe(opened: list[int]) -> tuple[int, int]:
    read, write = (_raised(end, opened) for end in os.pipe())
    with contextlib.suppress(OSError):  # the user's share of pipe memory is used up: slower only
        fcntl(write, _F_SETPIPE_SZ, PIPE_BYTES)
    return read, write


def _raised(descriptor: int, opened: list[int]) -> int:
    try:
        raised = fcntl(descriptor, F_DUPFD_CLOEXEC, _ABOVE)
    finally:
        os.close(descriptor)
    opened.append(raised)
    return raised


def _close_on_exec() -> None:
    """Keep what a C library opened, the test data perhaps, from being inherited by the entry."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - numbers, not paths
        if int(name) > 2:  # noqa: PLR2004 - standard error
            with contextlib.suppress(OSError):  # the descriptor of this very listing is closed
                os.set_inheritable(int(name), False)


def _close(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
