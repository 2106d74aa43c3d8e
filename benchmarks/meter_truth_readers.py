"""One meter in a process of its own, for the truth bench: ours, or a peer's.

    python benchmarks/meter_truth_readers.py harness|zeus|codecarbon rapl DIR
    python benchmarks/meter_truth_readers.py harness|zeus|codecarbon counter|power

The second reads NVIDIA boards: those of the library that the environment names. It takes ``start``
and ``stop``, a line each, and answers a line of JSON: what a window came to, with the moments
between which it was read, or the error that it ended with.

Peers are used as their documents say. zeus: ``ZeusMonitor``, whose folder is a constant of its
module that is set here before the first use. codecarbon: the hardware class that its trackers read
RAPL through, with the folder that it takes; the tracker reads it when it starts, when it stops, and
every 15 s in between, so a shorter window is read at its ends only. Neither is let near a network.

A peer states no edges. It is judged between the very moments at which it read a counter: for what
it read, not for the time that its calls took. Where it reads nothing itself at a window's ends
(power polled in the background), those are the middles of its calls.
"""

from __future__ import annotations

import io
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from meter_truth_outcome import NoWork, said

from harness.meters.protocol import Source


class Reader(Protocol):
    """A meter that reads one window after another."""

    def start(self) -> None:
        """Open a window."""
        ...

    def stop(self) -> dict[str, Any]:
        """Close it: joules by component, and moments."""
        ...


class Harness:
    """Ours, as ``evaluate`` opens it."""

    def __init__(self, kind: str, root: Path | None) -> None:
        from harness.meters.sources import SourceMeter

        self._opened_at = 0.0
        self._stack = ExitStack()
        self._meter = SourceMeter(kind, _sources(kind, root))

    def start(self) -> None:
        """Open a window at aligned edges."""
        self._stack.close()
        self._recording = self._stack.enter_context(self._meter.record(NoWork()))
        self._opened_at = self._recording.opened_at_seconds

    def stop(self) -> dict[str, Any]:
        """Close it likewise, with its uncertainty."""
        try:
            reading = self._recording.mark()
        finally:
            self._stack.close()
        return {
            **said(reading.energy),
            "edges": [self._opened_at, self._recording.opened_at_seconds],
        }


def _sources(kind: str, root: Path | None) -> Sequence[Source]:
    if kind == "rapl":
        from harness.meters import rapl

        os.environ["HARNESS_POWERCAP_ROOT"] = str(root)
        return rapl.find_sources()[0]
    from harness.meters import nvml

    asked: nvml.Kind = "counter" if kind == "counter" else "power"
    return [nvml.open_board(board, asked) for board in nvml.find_boards()]


class Opened:
    """Stands in for ``open`` in a peer's module, and notes when each counter was read."""

    def __init__(self) -> None:
        self.reads: defaultdict[str, list[float]] = defaultdict(list)

    def __call__(self, file: Any, *arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - as ``open``
        """Open a counter by reading it whole, and note the middle of that; else just open."""
        if not str(file).endswith("energy_uj"):
            return open(file, *arguments, **named)  # noqa: PTH123 - as it was asked
        began = time.monotonic()
        try:
            with Path(file).open(encoding="ascii") as opened:
                return io.StringIO(opened.read())
        finally:  # what could not be read was looked for at that moment all the same
            self.reads[Path(file).parent.name].append((began + time.monotonic()) / 2)


class Zeus:
    """zeus's monitor, its CPU part: one figure a zone that it takes for a processor."""

    def __init__(self, root: Path) -> None:
        module: Any = import_module("zeus.device.cpu.rapl")
        self._opened = Opened()
        module.RAPL_DIR = str(root / "intel-rapl")
        module.open = self._opened
        self._monitor: Any = import_module("zeus.monitor").ZeusMonitor(gpu_indices=[])
        self._monitor.begin_window("first", sync_execution=False)  # starts its own pollers
        self._monitor.end_window("first", sync_execution=False)
        time.sleep(1.0)  # they have begun once their interpreters stand

    def start(self) -> None:
        """Open a window."""
        self._opened.reads.clear()
        self._monitor.begin_window("window", sync_execution=False)

    def stop(self) -> dict[str, Any]:
        """Close it: ``None`` is no figure, 0 is a figure."""
        try:
            read = self._monitor.end_window("window", sync_execution=False)
        finally:
            self._monitor.measurement_states.clear()
        joules = {}
        if read.cpu_energy is not None:
            joules["package"] = sum(read.cpu_energy.values())
        if read.dram_energy is not None:
            joules["dram"] = sum(read.dram_energy.values())
        return {"joules": joules, "reads": _ends(self._opened)}


class Codecarbon:
    """codecarbon's RAPL hardware: one figure, billed as CPU."""

    def __init__(self, root: Path) -> None:
        import logging

        logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
        import codecarbon.core.rapl as module

        self._opened = Opened()
        module.open = self._opened  # type: ignore[attr-defined]
        from codecarbon.external.hardware import CPU

        self._cpu: Any = CPU(
            output_dir="",
            mode="intel_rapl",
            model="stand-in",
            tdp=100,
            rapl_dir=str(root / "intel-rapl" / "subsystem"),
            rapl_include_dram=True,
        )
        self._began = 0.0

    def start(self) -> None:
        """Begin as the tracker does."""
        self._opened.reads.clear()
        self._began = time.monotonic()
        self._cpu.start()

    def stop(self) -> dict[str, Any]:
        """Measure as the tracker does when it is stopped."""
        _, energy = self._cpu.measure_power_and_energy(time.monotonic() - self._began)
        joules = energy.kWh / energy.JOULES_TO_KWH
        return {"joules": {"package": joules}, "reads": _ends(self._opened)}


def _ends(opened: Opened) -> dict[str, list[float]]:
    return {folder: [moments[0], moments[-1]] for folder, moments in opened.reads.items()}


class Noted:
    """Stands in for a function of ``pynvml``, and notes when it was asked."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self.moments: list[float] = []

    def __call__(self, *arguments: Any) -> Any:  # noqa: ANN401 - as what it stands in for
        """Ask, and note the middle of that."""
        began = time.monotonic()
        try:
            return self._ask(*arguments)
        finally:
            self.moments.append((began + time.monotonic()) / 2)


class Boards:
    """A peer on NVIDIA boards: its window is between the means of the moments it read at."""

    def __init__(self, start: Callable[[], None], stop: Callable[[], float]) -> None:
        pynvml: Any = import_module("pynvml")
        self._start, self._stop = start, stop
        self._noted = Noted(pynvml.nvmlDeviceGetTotalEnergyConsumption)
        pynvml.nvmlDeviceGetTotalEnergyConsumption = self._noted
        self._opened_at = 0.0

    def start(self) -> None:
        """Open a window."""
        self._opened_at, _ = self._timed(self._start)

    def stop(self) -> dict[str, Any]:
        """Close it."""
        closed_at, joules = self._timed(self._stop)
        return {"joules": {"gpu": joules}, "edges": [self._opened_at, closed_at]}

    def _timed(self, call: Callable[[], Any]) -> tuple[float, Any]:
        self._noted.moments.clear()
        began = time.monotonic()
        answer = call()
        moments = self._noted.moments or [began, time.monotonic()]
        return sum(moments) / len(moments), answer


def zeus_boards() -> Boards:
    """Return zeus's monitor, its GPU part."""
    monitor = import_module("zeus.monitor").ZeusMonitor(cpu_indices=[])

    def stop() -> float:
        try:
            read = monitor.end_window("window", sync_execution=False)
        finally:
            monitor.measurement_states.clear()
        return float(sum(read.gpu_energy.values()))

    return Boards(lambda: monitor.begin_window("window", sync_execution=False), stop)


def codecarbon_boards() -> Boards:
    """Return codecarbon's GPU hardware."""
    import logging

    logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
    from codecarbon.external.hardware import GPU

    boards = GPU.from_utils()
    began = [time.monotonic()]

    def start() -> None:
        began[0] = time.monotonic()
        boards.start()

    def stop() -> float:
        _, energy = boards.measure_power_and_energy(time.monotonic() - began[0])
        return float(energy.kWh / energy.JOULES_TO_KWH)

    return Boards(start, stop)


def make(name: str, kind: str, root: Path | None) -> Reader:
    """Return a reader by its name and what it reads."""
    if name == "harness":
        return Harness(kind, root)
    if root is None:
        return zeus_boards() if name == "zeus" else codecarbon_boards()
    return Zeus(root) if name == "zeus" else Codecarbon(root)


def _refusal(error: BaseException) -> str:
    return json.dumps({"refusal": f"{type(error).__name__}: {error}"[:300]})


def main() -> int:
    """Answer commands until the input ends."""
    name, kind, *folder = sys.argv[1:]
    answers = sys.stdout
    sys.stdout = sys.stderr  # whatever a peer prints is no answer
    try:
        reader = make(name, kind, Path(folder[0]) if folder else None)
    except Exception as error:  # noqa: BLE001 - whatever keeps a peer from starting is its answer
        print(_refusal(error), file=answers, flush=True)
        return 1
    print('"ready"', file=answers, flush=True)
    for line in sys.stdin:
        try:
            said: dict[str, Any] | None = (
                reader.stop() if line.strip() == "stop" else reader.start()  # type: ignore[func-returns-value]
            )
            print(json.dumps(said), file=answers, flush=True)
        except Exception as error:  # noqa: BLE001 - an error is what some cases ask for
            print(_refusal(error), file=answers, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
