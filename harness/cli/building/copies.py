"""Copies of this process: each has all that this one has, so that nothing need be handed to it."""

from __future__ import annotations

import contextlib
import fcntl
import gc
import os
import signal
import sys
from collections.abc import Callable, Iterable
from io import FileIO
from typing import NamedTuple, NoReturn

from harness.cli.interrupts import SIGNALS

PIPE_BYTES = 1 << 20
"""What may lie between two processes, so that neither waits: as much as anybody may have."""

_BEGIN = b"!"

_own_ends: set[FileIO] = set()
"""This process's ends of the pipes to its copies. Each copy lets go of those to others: who waits
for what comes out of a pipe is told that nothing will once nobody can write to it any more."""


class Copy(NamedTuple):
    """A copy that is at work."""

    process: int
    asks: FileIO
    """What is written to it, the copy reads."""
    answers: FileIO
    """What the copy writes can be read from it."""

    def ask_no_more(self) -> None:
        """Let it know that nothing more will be asked."""
        _let_go(self.asks)

    def let_go(self) -> None:
        """Let it know that nothing is wanted of it: it ends what it is at, and then itself."""
        _let_go(self.asks)
        _let_go(self.answers)

    def end(self) -> None:
        """Wait until it has ended, nothing being wanted of it any more."""
        self.let_go()
        with contextlib.suppress(ChildProcessError):  # whoever takes no notice of children has none
            os.waitpid(self.process, 0)


def copied(do: Callable[[int, int], object]) -> Copy | None:
    """Begin ``do`` in a copy of this process; ``None`` where there can be none.

    It is given the ends of two pipes, what is asked of it and where it answers, and the copy ends
    with it. A lock that another thread holds would be copied with nobody to open it: a process with
    several threads is not copied. NumPy's library of matrices ends its own before. Ctrl-C is this
    process's to hear.
    """
    if len(sys._current_frames()) > 1:  # noqa: SLF001 - public, for all that; of Python's threads
        return None
    try:
        asked, asks = _pipe()
    except OSError:
        return None
    try:
        answers, answered = _pipe()
    except OSError:
        asked.close()
        asks.close()
        return None
    _own_ends.update((asks, answers))
    # A signal that came to the copy before it obeys would be told of by it, too.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        child = os.fork()
        if not child:
            _do(do, asked.fileno(), answered.fileno(), before)
    except OSError:  # there is no room for another process
        _let_go(asks)
        _let_go(answers)
        return None
    finally:
        asked.close()
        answered.close()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    copy = Copy(child, asks, answers)
    if not _is_alone():  # some library has threads that it did not end: the copy is not to begin
        copy.end()
        return None
    with contextlib.suppress(BrokenPipeError):  # it is gone already: who asks it finds out
        asks.write(_BEGIN)
    return copy


def _pipe() -> tuple[FileIO, FileIO]:
    """Return the ends of a pipe, to read from and to write to.

    They are closed by one step of Python, before or after which a signal may come, and once only:
    their numbers are soon those of others.
    """
    reads, writes = os.pipe()
    with contextlib.suppress(OSError):  # then it holds less
        fcntl.fcntl(writes, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return FileIO(reads, "rb"), FileIO(writes, "wb")


def _let_go(end: FileIO) -> None:
    end.close()
    _own_ends.discard(end)


def _is_alone() -> bool:
    """Whether this process has one thread, as far as can be told."""
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 - imports nothing
    except OSError:
        return False


def _do(
    do: Callable[[int, int], object], asked: int, answered: int, signals: Iterable[int]
) -> NoReturn:
    """Do it in the copy, and end."""
    try:
        for each in tuple(_own_ends):
            _let_go(each)
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as by nohup
                by_default = number != signal.SIGINT
                signal.signal(number, signal.SIG_DFL if by_default else signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        # What is read and made is let go with the last reference to it: to look for circles in it
        # finds nothing. They are still looked for, a hundred times less often.
        gc.freeze()
        gc.set_threshold(70_000, 20, 20)
        if os.read(asked, len(_BEGIN)):
            do(asked, answered)
    except BaseException:  # noqa: BLE001, S110 - who waits for an answer finds that there is none
        pass
    finally:
        os._exit(0)  # what a process does as it ends is its parent's to do
