"""NVML through the real ``pynvml``, which reads a stand-in library that is built from C here."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meter_fakes import FakeWork
from stand_ins.nvml import Curve, StandIn, VirtualClock, build, compiler

from harness.errors import HarnessError, MeasurementError, UsageError
from harness.meters import nvml_library
from harness.meters.nvml import (
    BoardSource,
    Kind,
    find_boards,
    find_sources,
    name_reasons,
    open_board,
    open_sources,
)
from harness.meters.nvml_library import LIBRARY, LIBRARY_VARIABLE
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Source, Surroundings
from harness.meters.select import select, survey
from harness.meters.sources import SourceRecording
from harness.records.meter import WindowReading

pynvml: Any = import_module("pynvml")

HERE = Surroundings(cores=2, machine_cores=2)
FAST = StandIn(refresh_seconds=0.02)
"""Of a board that is opened in a quarter of a second."""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if compiler() is None:
        pytest.skip("no C compiler to build the stand-in library with: install gcc and libc6-dev")
    return build(tmp_path_factory.mktemp("nvml"))


@dataclass
class Machine:
    """A machine with the stand-in library, and a clock that is moved by hand."""

    folder: Path
    patch: pytest.MonkeyPatch

    def play(self, stand_in: StandIn) -> StandIn:
        for name, value in stand_in.environment().items():
            self.patch.setenv(name, value)
        return stand_in

    def play_virtually(
        self, stand_in: StandIn, now: float = 1_000.0
    ) -> tuple[StandIn, VirtualClock]:
        clock = VirtualClock(self.folder / "clock", now)
        return self.play(replace(stand_in, clock=str(clock.path))), clock


@pytest.fixture
def machine(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Give ``pynvml``, which keeps what it loaded for good, back as it was."""
    monkeypatch.setattr(pynvml, "nvmlLib", None)
    monkeypatch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    monkeypatch.setenv(LIBRARY_VARIABLE, str(built))
    yield Machine(tmp_path, monkeypatch)
    gc.collect()
    assert ctypes.CDLL(str(built)).nvml_stand_in_initialised() == 0, "not shut down as often"


@contextmanager
def recorded(sources: list[BoardSource], clock: VirtualClock) -> Iterator[SourceRecording]:
    work = FakeWork()
    with ExitStack() as stack:
        followers = [stack.enter_context(source.follow(work)) for source in sources]
        yield SourceRecording(sources, followers, work, clock)


def opened(clock: VirtualClock, kind: Kind = "counter") -> list[BoardSource]:
    return [open_board(b, kind, clock=clock, sleep=clock.sleep) for b in find_boards()]


def run(
    recording: SourceRecording, sources: list[BoardSource], clock: VirtualClock, seconds: float
) -> None:
    until = clock() + seconds
    while clock() < until:
        clock.sleep(sources[0].poll_seconds * 1.03)
        for index in range(len(sources)):
            recording.poll(index)


def errors(
    stand_in: StandIn, clock: VirtualClock, kind: Kind, *, windows: int, seconds: float
) -> list[tuple[float, float]]:
    """Return each window's error and stated uncertainty, in joules."""
    sources = opened(clock, kind)
    found = []
    with recorded(sources, clock) as recording:
        for _ in range(windows):
            began = recording._opened.at_seconds
            run(recording, sources, clock, seconds)
            reading = recording.mark()
            truth = sum(
                stand_in.joules(board, recording._opened.at_seconds) - stand_in.joules(board, began)
                for board in range(stand_in.boards)
            )
            (part,) = reading.energy
            found.append((part.joules - truth, part.uncertainty_joules))
    return found


# ---- the stand-in is what it says ----


PLAYED = st.builds(
    StandIn,
    boards=st.just(2),
    curve=st.sampled_from(["steady", "bursty", "ramp"]),
    seed=st.integers(0, 2**31),
    refresh_seconds=st.floats(0.001, 1),
    jitter=st.floats(0, 0.99),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(played=PLAYED, at=st.floats(0, 1e6), board=st.integers(0, 1))
def test_the_library_counts_what_its_truth_says(
    machine: Machine, played: StandIn, at: float, board: int
) -> None:
    stand_in, clock = machine.play_virtually(played, at)
    truth = stand_in.shown_millijoules(board, clock())
    assert find_boards()[board].millijoules() == pytest.approx(truth, abs=1, rel=1e-12)


def test_the_truth_is_the_integral_of_the_power() -> None:
    curves: tuple[Curve, ...] = ("steady", "bursty", "ramp")
    for curve in curves:
        stand_in = StandIn(curve=curve, period_seconds=0.7, duty=0.3)
        steps = 20_000
        total = sum(stand_in.watts(1, 10 + 3 * (i + 0.5) / steps) * 3 / steps for i in range(steps))
        assert stand_in.joules(1, 13) - stand_in.joules(1, 10) == pytest.approx(total, rel=1e-3)


# ---- windows ----


@pytest.mark.parametrize("kind", ["counter", "power"])
@pytest.mark.parametrize("curve", ["steady", "bursty", "ramp"])
def test_windows_in_real_time_err_by_no_more_than_they_say(
    machine: Machine, kind: Kind, curve: Curve
) -> None:
    stand_in = machine.play(
        replace(FAST, curve=curve, period_seconds=0.3, counter=int(kind != "power"))
    )
    meter = select(["nvml"], HERE)
    assert meter.describe().sources[0].kind == kind
    with meter.record(FakeWork()) as recording:
        for _ in range(2):
            began = recording._opened.at_seconds  # type: ignore[attr-defined]
            time.sleep(0.3)
            (part,) = recording.mark().energy
            ended = recording._opened.at_seconds  # type: ignore[attr-defined]
            truth = stand_in.joules(0, ended) - stand_in.joules(0, began)
            # Twice a 95 % half-width: what is stated is not a bound.
            assert abs(part.joules - truth) <= 2 * part.uncertainty_joules
            assert part.joules > 0
    assert recording.trace()[0].component == "gpu"


@pytest.mark.parametrize("curve", ["steady", "bursty", "ramp"])
@pytest.mark.parametrize("refresh", [0.02, 0.1])
def test_a_counted_window_errs_by_a_millisecond_of_power_at_each_edge(
    machine: Machine, curve: Curve, refresh: float
) -> None:
    stand_in, clock = machine.play_virtually(
        StandIn(curve=curve, refresh_seconds=refresh, period_seconds=0.7)
    )
    found = errors(stand_in, clock, "counter", windows=40, seconds=2.0)
    inside = sum(abs(error) <= stated for error, stated in found)
    assert inside >= 36
    assert all(stated < 0.6 for _, stated in found), "of some 600 J"


@pytest.mark.parametrize(
    ("curve", "period", "share"),
    [("steady", 1, 0.001), ("ramp", 10, 0.05), ("bursty", 7, 0.15), ("bursty", 0.13, 0.3)],
)
def test_an_integrated_window_says_how_far_it_may_be_off(
    machine: Machine, curve: Curve, period: float, share: float
) -> None:
    stand_in, clock = machine.play_virtually(StandIn(curve=curve, period_seconds=period, counter=0))
    found = errors(stand_in, clock, "power", windows=40, seconds=5.0)
    assert sum(abs(error) <= stated for error, stated in found) >= 36
    mean = sum(stated for _, stated in found) / len(found)
    assert mean < share * 900


def test_several_boards_are_billed_together_used_or_not(machine: Machine) -> None:
    stand_in, clock = machine.play_virtually(StandIn(boards=3, refresh_seconds=0.02))
    found = errors(stand_in, clock, "counter", windows=5, seconds=2.0)
    assert all(abs(error) <= 2 * stated for error, stated in found)
    names = [source.describe().name for source in opened(clock)]
    assert names == [f"gpu-{i} NVIDIA Stand-in (0000000{i})" for i in range(3)]


def test_the_power_at_an_edge_is_that_of_a_whole_refresh(machine: Machine) -> None:
    # The refresh that an edge waits for may come at once: its gain took a period all the same.
    _, clock = machine.play_virtually(StandIn(jitter=0.0))
    (source,) = opened(clock)
    with source.follow(FakeWork()) as follower:
        for pause in (0.095, 0.195, 0.1 / 3):
            clock.sleep(pause)
            assert follower.edge().watts == pytest.approx(300, rel=0.05)


# ---- what is said of a board ----


@pytest.mark.parametrize("kind", ["counter", "power"])
@pytest.mark.parametrize("refresh", [0.02, 0.1])
def test_the_refresh_period_is_measured(machine: Machine, kind: Kind, refresh: float) -> None:
    _, clock = machine.play_virtually(StandIn(refresh_seconds=refresh))
    (source,) = opened(clock, kind)
    assert source.describe().refresh_seconds == pytest.approx(refresh, rel=0.2)


def test_a_board_is_described_alike_in_every_session(machine: Machine) -> None:
    said = []
    for now in (1_000.0, 5_000.0):
        _, clock = machine.play_virtually(replace(FAST, name="NVIDIA H100 PCIe"), now)
        described = opened(clock)[0].describe()
        said.append((described.name, described.provenance, described.constants))
        gc.collect()
    assert said[0] == said[1]
    assert said[0][0] == "gpu-0 NVIDIA H100 PCIe (00000000)"


@pytest.mark.parametrize(
    ("name", "part_time"),
    [("NVIDIA H100 PCIe", True), ("NVIDIA A100-SXM4-80GB", True), ("NVIDIA RTX A1000", False)],
)
def test_boards_that_sample_part_of_the_time_are_named(
    machine: Machine, name: str, part_time: bool
) -> None:
    _, clock = machine.play_virtually(StandIn(name=name))
    assert ("quarter of the time" in opened(clock)[0].describe().provenance) == part_time


def test_a_board_without_a_counter_is_integrated(machine: Machine) -> None:
    machine.play(replace(FAST, counter=0))
    (source,) = open_sources("", HERE)
    described = source.describe()
    assert (described.kind, described.component) == ("power", "gpu")
    assert described.relative_uncertainty == 0.05
    assert "integrated" in described.provenance


def test_a_power_that_never_changes_is_integrated_as_well(machine: Machine) -> None:
    stand_in, clock = machine.play_virtually(StandIn(counter=0, ripple_watts=0))
    found = errors(stand_in, clock, "power", windows=3, seconds=2.0)
    assert all(abs(error) < 0.01 for error, _ in found)


def test_conditions_are_recorded(machine: Machine) -> None:
    _, clock = machine.play_virtually(StandIn(reasons=0b1000101, temperature=83))
    with recorded(opened(clock), clock) as recording:
        clock.sleep(1)
        (condition,) = recording.mark().conditions
    assert condition.device == "gpu-0 NVIDIA Stand-in (00000000)"
    assert (condition.temperature_celsius, condition.clock_megahertz) == (83, 1410)
    assert condition.throttled_by == ("software power cap", "hardware thermal slowdown")


def test_older_drivers_are_asked_in_their_own_words(machine: Machine) -> None:
    _, clock = machine.play_virtually(StandIn(old=1, reasons=0b100))
    with recorded(opened(clock), clock) as recording:
        (condition,) = recording.mark().conditions
    assert condition.temperature_celsius == 45
    assert condition.throttled_by == ("software power cap",)


def test_what_a_board_does_not_say_is_none_and_no_error(machine: Machine) -> None:
    _, clock = machine.play_virtually(
        StandIn(temperature=-1, clock_megahertz=-1, reasons=-1, mig=-1)
    )
    with recorded(opened(clock), clock) as recording:
        (condition,) = recording.mark().conditions
    assert condition.temperature_celsius is None
    assert condition.clock_megahertz is None
    assert condition.throttled_by == ()


def test_throttling_in_the_middle_of_a_window_is_seen(machine: Machine) -> None:
    _, clock = machine.play_virtually(StandIn())
    (source,) = opened(clock)
    with source.follow(FakeWork()) as follower:
        seen = iter([0b100, 0, 0, 0])
        source._board.__dict__["reasons"] = lambda: next(seen)
        follower.poll()
        clock.sleep(1)
        follower.poll()
        assert follower.conditions()[0].throttled_by == ("software power cap",)
        assert follower.conditions()[0].throttled_by == (), "the next window begins anew"


def test_reasons_that_are_not_known_yet_are_numbered() -> None:
    assert name_reasons(1 << 12) == ("reason 0x1000",)
    assert name_reasons(1) == (), "idle holds nothing back"
    assert name_reasons(0) == ()


# ---- boards that fail ----


@pytest.mark.parametrize("code", [15, 16, 6, 28, 999, 2])
@pytest.mark.parametrize("kind", ["counter", "power"])
def test_a_board_lost_inside_a_window_fails_it_by_name(
    machine: Machine, kind: Kind, code: int
) -> None:
    _, clock = machine.play_virtually(
        StandIn(boards=2, fail_board=1, fail_at=1_020.0, fail_error=code)
    )
    sources = opened(clock, kind)
    with recorded(sources, clock) as recording:
        run(recording, sources, clock, 1_021.0 - clock())
        for _ in range(2):  # and every later window
            with pytest.raises(
                MeasurementError, match=rf"gpu-1 NVIDIA.*NVML error {code}"
            ) as failed:
                recording.mark()
            assert failed.value.remedy
            assert ("is lost" in failed.value.message) == (code in (15, 16, 6, 28))


def test_a_counter_that_stops_fails_the_window(machine: Machine) -> None:
    _, clock = machine.play_virtually(StandIn(freeze_at=1_005.0))
    sources = opened(clock)
    with recorded(sources, clock) as recording:
        run(recording, sources, clock, 1_008.0 - clock())
        with pytest.raises(MeasurementError, match=r"gpu-0 NVIDIA.*stood still"):
            recording.mark()


def test_a_counter_that_starts_anew_fails_the_window(machine: Machine) -> None:
    _, clock = machine.play_virtually(StandIn(reset_at=1_005.0))
    sources = opened(clock)
    with recorded(sources, clock) as recording:
        run(recording, sources, clock, 1_006.0 - clock())
        with pytest.raises(MeasurementError, match=r"gpu-0 NVIDIA.*reset") as failed:
            recording.mark()
    assert "persistence mode" in failed.value.remedy


def test_a_counter_that_counts_nothing_is_not_billed_as_nothing(machine: Machine) -> None:
    _, clock = machine.play_virtually(StandIn(freeze_at=900.0))
    with pytest.raises(MeasurementError, match="stood still for 2 s"):
        opened(clock)


@pytest.mark.parametrize("watts", [0.0, 6_000.0])
def test_a_power_that_cannot_be_is_refused(machine: Machine, watts: float) -> None:
    _, clock = machine.play_virtually(StandIn(high_watts=watts, ripple_watts=0, counter=0))
    (source,) = opened(clock, "power")
    with (
        pytest.raises(MeasurementError, match=r"gpu-0 NVIDIA.*says that it draws"),
        recorded([source], clock),
    ):
        pass


@pytest.mark.parametrize("mig_board", [-1, 1])
def test_sliced_boards_are_refused(machine: Machine, mig_board: int) -> None:
    machine.play(StandIn(boards=2, mig=1, mig_board=mig_board))
    with pytest.raises(MeasurementError, match="share one energy counter") as refused:
        open_sources("", HERE)
    assert f"gpu-{max(0, mig_board)} " in refused.value.message
    assert "-mig 0" in refused.value.remedy


def test_boards_that_tell_nothing_are_no_meter_and_some_of_them_no_partial_one(
    machine: Machine,
) -> None:
    machine.play(StandIn(counter=0, power=0))
    with pytest.raises(SensorUnavailableError, match=r"gpu-0 .*tells no energy"):
        find_sources()
    gc.collect()
    machine.play(replace(FAST, boards=2, dumb_board=1))
    with pytest.raises(MeasurementError, match=r"gpu-1 .*tells no energy") as refused:
        find_sources()
    assert not isinstance(refused.value, SensorUnavailableError)


def test_a_name_that_is_no_text_is_refused(machine: Machine) -> None:
    machine.play(StandIn(name="\udcff\udcfe"))
    with pytest.raises(MeasurementError, match="no text"):
        find_boards()


def test_an_argument_is_refused() -> None:
    with pytest.raises(UsageError, match="no argument"):
        open_sources("0", HERE)


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


# ---- what --meter auto and doctor make of it ----


@pytest.fixture
def without_rapl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "powercap").mkdir()
    monkeypatch.setenv("HARNESS_POWERCAP_ROOT", str(tmp_path / "powercap"))


def described_by_auto() -> tuple[str, set[str]]:
    meter = select(["auto"], HERE).describe()
    return meter.name, {source.component for source in meter.sources}


@pytest.mark.usefixtures("without_rapl")
def test_auto_bills_every_board_beside_the_model(machine: Machine) -> None:
    machine.play(replace(FAST, boards=2))
    meter = select(["auto"], HERE)
    described = meter.describe()
    assert described.name == "model+nvml"
    assert described.grade == "simulated"
    assert [s.component for s in described.sources] == ["package", "gpu", "gpu"]
    with meter.record(FakeWork()) as recording:
        reading: WindowReading = recording.mark()
    assert {part.component for part in reading.energy} == {"gpu", "package"}


@pytest.mark.usefixtures("without_rapl")
def test_auto_goes_without_boards_only_where_there_are_none(machine: Machine) -> None:
    machine.play(StandIn(boards=0))
    assert described_by_auto() == ("model", {"package"})
    machine.play(StandIn(mig=1))
    with pytest.raises(MeasurementError, match="MIG"):
        described_by_auto()


def test_the_survey_says_what_is_there_and_what_is_not(machine: Machine) -> None:
    machine.patch.setattr("harness.meters.select.SPELLINGS", ("auto", "nvml"))
    machine.play(FAST)
    (status,) = survey(HERE)
    assert status.found
    assert status.sources[0].kind == "counter"
    machine.play(StandIn(boards=0))
    (status,) = survey(HERE)
    assert (status.found, status.sources) == (False, ())
    assert "a driver without a device" in status.detail
    assert status.remedy


def test_every_failure_is_one_that_the_harness_explains(machine: Machine) -> None:
    for code in range(1, 35):
        machine.play(StandIn(init_error=code))
        with pytest.raises(HarnessError):
            find_sources()
        gc.collect()


def test_sources_keep_the_library_and_let_it_go(machine: Machine, built: Path) -> None:
    machine.play(FAST)
    sources: tuple[Source, ...] | None = find_sources()
    initialised = ctypes.CDLL(str(built)).nvml_stand_in_initialised
    assert initialised() == 1
    assert sources
    sources = None
    gc.collect()
    assert initialised() == 0
