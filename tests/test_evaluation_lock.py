"""One evaluation at a time: the second is told who holds the machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.errors import OrganiserError
from harness.evaluation.lock import LOCK_NAME, machine_lock, temporary_folder


def test_a_machine_without_a_folder_for_temporary_files_is_told_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def none_usable() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr("tempfile.gettempdir", none_usable)
    with pytest.raises(OrganiserError, match="no folder for temporary files") as caught:
        temporary_folder()
    assert "TMPDIR" in caught.value.remedy


HOLDER = """
import sys
from pathlib import Path
from harness.evaluation.lock import machine_lock
with machine_lock(Path(sys.argv[1])):
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
        pytest.raises(OrganiserError, match=rf"process {process.pid}\)") as refused,
        machine_lock(tmp_path),
    ):
        pass

    assert "wait" in refused.value.remedy


def test_a_second_holder_in_the_same_process_is_refused(tmp_path: Path) -> None:
    with (
        machine_lock(tmp_path),
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


def test_a_shorter_holder_leaves_nothing_of_a_longer_one(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).write_text("123456789012345\n")

    with machine_lock(tmp_path):
        said = (tmp_path / LOCK_NAME).read_text()

    assert said.strip().isdigit()
    assert len(said) < 12
