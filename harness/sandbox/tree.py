"""A tree of processes, read from ``/proc``: CPU time, memory and number."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import NamedTuple

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_KIBIBYTE = 1024
_TABLES = b"\nVmPTE:"
_OF_ITS_OWN = (b"\nRssAnon:", b"\nHugetlbPages:", _TABLES)
_COUNTED_ONCE = (b"Pss_Anon:", b"Pss_Shmem:", b"Private_Hugetlb:", b"Shared_Hugetlb:")


class Usage(NamedTuple):
    """What a tree takes at one moment."""

    memory_bytes: int
    """Anonymous and shared memory, resident, huge pages that the machine keeps for whoever asks,
    and the tables that say where pages are, even where none is; pages that a fork shares count once
    a process."""
    shared_bytes: int
    """What of it is shared: mapped from memory file systems."""
    processes: int
    threads: int
    """Of all of them together."""


class Tree:
    """The processes that descend from one, that one included."""

    def __init__(self, root: int) -> None:
        self._root = root
        self._cpu_seconds = 0.0

    def cpu_seconds(self) -> float:
        """Return the CPU time of the tree so far, reaped children included; never falls.

        Living processes are read to the nanosecond, those that were waited for in ticks (10 ms).
        A child that is reaped between two reads is missing from this total and in the next.
        """
        total = sum(map(process_cpu_seconds, self.pids()))
        self._cpu_seconds = max(self._cpu_seconds, total)
        return self._cpu_seconds

    def usage(self) -> Usage:
        """Return the memory, the number of processes and that of their threads now."""
        each = [_status(pid) for pid in self.pids()]
        return Usage(*map(sum, zip(*each, strict=True)))

    def proportional_memory_bytes(self) -> int:
        """Return the memory with shared pages counted once: exact, and slow for a large tree."""
        return sum(_proportional_bytes(pid) for pid in self.pids())

    def pids(self) -> Iterator[int]:
        """Yield the living processes, parents before their children."""
        waiting = [self._root]
        while waiting:
            pid = waiting.pop()
            yield pid
            waiting.extend(children(pid))


def process_cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process and of the children that it has waited for; 0 once gone."""
    return _own_cpu_seconds(pid) + _reaped_cpu_seconds(pid)


def children(pid: int) -> list[int]:
    """Return the children of a process that were not waited for; none once it is gone."""
    found: list[int] = []
    for task in _listed(f"/proc/{pid}/task"):
        found.extend(map(int, _read(f"/proc/{pid}/task/{task}/children").split()))
    return found


def _own_cpu_seconds(pid: int) -> float:
    """Read the process's CPU clock, whose number the kernel derives from the pid: see clock(3)."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def _reaped_cpu_seconds(pid: int) -> float:
    fields = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    if len(fields) < 15:  # noqa: PLR2004 - gone; cutime and cstime are fields 16 and 17 of proc(5)
        return 0.0
    return (int(fields[13]) + int(fields[14])) / _TICKS_PER_SECOND


def _status(pid: int) -> Usage:
    status = _read(f"/proc/{pid}/status")
    own = sum(_field(status, name) for name in _OF_ITS_OWN) * _KIBIBYTE
    shared = _field(status, b"\nRssShmem:") * _KIBIBYTE
    return Usage(own + shared, shared, 1, _field(status, b"\nThreads:"))


def _field(status: bytes, name: bytes) -> int:
    """Return the number behind a name; 0 where there is none. Often asked: not line by line."""
    start = status.find(name)
    if start < 0:
        return 0
    start += len(name)
    return int(status[start : start + 24].split(None, 1)[0])


def _proportional_bytes(pid: int) -> int:
    """Read the kernel's proportional set size; where that is not allowed, the resident one."""
    lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    sizes = [int(line.split()[1]) for line in lines if line.startswith(_COUNTED_ONCE)]
    if not sizes:
        return _status(pid).memory_bytes
    return (sum(sizes) + _field(_read(f"/proc/{pid}/status"), _TABLES)) * _KIBIBYTE


def _read(path: str) -> bytes:
    """Return the file's content, or nothing when the process is gone."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(descriptor, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208 - numbers, and often
    except OSError:
        return []
