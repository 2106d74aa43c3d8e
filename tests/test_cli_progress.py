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
    line.session(1, 5)
    line.phase("drain")

    line.void(1, REASONS)
    line.session(1, 5)
    line.phase("start")

    told, shown = stream.getvalue().rsplit("\n", 1)
    assert told.endswith(
        "\x1b[Kmy-team · session 2 void, repeating: the host withheld 9 %; throttled 2 times"
    )
    assert shown == "\r\x1b[Kmy-team · session 2 of 5 · start"


def test_without_a_terminal_nothing_is_told() -> None:
    ProgressLine(None).void(0, REASONS)
