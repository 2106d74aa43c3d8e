"""Commands start without what Typer has look at values that nobody gave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.light import LightCommand, LightGroup, without_others

PROGRAM = """
import sys
from harness.__main__ import main
sys.argv = ["harness", "leaderboard", "--partial"]
try:
    main()
except SystemExit as ended:
    print(ended.code, "pydantic" in sys.modules)
"""
runner = CliRunner()


def test_what_is_not_named_needs_no_look_at_its_type() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "2 False\n"
    assert "--partial is about what --sign signs" in ran.stderr


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ([], "None None 7 []"),
        (["--count", "3", "--place", "here", "--level", "8", "--each", "a", "--each", "b"],
         "3 here 8 ['a', 'b']"),
    ],
)  # fmt: skip
def test_what_is_named_has_its_type_and_what_is_not_its_default(
    named: list[str], said: str
) -> None:
    made = typer.Typer(cls=LightGroup)

    @made.callback()
    def group() -> None:
        pass

    @made.command(cls=LightCommand)
    def one(
        count: int | None = None,
        place: Path | None = None,
        level: int = 7,
        each: list[str] = [],  # noqa: B006 - as Typer wants it
    ) -> None:
        typer.echo(f"{count} {place} {level} {each}")

    assert runner.invoke(made, ["one", *named]).stdout == f"{said}\n"
    assert runner.invoke(made, ["one", *named]).stdout == f"{said}\n"
    assert runner.invoke(made, ["one", "--count", "x"]).exit_code == 2


def test_what_is_wrong_is_still_refused() -> None:
    for named in (["leaderboard", "--processes", "0"], ["leaderboard", "--processes", "x"],
                  ["compare", "one"], ["leaderboard", "--results"]):  # fmt: skip
        assert runner.invoke(app, named).exit_code == 2, named


@pytest.mark.parametrize("called", [["check"], ["evaluate", "x"], ["import"], ["keys", "new"]])
def test_of_commands_the_one_that_is_called_is_made_alone(called: list[str]) -> None:
    alone = without_others(app, called)
    assert list(typer.main.get_command(alone).commands) == called[:1]  # type: ignore[attr-defined] # a group
    told = [runner.invoke(each, [*called, "--help"]) for each in (alone, app)]
    assert told[0].exit_code == 0
    assert told[0].stdout == told[1].stdout


@pytest.mark.parametrize(
    "called", [[], ["--help"], ["--version", "check"], ["chek"], ["--show-completion"], ["Check"]]
)
def test_where_none_is_called_all_are_looked_at(called: list[str]) -> None:
    assert without_others(app, called) is app
