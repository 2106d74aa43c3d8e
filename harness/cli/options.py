"""Options and arguments that several commands share."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer
from typer.core import TyperOption

from harness.cli.project import find_project
from harness.errors import HarnessError, UsageError
from harness.records.seed import MOST_SEED

JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]


def named_text(text: str) -> str:
    """Take a text that names something: it is empty where a variable was not set."""
    if not text:
        raise typer.BadParameter("names nothing; this folder is .")
    return text


def written_text(text: str) -> str:
    """Take a text that goes into a document: it says something, and is UTF-8."""
    if not text.strip():
        raise typer.BadParameter("is empty: name something, or leave it out")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise typer.BadParameter("is no UTF-8") from None
    return text


def named_path(text: str) -> Path:
    """Read a path; an empty one is not taken for this folder."""
    return Path(named_text(text))


def listed_folder(folder: Path, remedy: str) -> Path:
    """Return a folder that was named; ``UsageError`` where it is none, or cannot be listed."""
    try:
        with os.scandir(folder):
            return folder
    except FileNotFoundError:
        found = "does not exist"
    except NotADirectoryError:
        found = "is not a folder"
    except OSError as error:
        found = f"cannot be listed: {error.strerror}"
    raise UsageError(f"{folder}: {found}", remedy=remedy)


DataOption: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="TEXT",
        parser=named_text,
        help="sample (generated), hub, hub@REVISION, or a directory of train and test Parquet.",
    ),
]

ScenarioOption: TypeAlias = Annotated[
    Literal["offline", "single"],
    typer.Option(help="offline: in batches. single: one query at a time."),
]

ProfileOption: TypeAlias = Annotated[
    str | None,
    typer.Option(
        help="A name from leaderboard/hardware that this machine must match, or unregistered.",
        show_default="the only one that matches",
    ),
]

IsolationOption: TypeAlias = Annotated[
    str, typer.Option(help="auto, bwrap, landlock or none (never ranked).")
]

WheelhouseOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        parser=named_path,
        help="A folder of wheels that locked environments are installed from, offline.",
        show_default="the index that uv or pip is configured for",
    ),
]

SeedOption: TypeAlias = Annotated[
    int,
    typer.Option(
        min=0, max=MOST_SEED, help="Seed of the sample data; orders stay secret and fresh."
    ),
]

WeightsOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        parser=named_path,
        help="Take entries' big weights from this folder, and fetch nothing.",
        show_default="fetched, and kept in a cache",
    ),
]

EntriesArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(
        metavar="ENTRY...", parser=named_path, show_default=False, help="Folders of entries."
    ),
]


RESULTS_REMEDY = "name the folder that evaluate wrote to"
RECORD_ENDING = ".json"
"""Ends what names one record; everything else names an entry."""


def of_no_folder(record: str) -> UsageError:
    """Say that ``--results`` has no effect beside the file of one record."""
    return UsageError(
        f"--results: {record} is the file of a record, which is looked for in no results folder",
        remedy="leave it out, or name an entry",
    )


def complete_task(incomplete: str) -> list[str]:
    """Offer the tasks' names to a shell; none where there is no project to look into."""
    try:
        names = [card.task.id for card in find_project().cards()]
    except HarnessError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def typed_for(context: typer.Context, entry: Path) -> str:
    """Spell the command that is running once more, with what was typed, for one of its entries."""
    words = ["python", "-m", "harness", str(context.info_name), str(entry)]
    for option in context.command.params:
        name = option.name or ""
        source = context.get_parameter_source(name)
        if isinstance(option, TyperOption) and source and source.name == "COMMANDLINE":
            given = context.params[name]
            for value in given if isinstance(given, (list, tuple)) else (given,):
                words += [option.opts[0]] if option.is_flag else [option.opts[0], str(value)]
    return shlex.join(words)
