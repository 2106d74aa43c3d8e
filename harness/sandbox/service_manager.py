"""Groups that the user's service manager makes: ``systemd-run --user --scope`` around a launch.

A user who logged in over SSH or at a console sits in a group of the machine's manager and may move
nothing out of it. The user's own manager may: it is asked for a scope, a group around a command,
with the limits set, and removes the scope when the last process in it has ended.
"""

from __future__ import annotations

import contextlib
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
_KEEP_FD = 8
_KEEP = (
    f"( ( read -r held <&{_KEEP_FD} ) 0<&- 1>&- 2>&- 3<&- 4>&- 5<&- 6<&- 7<&- & ); "
    f'exec "$@" {_KEEP_FD}<&-'
)
"""Of a shell: it leaves the keeper behind, which holds none of the entry's channels."""
_TRIED_BYTES, _TRIED_TASKS = 256 << 20, 64


class Around:
    """What a launch is wrapped in, for its scope to be made; and what keeps the scope.

    The manager removes a scope with its last process, and with it what was counted there. So a
    process of ours waits beside the entry's, as no child of theirs, until the harness closes a
    pipe or has ended itself.
    """

    def __init__(self, limits: Limits | None) -> None:
        """Wrap nothing where no limits are given: the group is made in another way."""
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        self.descriptors: dict[int, int] = {}
        """By the numbers that the launch is to have them under."""
        self._ends: list[int] = []
        if limits is not None:
            self.command = _command(limits.memory_bytes, most_tasks(limits))
            self.command += ["/bin/sh", "-c", _KEEP, "sh"]
            self.environment = _environment()
            self._ends = list(os.pipe())
            self.descriptors = {_KEEP_FD: self._ends[0]}

    def started(self) -> None:
        """Let go of what only the launch needs."""
        if len(self._ends) > 1:
            os.close(self._ends.pop(0))

    def end(self, scope: Path | None) -> None:
        """Let the process end that keeps the scope, and wait for it."""
        kept = _processes(scope) if scope else []
        while self._ends:
            os.close(self._ends.pop())
        for pid in kept:
            with contextlib.suppress(ChildProcessError):  # the entry's, which is waited for
                os.waitpid(pid, 0)


def _processes(scope: Path) -> list[int]:
    try:
        return [int(pid) for pid in (scope / "cgroup.procs").read_text().split()]
    except OSError:
        return []


def _environment() -> dict[str, str]:
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
            env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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
        try:
            process.communicate(b"\n", timeout=_TRY_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            raise OSError(f"what ran in its scope did not end within {_TRY_SECONDS} s") from None


def _command(memory_bytes: int, tasks: int) -> list[str]:
    program = shutil.which("systemd-run")
    if program is None:
        raise FileNotFoundError(errno.ENOENT, "systemd-run is gone")
    return [
        program, "--user", "--scope", "--quiet", "--collect",
        f"--property=MemoryMax={memory_bytes}", "--property=MemorySwapMax=0",
        f"--property=TasksMax={tasks}",
        "--property=Delegate=yes",  # else newer ones end what is left after a kill for memory
        "--",
    ]  # fmt: skip
