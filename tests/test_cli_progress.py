"""The progress line: what stays of it, and nothing where there is no terminal."""

from __future__ import annotations

import io

from harness.cli.progress import ProgressLine
from harness.records.evaluation import Notice

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


def test_without_a_terminal_nothing_is_told() -> None:
    ProgressLine(None).void(0, REASONS)


def test_what_has_come_of_a_file_is_shown_now_and_then() -> None:
    stream = io.StringIO()
    line = ProgressLine(stream)
    line.fetched("weights/w.npz", 1_500_000, 2_000_000)
    line.fetched("weights/w.npz", 1_600_000, 2_000_000)  # too soon after the first
    assert stream.getvalue() == "\r\x1b[Kfetching weights/w.npz: 1.5 of 2.0 MB"
    ProgressLine(None).fetched("weights/w.npz", 1, 2)
