"""A folder that a program could do with as it liked: added up, and removed."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from sandboxes import launch_of, working, write_entry

from harness.sandbox.confined import Confined
from harness.sandbox.spaces import folder_bytes, folder_files, nameless, remove_folder

PLENTY = 1 << 30


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "scratch"
    made.mkdir()
    return made


def deep(folder: Path, levels: int) -> None:
    """Make folders in folders, deeper than any path can be spelled."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("a-rather-long-name", dir_fd=here)
        below = os.open("a-rather-long-name", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    with os.fdopen(os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here), "wb") as file:
        file.write(b"x")
    os.close(here)


def test_files_count_by_the_room_they_take_and_none_is_free(folder: Path) -> None:
    (folder / "one").write_bytes(bytes(1 << 20))
    (folder / "within").mkdir()
    for number in range(10):
        (folder / "within" / f"{number}").touch()
    (folder / "link").symlink_to("/")

    assert folder_bytes(folder, PLENTY) >= (1 << 20) + 12 * 4096
    assert folder_bytes(folder, PLENTY) < 2 << 20


def test_counting_ends_where_it_is_enough(folder: Path) -> None:
    assert folder_files(folder, 10) == 0
    deep(folder, 3)
    (folder / "link").symlink_to(folder)

    assert folder_files(folder, 10) == 5
    assert folder_files(folder, 2) == 2


def test_adding_up_ends_where_it_is_too_much(folder: Path) -> None:
    for number in range(100):
        (folder / f"{number}").touch()

    assert folder_bytes(folder, 8192) == 3 * 4096


def test_what_is_too_deep_to_be_seen_is_too_much(folder: Path) -> None:
    deep(folder, 400)

    assert folder_bytes(folder, PLENTY) == PLENTY + 1
    remove_folder(folder)


def test_a_folder_that_is_gone_holds_nothing(folder: Path) -> None:
    folder.rmdir()

    assert folder_bytes(folder, PLENTY) == 0
    remove_folder(folder)


def test_everything_is_removed_however_deep_and_no_link_is_followed(
    folder: Path, tmp_path: Path
) -> None:
    deep(folder, 2000)
    (folder / "closed").mkdir()
    (folder / "closed" / "file").touch()
    (folder / "closed").chmod(0)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (folder / "link").symlink_to(tmp_path / "kept")
    os.mkfifo(folder / "pipe")

    remove_folder(folder)

    assert not folder.exists()
    assert (tmp_path / "kept" / "file").exists()


def test_only_open_files_without_a_name_are_nameless(folder: Path) -> None:
    (folder / "named").write_bytes(bytes(1 << 20))
    (folder / "lost").write_bytes(bytes(1 << 20))
    device = folder.stat().st_dev
    before, sockets, _ = nameless([os.getpid()])
    with (folder / "named").open("rb"), (folder / "lost").open("rb"):
        (folder / "lost").unlink()
        one, other = socket.socketpair()
        with one, other, socket.socket(fileno=os.dup(one.fileno())):
            held = nameless([os.getpid(), os.getpid()])
        assert held.bytes_by_device[device] - before.get(device, 0) == 1 << 20
        assert held.sockets == sockets + 2


def test_who_runs_a_program_that_may_not_be_read_is_seen_to_hide() -> None:
    """As an ordinary user: root looks into every process, or has the right to."""
    reader, writer = os.pipe()
    if (child := os.fork()) == 0:
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            os.write(writer, b"".join(_hidden_when_run(mode) for mode in (0o555, 0o111)))
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as said:
        assert said.read() == b"0010"


def _hidden_when_run(mode: int) -> bytes:
    """Return how many are hidden while a copy of a program runs and once it has ended."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        copy = Path(folder) / "cat"
        with os.fdopen(os.open(copy, os.O_CREAT | os.O_WRONLY, mode), "wb") as file:
            file.write(Path("/bin/cat").read_bytes())
        with subprocess.Popen([copy], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
            assert running.stdin is not None
            assert running.stdout is not None
            running.stdin.write(b"x")
            running.stdin.flush()
            running.stdout.read(1)  # it is the copy by now
            alive = nameless([running.pid]).hidden
            running.stdin.close()
            os.waitid(os.P_PID, running.pid, os.WEXITED | os.WNOWAIT)
            return b"%d%d" % (alive, nameless([running.pid]).hidden)


def test_an_entry_cannot_spoil_the_harness_with_what_it_leaves(tmp_path: Path) -> None:
    working("landlock")
    nest = """import os
os.chdir(os.environ['HOME'])
for _ in range(2000): os.mkdir('d'); os.chdir('d')
"""
    entry = write_entry(
        tmp_path,
        f"{nest}print(os.environ['HOME'])\nclass M: predict = print\ndef load(_): return M",
    )
    with Confined("landlock").launch(launch_of(entry)) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)
        process.finish(deadline_seconds=1)
        scratch = Path(process.captured().text.strip())
        assert scratch.name.startswith("harness-scratch-")
    assert not scratch.exists()
