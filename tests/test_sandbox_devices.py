"""An entry sees the device files that it is given, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandboxes import device, launch_of, working, write_entry

from harness.errors import SubmissionError
from harness.sandbox.devices import (
    LIBRARY,
    accelerator_devices,
    driver_folders,
    settings_of,
)

USE = """
import os
with open({path!r}, "r+b", buffering=0) as device:
    device.write(b"x")
    assert device.read(1) == bytes(1)
class Model: predict = None
def load(directory): return type("Model", (), {{"predict": lambda self, samples: [0]}})()
"""


@pytest.fixture
def board(tmp_path: Path) -> Path:
    return device(tmp_path / "nvidia0")


@pytest.mark.parametrize("way", ["bwrap", "landlock"])
def test_a_device_that_is_given_can_be_used(way: str, board: Path, tmp_path: Path) -> None:
    entry = write_entry(tmp_path / "entry", USE.format(path=str(board)))
    with working(way).launch(launch_of(entry, devices=(board,))) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)


@pytest.mark.parametrize("way", ["bwrap", "landlock"])
def test_a_device_that_is_not_given_cannot(way: str, board: Path, tmp_path: Path) -> None:
    entry = write_entry(tmp_path / "entry", USE.format(path=str(board)))
    with working(way).launch(launch_of(entry)) as process:
        process.ready(deadline_seconds=20)
        with pytest.raises(SubmissionError, match=r"No such file|Permission denied"):
            process.load(deadline_seconds=20)


def test_what_a_board_needs_is_found_and_nothing_else(tmp_path: Path) -> None:
    wanted = {device(tmp_path / name) for name in ("nvidia0", "nvidia11", "nvidiactl")}
    device(tmp_path / "nvme0")
    device(tmp_path / "nvidia-modeset")
    (tmp_path / "nvidia7").touch()  # no device
    (tmp_path / "nvidia8").symlink_to("nvidia0")

    assert set(accelerator_devices(tmp_path)) == wanted


def test_a_driver_without_a_board_is_nothing(tmp_path: Path) -> None:
    device(tmp_path / "nvidiactl")

    assert accelerator_devices(tmp_path) == ()


NAME_A_THREAD = """
import threading
def load(directory):
    ready, done = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: (ready.set(), done.wait()))
    thread.start()
    ready.wait()
    try:
        with open(f"/proc/self/task/{thread.native_id}/comm", "r+b", buffering=0) as file:
            file.write(b"named")  # opened as libc does for pthread_setname_np
        with open(f"/proc/self/task/{thread.native_id}/comm") as file:
            assert file.read() == "named\\n"
    finally:
        done.set()
    return type("Model", (), {"predict": lambda self, samples: [0]})()
"""

SET_THE_KERNEL = """
import os
def load(directory):
    for path in ("/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/mtrr"):
        try:
            os.close(os.open(path, os.O_WRONLY))
        except OSError:
            continue
        raise RuntimeError(f"could open {path}")
    return type("Model", (), {"predict": lambda self, samples: [0]})()
"""


@pytest.mark.parametrize(
    ("way", "code"),
    [("bwrap", NAME_A_THREAD), ("bwrap", SET_THE_KERNEL), ("landlock", SET_THE_KERNEL)],
    ids=["bwrap-thread", "bwrap-kernel", "landlock-kernel"],
)
def test_with_a_board_threads_can_be_named_and_the_kernel_cannot_be_set(
    way: str, code: str, board: Path, tmp_path: Path
) -> None:
    entry = write_entry(tmp_path / "entry", code)
    with working(way).launch(launch_of(entry, devices=(board,))) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)


@pytest.mark.parametrize(
    ("way", "has_board"), [("bwrap", False), ("landlock", False), ("landlock", True)]
)
def test_otherwise_nothing_of_proc_can_be_written(
    way: str, has_board: bool, board: Path, tmp_path: Path
) -> None:
    entry = write_entry(tmp_path / "entry", NAME_A_THREAD)
    devices = (board,) if has_board else ()
    with working(way).launch(launch_of(entry, devices=devices)) as process:
        process.ready(deadline_seconds=20)
        with pytest.raises(SubmissionError, match=r"Read-only file system|Permission denied"):
            process.load(deadline_seconds=20)


@pytest.mark.parametrize("way", ["bwrap", "landlock"])
def test_a_device_in_dev_hides_none_of_the_usual_ones(way: str, tmp_path: Path) -> None:
    code = USE.format(path="/dev/zero").replace('b"x")', 'b"x"); open("/dev/null").close()')
    entry = write_entry(tmp_path / "entry", code)
    with working(way).launch(launch_of(entry, devices=(Path("/dev/zero"),))) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)


def test_the_drivers_folders_are_those_that_the_loader_knows(tmp_path: Path) -> None:
    real, named = tmp_path / "driver/lib64", tmp_path / "named"
    real.mkdir(parents=True)
    named.mkdir()
    (real / "libcuda.so.580").touch()
    (named / LIBRARY).symlink_to(real / "libcuda.so.580")
    cache = tmp_path / "ld.so.cache"
    gone = tmp_path / "gone" / LIBRARY
    names = (named / LIBRARY, gone, named / f"{LIBRARY}.old", named / "libcudart.so.1")
    cache.write_bytes(b"glibc-ld.so.cache1.1\0" + b"".join(bytes(p) + b"\0" for p in names))

    assert driver_folders(cache) == tuple(sorted((named, real)))
    assert driver_folders(tmp_path / "no cache") == ()


def test_what_the_kernel_has_in_proc_is_kept_and_processes_are_not(tmp_path: Path) -> None:
    for folder in ("sys", "1", "self-made"):
        (tmp_path / folder).mkdir()
    (tmp_path / "mtrr").touch(0o644)
    (tmp_path / "stat").touch(0o444)
    (tmp_path / "stat").chmod(0o444)
    (tmp_path / "self").symlink_to("1")

    kept = settings_of((Path("/dev/any"),), tmp_path)

    assert [each.name for each in kept] == ["mtrr", "self-made", "sys"]
    assert settings_of((), tmp_path) == ()
