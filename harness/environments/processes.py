"""Start programs that end with whoever wanted them, and end them with all that they started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from harness.environments.protocol import hindered

_SUPERVISOR = (sys.executable, "-I", "-S", "-B", str(Path(__file__).with_name("supervise.py")))


def start(
    arguments: Sequence[str], variables: Mapping[str, str], folder: Path, *, output: int
) -> subprocess.Popen[bytes]:
    """Start a program in ``folder``, under a supervisor, in a group of its own."""
    try:
        return subprocess.Popen(
            [*_SUPERVISOR, str(os.getpid()), *arguments],
            env=dict(variables),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        raise hindered(
            f"{sys.executable}: cannot be started: {error.strerror}", "install it anew"
        ) from None


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever it started, before its number can be another's; leave nothing to be reaped.

    The harness adopts orphans, those of its sandboxes and so these too.
    """
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-process.pid, 0)
