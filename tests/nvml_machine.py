"""A machine on which the real ``pynvml`` reads a stand-in library."""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from stand_ins.nvml import StandIn, VirtualClock, build, compiler

from harness.meters.nvml_library import LIBRARY_VARIABLE

pynvml: Any = import_module("pynvml")

FAST = StandIn(refresh_seconds=0.02)
"""Of a board that is opened in a quarter of a second."""


def built_in(folder: Path) -> Path:
    """Build the library, or skip the test where nothing can."""
    if compiler() is None:
        pytest.skip("no C compiler to build the stand-in library with: install gcc and libc6-dev")
    return build(folder)


@dataclass
class Machine:
    """A machine with the stand-in library, and a clock that is moved by hand."""

    library: Path
    folder: Path
    patch: pytest.MonkeyPatch

    def initialised(self) -> int:
        """Say how many times NVML was initialised more often than shut down."""
        return int(ctypes.CDLL(str(self.library)).nvml_stand_in_initialised())

    def play(self, stand_in: StandIn) -> StandIn:
        """Set what the library plays from its next start on."""
        for name, value in stand_in.environment().items():
            self.patch.setenv(name, value)
        return stand_in

    def play_virtually(
        self, stand_in: StandIn, now: float = 1_000.0
    ) -> tuple[StandIn, VirtualClock]:
        """Do so on a clock that stands still until it is moved."""
        clock = VirtualClock(self.folder / "clock", now)
        return self.play(replace(stand_in, clock=str(clock.path))), clock


@contextmanager
def machine_with(library: Path, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """Give ``pynvml``, which keeps what it loaded for good, back as it was."""
    patch.setattr(pynvml, "nvmlLib", None)
    patch.setattr(pynvml, "_nvmlGetFunctionPointer_cache", {})
    patch.setenv(LIBRARY_VARIABLE, str(library))
    machine = Machine(library, folder, patch)
    yield machine
    gc.collect()
    assert machine.initialised() == 0, "not shut down as often"
