"""How a program ended, in figures and in words."""

from __future__ import annotations

import signal

from harness.sandbox.protocol import Exit


def code_and_signal(returned: int) -> tuple[int | None, int | None]:
    """Tell an exit code from a signal; launchers report signal n of what they ran as 128 + n."""
    if returned < 0:
        return None, -returned
    if returned - 128 in set(signal.Signals):
        return None, returned - 128
    return returned, None


def in_words(ended: Exit) -> str:
    """Return what goes into a message."""
    if ended.signal is None:
        return f"ended with exit code {ended.code}"
    name = signal.Signals(ended.signal).name
    hint = " (the kernel does so when memory runs out)" if ended.signal == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"


def mebibytes(count: int) -> str:
    """Return a number of bytes in words."""
    return f"{count / (1 << 20):.0f} MiB"
