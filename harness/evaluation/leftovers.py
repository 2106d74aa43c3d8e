"""Clear away what a harness left that was killed.

Nothing is ended or removed for what it is called. A journal says of which run it is; only one that
belongs to the user who runs this is acted on, and only while the machine's lock is held and the run
is known to be over. Its processes are those with its mark in the environment or in a control
group that is named after it; the mark is random, and was known to that run alone. Each is held
by a pidfd while that is looked at, so that a number which is given again hits nobody else.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import select
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from harness.evaluation.journal import Doing, Entry, Run, read_journals, torn_journals
from harness.sandbox import marks

PROC = Path("/proc")

_ROUNDS = 20
"""A tree that forks while it is being ended is ended again, at most so often."""
_END_SECONDS = 2.0
_REMOVE_SECONDS = 1.0
_MNT_DETACH = 2
_UNFINISHED = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{8}\.tmp")
_TRIED = re.compile(r"\.{1,2}writable\.[0-9a-f]{8}(\.[0-9a-f]{8}\.tmp)?")
"""What was written to see whether the results folder can be written to."""
_MARK = re.compile(r"[0-9a-f]{32}")


@dataclass
class Leftovers:
    """A run that was interrupted, and what became of its remains."""

    run: Run
    doing: Doing
    ended: list[int] = field(default_factory=list)
    """Processes."""
    removed: list[str] = field(default_factory=list)
    """Folders, files, mounts and control groups."""
    left: list[str] = field(default_factory=list)
    """What could not be cleared away, and why."""
    record: str | None = None
    """The path of the record that it had just written, which is whole."""

    def told(self) -> str:
        """Say it in words."""
        parts = [
            f"an earlier evaluation was interrupted at {self.doing.told()}",
            f"it was process {self.run.pid} of {self.run.user}, begun {self.run.began_utc}",
        ]
        if self.record:
            parts.append(f"its record is whole: {self.record}")
        if self.ended:
            parts.append(f"ended: {_counted(len(self.ended), 'process', 'processes')}")
        if self.removed:
            parts.append(f"removed: {', '.join(self.removed)}")
        if self.left:
            parts.append(f"left, and to be removed by hand: {', '.join(self.left)}")
        if not (self.ended or self.removed or self.left):
            parts.append("nothing of it was left")
        return "; ".join(parts)

    def facts(self) -> dict[str, object]:
        """Give the same as plain values."""
        return {
            "pid": self.run.pid,
            "user": self.run.user,
            "began_utc": self.run.began_utc,
            "entry": self.doing.entry or None,
            "session": self.doing.session or None,
            "phase": self.doing.phase,
            "record": self.record,
            "ended": list(self.ended),
            "removed": list(self.removed),
            "left": list(self.left),
        }


def clear_leftovers(folder: Path) -> tuple[Leftovers, ...]:
    """Clear away what this user's interrupted runs left, by their journals in ``folder``.

    Called with the machine's lock held. What cannot be cleared away keeps its journal, and is
    tried again by the next run.
    """
    for path in torn_journals(folder):
        path.unlink(missing_ok=True)  # killed while it wrote its journal: it had made nothing yet
    found = read_journals(folder)
    swept = [
        _clear(entry)
        for entry in found
        if entry.uid == os.geteuid() and _MARK.fullmatch(entry.run.mark) and not entry.is_running()
    ]
    return tuple(each for each in swept if each is not None)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all that is in it, also folders that their owner may not look into.

    Raises ``OSError``. Links are removed and never followed.
    """
    if mounts := _mounts_below(folder):  # what is mounted may be anybody's
        raise OSError(errno.EBUSY, f"{mounts[0]} is mounted in it")
    for here, names, _ in os.walk(folder):
        for name in names:
            path = Path(here, name)
            with suppress(OSError):
                if not path.is_symlink():
                    path.chmod(0o700)
    shutil.rmtree(folder)


def _clear(entry: Entry) -> Leftovers | None:
    """Clear away what is left of a run; ``None`` where nothing of it can be seen from here.

    Such a one ran in another container, which may be alive, and whose next run will see.
    """
    swept = Leftovers(entry.run, entry.doing)
    mark = entry.run.mark
    if entry.can_be_seen():
        _end_all(swept, partial(_marked, mark))
        for group in _groups(mark):
            _end_all(swept, partial(_members, group))
            _try(swept, f"control group {group}", partial(_remove_group, group))
    _clear_folder(swept, Path(entry.run.temporary))
    _clear_results(swept, Path(entry.run.results), entry.doing.writing)
    if not (swept.removed or swept.left or swept.record) and entry.is_elsewhere():
        return None
    if not swept.left:
        entry.path.unlink(missing_ok=True)
    return swept


def _try(swept: Leftovers, what: str, remove: Callable[[], None]) -> None:
    try:
        remove()
    except FileNotFoundError:
        return
    except OSError as error:
        swept.left.append(f"{what} ({error.strerror})")
    else:
        swept.removed.append(what)


# Processes.


def _end_all(swept: Leftovers, find: Callable[[], Iterator[tuple[int, int]]]) -> None:
    """End what ``find`` yields, pids with open pidfds, until it yields nothing any more."""
    for _ in range(_ROUNDS):
        found = list(find())
        if not found:
            return
        for pid, pidfd in found:
            with suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
                if pid not in swept.ended:
                    swept.ended.append(pid)
        until = time.monotonic() + _END_SECONDS
        for _, pidfd in found:
            _await(pidfd, until)
            os.close(pidfd)
    for pid, pidfd in find():
        os.close(pidfd)
        swept.left.append(f"process {pid} (cannot be ended)")


def _await(pidfd: int, until: float) -> None:
    ends = select.poll()
    ends.register(pidfd, select.POLLIN)
    ends.poll(max(0.0, until - time.monotonic()) * 1000)


def _marked(mark: str) -> Iterator[tuple[int, int]]:
    wanted = f"{marks.VARIABLE}={mark}".encode()

    def holds(pid: int) -> bool:
        return wanted in (PROC / str(pid) / "environ").read_bytes().split(b"\0")

    yield from _held((int(p.name) for p in PROC.iterdir() if p.name.isdigit()), holds)


def _members(group: Path) -> Iterator[tuple[int, int]]:
    def listed() -> list[int]:
        return [int(pid) for pid in (group / "cgroup.procs").read_text().split()]

    with suppress(OSError):
        yield from _held(listed(), lambda pid: pid in listed())


def _held(
    pids: Iterator[int] | list[int], is_ours: Callable[[int], bool]
) -> Iterator[tuple[int, int]]:
    """Yield those that are ours, looked at again while a pidfd holds on to them."""
    for pid in pids:
        if pid in (0, os.getpid()):  # 0: of another pid namespace
            continue
        with suppress(OSError):
            if not is_ours(pid):
                continue
            pidfd = os.pidfd_open(pid)
            try:
                ours = is_ours(pid)
            except OSError:
                ours = False
            if ours:
                yield pid, pidfd
            else:
                os.close(pidfd)


# Control groups.


def _groups(mark: str) -> list[Path]:
    """Return every control group that is named after a run, the innermost first."""
    found: set[Path] = set()
    for line in (PROC / "self/mountinfo").read_text(errors="replace").splitlines():
        mount, _, file_system = line.partition(" - ")
        if file_system.startswith(("cgroup ", "cgroup2 ")):
            for here, names, _ in os.walk(_unescaped(mount.split(" ")[4])):
                within = f"{marks.PREFIX}{mark}-" in here
                found.update(
                    Path(here, name)
                    for name in names
                    if within or name.startswith(f"{marks.PREFIX}{mark}-")
                )
    return sorted(found, key=lambda group: -len(group.parts))


def _remove_group(group: Path) -> None:
    until = time.monotonic() + _REMOVE_SECONDS
    while True:
        try:
            group.rmdir()
        except OSError as error:
            if isinstance(error, FileNotFoundError) or time.monotonic() >= until:
                raise
            time.sleep(0.01)  # what was ended is not quite gone
        else:
            return


# Files.


def _clear_folder(swept: Leftovers, folder: Path) -> None:
    """Remove the run's folder for temporary files, once nothing is mounted in it."""
    if folder.name != f"{marks.PREFIX}{swept.run.mark}" or folder.is_symlink():
        return
    for mount in _mounts_below(folder):
        _try(swept, f"mount {mount}", partial(_unmount, mount))
    _try(swept, str(folder), partial(remove_tree, folder))


def _mounts_below(folder: Path) -> list[Path]:
    """Return the mount points in a folder, the last mounted first."""
    lines = (PROC / "self/mountinfo").read_text(errors="replace").splitlines()
    points = [Path(_unescaped(line.split(" ")[4])) for line in lines]
    resolved = folder.resolve()
    return [point for point in reversed(points) if point.is_relative_to(resolved)]


def _unescaped(path: str) -> str:
    """Undo the octal escapes of mountinfo: see proc(5)."""
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)


def _unmount(mount: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.umount2(os.fsencode(mount), _MNT_DETACH):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def _clear_results(swept: Leftovers, results: Path, writing: tuple[str, ...]) -> None:
    """Remove half a record: what was not whole when the run was killed, and nothing else."""
    names = {Path(path).name for path in writing}
    unfinished = [p for p in _files_of_mine(results) if _TRIED.fullmatch(p.name)]
    for folder in {(results / path).parent for path in writing}:
        for path in _files_of_mine(folder):
            found = _UNFINISHED.fullmatch(path.name)
            if found and found["name"] in names:
                unfinished.append(path)
    if writing and (results / writing[-1]).is_file():
        swept.record = str(results / writing[-1])
    else:
        unfinished += [results / path for path in writing]
    for path in unfinished:
        _try(swept, str(path), path.unlink)


def _files_of_mine(folder: Path) -> list[Path]:
    try:
        found = list(os.scandir(folder))
    except OSError:
        return []
    return [
        Path(file.path)
        for file in found
        if file.is_file(follow_symlinks=False)
        and file.stat(follow_symlinks=False).st_uid == os.geteuid()
    ]


def _counted(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"
