"""``init``: begin an entry that passes ``check`` and evaluates as it stands."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from harness.cli.options import complete_task, named_path, written_text
from harness.cli.output import print_line
from harness.cli.project import find_project

EXAMPLES = """Examples:

python -m harness init submissions/my-team --task climate-disinformation

python -m harness init submissions/my-team --task deforestation --team "The Greens"
"""


def init(
    entry: Annotated[
        Path,
        typer.Argument(
            metavar="ENTRY",
            parser=named_path,
            show_default=False,
            help="The folder to make; its name is the entry's.",
        ),
    ],
    task: Annotated[
        str,
        typer.Option(
            "--task",
            show_default=False,
            autocompletion=complete_task,
            help="The task that it answers.",
        ),
    ],
    team: Annotated[
        str | None,
        typer.Option(
            "--team",
            metavar="NAME",
            parser=written_text,
            show_default=False,
            help="Who enters; else the entry's name.",
        ),
    ] = None,
) -> None:
    """Make a folder with a small model that passes `check` and evaluates as it stands."""
    from harness.submissions.check import entry_name
    from harness.submissions.scaffold import Sought, TaskFacts, scaffold

    project = find_project()
    card = project.card(task)
    found = card.detection
    facts = TaskFacts(
        id=card.task.id,
        title=card.task.title,
        modality=card.task.modality,
        query=card.task.query,
        labels=card.label_names,
        outputs=card.task.outputs,
        sought=Sought(
            label=found.positive, least_score=found.least_score, max_boxes=card.task.max_boxes
        )
        if found
        else None,
    )
    written = scaffold(
        entry,
        facts,
        team=team or entry_name(entry),
        max_batch=project.rules().boards.max_batch,
    )
    for path in written:
        print_line(f"wrote {path}")
    shown = shlex.quote(str(entry))
    print_line()
    print_line("Next:")
    print_line(f"  python -m harness check {shown}       # what is wrong with it: nothing yet")
    print_line(
        f"  python -m harness evaluate {shown}    # its quality and its energy, on the sample data"
    )
    print_line(f"  then put your model into {entry / 'model.py'}")
