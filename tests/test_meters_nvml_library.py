from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from nvml_machine import FAST, Machine, built_in, machine_with, pynvml
from stand_ins.nvml import StandIn

from harness.errors import HarnessError, MeasurementError
from harness.meters import nvml_library
from harness.meters.nvml import find_boards, find_sources
from harness.meters.nvml_library import LIBRARY, LIBRARY_VARIABLE
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Source


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_in(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def machine(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with machine_with(built, tmp_path, monkeypatch) as each:
        yield each


# ---- libraries and drivers that fail ----


def test_a_driver_without_a_device_is_said_to_be_one(machine: Machine) -> None:
    for stand_in in (StandIn(boards=0), StandIn(init_error=28)):
        machine.play(stand_in)
        with pytest.raises(SensorUnavailableError, match="a driver without a device") as missing:
            find_sources()
        assert missing.value.remedy
        del missing
        gc.collect()


def test_no_driver_is_no_sensor(machine: Machine) -> None:
    machine.play(StandIn(init_error=9))
    with pytest.raises(SensorUnavailableError, match="kernel driver is not loaded") as missing:
        find_sources()
    assert "modprobe" in missing.value.remedy


def test_no_library_is_no_sensor(machine: Machine) -> None:
    def absent(name: str) -> None:
        raise OSError(name)

    machine.patch.delenv(LIBRARY_VARIABLE)
    machine.patch.setattr(pynvml, "CDLL", absent)
    with pytest.raises(SensorUnavailableError, match=f"{LIBRARY} is not found") as missing:
        find_sources()
    assert missing.value.remedy


@pytest.mark.parametrize(
    ("stand_in", "words"),
    [
        (StandIn(init_error=18), "different versions"),
        (StandIn(init_error=4), "may not open"),
        (StandIn(init_error=13), "nvmlInitWithFlags"),
        (StandIn(init_error=999), r"Unknown Error \(NVML error 999\)"),
        (StandIn(init_error=77), r"\(NVML error 77\)"),
        (StandIn(count_error=999), r"NVML: cannot be read: Unknown Error"),
        (StandIn(handle_error=4), r"gpu-0: cannot be read: Insufficient Permissions"),
        (StandIn(fail_at=0.0), r"gpu-0: the board is lost"),
    ],
)
def test_a_driver_that_does_not_work_is_named_and_not_passed_over(
    machine: Machine, stand_in: StandIn, words: str
) -> None:
    machine.play(stand_in)
    with pytest.raises(MeasurementError, match=words) as failed:
        find_sources()
    assert not isinstance(failed.value, SensorUnavailableError)
    assert failed.value.remedy


def test_a_replacement_that_cannot_be_loaded_is_refused(machine: Machine, built: Path) -> None:
    machine.patch.setenv(LIBRARY_VARIABLE, str(machine.folder / "absent.so"))
    with pytest.raises(MeasurementError, match=f"{LIBRARY_VARIABLE}.*is not a file"):
        find_boards()
    other = machine.folder / "text.so"
    other.write_text("no library")
    machine.patch.setenv(LIBRARY_VARIABLE, str(other))
    with pytest.raises(MeasurementError, match=f"{LIBRARY_VARIABLE}.*cannot be loaded"):
        find_boards()
    machine.patch.setattr(pynvml, "nvmlLib", ctypes.CDLL(str(built)))
    with pytest.raises(MeasurementError, match=r"has loaded .* already"):
        find_boards()


# ---- grades ----

SAY_GRADE = """
from harness.meters.nvml import find_sources
print(find_sources()[0].describe().grade)
"""


def test_a_replaced_library_is_simulated_whatever_it_claims(machine: Machine) -> None:
    machine.play(replace(FAST, driver="535.104.05"))
    described = find_sources()[0].describe()
    assert described.grade == "simulated"
    assert described.provenance.startswith("stand-in")


@pytest.mark.parametrize("variable", ["LD_LIBRARY_PATH", "LD_PRELOAD"])
def test_a_library_that_the_loader_was_led_to_is_simulated(built: Path, variable: str) -> None:
    led_to = built.parent if variable == "LD_LIBRARY_PATH" else built
    environment = dict(os.environ) | replace(FAST, driver="535.104.05").environment()
    environment.pop(LIBRARY_VARIABLE, None)
    environment[variable] = str(led_to)
    said = subprocess.run(
        [sys.executable, "-c", SAY_GRADE],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "simulated"


@pytest.mark.parametrize(
    ("driver", "grade"), [("535.104.05", "sensor"), ("stand-in 1.0", "simulated")]
)
def test_the_systems_own_library_is_a_sensor_unless_it_says_otherwise(
    machine: Machine, built: Path, driver: str, grade: str
) -> None:
    cache = machine.folder / "ld.so.cache"
    cache.write_bytes(b"glibc-ld.so.cache1.1\0" + LIBRARY.encode() + b"\0" + bytes(built) + b"\0")
    machine.patch.delenv(LIBRARY_VARIABLE)
    machine.patch.setattr(pynvml, "CDLL", lambda _: ctypes.CDLL(str(built)))
    machine.play(replace(FAST, driver=driver))
    assert find_sources()[0].describe().grade == "simulated", "the loader does not know its folder"
    machine.patch.setattr(nvml_library, "_LOADER_CACHE", cache)
    gc.collect()
    described = find_sources()[0].describe()
    assert described.grade == grade
    assert described.provenance.startswith("stand-in") == (grade == "simulated")
    machine.patch.setenv(LIBRARY_VARIABLE, str(built))
    gc.collect()
    assert find_sources()[0].describe().grade == "simulated", "named, if only to name the same"


def test_every_failure_is_one_that_the_harness_explains(machine: Machine) -> None:
    for code in range(1, 35):
        machine.play(StandIn(init_error=code))
        with pytest.raises(HarnessError):
            find_sources()
        gc.collect()


def test_sources_keep_the_library_and_let_it_go(machine: Machine) -> None:
    machine.play(FAST)
    sources: tuple[Source, ...] | None = find_sources()
    initialised = machine.initialised
    assert initialised() == 1
    assert sources
    sources = None
    gc.collect()
    assert initialised() == 0


# ---- the benchmark ----

BENCHMARK = Path(__file__).resolve().parent.parent / "benchmarks/gpu_meter.py"


def run_benchmark(
    built: Path, stand_in: StandIn, *arguments: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARK), *arguments],
        env=dict(os.environ) | stand_in.environment() | {LIBRARY_VARIABLE: str(built)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_benchmark_says_that_a_stand_in_is_no_board(built: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    ended = run_benchmark(built, FAST, "--seconds=0.2", "--repeats=1", f"--write={report}")
    assert ended.returncode == 0, ended.stderr
    text = report.read_text(encoding="utf-8")
    assert text.strip() == ended.stdout.strip()
    assert "# What the meter saw of gpu-0 NVIDIA Stand-in" in text
    assert "A stand-in library, not a board" in text


def test_the_benchmark_needs_a_board(built: Path) -> None:
    ended = run_benchmark(built, StandIn(boards=0))
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "a driver without a device" in ended.stderr
    assert "Traceback" not in ended.stderr
