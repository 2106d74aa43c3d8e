"""The device files of accelerators, and the libraries of their driver.

In a sandbox only where their energy is metered.
"""

from __future__ import annotations

import os
import re
import stat
from functools import cache
from pathlib import Path

DEVICES = Path("/dev")
LIBRARY = "libcuda.so.1"
"""The driver's own, which every program for NVIDIA's boards loads by this name."""
_LOADER_CACHE = Path("/etc/ld.so.cache")
_CACHED = re.compile(rb"/[^\0]*/" + re.escape(LIBRARY).encode() + rb"(?=\0)")
_NVIDIA = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools", "nvidia[0-9]*")
"""The driver, its unified memory, and one file a board."""


def accelerator_devices(folder: Path | None = None) -> tuple[Path, ...]:
    """Return what a program needs to compute on this machine's boards; nothing without a board.

    ``folder`` stands in for ``/dev`` in tests. Boards that are cut into instances (MIG) need files
    besides, which are not looked for.
    """
    here = DEVICES if folder is None else folder
    found = sorted({path for name in _NVIDIA for path in here.glob(name) if _is_device(path)})
    return tuple(found) if any(path.name[-1].isdigit() for path in found) else ()


def drivers_of(devices: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the folders of libraries that an entry needs with its devices; none without."""
    return driver_folders() if devices else ()


def settings_of(devices: tuple[Path, ...], proc: Path = Path("/proc")) -> tuple[Path, ...]:
    """Return what to keep read-only in a ``/proc`` that is writable for a program with devices.

    On a real board, ``cuInit`` failed with error 304 where ``/proc`` was read-only; threads are
    named there (``/proc/self/task/*/comm``). What is kept is the kernel's and no process's:
    folders, and files that somebody may write.
    """
    if not devices:
        return ()
    entries = sorted(each for each in proc.iterdir() if not each.name.isdecimal())
    return tuple(each for each in entries if _is_setting(each))


def _is_setting(path: Path) -> bool:
    try:
        mode = path.lstat().st_mode
    except OSError:  # gone, or nobody may look at it
        return False
    return stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and bool(mode & 0o222))


@cache
def driver_folders(loader_cache: Path = _LOADER_CACHE) -> tuple[Path, ...]:
    """Return the folders in which the loader finds the driver's library, links followed too.

    A distribution's package puts it among the system's libraries, which a sandbox shows anyhow;
    the makers of container and machine images often into a folder of its own, such as
    ``/usr/local/nvidia/lib64``. ``LD_LIBRARY_PATH`` is not looked at: no entry is given it.
    """
    try:
        cached = _CACHED.findall(loader_cache.read_bytes())
    except OSError:  # not every libc has a cache
        return ()
    libraries = [Path(os.fsdecode(each)) for each in cached]
    named = {path.parent for path in libraries if path.is_file()}
    return tuple(sorted(named | {path.resolve().parent for path in libraries if path.is_file()}))


def _is_device(path: Path) -> bool:
    try:
        return stat.S_ISCHR(path.lstat().st_mode)
    except OSError:
        return False
