"""Compile what was installed; none of it is ever run."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

from harness.environments.processes import end_group, start
from harness.environments.protocol import hindered, refused

_CPU_SECONDS = 900
"""The compiler's own: the same on a busy machine, and a limit even where nobody waits any more."""
_WAIT_SECONDS = 1_800
_MEMORY_BYTES = 4 << 30
"""The compiler's address space: a hostile source may ask for a thousand times its size."""
_COMPILE = """
import compileall, resource, sys
memory, seconds = int(sys.argv.pop(1)), int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
compileall.main()
"""


def compile_sources(packages: Path, *, final: Path) -> None:
    """Compile every module, so that no entry's energy is spent on it; ``final`` is its home.

    What is compiled is believed without a look at its source (``unchecked-hash``): the digest of
    the folder covers both. What does not compile stays as it is: packages bring such files.
    """
    arguments = [
        sys.executable, "-I", "-S", "-B", "-c", _COMPILE, str(_MEMORY_BYTES), str(_CPU_SECONDS),
        "-q", "-q", "-f", "-j", "1", "--invalidation-mode", "unchecked-hash",
        "-s", str(packages), "-p", str(final), str(packages),
    ]  # fmt: skip
    variables = {"LANG": "C.UTF-8", "PYTHONHASHSEED": "0"}
    with start(arguments, variables, packages, output=subprocess.DEVNULL) as process:
        try:
            has_ended = _wait(process)
        finally:
            end_group(process)
    if not has_ended:
        raise hindered(
            f"its packages were not compiled within {_WAIT_SECONDS} s",
            "try again when the machine has less to do",
        )
    if process.returncode == -signal.SIGXCPU:
        raise refused(
            f"its packages took Python's compiler more than {_CPU_SECONDS} s",
            "lock fewer or smaller packages",
        )
    if process.returncode:  # a module that is merely wrong is no reason to end
        raise refused(
            f"its packages brought Python's compiler down (it ended with {process.returncode})",
            "lock packages whose sources compile",
        )


def _wait(process: subprocess.Popen[bytes]) -> bool:
    """Wait until it has ended, and leave it to be reaped: until then its number is its own."""
    descriptor = os.pidfd_open(process.pid)
    try:
        watch = select.poll()
        watch.register(descriptor, select.POLLIN)
        return bool(watch.poll(_WAIT_SECONDS * 1_000))
    finally:
        os.close(descriptor)
