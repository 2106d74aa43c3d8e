"""What metering itself costs: CPU time while a window is open, starting and stopping it, imports.

    python benchmarks/meter_truth_overhead.py harness|zeus|codecarbon DIR SECONDS

measures one meter on a tree, as the truth bench has it done for each. Ours is read as ``evaluate``
reads it. zeus is its monitor, codecarbon its offline tracker with its own cadence; both are pointed
at the tree and read nothing else of the machine that would need a sensor.

CPU time is that of the meter's whole process tree between a window's start and its stop, so that
waiting for a refresh, which is spent reading, is not in it: that is in the time of start and stop.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from meter_truth_cases import FAST_SECONDS, named
from meter_truth_children import HERE, METERS, Child, meters_here
from meter_truth_outcome import OURS, NoWork
from meter_truth_verdicts import Goal

CPU_SHARE = 0.001
CALL_SECONDS = 0.020
IMPORT_SECONDS = 0.030
ALIGNMENT_REFRESHES = 3
"""What the stand-in's counters need: one to see a refresh, one for the power, one to bracket it."""
_WINDOWS = 15
_IMPORTS = 15
_CASE = "two packages"
_IMPORT = {
    "codecarbon": "from codecarbon import OfflineEmissionsTracker",
    "zeus": "from zeus.monitor import ZeusMonitor",
}


@dataclass(frozen=True)
class Overhead:
    """What one meter costs."""

    reader: str
    cpu_share: float
    """Of one core, while a window is open."""
    start_seconds: float
    stop_seconds: float
    """The medians."""
    import_seconds: float
    """Over an empty interpreter; the median."""
    failure: str = ""


class Window(Protocol):
    """A meter's window, opened and closed again and again."""

    def start(self) -> None:
        """Open it."""
        ...

    def stop(self) -> None:
        """Close it."""
        ...


class _Harness:
    def __init__(self, root: Path) -> None:
        from harness.meters import rapl
        from harness.meters.sources import SourceMeter

        os.environ["HARNESS_POWERCAP_ROOT"] = str(root)
        self._meter = SourceMeter("rapl", rapl.find_sources()[0])
        self._stack = ExitStack()

    def start(self) -> None:
        self._recording = self._stack.enter_context(self._meter.record(NoWork()))

    def stop(self) -> None:
        self._recording.mark()
        self._stack.close()


class _Zeus:
    def __init__(self, root: Path) -> None:
        module: Any = import_module("zeus.device.cpu.rapl")
        module.RAPL_DIR = str(root / "intel-rapl")
        self._monitor: Any = import_module("zeus.monitor").ZeusMonitor(gpu_indices=[])
        self.start()  # starts its pollers
        self.stop()
        time.sleep(2.0)

    def start(self) -> None:
        self._monitor.begin_window("window", sync_execution=False)

    def stop(self) -> None:
        self._monitor.end_window("window", sync_execution=False)


class _Codecarbon:
    def __init__(self, root: Path) -> None:
        module: Any = import_module("codecarbon.core.resource_tracker")
        hardware: Any = import_module("codecarbon.external.hardware").CPU
        folder = str(root / "intel-rapl" / "subsystem")
        module.cpu.is_rapl_available = lambda: True
        hardware.__init__.__defaults__ = (folder, *hardware.__init__.__defaults__[1:])
        self._tracker: Any = None

    def start(self) -> None:
        from codecarbon import OfflineEmissionsTracker

        self._tracker = OfflineEmissionsTracker(
            country_iso_code="FRA",
            save_to_file=False,
            log_level="critical",
            allow_multiple_runs=True,
        )
        self._tracker.start()
        (processor,) = (part for part in self._tracker._hardware if "CPU" in repr(part))  # noqa: SLF001 - it says nowhere else what it reads
        if "Rapl" not in repr(processor):
            raise RuntimeError(f"it reads {processor!r}")

    def stop(self) -> None:
        self._tracker.stop()


def _childrens_cpu_seconds() -> float:
    """Return the CPU time of the processes that this one started and that still run."""
    seconds, me = 0.0, os.getpid()
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and _parent(folder) == me:
            tasks = (folder / "task").glob("*/schedstat")
            seconds += sum(int(task.read_text().split()[0]) for task in tasks) * 1e-9
    return seconds


def _parent(folder: Path) -> int:
    try:
        stat = (folder / "stat").read_text()
    except OSError:  # it has ended
        return 0
    return int(stat.rpartition(")")[2].split()[1])


def measure_here(reader: str, root: Path, seconds: float) -> dict[str, float]:
    """Measure one meter in this process."""
    makers: dict[str, Callable[[Path], Window]] = {
        "harness": _Harness, "zeus": _Zeus, "codecarbon": _Codecarbon,
    }  # fmt: skip
    window = makers[reader](root)
    starts, stops = [], []
    windows = _WINDOWS if reader != "codecarbon" else 3  # a tracker takes seconds to start
    for _ in range(windows):
        starts.append(_timed(window.start))
        time.sleep(0.1)
        stops.append(_timed(window.stop))
    window.start()
    before = _childrens_cpu_seconds()  # looking itself takes time: outside of what is looked at
    own, began = time.process_time(), time.monotonic()
    time.sleep(seconds)
    own, passed = time.process_time() - own, time.monotonic() - began
    used = own + _childrens_cpu_seconds() - before
    window.stop()
    return {
        "cpu_share": used / passed,
        "start_seconds": statistics.median(starts),
        "stop_seconds": statistics.median(stops),
    }


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def our_import() -> str:
    """Return the statement that imports every built-in meter but NVML's and codecarbon's."""
    from harness.meters.select import BUILT_IN

    modules = [name for kind, name in BUILT_IN.items() if kind not in {"nvml", "codecarbon"}]
    return "; ".join(f"import {name}" for name in ("harness.meters.select", *modules)
                     if find_spec(name))  # fmt: skip


def import_seconds(statement: str) -> float:
    """Return what a statement takes over an empty interpreter, alternating the two.

    Modules are compiled beforehand, as those of an installed package are.
    """
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": cache}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)

        def run(code: str) -> float:
            command = [sys.executable, "-c", code]
            return _timed(
                lambda: subprocess.run(command, check=True, env=environment, capture_output=True)
            )

        run(statement)
        return statistics.median(run(statement) - run("pass") for _ in range(_IMPORTS))


def measure(seconds: float) -> list[Overhead]:
    """Measure every meter that is here, one after the other, on the same tree."""
    from meter_truth_real import MEMORY

    found = []
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        root = Path(folder) / "powercap"
        words = ("--commands", "--case", named(_CASE)[0].name, "--seconds", "36000")
        stand_in = Child("stand_in_powercap.py", str(root), *words)
        try:
            stand_in.greet()
            for reader in meters_here():
                found.append(_measure_one(reader, root, seconds))
                stand_in.ask("forget")
        finally:
            stand_in.end()
    return found


def _measure_one(reader: str, root: Path, seconds: float) -> Overhead:
    command = [sys.executable, str(Path(__file__)), reader, str(root), str(seconds)]
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return Overhead(reader, 0.0, 0.0, 0.0, 0.0, failure=last[:200])
    said = json.loads(done.stdout.strip().splitlines()[-1])
    statement = _IMPORT.get(reader) or our_import()
    return Overhead(reader=reader, import_seconds=import_seconds(statement), **said)


def judge_overhead(found: Sequence[Overhead]) -> list[Goal]:
    """Judge ours."""
    ours = next((each for each in found if each.reader == OURS), None)
    allowed = CALL_SECONDS + ALIGNMENT_REFRESHES * FAST_SECONDS
    goals = (
        (f"at most {CPU_SHARE:.1%} of one core while a window is open", "cpu_share", CPU_SHARE),
        ("starting a window takes at most 20 ms beyond its alignment", "start_seconds", allowed),
        ("stopping a window takes at most 20 ms beyond its alignment", "stop_seconds", allowed),
        ("importing the meters without NVML and codecarbon takes at most 30 ms",
         "import_seconds", IMPORT_SECONDS),
    )  # fmt: skip
    judged = []
    for text, name, most in goals:
        value = getattr(ours, name) if ours else 0.0
        failed = (ours.failure,) if ours and ours.failure else ()
        miss = (f"{value:.4f}, at most {most:.4f}",) if value > most else ()
        judged.append(Goal(text, (*failed, *miss), judged=ours is not None))
    return judged


def overhead_rows(found: Sequence[Overhead]) -> tuple[list[str], list[list[str]]]:
    """Return the table's header and rows."""
    header = ["meter", "CPU, one core", "start", "stop", "import"]
    by_name = {each.reader: each for each in found}
    rows = []
    for reader in METERS:
        each = by_name.get(reader)
        if each is None:
            rows.append([reader, *["not installed"] * 4])
        elif each.failure:
            rows.append([reader, f"failed: {each.failure}", "-", "-", "-"])
        else:
            times = (each.start_seconds, each.stop_seconds, each.import_seconds)
            rows.append(
                [reader, f"{each.cpu_share:.3%}", *(f"{1e3 * value:,.1f} ms" for value in times)]
            )
    return header, rows


if __name__ == "__main__":
    name, folder, length = sys.argv[1:]
    print(json.dumps(measure_here(name, Path(folder), float(length))))
