"""Grades C and D: no namespaces, but a launcher of ours that supervises the entry's tree.

C is Landlock and the system-call filter, for machines that forbid user namespaces. D is a plain
process under the same supervision: for trying an entry at home, never ranked.
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
from harness.sandbox.probe import probe
from harness.sandbox.process import TreeProcess
from harness.sandbox.protocol import Launch
from harness.sandbox.spawn import Spawned, abandon, spawn
from harness.worker import confine

Kind: TypeAlias = Literal["landlock", "none"]

_HOLD_FD = 5
NEEDED_ABI = 6
"""The first version of Landlock that closes signals and abstract sockets."""


class Confined:
    """A ``Sandbox``: see ``harness.sandbox.protocol``."""

    def __init__(self, kind: Kind, accounts: Accounts | None = None) -> None:
        """Use Landlock and the filter, or nothing but supervision and limits.

        CPU time is counted by ``accounts``, else in the best way there is.
        """
        self._kind = kind
        self._accounts = find_accounts() if accounts is None else accounts

    def probe(self, cores: tuple[int, ...] | None = None) -> Isolation:
        """Try every protection from inside."""
        return _probed(self._kind, self._accounts, cores)

    def launch(self, launch: Launch) -> TreeProcess:
        """Start the worker, or the entry's command, below the supervisor."""
        directory = launch.directory.resolve()
        inside = self._command(launch, directory)
        scratch = Path(tempfile.mkdtemp(prefix="harness-scratch-"))
        environment = interpreter.environment(launch.output, launch.labels, launch.max_boxes)
        environment |= {"HOME": str(scratch), "TMPDIR": str(scratch)}
        supervisor = [sys.executable, "-I", "-S", "-B", confine.__file__]
        plan = json.dumps(self._plan(launch, directory, scratch))
        their_hold, hold = os.pipe()
        try:
            spawned = spawn(
                [*supervisor, plan, *inside],
                environment,
                extra={_HOLD_FD: their_hold},
                cores=launch.cores,
            )
            return self._owned(spawned, launch, scratch)
        except (OSError, OrganiserError) as error:
            shutil.rmtree(scratch, ignore_errors=True)
            if isinstance(error, OrganiserError):
                raise
            raise OrganiserError(
                f"{sys.executable} cannot be started: {error.strerror}",
                remedy="see what `python -m harness doctor` says of isolation",
            ) from None
        finally:
            os.close(their_hold)
            os.close(hold)  # and lets the supervisor go on

    def _owned(self, spawned: Spawned, launch: Launch, scratch: Path) -> TreeProcess:
        """Set up the account of the supervisor, which is held back; end it where that fails."""
        group: Group | None = None
        try:
            group = self._accounts.open([spawned.pid])
            return TreeProcess(spawned, launch, namespace_init=None, group=group, scratch=scratch)
        except BaseException:  # an interrupt too must leave nothing running; it goes on its way
            abandon(spawned)
            if group is not None:
                group.remove()
            shutil.rmtree(scratch, ignore_errors=True)
            raise

    def _command(self, launch: Launch, directory: Path) -> list[str]:
        if launch.command is None:
            return interpreter.worker_command(
                str(interpreter.WORKER), str(directory), str(launch.entry)
            )
        program, *arguments = launch.command
        if "/" in program:
            return [str(directory / program), *arguments]
        # On the entry's own PATH: the harness's may lead to what the entry cannot see.
        path = interpreter.environment(launch.output, launch.labels, launch.max_boxes)["PATH"]
        return [shutil.which(program, path=path) or program, *arguments]

    def _plan(self, launch: Launch, directory: Path, scratch: Path) -> dict[str, object]:
        limits = launch.limits
        plan: dict[str, object] = {
            "parent": os.getpid(),
            "hold": _HOLD_FD,
            "directory": str(directory),
            "limits": {
                "RLIMIT_CORE": 0,
                "RLIMIT_NOFILE": limits.open_files,
                "RLIMIT_FSIZE": limits.tmp_bytes,
            },
            "filter": None,
            "readable": None,
            "writable": None,
            "devices": [],
        }
        if self._kind == "landlock":
            shown = [*interpreter.read_only_paths(), interpreter.WORKER, directory, Path("/proc")]
            filter_bytes = seccomp.program(
                seccomp.required_architecture(), families=(), pinned=launch.cores is not None
            )
            plan["filter"] = filter_bytes.hex()
            plan["readable"] = [str(path) for path in shown]
            plan["writable"] = [str(scratch)]
            plan["devices"] = [str(path) for path in launch.devices]
        return plan


@cache
def _probed(kind: Kind, accounts: Accounts, cores: tuple[int, ...] | None) -> Isolation:
    method = "a plain process, supervised"
    if kind == "landlock":
        abi = confine.landlock_abi()
        if abi < NEEDED_ABI:
            raise OrganiserError(
                f"Landlock of version {abi}; {NEEDED_ABI} is needed",
                remedy="use Linux 6.12 or later, with Landlock among its security modules",
            )
        method = f"Landlock {abi} + seccomp"
    return probe(Confined(kind, accounts), method=method, accounts=accounts, cores=cores)
