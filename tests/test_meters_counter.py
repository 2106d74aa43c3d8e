from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import FakeWork
from virtual_power import (
    RAPL_RANGE,
    Power,
    VirtualClock,
    VirtualCounter,
    edge_moment,
    run,
    square_wave,
    steady,
    triangle,
    virtual_recording,
    virtual_source,
)

from harness.errors import MeasurementError
from harness.meters.counter import CounterSource, gained, watch_refreshes
from harness.meters.protocol import Source
from harness.records.meter import Component, WindowReading

POWERS = {
    "steady": steady(65.0),
    "idle": steady(1.0),
    "bursts as long as a refresh": square_wave(low=5, high=200, period=0.0021, duty=0.3),
    "bursts of some refreshes": square_wave(low=20, high=200, period=0.013, duty=0.3),
    "long bursts": square_wave(low=5, high=200, period=0.7, duty=0.3),
    "ramps": triangle(low=5, high=200, period=3.3),
}


def counted(register: VirtualCounter, name: str, component: Component = "package") -> CounterSource:
    """Follow it as the meters do that have such counters."""
    if register.refresh_seconds < 0.01:
        return virtual_source(register, name=name, component=component, patience_seconds=1.0)
    return virtual_source(
        register,
        name=name,
        component=component,
        pause_seconds=0.002,
        patience_seconds=2.5,
        still_seconds=2.0,
    )


@dataclass
class Trial:
    """Some counters of one power, from one seed."""

    power: Power
    seed: int
    counters: int = 1
    refresh_seconds: float = 0.001
    range_units: int = RAPL_RANGE

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)  # noqa: S311 - a seed is the point
        self.clock = VirtualClock(1_000 + self.chance.random())
        self.registers = [
            VirtualCounter(
                self.clock,
                self.power,
                seed=10 * self.seed + index,
                refresh_seconds=self.refresh_seconds,
                range_units=self.range_units,
                start_units=self.chance.randrange(self.range_units),
            )
            for index in range(self.counters)
        ]
        self.sources = [
            counted(each, f"package-{index}") for index, each in enumerate(self.registers)
        ]

    def window(
        self, seconds: float, meanwhile: Callable[[], None] = lambda: None
    ) -> tuple[WindowReading, float]:
        """Return what a window reads, and the joules that were used in it."""
        with virtual_recording(self.sources, self.clock) as recording:
            began = edge_moment(recording)
            meanwhile()
            run(recording, self.sources, self.clock, seconds)
            reading = recording.mark()
            return reading, self.counters * self.power.joules(began, edge_moment(recording))


def share_inside(trials: list[tuple[WindowReading, float]]) -> float:
    inside = [abs(r.joules - truth) <= r.energy[0].uncertainty_joules for r, truth in trials]
    return sum(inside) / len(inside)


@pytest.mark.parametrize("power", POWERS.values(), ids=POWERS.keys())
@pytest.mark.parametrize("counters", [1, 4])
@pytest.mark.parametrize("refresh_seconds", [0.001, 0.1])
def test_the_truth_lies_within_the_stated_uncertainty(
    power: Power, counters: int, refresh_seconds: float
) -> None:
    trials = [
        Trial(power, seed, counters, refresh_seconds).window(1.0 + 0.0619 * seed)
        for seed in range(60)
    ]
    # 95 % are promised: fewer than 52 of 60 would come by chance once in 350 times.
    assert share_inside(trials) >= 52 / 60


@pytest.mark.parametrize("power", POWERS.values(), ids=POWERS.keys())
@pytest.mark.parametrize("refresh_seconds", [0.001, 0.1])
def test_the_stated_uncertainty_is_small(power: Power, refresh_seconds: float) -> None:
    """It is at most 0.2 % and the energy of one refresh at each edge: sharp, with one counter."""
    for seed in range(8):
        reading, truth = Trial(power, seed, 1, refresh_seconds).window(5.0)
        assert reading.energy[0].uncertainty_joules <= 0.002 * truth
        reading, truth = Trial(power, seed, 4, refresh_seconds).window(5.0)
        edges = 2 * 4 * refresh_seconds * 200.0
        assert reading.energy[0].uncertainty_joules <= 0.002 * truth + edges


def test_an_edge_tells_the_power_whenever_its_wait_began() -> None:
    for seed in range(20):
        trial = Trial(steady(65.0), seed)
        with trial.sources[0].follow(FakeWork()) as follower:
            trial.clock.sleep(0.1 + 0.0001 * seed)
            assert follower.edge().watts == pytest.approx(65.0, rel=0.1)


def test_counters_do_not_lie_on_one_side_of_the_truth() -> None:
    trials = [Trial(POWERS["ramps"], seed, 4).window(2.0) for seed in range(100)]
    errors = [reading.joules - truth for reading, truth in trials]
    mean = sum(errors) / len(errors)
    scatter = (sum((error - mean) ** 2 for error in errors) / len(errors)) ** 0.5
    assert abs(mean) < 4 * scatter / len(errors) ** 0.5


@pytest.mark.parametrize("seconds", [300.0])
def test_many_wraps_are_bridged(seconds: float) -> None:
    trial = Trial(steady(900.0), 3, range_units=65_532_610_987)
    reading, truth = trial.window(seconds)
    assert truth > 4 * 65_532
    assert reading.joules == pytest.approx(truth, rel=1e-5)


@given(lead=st.floats(-0.01, 0.01), seed=st.integers(0, 1_000))
def test_a_wrap_at_the_very_edge_is_bridged(lead: float, seed: int) -> None:
    trial = Trial(steady(100.0), seed)
    (register,) = trial.registers
    used = int(trial.power.until(trial.clock.now + 1.0 + lead) / 1e-6)
    register.start_units = 3 * RAPL_RANGE - used
    reading, truth = trial.window(1.0)
    assert abs(reading.joules - truth) < 0.01


@pytest.mark.parametrize("counters", [1, 3])
@pytest.mark.parametrize("at", [0.0, 0.5, 0.999, 1.0, 1.001])
def test_a_read_that_blocks_makes_no_window_wrong(at: float, counters: int) -> None:
    for seed in range(8):
        trial = Trial(POWERS["bursts of some refreshes"], seed, counters)
        trial.registers[0].blocks.append((trial.clock.now + at, 0.3))
        reading, truth = trial.window(1.0)
        (part,) = reading.energy
        assert abs(part.joules - truth) <= 1.5 * part.uncertainty_joules
        # An edge that a blocked read fell upon is made again: 300 ms of power would be 22 J.
        assert part.uncertainty_joules < 2.0


def test_a_counter_that_blocks_every_time_is_read_all_the_same_and_less_surely() -> None:
    trial = Trial(steady(50.0), 1)
    (register,) = trial.registers
    register.read_seconds = 0.02
    reading, truth = trial.window(2.0)
    (part,) = reading.energy
    assert abs(part.joules - truth) <= part.uncertainty_joules
    assert part.uncertainty_joules > 0.1


def fault(trial: Trial, seconds: float, **what: float) -> MeasurementError:
    def befall() -> None:
        for name, after in what.items():
            setattr(trial.registers[-1], name, trial.clock.now + after)

    with pytest.raises(MeasurementError) as caught:
        trial.window(seconds, befall)
    return caught.value


@pytest.mark.parametrize("refresh_seconds", [0.001, 0.1])
@pytest.mark.parametrize("counters", [1, 3])
@pytest.mark.parametrize("after", [0.01, 2.6, 2.995, 2.9999])
def test_a_counter_that_stops_before_the_window_ends_fails_it(
    after: float, counters: int, refresh_seconds: float
) -> None:
    error = fault(Trial(steady(65), 5, counters, refresh_seconds), 3.0, frozen_from=after)
    assert f"package-{counters - 1}: stood still" in error.message
    assert error.remedy


@pytest.mark.parametrize("counters", [1, 3])
@pytest.mark.parametrize("after", [0.01, 1.0, 2.9999])
def test_a_counter_that_is_set_back_fails_the_window(after: float, counters: int) -> None:
    for seed in range(4):
        error = fault(Trial(steady(65), seed, counters), 3.0, reset_at=after)
        assert f"package-{counters - 1}: fell" in error.message


def test_a_counter_without_a_range_may_not_fall_at_all() -> None:
    trial = Trial(steady(65), 1)
    trial.registers[0].range_units = None
    trial.sources[:] = [virtual_source(trial.registers[0], name="board")]
    error = fault(trial, 1.0, reset_at=0.5)
    assert "board: fell from" in error.message
    assert "counts upwards only" in error.message


@pytest.mark.parametrize("after", [0.01, 1.0, 2.9999])
def test_a_counter_that_vanishes_fails_the_window(after: float) -> None:
    trial = Trial(steady(65), 7, 3)
    assert "gone" in fault(trial, 3.0, vanishes_at=after).message


def test_a_leap_beyond_all_power_is_a_reset_too() -> None:
    trial = Trial(steady(65), 1)

    def leap() -> None:
        trial.registers[0].start_units = (trial.registers[0].start_units + 10**10) % RAPL_RANGE

    with pytest.raises(MeasurementError, match=r"package-0: (rose|fell).*the counter was reset"):
        trial.window(1.0, leap)


def test_a_gap_that_could_hide_a_wrap_fails_the_window() -> None:
    trial = Trial(steady(65), 1, range_units=400_000_000)  # 400 J: 0.4 s at 1,000 W
    trial.registers[0].blocks.append((trial.clock.now + 0.5, 0.45))
    with pytest.raises(MeasurementError, match=r"package-0: not read for .* may have gone unseen"):
        trial.window(1.0)


def test_a_small_range_is_polled_often_enough() -> None:
    trial = Trial(steady(900.0), 2, range_units=400_000_000)
    reading, truth = trial.window(10.0)
    assert reading.joules == pytest.approx(truth, rel=1e-4)


def test_sources_of_all_paces_share_one_edge() -> None:
    clock = VirtualClock()
    power = POWERS["ramps"]
    fast = [VirtualCounter(clock, power, seed=index) for index in range(2)]
    slow = [VirtualCounter(clock, power, seed=9 + i, refresh_seconds=0.1) for i in range(2)]
    sources: list[Source] = [
        *(counted(each, f"package-{i}") for i, each in enumerate(fast)),
        *(counted(each, f"gpu-{i}", "gpu") for i, each in enumerate(slow)),
    ]
    with virtual_recording(sources, clock) as recording:
        began = edge_moment(recording)
        run(recording, sources, clock, 20.0)
        reading = recording.mark()
        truth = 2 * power.joules(began, edge_moment(recording))
    gpu, package = reading.energy
    assert (gpu.component, package.component) == ("gpu", "package")
    for part in (gpu, package):
        assert abs(part.joules - truth) <= part.uncertainty_joules
    assert package.uncertainty_joules < 0.001 * truth
    assert gpu.uncertainty_joules < 2 * 0.1 * 200


@given(seed=st.integers(0, 10_000), cuts=st.lists(st.floats(0, 0.5), min_size=1, max_size=6))
def test_windows_without_a_gap_add_up_to_what_was_used(seed: int, cuts: list[float]) -> None:
    trial = Trial(POWERS["long bursts"], seed, 2)
    with virtual_recording(trial.sources, trial.clock) as recording:
        began = edge_moment(recording)
        readings = []
        for seconds in cuts:
            run(recording, trial.sources, trial.clock, seconds)
            readings.append(recording.mark())
        ended = edge_moment(recording)
    assert min(reading.joules for reading in readings) >= 0
    assert sum(reading.seconds for reading in readings) == pytest.approx(ended - began)
    truth = 2 * trial.power.joules(began, ended)
    assert sum(reading.joules for reading in readings) == pytest.approx(truth, abs=2 * 0.2)


def test_an_edge_takes_no_longer_for_eight_counters_than_for_two() -> None:
    def spent(counters: int) -> float:
        trial = Trial(steady(50), 1, counters, 0.1)
        with virtual_recording(trial.sources, trial.clock) as recording:
            began = trial.clock.now
            recording.mark()
            return trial.clock.now - began

    assert spent(8) < spent(2) + 0.1
    assert spent(8) < 0.45


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


@pytest.mark.parametrize("refresh_seconds", [0.001, 0.02, 0.1])
def test_the_refresh_is_measured(refresh_seconds: float) -> None:
    clock = VirtualClock()
    register = VirtualCounter(clock, steady(30), seed=4, refresh_seconds=refresh_seconds)
    seen = watch_refreshes(
        register.read, refreshes=20, patience_seconds=1.0, clock=clock, sleep=clock.sleep
    )
    assert seen is not None
    assert seen.seconds == pytest.approx(refresh_seconds, rel=0.25)
    assert seen.step_units == 61


def test_a_counter_that_stands_still_has_no_refresh() -> None:
    clock = VirtualClock()
    register = VirtualCounter(clock, steady(30), seed=4, frozen_from=0.0)
    assert watch_refreshes(register.read, refreshes=3, patience_seconds=0.5, clock=clock) is None
