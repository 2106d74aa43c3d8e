"""A stand-in for NVIDIA's library, built from C, and its true energy computed in Python.

    library = build(folder)                      # folder/libnvidia-ml.so.1
    stand_in = StandIn(curve="bursty", refresh_seconds=0.02)
    os.environ |= stand_in.environment() | {"HARNESS_NVML_LIBRARY": str(library)}
    ...                                          # or LD_LIBRARY_PATH=folder, before the process
    truth = stand_in.joules(0, ended) - stand_in.joules(0, began)      # time.monotonic()

The variables are read by the first ``nvmlInit``, again after the last ``nvmlShutdown``. What they
mean is said in ``nvml_stand_in.c``, whose functions of the same names these are.
"""

from __future__ import annotations

import math
import mmap
import shutil
import struct
import subprocess
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, TypeAlias

SOURCE = Path(__file__).with_name("nvml_stand_in.c")
PREFIX = "NVML_STAND_IN_"
Curve: TypeAlias = Literal["steady", "bursty", "ramp"]
_MASK = 2**64 - 1


def compiler() -> str | None:
    """Return the C compiler that would build it."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def build(folder: Path) -> Path:
    """Build the library into ``folder``, under the name that the loader looks for."""
    library = folder / "libnvidia-ml.so.1"
    name = compiler()
    if name is None:
        raise FileNotFoundError("no C compiler: install gcc and libc6-dev")
    flags = ("-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC")
    linked = (f"-Wl,-soname,{library.name}", "-lm")
    subprocess.run([name, *flags, "-o", str(library), str(SOURCE), *linked], check=True)
    return library


class VirtualClock:
    """A clock in a file, which the library reads: it stands still until it is moved."""

    def __init__(self, path: Path, now: float) -> None:
        path.write_bytes(struct.pack("d", now))
        with path.open("r+b") as file:
            self._mapped = mmap.mmap(file.fileno(), 8)
        self.path = path

    def __call__(self) -> float:
        """Return the time."""
        (now,) = struct.unpack("d", self._mapped[:8])
        return float(now)

    def sleep(self, seconds: float) -> None:
        """Move it on."""
        self._mapped[:8] = struct.pack("d", self() + seconds)


@dataclass(frozen=True)
class StandIn:
    """Boards as the library plays them: each field is a variable, in the same words."""

    boards: int = 1
    name: str = "NVIDIA Stand-in"
    driver: str = "stand-in 1.0"
    architecture: int = 6
    clock: str = ""
    epoch: float = 0.0
    start_millijoules: int = 0
    curve: Curve = "steady"
    low_watts: float = 60.0
    high_watts: float = 300.0
    period_seconds: float = 2.0
    duty: float = 0.5
    refresh_seconds: float = 0.1
    jitter: float = 0.3
    seed: int = 1
    ripple_watts: float = 0.2
    power_window_seconds: float = 0.0
    counter: int = 1
    power: int = 1
    dumb_board: int = -1
    mig: int = 0
    mig_board: int = -1
    temperature: int = 45
    clock_megahertz: int = 1410
    reasons: int = 0
    old: int = 0
    init_error: int = 0
    count_error: int = 0
    handle_error: int = 0
    fail_error: int = 15
    fail_at: float = math.inf
    fail_after_reads: int = -1
    fail_board: int = 0
    freeze_at: float = math.inf
    reset_at: float = math.inf
    read_seconds: float = 0.0

    def environment(self) -> dict[str, str]:
        """Return every variable of the library, so that none is left over from another one."""
        return {f"{PREFIX}{f.name.upper()}": str(getattr(self, f.name)) for f in fields(self)}

    def watts(self, board: int, at: float) -> float:
        """Return the true power at a moment."""
        share = ((at - self.epoch) / self.period_seconds) % 1.0
        power = self.high_watts
        if self.curve == "bursty" and share >= self.duty:
            power = self.low_watts
        if self.curve == "ramp":
            power = self.low_watts + (self.high_watts - self.low_watts) * share
        return power * (1 + board / 4)

    def joules(self, board: int, at: float) -> float:
        """Return the true energy from the epoch to a moment."""
        periods, rest = divmod(at - self.epoch, self.period_seconds)
        low, high, period = self.low_watts, self.high_watts, self.period_seconds
        energy = high * (at - self.epoch)
        if self.curve == "bursty":
            peak = self.duty * period
            whole = high * peak + low * (period - peak)
            energy = periods * whole + high * min(rest, peak) + low * max(0.0, rest - peak)
        if self.curve == "ramp":
            slope = (high - low) / period
            whole = low * period + slope * period**2 / 2
            energy = periods * whole + low * rest + slope * rest**2 / 2
        return energy * (1 + board / 4)

    def refreshed_at(self, board: int, k: int) -> float:
        """Return the moment of a board's refresh number ``k``."""
        phase = _draw(self.seed, board, -1, 0)
        return (k + phase + self.jitter * _draw(self.seed, board, k, 0)) * self.refresh_seconds

    def last_refresh(self, board: int, at: float) -> int:
        """Return the number of the last refresh at or before a moment."""
        k = math.floor(at / self.refresh_seconds) + 2
        while self.refreshed_at(board, k) > at:
            k -= 1
        return k

    def shown_millijoules(self, board: int, at: float) -> int:
        """Return what the counter shows; without what ``freeze_at`` and ``reset_at`` do."""
        moment = self.refreshed_at(board, self.last_refresh(board, at))
        energy = self.start_millijoules / 1e3 + self.joules(board, moment)
        return max(0, math.floor(energy * 1e3))


def _draw(seed: int, board: int, k: int, purpose: int) -> float:
    x = (seed * 0x9E3779B97F4A7C15 + k) & _MASK
    x = (x * 0xD1342543DE82EF95 + board * 2 + purpose) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & _MASK
    x ^= x >> 31
    return (x >> 11) * 2.0**-53 - 0.5
