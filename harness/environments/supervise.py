"""Run a program so that it, and all that it starts, ends with whoever wanted it.

    python supervise.py <pid of the harness> <program> <arguments ...>

Started as the leader of a session of its own: what is killed is its process group. Standard library
only.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, command: list[str]) -> None:
    """Run the command; end as it does."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: os.killpg(0, signal.SIGKILL))
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        return
    code = subprocess.call(command)
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the core would be of this process
        if -code == signal.SIGTERM:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
