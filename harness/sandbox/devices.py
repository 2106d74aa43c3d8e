"""The device files of accelerators: in a sandbox only where their energy is metered."""

from __future__ import annotations

import stat
from pathlib import Path

DEVICES = Path("/dev")
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


def _is_device(path: Path) -> bool:
    try:
        return stat.S_ISCHR(path.lstat().st_mode)
    except OSError:
        return False
