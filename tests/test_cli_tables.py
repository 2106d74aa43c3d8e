"""Tables on the terminal: laid out as rich lays them out, in a fraction of the time."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from harness.cli.terminal import tables
from harness.cli.terminal.boards import escape
from harness.cli.terminal.tables import Column, print_table

CELLS = st.one_of(
    st.text(max_size=12).map(escape),
    st.sampled_from(["", "漢字", "e\u0301", "👩\u200d🔬", "0.1 [dim]0 to 0.2[/dim]", ":smile:"]),
)
"""Texts of strangers as boards have them, and what boards say."""


def printed(
    columns: list[Column], rows: list[list[str]], width: int, *, terminal: bool = False
) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, soft_wrap=not terminal, highlight=False, force_terminal=terminal,
        color_system="standard" if terminal else None,
    )  # fmt: skip
    print_table(console, columns, rows)
    return file.getvalue()


@given(
    st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=5),
    st.booleans(),
)
@settings(max_examples=30)
def test_it_is_what_rich_prints(rows: list[list[str]], right: bool) -> None:
    width = 400  # all fit: a control character is spelt by several others
    columns = [
        Column("entry", whole=True), Column("team"), Column("class"), Column("n", right=right),
    ]  # fmt: skip
    file = io.StringIO()
    console = Console(file=file, width=width, soft_wrap=True, highlight=False)
    tables._print_wrapped(console, columns, rows)
    assert printed(columns, rows, width) == file.getvalue()


def test_on_a_terminal_what_is_less_is_dim_and_heads_are_bold() -> None:
    columns = [Column("entry"), Column("n", right=True)]
    made = printed(columns, [["one [dim]more[/dim]", "12"]], 60, terminal=True)
    head, row = made.splitlines()
    assert head == "\x1b[1mentry\x1b[0m      \x1b[1mn\x1b[0m"
    assert row == "one \x1b[2mmore\x1b[0m  12"


def test_what_is_too_wide_is_wrapped_and_what_is_whole_is_not() -> None:
    columns = [Column("entry", whole=True), Column("team")]
    made = printed(columns, [["one-and-only", "a team of many words"]], 24)
    lines = [line.rstrip() for line in made.splitlines()]
    assert lines == ["entry         team", "one-and-only  a team of", "              many words"]


@pytest.mark.parametrize("width", [100, 80, 60, 30])
def test_no_figure_is_cut_on_a_narrow_terminal(width: int) -> None:
    columns = [
        Column("rank", whole=True), Column("entry", whole=True), Column("team"),
        Column("balanced accuracy"), Column("J per 1,000 queries"), Column("front", whole=True),
        Column("class", whole=True), Column("sessions", right=True),
    ]  # fmt: skip
    row = [
        "1-4", "deforestation-colour-trees", "reference", "0.898 [dim]0.879 to 0.914[/dim]",
        "1.27 [dim]1.19 to 1.34[/dim]", "● [dim]100 %[/dim]", "D", "8",
    ]  # fmt: skip
    made = printed(columns, [row, row], width, terminal=True)
    words = Text.from_ansi(made).plain.split()
    for each in ("1-4", "reference", "0.898", "0.879", "0.914", "1.27", "1.19", "1.34", "100", "8"):
        assert words.count(each) == 2, each


def test_rows_that_no_wrapping_makes_fit_are_listed() -> None:
    columns = [Column("entry", whole=True), Column("J per 1,000 queries")]
    rows = [["one-and-only", "1.27 [dim]1.19 to 1.34[/dim]"], ["other", "2"]]
    assert printed(columns, rows, 16).splitlines() == [
        "",
        "entry                one-and-only",
        "J per 1,000 queries  1.27 1.19 to 1.34",
        "",
        "entry                other",
        "J per 1,000 queries  2",
    ]
