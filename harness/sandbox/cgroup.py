"""Control groups: they count the entry's CPU time and hold its memory and its processes.

**Counting.** A process tree is counted to the tick of 10 ms, and loses what no ancestor waited for:
children that are killed together with the first process of their namespace and, without the
system-call filter, those of a process that ignores SIGCHLD. A control group counts every process
that was ever in it. Version 2 counts in every group (``cpu.stat``), whichever controllers are
enabled; version 1 where ``cpuacct`` is mounted (``cpuacct.usage``). Both are brought up to date at
every tick of the scheduler (1 to 10 ms) and whenever a process stops running: an entry that waits
is counted to the microsecond.

**Limiting.** Where the controllers ``memory`` and ``pids`` can be had, of version 2 or 1, the
kernel holds the limits at the moment they are reached, and keeps count of it; watching the tree a
few times a second, which is done everywhere, sees them passed only afterwards.

The entry's first processes are put into a fresh group while they are still held back, and all that
descends from them is born in it. Where only the user's service manager may make groups, it makes
one around each launch (``systemd-run --user --scope``).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.errors import MeasurementError, OrganiserError
from harness.records.rules import Limits
from harness.sandbox import hierarchies, marks, service_manager
from harness.sandbox.service_manager import Around
from harness.sandbox.tree import process_cpu_seconds
from harness.sandbox.walls import Hit, Wall, memory_wall, most_tasks, processes_wall

_PREFIX = marks.PREFIX
_REMOVE_SECONDS = 1.0
_ABANDONED_SECONDS = 60.0
"""A group is empty for a moment only, before the entry starts and after it has ended."""
_TRIED = 1 << 20
"""Bytes; or processes and threads."""
_V2, _V1 = "cpu.stat", "cpuacct.usage"
_IN_WORDS = {_V2: "control group, version 2 (cpu.stat)", _V1: "control group, version 1 (cpuacct)"}


@dataclass(frozen=True)
class Accounts:
    """How CPU time is counted on this machine, in groups below ``folder`` or by process tree, and
    what such a group can be limited in.
    """  # noqa: D205 - one sentence

    folder: Path | None
    counter: str
    """The file of a group that is read; empty without groups."""
    seen: str
    """In words, with the reason where it is not a control group."""
    walls: tuple[Wall, ...] = ()
    """What the kernel limits; nothing where the controllers cannot be had."""
    scope: bool = False
    """Whether the user's service manager makes the group, around each launch."""
    gap: str = ""
    """Why the kernel does not limit memory or processes, in words; empty where it does both."""

    @property
    def enforcing(self) -> bool:
        """Whether the kernel holds memory as well as processes."""
        return {wall.resource for wall in self.walls} == {"memory", "processes"}

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where groups are made, one folder a hierarchy."""
        found = [] if self.folder is None else [self.folder]
        return tuple(dict.fromkeys([*found, *(wall.parent for wall in self.walls)]))

    def around(self, limits: Limits) -> Around:
        """Return what a launch must be wrapped in, for its group to be made."""
        return Around(limits if self.scope else None)

    def open(
        self, pids: Iterable[int], limits: Limits, around: Around | None = None
    ) -> Group | None:
        """Put processes that are still held back into a fresh group; ended ones are passed over.

        The service manager's is taken over with what their launch was wrapped in, ``around``.
        ``None`` where CPU time is counted by process tree. Raises ``OrganiserError`` where groups
        could be made before and cannot any more: two ways of counting must not mix within one
        evaluation.
        """
        if self.folder is None:
            return None
        folder = _fresh(self.folder)
        pids = list(pids)
        walls = {wall: wall.most(limits) for wall in self.walls}
        try:
            if around is not None and self.scope:
                folder = service_manager.scope_of(pids[-1], self.folder)
                return Group(folder, self.counter, walls, adopted=around)
            group = Group(folder, self.counter, walls)
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


PROCESS_TREE = Accounts(None, "", "process tree", gap="groups are not asked for")
"""What needs no permission."""


class Group:
    """A control group, made here and removed by ``remove``: one folder in each hierarchy."""

    def __init__(
        self,
        folder: Path,
        counter: str,
        walls: Mapping[Wall, int] | None = None,
        *,
        adopted: Around | None = None,
    ) -> None:
        """Make ``folder``, open its counter and put up ``walls``, each with its limit.

        A wall in another hierarchy gets a folder of the same name there. An adopted group exists
        already, with its walls: its maker removes it. Raises ``OSError``.
        """
        self._adopted = adopted
        self._folder = folder
        self._before = 0.0
        self._last = 0.0
        self._counter = -1
        self._made: list[Path] = []
        self._walls: dict[Wall, tuple[Path, int]] = {}
        try:
            if not adopted:
                self._make(folder)
            self._counter = os.open(folder / counter, os.O_RDONLY | os.O_CLOEXEC)
            for wall, limit in (walls or {}).items():
                beside = folder if adopted else wall.parent / folder.name
                if not adopted:
                    self._make(beside)
                    wall.put_up(beside, limit)
                self._walls[wall] = (beside, limit)
        except OSError:
            self.remove()
            raise

    def add(self, pids: Iterable[int]) -> None:
        """Put processes that are still held back into the group, one that has ended excepted.

        What they used until now, on building the sandbox, is added to what the group counts: not
        of those that were born in it. Raises ``OSError``.
        """
        counted = self._read()
        used = 0.0
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                if self._moved(pid):
                    used += process_cpu_seconds(pid)
        self._before += max(0.0, used - (self._read() - counted))

    def _moved(self, pid: int) -> bool:
        """Move a process into each hierarchy's folder; say whether it came to the one that counts.

        A process that is there already is left alone: each move waits for the kernel's other work.
        """
        moved = False
        for folder in self._made:
            procs = folder / "cgroup.procs"
            if str(pid) not in procs.read_text().split():
                procs.write_text(str(pid))
                moved |= folder == self._folder
        return moved

    def cpu_seconds(self) -> float:
        """Return the CPU time of all that was ever in the group; never falls."""
        self._last = max(self._last, self._before + self._read())
        return self._last

    def _read(self) -> float:
        try:
            words = os.pread(self._counter, 4096, 0).split()
            return int(words[0]) / 1e9 if len(words) == 1 else _microseconds(words) / 1e6
        except (OSError, ValueError, IndexError) as error:
            raise MeasurementError(
                f"{self._folder}: the entry's CPU time cannot be read: {error}",
                remedy="find out what removed the control group while the harness ran",
            ) from None

    def holds(self, resource: str) -> bool:
        """Say whether the kernel limits ``memory`` or ``processes`` of it."""
        return any(wall.resource == resource for wall in self._walls)

    def hit(self) -> Hit | None:
        """Return the limit that the kernel has held against the entry, if there is one."""
        for wall, (folder, limit) in self._walls.items():
            if (found := wall.hit(folder, limit)) is not None:
                return found
        return None

    def remove(self) -> None:
        """Remove the group, whose processes are gone or about to be; harmless when it is gone.

        One that cannot be removed is left to the next harness: see ``find_accounts``.
        """
        if self._counter >= 0:
            os.close(self._counter)
            self._counter = -1
        self._walls.clear()
        if self._adopted is not None:
            self._adopted.end(self._folder)
        end = time.monotonic() + _REMOVE_SECONDS
        for folder in self._made:
            while not _removed(folder) and time.monotonic() < end:
                time.sleep(0.001)

    def _make(self, folder: Path) -> None:
        if folder not in self._made:
            folder.mkdir()
            self._made.append(folder)


@cache
def find_accounts(root: Path = Path("/")) -> Accounts:
    """Try where a group can be made, counted in, limited and removed: version 2 before version 1.

    ``root`` stands in for the file system's in tests. Empty groups of a harness that was killed
    are removed on the way.
    """
    reasons: list[str] = []
    found: Accounts | None = None
    for folder, counter in _places(root, reasons):
        try:
            _sweep(folder)
            _try(folder, counter)
        except OSError as error:
            reasons.append(f"{counter}: {error.strerror or error} in {folder}")
        else:
            found = Accounts(folder, counter, _IN_WORDS[counter])
            break
    walls, gaps = _walls(root, found)
    if found is not None and walls:
        found = Accounts(found.folder, found.counter, found.seen, walls, gap="; ".join(gaps))
    if found is not None and found.enforcing:
        return found
    scope = _scope(root, gaps)
    if scope is not None:
        return scope
    gap = "; ".join(gaps)
    if found is None:
        seen = f"{PROCESS_TREE.seen} (no control group: {'; '.join(reasons)})"
        return Accounts(None, "", seen, gap=gap)
    return Accounts(found.folder, found.counter, found.seen, walls, gap=gap)


def _places(root: Path, reasons: list[str]) -> Iterable[tuple[Path, str]]:
    """Yield the folders in which CPU time may be counted; keep why there is none of a version."""
    try:
        yield from ((folder, _V2) for folder in hierarchies.unified_folders(root))
    except OSError as error:
        reasons.append(f"{_V2}: {error.strerror or error}")
    try:
        yield hierarchies.own_folder(root, "cpuacct"), _V1
    except OSError as error:
        reasons.append(f"{_V1}: {error.strerror or error}")


def _walls(root: Path, found: Accounts | None) -> tuple[tuple[Wall, ...], list[str]]:
    """Return what can be limited beside what counts, and why something cannot.

    Version 2 only in the group that counts: a process is in one group of it.
    """
    if found is None:
        return (), ["no control group can be made"]
    unified = found.folder if found.counter == _V2 else None
    handed_down = hierarchies.handed_down(unified) if unified else frozenset()
    walls, gaps = [], []
    for make, controller in ((memory_wall, "memory"), (processes_wall, "pids")):
        try:
            if unified is not None and controller in handed_down:
                wall = make(unified, 2)
            else:
                wall = make(hierarchies.own_folder(root, controller), 1)
            _sweep(wall.parent)
            _try_wall(wall)
        except OSError as error:
            gaps.append(f"{controller}: {error.strerror or error}")
        else:
            walls.append(wall)
    return tuple(walls), gaps


def _scope(root: Path, gaps: list[str]) -> Accounts | None:
    """Return groups that the user's service manager makes, where it does; keep why it does not."""
    if root != Path("/"):
        return None  # it knows nothing of a stand-in
    try:
        parent = service_manager.try_scope()
    except OSError as error:
        gaps.append(f"systemd-run --user: {error.strerror or error}")
        return None
    return Accounts(
        parent, _V2, f"{_IN_WORDS[_V2]}, made by the user's service manager",
        (memory_wall(parent, 2), processes_wall(parent, 2)), scope=True,
    )  # fmt: skip


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


def _try_wall(wall: Wall) -> None:
    """Put up a wall in a group without processes. Raises ``OSError`` where that fails."""
    folder = _fresh(wall.parent)
    folder.mkdir()
    try:
        wall.put_up(folder, _TRIED)
    finally:
        _removed(folder)


def _fresh(folder: Path) -> Path:
    return folder / f"{_PREFIX}{marks.RUN}-{secrets.token_hex(4)}"


def _sweep(folder: Path) -> None:
    """Remove what a killed harness left: the kernel removes no group that a process is in.

    How old one is the kernel's own times say: by a clock that was set, or is wrong, one would be
    taken from another harness that has just made it. Raises ``OSError``.
    """
    probe = _fresh(folder)
    probe.mkdir()
    now = probe.stat().st_mtime
    _removed(probe)
    for group in folder.glob(f"{_PREFIX}*"):
        with contextlib.suppress(FileNotFoundError):  # its own harness was faster
            if now - group.stat().st_mtime > _ABANDONED_SECONDS:
                _removed(group)


__all__ = ["PROCESS_TREE", "Accounts", "Group", "Hit", "find_accounts", "most_tasks"]
