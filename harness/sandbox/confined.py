"""Grades C and D: no namespaces, but a launcher of ours that supervises the entry's tree.

C is Landlock and the system-call filter, for machines that forbid user namespaces; run by root, in
a mount namespace and as a user of its own too. D is a plain process under the same supervision: for
trying an entry at home, never ranked.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Literal, TypeAlias

from harness.errors import OrganiserError
from harness.records.evaluation import Isolation
from harness.sandbox import interpreter, seccomp
from harness.sandbox.cgroup import Accounts, Group, find_accounts
from harness.sandbox.devices import drivers_of
from harness.sandbox.probe import Way, probe
from harness.sandbox.process import TreeProcess
from harness.sandbox.protocol import Launch
from harness.sandbox.service_manager import Around
from harness.sandbox.spawn import Spawned, abandon, spawn
from harness.sandbox.stage import EntryUser, Stage, Stages
from harness.worker import confine
from harness.worker.stage import SCRATCH

Kind: TypeAlias = Literal["landlock", "none"]

_HOLD_FD, _STAGE_FD = 5, 6
NEEDED_ABI = 6
"""The first version of Landlock that closes signals and abstract sockets."""


class Confined:
    """A ``Sandbox``: see ``harness.sandbox.protocol``."""

    def __init__(
        self, kind: Kind, accounts: Accounts | None = None, user: EntryUser | None = None
    ) -> None:
        """Use Landlock and the filter, or nothing but supervision and limits.

        CPU time and limits are by ``accounts``, else in the best way there is. The entry runs as
        ``user`` where one is given, and root is the harness's.
        """
        self._kind = kind
        self._accounts = find_accounts() if accounts is None else accounts
        self._user = user
        self._stages = Stages(user) if user else None

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:
        """Try every protection from inside."""
        return _probed(self._kind, self._accounts, self._user, cores)

    def launch(self, launch: Launch) -> TreeProcess:
        """Start the worker, or the entry's command, below the supervisor."""
        directory = launch.directory.resolve()
        inside = self._command(launch, directory)
        supervisor = [sys.executable, "-I", "-S", "-B", confine.__file__]
        scratch = None if self._stages else Path(tempfile.mkdtemp(prefix="harness-scratch-"))
        their_hold, hold = os.pipe()
        around = self._accounts.around(launch.limits)
        given = {_HOLD_FD: their_hold} | around.descriptors
        try:
            stage = self._stage(launch, directory)
            plan = json.dumps(self._plan(launch, directory, scratch))
            spawned = spawn(
                [*around.command, *supervisor, plan, *inside],
                around.environment,
                extra=given | ({_STAGE_FD: stage.mount} if stage else {}),
                cores=launch.cores,
            )
            around.started()
            return self._owned(spawned, launch, scratch, around)
        except (OSError, OrganiserError) as error:
            _remove(scratch)
            around.end(None)
            if isinstance(error, OrganiserError):
                raise
            raise OrganiserError(
                f"{sys.executable} cannot be started: {error.strerror}",
                remedy="see what `python -m harness doctor` says of isolation",
            ) from None
        finally:
            os.close(their_hold)
            os.close(hold)  # and lets the supervisor go on

    def _owned(
        self, spawned: Spawned, launch: Launch, scratch: Path | None, around: Around
    ) -> TreeProcess:
        """Set up the account of the supervisor, which is held back; end it where that fails."""
        group: Group | None = None
        try:
            group = self._accounts.open([spawned.pid], launch.limits, around)
            return TreeProcess(
                spawned, launch, namespace_init=None, group=group, scratch=scratch,
                spaces={SCRATCH: "tmp_bytes"} if scratch is None else None,
            )  # fmt: skip
        except BaseException:  # an interrupt too must leave nothing running; it goes on its way
            abandon(spawned)
            if group is not None:
                group.remove()
            _remove(scratch)
            raise

    def _command(self, launch: Launch, directory: Path) -> list[str]:
        if launch.command is None:
            return interpreter.worker_command(
                str(interpreter.WORKER), str(directory), str(launch.entry), launch.environment
            )
        program, *arguments = launch.command
        if "/" in program:
            return [str(directory / program), *arguments]
        # On the entry's own PATH: the harness's may lead to what the entry cannot see.
        path = _variables(launch)["PATH"]
        return [shutil.which(program, path=path) or program, *arguments]

    def _stage(self, launch: Launch, directory: Path) -> Stage | None:
        if self._stages is None:
            return None
        return self._stages.showing(  # /dev first: the stage adds nothing to it afterwards
            (Path("/proc"), Path("/dev"), *_shown(launch, directory), *launch.devices)
        )

    def _plan(self, launch: Launch, directory: Path, scratch: Path | None) -> dict[str, object]:
        limits = launch.limits
        temporary = str(scratch or SCRATCH)
        plan: dict[str, object] = {
            "parent": os.getpid(),
            "hold": _HOLD_FD,
            "environment": _variables(launch) | {"HOME": temporary, "TMPDIR": temporary},
            "stage": None,
            "directory": str(directory),
            "limits": {
                "RLIMIT_CORE": 1,  # see `_limiting` in bwrap.py
                "RLIMIT_NOFILE": limits.open_files,
                "RLIMIT_FSIZE": limits.tmp_bytes,
            },
            "filter": None,
            "readable": None,
            "listable": [],
            "writable": None,
            "devices": [],
        }
        if (stage := self._stage(launch, directory)) is not None:
            plan["stage"] = stage.plan(_STAGE_FD, limits.tmp_bytes)
        if self._kind == "landlock":
            python, listed = interpreter.without_hidden(
                launch.environment, drivers_of(launch.devices)
            )
            shown = (*python, interpreter.WORKER, directory, Path("/proc"))
            plan["filter"] = _filter(pinned=launch.cores is not None).hex()
            plan["readable"] = [str(path) for path in shown]
            plan["listable"] = [str(path) for path in listed]
            plan["writable"] = [temporary]
            plan["devices"] = [str(path) for path in launch.devices]
        return plan


def _shown(launch: Launch, directory: Path) -> tuple[Path, ...]:
    system = interpreter.read_only_paths(launch.environment, drivers_of(launch.devices))
    return (*system, interpreter.WORKER, directory)


def _variables(launch: Launch) -> dict[str, str]:
    return interpreter.environment(
        launch.output, launch.labels, launch.max_boxes, launch.environment
    )


def _remove(scratch: Path | None) -> None:
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)


def _filter(*, pinned: bool) -> bytes:
    return seccomp.program(
        seccomp.required_architecture(), families=(), pinned=pinned, among_others=True
    )


@cache
def _probed(
    kind: Kind, accounts: Accounts, user: EntryUser | None, cores: tuple[int, ...] | None
) -> Isolation:
    way = Way(method="a plain process, supervised", tool="none")
    if kind == "landlock":
        abi = confine.landlock_abi()
        if abi < NEEDED_ABI:
            raise OrganiserError(
                f"Landlock of version {abi}; {NEEDED_ABI} is needed",
                remedy="use Linux 6.12 or later, with Landlock among its security modules",
            )
        way = Way(
            method=f"Landlock {abi} + seccomp", tool=f"Landlock {abi}", landlock_abi=abi,
            seccomp_filter=_filter(pinned=cores is not None),
        )  # fmt: skip
    return probe(Confined(kind, accounts, user), way=way, accounts=accounts, cores=cores)
