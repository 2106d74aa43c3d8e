"""Files that are replaced at once: whole or not at all, never astray, and no draft left lying."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.records.replacing import clear_drafts, create_file, is_abandoned, replace_file

NOBODY = 4194399
"""No process has so high a number."""


def test_a_file_is_made_of_its_parts_and_its_status_is_told(tmp_path: Path) -> None:
    status = replace_file(tmp_path / "file", [b"one ", memoryview(b"two"), b""], 0o600)
    assert (tmp_path / "file").read_bytes() == b"one two"
    found = (tmp_path / "file").stat()
    assert (status.st_ino, status.st_ctime_ns) == (found.st_ino, found.st_ctime_ns)
    assert found.st_mode & 0o777 == 0o600


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_bytes(b"before")
    (tmp_path / "file").symlink_to(tmp_path / "target")
    replace_file(tmp_path / "file", [b"content"])
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "target").read_bytes() == b"before"


def test_what_cannot_be_put_in_its_place_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "inside").touch()
    with pytest.raises(OSError, match="directory"):
        replace_file(tmp_path / "file", [b"content"])
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_draft_that_is_there_already_is_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda _: "guessed")
    theirs = tmp_path / f".guessed.{os.getpid()}.new"
    theirs.write_bytes(b"theirs")
    with pytest.raises(FileExistsError):
        replace_file(tmp_path / "file", [b"content"])
    assert theirs.read_bytes() == b"theirs"


def test_a_file_is_created_under_its_own_name(tmp_path: Path) -> None:
    status = create_file(tmp_path / "file", [b"one ", b"two"])
    assert (tmp_path / "file").read_bytes() == b"one two"
    found = (tmp_path / "file").stat()
    assert (status.st_ino, status.st_ctime_ns) == (found.st_ino, found.st_ctime_ns)
    assert found.st_mode & 0o777 == 0o644


def test_where_anything_is_no_file_is_created(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"before")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "folder").mkdir()
    for name in ("file", "link", "folder"):
        with pytest.raises(FileExistsError):
            create_file(tmp_path / name, [b"content"])
    assert (tmp_path / "file").read_bytes() == b"before"
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("how", [OSError, KeyboardInterrupt])
def test_what_cannot_be_created_whole_is_not_there(
    tmp_path: Path, how: type[BaseException]
) -> None:
    def parts() -> Iterator[bytes]:
        yield b"content"
        raise how

    with pytest.raises(how):
        create_file(tmp_path / "file", parts())
    assert not (tmp_path / "file").exists()


def test_what_a_full_disk_refuses_as_it_is_closed_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = os.close

    def full(descriptor: int) -> None:
        close(descriptor)
        raise OSError(errno.EDQUOT, "quota exceeded")

    monkeypatch.setattr(os, "close", full)
    with pytest.raises(OSError, match="quota"):
        create_file(tmp_path / "file", [b"content"])
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("how", [OSError, KeyboardInterrupt])
def test_what_another_put_in_the_place_of_a_part_stays(
    tmp_path: Path, how: type[BaseException]
) -> None:
    def parts() -> Iterator[bytes]:
        yield b"a part"
        replace_file(tmp_path / "file", [b"whole, of another process"])
        raise how

    with pytest.raises(how):
        create_file(tmp_path / "file", parts())
    assert (tmp_path / "file").read_bytes() == b"whole, of another process"


def test_only_drafts_of_processes_that_are_no_more_are_taken_away(tmp_path: Path) -> None:
    drawn = "0123456789abcdef"
    kept = {
        f".{drawn}.{os.getpid()}.new", f".{drawn}.new", f"{drawn}.{NOBODY}.new", "file",
        f".notes.{NOBODY}.new", f".{drawn}0.{NOBODY}.new",
    }  # fmt: skip
    for name in (*kept, f".{drawn}.{NOBODY}.new"):
        (tmp_path / name).touch()
    clear_drafts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == kept
    assert not any(map(is_abandoned, kept))
    clear_drafts(tmp_path / "nowhere")
