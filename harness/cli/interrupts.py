"""Signals that ask the harness to end: it tidies up first, and says which one it was.

The first becomes an exception, which ends the entry's tree and removes what is temporary on its
way. A second one while that goes on would leave it half done, and is put off with a word; a third
ends the harness at once, and the next run clears away what is left.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)
_PATIENCE = 2

KILLED = 128
"""Added to the number of the signal that ended a program, as a shell reports it."""


class Interrupted(KeyboardInterrupt):
    """A signal asked the harness to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class _Signals:
    """What has come so far."""

    def __init__(self) -> None:
        self._came = 0
        self._first: int | None = None
        self._held = False

    def handle(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal."""
        self._came += 1
        if self._came == 1:
            self._first = number
            self._raise_unless_held()
        elif self._came > _PATIENCE:
            os._exit(KILLED + number)
        else:
            with suppress(OSError):  # nobody may be reading
                os.write(2, b"harness: tidying up; once more ends it at once\n")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Put a signal off to the end of the block: what it does is short, and done as a whole.

        Of blocks within one another, to the end of the outermost.
        """
        outer, self._held = self._held, True
        try:
            yield
        finally:
            self._held = outer
        self._raise_unless_held()

    def _raise_unless_held(self) -> None:
        if self._first is not None and not self._held:
            number, self._first = self._first, None
            raise Interrupted(number)


_signals = _Signals()
held = _signals.held


def install() -> None:
    """Handle what would end this process; what it was started to ignore, as by nohup, stays so."""
    for number in SIGNALS:
        if signal.getsignal(number) in _DEFAULTS:
            signal.signal(number, _signals.handle)
