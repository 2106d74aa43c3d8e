"""CPU time of the kernel's own threads: work that it does for processes, and bills to none.

They write files out, free memory, collect what was lost between sockets. For whom, the kernel does
not say: it may be the entry. In a container they are not to be seen.
"""

from __future__ import annotations

import os
from pathlib import Path

PROC = Path("/proc")

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PARENT_OF_ALL = b"2"
"""``kthreadd``, of which every other is a child; see kthreads in the kernel's documentation."""
_PARENT, _USER, _SYSTEM = 1, 11, 12
"""Fields of ``/proc/PID/stat``, counted from behind the name: see proc(5)."""


def kernel_thread_seconds(proc: Path = PROC) -> float | None:
    """Return the CPU time of all of them since the machine started; ``None`` where none is seen.

    Takes about a tenth of a millisecond for each.
    """
    ticks, seen = 0, False
    for name in os.listdir(proc):  # noqa: PTH208 - numbers, and many
        if not name.isdigit():
            continue
        fields = _stat(proc / name / "stat")
        if len(fields) > _SYSTEM and (fields[_PARENT] == _PARENT_OF_ALL):
            seen = True
            ticks += int(fields[_USER]) + int(fields[_SYSTEM])
    return ticks / _TICKS_PER_SECOND if seen and _is_the_kernels(proc) else None


def _is_the_kernels(proc: Path) -> bool:
    """Say whether the second process is the kernel's: in a container it is anybody."""
    try:
        return (proc / "2" / "comm").read_bytes().strip() == b"kthreadd"
    except OSError:
        return False


def _stat(path: Path) -> list[bytes]:
    try:
        return path.read_bytes().rpartition(b")")[2].split()
    except OSError:  # it has ended
        return []
