"""One request of ours, written to the entry's pipe as far as that takes it.

What lies in a file goes from the system's cache of it into the pipe by reference: nothing is
copied until the entry reads, and two processes never wait for each other to copy.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable
from itertools import islice

from harness.sandbox.protocol import Span

MOST_PARTS = os.sysconf("SC_IOV_MAX")
"""How many parts the kernel takes at once."""
AT_ONCE_BYTES = 1 << 20
"""After so many, the caller looks at limits and deadlines; an entry may read on without end."""


class Unsent:
    """What of a request the pipe has not taken yet."""

    def __init__(self, parts: Iterable[bytes | memoryview | Span]) -> None:
        self._rest: deque[memoryview | Span] = deque(
            part if isinstance(part, Span) else memoryview(part) for part in parts
        )

    def __bool__(self) -> bool:
        """Say whether anything is left."""
        return bool(self._rest)

    def write(self, descriptor: int) -> None:
        """Write what a pipe that does not block takes; nothing is left for one that is broken.

        Raises ``OrganiserError`` where a file cannot be read.
        """
        room = AT_ONCE_BYTES
        try:
            while self._rest and room > 0:
                first = self._rest[0]
                if isinstance(first, Span):
                    room -= self._splice(first, descriptor)
                else:
                    room -= self._write(descriptor)
        except BlockingIOError:
            return
        except BrokenPipeError:  # it died, or will be found not to answer
            self._rest.clear()

    def _write(self, descriptor: int) -> int:
        """Write the views up to the next span; return how many bytes the pipe took."""
        views: list[memoryview] = []
        for part in islice(self._rest, MOST_PARTS):
            if isinstance(part, Span):
                break
            views.append(part)
        written = left = os.writev(descriptor, views)
        for view in views:
            if left < len(view):
                self._rest[0] = view[left:]
                break
            left -= len(view)
            self._rest.popleft()
        return written

    def _splice(self, span: Span, descriptor: int) -> int:
        """Have the pipe refer to what lies in a file; return how many bytes it took."""
        try:
            moved = os.splice(
                span.file.fileno(), descriptor, span.size, span.begin, flags=os.SPLICE_F_NONBLOCK
            )
        except (BlockingIOError, BrokenPipeError):
            raise
        except OSError:  # not every file system can
            moved = 0
        if moved == span.size:
            self._rest.popleft()
        elif moved:
            self._rest[0] = span.after(moved)
        else:  # reading says why
            self._rest[0] = memoryview(span.file.read(span.begin, span.size))
        return moved
