"""An entry's tree of processes: requests in, checked replies out, limits watched meanwhile.

One thread, one loop: it writes what the pipe takes, reads the reply, drains both outputs and has
the limits looked at a few times a second. The entry pays for none of it but the pipe.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, NoReturn, Self

import msgspec

from harness.errors import HarnessError, OrganiserError, SubmissionError
from harness.records.session import Remains
from harness.sandbox import frames
from harness.sandbox.cgroup import Group, Hit
from harness.sandbox.endings import code_and_signal, in_words
from harness.sandbox.living import Living
from harness.sandbox.output import Outputs
from harness.sandbox.protocol import Captured, Exit, Launch, Request, Span
from harness.sandbox.replies import MEND, Reply, nothing_came
from harness.sandbox.requests import Unsent
from harness.sandbox.spaces import remove_folder
from harness.sandbox.spawn import Spawned
from harness.sandbox.tree import Tree
from harness.sandbox.watch import Phase, Watch


class _Due(NamedTuple):
    """A request that is on its way, and the reply to it."""

    rest: Unsent
    reply: Reply
    end: float
    """Until when it may take, on the monotonic clock."""
    deadline_seconds: float


class TreeProcess:
    """A ``Process``: see ``harness.sandbox.protocol``."""

    def __init__(
        self,
        spawned: Spawned,
        launch: Launch,
        *,
        namespace_init: int | None,
        group: Group | None,
        spaces: Mapping[str, str] | None = None,
        scratch: Path | None = None,
    ) -> None:
        """Take over a started tree.

        ``namespace_init`` is the first process of its own pid namespace, with which the whole tree
        dies; without one the tree is followed and killed process by process. ``group`` counts its
        CPU time; without one it is read from the tree. ``spaces`` are the memory file systems that
        the entry sees, and the limits that size them by name. ``group`` and ``scratch``, a folder
        on disk in their place, go when the tree is gone.
        """
        self._group = group
        self._scratch = scratch
        self._spawned = spawned
        self._launch = launch
        self._tree = Tree(spawned.pid)
        self._living = Living(self._tree, spawned.pid, namespace_init)
        self._watch = Watch(
            launch.limits,
            self._tree,
            self.cpu_seconds,
            spaces=spaces or {},
            scratch=scratch,
            memory_is_held=group is not None and group.holds("memory"),
        )
        self.hit: Hit | None = None
        """The limit that the kernel has held against it."""
        self._exit: Exit | None = None
        self._error: HarnessError | None = None
        self._requests_open = True
        self._given_back = False
        self._stirred = False
        """Whether the last step saw more than room for a request: an answer, an output, an end."""
        self._poll = select.poll()
        self._outputs = Outputs(
            spawned.stdout, spawned.stderr, launch.limits.output_bytes, self._poll
        )
        for descriptor in (spawned.replies, self._living.descriptor):
            self._poll.register(descriptor, select.POLLIN)

    def ready(self, *, deadline_seconds: float) -> None:
        """Wait for the worker's hello."""
        try:
            self._exchange((), frames.READY, deadline_seconds)
        except SubmissionError as error:
            if self._launch.command is not None:
                raise  # the entry's own program was at work already
            self._error = OrganiserError(
                f"the sandbox did not come up: {error.message}",
                remedy="see what `python -m harness doctor` says of isolation",
            )
            raise self._error from None

    def load(self, *, deadline_seconds: float) -> None:
        """Have the entry loaded."""
        self._begin("load")
        self._exchange((frames.LOAD_REQUEST,), frames.LOAD, deadline_seconds)

    def measure(self) -> None:
        """Begin the measured phase."""
        self._begin("measured")

    def predict(self, requests: Iterable[Request], *, deadline_seconds: float) -> Iterator[bytes]:
        """Send the requests, each when the last is answered; yield the replies' payloads."""
        if self._watch.phase != "measured":
            self._begin("warm-up")
        self._require_usable()
        self._refuse_unasked()  # later, what comes with a reply is refused
        answered: bytes | None = None
        following = iter(requests)
        request = next(following, None)
        while request is not None:
            try:
                due = self._send(request.parts, frames.PREDICTIONS, request.n, deadline_seconds)
                self._write_out(due)
            except SubmissionError:
                if answered is not None:  # it was whole, and counts
                    yield answered
                raise
            if answered is not None:  # the entry is at work again, and waits for nobody
                yield answered
            request = next(following, None)
            answered = self._receive(due)
        if answered is not None:
            yield answered

    def cpu_seconds(self) -> float:
        """Return the tree's CPU time so far; the kernel's own account once it has ended."""
        if self._exit is not None:
            return self._exit.cpu_seconds
        return self._group.cpu_seconds() if self._group else self._tree.cpu_seconds()

    def finish(self, *, deadline_seconds: float) -> Exit:
        """Close the request channel and wait until the tree is gone."""
        self._require_usable()
        if self._exit is not None:
            return self._exit
        self._begin("drain")
        self._watch.look()
        orphans = self._living.orphans()  # while they are there to be seen
        self._close_requests()
        end = time.monotonic() + deadline_seconds
        replies_open = True
        while not self._living.ended():
            if not self._step(end) and not self._living.ended():
                self._fail(self._watch.outlived(deadline_seconds))
            if replies_open and not self._refuse_unasked():
                replies_open = False
                self._poll.unregister(self._spawned.replies)  # its end would wake us without pause
        ended = self._reap()
        self._require_nothing_refused()
        self._check_output()
        if ended.signal is not None or ended.code:
            self._end_badly(f"{in_words(ended)} after the last answer")
        with self._failing():
            self._watch.settle(ended.cpu_seconds)
        remains = Remains(orphans=orphans, files=self._watch.files_left())
        self._exit = msgspec.structs.replace(ended, remains=remains)
        return self._exit

    def kill(self) -> None:
        """End the whole tree at once."""
        if self._exit is None:
            self._living.kill()
            self._reap()

    def pids(self) -> Iterator[int]:
        """Yield the living processes."""
        return self._tree.pids()

    def captured(self) -> Captured:
        """Return what was written so far."""
        self._outputs.drain()
        both = self._outputs.both
        return Captured(text=both.text(), bytes_written=both.bytes_written)

    def __enter__(self) -> Self:
        """Enter; the tree is already running."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill whatever is left of the tree and give the descriptors back."""
        try:
            self.kill()
        finally:
            if not self._given_back:
                self._given_back = True
                self._give_back()

    def _give_back(self) -> None:
        self._close_requests()
        self._outputs.drain()
        self._outputs.close()
        os.close(self._spawned.replies)
        self._living.close()
        self._watch.close()
        if self._group is not None:
            self._group.remove()
        if self._scratch is not None:
            remove_folder(self._scratch)

    # One request and its reply.

    def _exchange(self, parts: Sequence[bytes], kind: bytes, deadline_seconds: float) -> bytes:
        self._require_usable()
        if parts:
            self._refuse_unasked()
        return self._receive(self._send(parts, kind, 0, deadline_seconds))

    def _send(
        self,
        parts: Sequence[bytes | memoryview | Span],
        kind: bytes,
        n: int,
        deadline_seconds: float,
    ) -> _Due:
        """Write what the pipe takes of a request."""
        end = min(time.monotonic() + deadline_seconds, self._watch.end_of_time())
        due = _Due(Unsent(parts), Reply(kind, n, self._launch), end, deadline_seconds)
        due.rest.write(self._spawned.requests)
        return due

    def _write_out(self, due: _Due) -> None:
        """Write the rest of a request that is too large for the pipe: the entry waits for it.

        Whatever else comes meanwhile is left to ``_receive``.
        """
        while due.rest and self._step(due.end, writing=True):
            if self._stirred and (self._came(due.reply) or self._living.ended()):
                break
            due.rest.write(self._spawned.requests)

    def _receive(self, due: _Due) -> bytes:
        """Write the rest of a request and await the reply; return its payload."""
        rest, reply, end, deadline_seconds = due
        while True:
            in_time = self._step(end, writing=bool(rest))
            # When it has ended, a last look at the pipe: nothing can come after that.
            if self._came(reply) or (self._living.ended() and (self._came(reply) or self._died())):
                self._check_output()
                return reply.payload()
            if not in_time:
                self._fail(self._watch.late(deadline_seconds))
            rest.write(self._spawned.requests)

    def _came(self, reply: Reply) -> bool:
        """Read on; say whether the reply is whole."""
        try:
            return reply.read(self._spawned.replies)
        except EOFError:
            self._living.await_end()
            self._died()
        except SubmissionError as error:
            hints = self._watch.hints(error.message)
            self._fail(SubmissionError(error.message + hints, remedy=error.remedy))

    def _refuse_unasked(self) -> bool:
        """Refuse what nobody asked for; say whether the channel is still open."""
        try:
            return nothing_came(self._spawned.replies)
        except SubmissionError as error:
            self._fail(error)

    # The loop.

    def _step(self, end: float, *, writing: bool = False) -> bool:
        """Wait for something to happen, and say whether there is time left until ``end``.

        Whatever happens meanwhile: an entry that prints or answers byte by byte would have no end.
        """
        now = time.monotonic()
        if now >= self._watch.next_look:
            self._require_nothing_refused()
            with self._failing():
                self._watch.check()
        if writing:
            self._poll.register(self._spawned.requests, select.POLLOUT)
        wait = max(0.0, min(end, self._watch.next_look) - now)
        events = self._poll.poll(wait * 1000 + 1)
        if writing:
            self._poll.unregister(self._spawned.requests)
        others = [descriptor for descriptor, _ in events if descriptor != self._spawned.requests]
        self._stirred = bool(others)
        if any(descriptor in self._outputs for descriptor in others):
            self._outputs.drain()
            self._check_output()
        return time.monotonic() < end

    def _begin(self, phase: Phase) -> None:
        self._require_usable()
        if phase != self._watch.phase:
            with self._failing():
                self._watch.begin(phase)

    def _require_nothing_refused(self) -> None:
        """Fail where the kernel, which holds the group's limits, has had to."""
        self.hit = self.hit or (self._group.hit() if self._group else None)
        if self.hit is not None:
            self._fail(SubmissionError(self.hit.message, remedy=self.hit.remedy))

    def _check_output(self) -> None:
        written = self._outputs.both.bytes_written
        if written > self._launch.limits.output_bytes:
            with self._failing():
                self._watch.check_output(written)

    # Ends.

    def _reap(self) -> Exit:
        """Wait for what has ended or was killed; its rusage holds all that was waited for."""
        if self._exit is not None:
            return self._exit
        returned, cpu_seconds = self._living.reap()
        self._outputs.drain()
        code, number = code_and_signal(returned)
        try:
            counted = self._group or self._tree
            cpu_seconds = max(counted.cpu_seconds(), 0.0 if self._group else cpu_seconds)
        finally:  # at once whole, since a poller may ask; also where the group is lost
            self._exit = Exit(
                code=code,
                signal=number,
                cpu_seconds=cpu_seconds,
                peak_memory_bytes=self._watch.peak_memory_bytes,
            )
        return self._exit

    def _died(self) -> NoReturn:
        if not self._living.ended():
            self._fail(
                SubmissionError(
                    "closed its reply channel", remedy="leave descriptors 3 and 4 alone"
                )
            )
        self._require_nothing_refused()
        self._end_badly(in_words(self._reap()))

    def _end_badly(self, how: str) -> NoReturn:
        """Say how it ended, its last words, and the limits that may be behind it."""
        self._outputs.drain()
        words = self._outputs.stderr.last_lines()
        message = f"{how}; its standard error ended: {words}" if words else how
        self._fail(SubmissionError(message + self._watch.hints(message), remedy=MEND))

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Fail when a limit is found to be hit inside."""
        try:
            yield
        except SubmissionError as error:
            self._fail(error)

    def _fail(self, error: SubmissionError) -> NoReturn:
        """Kill the tree and say why; whatever is asked of it later gets the same answer."""
        self._error = error
        self.kill()
        raise error from None

    def _require_usable(self) -> None:
        if self._error is not None:
            raise self._error

    def _close_requests(self) -> None:
        if self._requests_open:
            os.close(self._spawned.requests)
            self._requests_open = False
