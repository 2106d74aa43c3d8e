"""Where control groups can be made: mounted hierarchies, and the harness's own group in each."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

UNIFIED = ""
"""Version 2 has one hierarchy, which goes by no controller's name."""
LIMITING = frozenset({"memory", "pids"})
"""The controllers that an entry's group is limited by."""


def own_folder(root: Path, controller: str) -> Path:
    """Return the folder of the harness's own group in the hierarchy of ``controller``.

    ``root`` stands in for the file system's. Raises ``OSError`` where there is none.
    """
    mount_point, own = _found(root, controller)
    return mount_point / own


def unified_folders(root: Path) -> Iterator[Path]:
    """Yield where groups of version 2 may be made, those that can be limited first.

    A group can be limited where its parent hands the controllers down, and that is allowed only
    to a parent that holds no process itself, the root of all excepted. The harness's own group
    holds the harness: so its ancestors are looked at too. Where none hands them down, or may be
    written, the harness's own group is left, in which CPU time is counted.
    """
    mount_point, own = _found(root, UNIFIED)
    folder = mount_point / own
    with contextlib.suppress(OSError):  # not ours to set, or it holds processes
        wanted = LIMITING & _words(folder / "cgroup.controllers")
        if wanted - _words(folder / "cgroup.subtree_control"):
            added = " ".join(f"+{name}" for name in sorted(wanted))
            (folder / "cgroup.subtree_control").write_text(added)
    ancestors = [folder, *folder.parents][: len(own.parts) + 1]
    yield from (each for each in ancestors if handed_down(each) >= LIMITING)
    yield folder


def handed_down(folder: Path) -> frozenset[str]:
    """Return the controllers that the groups below a group of version 2 have."""
    try:
        return _words(folder / "cgroup.subtree_control")
    except OSError:
        return frozenset()


def group_of(pid: int, root: Path = Path("/")) -> Path:
    """Return the folder of a process's group of version 2. Raises ``OSError`` without one."""
    mount_point, own = _found(root, UNIFIED, process=str(pid))
    return mount_point / own


def _words(file: Path) -> frozenset[str]:
    return frozenset(file.read_text().split())


def _found(root: Path, controller: str, process: str = "self") -> tuple[Path, Path]:
    """Return the mount point of a hierarchy, and the process's group relative to it."""
    for type_, options, mounted_root, mount_point in _mounts(root):
        if controller == UNIFIED and type_ != "cgroup2":
            continue
        if controller != UNIFIED and not (type_ == "cgroup" and controller in options):
            continue
        own = _own_path(root, controller, process)
        if own is not None and own.is_relative_to(mounted_root):
            return root / mount_point.relative_to("/"), own.relative_to(mounted_root)
    raise OSError("not mounted here")


def _own_path(root: Path, controller: str, process: str) -> Path | None:
    """Read a process's group from lines like ``4:cpu,cpuacct:/path`` and ``0::/path``."""
    for line in (root / "proc" / process / "cgroup").read_text().splitlines():
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
