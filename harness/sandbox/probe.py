"""Try every protection of a sandbox from inside, and grade it by what held."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import OrganiserError, SubmissionError
from harness.records.evaluation import Isolation, IsolationCheck, IsolationGrade
from harness.records.rules import Limits
from harness.sandbox.attempts import ATTEMPTS, CPU_ACCOUNT, PINNED_ATTEMPTS
from harness.sandbox.cgroup import Accounts
from harness.sandbox.protocol import Launch, Sandbox

PROGRAM = Path(__file__).with_name("attempts.py")

NOT_NEEDED: dict[IsolationGrade, frozenset[str]] = {
    "B": frozenset({"dedicated user"}),
    "C": frozenset({"dedicated user", "host processes"}),
}
"""What may be open at each grade, best first. A, which this ladder does not build yet, would need
all of it and an enforced cgroup; D is the rest."""

_MEBIBYTE = 1 << 20
_LIMITS = Limits(
    start_seconds=20, load_seconds=20, warm_up_seconds=20, measured_seconds=20, batch_seconds=20,
    drain_seconds=2, session_seconds=60, start_cpu_seconds=20, load_cpu_seconds=20,
    warm_up_cpu_seconds=20, measured_cpu_seconds=20, drain_cpu_seconds=20, session_cpu_seconds=60,
    preparation_joules=1e6, memory_bytes=512 * _MEBIBYTE, processes=32, threads=256,
    open_files=256, tmp_bytes=16 * _MEBIBYTE, shm_bytes=16 * _MEBIBYTE,
    output_bytes=16 * 1024, entry_bytes=_MEBIBYTE, entry_files=16,
)  # fmt: skip
_DAEMON_SECONDS = 1.0


def probe(
    sandbox: Sandbox, *, method: str, accounts: Accounts, cores: tuple[int, ...] | None = None
) -> Isolation:
    """Run ``attempts.py`` as an entry of ``sandbox``, which counts CPU time by ``accounts``.

    The entry is pinned to ``cores`` where some are given.

    Raises ``OrganiserError`` when the sandbox cannot be built here.
    """
    with tempfile.TemporaryDirectory(prefix="harness-probe-") as made, _targets() as facts:
        folder = Path(made)
        entry = folder / "entry"
        entry.mkdir()
        shutil.copy(PROGRAM, entry / "attempts.py")
        secret = folder / "secret"
        secret.write_text(secrets.token_hex())
        facts["secret_file"] = str(secret)
        facts["groups"] = str(accounts.folder or "")
        facts["cores"] = cores
        facts["all_cores"] = sorted(os.sched_getaffinity(0).union(cores or ()))
        (entry / "facts.json").write_text(json.dumps(facts))
        checks = _run(sandbox, entry, str(facts["token"]), cores)
    checks = tuple(
        _named(check, accounts) if check.name == CPU_ACCOUNT else check for check in checks
    )
    return Isolation(grade=_grade(checks), method=method, checks=checks)


def _named(check: IsolationCheck, accounts: Accounts) -> IsolationCheck:
    """Say where CPU time comes from, and whether the entry could leave what counts it."""
    seen = accounts.seen if check.held else f"{accounts.seen}: {check.seen}"
    return IsolationCheck(name=check.name, held=check.held, seen=seen)


def _grade(checks: tuple[IsolationCheck, ...]) -> IsolationGrade:
    open_to_it = {check.name for check in checks if not check.held}
    for grade, not_needed in NOT_NEEDED.items():
        if open_to_it <= not_needed:
            return grade
    return "D"


def _run(
    sandbox: Sandbox, entry: Path, token: str, cores: tuple[int, ...] | None
) -> tuple[IsolationCheck, ...]:
    launch = Launch(
        directory=entry, entry="attempts:load", command=None, output="index", labels=1,
        max_boxes=0, limits=_LIMITS, cores=cores,
    )  # fmt: skip
    expected = ATTEMPTS.keys() | (PINNED_ATTEMPTS.keys() if cores else set())
    try:
        with sandbox.launch(launch) as process:
            process.ready(deadline_seconds=_LIMITS.start_seconds)
            process.load(deadline_seconds=_LIMITS.load_seconds)
            user = _user(token)
            process.finish(deadline_seconds=_LIMITS.drain_seconds)
            lines = process.captured().text.splitlines()
    except SubmissionError as error:
        raise OrganiserError(
            f"the probe of the sandbox did not end well: {error.message}", remedy=error.remedy
        ) from None
    findings = [json.loads(line) for line in lines]
    checks = {
        name: IsolationCheck(name=name, held=held, seen=seen) for name, held, seen in findings
    }
    checks["dedicated user"] = user
    checks["daemons"] = _daemons(token)
    if not expected <= checks.keys():
        raise OrganiserError(
            f"the probe said nothing of {', '.join(expected - checks.keys())}",
            remedy="report this: no grade can be given",
        )
    return tuple(checks.values())


def _user(token: str) -> IsolationCheck:
    """See as whom the entry runs: from outside, for inside it is whoever the namespace says."""
    end = time.monotonic() + _DAEMON_SECONDS
    while not (running := _with_argument(token)) and time.monotonic() < end:
        time.sleep(0.02)  # a program that has just begun has no arguments yet for a moment
    for pid in running:
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{pid}/status").read_text()
            uid = int(status.partition("\nUid:\t")[2].split()[0])
            whose = " (root)" if uid == 0 else " (the harness's own)" if uid == os.getuid() else ""
            return IsolationCheck(
                name="dedicated user", held=not whose, seen=f"runs as uid {uid} of the host{whose}"
            )
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


@contextlib.contextmanager
def _targets() -> Iterator[dict[str, Any]]:
    """Offer what the attempts aim at: a listener on loopback, one in the abstract name space."""
    token = secrets.token_hex(16)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(f"\0{token}")
        unix.listen()
        yield {
            "parent": os.getpid(),
            "port": listener.getsockname()[1],
            "abstract_name": token,
            "token": token,
            "open_files": _LIMITS.open_files,
        }
