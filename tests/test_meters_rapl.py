from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import FakeWork, LiveZones, add_zone
from virtual_power import (
    VirtualClock,
    VirtualCounter,
    edge_moment,
    run,
    square_wave,
    steady,
    virtual_recording,
)

from harness.errors import MeasurementError, UsageError
from harness.meters.counter import TRACE_SECONDS, CounterSource
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Surroundings
from harness.meters.rapl import find_sources, hardware_step, open_sources, survey_sources
from harness.meters.sources import SourceMeter, SourceRecording

SURROUNDINGS = Surroundings(cores=2, machine_cores=2)
MEMORY = steady(3.0)


class Machine:
    """A powercap folder whose counters count on a virtual clock."""

    def __init__(self, root: Path, live: LiveZones) -> None:
        self.root = root
        self.live = live
        self.clock = VirtualClock()

    def zone(self, folder: str, name: str, *, mirrors: str = "", watts: float = 65.0) -> Path:
        """Add one; return its counter's file."""
        counter = add_zone(self.root, folder, name)
        counter.write_text("virtual")
        power = MEMORY if name == "dram" else square_wave(low=20, high=2 * watts, period=0.013)
        self.live.registers[folder] = self.live.registers.get(mirrors) or VirtualCounter(
            self.clock,
            power,
            seed=len(self.live.registers),
            start_units=61 * 10**6 * (1 + len(self.live.registers)),
        )
        return counter

    def sources(self) -> tuple[CounterSource, ...]:
        return find_sources(clock=self.clock, sleep=self.clock.sleep)[0]

    def left_out(self) -> list[str]:
        return [str(each) for each in find_sources(clock=self.clock, sleep=self.clock.sleep)[1]]

    def truth(self, folders: list[str], began: float, ended: float) -> float:
        return sum(self.live.registers[each].power.joules(began, ended) for each in folders)


@pytest.fixture
def live(monkeypatch: pytest.MonkeyPatch) -> LiveZones:
    zones = LiveZones()
    monkeypatch.setattr("harness.meters.powercap._text", zones)
    return zones


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, live: LiveZones) -> Machine:
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path))
    return Machine(tmp_path, live)


def test_packages_and_memory_are_added_and_nothing_inside_or_around_them(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    machine.zone("intel-rapl:0:0", "core")
    machine.zone("intel-rapl:0:1", "uncore")
    machine.zone("intel-rapl:0:2", "dram")
    machine.zone("intel-rapl:1", "package-1", watts=90)
    machine.zone("intel-rapl:1:0", "dram")
    machine.zone("intel-rapl:2", "psys", watts=400)
    machine.zone("intel-rapl-mmio:0", "package-0", mirrors="intel-rapl:0")
    sources = machine.sources()
    with virtual_recording(sources, machine.clock) as recording:
        began = edge_moment(recording)
        run(recording, sources, machine.clock, 3.0)
        dram, package = recording.mark().energy
        ended = edge_moment(recording)
    for part, folders in (
        (dram, ["intel-rapl:0:2", "intel-rapl:1:0"]),
        (package, ["intel-rapl:0", "intel-rapl:1"]),
    ):
        truth = machine.truth(folders, began, ended)
        assert abs(part.joules - truth) <= part.uncertainty_joules
        assert part.uncertainty_joules < 0.002 * truth
        assert part.gain_joules == pytest.approx(0.05 * part.joules)
        assert part.model_joules == 0


def test_one_counter_behind_two_dies_is_billed_once(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0-die-0")
    machine.zone("intel-rapl:1", "package-0-die-1", mirrors="intel-rapl:0")
    (source,) = machine.sources()
    assert source.describe().name == "package-0-die-0"
    assert machine.left_out() == ["package-0-die-1 (shows the counter of package-0-die-0)"]


def test_dies_with_counters_of_their_own_are_added(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0-die-0")
    machine.zone("intel-rapl:1", "package-0-die-1")
    assert [source.describe().name for source in machine.sources()] == [
        "package-0-die-0",
        "package-0-die-1",
    ]


def test_what_was_measured_of_a_counter_is_in_its_description(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    (source,) = machine.sources()
    described = source.describe()
    assert (described.component, described.kind) == ("package", "counter")
    assert described.refresh_seconds == pytest.approx(0.001, rel=0.3)
    assert described.resolution_joules == pytest.approx(61e-6)
    assert described.relative_uncertainty == 0.05


def test_memory_that_counts_nothing_is_left_out_and_said_so(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    machine.zone("intel-rapl:0:0", "dram")
    machine.live.registers["intel-rapl:0:0"].frozen_from = 0.0
    assert [source.describe().name for source in machine.sources()] == ["package-0"]
    assert machine.left_out() == ["package-0/dram (stood still for 0.5 s)"]


def test_a_package_that_counts_nothing_is_an_error(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    machine.live.registers["intel-rapl:0"].frozen_from = 0.0
    with pytest.raises(MeasurementError, match=r"package-0: stood still for 0.5 s") as caught:
        machine.sources()
    assert "--meter model" in caught.value.remedy


def test_a_zone_of_an_unknown_name_is_named_and_not_billed(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.meters.rapl._STILL_SECONDS", 0.05)
    machine.zone("intel-rapl:0", "package-0").write_text("5")
    machine.zone("intel-rapl:0:0", "accelerator")
    sources, left_out = survey_sources("", SURROUNDINGS)
    assert [source.describe().name for source in sources] == ["package-0"]
    assert [*map(str, left_out)] == ["'accelerator' (intel-rapl:0:0: not a known name)"]


def test_nothing_is_said_where_nothing_is_left_out(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0").write_text("5")
    assert survey_sources("", SURROUNDINGS)[1] == ()


def test_it_takes_no_argument(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    with pytest.raises(UsageError, match="rapl takes no argument"):
        open_sources("0", SURROUNDINGS)


def test_a_small_range_is_read_more_often(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    (machine.root / "intel-rapl:0/max_energy_range_uj").write_text("40000000")
    machine.live.registers["intel-rapl:0"].range_units = 40_000_000
    (source,) = machine.sources()
    assert source.poll_seconds == pytest.approx(0.01)  # 40 J last 40 ms at 1,000 W


def test_the_largest_range_that_the_kernel_can_state_is_followed(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    (machine.root / "intel-rapl:0/max_energy_range_uj").write_text(str(2**64 - 1))
    (source,) = machine.sources()
    assert source.poll_seconds == TRACE_SECONDS


def refuse(path: Path) -> None:
    """Make a file unreadable: root, who may run the tests, is refused nothing but a loop."""
    path.unlink()
    path.symlink_to(path.name)


def remove_zone(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (Path.unlink, "No such file"),
        (remove_zone, "the zone is gone"),
        (refuse, "cannot be read"),
        (lambda path: path.write_text(""), "found ''"),
        (lambda path: path.write_text("-1"), "found '-1'"),
        (lambda path: path.write_text("garbage"), "found 'garbage'"),
        (lambda path: path.write_text("9" * 30), "not a number of microjoules"),
        (lambda path: path.write_text(str(2**63)), f"found {2**63}, expected 0 to"),
    ],
)
def test_a_zone_that_fails_inside_a_window_fails_the_window_by_name_and_for_good(
    machine: Machine, break_it: Callable[[Path], object], said: str
) -> None:
    machine.zone("intel-rapl:0", "package-0")
    counter = machine.zone("intel-rapl:0:0", "dram")
    sources = machine.sources()
    with virtual_recording(sources, machine.clock) as recording:
        run(recording, sources, machine.clock, 1.0)
        recording.mark()
        break_it(counter)
        run(recording, sources, machine.clock, 1.0)
        if not counter.parent.exists():
            counter.parent.mkdir()
        counter.unlink(missing_ok=True)
        counter.write_text("virtual")  # that it comes back does not mend the window
        for _ in range(2):
            with pytest.raises(MeasurementError, match="zone package-0/dram") as caught:
                recording.mark()
            assert said in caught.value.message
            assert caught.value.remedy


def test_permission_that_is_lost_comes_with_the_way_to_open_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.zone("intel-rapl:0", "package-0")
    sources = machine.sources()
    with virtual_recording(sources, machine.clock) as recording:

        def refuse_all(*_: object, **__: object) -> int:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "open", refuse_all)
        with pytest.raises(
            SensorUnavailableError, match=r"package-0: .*permission denied"
        ) as caught:
            recording.mark()
    assert "chmod o+r" in caught.value.remedy


def pollers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "meter poller"]


def test_counters_are_followed_between_marks_and_only_until_the_block_ends(
    machine: Machine,
) -> None:
    counter = machine.zone("intel-rapl:0", "package-0")
    counter.write_text("5000000")
    (machine.root / "intel-rapl:0/max_energy_range_uj").write_text("40000000")
    with SourceMeter("rapl", open_sources("", SURROUNDINGS)).record(FakeWork()) as recording:
        (poller,) = pollers()
        counter.unlink()
        poller.join(timeout=30)  # it ends at the first failure that it sees
        assert not poller.is_alive()
        counter.write_text("5000000")
        with pytest.raises(MeasurementError, match="package-0"):
            recording.mark()
    with SourceMeter("rapl", open_sources("", SURROUNDINGS)).record(FakeWork()) as recording:
        assert isinstance(recording, SourceRecording)
        assert pollers()
        assert recording.mark().joules > 0
    assert not pollers()


def test_a_replaced_root_is_simulated_whatever_it_claims(machine: Machine) -> None:
    machine.zone("intel-rapl:0", "package-0")
    machine.zone("intel-rapl:0:0", "dram")
    description = SourceMeter("rapl", machine.sources()).describe()
    assert description.grade == "simulated"
    assert {source.grade for source in description.sources} == {"simulated"}
    assert {source.provenance.split()[0] for source in description.sources} == {"stand-in"}
    assert description.components == ("dram", "package")


def test_the_systems_own_folder_is_a_sensor(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.zone("intel-rapl:0", "package-0")
    monkeypatch.delenv("HARNESS_POWERCAP_ROOT")
    monkeypatch.setattr("harness.meters.powercap._SYSTEM_ROOT", machine.root)
    assert SourceMeter("rapl", machine.sources()).describe().grade == "sensor"


@given(
    exponent=st.integers(10, 18),
    units=st.lists(st.integers(10**6, 2**32 - 1), min_size=11, max_size=11),
)
def test_the_step_of_a_processor_shows_in_what_the_kernel_makes_of_it(
    exponent: int, units: list[int]
) -> None:
    nanojoules = 1_000_000_000 >> exponent
    shown = [each * nanojoules // 1000 for each in units]
    assert hardware_step(shown) >= nanojoules / 1000  # more where all happen to be multiples


def test_other_numbers_show_no_step() -> None:
    assert hardware_step([123_456_789 + 7 * each for each in range(11)]) <= 1.0
