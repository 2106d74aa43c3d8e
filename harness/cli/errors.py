"""The one place where the harness's errors are caught: a message, a remedy, an exit code.

So is what the system says of a path that nobody may open: that is no fault of the code which looked
there first. Every other exception is a bug of ours: ``main`` shows its traceback, and ends with 70.
"""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

from harness.cli.interrupts import KILLED, Interrupted
from harness.cli.light import LightCommand, LightGroup
from harness.cli.output import in_colour, print_json, print_note, printing
from harness.errors import HarnessError, MachineBusyError, UsageError

_OF_A_PATH = frozenset({errno.EACCES, errno.EPERM, errno.ENAMETOOLONG})
"""Whatever is done with a path, ``Path.exists`` included."""


class Command(LightCommand):
    """A command whose errors are explained."""

    def format_help(self, *args: Any) -> None:  # noqa: ANN401 - typer's own
        """Print the help."""
        with explained(as_json=False), printing():
            super().format_help(*args)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]  # noqa: ANN401 - typer's own
        """Run the command; with ``--json`` an error is the one JSON document."""
        params = ctx.params
        with explained(as_json=bool(params.get("as_json")) or params.get("form") == "json"):
            return super().invoke(ctx)


class Group(LightGroup):
    """Commands; what goes wrong with their help is explained."""

    def format_help(self, *args: Any) -> None:  # noqa: ANN401 - typer's own
        """Print the help."""
        with explained(as_json=False), printing():
            super().format_help(*args)


@contextmanager
def explained(*, as_json: bool) -> Iterator[None]:
    """Turn an error of the harness into its message and the exit code that it means."""
    try:
        yield
    except HarnessError as error:
        report(error, as_json=as_json)
        raise typer.Exit(error.exit_code) from None
    except OSError as error:
        if error.filename is None or error.errno not in _OF_A_PATH:
            raise
        report(
            UsageError(
                f"{error.filename}: {error.strerror}",
                remedy="name another place, or let this user open it and the folders above it",
            ),
            as_json=as_json,
        )
        raise typer.Exit(UsageError.exit_code) from None
    except KeyboardInterrupt as interrupt:
        number = interrupt.number if isinstance(interrupt, Interrupted) else signal.SIGINT
        message = f"interrupted by {signal.Signals(number).name}"
        print_note(message)
        if as_json:
            print_json({"error": {"message": message, "remedy": ""}})
        raise typer.Exit(KILLED + number) from None


def report(error: HarnessError, *, as_json: bool) -> None:
    """Print an error and its remedy; with it records that have no other place, in one document."""
    from harness.cli.evaluating.keeping import SeveralUnkeptError, UnkeptError

    errors = error.errors if isinstance(error, SeveralUnkeptError) else (error,)
    for each in errors:
        print_note(f"{in_colour('error:', 'red', err=True)} {printable(each.message)}")
        if each.remedy:
            print_note(f"{in_colour('fix:', 'green', err=True)} {printable(each.remedy)}")
    if not as_json and not any(isinstance(each, UnkeptError) for each in errors):
        return
    documents = [_document(each) for each in errors]  # in either form: they are in no other place
    print_json(documents[0] if len(documents) == 1 else _document(error) | {"results": documents})


def _document(error: HarnessError) -> dict[str, Any]:
    from harness.cli.evaluating.keeping import UnkeptError

    said: dict[str, Any] = {"message": error.message, "remedy": error.remedy}
    if isinstance(error, MachineBusyError):
        said["holder"] = error.holder
    if isinstance(error, UnkeptError):
        return {"error": said, "record": error.record, "items": error.outcomes}
    return {"error": said}


def printable(text: str) -> str:
    """Escape what could deceive a terminal: a message may quote a path or an entry's output."""
    from harness.submissions.faults import visible

    return "\n".join(visible(line) for line in text.split("\n"))
