"""An entry's tree of processes: requests in, checked replies out, limits watched meanwhile.

One thread, one loop: it writes what the pipe takes, reads the reply, drains both outputs and looks
at memory and processes a few times a second. The entry pays for none of it but the pipe.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NoReturn, Self

from harness.errors import HarnessError, OrganiserError, SubmissionError
from harness.sandbox import frames
from harness.sandbox.cgroup import Group, Hit
from harness.sandbox.endings import code_and_signal, in_words, mebibytes
from harness.sandbox.output import Tail
from harness.sandbox.protocol import Captured, Exit, Launch
from harness.sandbox.replies import MEND, Reply, nothing_came
from harness.sandbox.spawn import Spawned
from harness.sandbox.tree import Tree, Usage

WATCH_SECONDS = 0.1
"""How often memory and processes are looked at."""

_CHUNK_BYTES = 1 << 20
_REAP_SECONDS = 5.0


class TreeProcess:
    """A ``Process``: see ``harness.sandbox.protocol``."""

    def __init__(
        self,
        spawned: Spawned,
        launch: Launch,
        *,
        namespace_init: int | None,
        group: Group | None,
        scratch: Path | None = None,
    ) -> None:
        """Take over a started tree.

        ``namespace_init`` is the first process of its own pid namespace, with which the whole tree
        dies; without one the tree is followed and killed process by process. ``group`` counts its
        CPU time; without one it is read from the tree. ``group`` and ``scratch``, a folder, go when
        the tree is gone.
        """
        self._group = group
        self._scratch = scratch
        self._spawned = spawned
        self._limits = launch.limits
        self._launch = launch
        self._tree = Tree(spawned.pid)
        self._ends = {spawned.pid: os.pidfd_open(spawned.pid)}
        if namespace_init is not None:
            with contextlib.suppress(ProcessLookupError):  # the sandbox could not be built
                self._ends[namespace_init] = os.pidfd_open(namespace_init)
        self._namespace_init = namespace_init
        self.hit: Hit | None = None
        """The limit that the kernel has held against it."""
        self._exit: Exit | None = None
        self._error: HarnessError | None = None
        self._output, self._stderr = Tail(), Tail()
        self._peak_memory_bytes = 0
        self._started = time.monotonic()
        self._next_watch = self._started
        self._requests_open = True
        self._reading = {spawned.replies, spawned.stdout, spawned.stderr}
        self._poll = select.poll()
        for descriptor in (*self._reading, self._ends[spawned.pid]):
            self._poll.register(descriptor, select.POLLIN)

    def ready(self, *, deadline_seconds: float) -> None:
        """Wait for the worker's hello."""
        try:
            self._exchange((), frames.READY, 0, deadline_seconds)
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
        self._exchange((frames.LOAD_REQUEST,), frames.LOAD, 0, deadline_seconds)

    def predict(
        self, request: Sequence[bytes | memoryview], n: int, *, deadline_seconds: float
    ) -> bytes:
        """Send one request; return the reply's payload."""
        return self._exchange(request, frames.PREDICTIONS, n, deadline_seconds)

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
        self._look()
        self._close_requests()
        end = time.monotonic() + deadline_seconds
        replies_open = True
        while not self._ended():
            if not self._step(end):
                self._fail(
                    f"still running {deadline_seconds:g} s after the last answer",
                    "end when the request channel is closed; leave no thread or process behind",
                )
            if replies_open and not self._refuse_unasked():
                replies_open = False
                self._poll.unregister(self._spawned.replies)  # its end would wake us without pause
        ended = self._reap()
        self._require_nothing_refused()
        self._require_bearable_output()
        if ended.signal is not None or ended.code:
            self._fail(f"{in_words(ended)} after the last answer{self._last_words()}", MEND)
        return ended

    def kill(self) -> None:
        """End the whole tree at once."""
        if self._exit is None:
            self._signal_all()
            self._reap()

    def pids(self) -> Iterator[int]:
        """Yield the living processes."""
        return self._tree.pids()

    def captured(self) -> Captured:
        """Return what was written so far."""
        self._drain()
        return Captured(text=self._output.text(), bytes_written=self._output.bytes_written)

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
            self._close_requests()
            self._drain()
            for descriptor in (*self._reading, *self._ends.values()):
                os.close(descriptor)
            self._reading.clear()
            self._ends.clear()
            if self._group is not None:
                self._group.remove()
            if self._scratch is not None:
                shutil.rmtree(self._scratch, ignore_errors=True)

    # One request and its reply.

    def _exchange(
        self, request: Sequence[bytes | memoryview], kind: bytes, n: int, deadline_seconds: float
    ) -> bytes:
        self._require_usable()
        if request:
            self._refuse_unasked()
        end = time.monotonic() + deadline_seconds
        end = min(end, self._started + self._limits.session_seconds)
        rest = [memoryview(part) for part in request]
        reply = Reply(kind, n, self._launch)
        while True:
            if rest:
                rest = self._write(rest)
            if not self._step(end, writing=bool(rest)):
                self._late(deadline_seconds)
            # When it has ended, a last look at the pipe: nothing can come after that.
            if self._came(reply) or (self._ended() and (self._came(reply) or self._died())):
                self._require_bearable_output()
                return reply.payload()

    def _write(self, parts: list[memoryview]) -> list[memoryview]:
        """Write what the pipe takes; return what is left."""
        try:
            written = os.writev(self._spawned.requests, parts)
        except BlockingIOError:
            return parts
        except BrokenPipeError:
            return []  # it died, or will be found not to answer
        while parts and written >= len(parts[0]):
            written -= len(parts.pop(0))
        if written:
            parts[0] = parts[0][written:]
        return parts

    def _came(self, reply: Reply) -> bool:
        """Read on; say whether the reply is whole."""
        try:
            return reply.read(self._spawned.replies)
        except EOFError:
            self._await_end()
            self._died()
        except SubmissionError as error:
            self._fail(error.message, error.remedy)

    def _refuse_unasked(self) -> bool:
        """Refuse what nobody asked for; say whether the channel is still open."""
        try:
            return nothing_came(self._spawned.replies)
        except SubmissionError as error:
            self._fail(error.message, error.remedy)

    # The loop.

    def _step(self, end: float, *, writing: bool = False) -> bool:
        """Wait for something to happen; ``False`` when ``end`` has passed first."""
        now = time.monotonic()
        if now >= self._next_watch:
            self._watch(now)
        if writing:
            self._poll.register(self._spawned.requests, select.POLLOUT)
        wait = max(0.0, min(end, self._next_watch) - now)
        events = self._poll.poll(wait * 1000 + 1)
        if writing:
            self._poll.unregister(self._spawned.requests)
        for descriptor, _ in events:
            if descriptor in (self._spawned.stdout, self._spawned.stderr):
                self._drain()
                self._require_bearable_output()
                break
        return bool(events) or time.monotonic() < end

    def _watch(self, now: float) -> None:
        self._next_watch = now + WATCH_SECONDS
        self._require_nothing_refused()
        memory, processes = self._look()
        if processes > self._limits.processes:
            self._fail(
                f"ran {processes} processes at once; {self._limits.processes} are allowed",
                "start fewer",
            )
        if self._group is not None and self._group.holds("memory"):
            return  # of what the supervisor had before it came to the group, the tree knows too
        if memory > self._limits.memory_bytes:  # or forks share pages that were counted twice
            memory = self._tree.proportional_memory_bytes()
        if memory > self._limits.memory_bytes:
            self._fail(
                f"used {mebibytes(memory)} of memory; {mebibytes(self._limits.memory_bytes)} "
                "are allowed",
                "use a smaller model or a smaller batch_size",
            )

    def _require_nothing_refused(self) -> None:
        """Fail where the kernel, which holds the group's limits, has had to."""
        self.hit = self.hit or (self._group.hit() if self._group else None)
        if self.hit is not None:
            self._fail(self.hit.message, self.hit.remedy)

    def _look(self) -> Usage:
        usage = self._tree.usage()
        self._peak_memory_bytes = max(self._peak_memory_bytes, usage.memory_bytes)
        return usage

    def _drain(self) -> None:
        for descriptor in (self._spawned.stdout, self._spawned.stderr):
            while descriptor in self._reading:
                try:
                    part = os.read(descriptor, _CHUNK_BYTES)
                except BlockingIOError:
                    break
                if not part:
                    self._forget(descriptor)
                    break
                self._output.feed(part)
                if descriptor == self._spawned.stderr:
                    self._stderr.feed(part)
                if self._output.bytes_written > self._limits.output_bytes:
                    break

    def _require_bearable_output(self) -> None:
        if self._output.bytes_written > self._limits.output_bytes:
            self._fail(
                f"wrote {self._output.bytes_written} bytes to standard output and standard error; "
                f"{self._limits.output_bytes} are allowed",
                "print less",
            )

    def _forget(self, descriptor: int) -> None:
        self._poll.unregister(descriptor)
        self._reading.discard(descriptor)
        os.close(descriptor)

    # Ends.

    def _ended(self) -> bool:
        """Say whether the first process, and the namespace it leaves behind, are gone."""
        pidfds = select.poll()
        for pidfd in self._ends.values():
            pidfds.register(pidfd, select.POLLIN)
        return len(pidfds.poll(0)) == len(self._ends)

    def _await_end(self) -> None:
        """Give a tree that closed its channel a moment to be gone, so that its code is known."""
        end = time.monotonic() + 1
        while not self._ended() and time.monotonic() < end:
            time.sleep(0.001)

    def _signal_all(self) -> None:
        if self._namespace_init is None:
            self._end_supervised()
        for pidfd in self._ends.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def _end_supervised(self) -> None:
        """Kill what the supervisor has below it: it reaps them, and then it ends by itself."""
        end = time.monotonic() + 1
        while not self._ended() and time.monotonic() < end:
            for pid in self._tree.pids():
                if pid != self._spawned.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)

    def _reap(self) -> Exit:
        """Wait for what has ended or was killed; its rusage holds all that was waited for."""
        if self._exit is not None:
            return self._exit
        end = time.monotonic() + _REAP_SECONDS
        while not self._ended() and time.monotonic() < end:
            time.sleep(0.0005)
        _, status, usage = os.wait4(self._spawned.pid, 0)
        cpu_seconds = usage.ru_utime + usage.ru_stime
        if self._namespace_init is not None:
            with contextlib.suppress(ChildProcessError):  # its parent has waited for it
                _, _, usage = os.wait4(self._namespace_init, 0)
                cpu_seconds += usage.ru_utime + usage.ru_stime
        self._drain()
        code, number = code_and_signal(os.waitstatus_to_exitcode(status))
        try:
            counted = self._group or self._tree
            cpu_seconds = max(counted.cpu_seconds(), 0.0 if self._group else cpu_seconds)
        finally:  # at once whole, since a poller may ask; also where the group is lost
            self._exit = Exit(
                code=code,
                signal=number,
                cpu_seconds=cpu_seconds,
                peak_memory_bytes=self._peak_memory_bytes,
            )
        return self._exit

    def _died(self) -> NoReturn:
        if not self._ended():
            self._fail("closed its reply channel", "leave descriptors 3 and 4 alone")
        self._require_nothing_refused()
        self._fail(f"{in_words(self._reap())}{self._last_words()}", MEND)

    def _late(self, deadline_seconds: float) -> NoReturn:
        lasted = time.monotonic() - self._started
        self._fail(
            f"the session took more than {self._limits.session_seconds:g} s"
            if lasted >= self._limits.session_seconds
            else f"no answer within {deadline_seconds:g} s",
            "make it faster; the limits are in leaderboard/rules.toml",
        )

    def _last_words(self) -> str:
        self._drain()
        words = self._stderr.last_lines()
        return f"; its standard error ended: {words}" if words else ""

    def _fail(self, message: str, remedy: str) -> NoReturn:
        """Kill the tree and say why; whatever is asked of it later gets the same answer."""
        self._error = SubmissionError(message, remedy=remedy)
        self.kill()
        raise self._error

    def _require_usable(self) -> None:
        if self._error is not None:
            raise self._error

    def _close_requests(self) -> None:
        if self._requests_open:
            os.close(self._spawned.requests)
            self._requests_open = False
