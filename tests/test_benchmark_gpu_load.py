"""The load of a board, run on a stand-in for CUDA's driver, and what the benchmark makes of it."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from stand_ins.cuda import build
from stand_ins.nvml import compiler

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))

import gpu_load  # noqa: E402 - the benchmarks are scripts, found on the path above
import gpu_meter  # noqa: E402 - likewise

from harness.errors import MeasurementError  # noqa: E402 - after the path

BOARD = "gpu-0"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if compiler() is None:
        pytest.skip("no C compiler to build the stand-in library with: install gcc and libc6-dev")
    return build(tmp_path_factory.mktemp("cuda"))


@pytest.fixture
def driver(library: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Have programs that are started load the stand-in; return what sets its variables."""
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library.parent))
    monkeypatch.setattr(gpu_meter, "SETTLE_SECONDS", 0.0)
    return monkeypatch


def series(load: str, watts: float) -> gpu_meter.Series:
    return gpu_meter.Series(load, "counter", 1.0, (watts, watts), (1.0, 1.0))


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize("load", ["steady", "bursty"])
def test_a_load_runs_until_it_is_ended(load: str) -> None:
    with gpu_meter.loaded(load, 0) as running:
        running.check()
    assert running.child is not None
    assert running.child.returncode == -signal.SIGTERM
    assert re.fullmatch(
        r"8,192 threads on 4 multiprocessors, [\d,]+ steps of 8 chains each, [\d.]+ ms a launch",
        running.words,
    )


@pytest.mark.usefixtures("driver")
def test_it_is_asked_beforehand_whether_there_can_be_a_load() -> None:
    assert gpu_meter.ask_load(0) == ""


def test_without_a_driver_there_is_none_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / gpu_load.LIBRARY).write_text("no library")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    assert re.match(r"CUDA: .*libcuda\.so\.1.*; install NVIDIA's driver", gpu_meter.ask_load(0))


@pytest.mark.parametrize("call", sorted(gpu_load.CALLS))
def test_every_call_that_fails_is_named_with_its_error(
    call: str, driver: pytest.MonkeyPatch
) -> None:
    driver.setenv("CUDA_STAND_IN_FAIL", call)
    driver.setenv("CUDA_STAND_IN_RESULT", "304")
    said = rf"CUDA: {call} failed with error 304 \(CUDA_ERROR_OPERATING_SYSTEM: OS call failed\)"
    with pytest.raises(MeasurementError, match=said), gpu_meter.loaded("steady", 0):
        pass


def test_what_the_driver_says_of_the_kernel_is_told(driver: pytest.MonkeyPatch) -> None:
    driver.setenv("CUDA_STAND_IN_FAIL", "cuModuleLoadDataEx")
    driver.setenv("CUDA_STAND_IN_RESULT", "218")
    said = r"error 218 \(unknown: unknown\): line 7: not a word; look for Xid"
    with pytest.raises(MeasurementError, match=said), gpu_meter.loaded("steady", 0):
        pass


def test_a_board_that_computes_nothing_is_no_load(driver: pytest.MonkeyPatch) -> None:
    driver.setenv("CUDA_STAND_IN_NANOSECONDS", "0")
    with (
        pytest.raises(MeasurementError, match="nothing was computed"),
        gpu_meter.loaded("steady", 0),
    ):
        pass


def test_a_load_that_ends_while_it_is_measured_is_noticed(driver: pytest.MonkeyPatch) -> None:
    driver.setenv("CUDA_STAND_IN_FAIL", "cuLaunchKernel")
    driver.setenv("CUDA_STAND_IN_RESULT", "719")
    driver.setenv("CUDA_STAND_IN_AFTER", "8")
    with gpu_meter.loaded("steady", 0) as running:
        assert running.child is not None
        running.child.wait(20)
        with pytest.raises(MeasurementError, match=r"ended with 3 while .*cuLaunchKernel failed"):
            running.check()


@pytest.mark.parametrize("watts", [60.0, 71.9])
def test_a_load_that_the_power_does_not_show_is_none(watts: float) -> None:
    found = [series("none", 60.0), series("steady", watts)]
    with pytest.raises(MeasurementError, match="the load did not reach it"):
        gpu_meter.require_rise(BOARD, "steady", found)


def test_a_load_that_the_power_shows_is_one() -> None:
    found = [series("none", 60.0)]
    gpu_meter.require_rise(BOARD, "none", found)
    gpu_meter.require_rise(BOARD, "bursty", [*found, series("bursty", 72.1)])


@pytest.mark.parametrize("architecture", ["sm_75", "sm_90"])
def test_the_kernel_is_one_that_nvidias_assembler_takes(architecture: str, tmp_path: Path) -> None:
    assembler = shutil.which("ptxas")
    if assembler is None:
        pytest.skip("no ptxas, which is part of CUDA's toolkit")
    source = tmp_path / "burn.ptx"
    source.write_text(gpu_load.kernel())
    command = [assembler, f"-arch={architecture}", str(source), "-o", str(tmp_path / "burn")]
    subprocess.run(command, check=True)
