"""NVML through the real ``pynvml``, which reads a stand-in library that is built from C here."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meter_fakes import FakeWork
from nvml_machine import FAST, Machine, built_in, machine_with
from stand_ins.nvml import Curve, StandIn, VirtualClock

from harness.errors import MeasurementError, UsageError
from harness.meters.nvml import (
    BoardSource,
    Kind,
    Watch,
    find_boards,
    find_sources,
    name_reasons,
    open_board,
    open_sources,
)
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Source, Surroundings
from harness.meters.select import select, survey
from harness.meters.sources import SourceRecording
from harness.records.meter import WindowReading
from harness.site.language import language
from harness.site.recorded import in_words

HERE = Surroundings(cores=2, machine_cores=2)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_in(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def machine(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    with machine_with(built, tmp_path, monkeypatch) as each:
        yield each


@contextmanager
def recorded(sources: Sequence[Source], clock: VirtualClock) -> Iterator[SourceRecording]:
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
    ("name", "said"),
    [
        ("NVIDIA H100 PCIe", "do not compare; of this model, work that beats in step with its"),
        ("NVIDIA A100-SXM4-80GB", "do not compare; this model samples its power about a quarter"),
        ("NVIDIA RTX A1000", "do not compare"),
    ],
)
def test_what_is_misread_of_work_that_beats_is_told_by_model(
    machine: Machine, name: str, said: str
) -> None:
    _, clock = machine.play_virtually(StandIn(name=name))
    provenance = opened(clock)[0].describe().provenance
    assert said in provenance
    assert said.endswith("compare") == provenance.endswith("compare")
    assert in_words("provenance", provenance, language("fr")) is not None


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
    assert condition.overheated


def test_older_drivers_are_asked_in_their_own_words(machine: Machine) -> None:
    _, clock = machine.play_virtually(StandIn(old=1, reasons=0b100))
    with recorded(opened(clock), clock) as recording:
        (condition,) = recording.mark().conditions
    assert condition.temperature_celsius == 45
    assert condition.throttled_by == ("software power cap",)
    assert not condition.overheated


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
    (board,) = find_boards()
    seen = iter([0b100, 0, 0, 0])
    board.__dict__["reasons"] = lambda: next(seen)
    watch = Watch(board, board.millijoules, clock)
    watch.read()
    clock.sleep(1)
    watch.read()
    watch.read()
    (first,) = watch.conditions()
    (second,) = watch.conditions()
    assert first.throttled_by == ("software power cap",)
    assert second.throttled_by == (), "the next window begins anew"


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
