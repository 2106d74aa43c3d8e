"""``data list``, ``fetch``, ``verify`` and ``import``: what entries are judged on, and whence."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.errors import Command
from harness.cli.options import JsonOption, complete_task, named_path, named_text
from harness.cli.output import print_json, print_note
from harness.cli.project import find_project
from harness.cli.terminal.progress import progress_on_terminal
from harness.errors import UsageError
from harness.records.seed import MOST_SEED

if TYPE_CHECKING:
    from harness.cli.terminal.progress import ProgressLine
    from harness.tasks import TaskCard
    from harness.tasks.listing import Listing

EXAMPLES = """Examples:

python -m harness data list

python -m harness data fetch climate-disinformation --revision 0123456789abcdef0123456789abcdef01234567

python -m harness data verify deforestation --data my-data

python -m harness data import deforestation folder my-tiles my-data
"""  # noqa: E501 - a commit has 40 digits
LIST_EXAMPLES = """Examples:

python -m harness data list

python -m harness data list --json
"""
FETCH_EXAMPLES = """Examples:

python -m harness data fetch climate-disinformation --accept-licence

python -m harness data fetch climate-disinformation --revision 0123456789abcdef0123456789abcdef01234567 --to quotes
"""  # noqa: E501 - as above
VERIFY_EXAMPLES = """Examples:

python -m harness data verify deforestation

python -m harness data verify climate-disinformation --data hub

python -m harness data verify my-data --json
"""
IMPORT_EXAMPLES = """Examples:

python -m harness data import climate-disinformation csv quotes.csv my-data

python -m harness data import climate-disinformation jsonl quotes.jsonl my-data --test-share 1

python -m harness data import deforestation folder my-tiles my-data --seed 8114
"""

data = typer.Typer(no_args_is_help=True)

TaskArgument = Annotated[
    str,
    typer.Argument(
        metavar="TASK", show_default=False, autocompletion=complete_task, help="A task's name."
    ),
]


def _complete_form(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offer the formats, with those that the task brings."""
    from harness.cli.datasets.importing import formats

    return [form for form in formats(ctx.params.get("task")) if form.startswith(incomplete)]


@data.command("list", cls=Command, epilog=LIST_EXAMPLES)
def list_data(as_json: JsonOption = False) -> None:
    """List every task's sources: hub, commit, licence, and what of it is on this machine."""
    from harness.cli.datasets.rows import print_sources, source_summary

    cards = find_project().cards()
    if as_json:
        print_json({"tasks": [source_summary(card) for card in cards]})
        return
    for card in cards:
        print_sources(card)


@data.command("fetch", cls=Command, epilog=FETCH_EXAMPLES)
def fetch_data(
    task: TaskArgument,
    revision: Annotated[
        str | None,
        typer.Option(
            metavar="SHA",
            parser=named_text,
            help="The commit, 40 hexadecimal digits.",
            show_default="the one that the task pins",
        ),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="A folder for the Parquet, to be used as --data DIR.",
            show_default="the cache, to be used as --data hub",
        ),
    ] = None,
    accept_licence: Annotated[
        bool,
        typer.Option(
            "--accept-licence", help="Accept the licence that is shown, instead of being asked."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch a task's public data from the hub, and verify it; later it is used offline.

    Its licence is shown first, and must be accepted. What was fetched before an interruption stays.
    """
    from harness.cli.datasets.rows import fetched_summary, print_fetched
    from harness.tasks.fetching import fetch

    card = find_project().card(task)
    with progress_on_terminal() as line:
        try:
            fetched = fetch(
                card,
                revision,
                to,
                lambda listing: _agree(card, listing, line, accepted=accept_licence),
                line,
            )
        except KeyboardInterrupt:
            line.clear()
            print_note("what has come so far is kept: the same command goes on from there")
            raise
    if as_json:
        print_json(fetched_summary(card, fetched))
    else:
        print_fetched(card, fetched, in_cache=to is None)


@data.command("verify", cls=Command, epilog=VERIFY_EXAMPLES)
def verify_data(
    target: Annotated[
        str,
        typer.Argument(
            metavar="TASK|DIR",
            show_default=False,
            autocompletion=complete_task,
            help="A task's name, or a folder of Parquet.",
        ),
    ],
    source: Annotated[
        str | None,
        typer.Option(
            "--data",
            metavar="TEXT",
            parser=named_text,
            help="sample, hub, hub@REVISION, or a directory of train and test Parquet.",
            show_default="hub where the pinned commit is here, else sample",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=MOST_SEED, help="Seed of the sample data.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Look through a whole data set: what loading checks, and every sample decoded.

    Exit code 1 when something is wrong with it.
    """
    from harness.cli.datasets.rows import print_report, report_summary
    from harness.cli.datasets.target import resolve
    from harness.tasks import load_task
    from harness.tasks.verifying import verify

    project = find_project()
    card, chosen = resolve(project, target, source)
    with progress_on_terminal() as line:
        line.note(f"loading {chosen} data of {card.task.id}")
        loaded = load_task(project.root, card.task.id)
        report = verify(loaded, chosen, seed, line.looked_at)
    if as_json:
        print_json(report_summary(report))
    else:
        print_report(report)
    if not report.ok:
        raise typer.Exit(1)


@data.command("import", cls=Command, epilog=IMPORT_EXAMPLES)
def import_data(  # noqa: PLR0917 - typer makes options of them
    task: TaskArgument,
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            show_default=False,
            autocompletion=_complete_form,
            help="csv, jsonl, folder (one for each class), or a converter of the task's own.",
        ),
    ],
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", parser=named_path, show_default=False, help="The file or folder."
        ),
    ],
    destination: Annotated[
        Path,
        typer.Argument(
            metavar="DESTINATION",
            parser=named_path,
            show_default=False,
            help="The folder for train and test Parquet.",
        ),
    ],
    seed: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=MOST_SEED,
            help="Of the split by groups; keep it to yourself where others have the files.",
            show_default="0",
        ),
    ] = None,
    test_share: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Share of the items that are tested on; 1: all of them.",
            show_default="0.2",
        ),
    ] = None,
    sample: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of the text, or of the files' names.",
            show_default="as in the task; of files, path or file_name",
        ),
    ] = None,
    label: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of the label, or the boxes.",
            show_default="as in the task",
        ),
    ] = None,
    item_id: Annotated[
        str | None,
        typer.Option(
            "--id", metavar="COLUMN", help="Column of identifiers.", show_default="as in the task"
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column of what splitting keeps whole.",
            show_default="as in the task",
        ),
    ] = None,
    split: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Column that says train or test.",
            show_default="split by groups",
        ),
    ] = None,
    public: Annotated[
        bool,
        typer.Option(
            "--public",
            help="Others have these files: its results stand on no official board.",
        ),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the set that DESTINATION holds.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Make train and test Parquet of an organiser's own files, in the task's columns.

    What is wrong with the rows is named together. The folder is there whole or not at all.
    """
    from harness.cli.datasets.importing import Wish, run_import
    from harness.cli.datasets.rows import imported_summary, print_imported

    wish = Wish(
        form=form,
        source=source,
        destination=destination,
        seed=seed,
        test_share=test_share,
        columns={"sample": sample, "label": label, "id": item_id, "group": group, "split": split},
        force=force,
        public=public,
    )
    project = find_project()
    card = project.card(task)
    with progress_on_terminal() as line:
        kept = run_import(project, card, wish, line)
    if group is not None and not card.columns.groups:
        print_note(
            f"--group: kept whole in the split, and not stored: {card.task.id} has no column of "
            "groups, so its intervals take each item by itself"
        )
    if as_json:
        print_json(imported_summary(kept, destination))
    else:
        print_imported(kept, destination)


def _agree(card: TaskCard, listing: Listing, line: ProgressLine, *, accepted: bool) -> None:
    """Show the terms of what is about to be fetched; raise where they are not accepted."""
    from harness.cli.datasets.rows import licence_of

    line.clear()
    licence = licence_of(card, listing.licence)
    files = sum(len(files) for _, files in listing.files)
    print_note(f"{listing.hub_id} at {listing.revision}")
    size = f"{listing.bytes / 1e6:,.1f} MB in {files:,} file{'s' * (files != 1)}"
    print_note(f"{size}; licence: {licence}")
    if listing.gated:
        print_note("gated: the hub gives it to those who have accepted its terms there")
    if accepted:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(
            f"{listing.hub_id}: its licence, {licence}, was not accepted",
            remedy="read it, and add --accept-licence",
        )
    if not typer.confirm("Do you accept this licence?", err=True):
        raise UsageError(
            f"{listing.hub_id}: its licence was not accepted, and nothing was fetched",
            remedy="evaluate on the sample data, or on data of your own",
        )
