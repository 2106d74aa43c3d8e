"""Do many like things in several processes, each as soon as one of them is free.

They are copies of this one as it is when it hands out the first: whatever they need they have, and
are told by a few numbers what to do with it. What comes of it they hand back.
"""

from __future__ import annotations

import os
import pickle
import resource
import select
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn, Protocol, TypeVar, cast

import msgspec

from harness.cli.building.copies import Copy, copied
from harness.errors import HarnessError, OrganiserError

I = TypeVar("I")  # noqa: E741 - what goes in
O = TypeVar("O")  # noqa: E741 - what comes out

MOST_PROCESSES = 8
IN_FLIGHT = 3
"""Tasks a process: enough that none waits, few enough that results are not heaped up."""
GROWN_KIB = 64 << 10
"""How much more memory a copy has when it has grown: what it took is not all given back."""
HEAD_BYTES = 8
"""Before each message: how many bytes it has."""


class Workers(Protocol):
    """Calls a function many times, here or in copies of this process."""

    @property
    def are_several(self) -> bool:
        """Whether others do it."""
        ...

    def run(self, call: Callable[[I], O], given: Iterable[I]) -> Iterator[tuple[int, O]]:
        """Yield what ``call`` makes of each, with its number from 0, as soon as it is made.

        What is given can be spelt by msgpack, in less than a pipe holds.
        """
        ...

    def begin(self, steps: Callable[[], Iterator[O]]) -> Callable[[], O]:
        """Take the first of three steps while this process goes on.

        Return what takes the second one, and gives what that yields. The third is what remains, for
        which nobody waits.
        """
        ...


class Here:
    """Everything in this process."""

    are_several = False

    def run(self, call: Callable[[I], O], given: Iterable[I]) -> Iterator[tuple[int, O]]:
        """Call one after another."""
        yield from enumerate(map(call, given))

    def begin(self, steps: Callable[[], Iterator[O]]) -> Callable[[], O]:
        """Take all when the second one is asked for."""

        def second() -> O:
            _, made = steps()
            return made

        return second


class Copies:
    """Copies of this process, made anew for each ``run``; where none can be, all is done here."""

    are_several = True

    def __init__(self, count: int) -> None:
        self._count = count
        self._lanes: list[_Lane] = []
        self._done: list[_Lane] = []
        """Those of which nothing is wanted any more, and that have not been waited for."""

    def run(self, call: Callable[[I], O], given: Iterable[I]) -> Iterator[tuple[int, O]]:
        """Keep ``IN_FLIGHT`` tasks a copy under way; one is made where all others are busy.

        Another takes the place of a copy that has grown: what it took for one task it would hold.
        """
        lanes: list[_Lane] = []
        most = self._count
        for number, each in enumerate(given):
            if len(lanes) == most and all(lane.asked for lane in lanes):  # one may be free by now
                yield from self._answers(lanes, wait=False)
            while lanes and len(lanes) == most and all(lane.is_busy for lane in lanes):
                yield from self._answers(lanes)
            takes_more = [lane for lane in lanes if not lane.has_grown]
            lane = min(takes_more, key=lambda lane: lane.asked, default=None)
            if (lane is None or lane.asked) and len(lanes) < most:
                if (made := self._lane(call)) is not None:
                    lanes.append(lane := made)
                else:
                    most = len(lanes)
            if lane is None:
                yield number, call(each)
                continue
            lane.ask(number, each)
        while lanes:
            yield from self._answers(lanes)
            for lane in [lane for lane in lanes if not lane.asked]:
                lanes.remove(lane)
                self._is_done(lane)

    def begin(self, steps: Callable[[], Iterator[O]]) -> Callable[[], O]:
        """Take all in a copy."""
        taken = steps()
        lane = self._lane(lambda _nothing: next(taken, None))
        if lane is None:
            return Here().begin(steps)
        lane.ask(0, None)

        def second() -> O:
            lane.answer()
            lane.ask(1, None)
            _, made = lane.answer()
            lane.ask(2, None)
            self._is_done(lane)
            return cast("O", made)

        return second

    def close(self) -> None:
        """End the copies: what they are at, they end, and what has not begun never does."""
        for lane in self._lanes:
            lane.copy.let_go()
        while self._lanes:
            self._lanes[-1].copy.end()
            self._lanes.pop()
        self._end_those_before()

    def _is_done(self, lane: _Lane) -> None:
        """Let a copy end while this process goes on."""
        self._end_those_before()
        lane.copy.let_go()
        self._done.append(lane)
        self._lanes.remove(lane)

    def _end_those_before(self) -> None:
        while self._done:
            self._done[-1].copy.end()
            self._done.pop()

    def _answers(self, lanes: list[_Lane], *, wait: bool = True) -> Iterator[tuple[int, Any]]:
        """Wait until any has answered, and yield what has been; let those end that have grown."""
        for lane in _ready(lanes, wait=wait):
            yield lane.answer()
            if lane.has_grown and not lane.asked:
                lanes.remove(lane)
                self._is_done(lane)

    def _lane(self, call: Callable[[I], O]) -> _Lane | None:
        copy = copied(lambda asked, answered: _serve(call, asked, answered))
        if copy is None:
            return None
        self._lanes.append(lane := _Lane(copy))
        return lane


class _Lane:
    """A copy, and how many answers it owes."""

    def __init__(self, copy: Copy) -> None:
        self.copy, self.asked, self.has_grown = copy, 0, False

    @property
    def is_busy(self) -> bool:
        return self.has_grown or self.asked >= IN_FLIGHT

    def ask(self, number: int, given: object) -> None:
        try:
            _send(self.copy.asks.fileno(), msgspec.msgpack.encode((number, given)))
        except BrokenPipeError:
            _is_gone()
        self.asked += 1

    def answer(self) -> tuple[int, Any]:
        content = _received(self.copy.answers.fileno())
        if content is None:
            _is_gone()
        # A copy of this process wrote it.
        number, made, error, self.has_grown = pickle.loads(content)  # noqa: S301
        if error is not None:
            raise error
        self.asked -= 1
        return number, made


def _is_gone() -> NoReturn:
    raise OrganiserError(
        "a process that built the page was ended from outside, by want of memory perhaps",
        remedy="free some memory, or build with --processes 1",
    )


def _ready(lanes: Sequence[_Lane], *, wait: bool) -> list[_Lane]:
    """Return those that have answered what they were asked; wait until any has, if asked to."""
    waiting = {lane.copy.answers.fileno(): lane for lane in lanes if lane.asked}
    poll = select.poll()
    for each in waiting:
        poll.register(each, select.POLLIN)
    return [waiting[each] for each, _ in poll.poll(None if wait else 0)] if waiting else []


def _serve(call: Callable[[I], O], asked: int, answered: int) -> None:
    """Do what is asked, in a copy, until nothing more is: its parent may have gone, too."""
    most_kib = _most_kib() + GROWN_KIB
    while (task := _received(asked)) is not None:
        number, given = msgspec.msgpack.decode(task)
        try:
            content = _spelt((number, call(given), None, _most_kib() > most_kib))
        except BaseException as raised:  # noqa: BLE001 - whatever it is: its parent raises it
            content = _spelt((number, None, _told(raised), False))
        _send(answered, content)


def _most_kib() -> int:
    """Return the most memory that this process had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _spelt(answer: object) -> bytes:
    return pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL)


def _told(error: BaseException) -> BaseException:
    """Return an error as another process can be told of it: where it was raised is lost else."""
    if not isinstance(error, HarnessError):
        error.add_note("".join(traceback.format_exception(error)))
    try:
        pickle.loads(_spelt(error))  # noqa: S301 - as above
    except Exception:  # noqa: BLE001 - any class may do anything
        return RuntimeError("".join(traceback.format_exception(error)))
    return error


def _send(descriptor: int, content: bytes) -> None:
    left = memoryview(len(content).to_bytes(HEAD_BYTES, "little") + content)
    while left:
        left = left[os.write(descriptor, left) :]


def _received(descriptor: int) -> bytearray | None:
    """Read a message; ``None`` where nobody will write another, or a whole one."""
    head = _read(descriptor, HEAD_BYTES)
    return None if head is None else _read(descriptor, int.from_bytes(head, "little"))


def _read(descriptor: int, size: int) -> bytearray | None:
    content = bytearray(size)
    left = memoryview(content)
    while left:
        count = os.readv(descriptor, [left])
        if not count:
            return None
        left = left[count:]
    return content


@contextmanager
def workers(count: int) -> Iterator[Workers]:
    """Give as many processes as asked for; one is this one."""
    if count <= 1:
        yield Here()
        return
    several = Copies(count)
    try:
        yield several
    finally:
        several.close()


def usable_processes() -> int:
    """Return how many cores this process may run on, at most ``MOST_PROCESSES``."""
    return max(1, min(MOST_PROCESSES, len(os.sched_getaffinity(0))))
