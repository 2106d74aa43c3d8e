"""Where text goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer

from harness.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

PIPE_CLOSED = 141
"""What a shell reports of a program that wrote to a closed pipe: 128 + SIGPIPE."""

BUG = 70
"""What ends with an exception that nobody expected: EX_SOFTWARE of ``sysexits.h``."""

STANDARD_OUTPUT = "-"
"""What names it where a file could be named."""

WIDTH_OF_A_FILE = 120
"""Columns of a table where there is no terminal to ask."""


def write_out(document: str | bytes) -> None:
    """Write a document to standard output, in UTF-8 whatever the locale, and flush.

    Ends quietly when nobody reads it any more. Raises ``UsageError`` when it cannot be written for
    another reason: a disk that is full.
    """
    if isinstance(document, str):
        document = document.encode(errors="backslashreplace")
    with printing():
        sys.stdout.flush()
        sys.stdout.buffer.write(document)
        sys.stdout.buffer.flush()


@contextmanager
def printing() -> Iterator[None]:
    """Do as ``write_out`` where what is inside cannot write."""
    try:
        yield
    except BrokenPipeError:
        _abandon_stdout()
        raise typer.Exit(PIPE_CLOSED) from None
    except OSError as error:
        _abandon_stdout()
        raise UsageError(
            f"standard output: cannot be written: {error.strerror}",
            remedy="write it to a place that has room",
        ) from None


def _abandon_stdout() -> None:
    """Let go of what is still buffered: it would fail again when the interpreter ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def print_line(text: str = "") -> None:
    """Write one line of a result for people to read, in what the locale can spell."""
    with printing():
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()


def print_json(value: object) -> None:
    """Write one JSON document: under ``--json`` nothing else goes to standard output."""
    from harness.records.base import pretty_json

    write_out(pretty_json(value, with_paths=True))


def print_note(text: str) -> None:
    """Write one line that is no result to standard error."""
    typer.echo(text, err=True)


def in_colour(text: str, colour: str, *, err: bool = False) -> str:
    """Colour ``text`` where its stream is a terminal and ``NO_COLOR`` is not set."""
    stream = sys.stderr if err else sys.stdout
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return typer.style(text, fg=colour, bold=True)


def stdout_console() -> Console:
    """Return a console for results; plain text where there is no terminal, or with NO_COLOR.

    Its ``print`` raises ``UsageError`` when standard output cannot be written.
    """
    from rich.console import Console

    class ResultConsole(Console):
        def print(self, *objects: Any, **options: Any) -> None:  # noqa: ANN401 - as rich has it
            with printing():
                super().print(*objects, **options)

        def on_broken_pipe(self) -> None:
            _abandon_stdout()
            raise typer.Exit(PIPE_CLOSED)

    terminal = sys.stdout.isatty()
    return ResultConsole(
        highlight=False, soft_wrap=not terminal, width=None if terminal else WIDTH_OF_A_FILE
    )
