"""The mean clock over a window: by what the kernel counts, else by what its edges show."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.meters.clock import ClockWatch


def set_clock(
    root: Path, core: int, *, now: int | str = "", spent: dict[int, int] | None = None
) -> None:
    folder = root / f"cpu{core}" / "cpufreq"
    (folder / "stats").mkdir(parents=True, exist_ok=True)
    (folder / "scaling_cur_freq").write_text(f"{now}\n")
    if spent is not None:
        lines = (f"{kilohertz} {ticks}\n" for kilohertz, ticks in spent.items())
        (folder / "stats" / "time_in_state").write_text("".join(lines))


def test_a_clock_that_fell_and_rose_again_inside_the_window_is_seen(tmp_path: Path) -> None:
    set_clock(tmp_path, 0, now=3_000_000, spent={1_000_000: 500, 3_000_000: 100})
    watch = ClockWatch(tmp_path)
    set_clock(tmp_path, 0, now=3_000_000, spent={1_000_000: 600, 3_000_000: 200})
    assert watch.mark() == pytest.approx(2000)


def test_each_core_has_its_share_in_the_mean(tmp_path: Path) -> None:
    for core in (0, 1):
        set_clock(tmp_path, core, spent={1_000_000: 0, 3_000_000: 0})
    watch = ClockWatch(tmp_path)
    set_clock(tmp_path, 0, spent={1_000_000: 100, 3_000_000: 0})
    set_clock(tmp_path, 1, spent={1_000_000: 0, 3_000_000: 300})
    assert watch.mark() == pytest.approx(2500)


def test_the_next_window_begins_where_the_last_ended(tmp_path: Path) -> None:
    set_clock(tmp_path, 0, spent={1_000_000: 0, 3_000_000: 0})
    watch = ClockWatch(tmp_path)
    set_clock(tmp_path, 0, spent={1_000_000: 100, 3_000_000: 0})
    assert watch.mark() == pytest.approx(1000)
    set_clock(tmp_path, 0, spent={1_000_000: 100, 3_000_000: 100})
    assert watch.mark() == pytest.approx(3000)


def test_without_counts_the_edges_are_read(tmp_path: Path) -> None:
    set_clock(tmp_path, 0, now=1_000_000)
    watch = ClockWatch(tmp_path)
    set_clock(tmp_path, 0, now=3_000_000)
    assert watch.mark() == pytest.approx(2000)


@pytest.mark.parametrize("nonsense", ["", "<unknown>", "-5", "3e6"])
def test_a_clock_that_makes_no_sense_is_absent_and_never_zero(
    tmp_path: Path, nonsense: str
) -> None:
    set_clock(tmp_path, 0, now=nonsense)
    (tmp_path / "cpu0/cpufreq/stats/time_in_state").write_text(f"{nonsense} 5\n")
    watch = ClockWatch(tmp_path)
    (tmp_path / "cpu0/cpufreq/stats/time_in_state").write_text(f"{nonsense} 9\n")
    assert watch.mark() is None


def test_a_machine_without_clocks_tells_nothing(tmp_path: Path) -> None:
    assert ClockWatch(tmp_path).mark() is None
