"""An entry sees the device files that it is given, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest
from sandboxes import device, launch_of, working, write_entry

from harness.errors import SubmissionError
from harness.sandbox.devices import accelerator_devices

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
