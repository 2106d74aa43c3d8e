"""Governor, turbo and limits, read from folders that look like the kernel's."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from harness.errors import OrganiserError
from harness.meters import platform_state


def put(sys_root: Path, name: str, content: str) -> None:
    path = sys_root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


CPU = "devices/system/cpu"


def test_a_machine_that_tells_nothing(tmp_path: Path) -> None:
    assert platform_state.governor(tmp_path) is None
    assert platform_state.turbo(tmp_path) is None
    assert platform_state.processor_power_limits(tmp_path) == {}


def test_the_governor_is_that_of_all_policies(tmp_path: Path) -> None:
    for core in (0, 1, 10):
        put(tmp_path, f"{CPU}/cpufreq/policy{core}/scaling_governor", "performance\n")
    assert platform_state.governor(tmp_path) == "performance"


def test_governors_that_differ_are_all_named(tmp_path: Path) -> None:
    put(tmp_path, f"{CPU}/cpufreq/policy0/scaling_governor", "schedutil\n")
    put(tmp_path, f"{CPU}/cpufreq/policy1/scaling_governor", "performance\n")
    assert platform_state.governor(tmp_path) == "performance, schedutil"


def test_an_older_kernel_lists_governors_by_core(tmp_path: Path) -> None:
    put(tmp_path, f"{CPU}/cpu0/cpufreq/scaling_governor", "ondemand\n")
    assert platform_state.governor(tmp_path) == "ondemand"


@pytest.mark.parametrize(
    ("file", "content", "turbo"),
    [
        ("intel_pstate/no_turbo", "1\n", False),
        ("intel_pstate/no_turbo", "0\n", True),
        ("cpufreq/boost", "1\n", True),
        ("cpufreq/boost", "0\n", False),
        ("cpufreq/policy3/boost", "1\n", True),
        ("cpufreq/policy3/boost", "0\n", False),
    ],
)
def test_turbo_is_read_wherever_the_driver_has_it(
    tmp_path: Path, file: str, content: str, turbo: bool
) -> None:
    put(tmp_path, f"{CPU}/{file}", content)
    assert platform_state.turbo(tmp_path) is turbo


@pytest.mark.parametrize("content", ["", "yes", "-1", "2", "1e3", "9" * 5000, "٣"])
def test_a_switch_that_makes_no_sense_is_named(tmp_path: Path, content: str) -> None:
    put(tmp_path, f"{CPU}/cpufreq/boost", content)
    with pytest.raises(OrganiserError, match="cpufreq/boost: found") as caught:
        platform_state.turbo(tmp_path)
    assert caught.value.remedy


def zone(root: Path, folder: str, name: str, **limits: str) -> None:
    put(root, f"class/powercap/{folder}/name", f"{name}\n")
    for number, (kind, microwatts) in enumerate(limits.items()):
        put(root, f"class/powercap/{folder}/constraint_{number}_name", f"{kind}\n")
        put(root, f"class/powercap/{folder}/constraint_{number}_power_limit_uw", f"{microwatts}\n")


def test_limits_go_by_zone_and_constraint(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", long_term="125000000", short_term="241000000")
    zone(tmp_path, "intel-rapl:0:1", "dram", long_term="30000000")
    zone(tmp_path, "intel-rapl:1", "package-1", long_term="95500400")
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", long_term="28000000")
    put(tmp_path, "class/powercap/intel-rapl/enabled", "1\n")

    assert platform_state.processor_power_limits(tmp_path) == {
        "package-0 long_term (mmio)": 28.0,
        "package-0 long_term": 125.0,
        "package-0 short_term": 241.0,
        "package-0/dram long_term": 30.0,
        "package-1 long_term": 95.5,
    }


def test_a_limit_that_is_not_in_force_is_none(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", long_term="0")
    zone(tmp_path, "intel-rapl:0:0", "core", long_term="5000000")
    put(tmp_path, "class/powercap/intel-rapl:0:0/enabled", "0\n")

    assert platform_state.processor_power_limits(tmp_path) == {}


@pytest.mark.parametrize("content", ["", "lots", "-5", "9" * 30])
def test_a_limit_that_makes_no_sense_is_named(tmp_path: Path, content: str) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", long_term=content)
    with pytest.raises(OrganiserError, match="constraint_0_power_limit_uw: found"):
        platform_state.processor_power_limits(tmp_path)


class NVMLError(Exception):
    """Raised by the stand-in as by the library."""


class Library(ModuleType):
    """As much of ``pynvml`` as is asked: the second board tells no limit."""

    NVMLError = NVMLError

    def __init__(self, *, absent: bool = False) -> None:
        super().__init__("pynvml")
        self.absent = absent
        self.open = 0

    def nvmlInit(self) -> None:  # noqa: N802 - the library's name
        if self.absent:
            raise NVMLError
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetPowerManagementLimit(self, board: int) -> int:  # noqa: N802
        if board == 1:
            raise NVMLError
        return 700_000 + board


def test_boards_tell_what_they_are_limited_to(monkeypatch: pytest.MonkeyPatch) -> None:
    library = Library()
    monkeypatch.setitem(sys.modules, "pynvml", library)

    assert platform_state.board_power_limits() == {"gpu-0": 700.0, "gpu-2": 700.002}
    assert library.open == 0


def test_without_the_boards_library_there_are_no_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Library(absent=True))
    assert platform_state.board_power_limits() == {}


@pytest.mark.parametrize(
    ("listed", "threads"),
    [("0,4\n", {0, 4}), ("0-1\n", {0, 1}), ("", {0}), ("x,2-y,7", {0, 7})],
)
def test_threads_of_one_physical_core(tmp_path: Path, listed: str, threads: set[int]) -> None:
    put(tmp_path, f"{CPU}/cpu0/topology/thread_siblings_list", listed)
    assert platform_state.siblings(tmp_path, 0) == threads
