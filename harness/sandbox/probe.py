"""Try every protection of a sandbox from inside, and grade it by what held."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import msgspec

from harness.errors import ConfigurationError, OrganiserError, SubmissionError
from harness.records.evaluation import Enforcers, Isolation, IsolationCheck, IsolationGrade
from harness.records.rules import Limits
from harness.sandbox.attempts import (
    ATTEMPTS,
    CPU_ACCOUNT,
    DISK_LIMIT,
    NAMESPACES,
    PINNED_ATTEMPTS,
    REFUSED,
    began_at,
)
from harness.sandbox.cgroup import Accounts, find_accounts
from harness.sandbox.process import TreeProcess
from harness.sandbox.protocol import Launch
from harness.sandbox.stage import find_user
from harness.sandbox.walls import most_tasks

PROGRAM = Path(__file__).with_name("attempts.py")

_HELD_DISK = "the size of file systems in memory that are the entry's own"
USER, ENFORCED = "dedicated user", "enforced limits"

NOT_NEEDED: dict[IsolationGrade, frozenset[str]] = {
    "A": frozenset(),
    "B": frozenset({USER, ENFORCED}),
    "C": frozenset({USER, ENFORCED, "host processes", DISK_LIMIT}),
}
"""What may be open at each grade, best first; D is the rest. At C each file is limited in its size,
and all together where root can give the entry a file system of its own."""

_REMEDIES = {
    "host processes": "use bubblewrap: only a namespace of its own hides them",
    DISK_LIMIT: "use bubblewrap, or evaluate as root",
}
_ENFORCED_REMEDY = {
    True: "have control groups with the controllers memory and pids that root may write: in a "
    "container, a /sys/fs/cgroup of its own, mounted to be written",
    False: "evaluate as root; or where a service manager of the user runs, which `loginctl "
    "enable-linger` starts; or in a control group that the user may write",
}
"""By whether the harness is run by root."""
_UNSEEN_REMEDY = {
    True: f"{_ENFORCED_REMEDY[True]}; or give root the capability SYS_PTRACE there",
    False: _ENFORCED_REMEDY[False],
}
"""Likewise, where memory that an entry of another user holds in open files could not be counted."""
_OTHERWISE = "use a stronger way: `--isolation auto` takes the strongest that works here"

_MEBIBYTE = 1 << 20
_LIMITS = Limits(
    start_seconds=20, load_seconds=20, warm_up_seconds=20, measured_seconds=20, batch_seconds=20,
    drain_seconds=2, session_seconds=60, start_cpu_seconds=20, load_cpu_seconds=20,
    warm_up_cpu_seconds=20, measured_cpu_seconds=20, drain_cpu_seconds=20, session_cpu_seconds=60,
    preparation_joules=1e6, memory_bytes=512 * _MEBIBYTE, processes=32, threads=256,
    open_files=256, tmp_bytes=16 * _MEBIBYTE, shm_bytes=16 * _MEBIBYTE,
    output_bytes=16 * 1024, entry_bytes=_MEBIBYTE, entry_files=16,
)  # fmt: skip
_SMALL = msgspec.structs.replace(_LIMITS, memory_bytes=64 * _MEBIBYTE, processes=4)
"""Of the sessions that exceed one of the two."""
_DAEMON_SECONDS = 1.0
_TRIES = 4
"""Of one limit. At a load of five times the cores the watch was first about once in fourteen."""


@dataclass(frozen=True)
class Way:
    """What the sandbox is made of, as far as it knows before it is tried."""

    method: str
    tool: str
    """With its version."""
    seccomp_filter: bytes | None = None
    landlock_abi: int | None = None

    @property
    def filter_digest(self) -> str | None:
        """SHA-256 of the filter, in hexadecimal."""
        if self.seccomp_filter is None:
            return None
        return hashlib.sha256(self.seccomp_filter).hexdigest()


class Starts(Protocol):
    """The part of a sandbox that is tried."""

    def launch(self, launch: Launch) -> TreeProcess:
        """Start an entry."""
        ...


def probe(
    sandbox: Starts, *, way: Way, accounts: Accounts, cores: tuple[int, ...] | None = None
) -> Isolation:
    """Run ``attempts.py`` as an entry of ``sandbox``, which counts and limits by ``accounts``.

    Four sessions: one that is aimed at, one that makes the attempts, and one each that exceeds a
    small limit. The entry is pinned to ``cores`` where some are given.

    Raises ``OrganiserError`` when the sandbox cannot be built here.
    """
    with tempfile.TemporaryDirectory(prefix="harness-probe-") as made, _targets() as facts:
        folder = Path(made)
        folder.chmod(0o755)  # the entry's user must get through
        entry = folder / "entry"
        entry.mkdir()
        shutil.copy(PROGRAM, entry / "attempts.py")
        secret = folder / "secret"
        secret.write_text(secrets.token_hex())
        secret.chmod(0o600)
        facts["secret_file"] = str(secret)
        facts["groups"] = [str(group) for group in accounts.folders]
        facts["cores"] = cores
        facts["all_cores"] = sorted(os.sched_getaffinity(0).union(cores or ()))
        (entry / "facts.json").write_text(json.dumps(facts))
        seen = _attempted(sandbox, entry, facts, cores)
        limits = [
            _by_whom(sandbox, entry, resource, accounts, cores)
            for resource in ("memory", "processes")
        ]
    checks = {check.name: check for check in seen.checks}
    checks[CPU_ACCOUNT] = _named(checks[CPU_ACCOUNT], accounts)
    checks |= {check.name: check for check, _ in limits}
    checks[ENFORCED] = _enforced(limits, accounts)
    memory, processes = (check.seen for check, _ in limits)
    pinned = f"; pinned to cores {', '.join(map(str, cores))}" if cores else ""
    return Isolation(
        grade=_grade(tuple(checks.values())),
        method=way.method,
        checks=tuple(map(_with_remedy, checks.values())),
        tool=way.tool,
        kernel=os.uname().release,
        namespaces=seen.namespaces,
        host_uid=seen.uid,
        seccomp_digest=way.filter_digest,
        landlock_abi=way.landlock_abi,
        enforced_by=Enforcers(
            memory=memory,
            processes=processes,
            cpu=f"counted by {checks[CPU_ACCOUNT].seen}{pinned}",
            disk=_HELD_DISK if checks[DISK_LIMIT].held else checks[DISK_LIMIT].seen,
        ),
    )


def _named(check: IsolationCheck, accounts: Accounts) -> IsolationCheck:
    """Say where CPU time comes from, and whether the entry could leave what counts it."""
    seen = accounts.seen if check.held else f"{accounts.seen}: {check.seen}"
    return IsolationCheck(name=check.name, held=check.held, seen=seen)


def _enforced(limits: Sequence[tuple[IsolationCheck, bool]], accounts: Accounts) -> IsolationCheck:
    """Say whether the kernel held memory as well as processes, as it was seen to."""
    held = all(by_kernel for _, by_kernel in limits)
    watched = [check.name for check, by_kernel in limits if not by_kernel]
    why = f" ({accounts.gap})" if accounts.gap else ""
    seen = "by the kernel" if held else f"watched by the harness: {', '.join(watched)}{why}"
    return IsolationCheck(name=ENFORCED, held=held, seen=seen)


def _with_remedy(check: IsolationCheck) -> IsolationCheck:
    if check.held:
        return check
    remedy = _REMEDIES.get(check.name, _OTHERWISE)
    if check.name == ENFORCED:
        remedy = _ENFORCED_REMEDY[os.geteuid() == 0]
    if check.name == USER:
        try:  # who is not seen into is an entry's user only where the kernel holds memory
            user = find_user()
            lacks_groups = user.is_unseen and not find_accounts().enforcing
            remedy = _UNSEEN_REMEDY[not user.mapped] if lacks_groups else _OTHERWISE
        except ConfigurationError as error:
            remedy = error.remedy
    return IsolationCheck(name=check.name, held=False, seen=check.seen, remedy=remedy)


def _grade(checks: tuple[IsolationCheck, ...]) -> IsolationGrade:
    open_to_it = {check.name for check in checks if not check.held}
    for grade, not_needed in NOT_NEEDED.items():
        if open_to_it <= not_needed:
            return grade
    return "D"


@dataclass(frozen=True)
class _Seen:
    """What came of the attempts."""

    checks: tuple[IsolationCheck, ...]
    namespaces: tuple[str, ...]
    uid: int


def _attempted(
    sandbox: Starts, entry: Path, facts: dict[str, Any], cores: tuple[int, ...] | None
) -> _Seen:
    """Have every attempt made, beside another sandbox of the same kind."""
    token = str(facts["token"])
    expected = ATTEMPTS.keys() | (PINNED_ATTEMPTS.keys() if cores else set())
    launch = _launch(entry, "load", _LIMITS, cores)
    try:
        with sandbox.launch(launch) as neighbour, sandbox.launch(launch) as process:
            neighbour.ready(deadline_seconds=_LIMITS.start_seconds)
            process.ready(deadline_seconds=_LIMITS.start_seconds)
            facts["neighbours"] = list(neighbour.pids())
            (entry / "facts.json").write_text(json.dumps(facts))
            process.load(deadline_seconds=_LIMITS.load_seconds)
            user, uid = _user(token)
            process.finish(deadline_seconds=_LIMITS.drain_seconds)
            lines = process.captured().text.splitlines()
    except SubmissionError as error:
        raise OrganiserError(
            f"the probe of the sandbox did not end well: {error.message}", remedy=error.remedy
        ) from None
    *findings, namespaces = [json.loads(line) for line in lines]
    checks = {
        name: IsolationCheck(name=name, held=held, seen=seen) for name, held, seen in findings
    }
    checks[USER] = user
    checks["daemons"] = _daemons(token)
    if not expected <= checks.keys():
        raise OrganiserError(
            f"the probe said nothing of {', '.join(expected - checks.keys())}",
            remedy="report this: no grade can be given",
        )
    return _Seen(tuple(checks.values()), tuple(namespaces), uid)


def _launch(entry: Path, function: str, limits: Limits, cores: tuple[int, ...] | None) -> Launch:
    return Launch(
        directory=entry, entry=f"attempts:{function}", command=None, output="index", labels=1,
        max_boxes=0, limits=limits, cores=cores,
    )  # fmt: skip


def _by_whom(
    sandbox: Starts,
    entry: Path,
    resource: Literal["memory", "processes"],
    accounts: Accounts,
    cores: tuple[int, ...] | None,
) -> tuple[IsolationCheck, bool]:
    """Exceed a limit, again where the kernel has one and the harness's watch was there first.

    The watch ends an entry a little below what the kernel allows, and on a busy machine sees it
    there now and then: no grade is to hang on that.
    """
    has_wall = any(wall.resource == resource for wall in accounts.walls)
    for _ in range(_TRIES if has_wall else 1):
        check, by_kernel = exceed(sandbox, entry, resource, accounts, cores)
        if by_kernel or not check.held:  # a limit that nobody held is told, and not tried away
            break
    return check, by_kernel


def exceed(
    sandbox: Starts,
    entry: Path,
    resource: Literal["memory", "processes"],
    accounts: Accounts,
    cores: tuple[int, ...] | None = None,
) -> tuple[IsolationCheck, bool]:
    """Exceed a small limit in a session of its own; say whether it held, and whether the kernel
    was who held it.
    """  # noqa: D205 - one sentence
    facts = json.loads((entry / "facts.json").read_text())
    facts["exceed"] = 2 * _SMALL.memory_bytes if resource == "memory" else 2 * most_tasks(_SMALL)
    (entry / "facts.json").write_text(json.dumps(facts))
    said = "exceeded, and nothing came of it"
    held = False
    with sandbox.launch(_launch(entry, f"exceed_{resource}", _SMALL, cores)) as process:
        process.ready(deadline_seconds=_SMALL.start_seconds)
        try:
            process.load(deadline_seconds=_SMALL.load_seconds)
            process.finish(deadline_seconds=_SMALL.drain_seconds)
        except SubmissionError as error:
            said, held = f"watched by the harness: {error.message}", True
        else:
            if process.captured().text.startswith(REFUSED):
                said, held = "refused by the kernel (RLIMIT_NPROC)", True
        hit = process.hit
    if hit is not None and hit.resource == resource:
        wall = next(wall.seen for wall in accounts.walls if wall.resource == resource)
        return IsolationCheck(name=f"{resource} limit", held=True, seen=wall), True
    return IsolationCheck(name=f"{resource} limit", held=held, seen=said), False


def _user(token: str) -> tuple[IsolationCheck, int]:
    """See as whom the entry runs: from outside, for inside it is whoever the namespace says."""
    end = time.monotonic() + _DAEMON_SECONDS
    while not (running := _with_argument(token)) and time.monotonic() < end:
        time.sleep(0.02)  # a program that has just begun has no arguments yet for a moment
    for pid in running:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            uid = int(status.partition("\nUid:\t")[2].split()[0])
            whose = " (root)" if uid == 0 else " (the harness's own)" if uid == os.getuid() else ""
            seen = f"runs as uid {uid} of the host{whose}"
            return IsolationCheck(name=USER, held=not whose, seen=seen), uid
    raise OrganiserError(
        "the probe of the sandbox could not see what runs in it",
        remedy="mount /proc without hidepid for the user that evaluates",
    )


def _daemons(token: str) -> IsolationCheck:
    """Look for the process that the attempt left behind; end it when it is there."""
    end = time.monotonic() + _DAEMON_SECONDS
    while (left := _with_argument(token)) and time.monotonic() < end:
        time.sleep(0.02)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    seen = "a process outlived the session" if left else "gone with the session"
    return IsolationCheck(name="daemons", held=not left, seen=seen)


def _with_argument(token: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                if token.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
    return found


def _namespace(kind: str) -> Path:
    return Path(f"/proc/self/ns/{kind}").readlink()


@contextlib.contextmanager
def _targets() -> Iterator[dict[str, Any]]:
    """Offer what the attempts aim at: a listener on loopback, one in the abstract name space."""
    token = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(f"\0{token}")
        unix.listen()
        yield {
            "parent": os.getpid(),
            "parent_began": began_at(os.getpid()),
            "port": listener.getsockname()[1],
            "abstract_name": token,
            "token": token,
            "neighbours": [],
            "namespaces": {kind: str(_namespace(kind)) for kind in NAMESPACES},
            "open_files": _LIMITS.open_files,
            "tmp_bytes": _LIMITS.tmp_bytes,
        }
