"""``tasks list`` and ``tasks show``: what the challenge asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.errors import Command
from harness.cli.options import JsonOption, complete_task
from harness.cli.output import print_json, print_line, stdout_console, write_out
from harness.cli.project import find_project
from harness.errors import ConfigurationError

if TYPE_CHECKING:
    from harness.tasks import TaskCard

EXAMPLES = """Examples:

python -m harness tasks list

python -m harness tasks show deforestation
"""
LIST_EXAMPLES = """Examples:

python -m harness tasks list

python -m harness tasks list --json
"""
SHOW_EXAMPLES = """Examples:

python -m harness tasks show deforestation

python -m harness tasks show deforestation --json
"""

tasks = typer.Typer(no_args_is_help=True)


@tasks.command("list", cls=Command, epilog=LIST_EXAMPLES)
def list_tasks(as_json: JsonOption = False) -> None:
    """List the tasks of the challenge."""
    cards = find_project().cards()
    if as_json:
        print_json({"tasks": [_summary(card) for card in cards]})
        return
    width = max((len(card.task.id) for card in cards), default=0)
    for card in cards:
        print_line(f"{card.task.id:<{width}}  {card.task.modality:<5}  {card.task.title}")


@tasks.command("show", cls=Command, epilog=SHOW_EXAMPLES)
def show_task(
    task: Annotated[
        str,
        typer.Argument(
            metavar="TASK", show_default=False, autocompletion=complete_task, help="Its name."
        ),
    ],
    as_json: JsonOption = False,
) -> None:
    """Show a task: its query, labels, metrics, data and licence, then its card."""
    project = find_project()
    card = project.card(task)
    text = _read(project.tasks / task / "card.md")
    if as_json:
        print_json({**_summary(card), "card": text})
        return
    _print_facts(card)
    print_line()
    console = stdout_console()
    if console.is_terminal:
        from rich.markdown import Markdown

        console.print(Markdown(text))
    else:
        write_out(text)


def _summary(card: TaskCard) -> dict[str, object]:
    """Return what a card declares, for other programs."""
    task = card.task
    return {
        "id": task.id,
        "title": task.title,
        "version": task.version,
        "modality": task.modality,
        "query": task.query,
        "outputs": task.outputs,
        "max_boxes": task.max_boxes,
        "detection": card.detection,
        "labels": card.label_names,
        "metrics": [
            {"name": metric.key, "direction": metric.direction, "ranked": metric.ranked}
            for metric in card.metrics
        ],
        "data": card.data_sources,
        "columns": card.columns,
        "sample": card.sample,
        "hub": card.hub,
        "licence": task.licence,
        "description": task.description,
    }


def _print_facts(card: TaskCard) -> None:
    task = card.task
    print_line(f"{task.title} ({task.id}, version {task.version})")
    print_line(task.description)
    print_line()
    sample = card.sample
    hub = "none"
    if card.hub is not None:
        hub = f"{card.hub.id} at {card.hub.revision or 'no pinned revision'}"
        hub += ", terms to accept first" if card.hub.gated else ""
    facts = (
        ("query", task.query),
        ("modality", task.modality),
        ("outputs", _outputs(card)),
        ("labels", ", ".join(f"{number} {name}" for number, name in enumerate(card.label_names))),
        ("ranked by", card.ranked_metric.key),
        ("also shown", ", ".join(m.key for m in card.metrics if not m.ranked) or "nothing"),
        ("--data", ", ".join(card.data_sources)),
        ("columns", _columns(card)),
        ("sample", f"{sample.train_items:,} items to train on, {sample.test_items:,} to test on"),
        ("hub", hub),
        ("licence", f"{task.licence} (of the public data)"),
    )
    for name, value in facts:
        print_line(f"{name:<10}  {value}")


def _outputs(card: TaskCard) -> str:
    """Name the kinds of answer, and what makes one of a score."""
    named = ", ".join(card.task.outputs)
    if card.detection is None:
        return named
    found = card.detection
    most = f"; at most {card.task.max_boxes} boxes" if card.task.max_boxes else ""
    return f"{named}; from a score of {found.least_score:g} on {found.positive}{most}"


def _columns(card: TaskCard) -> str:
    """Name the columns of the Parquet files that ``--data`` takes, and what each holds."""
    columns = card.columns
    group = " or ".join(columns.group) if isinstance(columns.group, tuple) else columns.group
    named = (
        (columns.sample, "the query"),
        (columns.label, "its label"),
        (columns.boxes, "its boxes: class x_center y_center width height, one a line"),
        (columns.id, "its identifier"),
        (group, "the group it belongs to"),
    )
    return ", ".join(f"{column} ({what})" for column, what in named if column is not None)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy="every task has one: add it"
        ) from None
    except ValueError as error:
        raise ConfigurationError(f"{path}: not UTF-8: {error}", remedy="save it as UTF-8") from None
