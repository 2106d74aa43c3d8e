"""All commands, registered with their help and their examples."""

from __future__ import annotations

from typing import Annotated

import typer

import harness
from harness.cli import (
    check,
    compare,
    data,
    doctor,
    duel,
    evaluate,
    export,
    importing_results,
    init,
    keys,
    leaderboard,
    report,
    schema,
    tasks,
    verify,
)
from harness.cli.errors import Command, Group, explained
from harness.cli.output import print_line

EXAMPLES = """Examples:

python -m harness init submissions/my-team --task climate-disinformation

python -m harness check submissions/my-team

python -m harness evaluate submissions/my-team
"""

app = typer.Typer(
    name="harness",
    cls=Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    # An exception that is not the harness's own is a bug: its plain traceback can be sent to us.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXAMPLES,
)


def _print_version(value: bool) -> None:
    if value:
        with explained(as_json=False):
            print_line(f"harness {harness.__version__}")
        raise typer.Exit


@app.callback()
def program(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version, and exit."
        ),
    ] = False,
) -> None:
    """Run each team's model under an energy meter; rank accuracy against energy.

    Exit codes: 0 fine; 1 findings, or the entry failed; 2 usage or
    configuration; 3 measurement impossible, or the organiser's side failed;
    70 a bug of the harness; 130 interrupted (143, 129 by SIGTERM, SIGHUP).
    """


app.command(cls=Command, epilog=init.EXAMPLES)(init.init)
app.command(cls=Command, epilog=check.EXAMPLES)(check.check)
app.command(cls=Command, epilog=evaluate.EXAMPLES)(evaluate.evaluate)
app.command(cls=Command, epilog=leaderboard.EXAMPLES)(leaderboard.leaderboard)
app.command(cls=Command, epilog=compare.EXAMPLES)(compare.compare)
app.command(cls=Command, epilog=duel.EXAMPLES)(duel.duel)
app.command(cls=Command, epilog=report.EXAMPLES)(report.report)
app.command(cls=Command, epilog=export.EXAMPLES)(export.export)
app.command("import", cls=Command, epilog=importing_results.EXAMPLES)(
    importing_results.import_results
)
app.command(cls=Command, epilog=verify.EXAMPLES)(verify.verify)
app.add_typer(
    keys.keys,
    cls=Group,
    name="keys",
    help="Make and list the keys that sign results.",
    epilog=keys.EXAMPLES,
)
app.add_typer(
    tasks.tasks,
    cls=Group,
    name="tasks",
    help="List the tasks of the challenge, and show one.",
    epilog=tasks.EXAMPLES,
)
app.add_typer(
    data.data,
    cls=Group,
    name="data",
    help="Fetch, import, verify and list what entries are judged on.",
    epilog=data.EXAMPLES,
)
app.command(cls=Command, epilog=doctor.EXAMPLES)(doctor.doctor)
app.command(cls=Command, epilog=schema.EXAMPLES)(schema.schema)
