from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import Clock, FakeWork, recording

from harness.errors import MeasurementError
from harness.meters.power import LONGEST_GAP_SECONDS, PowerSignal, PowerSource
from harness.records.meter import SourceDescription

DESCRIPTION = SourceDescription(
    name="board",
    component="gpu",
    grade="simulated",
    kind="power",
    resolution_joules=1e-4,
    refresh_seconds=0.1,
    relative_uncertainty=0.05,
    provenance="a test's own",
)


class Device:
    """Draws what it is told, on a clock of its own; a wait in it moves the clock."""

    def __init__(self, watts: Callable[[float], float], *, averaged: float = 0.0) -> None:
        self.clock = Clock()
        self.started = self.clock.now
        signal = PowerSignal(
            name="board",
            read=lambda: round(watts(self.clock.now - self.started) * 1e3),
            unit_watts=1e-3,
            step_watts=1e-3,
            refresh_seconds=0.1,
            averaged_seconds=averaged,
            plausible_watts=5_000.0,
        )
        self.source = PowerSource(signal, DESCRIPTION, clock=self.clock, sleep=self.sleep)

    def sleep(self, seconds: float) -> None:
        self.clock.now += seconds


@given(
    watts=st.floats(0.01, 4_999),
    pauses=st.lists(st.floats(0.001, 1.5), min_size=1, max_size=20),
)
def test_constant_power_is_integrated_exactly_however_it_is_polled(
    watts: float, pauses: list[float]
) -> None:
    device = Device(lambda _: watts)
    with recording(device.source, device.clock, FakeWork()) as record:
        for pause in pauses:
            device.sleep(pause)
            assert record.poll(0)
        reading = record.mark()
    # The signal is cut to milliwatts.
    assert reading.joules == pytest.approx(watts * reading.seconds, abs=6e-4 * reading.seconds)
    assert reading.energy[0].edges_joules == 0


@given(
    steps=st.lists(st.tuples(st.floats(0.01, 1.5), st.floats(1, 1_000)), min_size=1, max_size=20)
)
def test_energy_lies_between_the_lowest_and_the_highest_power(
    steps: list[tuple[float, float]],
) -> None:
    now = {"watts": 100.0}
    device = Device(lambda _: now["watts"])
    with device.source.follow(FakeWork()) as follower:
        began = follower.edge()
        for pause, watts in steps:
            device.sleep(pause)
            now["watts"] = watts
            follower.poll()
        ended = follower.edge()
    seconds = ended.at_seconds - began.at_seconds
    drawn = [100.0, *(watts for _, watts in steps)]
    joules = ended.joules - began.joules
    assert min(drawn) * seconds * 0.999 <= joules <= max(drawn) * seconds * 1.001
    assert ended.timing_joules >= 0
    assert ended.gathered_joules >= 0


def test_a_gap_in_the_reading_fails_and_is_not_interpolated() -> None:
    device = Device(lambda _: 100.0)
    with recording(device.source, device.clock, FakeWork()) as record:
        device.sleep(LONGEST_GAP_SECONDS + 0.1)
        assert not record.poll(0)
        with pytest.raises(MeasurementError, match=r"board: its power was not read for 2\.1 s"):
            record.mark()


@pytest.mark.parametrize("watts", [0.0, -5.0, 5_001.0])
def test_a_power_that_cannot_be_fails_the_window(watts: float) -> None:
    device = Device(lambda at: 100.0 if at < 1 else watts)
    with recording(device.source, device.clock, FakeWork()) as record:
        device.sleep(1.0)
        assert not record.poll(0)
        with pytest.raises(MeasurementError, match="board: says that it draws"):
            record.mark()


def test_an_edge_waits_for_the_refresh() -> None:
    device = Device(lambda at: 100.0 + int(at / 0.1 + 1e-9) % 2)
    device.sleep(0.05)
    with device.source.follow(FakeWork()) as follower:
        edge = follower.edge()
    assert edge.at_seconds - device.started == pytest.approx(0.1, abs=0.0011)


def test_what_one_window_did_not_see_is_not_charged_to_the_next() -> None:
    device = Device(lambda at: 300.0 if 2.5 < at < 3.5 and int(at / 0.1) % 2 else 100.0)
    with recording(device.source, device.clock, FakeWork()) as record:
        stated = []
        for _ in range(3):
            for _ in range(20):
                device.sleep(0.1)
                record.poll(0)
            stated.append(record.mark().energy[0].edges_joules)
    assert stated[1] > 50
    assert stated[0] < 1
    assert stated[2] < stated[1] / 2


def test_a_mean_over_a_second_makes_edges_between_powers_unsure() -> None:
    stated = {}
    for averaged in (0.0, 1.0):
        device = Device(lambda at: 100.0 if at < 1 else 300.0, averaged=averaged)
        with recording(device.source, device.clock, FakeWork()) as record:
            for _ in range(20):
                device.sleep(0.1)
                record.poll(0)
            stated[averaged] = record.mark().energy[0].edges_joules
    assert stated[1.0] > stated[0.0] + 100


def test_power_that_beats_with_the_refresh_is_not_taken_for_noise() -> None:
    # Of power that is high for half of every 1.5 refreshes, two values of three may be high.
    device = Device(lambda at: 300.0 if int(at / 0.1 + 1e-6) % 3 else 60.0)
    with recording(device.source, device.clock, FakeWork()) as record:
        for _ in range(200):
            device.sleep(0.1)
            record.poll(0)
        reading = record.mark()
    assert reading.joules / reading.seconds == pytest.approx(220, rel=0.02)
    assert reading.energy[0].edges_joules > 40 * reading.seconds, "truth may as well be 180 W"
