"""Folders made to mislead whoever reads them: nothing hangs, nothing is followed, no traceback."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import SubmissionError
from harness.submissions.check import CheckContext, check
from harness.submissions.folder import list_folder
from harness.submissions.names import MAX_DEPTH
from harness.submissions.snapshot import entry_digest, snapshot

CONTEXT = CheckContext(tasks={}, max_batch=1, entry_bytes=10_000, entry_files=9)
PUBLIC, SECRET = b"public", b"secret"  # of one length


def plain(path: Path) -> None:
    path.write_bytes(b"x")


def executable(path: Path) -> None:
    path.write_bytes(b"#!/bin/sh\n")
    path.chmod(0o755)


def inner_folder(path: Path) -> None:
    path.mkdir()
    (path / "inner.txt").write_bytes(b"y")


def link(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def link_upwards(path: Path) -> None:
    path.symlink_to("..", target_is_directory=True)


def hard_link(path: Path) -> None:
    path.write_bytes(b"z")
    os.link(path, path.with_name(path.name[:8] + "-again"))


def pipe(path: Path) -> None:
    os.mkfifo(path)


def bound_socket(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{descriptor}/{path.name[:20]}")
    finally:
        os.close(descriptor)


def sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 40)


def unwritable(path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(0o400)


GOOD = [plain, executable, inner_folder, unwritable]
BAD = [link, link_to_itself, link_upwards, hard_link, pipe, bound_socket]
NAMES = st.one_of(
    st.sampled_from(["model.py", "submission.toml", "a", "A", "data.bin", "x.tar", ".hidden"]),
    st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1, max_size=12),
    st.binary(min_size=1, max_size=8).map(os.fsdecode),
).filter(lambda name: "/" not in name and "\0" not in name and name not in {".", ".."})


@settings(deadline=None, max_examples=80)
@given(st.dictionaries(NAMES, st.sampled_from([*GOOD, *BAD, sparse]), max_size=5))
def test_no_folder_brings_a_traceback_and_only_plain_files_are_ever_copied(
    files: dict[str, Callable[[Path], None]],
) -> None:
    with tempfile.TemporaryDirectory() as made:
        entry = Path(made) / "entry"
        entry.mkdir()
        for name, write in files.items():
            try:
                write(entry / name)
            except OSError:  # a name that is taken by now
                continue
        report = check(entry, CONTEXT)
        if sparse in files.values() and report.bytes > 1 << 30:
            assert report.digest is None  # a terabyte is not read through
            return
        try:
            copy = snapshot(entry, Path(made) / "copy")
        except SubmissionError:
            assert not report.ok
            return
        assert copy.digest == entry_digest(copy.directory) == entry_digest(entry)
        for path in copy.directory.rglob("*"):
            mode = path.lstat().st_mode
            assert stat.S_ISREG(mode) or stat.S_ISDIR(mode)
            assert stat.S_IMODE(mode) in {0o644, 0o755}


@pytest.mark.parametrize("write", BAD, ids=lambda write: write.__name__)
def test_what_is_no_plain_file_is_never_copied(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    (tmp_path / "entry").mkdir()
    write(tmp_path / "entry" / "x")
    with pytest.raises(SubmissionError):
        snapshot(tmp_path / "entry", tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_terabyte_of_nothing_is_refused_unread(tmp_path: Path) -> None:
    sparse(tmp_path / "model.npz")
    report = check(tmp_path, CONTEXT)
    assert "FRG308" in {fault.code for fault in report.faults}
    assert report.digest is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_no_file(tmp_path: Path) -> None:
    try:
        os.mknod(tmp_path / "x", 0o600 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero
    except PermissionError:
        pytest.skip("no devices can be made here")
    (fault,) = list_folder(tmp_path).faults
    assert (fault.code, fault.message) == ("FRG302", "is a device")


def test_a_name_as_long_as_names_can_be_is_fine_and_a_path_can_be_too_long(tmp_path: Path) -> None:
    (tmp_path / ("n" * 255)).write_bytes(b"")
    assert list_folder(tmp_path).is_clean
    deep = tmp_path / "/".join(["d" * 250] * 4)
    deep.mkdir(parents=True)
    (deep / "x").write_bytes(b"")
    assert {fault.code for fault in list_folder(tmp_path).faults} == {"FRG314"}


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 3000 + "x"])
def test_a_folder_that_no_system_could_have_is_a_fault(tmp_path: Path, name: str) -> None:
    (fault,) = check(tmp_path / name, CONTEXT).faults
    assert (fault.code, fault.path) == ("FRG101", ".")


def test_a_disk_that_fails_under_the_folder_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def scandir(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "scandir", scandir)
    (fault,) = list_folder(tmp_path).faults
    assert (fault.code, fault.path) == ("FRG310", ".")
    assert "Input/output error" in fault.message


def test_folders_in_folders_end_somewhere(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(200):
        deep /= "d"
        deep.mkdir()
    (fault,) = list_folder(tmp_path).faults
    assert (fault.code, fault.path) == ("FRG312", "/".join(["d"] * MAX_DEPTH))


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    for write in (plain, inner_folder, link, pipe):
        write(tmp_path / write.__name__)
    before = open_descriptors()
    for _ in range(3):
        check(tmp_path, CONTEXT)
        with pytest.raises(SubmissionError):
            snapshot(tmp_path, tmp_path / "copy")
    assert open_descriptors() == before


def swap_for_a_link(entry: Path, secret: Path) -> None:
    (entry / "swap").symlink_to(secret)
    (entry / "swap").replace(entry / "model.bin")
    (entry / "swap").write_bytes(PUBLIC)
    (entry / "swap").replace(entry / "model.bin")


def swap_folder_for_a_link(entry: Path, secret: Path) -> None:
    (entry / "inner").rename(entry / "away")
    (entry / "inner").symlink_to(secret.parent)
    (entry / "inner").unlink()
    (entry / "away").rename(entry / "inner")


def grow_and_shrink(entry: Path, _: Path) -> None:
    with (entry / "model.bin").open("ab") as file:
        file.write(b"more" * 1000)
    os.truncate(entry / "model.bin", len(PUBLIC))


def swap_for_a_pipe(entry: Path, _: Path) -> None:
    os.mkfifo(entry / "swap")
    (entry / "swap").replace(entry / "model.bin")
    (entry / "swap").write_bytes(PUBLIC)
    (entry / "swap").replace(entry / "model.bin")


@pytest.mark.parametrize(
    "change", [swap_for_a_link, swap_folder_for_a_link, grow_and_shrink, swap_for_a_pipe]
)
def test_a_folder_that_never_holds_still_smuggles_nothing_in(
    tmp_path: Path, change: Callable[[Path, Path], None]
) -> None:
    entry, secrets = tmp_path / "entry", tmp_path / "secrets"
    (entry / "inner").mkdir(parents=True)
    secrets.mkdir()
    (entry / "model.bin").write_bytes(PUBLIC)
    (entry / "inner" / "secret").write_bytes(PUBLIC)
    (secrets / "secret").write_bytes(SECRET)
    stop = threading.Event()

    def keep_changing() -> None:
        while not stop.is_set():
            change(entry, secrets / "secret")

    changing = threading.Thread(target=keep_changing)
    changing.start()
    try:
        for number in range(150):
            check(entry, CONTEXT)
            copy = tmp_path / f"copy-{number}"
            try:
                made = snapshot(entry, copy)
            except SubmissionError:
                pass
            else:
                assert made.digest == entry_digest(copy)
            for path in copy.rglob("*"):
                assert not path.is_symlink()
                assert path.is_dir() or SECRET not in path.read_bytes()
    finally:
        stop.set()
        changing.join()
