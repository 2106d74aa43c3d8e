"""NVIDIA boards, read through NVML: every one of the machine, used or not, and each as a whole.

Volta and later count energy in millijoules since their driver was loaded; older boards tell their
power, which is integrated. Both are refreshed about every 20 ms or 100 ms, irregularly: the period
is measured when a board is opened. How they are followed is in ``harness.meters.counter`` and
``harness.meters.power``, how the library is found in ``harness.meters.nvml_library``.

A board with MIG enabled is refused: its slices share one counter, which says nothing of a slice.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from harness.errors import MeasurementError, UsageError
from harness.meters.counter import (
    TRACE_SECONDS,
    Counter,
    CounterSource,
    watch_refreshes,
)
from harness.meters.nvml_library import LIBRARY_VARIABLE, Library, no_board
from harness.meters.power import PowerSignal, PowerSource
from harness.meters.powercap import SensorUnavailableError
from harness.meters.protocol import Source, Surroundings
from harness.records.meter import DeviceCondition, Grade, SourceDescription

Kind = Literal["counter", "power"]

RELATIVE_UNCERTAINTY = 0.05
"""A board's gain error, constant for that board: Yang, Adamek and Armour, *Part-time Power
Measurements: nvidia-smi's Lack of Attention* (2023), after comparing over 70 boards."""

ASSUMED_REFRESH_SECONDS = 0.1
"""Of a power that stayed the same for as long as it was watched; the longest that is known."""

_PLAUSIBLE_WATTS = 5_000.0
"""More than any board draws."""
_MILLI = 1e-3
_PAUSE_SECONDS = 0.001
"""A reading goes through the kernel's driver, and may take as long."""
_WATCHED_REFRESHES = 10
_STILL_SECONDS = 2.0
"""An idle board draws at least 5 W: thousands of millijoules a second."""
_PATIENCE_REFRESHES = 5.0
_SHORTEST_PATIENCE_SECONDS = 0.1
_TAIL = 8
"""Characters of the UUID that tell two boards of one model apart."""
_AMPERE = 7
"""NVML's number for the first architecture whose power is a mean over a second."""
_PART_TIME = (
    "; this model samples its power about a quarter of the time (25 ms of every 100 ms), so work "
    "that beats in step with it is misread"
)
"""Yang, Adamek and Armour's finding."""
_BEATS = (
    "; of this model, work that beats in step with its refreshes (some 100 ms) was seen misread by "
    "up to {percent} %"
)
_BEATS_PERCENT: dict[Kind, int] = {"counter": 5, "power": 8}
"""What ``benchmarks/gpu_beats.py`` saw of two boards."""
_CAVEATS = ((re.compile(r"\bA100\b"), _PART_TIME), (re.compile(r"\bH100\b"), _BEATS))

_RESET = (
    "run again without reloading NVIDIA's driver or resetting the board; enabling persistence mode "
    "(as root, nvidia-smi -pm 1) keeps the driver loaded"
)
_MIG = (
    "as root, nvidia-smi -i {index} -mig 0, which ends what runs there, or use a machine without "
    "MIG; --meter rapl or --meter model leaves the board out"
)

_REASONS = {
    # Bit 0, idle, is left out: a board with nothing to do is not held back by anything.
    1: "applications clocks setting",
    2: "software power cap",
    3: "hardware slowdown",
    4: "sync boost",
    5: "software thermal slowdown",
    6: "hardware thermal slowdown",
    7: "hardware power brake slowdown",
    8: "display clock setting",
}
"""Bits of NVML's clocks event reasons, named as NVML does."""
_HEAT_BITS = 1 << 5 | 1 << 6
_IDLE_BIT = 1


@dataclass(frozen=True, eq=False)
class Board:
    """One board of the machine."""

    library: Library
    handle: Any
    """As ``pynvml`` hands it out."""
    index: int
    name: str
    """``gpu-0 NVIDIA H100 PCIe (…1a2b3c4d)``."""
    model: str

    def millijoules(self) -> int:
        """Read the energy counter; raise ``MeasurementError`` naming the board."""
        api = self.library.api
        return int(
            self.library.ask(self.name, api.nvmlDeviceGetTotalEnergyConsumption, self.handle)
        )

    def milliwatts(self) -> int:
        """Read the power; raise ``MeasurementError`` naming the board."""
        api = self.library.api
        return int(self.library.ask(self.name, api.nvmlDeviceGetPowerUsage, self.handle))

    def kinds(self) -> tuple[Kind, ...]:
        """Return what it can be metered by, the better first."""
        counter = self._ask_first(("nvmlDeviceGetTotalEnergyConsumption",))
        power = self._ask_first(("nvmlDeviceGetPowerUsage",))
        found: list[Kind] = []
        if counter is not None:
            found.append("counter")
        if power is not None:
            found.append("power")
        return tuple(found)

    def averaged_seconds(self) -> float:
        """Return over how long its power is a mean: NVML's manual says a second from Ampere on."""
        architecture = self._ask_first(("nvmlDeviceGetArchitecture",))
        return 1.0 if architecture is not None and architecture >= _AMPERE else 0.0

    def is_sliced(self) -> bool:
        """Say whether MIG is enabled."""
        modes = self._ask_first(("nvmlDeviceGetMigMode",))
        return modes is not None and modes[0] != 0

    def reasons(self) -> int:
        """Return the bits of why it runs below its clock now; 0 where it does not say."""
        bits = self._ask_first(
            ("nvmlDeviceGetCurrentClocksEventReasons", "nvmlDeviceGetCurrentClocksThrottleReasons")
        )
        return 0 if bits is None else int(bits) & ~_IDLE_BIT

    def condition(self, reasons: int) -> DeviceCondition:
        """Return its state now, and the reasons that were seen until now."""
        api = self.library.api
        # The first of each pair is the newer; either may be missing in a driver.
        temperature = self._ask_first(
            ("nvmlDeviceGetTemperatureV", "nvmlDeviceGetTemperature"), api.NVML_TEMPERATURE_GPU
        )
        clock = self._ask_first(("nvmlDeviceGetClockInfo",), api.NVML_CLOCK_SM)
        return DeviceCondition(
            device=self.name,
            temperature_celsius=None if temperature is None else float(temperature),
            clock_megahertz=None if clock is None else float(clock),
            throttled_by=name_reasons(reasons),
            overheated=bool(reasons & _HEAT_BITS),
        )

    def _ask_first(self, names: Sequence[str], *arguments: object) -> Any | None:  # noqa: ANN401 - whatever NVML's function returns
        """Return the answer of the first function that this board and driver have."""
        for name in names:
            answer = self.library.ask_if_supported(self.name, name, self.handle, *arguments)
            if answer is not None:
                return answer
        return None


def name_reasons(bits: int) -> tuple[str, ...]:
    """Name clocks event reasons in the vendor's words; unknown bits by their number."""
    return tuple(
        _REASONS.get(bit, f"reason 0x{1 << bit:x}")
        for bit in range(1, bits.bit_length())
        if bits >> bit & 1
    )


BoardSource: TypeAlias = CounterSource | PowerSource


class Watch:
    """Reads a board, and looks now and then at what holds it back.

    So throttling in the middle of a window is seen, not what there is at its end alone.
    """

    def __init__(self, board: Board, read: Callable[[], int], clock: Callable[[], float]) -> None:
        self._board = board
        self._read = read
        self._clock = clock
        self._reasons = 0
        self._looked_at = float("-inf")

    def read(self) -> int:
        """Return its energy or power, in NVML's units; raise ``MeasurementError`` naming it."""
        units = self._read()
        now = self._clock()
        if now - self._looked_at >= TRACE_SECONDS:
            self._looked_at = now
            self._reasons |= self._board.reasons()
        return units

    def conditions(self) -> tuple[DeviceCondition, ...]:
        """Return the board's state now, and all that has held it back since this was asked last."""
        seen, self._reasons = self._reasons | self._board.reasons(), 0
        return (self._board.condition(seen),)


def open_sources(argument: str, surroundings: Surroundings) -> Sequence[Source]:  # noqa: ARG001
    """Open every board. See ``harness.meters.protocol.Opener``."""
    if argument:
        raise UsageError(
            f"nvml takes no argument, and {argument!r} was given",
            remedy="leave it out: every board of the machine is billed",
        )
    return find_sources()


def find_sources() -> tuple[BoardSource, ...]:
    """Return a source for every board: its counter where it has one, else its power.

    Raises ``SensorUnavailableError`` where there is no library, driver or board, or no board tells
    its energy; ``MeasurementError`` where only some of them do, or one is sliced, or does not move.
    """
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only where boards are

    boards = find_boards()
    kinds = {board: board.kinds() for board in boards}
    chosen = [(board, its[0]) for board, its in kinds.items() if its]
    if len(chosen) < len(boards):
        wrong = MeasurementError if chosen else SensorUnavailableError
        dumb = ", ".join(board.name for board, its in kinds.items() if not its)
        raise wrong(
            f"{dumb}: tells no energy and no power",
            remedy="use a machine whose boards all tell it, or another meter",
        )
    # Each is watched for ten refreshes, a second: together rather than one after another.
    with ThreadPoolExecutor(len(boards)) as pool:
        return tuple(pool.map(lambda each: open_board(*each), chosen))


def find_boards() -> tuple[Board, ...]:
    """Return every board of the machine, none of them sliced."""
    library = Library()
    api = library.api
    count = library.ask("NVML", api.nvmlDeviceGetCount)
    if not count:
        raise no_board()
    boards = []
    for index in range(count):
        handle = library.ask(f"gpu-{index}", api.nvmlDeviceGetHandleByIndex, index)
        model = str(library.ask(f"gpu-{index}", api.nvmlDeviceGetName, handle))
        uuid = library.ask_if_supported(f"gpu-{index}", "nvmlDeviceGetUUID", handle)
        tail = f" ({str(uuid)[-_TAIL:]})" if uuid else ""
        board = Board(library, handle, index, f"gpu-{index} {model}{tail}", model)
        if board.is_sliced():
            raise MeasurementError(
                f"{board.name}: is sliced (MIG is enabled): its slices share one energy counter, "
                "so what an entry uses cannot be told from what its neighbours do",
                remedy=_MIG.format(index=index),
            )
        boards.append(board)
    return tuple(boards)


def open_board(
    board: Board,
    kind: Kind,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> BoardSource:
    """Watch one board's refreshes, and return its source; ``sleep`` waits on ``clock``.

    Raises ``MeasurementError`` when its counter does not move.
    """
    open_kind = _open_counter if kind == "counter" else _open_power
    return open_kind(board, clock, sleep)


def _open_counter(
    board: Board, clock: Callable[[], float], sleep: Callable[[float], None]
) -> CounterSource:
    seen = watch_refreshes(
        board.millijoules,
        refreshes=_WATCHED_REFRESHES,
        patience_seconds=_STILL_SECONDS,
        pause_seconds=_PAUSE_SECONDS,
        clock=clock,
        sleep=sleep,
    )
    if seen is None:
        raise MeasurementError(
            f"{board.name}: its energy counter stood still for {_STILL_SECONDS:g} s: it counts "
            "nothing",
            remedy="load NVIDIA's driver anew or restart the machine",
        )
    watch = Watch(board, board.millijoules, clock)
    counter = Counter(
        name=board.name,
        read=watch.read,
        unit_joules=_MILLI,
        wraps_at=None,
        step_joules=seen.step_units * _MILLI,
        refresh_seconds=seen.seconds,
        plausible_watts=_PLAUSIBLE_WATTS,
        still_seconds=_STILL_SECONDS,
        pause_seconds=_PAUSE_SECONDS,
        patience_seconds=max(_SHORTEST_PATIENCE_SECONDS, _PATIENCE_REFRESHES * seen.seconds),
        remedy=_RESET,
    )
    description = _describe(board, "counter", counter.step_joules, seen.seconds)
    return CounterSource(
        counter, description, clock=clock, sleep=sleep, conditions=watch.conditions
    )


def _open_power(
    board: Board, clock: Callable[[], float], sleep: Callable[[float], None]
) -> PowerSource:
    seen = watch_refreshes(
        board.milliwatts,
        refreshes=_WATCHED_REFRESHES,
        patience_seconds=_STILL_SECONDS,
        pause_seconds=_PAUSE_SECONDS,
        clock=clock,
        sleep=sleep,
    )
    refresh_seconds = seen.seconds if seen else ASSUMED_REFRESH_SECONDS
    step_watts = (seen.step_units if seen else 1) * _MILLI
    watch = Watch(board, board.milliwatts, clock)
    signal = PowerSignal(
        name=board.name,
        read=watch.read,
        unit_watts=_MILLI,
        step_watts=step_watts,
        refresh_seconds=refresh_seconds,
        averaged_seconds=board.averaged_seconds(),
        plausible_watts=_PLAUSIBLE_WATTS,
        pause_seconds=_PAUSE_SECONDS,
        remedy="run nvidia-smi: it shows the same power; or use another meter",
    )
    description = _describe(board, "power", step_watts * refresh_seconds, refresh_seconds)
    return PowerSource(signal, description, clock=clock, sleep=sleep, conditions=watch.conditions)


def _describe(
    board: Board, kind: Kind, resolution_joules: float, refresh_seconds: float
) -> SourceDescription:
    """Describe a board. Its words are the same in every session: a leaderboard is kept by them."""
    grade: Grade = "simulated" if board.library.is_stand_in else "sensor"
    origin = "stand-in for the " if board.library.is_stand_in else ""
    what = {
        "counter": "energy counter of the board",
        "power": "power of the board, integrated",
    }[kind]
    caveat = next((words for model, words in _CAVEATS if model.search(board.model)), "")
    caveat = caveat.format(percent=_BEATS_PERCENT[kind])
    return SourceDescription(
        name=board.name,
        component="gpu",
        grade=grade,
        kind=kind,
        resolution_joules=resolution_joules,
        refresh_seconds=refresh_seconds,
        relative_uncertainty=RELATIVE_UNCERTAINTY,
        provenance=(
            f"{origin}{what}, through NVML; its gain may be off by 5 %, constant for this board: "
            f"figures of other boards do not compare{caveat}"
        ),
    )


__all__ = [
    "LIBRARY_VARIABLE",
    "Board",
    "BoardSource",
    "Watch",
    "find_boards",
    "find_sources",
    "name_reasons",
    "open_board",
    "open_sources",
]
