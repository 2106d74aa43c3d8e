"""An NVIDIA board's counter, its integrated power, and long windows beside short ones.

    python benchmarks/gpu_meter.py [--board 0] [--seconds 20] [--repeats 5] [--write FILE]

The board is given a known load by a child process: one matrix product, 8,192 x 8,192 in half
precision, again and again (*steady*), or for half a second of every second (*bursty*). It needs
torch with CUDA; without it, the board is measured as it is, and the report says so. In each
phase the same windows are read by the board's energy counter and by its integrated power, both as
the harness reads them: ``repeats`` windows of one second, and as many of ``seconds``. Shown are the
mean power by either, the spread of windows that ought to be alike, and the uncertainty that the
meter states for a window, without the board's gain of +-5 %, which both share.

Prints a report in Markdown with the board's name, and writes it to FILE: for a real board to
docs/explanation/gpu-meter.md, unless told otherwise, for a stand-in only where told. Exits with 3
where no board can be read.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
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
WIDTH = 8_192
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
    parser.add_argument("--seconds", type=float, default=20.0, help="of a long window")
    parser.add_argument("--repeats", type=int, default=5, help="windows of each length")
    parser.add_argument("--write", type=Path, help="the report's file")
    parser.add_argument("--run-load", choices=LOADS[1:], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run_load:
        run_load(arguments.run_load)
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
    boards = find_boards()
    if not 0 <= index < len(boards):
        raise MeasurementError(
            f"board {index}: there are {len(boards)}", remedy="number them from 0"
        )
    board = boards[index]
    kinds = board.kinds()
    if not kinds:
        raise MeasurementError(
            f"{board.name}: tells neither energy nor power", remedy="use another board"
        )
    sources = {kind: open_board(board, kind) for kind in kinds}
    descriptions = {kind: source.describe() for kind, source in sources.items()}
    is_real = not board.library.is_stand_in
    loads = LOADS if is_real and has_cuda() else LOADS[:1]
    found: list[Series] = []
    for load in loads:
        with loaded(load, index):
            meters = {kind: SourceMeter(kind, [source]) for kind, source in sources.items()}
            for length in (SHORT_SECONDS, seconds):
                print(f"{load}: {repeats} windows of {length:g} s", file=sys.stderr)
                found += read_windows(meters, load, length, repeats)
    return write_report(board, descriptions, found, loads), is_real


def read_windows(
    meters: dict[Kind, SourceMeter], load: str, seconds: float, repeats: int
) -> list[Series]:
    """Read the same windows both ways, one after the other at each edge."""
    readings: dict[Kind, list[WindowReading]] = {kind: [] for kind in meters}
    with ExitStack() as stack:
        recordings = {
            kind: stack.enter_context(meter.record(NoWork())) for kind, meter in meters.items()
        }
        for _ in range(repeats):
            time.sleep(seconds)
            for kind, recording in recordings.items():
                readings[kind].append(recording.mark())
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


def has_cuda() -> bool:
    """Say whether torch is here and sees a board."""
    try:
        import torch
    except ImportError:
        return False
    return bool(torch.cuda.is_available())


@contextmanager
def loaded(load: str, index: int) -> Iterator[None]:
    """Keep the board busy from a process of its own, until the block ends."""
    if load == "none":
        yield
        return
    # CUDA numbers boards by speed, unless told to number them as NVML does.
    order = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": str(index)}
    child = subprocess.Popen([sys.executable, __file__, "--run-load", load], env=os.environ | order)
    try:
        time.sleep(SETTLE_SECONDS)
        if child.poll() is not None:
            raise MeasurementError(
                f"the {load} load ended with {child.returncode}", remedy="see what it printed"
            )
        yield
    finally:
        child.terminate()
        child.wait()


def run_load(load: str) -> None:
    """Multiply until killed."""
    import torch

    left = torch.randn(WIDTH, WIDTH, device="cuda", dtype=torch.float16)
    while True:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            left @ left
            torch.cuda.synchronize()
        if load == "bursty":
            time.sleep(0.5)


def write_report(
    board: Board,
    descriptions: dict[Kind, SourceDescription],
    found: Sequence[Series],
    loads: Sequence[str],
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
    if len(loads) == 1:
        lines += [
            "",
            "No load was run: that needs torch with CUDA, and a real board. Shown is what it drew.",
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
