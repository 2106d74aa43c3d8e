"""codecarbon as a meter: its own figures, its offline tracker, and nothing left behind."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from meter_fakes import Clock, FakeWork

from harness.errors import MeasurementError, UsageError
from harness.meters import codecarbon as ours
from harness.meters.codecarbon import PARTS, SharedTracker, forced_watts, open_sources
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Surroundings
from harness.meters.sources import SourceMeter, SourceRecording

MACHINE = Surroundings(cores=2, machine_cores=2)


class FakeTracker:
    """Adds up constant powers on a clock that is moved by hand; counts what it is asked."""

    watts: ClassVar = {"cpu": 8.0, "ram": 20.0, "gpu": 0.0}

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = clock.now
        self.measured = self.sampled = 0
        self.fault: Exception | None = None
        for part in PARTS:
            setattr(self, part.energy, SimpleNamespace(kWh=0.0))
            setattr(self, part.power, SimpleNamespace(W=self.watts[part.name]))

    def start(self) -> None:
        self._measure_power_and_energy()

    def _measure_power_and_energy(self) -> None:
        if self.fault is not None:
            raise self.fault
        self.measured += 1
        seconds, self._last = self._clock.now - self._last, self._clock.now
        for part in PARTS:
            getattr(self, part.energy).kWh += self.watts[part.name] * seconds / 3.6e6

    def _monitor_power(self) -> None:
        self.sampled += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracker(clock: Clock) -> FakeTracker:
    return FakeTracker(clock)


@pytest.fixture
def windows(clock: Clock, tracker: FakeTracker) -> Iterator[SourceRecording]:
    """Record package and memory with one tracker, without a thread that polls."""
    shared = SharedTracker(lambda: tracker, clock=clock)
    description = {part.name: describe(part.name) for part in PARTS[:2]}
    sources = [ours.CodecarbonSource(p, description[p.name], shared) for p in PARTS[:2]]
    work = FakeWork()
    with sources[0].follow(work) as one, sources[1].follow(work) as other:
        yield SourceRecording(sources, [one, other], work, clock)


def describe(name: str) -> Any:  # noqa: ANN401 - a source's description
    class CPU:
        _mode, _tdp, _model = "cpu_load", 8.0, "made up"

    class RAM:
        def total_power(self) -> Any:  # noqa: ANN401 - codecarbon's
            return SimpleNamespace(W=20.0)

    tracker = SimpleNamespace(_hardware=[RAM(), CPU()])
    return ours.describe_parts(tracker, {}, "3.3")[name]


def test_windows_hold_what_codecarbon_added_up(clock: Clock, windows: SourceRecording) -> None:
    clock.now += 10
    reading = windows.mark()
    assert {e.component: e.joules for e in reading.energy} == pytest.approx(
        {"package": 80.0, "dram": 200.0}
    )
    clock.now += 0.001  # shorter than codecarbon itself would measure
    assert windows.mark().joules == pytest.approx(0.028)


def test_an_edge_measures_once_for_all_components(
    clock: Clock, tracker: FakeTracker, windows: SourceRecording
) -> None:
    before = tracker.measured
    for _ in range(3):
        clock.now += 1
        windows.mark()
    assert tracker.measured == before + 3


def test_between_edges_it_samples_and_adds_up_as_often_as_by_itself(
    clock: Clock, tracker: FakeTracker, windows: SourceRecording
) -> None:
    before = tracker.measured
    for _ in range(30):
        clock.now += 1
        assert windows.poll(0)
        assert windows.poll(1)
    assert tracker.sampled == 30
    assert tracker.measured == before + 2
    assert windows.mark().joules == pytest.approx(30 * 28.0)


def test_what_it_raises_fails_the_window_by_name(
    clock: Clock, tracker: FakeTracker, windows: SourceRecording
) -> None:
    tracker.fault = KeyError("rapl vanished")
    clock.now += 1
    with pytest.raises(MeasurementError, match=r"codecarbon failed.*KeyError.*rapl vanished"):
        windows.mark()


def test_a_tracker_that_does_not_start_is_no_meter(clock: Clock, tracker: FakeTracker) -> None:
    tracker.fault = OSError("no such thing")
    shared = SharedTracker(lambda: tracker, clock=clock)
    source = ours.CodecarbonSource(PARTS[0], describe("cpu"), shared)
    with (
        pytest.raises(MeasurementError, match=r"cannot be started.*no such thing"),
        source.follow(FakeWork()),
    ):
        pass


def test_a_new_tracker_is_made_for_every_recording(clock: Clock) -> None:
    made: list[FakeTracker] = []

    def build() -> FakeTracker:
        made.append(FakeTracker(clock))
        return made[-1]

    shared = SharedTracker(build, clock=clock)
    source = ours.CodecarbonSource(PARTS[0], describe("cpu"), shared)
    for number in (1, 2):
        with source.follow(FakeWork()), source.follow(FakeWork()):
            assert len(made) == number


def test_the_description_says_whose_constants_these_are() -> None:
    cpu, ram = describe("cpu"), describe("ram")
    assert (cpu.grade, cpu.kind, cpu.component) == ("model", "model", "package")
    assert cpu.constants == {"cpu_watts": 8.0, "pue": 1.0}
    assert "mode cpu_load" in cpu.provenance
    assert "whole machine" in ram.provenance
    assert ram.constants == {"ram_watts": 20.0, "pue": 1.0}
    assert cpu.relative_uncertainty == ram.relative_uncertainty == 1.0


def test_powers_can_be_stated() -> None:
    assert forced_watts("") == {}
    assert forced_watts("ram_watts=20,cpu_watts=65.5") == {"ram_watts": 20.0, "cpu_watts": 65.5}


@pytest.mark.parametrize(
    "argument",
    ["x", "cpu_watts", "cpu_watts=", "cpu_watts=-1", "cpu_watts=0", "cpu_watts=nan",
     "gpu_watts=5", "cpu_watts=1,cpu_watts=2", "cpu_watts=1,", ","],
)  # fmt: skip
def test_an_argument_that_states_no_power_is_refused(argument: str) -> None:
    with pytest.raises(UsageError, match="states no power"):
        open_sources(argument, MACHINE)


def test_without_codecarbon_the_remedy_is_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", _not_installed)
    with pytest.raises(SensorUnavailableError, match="not installed") as caught:
        open_sources("", MACHINE)
    assert "pip install" in caught.value.remedy


def _not_installed(name: str) -> str:
    from importlib.metadata import PackageNotFoundError  # noqa: PLC0415 - this test alone

    raise PackageNotFoundError(name)


def test_a_codecarbon_that_cannot_be_imported_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "codecarbon", None)
    with pytest.raises(SensorUnavailableError, match="cannot be used"):
        open_sources("", MACHINE)


def test_a_codecarbon_of_another_make_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(**_: object) -> object:
        return SimpleNamespace()

    monkeypatch.setitem(sys.modules, "codecarbon", SimpleNamespace(OfflineEmissionsTracker=other))
    with pytest.raises(SensorUnavailableError, match="it has no _ensure_hardware_ready"):
        open_sources("", MACHINE)


def test_a_setting_that_it_does_not_know_is_not_swallowed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(ours.SETTINGS, "of_another_version", 1)
    with pytest.raises(SensorUnavailableError, match="of_another_version"):
        open_sources("", MACHINE)


def test_the_real_one_is_offline_and_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("codecarbon asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CODECARBON_PUE", "7")
    monkeypatch.setenv("CODECARBON_SAVE_TO_FILE", "true")
    monkeypatch.setenv("CODECARBON_CO2_SIGNAL_API_TOKEN", "made-up")
    threads = set(threading.enumerate())
    sources = open_sources("cpu_watts=65,ram_watts=20", MACHINE)
    cpu, ram = (s.describe() for s in sources[:2])
    assert (cpu.component, ram.component) == ("package", "dram")
    assert cpu.constants == {"cpu_watts": 65.0, "pue": 1.0}
    assert "as stated" in cpu.provenance
    with SourceMeter("codecarbon", sources).record(FakeWork()) as recording:
        assert {t.name for t in set(threading.enumerate()) - threads} == {"meter poller"}
        threading.Event().wait(0.3)
        reading = recording.mark()
    joules = {part.component: part.joules for part in reading.energy}
    assert joules["dram"] == pytest.approx(20 * reading.seconds, rel=0.1)
    assert 65 * 0.09 * reading.seconds < joules["package"] < 65 * 1.1 * reading.seconds
    assert set(threading.enumerate()) == threads
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
