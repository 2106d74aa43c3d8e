"""Instructions that a tree of processes executed, counted by the processor where it can.

``perf_event_open`` (see perf_event_open(2)) counts a thread and whatever it starts from then on,
in user space alone, so that no setting but the usual one is needed. Most virtual machines have no
such counter: then there is ``None``, and the reason.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
from types import TracebackType
from typing import Self

SYSTEM_CALLS = {"x86_64": 298, "aarch64": 241}
_ATTRIBUTE_BYTES = 128
_HARDWARE, _INSTRUCTIONS = 0, 1
_INHERIT, _EXCLUDE_KERNEL, _EXCLUDE_HYPERVISOR = 1 << 1, 1 << 5, 1 << 6
_CLOSE_ON_EXEC = 8


def why_not() -> str | None:
    """Say why instructions cannot be counted here; ``None`` where they can."""
    try:
        os.close(_open(inherit=False))
    except OSError as error:
        return f"perf_event_open: {error.strerror}"
    return None


class Instructions:
    """Counts what is started inside the block: with children, less what this thread did itself."""

    def __enter__(self) -> Self:
        """Begin to count."""
        self._both, self._own = _open(inherit=True), _open(inherit=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Read both counters and close them; ``count`` is what the children executed."""
        both, own = (int.from_bytes(os.read(each, 8), "little") for each in (self._both, self._own))
        os.close(self._both)
        os.close(self._own)
        self.count = both - own


def _open(*, inherit: bool) -> int:
    """Open a counter of this thread; raise ``OSError`` where there is none."""
    number = SYSTEM_CALLS.get(platform.machine())
    if number is None:
        raise OSError(0, f"not known on {platform.machine()}")
    flags = (_INHERIT if inherit else 0) | _EXCLUDE_KERNEL | _EXCLUDE_HYPERVISOR
    attribute = ctypes.create_string_buffer(_ATTRIBUTE_BYTES)
    # type, size, config, sample_period, sample_type, read_format, flags
    layout = "IIQQQQQ"
    struct.pack_into(
        layout, attribute, 0, _HARDWARE, _ATTRIBUTE_BYTES, _INSTRUCTIONS, 0, 0, 0, flags
    )
    libc = ctypes.CDLL(None, use_errno=True)
    found: int = libc.syscall(number, attribute, 0, -1, -1, _CLOSE_ON_EXEC)
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found
