"""What else the machine did while a window was open.

    other = busy time of the whole machine - the entry's tree - the harness's own

Busy time is user, nice, system, irq and softirq of ``/proc/stat``. The kernel counts a guest's
time in ``user`` as well, so ``guest`` is left out. Steal is what a hypervisor gave to others
while this machine had work to do; it is reported apart. The harness's own is its process, and
whatever it started besides the entry: programs that a meter calls, above all.

``/proc/stat`` counts in ticks of 10 ms a core, and on most kernels by looking what runs at each
tick, so a window of half a second is known to a tenth of one core. A difference that this makes
negative is reported as zero.

Beside CPU time the watch reads, where the machine tells:

- run-queue waiting, from the kernel's pressure figures (``some`` of ``/proc/pressure/cpu``): they
  miss no process however short it lived, but do not say whose task waited. An entry with more
  threads than cores waits for itself.
- the mean clock frequency of the cores: see ``harness.meters.clock``;
- the cores' counts of thermal throttling;
- the processor's temperature when the window ends: see ``harness.meters.temperature``;
- for how long the machine slept: what counts on meanwhile (a plug at the wall) and what does not
  (the clock that windows are timed by) then tell of different times.

All of it is read when a window ends, and never in between: what is counted misses nothing for that.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from harness.errors import MeasurementError
from harness.meters.clock import ClockWatch, suspended_seconds
from harness.meters.protocol import Work
from harness.meters.temperature import CLASSES, processor_sensors, warmest
from harness.records.session import Disturbance

PROC = Path("/proc")
CORES = Path("/sys/devices/system/cpu")

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_STEAL = 7
_COUNTED = (0, 1, 2, 5, 6)
"""user, nice, system, irq, softirq: proc(5) gives the order; 3 and 4 are idle and iowait."""
_CPU_TIMES = slice(11, 15)
"""utime, stime, cutime, cstime of ``/proc/PID/stat``, counted from behind the name."""


class Watch(Protocol):
    """Consecutive windows over what else the machine does."""

    def mark(self) -> Disturbance:
        """Close the open window; the next begins at the same reading."""
        ...


class _Edge(NamedTuple):
    busy_seconds: float
    steal_seconds: float
    entry_seconds: float
    harness_seconds: float
    run_queue_seconds: float | None
    throttle_events: int | None
    suspended_seconds: float | None


class DisturbanceWatch:
    """The watch over this machine; its first window opens when it is made.

    ``proc``, ``cores`` and ``classes`` stand in for ``/proc``, ``/sys/devices/system/cpu`` and
    ``/sys/class`` in tests. Raises ``MeasurementError`` when there is no usable ``stat``; whatever
    else is missing is ``None``.
    """

    def __init__(
        self, work: Work, *, proc: Path = PROC, cores: Path = CORES, classes: Path = CLASSES
    ) -> None:
        self._work = work
        self._proc = proc
        self._clock = ClockWatch(cores)
        self._sensors = processor_sensors(classes)
        self._throttles = sorted(cores.glob("cpu[0-9]*/thermal_throttle/*_throttle_count"))
        self._beside_seconds = 0.0
        self._edge = self._read()

    def mark(self) -> Disturbance:
        """Close the open window; the next begins at the same reading."""
        began, self._edge = self._edge, self._read()
        ended = self._edge
        entry = ended.entry_seconds - began.entry_seconds
        harness = ended.harness_seconds - began.harness_seconds
        busy = ended.busy_seconds - began.busy_seconds
        throttled = _gain(began.throttle_events, ended.throttle_events)
        return Disturbance(
            other_cpu_seconds=max(0.0, busy - entry - harness),
            harness_cpu_seconds=harness,
            steal_seconds=max(0.0, ended.steal_seconds - began.steal_seconds),
            run_queue_seconds=_gain(began.run_queue_seconds, ended.run_queue_seconds),
            frequency_megahertz=self._clock.mark(),
            throttle_events=None if throttled is None else int(throttled),
            suspended_seconds=_gain(began.suspended_seconds, ended.suspended_seconds),
            temperature_celsius=warmest(self._sensors),
        )

    def _read(self) -> _Edge:
        ticks = _machine_ticks(self._proc / "stat")
        entry = self._work.cpu_seconds()
        # Children that the harness waited for, the entry among them once it is gone, and those
        # that still live: what is not the entry's is the harness's own.
        waited = resource.getrusage(resource.RUSAGE_CHILDREN)
        children = waited.ru_utime + waited.ru_stime + _living_seconds(self._proc, os.getpid())
        self._beside_seconds = max(self._beside_seconds, children - entry)
        return _Edge(
            busy_seconds=sum(ticks[field] for field in _COUNTED) / _TICKS_PER_SECOND,
            steal_seconds=ticks[_STEAL] / _TICKS_PER_SECOND,
            entry_seconds=entry,
            harness_seconds=time.process_time() + self._beside_seconds,
            run_queue_seconds=_run_queue_seconds(self._proc / "pressure" / "cpu"),
            throttle_events=_sum(self._throttles),
            suspended_seconds=suspended_seconds(),
        )


def _gain(began: float | None, ended: float | None) -> float | None:
    """Return how far a counter rose; a core that goes offline takes its count with it."""
    return None if began is None or ended is None else max(0, ended - began)


def _machine_ticks(stat: Path) -> list[int]:
    """Return the fields of the line that sums all cores, at least up to steal."""
    try:
        name, *fields = stat.read_text(encoding="ascii").partition("\n")[0].split()
        ticks = [int(field) for field in fields]
    except (OSError, ValueError) as error:
        raise MeasurementError(
            f"{stat}: cannot tell what else runs on this machine: {error}",
            remedy="run the harness where the kernel's /proc is mounted",
        ) from None
    if name != "cpu" or len(ticks) <= _STEAL:
        raise MeasurementError(
            f"{stat}: its first line is not the machine's CPU time up to 'steal'",
            remedy="run the harness on Linux with the kernel's own /proc",
        )
    return ticks


def _living_seconds(proc: Path, root: int) -> float:
    """Return the CPU time of what descends from ``root`` and lives, with what it waited for."""
    ticks = 0
    waiting = list(_children(proc, root))
    while waiting:
        pid = waiting.pop()
        fields = _text(proc / str(pid) / "stat").rpartition(")")[2].split()
        # Nothing for one that is gone by now.
        ticks += sum(int(field) for field in fields[_CPU_TIMES] if _is_number(field))
        waiting.extend(_children(proc, pid))
    return ticks / _TICKS_PER_SECOND


def _children(proc: Path, pid: int) -> Iterator[int]:
    try:
        tasks = os.listdir(proc / str(pid) / "task")  # noqa: PTH208 - numbers, and often
    except OSError:
        return
    for task in tasks:
        yield from map(int, _text(proc / str(pid) / "task" / task / "children").split())


def _run_queue_seconds(pressure: Path) -> float | None:
    """Return the total of the line ``some avg10=0.00 ... total=MICROSECONDS``."""
    some = _text(pressure).partition("\n")[0]
    kind, _, total = some.partition(" ")
    digits = total.rpartition("total=")[2].strip()
    return int(digits) / 1e6 if kind == "some" and _is_number(digits) else None


def _sum(files: list[Path]) -> int | None:
    counts = [int(text) for text in map(_stripped, files) if _is_number(text)]
    return sum(counts) if counts else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _stripped(path: Path) -> str:
    return _text(path).strip()


def _text(path: Path) -> str:
    """Return what the file holds; nothing where it is not, or is no longer."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
