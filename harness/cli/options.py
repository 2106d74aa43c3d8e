"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from harness.cli.project import find_project
from harness.errors import HarnessError

JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]

EntriesArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="ENTRY...", show_default=False, help="Folders of entries."),
]


def named_text(text: str) -> str:
    """Take a text that names something: it is empty where a variable was not set."""
    if not text:
        raise typer.BadParameter("names nothing; this folder is .")
    return text


def named_path(text: str) -> Path:
    """Read a path; an empty one is not taken for this folder."""
    return Path(named_text(text))


def complete_task(incomplete: str) -> list[str]:
    """Offer the tasks' names to a shell; none where there is no project to look into."""
    try:
        names = [card.task.id for card in find_project().cards()]
    except HarnessError:
        return []
    return [name for name in names if name.startswith(incomplete)]
