"""The life of an entry's tree: whether it goes on, and how all of it is ended and waited for."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time

from harness.sandbox.tree import Tree, children

_AWAIT_SECONDS = 1.0
_REAP_SECONDS = 5.0


class Living:
    """The processes whose end is the end of the tree, held by descriptors that cannot be reused."""

    def __init__(self, tree: Tree, pid: int, namespace_init: int | None) -> None:
        """Hold ``pid`` and, where there is one, the first process of its own pid namespace.

        With that one the whole tree dies; without one it is followed and killed process by process.
        """
        self._tree = tree
        self._pid = pid
        self._namespace_init = namespace_init
        self._pidfds = {pid: os.pidfd_open(pid)}
        if namespace_init is not None:
            with contextlib.suppress(ProcessLookupError):  # the sandbox could not be built
                self._pidfds[namespace_init] = os.pidfd_open(namespace_init)

    def orphans(self) -> int:
        """Count the processes that have lost their parent, and gone to the tree's first one.

        Its oldest child is the entry's own first process.
        """
        return len(children(self._namespace_init or self._pid)[1:])

    @property
    def descriptor(self) -> int:
        """What becomes readable when the first process has ended."""
        return self._pidfds[self._pid]

    def ended(self) -> bool:
        """Say whether the first process, and the namespace it leaves behind, are gone."""
        pidfds = select.poll()
        for pidfd in self._pidfds.values():
            pidfds.register(pidfd, select.POLLIN)
        return len(pidfds.poll(0)) == len(self._pidfds)

    def await_end(self) -> None:
        """Give a tree that closed its channel a moment to be gone, so that its code is known."""
        end = time.monotonic() + _AWAIT_SECONDS
        while not self.ended() and time.monotonic() < end:
            time.sleep(0.001)

    def kill(self) -> None:
        """Send SIGKILL to all of it."""
        if self._namespace_init is None:
            self._end_supervised()
        for pidfd in self._pidfds.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)

    def reap(self) -> tuple[int, float]:
        """Wait for what has ended or was killed; return its code and the CPU time waited for.

        The code is negative for a signal.
        """
        end = time.monotonic() + _REAP_SECONDS
        while not self.ended() and time.monotonic() < end:
            time.sleep(0.0005)
        _, status, usage = os.wait4(self._pid, 0)
        cpu_seconds = usage.ru_utime + usage.ru_stime
        if self._namespace_init is not None:
            with contextlib.suppress(ChildProcessError):  # its parent has waited for it
                _, _, usage = os.wait4(self._namespace_init, 0)
                cpu_seconds += usage.ru_utime + usage.ru_stime
        return os.waitstatus_to_exitcode(status), cpu_seconds

    def close(self) -> None:
        """Give the descriptors back."""
        for pidfd in self._pidfds.values():
            os.close(pidfd)
        self._pidfds.clear()

    def _end_supervised(self) -> None:
        """Kill what the supervisor has below it: it reaps them, and then it ends by itself."""
        end = time.monotonic() + _AWAIT_SECONDS
        while not self.ended() and time.monotonic() < end:
            for pid in self._tree.pids():
                if pid != self._pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            time.sleep(0.001)
