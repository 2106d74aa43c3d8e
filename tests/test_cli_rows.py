"""Rows of a result: they keep to their column on a terminal, and to one line in a file."""

from __future__ import annotations

import io

from rich.console import Console
from rich.markup import escape

from harness.cli.terminal.rows import LABEL_WIDTH, print_row

WORDS = "one two three four five six seven eight nine ten eleven twelve"


def printed(text: str, *, width: int, terminal: bool = True) -> list[str]:
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, soft_wrap=not terminal, force_terminal=terminal, no_color=True
    )
    print_row(console, "warning", text, style="")
    return stream.getvalue().splitlines()


def test_on_a_terminal_text_wraps_beside_its_label() -> None:
    lines = printed(WORDS, width=40)

    assert len(lines) == 3
    assert lines[0].startswith("warning       one two")
    assert all(line.startswith(" " * LABEL_WIDTH) for line in lines[1:])
    assert all(len(line) <= 40 and line == line.rstrip() for line in lines)
    assert " ".join(line[LABEL_WIDTH:] for line in lines) == WORDS


def test_in_a_file_a_row_stays_one_line() -> None:
    assert printed(WORDS, width=40, terminal=False) == [f"{'warning':<{LABEL_WIDTH}}{WORDS}"]


def test_a_terminal_that_is_narrower_than_a_label_is_written_to_all_the_same() -> None:
    lines = printed(WORDS, width=5)

    assert " ".join(line[LABEL_WIDTH:] for line in lines) == WORDS


def test_what_looks_like_markup_is_shown_as_it_is() -> None:
    assert printed(escape("[red]kept[/red]"), width=80)[0].endswith("[red]kept[/red]")


def test_a_label_that_fills_its_column_is_still_apart_from_its_text() -> None:
    written = io.StringIO()
    print_row(Console(file=written, width=80), "balanced accuracy", "0.500")
    assert written.getvalue() == "balanced accuracy 0.500\n"


def test_only_the_label_has_its_style() -> None:
    written = io.StringIO()
    console = Console(
        file=written, width=80, force_terminal=True, color_system="standard", no_color=False
    )
    print_row(console, "warning", "beware [dim]of this[/dim]", style="yellow")
    assert (
        written.getvalue()
        == f"\x1b[33m{'warning':<{LABEL_WIDTH}}\x1b[0mbeware \x1b[2mof this\x1b[0m\n"
    )
