"""``python -m harness``, and the ``harness`` console script."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from harness.cli.app import app


def main() -> None:
    """Run the command line and exit with its code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old locale must end no evaluation
    app(prog_name="harness")  # however it was started: shell completion is made for this name


if __name__ == "__main__":
    main()
