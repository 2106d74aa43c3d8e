"""Which stream text goes to, and when it has colour."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys

import pytest

from harness.cli.output import in_colour, print_json, print_note, stdout_console


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", Terminal())

    assert in_colour("fails", "red") == "\x1b[31m\x1b[1mfails\x1b[0m"


def test_no_color_is_respected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sys, "stdout", Terminal())

    assert in_colour("fails", "red") == "fails"


def test_a_file_has_no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", io.StringIO())

    assert in_colour("fails", "red") == "fails"


def test_json_goes_to_standard_output_and_notes_do_not(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("working")
    print_json({"joules": 1.5})

    out, err = capsys.readouterr()
    assert out == '{\n "joules": 1.5\n}\n'
    assert err == "working\n"


def test_a_path_that_is_no_utf_8_is_printed_all_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_json({"path": os.fsdecode(b"r\xe9sultats/\xff")})
    assert json.loads(capsys.readouterr().out) == {"path": "r\ufffdsultats/\ufffd"}


def test_a_number_that_is_none_is_never_printed() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        print_json({"joules": float("nan")})


def test_the_console_of_results_is_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stdout_console().print("[bold]result[/bold]")

    assert capsys.readouterr() == ("result\n", "")


def test_results_that_cannot_be_written_are_an_error_with_a_message() -> None:
    program = (
        "from harness.cli.errors import explained\n"
        "from harness.cli.output import stdout_console\n"
        "with explained(as_json=False):\n"
        "    stdout_console().print('a result')\n"
    )
    with open("/dev/full", "w", encoding="ascii") as full:  # noqa: PTH123 - a device
        result = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True,
            check=False, timeout=30,
        )  # fmt: skip
    assert "error: standard output: cannot be written: No space left on device" in result.stderr
    assert result.returncode != 0


def test_a_reader_of_results_who_leaves_early_hears_nothing_more() -> None:
    program = (
        "from harness.cli.errors import explained\n"
        "from harness.cli.output import stdout_console\n"
        "import os, typer\n"
        "reading, writing = os.pipe()\n"
        "os.close(reading)\n"
        "os.dup2(writing, 1)\n"
        "try:\n"
        "    with explained(as_json=False):\n"
        "        stdout_console().print('a result')\n"
        "except typer.Exit as left:\n"
        "    raise SystemExit(left.exit_code)\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, check=False, timeout=30
    )
    assert (result.returncode, result.stderr) == (141, b"")
