"""A file is there whole or not at all, and the first writer wins."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import OrganiserError
from harness.store.files import PRIVATE_MODE, check_writable, write_once


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_file_is_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    write_once(tmp_path / "deep" / "er" / "a.json", b"content")
    assert (tmp_path / "deep" / "er" / "a.json").read_bytes() == b"content"
    assert names(tmp_path) == ["a.json"]


def test_the_first_writer_wins_and_the_second_is_told(tmp_path: Path) -> None:
    write_once(tmp_path / "a.json", b"first")
    with pytest.raises(OrganiserError, match="already with other content"):
        write_once(tmp_path / "a.json", b"second")
    assert (tmp_path / "a.json").read_bytes() == b"first"
    assert names(tmp_path) == ["a.json"]


def test_the_same_again_is_harmless(tmp_path: Path) -> None:
    write_once(tmp_path / "a.json", b"same")
    write_once(tmp_path / "a.json", b"same")
    assert names(tmp_path) == ["a.json"]


def test_of_many_writers_at_once_exactly_one_wins(tmp_path: Path) -> None:
    refused: list[str] = []
    start = threading.Barrier(8)

    def compete(number: int) -> None:
        start.wait()
        try:
            write_once(tmp_path / "a.json", b"%d" % number * 1000)
        except OrganiserError as error:
            refused.append(error.message)

    writers = [threading.Thread(target=compete, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(refused) == 7
    content = (tmp_path / "a.json").read_bytes()
    assert len(content) == 1000
    assert len(set(content)) == 1
    assert names(tmp_path) == ["a.json"]


def test_a_failure_while_writing_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OrganiserError, match="No space left on device") as caught:
        write_once(tmp_path / "a.json", b"content")
    assert str(tmp_path / "a.json") in caught.value.message
    assert names(tmp_path) == []


def test_private_files_are_for_their_owner_only(tmp_path: Path) -> None:
    write_once(tmp_path / "a.json", b"", PRIVATE_MODE)
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600


def write_into(folder: Path) -> None:
    write_once(folder / "a.json", b"")


@pytest.mark.parametrize(
    ("attempt", "why"), [(check_writable, "it is not a folder"), (write_into, "File exists")]
)
def test_a_file_in_place_of_the_folder_is_named(
    tmp_path: Path, attempt: Callable[[Path], None], why: str
) -> None:
    (tmp_path / "results").write_text("not a folder")
    with pytest.raises(OrganiserError, match=f"cannot be written: {why}") as caught:
        attempt(tmp_path / "results")
    assert caught.value.exit_code == 3
    assert "--output" in caught.value.remedy


def test_a_folder_without_room_is_named_and_not_the_file_that_was_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OrganiserError) as caught:
        check_writable(tmp_path / "results")
    assert caught.value.message == f"{tmp_path}/results: cannot be written: No space left on device"
    assert list((tmp_path / "results").iterdir()) == []


def test_trying_leaves_nothing_but_the_folder(tmp_path: Path) -> None:
    check_writable(tmp_path / "new" / "results")
    assert (tmp_path / "new" / "results").is_dir()
    assert names(tmp_path) == []
