from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import Clock, FakeWork, recording

from harness.meters.cpu_model import CpuModel

amounts = st.floats(min_value=0, max_value=1e4)


def measured(cores: int, steps: list[tuple[float, float]]) -> list[float]:
    """Return the joules of consecutive windows of (wall seconds, CPU seconds)."""
    clock, work = Clock(), FakeWork()
    joules = []
    with recording(CpuModel(cores=cores, clock=clock), clock, work) as windows:
        for seconds, cpu_seconds in steps:
            clock.now += seconds
            work.used += cpu_seconds
            joules.append(windows.mark().joules)
    return joules


def test_a_busy_second_costs_four_watts_above_the_idle_of_all_cores() -> None:
    assert measured(2, [(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)]) == pytest.approx([0.8, 4.8, 8.8])


def test_the_description_holds_the_constants_that_were_multiplied_with() -> None:
    source = CpuModel(cores=8).describe()
    assert (source.grade, source.kind, source.component) == ("model", "model", "package")
    assert source.constants == pytest.approx({"core_watts": 4.0, "base_watts": 3.2})
    assert "assumed" in source.provenance


@given(seconds=amounts, cpu_seconds=amounts, factor=st.integers(1, 50))
def test_energy_is_linear_in_work_and_time(seconds: float, cpu_seconds: float, factor: int) -> None:
    (once,) = measured(2, [(seconds, cpu_seconds)])
    (many,) = measured(2, [(seconds * factor, cpu_seconds * factor)])
    assert many == pytest.approx(once * factor, rel=1e-6, abs=1e-6)


@given(st.lists(st.tuples(amounts, amounts), min_size=1, max_size=20))
def test_consecutive_windows_add_up_to_the_whole(steps: list[tuple[float, float]]) -> None:
    (whole,) = measured(2, [(sum(seconds for seconds, _ in steps), sum(cpu for _, cpu in steps))])
    parts = measured(2, steps)
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(whole, rel=1e-6, abs=1e-6)


def test_other_processes_are_not_billed() -> None:
    clock, work = Clock(), FakeWork()
    with recording(CpuModel(cores=1, clock=clock), clock, work) as windows:
        subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
        reading = windows.mark()
    assert reading.joules == 0
    assert reading.cpu_seconds == 0


def test_a_machine_without_cores_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one core"):
        CpuModel(cores=0)
