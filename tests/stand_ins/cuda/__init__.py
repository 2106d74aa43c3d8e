"""A stand-in for CUDA's driver, built from C: what it plays is said in ``cuda_stand_in.c``."""

from __future__ import annotations

import subprocess
from pathlib import Path

from stand_ins.nvml import compiler

SOURCE = Path(__file__).with_name("cuda_stand_in.c")


def build(folder: Path) -> Path:
    """Build the library into ``folder``, which ``LD_LIBRARY_PATH`` is to name."""
    library = folder / "libcuda.so.1"
    name = compiler()
    if name is None:
        raise FileNotFoundError("no C compiler: install gcc and libc6-dev")
    flags = ("-std=c11", "-O2", "-Wall", "-Wextra", "-shared", "-fPIC")
    linked = f"-Wl,-soname,{library.name}"
    subprocess.run([name, *flags, "-o", str(library), str(SOURCE), linked], check=True)
    return library
