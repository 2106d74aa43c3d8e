"""Do something in a second process while this one goes on, as long as a copy of it is safe."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterable
from functools import cache
from typing import NoReturn, TypeVar

import msgspec

from harness.cli.interrupts import SIGNALS

T = TypeVar("T")

CHUNK_BYTES = 1 << 20


def beside(call: Callable[[], T], kind: type[T]) -> Callable[[], T]:
    """Begin ``call`` in a copy of this process; return what waits for its result, of this ``kind``.

    A lock that another thread held would be copied with nobody to open it: where there is another
    thread, and where the copy fails, whatever the reason, the call is made here, once its result
    is asked for.
    """
    reading = _copy_that_does(call) if _is_alone() else None
    if reading is None:
        return cache(call)

    @cache
    def result() -> T:
        try:
            return msgspec.msgpack.decode(_all_of(reading), type=kind)
        except ValueError:
            return call()

    return result


def _is_alone() -> bool:
    """Whether this process has one thread, as far as can be told."""
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208 - imports nothing
    except OSError:
        return False


def _copy_that_does(call: Callable[[], object]) -> tuple[int, int] | None:
    """Return the process that makes a call, and from where its result can be read."""
    try:
        read_end, write_end = os.pipe()
    except OSError:
        return None
    # A signal that came to the copy before it obeys would be told of by it, too.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        child = os.fork()
        if not child:
            _do(call, read_end, write_end, before)
    except OSError:  # there is no room for another process
        os.close(read_end)
        return None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(write_end)
    return child, read_end


def _do(
    call: Callable[[], object], read_end: int, write_end: int, signals: Iterable[int]
) -> NoReturn:
    """Make the call in the copy, hand its result on, and end."""
    try:
        os.close(read_end)  # else it would wait for a reader who has gone
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        with open(write_end, "wb") as file:
            file.write(msgspec.msgpack.encode(call()))
    except BaseException:  # noqa: BLE001, S110 - whatever it is: its parent does it itself
        pass
    finally:
        os._exit(0)  # what a process does as it ends is its parent's to do


def _all_of(reading: tuple[int, int]) -> bytes:
    child, read_end = reading
    with open(read_end, "rb", buffering=CHUNK_BYTES) as file:  # noqa: PTH123 - a descriptor
        content = file.read()
    with contextlib.suppress(ChildProcessError):  # whoever takes no notice of children has none
        os.waitpid(child, 0)
    return content
