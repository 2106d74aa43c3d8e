from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import RANGE, Clock, FakeWork, add_zone

from harness.errors import MeasurementError
from harness.meters.powercap import find_zones
from harness.meters.rapl import (
    REFRESH_SECONDS,
    RESOLUTION_JOULES,
    Rapl,
    RaplRecording,
    gained,
    poll_seconds,
)

ZONE = "intel-rapl:0"


class Machine:
    """A powercap folder on a clock of its own."""

    def __init__(self, root: Path, *, energy: int = 0, wraps_at: int = RANGE) -> None:
        self.root = root
        self.clock = Clock()
        self.work = FakeWork()
        self.wraps_at = wraps_at
        self.counter = add_zone(root, ZONE, "package-0", energy=energy, wraps_at=wraps_at)

    def record(self) -> RaplRecording:
        return RaplRecording(find_zones(self.root), self.work, self.clock)

    def run(self, seconds: float, joules: float) -> None:
        self.clock.now += seconds
        value = int(self.counter.read_text()) + round(joules * 1e6)
        self.counter.write_text(f"{value % self.wraps_at}")


def test_a_window_holds_what_the_counter_gained(tmp_path: Path) -> None:
    machine = Machine(tmp_path, energy=5_000_000)
    recording = machine.record()
    machine.run(2.0, joules=30.0)
    machine.work.used = 1.5
    reading = recording.mark()
    assert reading.joules == pytest.approx(30.0)
    assert (reading.seconds, reading.cpu_seconds) == (2.0, 1.5)


def test_the_uncertainty_is_two_refreshes_of_the_mean_power_and_the_resolution(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    recording = machine.record()
    machine.run(2.0, joules=30.0)
    (part,) = recording.mark().energy
    assert part.uncertainty_joules == pytest.approx(2 * REFRESH_SECONDS * 15.0 + RESOLUTION_JOULES)


def test_a_window_without_length_has_no_energy_and_no_error(tmp_path: Path) -> None:
    (part,) = Machine(tmp_path).record().mark().energy
    assert part.joules == 0
    assert part.uncertainty_joules == pytest.approx(RESOLUTION_JOULES)


def test_components_are_kept_apart_and_zones_of_one_added(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    second = add_zone(tmp_path, "intel-rapl:1", "package-1")
    memory = add_zone(tmp_path, "intel-rapl:0:0", "dram")
    add_zone(tmp_path, "intel-rapl:2", "psys")
    recording = machine.record()
    machine.run(1.0, joules=10.0)
    second.write_text("7000000")
    memory.write_text("2000000")
    (tmp_path / "intel-rapl:2/energy_uj").write_text("90000000")
    joules = {part.component: part.joules for part in recording.mark().energy}
    assert joules == pytest.approx({"dram": 2.0, "package": 17.0})


def test_a_wrap_inside_a_window_is_bridged(tmp_path: Path) -> None:
    machine = Machine(tmp_path, energy=RANGE - 4_000_000)
    recording = machine.record()
    machine.run(1.0, joules=10.0)
    assert recording.mark().joules == pytest.approx(10.0)


def test_many_wraps_are_seen_as_long_as_the_counter_is_followed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, wraps_at=1_000_000_000)
    recording = machine.record()
    for _ in range(20):
        machine.run(0.25, joules=240.0)
        assert recording.poll()
    assert recording.mark().joules == pytest.approx(4_800.0)


@given(
    wraps_at=st.integers(1, 2**60),
    steps=st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=30),
    start=st.floats(0, 1, exclude_max=True),
)
def test_steps_shorter_than_a_wrap_add_up_exactly(
    wraps_at: int, steps: list[float], start: float
) -> None:
    true = int(start * (wraps_at - 1))
    first, total = true, 0
    for share in steps:
        before = true
        true += int(share * (wraps_at - 1))
        step = gained(before % wraps_at, true % wraps_at, wraps_at)
        assert step >= 0
        total += step
    assert total == true - first


@given(
    cuts=st.lists(st.booleans(), min_size=1, max_size=15),
    joules=st.lists(st.integers(0, 900), min_size=15, max_size=15),
)
def test_consecutive_windows_add_up_to_the_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[bool], joules: list[int]
) -> None:
    machine = Machine(tmp_path_factory.mktemp("powercap"), energy=RANGE - 2_000_000_000)
    recording = machine.record()
    windows = []
    for cut, step in zip(cuts, joules, strict=False):
        machine.run(1.0, joules=step)
        if cut:
            windows.append(recording.mark())
        else:
            assert recording.poll()
    windows.append(recording.mark())
    assert min(window.joules for window in windows) >= 0
    assert sum(window.joules for window in windows) == pytest.approx(sum(joules[: len(cuts)]))
    assert sum(window.seconds for window in windows) == pytest.approx(len(cuts))


def test_a_gap_in_which_two_wraps_could_hide_fails_the_window(tmp_path: Path) -> None:
    machine = Machine(tmp_path, wraps_at=1_000_000_000)
    recording = machine.record()
    machine.run(1.01, joules=5.0)
    with pytest.raises(MeasurementError, match=r"package-0: not read for 1.01 s"):
        recording.mark()


def test_a_counter_that_was_reset_is_not_taken_for_one_that_wrapped(tmp_path: Path) -> None:
    machine = Machine(tmp_path, energy=50_000_000_000)
    recording = machine.record()
    machine.clock.now += 1
    machine.counter.write_text("0")
    with pytest.raises(MeasurementError, match=r"package-0: fell; .* reset"):
        recording.mark()


@pytest.mark.parametrize("content", [None, "", "-1", "garbage"])
def test_a_counter_that_fails_inside_a_window_fails_the_window(
    tmp_path: Path, content: str | None
) -> None:
    machine = Machine(tmp_path)
    memory = add_zone(tmp_path, "intel-rapl:0:0", "dram")
    recording = machine.record()
    machine.run(1.0, joules=10.0)
    if content is None:
        memory.unlink()
    else:
        memory.write_text(content)
    with pytest.raises(MeasurementError, match="zone package-0/dram") as caught:
        recording.mark()
    assert caught.value.remedy


def test_a_failure_between_two_marks_is_not_forgotten_when_the_counter_comes_back(
    tmp_path: Path,
) -> None:
    machine = Machine(tmp_path)
    recording = machine.record()
    machine.counter.write_text("")
    assert not recording.poll()
    machine.counter.write_text("5")
    for _ in range(2):
        with pytest.raises(MeasurementError, match="package-0"):
            recording.mark()


def test_the_counter_with_the_smallest_range_sets_the_pace(tmp_path: Path) -> None:
    add_zone(tmp_path, ZONE, "package-0", wraps_at=262_000_000_000)
    add_zone(tmp_path, "intel-rapl:0:0", "dram", wraps_at=64_000_000_000)
    assert poll_seconds(find_zones(tmp_path)) == pytest.approx(16.0)


def test_the_counters_are_followed_between_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path, wraps_at=40_000_000)  # 40 ms at 1,000 W: read every 10 ms
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path))
    with Rapl(clock=machine.clock).record(machine.work) as recording:
        (poller,) = (thread for thread in threading.enumerate() if thread.name == "rapl poller")
        machine.counter.unlink()
        poller.join(timeout=30)  # it ends at the first failure that it sees
        assert not poller.is_alive()
        machine.counter.write_text("0")
        with pytest.raises(MeasurementError, match="package-0"):
            recording.mark()


def test_nothing_is_followed_after_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(tmp_path)
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path))
    with Rapl(clock=machine.clock).record(machine.work) as recording:
        machine.run(1.0, joules=3.0)
        assert recording.mark().joules == pytest.approx(3.0)
    assert all(thread.name != "rapl poller" for thread in threading.enumerate())


def test_a_replaced_root_is_simulated_whatever_it_claims(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_zone(tmp_path, ZONE, "package-0")
    add_zone(tmp_path, "intel-rapl:0:0", "dram")
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path))
    description = Rapl().describe()
    assert description.grade == "simulated"
    assert {source.grade for source in description.sources} == {"simulated"}
    assert description.components == ("dram", "package")


def test_the_systems_own_folder_is_a_sensor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_zone(tmp_path, ZONE, "package-0")
    monkeypatch.delenv("HARNESS_POWERCAP_ROOT", raising=False)
    monkeypatch.setattr("harness.meters.powercap._SYSTEM_ROOT", tmp_path)
    assert Rapl().describe().grade == "sensor"


def test_the_largest_range_that_the_kernel_can_state_is_followed_without_a_fault(
    tmp_path: Path,
) -> None:
    add_zone(tmp_path, "intel-rapl:0", "package-0", wraps_at=2**64 - 1)
    assert poll_seconds(find_zones(tmp_path)) < threading.TIMEOUT_MAX
