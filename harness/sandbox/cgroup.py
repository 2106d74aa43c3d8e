"""CPU time counted by the kernel for a control group: nothing that runs in it can be missed.

A process tree is counted to the tick of 10 ms, and loses what no ancestor waited for: children that
are killed together with the first process of their namespace and, without the system-call filter,
those of a process that ignores SIGCHLD. A control group counts every process that was ever in it.
Version 2 counts in every group (``cpu.stat``), whichever controllers are enabled; version 1 where
``cpuacct`` is mounted (``cpuacct.usage``).

The entry's first processes are put into a fresh group while they are still held back, and all that
descends from them is born in it. Both counters are brought up to date at every tick of the
scheduler (1 to 10 ms) and whenever a process stops running: an entry that waits is counted to the
microsecond.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import MeasurementError, OrganiserError
from harness.sandbox import marks
from harness.sandbox.tree import process_cpu_seconds

_PREFIX = marks.PREFIX
_REMOVE_SECONDS = 1.0
_ABANDONED_SECONDS = 60.0
"""A group is empty for a moment only, before the entry starts and after it has ended."""
_V2, _V1 = "cpu.stat", "cpuacct.usage"
_IN_WORDS = {_V2: "control group, version 2 (cpu.stat)", _V1: "control group, version 1 (cpuacct)"}


@dataclass(frozen=True)
class Accounts:
    """How CPU time is counted on this machine: in groups below ``folder``, or by process tree."""

    folder: Path | None
    counter: str
    """The file of a group that is read; empty without groups."""
    seen: str
    """In words, with the reason where it is not a control group."""

    def open(self, pids: Iterable[int]) -> Group | None:
        """Put processes that are still held back into a fresh group; ended ones are passed over.

        ``None`` where CPU time is counted by process tree. Raises ``OrganiserError`` where groups
        could be made before and cannot any more: two ways of counting must not mix within one
        evaluation.
        """
        if self.folder is None:
            return None
        folder = _fresh(self.folder)
        try:
            group = Group(folder, self.counter)
            try:
                group.add(pids)
            except OSError:
                group.remove()
                raise
        except OSError as error:
            raise OrganiserError(
                f"{folder}: the entry cannot be put into a control group: {error.strerror}",
                remedy="find out what changed the control groups while the harness ran",
            ) from None
        return group


PROCESS_TREE = Accounts(None, "", "process tree")
"""What needs no permission."""


class Group:
    """A control group, made here and removed by ``remove``."""

    def __init__(self, folder: Path, counter: str) -> None:
        """Make ``folder`` and open its counter. Raises ``OSError``."""
        folder.mkdir()
        self._folder = folder
        self._before = 0.0
        self._last = 0.0
        try:
            self._counter = os.open(folder / counter, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            folder.rmdir()
            raise

    def add(self, pids: Iterable[int]) -> None:
        """Put processes that are still held back into the group, one that has ended excepted.

        What they used until now, on building the sandbox, is added to what the group counts.
        Raises ``OSError``.
        """
        added = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                (self._folder / "cgroup.procs").write_text(str(pid))
                added.append(pid)
        counted = self.cpu_seconds()
        self._before = max(0.0, sum(map(process_cpu_seconds, added)) - counted)

    def cpu_seconds(self) -> float:
        """Return the CPU time of all that was ever in the group; never falls."""
        try:
            words = os.pread(self._counter, 4096, 0).split()
            seconds = int(words[0]) / 1e9 if len(words) == 1 else _microseconds(words) / 1e6
        except (OSError, ValueError, IndexError) as error:
            raise MeasurementError(
                f"{self._folder}: the entry's CPU time cannot be read: {error}",
                remedy="find out what removed the control group while the harness ran",
            ) from None
        self._last = max(self._last, self._before + seconds)
        return self._last

    def remove(self) -> None:
        """Remove the group, whose processes are gone or about to be; harmless when it is gone.

        One that cannot be removed is left to the next harness: see ``find_accounts``.
        """
        if self._counter >= 0:
            os.close(self._counter)
            self._counter = -1
        end = time.monotonic() + _REMOVE_SECONDS
        while not _removed(self._folder) and time.monotonic() < end:
            time.sleep(0.001)


@cache
def find_accounts(root: Path = Path("/")) -> Accounts:
    """Try where a group can be made, counted in and removed: version 2 first, then version 1.

    ``root`` stands in for the file system's in tests. Empty groups of a harness that was killed
    are removed on the way.
    """
    reasons = []
    for counter in (_V2, _V1):
        folder: Path | None = None
        try:
            folder = _own_folder(root, counter)
            _sweep(folder)
            _try(folder, counter)
        except OSError as error:
            where = f" in {folder}" if folder else ""
            reasons.append(f"{counter}: {error.strerror or error}{where}")
        else:
            return Accounts(folder, counter, _IN_WORDS[counter])
    return Accounts(None, "", f"{PROCESS_TREE.seen} (no control group: {'; '.join(reasons)})")


def _microseconds(words: list[bytes]) -> int:
    return int(words[words.index(b"usage_usec") + 1])


def _removed(folder: Path) -> bool:
    try:
        folder.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _try(folder: Path, counter: str) -> None:
    """Put a process into a group and take it out again. Raises ``OSError`` where that fails."""
    group = Group(_fresh(folder), counter)
    try:
        with subprocess.Popen(["/bin/sh", "-c", "read held"], stdin=subprocess.PIPE) as process:
            group.add([process.pid])
        group.cpu_seconds()
    except MeasurementError as error:
        raise OSError(error.message) from None
    finally:
        group.remove()


def _fresh(folder: Path) -> Path:
    return folder / f"{_PREFIX}{marks.RUN}-{secrets.token_hex(4)}"


def _sweep(folder: Path) -> None:
    """Remove what a killed harness left: the kernel removes no group that a process is in."""
    for group in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # its own harness was faster
            if time.time() - group.stat().st_mtime > _ABANDONED_SECONDS:
                _removed(group)


def _own_folder(root: Path, counter: str) -> Path:
    """Return the folder of the group that the harness is in. Raises ``OSError`` without one."""
    for type_, options, mounted_root, mount_point in _mounts(root):
        if counter == _V2 and type_ == "cgroup2":
            own = _own_path(root, "")
        elif counter == _V1 and type_ == "cgroup" and "cpuacct" in options:
            own = _own_path(root, "cpuacct")
        else:
            continue
        if own is not None and own.is_relative_to(mounted_root):
            return root / mount_point.relative_to("/") / own.relative_to(mounted_root)
    raise OSError("not mounted here")


def _own_path(root: Path, controller: str) -> Path | None:
    """Read the harness's own group from lines like ``4:cpu,cpuacct:/path`` and ``0::/path``."""
    for line in (root / "proc/self/cgroup").read_text().splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return Path(path)
    return None


def _mounts(root: Path) -> Iterator[tuple[str, list[str], Path, Path]]:
    """Yield type, options, root and mount point of every mounted file system: see proc(5)."""
    for line in (root / "proc/self/mountinfo").read_text().splitlines():
        mount, _, file_system = line.partition(" - ")
        fields, ends = mount.split(" "), file_system.split(" ")
        if len(fields) > 4 and len(ends) > 2:  # noqa: PLR2004 - as far as is read
            yield ends[0], ends[2].split(","), Path(fields[3]), Path(fields[4])
