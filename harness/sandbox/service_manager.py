"""Groups that the user's service manager makes: ``systemd-run --user --scope`` around a launch.

A user who logged in over SSH or at a console sits in a group of the machine's manager and may move
nothing out of it. The user's own manager may: it is asked for a scope, a group around a command,
with the limits set, and removes the scope when the last process in it has ended.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from pathlib import Path

from harness.records.rules import Limits
from harness.sandbox import hierarchies
from harness.sandbox.walls import most_tasks

_TRY_SECONDS = 10
_TRIED_BYTES, _TRIED_TASKS = 256 << 20, 64


def command(limits: Limits) -> list[str]:
    """Return what a command begins with to be run in a scope, in place of ``systemd-run``."""
    return _command(limits.memory_bytes, most_tasks(limits))


def environment() -> dict[str, str]:
    """Return where ``systemd-run`` finds the manager."""
    return {"XDG_RUNTIME_DIR": f"/run/user/{os.geteuid()}"}


def scope_of(pid: int, parent: Path) -> Path:
    """Return the folder of the scope that a launch is in, as soon as it is there.

    Raises ``OSError`` when it does not come.
    """
    end = time.monotonic() + _TRY_SECONDS
    while time.monotonic() < end:
        folder = hierarchies.group_of(pid)
        if folder.parent == parent and folder.suffix == ".scope":
            return folder
        time.sleep(0.001)
    raise OSError(errno.ETIMEDOUT, "the service manager makes no scope any more")


def try_scope() -> Path:
    """Run something in a scope; return the folder that scopes are made in.

    Raises ``OSError`` where there is no manager, or where it does not limit what it is asked to.
    """
    if os.geteuid() == 0:
        raise OSError("root makes its groups itself")
    if shutil.which("systemd-run") is None:
        raise OSError("not installed")
    if not Path(f"/run/user/{os.geteuid()}/bus").exists():
        raise OSError("no service manager of the user runs (loginctl enable-linger starts one)")
    try:
        with subprocess.Popen(
            [*_command(_TRIED_BYTES, _TRIED_TASKS), "/bin/sh", "-c", "echo up; read held"],
            env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            folder = _looked_at(process)
    except ValueError as error:
        raise OSError(str(error)) from None
    return folder.parent


def _looked_at(process: subprocess.Popen[bytes]) -> Path:
    """Read back the limits of the scope that a process is in, and let the process end."""
    try:
        if process.stdout is None or process.stderr is None or process.stdout.readline() == b"":
            said = process.stderr.read().decode(errors="replace") if process.stderr else ""
            raise OSError(" ".join(said.split()) or "it said nothing")
        folder = hierarchies.group_of(process.pid)
        wanted = {"memory.max": _TRIED_BYTES, "pids.max": _TRIED_TASKS}
        for name, value in wanted.items():
            if not (folder / name).exists() or (folder / name).read_text().strip() != str(value):
                raise OSError(f"{name} of its scope is not what was asked for")
        return folder
    finally:
        process.communicate(b"\n", timeout=_TRY_SECONDS)


def _command(memory_bytes: int, tasks: int) -> list[str]:
    program = shutil.which("systemd-run")
    if program is None:
        raise FileNotFoundError(errno.ENOENT, "systemd-run is gone")
    return [
        program, "--user", "--scope", "--quiet", "--collect",
        f"--property=MemoryMax={memory_bytes}", "--property=MemorySwapMax=0",
        f"--property=TasksMax={tasks}", "--",
    ]  # fmt: skip
