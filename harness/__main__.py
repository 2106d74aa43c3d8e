"""``python -m harness``, and the ``harness`` console script."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper

from harness.cli.app import app
from harness.cli.interrupts import install


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old locale must end no evaluation
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else nobody could wait for a sandbox's end
    install()
    app(prog_name="harness")  # however it was started: shell completion is made for this name


if __name__ == "__main__":
    main()
