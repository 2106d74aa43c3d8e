"""The progress line: what stays of it, and nothing where there is no terminal."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import termios

import pytest
from rich.cells import cell_len

from harness.cli.terminal.progress import ProgressLine
from harness.records.session import Notice

REASONS = (
    Notice(code="steal", message="the host withheld 9 %", remedy="r"),
    Notice(code="throttled", message="throttled 2 times", remedy="r"),
)


def test_a_void_session_is_told_on_a_line_that_stays() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.entry("my-team")
    line.session(1, 5, 12)
    line.phase("drain")

    line.void(1, REASONS)
    line.session(1, 5, 5)
    line.phase("start")

    told, shown = stream.getvalue().rsplit("\n", 1)
    assert told.endswith(
        "\x1b[Kmy-team · session 2 void, repeating: the host withheld 9 %; throttled 2 times"
    )
    assert shown == "\r\x1b[Kmy-team · session 2 of 5 · start"


@pytest.mark.parametrize("name", ["my-team" * 9, "日本語" * 9])
def test_the_line_takes_no_second_one_of_the_terminal(name: str) -> None:
    screen, terminal = os.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 40, 0, 0))
    with open(terminal, "w", encoding="utf-8") as stream:  # noqa: PTH123 - of a descriptor
        line = ProgressLine(stream)
        line.entry(name)
        line.session(1, 5, 12)
        line.phase("drain")
        shown = os.read(screen, 4096).decode().removeprefix("\r\x1b[K")
        assert cell_len(shown) == 39
        line.entry("short")
        line.phase("drain")
        assert os.read(screen, 4096) == b"\r\x1b[Kshort \xc2\xb7 calibrating: drain"
    os.close(screen)


def test_without_a_terminal_nothing_is_told() -> None:
    ProgressLine(None).void(0, REASONS)


def test_what_has_come_of_a_file_is_shown_now_and_then() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.fetched("weights/w.npz", 1_500_000, 2_000_000)
    line.fetched("weights/w.npz", 1_600_000, 2_000_000)  # too soon after the first
    assert stream.getvalue() == "\r\x1b[Kfetching weights/w.npz: 1.5 of 2.0 MB"
    ProgressLine(None).fetched("weights/w.npz", 1, 2)


def test_which_record_is_verified_is_shown_now_and_then() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.verified("task/entry/a.json", 0, 1_200)
    line.verified("task/entry/b.json", 1, 1_200)  # too soon after the first
    assert stream.getvalue() == "\r\x1b[K0 of 1,200 records: task/entry/a.json"
    ProgressLine(None).verified("a.json", 0, 1)


def test_whose_turn_it_is_is_told_with_the_round_and_the_place() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.turn("climate-tfidf", 2, 1, 7)
    line.session(2, 5, 5)
    line.phase("load")
    line.turn("climate-null", None, 0, 7)
    line.phase("start")
    line.turn("alone", None, 0, 1)
    line.phase("start")

    assert stream.getvalue().split("\r\x1b[K")[1:] == [
        "round 3, 2 of 7: climate-tfidf · session 3 of 5 · load",
        "1 of 7: climate-null · calibrating: start",
        "alone · calibrating: start",
    ]
