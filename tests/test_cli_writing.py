"""Where a document goes: a file whole or not at all, a pipe or a device as what it is."""

from __future__ import annotations

import os
import secrets
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.writing import write_file
from harness.errors import UsageError


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    place = tmp_path / ("x" * 255)
    for content in (b"one", b"another"):
        write_file(place, content)
        assert place.read_bytes() == content
    assert list(tmp_path.iterdir()) == [place]


def test_a_pipe_is_written_to_and_stays(tmp_path: Path) -> None:
    place = tmp_path / "pipe"
    os.mkfifo(place)
    reading = os.open(place, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(place, b"content")
        assert os.read(reading, 100) == b"content"
    finally:
        os.close(reading)
    assert stat.S_ISFIFO(place.lstat().st_mode)


@pytest.mark.parametrize("device", ["/dev/null", "link"])
def test_a_device_is_written_to_and_stays(device: str, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("/dev/null")
    write_file(link if device == "link" else Path(device), b"content")
    assert link.is_symlink()
    assert stat.S_ISCHR(Path("/dev/null").lstat().st_mode)


def test_what_standard_output_leads_to_is_added_to(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"before ")
    link.symlink_to("/proc/self/fd/1")  # as /dev/stdout is, which a fault must not cost
    code = "import sys, pathlib; from harness.cli.writing import write_file; "
    code += "write_file(pathlib.Path(sys.argv[1]), b'content')"
    with target.open("ab") as output:
        subprocess.run([sys.executable, "-c", code, link], stdout=output, check=True)
    assert target.read_bytes() == b"before content"
    assert link.is_symlink()


def test_a_link_to_a_file_is_replaced_and_not_followed(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"before")
    link.symlink_to(target)
    write_file(link, b"content")
    assert (target.read_bytes(), link.read_bytes()) == (b"before", b"content")
    assert not link.is_symlink()


def test_a_link_that_was_laid_for_the_draft_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"before")
    (tmp_path / ".place.new").symlink_to(target)
    write_file(tmp_path / "place", b"content")
    monkeypatch.setattr(secrets, "token_hex", lambda _: "guessed")
    (tmp_path / f".guessed.{os.getpid()}.new").symlink_to(target)
    with pytest.raises(UsageError, match="cannot be written: File exists"):
        write_file(tmp_path / "other", b"content")
    assert target.read_bytes() == b"before"


def test_a_folder_is_no_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: Is a directory"):
        write_file(tmp_path, b"content")
    with pytest.raises(UsageError, match="cannot be written"):
        write_file(tmp_path / "gone" / "a", b"content")
