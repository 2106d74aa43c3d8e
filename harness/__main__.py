"""``python -m harness``, and the ``harness`` console script."""

from __future__ import annotations

from harness.cli.app import app


def main() -> None:
    """Run the command line and exit with its code."""
    app(prog_name="harness")  # however it was started: shell completion is made for this name


if __name__ == "__main__":
    main()
