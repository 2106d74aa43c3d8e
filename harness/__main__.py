"""``python -m harness``, and the ``harness`` console script."""

from __future__ import annotations

import signal
import sys
from io import TextIOWrapper

from harness.cli.app import app


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old locale must end no evaluation
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else nobody could wait for a sandbox's end
    for number in (signal.SIGTERM, signal.SIGHUP):  # of a CI job, of a terminal that is closed
        if signal.getsignal(number) == signal.SIG_DFL:  # not under nohup, which ignores the latter
            signal.signal(number, signal.default_int_handler)  # an interrupt: it tidies up
    app(prog_name="harness")  # however it was started: shell completion is made for this name


if __name__ == "__main__":
    main()
