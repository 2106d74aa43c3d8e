"""Where records and working copies go: how much room there is, on what, and how fast."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import psutil

from harness.records.base import Frozen

WRITTEN_BYTES = 1 << 20


class Disk(Frozen):
    """One folder that an evaluation writes to."""

    folder: str
    free_bytes: int
    file_system: str
    """As the kernel calls it; ``unknown`` where it does not say."""
    write_seconds: float | None
    """For one mebibyte, until the disk has it; ``None`` where it was not tried or not allowed."""


def look_at(folder: Path, *, write: bool = False) -> Disk:
    """Look at ``folder``, or the nearest above it that exists; ``write`` a file and remove it."""
    while not folder.exists():
        folder = folder.parent
    return Disk(
        folder=str(folder),
        free_bytes=shutil.disk_usage(folder).free,
        file_system=_file_system(folder.resolve()),
        write_seconds=_write_seconds(folder) if write else None,
    )


def _file_system(folder: Path) -> str:
    """Return the type of the mount that ``folder`` lies on: the one with the longest path."""
    mounts = {Path(mount.mountpoint): mount.fstype for mount in psutil.disk_partitions(all=True)}
    return next((mounts[path] for path in (folder, *folder.parents) if path in mounts), "unknown")


def _write_seconds(folder: Path) -> float | None:
    content = os.urandom(WRITTEN_BYTES)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            began = time.monotonic()
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            return time.monotonic() - began
    except OSError:
        return None
