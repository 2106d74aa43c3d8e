"""Call another package's code and wait no longer than so long.

A thread cannot be ended from outside. So the code is called in one of its own: when a call does not
return, whoever asked goes on without it, and the thread ends with the process. That costs a call
some 0.1 ms, which only plug-ins are worth: the harness's own sources have deadlines of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

T = TypeVar("T")


class StuckError(Exception):
    """A call has not returned in time."""


class Caller:
    """Makes calls in a thread of its own, one after the other."""

    def __init__(self, name: str) -> None:
        self.stuck = False
        """Whether a call has not returned: there must be no further one."""
        self._asked: SimpleQueue[tuple[Callable[[], Any], Future[Any]] | None] = SimpleQueue()
        # A daemon: the interpreter does not wait for it when it ends.
        Thread(target=self._serve, name=f"meter {name}", daemon=True).start()

    def call(self, method: Callable[[], T], seconds: float) -> T:
        """Return what a call returns, or raise what it raises; ``StuckError`` after ``seconds``."""
        answer: Future[T] = Future()
        self._asked.put((method, answer))
        wait([answer], timeout=seconds)
        if not answer.done():
            self.stuck = True
            raise StuckError
        return answer.result()

    def close(self) -> None:
        """Let the thread end, once it comes back."""
        self._asked.put(None)

    def _serve(self) -> None:
        while (asked := self._asked.get()) is not None:
            method, answer = asked
            try:
                answer.set_result(method())
            except BaseException as error:  # noqa: BLE001 - whoever asked raises it
                answer.set_exception(error)


@contextmanager
def calling(name: str) -> Iterator[Caller]:
    """Give a caller until the block ends; its thread is named after ``name``."""
    caller = Caller(name)
    try:
        yield caller
    finally:
        caller.close()
