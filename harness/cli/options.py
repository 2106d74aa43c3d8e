"""Options and arguments that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document and nothing else.")
]

EntriesArgument: TypeAlias = Annotated[
    list[Path],
    typer.Argument(metavar="ENTRY...", show_default=False, help="Folders of entries."),
]
