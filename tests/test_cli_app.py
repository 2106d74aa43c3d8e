"""The program as a whole: help, exit codes, where errors go, shell completion."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command
from typer.testing import CliRunner

from harness.cli import tasks as tasks_module
from harness.cli.app import app
from harness.cli.errors import Command, explained
from harness.errors import (
    ConfigurationError,
    HarnessError,
    MeasurementError,
    OrganiserError,
    SubmissionError,
    UsageError,
)

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "cli.md"
runner = CliRunner()


def commands() -> Iterator[tuple[str, TyperCommand]]:
    """Every command that runs something, by what is typed for it."""

    def inside(words: str, command: object) -> Iterator[tuple[str, TyperCommand]]:
        if isinstance(command, TyperGroup):
            for name, member in command.commands.items():
                yield from inside(f"{words} {name}".strip(), member)
        else:
            assert isinstance(command, TyperCommand)
            yield words, command

    yield from inside("", get_command(app))


COMMANDS = dict(commands())


def harness(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_commands_are_those_of_the_design_and_duel() -> None:
    assert set(COMMANDS) == {
        "init",
        "check",
        "evaluate",
        "leaderboard",
        "compare",
        "duel",
        "report",
        "export",
        "import",
        "verify",
        "keys new",
        "keys list",
        "tasks list",
        "tasks show",
        "data list",
        "data fetch",
        "data verify",
        "data import",
        "doctor",
        "schema",
    }


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_help_with_an_example(words: str) -> None:
    result = runner.invoke(app, [*words.split(), "--help"])

    assert result.exit_code == 0
    assert f"python -m harness {words}" in result.stdout


@pytest.mark.parametrize("words", COMMANDS)
def test_every_option_and_argument_is_explained(words: str) -> None:
    for parameter in COMMANDS[words].params:
        assert getattr(parameter, "help", None), f"{words}: {parameter.name}"


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_explains_its_errors(words: str) -> None:
    assert isinstance(COMMANDS[words], Command)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_and_option_is_in_the_reference(words: str) -> None:
    page = PAGE.read_text(encoding="utf-8")
    heading = f"\n## `{words}`\n"
    assert heading in page
    section = page.partition(heading)[2].partition("\n## ")[0]
    for parameter in COMMANDS[words].params:
        for spelling in parameter.opts:
            if spelling.startswith("--") and spelling != "--help":
                assert f"`{spelling}" in section, spelling


def test_the_reference_names_no_command_that_is_not_there() -> None:
    page = PAGE.read_text(encoding="utf-8")
    named = {line[4:-1] for line in page.splitlines() if line.startswith("## `")}
    assert named == set(COMMANDS)


def test_every_example_of_the_help_can_be_parsed() -> None:
    for words, command in COMMANDS.items():
        lines = (command.epilog or "").splitlines()
        examples = [line for line in lines if line.startswith("python -m harness ")]
        assert examples, words
        for example in examples:
            typed = example.partition(" > ")[0].removeprefix("python -m harness ").split()
            rest = typed[len(words.split()) :]
            if "--rules" in rest or any('"' in word for word in rest):
                continue  # exits while it is parsed; quoted for a shell
            with command.make_context(words, rest):
                pass


@pytest.mark.parametrize("words", [[], ["tasks"]])
def test_without_a_command_help_is_shown(words: list[str]) -> None:
    result = runner.invoke(app, words)
    assert "Usage:" in result.output
    assert result.exit_code in (0, 2)  # older releases of the library exit with 0


def test_the_version_is_printed() -> None:
    assert runner.invoke(app, ["--version"]).stdout == "harness 0.2.0\n"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError, 2),
        (ConfigurationError, 2),
        (SubmissionError, 1),
        (OrganiserError, 3),
        (MeasurementError, 3),
    ],
)
def test_an_error_becomes_its_message_its_remedy_and_its_code(
    error: type[HarnessError], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as left, explained(as_json=False):
        raise error("the tank is empty", remedy="fill it")

    assert left.value.exit_code == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "error: the tank is empty\nfix: fill it\n"


def test_with_json_an_error_is_the_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), explained(as_json=True):
        raise UsageError("the tank is empty", remedy="fill it")

    document = json.loads(capsys.readouterr().out)
    assert document == {"error": {"message": "the tank is empty", "remedy": "fill it"}}


def test_what_an_error_quotes_cannot_reach_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit), explained(as_json=False):
        raise SubmissionError("it wrote:\n\x1b[2Jgone\u202e")

    assert capsys.readouterr().err == "error: it wrote:\n\\x1b[2Jgone\\u202e\n"


def test_a_place_that_may_not_be_opened_is_named(tmp_path: Path) -> None:
    """``Path.exists`` raises for these; for who is not root, so does a folder that is closed."""
    named = tmp_path / ("a" * 300)
    done = harness("evaluate", "submissions/climate-null", "--wheelhouse", str(named), "--json")
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {named}: File name too long\nfix: name another place")
    assert json.loads(done.stdout)["error"]["message"] == f"{named}: File name too long"


def test_what_the_system_says_of_no_path_is_a_bug() -> None:
    for error in (PermissionError(errno.EPERM, "refused"), OSError(errno.EIO, "broken", "/file")):
        with pytest.raises(OSError, match=r"refused|broken"), explained(as_json=False):
            raise error


def test_an_interrupt_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as left, explained(as_json=False):
        raise KeyboardInterrupt

    assert left.value.exit_code == 130
    assert capsys.readouterr().err == "interrupted by SIGINT\n"


def test_any_other_exception_is_a_bug_and_shows_its_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tasks_module, "find_project", broken)

    result = runner.invoke(app, ["tasks", "list"])

    assert isinstance(result.exception, ZeroDivisionError)


def test_a_bug_has_an_exit_code_of_its_own() -> None:
    """Not 1, after which a workflow goes on: that says that an entry failed."""
    program = (
        "from harness import __main__ as start\n"
        "import harness.cli.tasks\n"
        "def broken(): raise KeyError('a bug')\n"
        "harness.cli.tasks.find_project = broken\n"
        "start.main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, "tasks", "list", "--json"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (result.returncode, result.stdout) == (70, "")
    first, *_, last, report = result.stderr.splitlines()
    assert first == "Traceback (most recent call last):"
    assert last == "KeyError: 'a bug'"
    assert report.startswith("this is a bug of the harness: please report the lines above")


def test_an_unknown_option_is_a_usage_error() -> None:
    result = harness("check", "--no-such-option")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "--no-such-option" in result.stderr


def test_a_root_that_is_no_project_is_a_usage_error(tmp_path: Path) -> None:
    result = harness("tasks", "list", HARNESS_ROOT=str(tmp_path))

    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == (
        f"error: HARNESS_ROOT: {tmp_path}: has no leaderboard/rules.toml and tasks/"
    )
    assert "Traceback" not in result.stderr


def test_a_reader_who_leaves_early_hears_nothing_more() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "harness", "check", "--rules"],
            cwd=ROOT,
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)

    assert result.stderr == b""
    assert result.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is full")
@pytest.mark.parametrize(
    "words", ["tasks list", "--help", "--version", "check --help", "keys", "tasks show --help"]
)
def test_a_full_disk_is_said_without_a_traceback(words: str) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run(
            [sys.executable, "-m", "harness", *words.split()],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "No space left on device" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a disk that is full")
@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("schema --output made.json", 0),
        ("check --no-such-option", 2),
        ("evaluate nowhere --json", 1),
        ("compare a", 2),
    ],
)
def test_what_cannot_be_said_on_standard_error_changes_nothing(
    words: str, code: int, tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with Path("/dev/full").open("w") as full, open(writing, "w") as left:  # noqa: PTH123 - of a pipe
        for stream in (full, left):
            ended = subprocess.run(
                [sys.executable, "-m", "harness", *words.split()], cwd=tmp_path,
                stdout=subprocess.DEVNULL, stderr=stream, timeout=60, check=False,
            )  # fmt: skip
            assert ended.returncode == code
    assert [each.name for each in tmp_path.iterdir()] == ["made.json"] * (not code)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_produced(shell: str) -> None:
    result = harness(_HARNESS_COMPLETE=f"source_{shell}")

    assert result.returncode == 0
    assert "_HARNESS_COMPLETE=complete_" in result.stdout


def test_completion_knows_the_commands() -> None:
    result = harness(_HARNESS_COMPLETE="complete_bash", COMP_WORDS="harness lead", COMP_CWORD="1")
    assert result.stdout.split() == ["leaderboard"]


@pytest.mark.parametrize("typed", ["harness tasks show defo", "harness init x --task defo"])
def test_completion_knows_the_tasks(typed: str) -> None:
    last = str(len(typed.split()) - 1)
    result = harness(_HARNESS_COMPLETE="complete_bash", COMP_WORDS=typed, COMP_CWORD=last)
    assert result.stdout.split() == ["deforestation"]


def test_completion_outside_of_a_project_offers_nothing(tmp_path: Path) -> None:
    result = harness(
        _HARNESS_COMPLETE="complete_bash",
        COMP_WORDS="harness tasks show defo",
        COMP_CWORD="3",
        HARNESS_ROOT=str(tmp_path),
    )
    assert (result.stdout.strip(), result.stderr) == ("", "")


def test_help_has_no_colour_where_there_is_no_terminal() -> None:
    assert "\x1b" not in harness("--help").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_real_interrupt_is_named_and_ends_with_its_code(
    tmp_path: Path, number: signal.Signals
) -> None:
    (tmp_path / "leaderboard").mkdir()
    (tmp_path / "leaderboard" / "rules.toml").touch()
    card = tmp_path / "tasks" / "slow" / "task.toml"
    card.parent.mkdir(parents=True)
    os.mkfifo(card)  # whoever reads it waits until its writer is done
    with subprocess.Popen(
        [sys.executable, "-m", "harness", "tasks", "list"],
        cwd=ROOT,
        env=os.environ | {"HARNESS_ROOT": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        writer = os.open(card, os.O_WRONLY)  # waits until the card is being read
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        os.close(writer)

    told = f"interrupted by {number.name}\n"
    assert (process.returncode, out, err) == (128 + number, "", told)


def test_children_can_be_waited_for_however_the_harness_was_started() -> None:
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "os.execv(sys.executable, [sys.executable, '-c', sys.argv[1]])\n"
    )
    inside = (
        "import signal\n"
        "from harness import __main__ as start\n"
        "told = lambda **_: print(signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL)\n"
        "start.without_others = lambda *_: told\n"
        "start.main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program, inside],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert result.stdout == "True\n", result.stderr


def test_no_command_hands_the_passphrase_of_a_key_to_what_it_starts() -> None:
    program = (
        "import subprocess, sys\n"
        "from harness import __main__ as start\n"
        "from harness.cli.signing import given_passphrase\n"
        "def command(**_):\n"
        "    subprocess.run([sys.executable, '-c',\n"
        "        'import os; print(os.environ.get(\"HARNESS_KEY_PASSPHRASE\"))'])\n"
        "    print(given_passphrase(), given_passphrase())\n"
        "start.without_others = lambda *_: command\n"
        "start.main()\n"
    )
    result = subprocess.run(
        [sys.executable, "-uc", program], env=os.environ | {"HARNESS_KEY_PASSPHRASE": "secret"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert result.stdout == "None\nb'secret' None\n", result.stderr


def test_a_stream_that_cannot_spell_a_character_ends_nothing(tmp_path: Path) -> None:
    entry = tmp_path / "some-entry"
    entry.mkdir()
    (entry / "submission.toml").write_text('[submission]\nlicence = "my own"\n')

    result = harness("check", str(entry), PYTHONIOENCODING="ascii", PYTHONUTF8="0")

    assert result.returncode == 1
    assert "LicenseRef-\\u2026" in result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("form", ["json", "sarif", "junit", "github"])
@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_a_document_is_utf_8_whatever_the_locale(tmp_path: Path, form: str, encoding: str) -> None:
    entry = tmp_path / "some-entry"
    entry.mkdir()
    (entry / "submission.toml").write_text('[submission]\nlicence = "façon"\n')
    ended = subprocess.run(
        [sys.executable, "-m", "harness", "check", str(entry), "--format", form], cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}, capture_output=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert "façon".encode() in ended.stdout
    ended.stdout.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "entry", "--data", ""),
        ("evaluate", "entry", "--weights", ""),
        ("evaluate", "entry", "--wheelhouse", ""),
        ("evaluate", "entry", "--output", ""),
        ("evaluate", "entry", "--seed", str(2**64)),
        ("evaluate", "entry", "--seed", "-1"),
        ("verify", "--data", ""),
    ],
)
def test_options_that_name_nothing_or_are_out_of_range_are_usage_errors(
    arguments: tuple[str, ...],
) -> None:
    result = runner.invoke(app, [*arguments])
    assert result.exit_code == 2
    assert f"Invalid value for '{arguments[-2]}'" in result.stderr


@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"])
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("check submissions/climate-null", 0),
        ("keys new NOT-A-NAME --passphrase", 2),
        ("evaluate nowhere --json", 1),
    ],
)
def test_a_closed_standard_stream_is_no_reason_for_a_traceback(
    closed: str, arguments: str, code: int, tmp_path: Path
) -> None:
    python = f"{sys.executable} -X faulthandler -m harness {arguments}"
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{python} {closed}"],
        cwd=ROOT, env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_working_directory_that_is_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    ended = subprocess.run(
        ["/bin/sh", "-c", f"rmdir $PWD; exec {sys.executable} -m harness doctor --json"],
        cwd=tmp_path / "gone", env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
        text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == "error: the working directory is gone"
    assert json.loads(ended.stdout)["error"]["remedy"] == "cd to a folder that is there"
