"""One evaluation at a time: the second is told who holds the machine."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import ConfigurationError, MachineBusyError, OrganiserError
from harness.evaluation import lock
from harness.evaluation.journal import keep_journal
from harness.evaluation.lock import LOCK_NAME, machine_lock, shared_folder, temporary_folder


def test_a_machine_without_a_folder_for_temporary_files_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_usable() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", none_usable)
    with pytest.raises(OrganiserError, match="no folder for temporary files") as caught:
        temporary_folder()
    assert "TMPDIR" in caught.value.remedy


def test_a_named_folder_for_temporary_files_that_is_of_no_use_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert temporary_folder() == Path(tempfile.gettempdir())
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with pytest.raises(OrganiserError, match=r"^TMPDIR: .*nowhere: .*: No such file or directory"):
        temporary_folder()


HOLDER = """
import sys
from pathlib import Path
from harness.evaluation.journal import keep_journal
from harness.evaluation.lock import machine_lock
folder = Path(sys.argv[1])
with machine_lock(folder), keep_journal(folder, temporary=folder, results=folder) as journal:
    journal.entry("my-team")
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Hold the lock in another process until the block ends."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_a_second_holder_is_refused_and_told_of_the_first(tmp_path: Path) -> None:
    with (
        holder(tmp_path) as process,
        pytest.raises(MachineBusyError, match=rf"process {process.pid} of ") as refused,
        machine_lock(tmp_path),
    ):
        pass

    assert "at my-team, being prepared" in refused.value.message
    assert sys.executable in refused.value.message
    assert "wait" in refused.value.remedy
    told = refused.value.holder
    assert (told["pid"], told["entry"]) == (process.pid, "my-team")
    assert {"user", "host", "since_utc", "session", "phase", "command"} < told.keys()


def test_a_holder_that_says_nothing_is_told_as_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_JUST_BEGUN_SECONDS", 0.0)
    with (
        machine_lock(tmp_path),
        pytest.raises(MachineBusyError, match="does not say whose it is") as refused,
        machine_lock(tmp_path),
    ):
        pass

    assert refused.value.holder == {}


def test_a_dead_runs_journal_is_not_mistaken_for_the_holders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "_JUST_BEGUN_SECONDS", 0.0)
    with holder(tmp_path) as process:
        process.kill()
        process.wait(timeout=10)
    assert len(list(tmp_path.glob("*.run.json"))) == 1

    with (
        machine_lock(tmp_path),
        pytest.raises(MachineBusyError, match="does not say whose it is"),
        machine_lock(tmp_path),
    ):
        pass


def test_a_second_holder_in_the_same_process_is_refused(tmp_path: Path) -> None:
    with (
        machine_lock(tmp_path),
        keep_journal(tmp_path, temporary=tmp_path, results=tmp_path),
        pytest.raises(OrganiserError, match="another evaluation is running"),
        machine_lock(tmp_path),
    ):
        pass


def test_the_lock_goes_with_a_holder_that_is_killed(tmp_path: Path) -> None:
    with holder(tmp_path) as process:
        process.kill()
        process.wait(timeout=10)

        with machine_lock(tmp_path):
            pass


def test_the_lock_is_free_after_an_evaluation_that_failed(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), machine_lock(tmp_path):
        raise ZeroDivisionError

    with machine_lock(tmp_path):
        pass


def test_a_link_in_the_locks_place_is_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("precious")
    (tmp_path / LOCK_NAME).symlink_to(target)

    with (
        pytest.raises(OrganiserError, match="the machine's lock cannot be opened") as refused,
        machine_lock(tmp_path),
    ):
        pass

    assert LOCK_NAME in refused.value.message
    assert "remove" in refused.value.remedy
    assert target.read_text() == "precious"


def test_a_pipe_in_the_locks_place_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / LOCK_NAME)

    with pytest.raises(OrganiserError, match="is no file"), machine_lock(tmp_path):
        pass


def test_a_lock_that_is_replaced_while_it_is_taken_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def replaced(descriptor: int, operation: int) -> None:
        flock(descriptor, operation)
        (tmp_path / LOCK_NAME).unlink()

    flock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", replaced)

    with pytest.raises(OrganiserError, match="was replaced meanwhile"), machine_lock(tmp_path):
        pass


def test_a_lock_that_another_user_made_is_taken_and_never_written(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text("somebody else's")
    (tmp_path / LOCK_NAME).chmod(0o444)

    with machine_lock(tmp_path):
        pass

    assert (tmp_path / LOCK_NAME).read_text() == "somebody else's"


def test_the_lock_can_be_taken_by_every_user_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        with machine_lock(tmp_path):
            pass
    finally:
        os.umask(before)

    assert (tmp_path / LOCK_NAME).stat().st_mode & 0o777 == 0o644


def test_its_place_is_the_first_that_is_everybodys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots, users, everybodys, later = (tmp_path / name for name in "abcd")
    for folder, mode in ((roots, 0o755), (users, 0o777), (everybodys, 0o1777), (later, 0o1777)):
        folder.mkdir()
        folder.chmod(mode)
    monkeypatch.delenv("HARNESS_RUN_FOLDER")
    places = (tmp_path / "none", roots, users, everybodys, later)
    monkeypatch.setattr(lock, "_FOLDERS", tuple(map(str, places)))

    assert shared_folder() == everybodys

    monkeypatch.setenv("TMPDIR", str(users))  # decides nothing
    assert shared_folder() == everybodys


def test_a_folder_that_is_named_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_RUN_FOLDER", str(tmp_path / "none"))

    with pytest.raises(ConfigurationError, match="HARNESS_RUN_FOLDER"):
        shared_folder()
