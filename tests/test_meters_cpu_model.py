from __future__ import annotations

import math
import os
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import Clock, FakeWork, recording

from harness.errors import ConfigurationError, UsageError
from harness.meters.cpu_model import CpuModel, open_sources
from harness.meters.processors import Constants
from harness.meters.protocol import Surroundings

amounts = st.floats(min_value=0, max_value=1e4)


def model(cores: int, clock: Clock | None = None) -> CpuModel:
    """Make a model of a machine of 8 cores of 4 W, idle at 3.2 W, of which ``cores`` are used."""
    constants = Constants(
        core_watts=4.0, idle_watts=3.2, relative_uncertainty=1.0, source="made up"
    )
    return CpuModel(constants, share=cores / 8, clock=Clock() if clock is None else clock)


def measured(cores: int, steps: list[tuple[float, float]]) -> list[float]:
    """Return the joules of consecutive windows of (wall seconds, CPU seconds)."""
    clock, work = Clock(), FakeWork()
    joules = []
    with recording(model(cores, clock), clock, work) as windows:
        for seconds, cpu_seconds in steps:
            clock.now += seconds
            work.used += cpu_seconds
            joules.append(windows.mark().joules)
    return joules


def test_a_busy_second_costs_four_watts_above_the_idle_of_the_entrys_share() -> None:
    assert measured(2, [(1.0, 0.0), (1.0, 1.0), (1.0, 2.0)]) == pytest.approx([0.8, 4.8, 8.8])


def test_the_description_holds_the_constants_that_were_multiplied_with() -> None:
    source = model(2).describe()
    assert (source.grade, source.kind, source.component) == ("model", "model", "package")
    assert source.constants == pytest.approx(
        {"core_watts": 4.0, "base_watts": 0.8, "idle_watts": 3.2}
    )
    assert source.provenance.endswith("constants: made up")
    assert "idle_watts x 0.25, the entry's share of the cores" in source.provenance
    assert source.relative_uncertainty == 1.0


def test_an_entry_is_billed_idle_for_the_cores_that_it_is_pinned_to() -> None:
    stated = {"core_watts": 5.0, "idle_watts": 40.0, "relative_uncertainty": 0.5}
    for cores, base in ((1, 5.0), (8, 40.0), (16, 40.0)):
        surroundings = Surroundings(
            cores=cores, machine_cores=8, constants=stated, constants_source="profile x"
        )
        (source,) = open_sources("", surroundings)
        assert source.describe().constants["base_watts"] == base
        assert "stated by profile x" in source.describe().provenance


def test_faulty_constants_and_arguments_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="idle_watts: it is missing"):
        open_sources("", Surroundings(cores=1, machine_cores=1, constants={"core_watts": 5.0}))
    with pytest.raises(UsageError, match="takes no argument"):
        open_sources("4", Surroundings(cores=1, machine_cores=1))


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


def test_a_window_is_as_uncertain_as_a_tick_of_cpu_time_at_either_edge() -> None:
    clock, work = Clock(), FakeWork()
    with recording(model(2, clock), clock, work) as windows:
        (energy,) = windows.mark().energy
    of_a_tick = 4.0 / os.sysconf("SC_CLK_TCK") / math.sqrt(12)  # joules, evenly spread
    assert energy.resolution_joules == pytest.approx(1.96 * math.sqrt(2) * of_a_tick)
    assert energy.edges_joules == 0.0


def test_other_processes_are_not_billed() -> None:
    clock, work = Clock(), FakeWork()
    with recording(model(1, clock), clock, work) as windows:
        subprocess.run([sys.executable, "-c", "sum(range(10**6))"], check=True)
        reading = windows.mark()
    assert reading.joules == 0
    assert reading.cpu_seconds == 0


def test_a_share_of_no_cores_or_of_more_than_all_is_refused() -> None:
    for cores in (0, 9):
        with pytest.raises(ValueError, match="some of a machine's cores"):
            model(cores)
