"""Scopes of the user's service manager: asked for, kept until they are read, and let go of."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from sandboxes import LIMITS

from harness.records.rules import Limits
from harness.sandbox import hierarchies, service_manager
from harness.sandbox.cgroup import Accounts, Group
from harness.sandbox.service_manager import Around
from harness.sandbox.spawn import adopt_orphans, spawn
from harness.sandbox.walls import most_tasks

SMALL = Limits(**LIMITS)
STAND_IN = """#!/bin/sh
printf '%s\\n' "$@" > "$(dirname "$0")/asked"
while [ "$1" != -- ]; do shift; done
shift
exec "$@"
"""


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a ``systemd-run`` on PATH that makes no scope; return what it is asked for."""
    program = tmp_path / "systemd-run"
    program.write_text(STAND_IN)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path / "asked"


def run_around(around: Around, *command: str) -> str:
    """Run a command as a launch is; return what it wrote when all its channels are closed."""
    started = spawn(
        [*around.command, *command], {"PATH": os.environ["PATH"]}, extra=around.descriptors
    )
    around.started()
    written = []
    for descriptor in (started.stdout, started.stderr, started.replies):
        os.set_blocking(descriptor, True)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            written.append(stream.read())
    os.close(started.requests)
    os.waitpid(started.pid, 0)
    return written[0].decode()


def children() -> list[int]:
    text = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(pid) for pid in text.split()]


def test_a_scope_is_asked_for_with_the_limits(asked: Path) -> None:
    around = Around(SMALL)
    try:
        assert run_around(around, "echo", "run") == "run\n"
    finally:
        around.end(None)
    lines = asked.read_text().splitlines()
    assert "--user" in lines
    assert "--scope" in lines
    assert f"--property=MemoryMax={SMALL.memory_bytes}" in lines
    assert "--property=MemorySwapMax=0" in lines
    assert f"--property=TasksMax={most_tasks(SMALL)}" in lines


def test_something_stays_in_the_scope_until_it_is_let_go_and_is_waited_for(
    asked: Path, tmp_path: Path
) -> None:
    adopt_orphans()
    before = set(children())
    around = Around(SMALL)
    assert run_around(around, "echo", "ended").strip() == "ended"  # and holds none of its channels
    (keeper,) = set(children()) - before
    held = {str(Path(f"/proc/{keeper}/fd/{fd}").readlink())
            for fd in os.listdir(f"/proc/{keeper}/fd")}  # noqa: PTH208  # fmt: skip
    assert len(held) == 1
    (tmp_path / "cgroup.procs").write_text(f"{keeper}\n")
    around.end(tmp_path)
    assert set(children()) == before
    assert asked.exists()


def test_a_group_that_is_taken_over_is_read_and_left_to_its_maker(
    asked: Path, tmp_path: Path
) -> None:
    scope = tmp_path / "run-1.scope"
    scope.mkdir()
    (scope / "cpu.stat").write_text("usage_usec 2000000\n")
    (scope / "cgroup.procs").write_text("")
    around = Around(SMALL)
    group = Group(scope, "cpu.stat", {}, adopted=around)
    assert group.cpu_seconds() == 2.0
    group.remove()
    assert scope.exists()
    assert not asked.exists()


def test_where_the_harness_makes_its_groups_nothing_is_wrapped() -> None:
    around = Accounts(Path("/nowhere"), "cpu.stat", "groups of its own").around(SMALL)
    assert (around.command, around.environment, around.descriptors) == ([], {}, {})
    around.started()
    around.end(None)


@pytest.mark.parametrize(
    ("uid", "path", "why"),
    [
        (0, "/usr/bin:/bin", "root makes its groups itself"),
        (4242, "/nonexistent", "not installed"),
        (4242, None, "no service manager of the user runs"),
    ],
)
def test_why_there_are_no_scopes_is_told(
    uid: int, path: str | None, why: str, asked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: uid)
    if path is not None:
        monkeypatch.setenv("PATH", path)
    with pytest.raises(OSError, match=why):
        service_manager.try_scope()
    assert not asked.exists()


def test_a_launch_is_waited_for_until_it_is_in_its_scope(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = tmp_path / "app.slice"
    places = iter([tmp_path / "session-1.scope", parent / "run-1.scope"])
    monkeypatch.setattr(hierarchies, "group_of", lambda _: next(places))
    assert service_manager.scope_of(1, parent) == parent / "run-1.scope"


def test_a_scope_that_does_not_come_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "_TRY_SECONDS", 0)
    with pytest.raises(OSError, match="makes no scope any more"):
        service_manager.scope_of(os.getpid(), tmp_path)


def test_a_scope_whose_command_does_not_end_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_manager, "_TRY_SECONDS", 0)
    monkeypatch.setattr(hierarchies, "group_of", lambda _: tmp_path)
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(
            ["/bin/sh", "-c", "echo up; exec sleep 60"], stdin=pipe, stdout=pipe, stderr=pipe
        ) as process,
        pytest.raises(OSError, match="did not end within 0 s"),
    ):
        service_manager._looked_at(process)
