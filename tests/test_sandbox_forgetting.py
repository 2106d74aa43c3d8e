"""The kernel forgets files and names: asked by a stand-in for its setting, and once for real."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from harness.sandbox import forgetting
from harness.sandbox.forgetting import forget_files, why_not

THE_KERNELS = forgetting.SETTING
"""As it is before a fixture of all tests puts a file in its place."""


def test_the_setting_is_written_once_what_is_unwritten_has_been(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "sync").write_text(f"#!/bin/sh\ncat {tmp_path}/setting > {tmp_path}/before\n")
    (tools / "sync").chmod(0o755)
    setting = tmp_path / "setting"
    setting.write_text("as it was\n")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    monkeypatch.setattr(forgetting, "SETTING", setting)

    assert why_not() is None
    assert forget_files() is None

    assert (tmp_path / "before").read_text() == "as it was\n"
    assert setting.read_text() == "3\n"


def test_a_setting_that_cannot_be_written_is_named_and_nothing_is_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forgetting, "SETTING", tmp_path)
    monkeypatch.setenv("PATH", "")  # where there is no program that could run

    assert why_not() == forget_files() == f"{tmp_path}: Is a directory"


def test_a_machine_without_a_shell_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = tmp_path / "setting"
    setting.touch()
    monkeypatch.setattr(forgetting, "SETTING", setting)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert forget_files() == "sh: No such file or directory"
    assert setting.read_text() == ""


def test_what_is_written_in_vain_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "SETTING", Path("/dev/full"))

    assert forget_files() == "/dev/full: it was refused"


@pytest.fixture
def hung(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have a disk that does not answer; return the setting's stand-in."""
    (tmp_path / "sync").write_text("#!/bin/sh\nsleep 60\n")
    (tmp_path / "sync").chmod(0o755)
    setting = tmp_path / "setting"
    setting.touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(forgetting, "SETTING", setting)
    return setting


@pytest.fixture
def before() -> set[psutil.Process]:
    """Look who was there: other tests' servers may be."""
    return _running()


def nobody_is_left(before: set[psutil.Process]) -> bool:
    """See that what was started is gone with all that it had started itself."""
    end = time.monotonic() + 5.0  # what was killed takes a moment to go
    while not before >= _running():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def _running() -> set[psutil.Process]:
    """Return who runs below this process; where orphans come to it, it may not have seen them end.

    Another test may have made it so.
    """
    found = set()
    for each in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if each.status() != psutil.STATUS_ZOMBIE:
                found.add(each)
    return found


def test_there_is_a_deadline(hung: Path, before: set[psutil.Process]) -> None:
    assert forget_files(0.5) == f"{hung}: it took more than 0.5 s"
    assert hung.read_text() == ""
    assert nobody_is_left(before)


def test_an_interrupt_leaves_nothing_running(
    hung: Path, before: set[psutil.Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    wait = subprocess.Popen.wait

    def interrupted(process: subprocess.Popen[bytes], seconds: float | None = None) -> int:
        if seconds == forgetting.DEADLINE_SECONDS:
            raise KeyboardInterrupt
        return wait(process, seconds)

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        forget_files()
    assert hung.read_text() == ""
    assert nobody_is_left(before)


def test_an_interrupt_as_it_ends_by_itself_is_an_interrupt(
    hung: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hung.parent / "sync").write_text("#!/bin/sh\n")
    wait = subprocess.Popen.wait

    def interrupted(process: subprocess.Popen[bytes], seconds: float | None = None) -> int:
        wait(process, seconds)  # Python's own waits a little longer once it is interrupted
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        forget_files()


def test_the_kernel_forgets_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For real, once: what was just written is read again from the disk, or the machine says no."""
    monkeypatch.setattr(forgetting, "SETTING", THE_KERNELS)
    file = tmp_path / "file"
    file.write_bytes(b"x" * 4096)
    refused = why_not()
    if (why := forget_files()) is not None:
        assert why == refused or "it took more than" in why
        pytest.skip(why)
    read = os.open(file, os.O_RDONLY)
    try:
        os.preadv(read, [bytearray(1)], 0, os.RWF_NOWAIT)
    except BlockingIOError:
        known = False
    except OSError:
        pytest.skip("this file system cannot say what is in memory")
    else:
        known = True
    finally:
        os.close(read)
    if known:
        assert _is_in_memory(tmp_path), "it was not forgotten"


def _is_in_memory(folder: Path) -> bool:
    """Say whether a file system has nothing but memory to keep files in."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    above = [each for each in mounts if folder.is_relative_to(each[1])]
    return max(above, key=lambda each: len(each[1]))[2] in {"tmpfs", "ramfs"}
