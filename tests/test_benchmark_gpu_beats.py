"""The benchmark of what beats with a board's counter, on boards of which the truth is known."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "benchmarks"))

import gpu_beats  # noqa: E402 - the benchmarks are scripts, found on the path above
import gpu_meter  # noqa: E402 - likewise

from harness.errors import MeasurementError  # noqa: E402 - after the path

PERIOD = 0.1
IDLE_WATTS, BUSY_WATTS = 100.0, 500.0


@pytest.fixture(autouse=True)
def _coarse_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_beats, "PAUSE_SECONDS", 0.001)


class Board:
    """Counts, every ``PERIOD``, the mean of the last ``seen`` of it: 1 is all of the time."""

    def __init__(self, seen: float = 1.0, *, stands_still: bool = False) -> None:
        self.seen, self.stands_still = seen, stands_still
        self.now = 1_000.0
        self.bursts: list[tuple[float, float]] = []
        self.counted, self.refreshed = 0.0, self.now

    def device(self) -> gpu_beats.Device:
        return gpu_beats.Device(self.joules, self.watts, self.begin, lambda: self.now, self.sleep)

    def watts(self) -> float:
        return IDLE_WATTS

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def begin(self, seconds: float) -> None:
        self.bursts.append((self.now, self.now + seconds))

    def joules(self) -> float:
        while not self.stands_still and self.refreshed + PERIOD <= self.now:
            self.refreshed += PERIOD
            begin = self.refreshed - self.seen * PERIOD
            near = self.bursts[-4:]
            busy = sum(max(0.0, min(self.refreshed, b) - max(begin, a)) for a, b in near)
            share = busy / (self.seen * PERIOD)
            self.counted += PERIOD * (IDLE_WATTS + (BUSY_WATTS - IDLE_WATTS) * share)
        return round(self.counted, 3)


def test_a_counter_that_sees_all_of_the_time_tells_one_power_at_every_place() -> None:
    rows, long, period = gpu_beats.measure(Board().device(), seconds=2.0)
    apart, mean = gpu_beats.verdict(rows, "watts")
    assert period == pytest.approx(PERIOD, rel=1e-3)
    assert apart < 0.03
    assert mean == pytest.approx(1.0, abs=0.03)
    assert all(row.run.drift_seconds < 0.01 for row in rows[len(gpu_beats.OUT_OF_STEP) :])
    assert rows[-1].run.watts == pytest.approx(
        IDLE_WATTS + gpu_beats.BURST_SHARE * (BUSY_WATTS - IDLE_WATTS), rel=0.03
    )
    raw, left = gpu_beats.spreads(long, round(1.0 / period))
    assert left < 0.01
    assert raw < 0.2


def test_a_counter_that_sees_a_quarter_of_the_time_is_found_out() -> None:
    rows, _, _ = gpu_beats.measure(Board(seen=0.25).device(), seconds=2.0)
    apart, _ = gpu_beats.verdict(rows, "watts")
    assert apart > 1.0  # from nothing but idle to nothing but bursts, about a mean of 200 W


def test_the_report_names_the_board_and_both_verdicts() -> None:
    report = gpu_beats.write_report("gpu-0", "1.2.3", *gpu_beats.measure(Board().device(), 2.0))
    assert report.startswith("# What beats with the counter of gpu-0\n")
    assert "| every period, 0.9375 of one after a refresh | 25.0 ms | 2" in report
    assert "In step the powers lie apart by " in report
    assert "windows of 10 refreshes: they differ by " in report


def test_what_windows_differ_by_is_taken_apart_into_bursts_and_the_rest() -> None:
    run = gpu_beats.watch(Board().device(), 12.0, period=0.9, burst_seconds=0.3)
    raw, left = gpu_beats.spreads(run, 10)
    assert raw > 0.05
    assert left < 0.002


@pytest.mark.parametrize("missed", [(), (3,), (5, 6)])
def test_a_refresh_that_was_missed_counts(missed: tuple[int, ...]) -> None:
    seen = [gpu_beats.Refresh(7.0 + 0.1 * n, n, 1.0) for n in range(20) if n not in missed]
    period, first = gpu_beats.beat_of(seen)
    assert period == pytest.approx(0.1)
    assert first == pytest.approx(7.0)


def test_a_counter_that_stands_still_ends_it() -> None:
    with pytest.raises(MeasurementError, match=r"stood still for 2 s"):
        gpu_beats.measure(Board(stands_still=True).device(), 2.0)


def test_a_stand_in_is_no_board(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    board = SimpleNamespace(name="gpu-0", library=SimpleNamespace(is_stand_in=True))
    monkeypatch.setattr(gpu_meter, "find_boards", lambda: (board,))
    monkeypatch.setattr(sys, "argv", ["gpu_beats.py", "--write", str(report)])
    assert gpu_beats.main() == MeasurementError.exit_code
    assert "gpu-0: is a stand-in" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["gpu_beats.py", "--board", "1", "--write", str(report)])
    assert gpu_beats.main() == MeasurementError.exit_code
    assert "board 1: there are 1" in capsys.readouterr().err
    assert not report.exists()


def test_without_a_board_it_says_so_and_exits_with_3(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    report = tmp_path / "report.md"
    monkeypatch.setenv("HARNESS_NVML_LIBRARY", str(tmp_path / "none.so"))
    monkeypatch.setattr(sys, "argv", ["gpu_beats.py", "--write", str(report)])
    assert gpu_beats.main() == MeasurementError.exit_code
    assert "no board was measured: " in capsys.readouterr().err
    assert not report.exists()
