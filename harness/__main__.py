"""``python -m harness``, and the ``harness`` console script."""

from __future__ import annotations

import gc
import os
import signal
import sys
from io import BufferedWriter, FileIO, TextIOWrapper
from typing import Any, TextIO

from harness.cli.app import app
from harness.cli.interrupts import install
from harness.cli.light import without_others
from harness.cli.output import BUG, print_note
from harness.cli.signing import take_passphrase


def main() -> None:
    """Run the command line and exit with its code."""
    take_passphrase()
    _open_closed_streams()
    if (stderr := sys.__stderr__) and stderr is sys.stderr:
        sys.stderr = _never_failing(stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # an old locale must end no evaluation
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else nobody could wait for a sandbox's end
    install()
    _require_working_folder()
    try:
        called = without_others(app, sys.argv[1:])
        called(prog_name="harness")  # however it was started: completion is made for this name
    except Exception as error:  # noqa: BLE001 - a bug, whichever: 1 would say that an entry failed
        _report_bug(error)
        sys.exit(BUG)
    finally:
        gc.freeze()  # Python looks for garbage as it ends, twice, in all that goes anyway


def _report_bug(error: Exception) -> None:
    """Show the traceback of what nobody expected, as Python does, and say what it is."""
    sys.__excepthook__(type(error), error, error.__traceback__)
    print_note("this is a bug of the harness: please report the lines above, with the command")


class _Forgiving(FileIO):
    """A stream of words on the way: one that cannot be written is lost, and nothing else is."""

    def write(self, words: Any, /) -> int:  # noqa: ANN401 - any buffer
        """Write what can be; the rest counts as written."""
        size = memoryview(words).nbytes
        try:
            return super().write(words) or size
        except OSError:
            return size


def _never_failing(stream: TextIO) -> TextIOWrapper:
    """Return standard error as one that a full disk, or a reader who left, makes no difference to.

    A result would be lost for want of a note on it, and the exit code would be another.
    """
    forgiving = BufferedWriter(_Forgiving(stream.fileno(), "w", closefd=False))
    return TextIOWrapper(forgiving, encoding=stream.encoding, line_buffering=True)


def _require_working_folder() -> None:
    """End with a message where the working directory is gone: no path would be found from there."""
    try:
        os.getcwd()  # noqa: PTH109 - imports nothing
    except FileNotFoundError:
        from harness.cli.errors import report  # noqa: PLC0415 - time that no other run needs
        from harness.errors import UsageError  # noqa: PLC0415 - likewise

        gone = UsageError("the working directory is gone", remedy="cd to a folder that is there")
        report(gone, as_json="--json" in sys.argv)
        sys.exit(gone.exit_code)


def _open_closed_streams() -> None:
    """Give a standard stream that was closed to us the null device.

    Python leaves None in its place, which nothing here expects; and the next file that is opened
    would get its descriptor, and whatever a child prints.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(descriptor)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            os.dup2(opened, descriptor, inheritable=True)
            if opened != descriptor:
                os.close(opened)
        if getattr(sys, name) is None:
            stream = open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - of a descriptor, and for good
            setattr(sys, name, stream)


if __name__ == "__main__":
    main()
