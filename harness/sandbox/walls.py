"""What the kernel holds a control group to: memory and processes, of either version."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from harness.records.rules import Limits
from harness.sandbox.endings import mebibytes

Version: TypeAlias = Literal[1, 2]

_OF_THE_SANDBOX = 2
"""``bwrap`` outside and inside: not the entry's."""


def most_tasks(limits: Limits) -> int:
    """Return the limit of threads: the kernel counts them, and every process has one."""
    return limits.threads + _OF_THE_SANDBOX


@dataclass(frozen=True)
class Hit:
    """A limit that was reached, and that the kernel held."""

    resource: Literal["memory", "processes"]
    limit: int
    """Bytes; or processes and threads."""
    peak: int
    """The most that was seen, in the same unit."""

    @property
    def message(self) -> str:
        """What happened, for people."""
        if self.resource == "memory":
            return (
                f"used {mebibytes(self.peak)} of memory; {mebibytes(self.limit)} are allowed, and "
                "the kernel ended it there (limits.memory_bytes)"
            )
        return (
            f"ran {self.peak} processes and threads at once; {self.limit} are allowed, and the "
            "kernel refused more (limits.threads)"
        )

    @property
    def remedy(self) -> str:
        """What to do about it."""
        if self.resource == "memory":
            return "use a smaller model or a smaller batch_size"
        return "start fewer"


@dataclass(frozen=True)
class Wall:
    """How one resource of a group is limited: the files of one version."""

    resource: Literal["memory", "processes"]
    parent: Path
    """Where groups are made in its hierarchy."""
    seen: str
    """In words."""
    limit: str
    settings: tuple[tuple[str, str], ...]
    """What is set beside the limit, where it exists."""
    signs: tuple[tuple[str, str], ...]
    """Files and keys of counters: the limit was hit when all of them are above 0. An empty key
    is of a file that is one number."""
    peak: str

    def most(self, limits: Limits) -> int:
        """Return the rules' limit, in the kernel's unit."""
        return limits.memory_bytes if self.resource == "memory" else most_tasks(limits)

    def put_up(self, folder: Path, limit: int) -> None:
        """Set the limit of a fresh group. Raises ``OSError``."""
        _write(folder / self.limit, str(limit))
        for name, value in self.settings:
            with contextlib.suppress(FileNotFoundError):  # a kernel without swap, or an older one
                _write(folder / name, value)

    def hit(self, folder: Path, limit: int) -> Hit | None:
        """Say whether the limit was reached, and what was asked for refused."""
        if not all(_counted(folder / name, key) > 0 for name, key in self.signs):
            return None
        peak = _counted(folder / self.peak, "")
        if self.resource == "processes" and 0 < peak < limit:
            return None  # a limit of a group above this one, of which older kernels tell here too
        return Hit(self.resource, limit, peak or limit)


def memory_wall(parent: Path, version: Version) -> Wall:
    """Return how memory is limited: swap is none of it, and in version 2 all die together.

    That a process was killed is not enough: the machine may have run out of memory, or a group
    above this one. The group itself must have reached its limit.
    """
    if version == 2:  # noqa: PLR2004 - of control groups
        return Wall(
            "memory", parent, "control group, version 2 (memory.max)", "memory.max",
            (("memory.swap.max", "0"), ("memory.oom.group", "1")),
            (("memory.events", "oom"), ("memory.events", "oom_kill")), "memory.peak",
        )  # fmt: skip
    return Wall(
        "memory", parent, "control group, version 1 (memory.limit_in_bytes)",
        "memory.limit_in_bytes",
        (("memory.swappiness", "0"),),
        (("memory.failcnt", ""), ("memory.oom_control", "oom_kill")), "memory.max_usage_in_bytes",
    )  # fmt: skip


def processes_wall(parent: Path, version: Version) -> Wall:
    """Return how processes are limited, threads included: a fork beyond it fails."""
    return Wall(
        "processes", parent, f"control group, version {version} (pids.max)", "pids.max", (),
        (("pids.events", "max"),), "pids.peak",
    )  # fmt: skip


def _write(file: Path, text: str) -> None:
    """Write to a file that the kernel has made: none is made here."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _counted(file: Path, key: str) -> int:
    """Return the number beside ``key``, or the only one; 0 where there is none."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            words = os.read(descriptor, 4096).split()
        finally:
            os.close(descriptor)
        return int(words[words.index(key.encode()) + 1] if key else words[0])
    except (OSError, ValueError, IndexError):
        return 0
