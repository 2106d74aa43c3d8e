"""A stand-in for the kernel's clocks, built from C and preloaded into a program.

clocks = Clocks(folder)                      # builds folder/clock_stand_in.so
subprocess.Popen(..., env=os.environ | clocks.environment)
clocks.move(wall_seconds=-3600)              # set back an hour, from now on
clocks.move(slept_seconds=100)               # as after a sleep of 100 s, from now on
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from stand_ins.nvml import compiler

SOURCE = Path(__file__).with_name("clock_stand_in.c")


class Clocks:
    """The clocks of programs that are started with ``environment``."""

    def __init__(self, folder: Path) -> None:
        """Build the library; ``FileNotFoundError`` without a C compiler."""
        self._moves = folder / "clocks"
        self._library = folder / "clock_stand_in.so"
        name = compiler()
        if name is None:
            raise FileNotFoundError("no C compiler: install gcc and libc6-dev")
        flags = ("-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC")
        subprocess.run([name, *flags, "-o", str(self._library), str(SOURCE)], check=True)

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which a program has these clocks."""
        return {"LD_PRELOAD": str(self._library), "CLOCK_STAND_IN": str(self._moves)}

    def move(self, *, wall_seconds: int = 0, slept_seconds: int = 0) -> None:
        """Move them, at once for every program that has them; all in all, not on top."""
        new = self._moves.with_suffix(".new")
        new.write_text(f"{wall_seconds} {slept_seconds}", encoding="ascii")
        os.replace(new, self._moves)  # noqa: PTH105 - nobody reads half of it
