"""An NVIDIA board's counter, its integrated power, and long windows beside short ones.

    python benchmarks/gpu_meter.py [--board 0] [--seconds 15] [--repeats 5] [--write FILE]

The board is given a known load by a child process, which needs nothing but the driver (see
``gpu_load.py``): one kernel again and again (*steady*), or in half a second of every second
(*bursty*). Where CUDA does not work, the board is measured as it is, and the report says why. A
load that ends too early, or that the board's power does not show, ends the benchmark. In each
phase the same windows are read by the board's energy counter and by its integrated power, both as
the harness reads them: ``repeats`` windows of one second, and as many of ``seconds``. Shown are the
mean power by either, the spread of windows that ought to be alike, and the uncertainty that the
meter states for a window, without the board's gain of +-5 %, which both share.

With its defaults it takes about four and a half minutes. Prints a report in Markdown with the
board's name, and writes it to FILE: for a real board to docs/explanation/gpu-meter.md, unless told
otherwise, for a stand-in only where told. Exits with 3 where no board can be read.
"""

from __future__ import annotations

import argparse
import os
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harness.errors import MeasurementError  # noqa: E402 - after the path
from harness.meters.nvml import Board, Kind, find_boards, open_board  # noqa: E402 - likewise
from harness.meters.sources import SourceMeter  # noqa: E402 - likewise
from harness.records.meter import SourceDescription, WindowReading  # noqa: E402 - likewise

WRITTEN_TO = ROOT / "docs/explanation/gpu-meter.md"
SHORT_SECONDS = 1.0
SETTLE_SECONDS = 5.0
"""A board that was idle takes a while to reach its clocks."""
START_SECONDS = 60.0
"""For a load to begin: the driver is started, and translates the kernel."""
END_SECONDS = 10.0
LEAST_RISE = 1.2
"""Of the mean power under load, over that without: less is no load."""
PROGRAM = Path(__file__).with_name("gpu_load.py")
LOADS = ("none", "steady", "bursty")


@dataclass(frozen=True)
class Series:
    """Windows that ought to be alike, read one way."""

    load: str
    kind: Kind
    seconds: float
    watts: tuple[float, ...]
    stated_watts: tuple[float, ...]


class NoWork:
    """Boards bill nothing by CPU time."""

    def cpu_seconds(self) -> float:
        """Return none."""
        return 0.0


def main() -> int:
    """Measure, print, write, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--board", type=int, default=0, help="its number, as NVML counts")
    parser.add_argument("--seconds", type=float, default=15.0, help="of a long window")
    parser.add_argument("--repeats", type=int, default=5, help="windows of each length")
    parser.add_argument("--write", type=Path, help="the report's file")
    arguments = parser.parse_args()
    try:
        report, is_real = measure(arguments.board, arguments.seconds, arguments.repeats)
    except MeasurementError as error:
        print(f"no board was measured: {error.message}\n{error.remedy}", file=sys.stderr)
        return error.exit_code
    print(report)
    path = arguments.write or (WRITTEN_TO if is_real else None)
    if path:
        path.write_text(report, encoding="utf-8")
    return 0


def measure(index: int, seconds: float, repeats: int) -> tuple[str, bool]:
    """Return the report, and whether it is of a real board."""
    board = board_of(index)
    kinds = board.kinds()
    if not kinds:
        raise MeasurementError(
            f"{board.name}: tells neither energy nor power", remedy="use another board"
        )
    sources = {kind: open_board(board, kind) for kind in kinds}
    descriptions = {kind: source.describe() for kind, source in sources.items()}
    is_real = not board.library.is_stand_in
    refused = ask_load(index) if is_real else "it needs a real board."
    found: list[Series] = []
    worked: dict[str, str] = {}
    for load in LOADS[:1] if refused else LOADS:
        with loaded(load, index) as running:
            worked[load] = running.words
            meters = {kind: SourceMeter(kind, [source]) for kind, source in sources.items()}
            for length in (SHORT_SECONDS, seconds):
                print(f"{load}: {repeats} windows of {length:g} s", file=sys.stderr)
                found += read_windows(meters, load, length, repeats, running.check)
        require_rise(board.name, load, found)
    return write_report(board, descriptions, found, refused, worked), is_real


def board_of(index: int) -> Board:
    """Return a board by its number; raise ``MeasurementError`` where there is none."""
    boards = find_boards()
    if not 0 <= index < len(boards):
        raise MeasurementError(
            f"board {index}: there are {len(boards)}", remedy="number them from 0"
        )
    return boards[index]


def require_rise(name: str, load: str, found: Sequence[Series]) -> None:
    """Raise ``MeasurementError`` where the board drew hardly more than without a load."""
    idle, busy = (
        statistics.fmean(w for each in found if each.load == wanted for w in each.watts)
        for wanted in (LOADS[0], load)
    )
    if load != LOADS[0] and busy < LEAST_RISE * idle:
        raise MeasurementError(
            f"{name}: drew {busy:.1f} W under the {load} load and {idle:.1f} W without: the load "
            "did not reach it, or it was busy before",
            remedy="see with nvidia-smi what else uses the board, and run again when nothing does",
        )


def read_windows(
    meters: dict[Kind, SourceMeter],
    load: str,
    seconds: float,
    repeats: int,
    check: Callable[[], None],
) -> list[Series]:
    """Read the same windows both ways, one after the other at each edge; ``check`` after each."""
    readings: dict[Kind, list[WindowReading]] = {kind: [] for kind in meters}
    with ExitStack() as stack:
        recordings = {
            kind: stack.enter_context(meter.record(NoWork())) for kind, meter in meters.items()
        }
        for _ in range(repeats):
            time.sleep(seconds)
            for kind, recording in recordings.items():
                readings[kind].append(recording.mark())
            check()
    return [
        Series(
            load=load,
            kind=kind,
            seconds=seconds,
            watts=tuple(each.joules / each.seconds for each in windows),
            stated_watts=tuple(
                each.energy[0].uncertainty_joules / each.seconds for each in windows
            ),
        )
        for kind, windows in readings.items()
    ]


@dataclass(frozen=True)
class Load:
    """A load that has begun; ``child`` is ``None`` for no load."""

    name: str
    words: str = ""
    """What it does."""
    child: subprocess.Popen[str] | None = None

    def check(self) -> None:
        """Raise ``MeasurementError`` when it has ended."""
        if self.child is not None and (code := self.child.poll()) is not None:
            said = self.child.stdout.read().strip() if self.child.stdout else ""
            raise MeasurementError(
                f"the {self.name} load ended with {code} while it was measured: "
                f"{said or 'it said nothing'}",
                remedy=f"run {PROGRAM.name} alone, and see the kernel's log (dmesg)",
            )


def ask_load(index: int) -> str:
    """Return why there can be no load; empty where there can."""
    with started(LOADS[0], index) as child:
        verdict, words = first_line(child)
    return "" if verdict == "running" else words


@contextmanager
def loaded(load: str, index: int) -> Iterator[Load]:
    """Keep the board busy from a process of its own, until the block ends."""
    if load == LOADS[0]:
        yield Load(load)
        return
    with started(load, index) as child:
        verdict, words = first_line(child)
        if verdict != "running":
            raise MeasurementError(
                f"the {load} load did not begin: {words}", remedy=f"run {PROGRAM.name} alone"
            )
        running = Load(load, words, child)
        time.sleep(SETTLE_SECONDS)
        running.check()
        yield running


@contextmanager
def started(load: str, index: int) -> Iterator[subprocess.Popen[str]]:
    """Start the program of loads on a board; end it with the block."""
    # CUDA numbers boards by speed, unless told to number them as NVML does.
    settings = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": str(index)}
    settings["CUDA_CACHE_DISABLE"] = "1"  # leaves nothing behind in the user's folder
    child = subprocess.Popen(
        [sys.executable, str(PROGRAM), load, str(os.getpid())],
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout is not None:
            child.stdout.close()


def first_line(child: subprocess.Popen[str]) -> tuple[str, str]:
    """Return the verdict that a load prints, and its words."""
    assert child.stdout is not None
    ready, _, _ = select.select([child.stdout], [], [], START_SECONDS)
    if not ready:
        return "failed", f"it said nothing for {START_SECONDS:g} s"
    line = child.stdout.readline().strip()
    verdict, found, words = line.partition(": ")
    if not found:
        return "failed", f"it ended with {child.wait()} and said {line!r}"
    return verdict, words


def write_report(
    board: Board,
    descriptions: dict[Kind, SourceDescription],
    found: Sequence[Series],
    refused: str,
    worked: dict[str, str],
) -> str:
    """Render what was seen."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    lines = [
        f"# What the meter saw of {board.name}",
        "",
        f"By `benchmarks/gpu_meter.py` on {today}, driver {board.library.driver}.",
    ]
    if board.library.is_stand_in:
        lines += ["", "**A stand-in library, not a board**: this shows that the program runs."]
    if refused:
        lines += ["", f"No load was run: {refused} Shown is what the board drew."]
    lines += [
        line
        for load, words in worked.items()
        if words
        for line in ("", f"The {load} load: {words}.")
    ]
    lines += ["", "| read by | refreshed every | step |", "|---|---|---|"]
    lines += [
        f"| {kind} | {described.refresh_seconds * 1e3:.1f} ms | "
        f"{described.resolution_joules * 1e3:.3g} mJ |"
        for kind, described in descriptions.items()
    ]
    lines += [
        "",
        "| load | window | read by | mean | spread of windows | stated | power/counter |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [render(series, found) for series in found]
    return "\n".join(lines) + "\n"


def render(series: Series, found: Sequence[Series]) -> str:
    """Render one row; spreads and uncertainties as shares of the mean."""
    mean = statistics.fmean(series.watts)
    spread = statistics.stdev(series.watts) / mean if len(series.watts) > 1 else None
    stated = statistics.fmean(series.stated_watts) / mean
    counted = [
        statistics.fmean(other.watts)
        for other in found
        if (other.load, other.seconds, other.kind) == (series.load, series.seconds, "counter")
    ]
    ratio = f"{mean / counted[0]:.4f}" if counted and series.kind == "power" else ""
    return (
        f"| {series.load} | {series.seconds:g} s | {series.kind} | {mean:.2f} W | "
        f"{'' if spread is None else f'{100 * spread:.3f} %'} | ±{100 * stated:.3f} % | {ratio} |"
    )


if __name__ == "__main__":
    sys.exit(main())
