"""Whether an NVIDIA board sees all of the time: work that beats with its counter's refreshes.

    python benchmarks/gpu_beats.py [--board 0] [--seconds 4] [--write FILE]

A board that samples its power for a quarter of the time reads twenty-five milliseconds of work in
every hundred as work throughout, or as none at all, by where in the hundred they fall. So the board
is given bursts of a quarter of its counter's period,

- one in each period, beginning at sixteen places after a refresh (*in step*): a counter that sees
  all of the time tells the same power at every place;
- at intervals that do not beat with it (*out of step*), for what the mean of many places is;
- of half a second in every second, for windows of a second as a meter takes them: what their
  energies differ by, and what is left of that once the bursts that fell into each are counted.

The work of all bursts of one length is the same launch. Between them the board keeps its clocks.
With its defaults it takes about two minutes. Prints a report in Markdown, and writes it to FILE,
docs/explanation/gpu-beats.md unless told otherwise. Exits with 3 where no board can be read, or
CUDA does not work.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
from gpu_load import Burner, Driver
from gpu_meter import board_of

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harness.errors import MeasurementError  # noqa: E402 - after the path

WRITTEN_TO = ROOT / "docs/explanation/gpu-beats.md"
PAUSE_SECONDS = 0.0005
WARM_SECONDS = 3.0
REFRESHES_WATCHED = 20
PLACES = 16
BURST_SHARE = 0.25
"""Of a period: as much as a board sees that samples a quarter of the time."""
OUT_OF_STEP = (0.73, 1.37)
"""Periods from burst to burst, in periods of the counter."""
LONG_BURST_SECONDS, LONG_PERIOD_SECONDS = 0.5, 1.0
LONG_RUNS = 4
"""Of long bursts, as many times as long as the others."""
STILL_SECONDS = 2.0


@dataclass(frozen=True)
class Refresh:
    """A change of the counter: when it was seen, to what, and which power was told then."""

    seconds: float
    joules: float
    watts: float


@dataclass(frozen=True)
class Run:
    """What was seen while the board worked in bursts."""

    bursts: tuple[float, ...]
    """When each was begun, in seconds."""
    burst_seconds: float
    refreshes: tuple[Refresh, ...]

    @property
    def watts(self) -> float:
        """The mean power, from the first refresh that was seen to the last."""
        first, last = self.refreshes[0], self.refreshes[-1]
        return (last.joules - first.joules) / (last.seconds - first.seconds)

    @property
    def drift_seconds(self) -> float:
        """How far bursts that are in step moved against the refreshes, from first to last."""
        period, _ = beat_of(self.refreshes)
        between = (self.bursts[-1] - self.bursts[0]) / (len(self.bursts) - 1)
        return abs(between - period) * len(self.bursts)

    @property
    def told_watts(self) -> float:
        """The mean of the powers that were told."""
        return statistics.fmean(each.watts for each in self.refreshes[1:])

    @property
    def busy_share(self) -> float:
        """The share of that time that fell into bursts."""
        first, last = self.refreshes[0].seconds, self.refreshes[-1].seconds
        return self.busy_seconds(first, last) / (last - first)

    def busy_seconds(self, begin: float, end: float) -> float:
        """Return how much of a time fell into bursts."""
        return sum(
            max(0.0, min(end, burst + self.burst_seconds) - max(begin, burst))
            for burst in self.bursts
        )


@dataclass(frozen=True)
class Device:
    """A board that can be read and given work, and the clock that both are by."""

    joules: Callable[[], float]
    watts: Callable[[], float]
    begin: Callable[[float], None]
    """Give it a burst of so many seconds, without waiting for its end."""
    clock: Callable[[], float]
    sleep: Callable[[float], None]


@dataclass(frozen=True)
class Row:
    """One line of the report: bursts of a length, and the power that the counter told."""

    what: str
    run: Run


def watch(
    device: Device,
    seconds: float,
    *,
    period: float,
    burst_seconds: float,
    first: float | None = None,
) -> Run:
    """Give bursts, the ``first`` at a moment of the clock, and note every refresh meanwhile.

    ``period`` 0 gives none. Raises ``MeasurementError`` where the counter stands still.
    """
    begun = device.clock()
    due = begun if first is None else first
    end = max(begun, due) + seconds
    last = device.joules()
    bursts: list[float] = []
    refreshes: list[Refresh] = []
    while (now := device.clock()) < end:
        if period and now >= due:
            device.begin(burst_seconds)
            bursts.append(now)
            due += period
        if (joules := device.joules()) != last:
            refreshes.append(Refresh(device.clock(), joules, device.watts()))
            last = joules
        elif now - (refreshes[-1].seconds if refreshes else begun) > STILL_SECONDS:
            raise MeasurementError(
                f"the board's energy counter stood still for {STILL_SECONDS:g} s",
                remedy="load NVIDIA's driver anew or restart the machine",
            )
        device.sleep(PAUSE_SECONDS)
    working = tuple(each for each in refreshes if not bursts or each.seconds >= bursts[0])
    if len(working) < 2:  # noqa: PLR2004 - a window has two ends
        raise MeasurementError("too few refreshes were seen", remedy="give more --seconds")
    return Run(tuple(bursts), burst_seconds, working)


def beat_of(refreshes: Sequence[Refresh]) -> tuple[float, float]:
    """Return the period of refreshes and the moment of one of them, by least squares, in seconds.

    A refresh that was missed leaves a gap of two periods, and counts as two.
    """
    moments = np.array([each.seconds for each in refreshes])
    typical = float(np.median(np.diff(moments)))
    numbers = np.concatenate([[0], np.cumsum(np.rint(np.diff(moments) / typical))])
    period, first = np.polyfit(numbers, moments, 1)
    return float(period), float(first)


def in_step(device: Device, seconds: float, place: float) -> Run:
    """Give one burst in each period, the share ``place`` of it after a refresh."""
    idle = watch(device, REFRESHES_WATCHED * 0.1, period=0.0, burst_seconds=0.0)
    period, moment = beat_of(idle.refreshes)
    number = np.ceil((device.clock() - moment) / period)
    first = moment + (number + 1 + place) * period
    return watch(
        device, seconds, period=period, burst_seconds=BURST_SHARE * period, first=float(first)
    )


def spreads(run: Run, window_refreshes: int) -> tuple[float, float]:
    """Return what windows of so many refreshes differ by, and what is left with bursts counted.

    Both are standard deviations as shares of the mean. Bursts are counted by least squares: so many
    joules a second, and so many more a second of a burst.
    """
    windows = list(pairwise(run.refreshes[::window_refreshes]))
    energies = np.array([end.joules - begin.joules for begin, end in windows])
    lasted = np.array([end.seconds - begin.seconds for begin, end in windows])
    busy = np.array([run.busy_seconds(begin.seconds, end.seconds) for begin, end in windows])
    known = np.column_stack([lasted, busy])
    fitted, *_ = np.linalg.lstsq(known, energies, rcond=None)
    left = energies - known @ fitted
    freedom = max(1, len(energies) - 2)
    mean_watts = energies.sum() / lasted.sum()
    return (
        float(np.std(energies / lasted, ddof=1) / mean_watts),
        float(np.sqrt((left**2).sum() / freedom) / energies.mean()),
    )


def measure(device: Device, seconds: float) -> tuple[list[Row], Run, float]:
    """Return the rows of short bursts, the run of long ones, and the counter's period."""
    burn = watch(device, WARM_SECONDS, period=LONG_PERIOD_SECONDS, burst_seconds=LONG_BURST_SECONDS)
    period, _ = beat_of(burn.refreshes)
    rows = []
    for share in OUT_OF_STEP:
        print(f"out of step, every {share:g} periods", file=sys.stderr)
        run = watch(
            device,
            2 * seconds,
            period=share * period,
            burst_seconds=BURST_SHARE * share * period,
        )
        rows.append(Row(f"every {share:g} periods", run))
    for number in range(PLACES):
        place = number / PLACES
        print(f"in step, {place:g} of a period after a refresh", file=sys.stderr)
        run = in_step(device, seconds, place)
        rows.append(Row(f"every period, {place:g} of one after a refresh", run))
    print("long bursts", file=sys.stderr)
    long = watch(
        device,
        LONG_RUNS * seconds,
        period=LONG_PERIOD_SECONDS,
        burst_seconds=LONG_BURST_SECONDS,
    )
    return rows, long, period


def verdict(rows: Sequence[Row], told_by: Literal["watts", "told_watts"]) -> tuple[float, float]:
    """Return how far powers in step lie apart, and their mean, as shares of that out of step."""
    told = [getattr(row.run, told_by) for row in rows]
    out, places = told[: len(OUT_OF_STEP)], told[len(OUT_OF_STEP) :]
    mean = statistics.fmean(out)
    return (max(places) - min(places)) / mean, statistics.fmean(places) / mean


def write_report(name: str, driver: str, rows: Sequence[Row], long: Run, period: float) -> str:
    """Render what was seen."""
    windows = round(LONG_PERIOD_SECONDS / period)
    raw, left = spreads(long, windows)
    drift = max(row.run.drift_seconds for row in rows[len(OUT_OF_STEP) :])
    counted, integrated = verdict(rows, "watts"), verdict(rows, "told_watts")
    begun = (
        f"By `benchmarks/gpu_beats.py` on {datetime.now(UTC):%Y-%m-%d}, driver {driver}. The "
        f"counter is refreshed every {1e3 * period:.2f} ms."
    )
    in_step = (
        f"In step the powers lie apart by {100 * counted[0]:.1f} % of what is told out of step, "
        f"and their mean is {100 * counted[1]:.1f} % of it; by the power that the board tells, "
        f"{100 * integrated[0]:.1f} % and {100 * integrated[1]:.1f} %. From the first burst of a "
        f"run to its last the places moved by {1e3 * drift:.1f} ms at the most."
    )
    of_long = (
        f"Bursts of {LONG_BURST_SECONDS:g} s every {LONG_PERIOD_SECONDS:g} s, in "
        f"{(len(long.refreshes) - 1) // windows} windows of {windows} refreshes: they differ by "
        f"{100 * raw:.2f} %, and by {100 * left:.2f} % once the bursts in each are counted."
    )
    lines = [
        f"# What beats with the counter of {name}",
        "",
        begun,
        "",
        f"Bursts of {100 * BURST_SHARE:.0f} % of the time:",
        "",
        "| bursts | of | busy | mean power by the counter | by the power told |",
        "|---|---:|---:|---:|---:|",
        *map(render, rows),
        "",
        in_step,
        "",
        of_long,
    ]
    return "\n".join(lines) + "\n"


def render(row: Row) -> str:
    """Render one row."""
    run = row.run
    return (
        f"| {row.what} | {1e3 * run.burst_seconds:.1f} ms | {100 * run.busy_share:.1f} % | "
        f"{run.watts:.1f} W | {run.told_watts:.1f} W |"
    )


def open_device(index: int) -> tuple[Device, str, str]:
    """Return a board with its work, its name and its driver; raise ``MeasurementError`` without."""
    board = board_of(index)
    if board.library.is_stand_in:  # its report would be taken for a board's
        raise MeasurementError(
            f"{board.name}: is a stand-in, and draws nothing for a load",
            remedy="unset HARNESS_NVML_LIBRARY, on a machine with an NVIDIA board",
        )
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # else CUDA numbers boards by speed
    burner = Burner(Driver(), index)
    rate = burner.rounds / burner.seconds

    def begin(seconds: float) -> None:
        burner.begin(max(1, round(seconds * rate)))

    device = Device(
        joules=lambda: board.millijoules() / 1e3,
        watts=lambda: board.milliwatts() / 1e3,
        begin=begin,
        clock=time.monotonic,
        sleep=time.sleep,
    )
    return device, board.name, str(board.library.driver)


def main() -> int:
    """Measure, print, write, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--board", type=int, default=0, help="its number, as NVML counts")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each run of bursts")
    parser.add_argument("--write", type=Path, default=WRITTEN_TO, help="the report's file")
    arguments = parser.parse_args()
    try:
        device, name, driver = open_device(arguments.board)
        report = write_report(name, driver, *measure(device, arguments.seconds))
    except MeasurementError as error:
        print(f"no board was measured: {error.message}\n{error.remedy}", file=sys.stderr)
        return error.exit_code
    print(report)
    arguments.write.write_text(report, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
