"""Do many like things in several processes, in order, without holding more than a few at once."""

from __future__ import annotations

import gc
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from harness.errors import OrganiserError

if TYPE_CHECKING:
    from concurrent.futures import Future

I = TypeVar("I")  # noqa: E741 - what goes in
O = TypeVar("O")  # noqa: E741 - what comes out

MOST_PROCESSES = 8
IN_FLIGHT = 3
"""Tasks a process: enough that none waits, few enough that results are not heaped up."""


class Given:
    """A value that another process is handed as msgpack spells it, and this one as it is."""

    def __init__(self, value: Any) -> None:  # noqa: ANN401 - any type that msgpack can spell
        self.value = value

    def __reduce__(self) -> tuple[Callable[[type, bytes], Given], tuple[type, bytes]]:
        """Spell it for another process, with its type."""
        return _given, (type(self.value), msgspec.msgpack.encode(self.value))


def _given(kind: type, content: bytes) -> Given:
    return Given(msgspec.msgpack.decode(content, type=kind))


class Workers(Protocol):
    """Calls functions of a module, here or in other processes."""

    def run(self, call: Callable[[I], O], given: Iterable[I]) -> Iterator[O]:
        """Yield what ``call`` makes of each, in the order in which they were given."""
        ...

    def begin(self, call: Callable[[I], O], given: I) -> Callable[[], O]:
        """Return what gives, once it is asked for, what ``call`` makes of one."""
        ...


class Here:
    """Everything in this process."""

    def run(self, call: Callable[[I], O], given: Iterable[I]) -> Iterator[O]:
        """Call one after another."""
        yield from map(call, given)

    def begin(self, call: Callable[[I], O], given: I) -> Callable[[], O]:
        """Call it when it is first asked for."""
        return cache(partial(call, given))


class Processes:
    """Some processes, started with the first task and ended with ``close``.

    They come from a fresh server process, so that no lock of this one is copied in a state that
    nobody would ever open again. Ctrl-C is this process's to hear, and theirs to end with it.
    """

    def __init__(self, count: int) -> None:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        _start_server()
        self._count = count
        self._pool = ProcessPoolExecutor(
            count, mp_context=get_context("forkserver"), initializer=_obey_parent
        )

    def run(self, call: Callable[[I], O], given: Iterable[I]) -> Iterator[O]:
        """Keep ``IN_FLIGHT`` tasks a process under way, and hand on results in order."""
        waiting = iter(given)
        under_way: deque[Callable[[], O]] = deque()
        for each in islice(waiting, self._count * IN_FLIGHT):
            under_way.append(self.begin(call, each))
        while under_way:
            done = under_way.popleft()()
            for each in islice(waiting, 1):
                under_way.append(self.begin(call, each))
            yield done

    def begin(self, call: Callable[[I], O], given: I) -> Callable[[], O]:
        """Have it called by the next process that is free."""
        with _explained():
            return partial(_result, self._pool.submit(call, given))

    def close(self) -> None:
        """End the processes; what has not begun never does."""
        self._pool.shutdown(cancel_futures=True)


def _result(of: Future[O]) -> O:
    with _explained():
        return of.result()


@contextmanager
def _explained() -> Iterator[None]:
    """Say what it means that a process is gone."""
    from concurrent.futures.process import BrokenProcessPool

    try:
        yield
    except BrokenProcessPool:
        raise OrganiserError(
            "a process that built the page was ended from outside, by want of memory perhaps",
            remedy="free some memory, or build with --processes 1",
        ) from None


def _start_server() -> None:
    """Start the process that worker processes come from, deaf to Ctrl-C as they are then born."""
    from multiprocessing import forkserver, resource_tracker

    resource_tracker.ensure_running()  # first: it lets the signal through once more
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _obey_parent() -> None:
    """Leave Ctrl-C to the parent in a worker process, and end with it however it ends."""
    import threading

    # What is read and made is let go with the last reference to it: to look for circles in it finds
    # nothing. They are still looked for, a hundred times less often.
    gc.freeze()
    gc.set_threshold(70_000, 20, 20)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """Give as many processes as asked for; one is this one."""
    if count <= 1:
        yield Here()
        return
    try:
        pool = Processes(count)
    except OSError as error:
        raise OrganiserError(
            f"no process can be started beside this one: {error.strerror}",
            remedy="build with --processes 1, or raise the limit on processes (ulimit -u)",
        ) from None
    try:
        yield pool
    finally:
        pool.close()


def usable_processes() -> int:
    """Return how many cores this process may run on, at most ``MOST_PROCESSES``."""
    return max(1, min(MOST_PROCESSES, len(os.sched_getaffinity(0))))
