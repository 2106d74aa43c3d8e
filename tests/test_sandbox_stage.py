"""The user that an entry runs as, and the stage that it is started from."""

from __future__ import annotations

import gc
import os
import subprocess
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, OrganiserError
from harness.sandbox import stage
from harness.sandbox.stage import DEFAULT_UID, EntryUser, Stage, Stages, find_user

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root builds one without a range")
USER = EntryUser(uid=DEFAULT_UID, gid=DEFAULT_UID, mapped=False)


def said(built: Stage, *command: str) -> str:
    done = subprocess.run([*built.command(), *command], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.fixture
def closed(tmp_path: Path) -> Path:
    """Return a file below a folder that only the harness's user gets through."""
    home = tmp_path / "home"
    (home / "inside").mkdir(parents=True)
    (home / "inside/file").write_text("shown")
    (home / "other").write_text("not shown")
    home.chmod(0o700)
    return home / "inside"


@as_root
def test_what_only_root_gets_through_to_is_shown_to_the_entrys_user(closed: Path) -> None:
    built = Stage(USER, (closed,))
    assert said(built, "id", "-u").strip() == str(DEFAULT_UID)
    assert said(built, "id", "-G").strip() == str(DEFAULT_UID)
    assert said(built, "cat", str(built.path(closed) / "file")) == "shown"
    assert said(built, "ls", str(built.path(closed.parent))).split() == ["inside"]
    with pytest.raises(subprocess.CalledProcessError):
        said(built, "cat", str(closed / "file"))
    assert not Path(built.path(closed)).exists()  # to everybody else


@as_root
def test_a_link_right_below_the_root_stays_one_and_covered_paths_are_shown_once(
    closed: Path,
) -> None:
    built = Stage(USER, (Path("/lib"), closed, closed / "file"))
    if Path("/lib").is_symlink():
        assert said(built, "readlink", str(built.path(Path("/lib")))).strip() == "usr/lib"
    assert said(built, "cat", str(built.path(closed) / "file")) == "shown"


@as_root
def test_what_is_read_there_does_not_note_when(closed: Path) -> None:
    file, long_ago = closed / "file", 1_000_000_000
    os.utime(file, (long_ago, long_ago))
    built = Stage(USER, (closed,))
    assert said(built, "cat", str(built.path(closed) / "file")) == "shown"
    assert file.stat().st_atime == long_ago


@as_root
def test_the_stage_is_gone_with_its_last_descriptor(closed: Path) -> None:
    gc.collect()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - descriptors, not paths
    built = Stage(USER, (closed,))
    command = built.command()
    del built
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert subprocess.run([*command, "true"], capture_output=True, check=False).returncode


@as_root
def test_the_same_paths_are_staged_once(closed: Path) -> None:
    stages = Stages(USER)
    first = stages.showing((closed,))
    assert stages.showing((closed,)) is first
    other = stages.showing((closed / "file",))
    assert other is not first
    assert stages.showing((closed / "file",)) is other


@as_root
def test_what_cannot_be_shown_is_named(tmp_path: Path) -> None:
    with pytest.raises(OrganiserError, match=r"no stage.*nowhere: No such file"):
        Stage(USER, (tmp_path / "nowhere",))


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("print('up', flush=True); import time; time.sleep(60)", "it did not end within 0.5 s"),
        ("print('user', flush=True); raise SystemExit('killed')", "killed"),
    ],
)
def test_a_builder_that_hangs_or_is_killed_is_an_error_and_no_traceback(
    program: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in = tmp_path / "stage.py"
    stand_in.write_text(program)
    monkeypatch.setattr("harness.worker.stage.__file__", str(stand_in))
    monkeypatch.setattr(stage, "_UP_SECONDS", 0.5)
    monkeypatch.setattr(  # it is gone before it is answered
        Stage, "_map", lambda _, pid: os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    )
    with pytest.raises(OrganiserError, match=f"no stage for entries can be built: .*{why}"):
        Stage(USER, (tmp_path,))


@as_root
def test_the_users_number_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(stage.UID_VARIABLE, raising=False)
    assert find_user() == USER
    monkeypatch.setenv(stage.UID_VARIABLE, "61101")
    assert find_user() == EntryUser(uid=61101, gid=61101, mapped=False)


@as_root
@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("0", "not a user's number"),
        ("-1", "not a user's number"),
        ("me", "not a user's number"),
        ("4294967295", "not a user's number"),
        ("\u0661", "not a user's number"),
        ("65534", "is the account 'nobody'"),
    ],
)
def test_a_number_that_is_no_use_is_refused(
    value: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(stage.UID_VARIABLE, value)
    with pytest.raises(ConfigurationError, match=what) as caught:
        find_user()
    assert caught.value.message.startswith(stage.UID_VARIABLE)
    assert caught.value.remedy


def as_somebody(monkeypatch: pytest.MonkeyPatch, tools: set[str]) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 4242)
    monkeypatch.setattr("shutil.which", lambda name: f"/bin/{name}" if name in tools else None)


def test_who_is_not_root_needs_the_tools_that_map_users(monkeypatch: pytest.MonkeyPatch) -> None:
    as_somebody(monkeypatch, {"nsenter", "newuidmap"})
    with pytest.raises(ConfigurationError, match="no newuidmap") as caught:
        find_user()
    assert "install uidmap" in caught.value.remedy


def test_without_nsenter_nobody_gets_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    as_somebody(monkeypatch, {"newuidmap", "newgidmap"})
    with pytest.raises(ConfigurationError, match="no nsenter"):
        find_user()


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("4242:100000:65536\n", 100_000),
        ("other:1:2\n4242:300:1\n4242:500:1\n", 300),
        ("", None),
        ("4242:100000:0\n", None),
        ("4242:x:y\nnonsense\n:::\n", None),
        ("42420:100000:65536\n", None),
    ],
)
def test_who_is_not_root_needs_a_range(
    lines: str, found: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_somebody(monkeypatch, {"nsenter", "newuidmap", "newgidmap"})
    for name in ("subuid", "subgid"):
        (tmp_path / name).write_text(lines)
    monkeypatch.setattr(stage, "_RANGES", tmp_path)
    if found is not None:
        assert find_user() == EntryUser(uid=found, gid=found, mapped=True)
        return
    with pytest.raises(ConfigurationError, match=r"subuid: no range") as caught:
        find_user()
    assert "--add-subuids" in caught.value.remedy
