"""What every option and argument that names a place takes, and what none of them does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from typer.testing import CliRunner

from harness.cli.app import app
from harness.cli.options import listed_folder, named_path
from harness.errors import UsageError

runner = CliRunner()


def commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    groups = [("", app)] + [
        (f"{each.name} ", each.typer_instance) for each in app.registered_groups
    ]
    for group, members in groups:
        assert members is not None
        for command in members.registered_commands:
            assert command.callback is not None
            yield f"{group}{command.name or command.callback.__name__}", command.callback


def takes_a_path(hint: object) -> bool:
    return hint is Path or any(map(takes_a_path, get_args(hint)))


def test_an_empty_text_is_no_place() -> None:
    """It is what a variable gives that is not set: no folder of the user's is meant by it."""
    parsers = {
        f"{command}: {name}": get_args(hint)[1].parser
        for command, callback in commands()
        for name, hint in get_type_hints(callback, include_extras=True).items()
        if takes_a_path(hint)
    }
    assert len(parsers) > 20
    assert {place for place, parser in parsers.items() if parser is not named_path} == set()


@pytest.mark.parametrize(
    "arguments", [("leaderboard", "--output"), ("leaderboard", "--sign"), ("verify",), ("init",)]
)
def test_nothing_is_done_with_one(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = runner.invoke(app, [*arguments, ""])
    assert (made.exit_code, [*tmp_path.iterdir()]) == (2, [])
    assert "names nothing" in made.stderr


def test_a_folder_that_cannot_be_listed_says_what_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    assert listed_folder(tmp_path, "") == tmp_path
    for name, found in (("gone", "does not exist"), ("file", "is not a folder")):
        with pytest.raises(UsageError, match=f"{name}: {found}"):
            listed_folder(tmp_path / name, "")

    def closed(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(UsageError, match="cannot be listed: Permission denied"):
        listed_folder(tmp_path, "")
