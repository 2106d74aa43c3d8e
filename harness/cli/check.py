"""``check``: every fault of an entry at once, and nothing of its folder is ever run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.options import JsonOption, named_path, named_text
from harness.cli.output import write_out
from harness.cli.project import find_project
from harness.errors import HarnessError, UsageError

if TYPE_CHECKING:
    from harness.cli.checking import Asked, Challenge, Checked
    from harness.submissions.check import CheckContext

EXAMPLES = """Examples:

python -m harness check submissions/my-team

python -m harness check submissions/* --format json

python -m harness check submissions/my-team --wheelhouse wheels

python -m harness check submissions/* --format junit > check.xml

python -m harness check --base origin/main --author octocat --format github

python -m harness check --rules
"""


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"
    JUNIT = "junit"


def _print_rules(value: bool) -> None:
    if value:
        write_out(rules_page())
        raise typer.Exit


def check(  # noqa: PLR0917 - typer makes options of them
    entries: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="ENTRY",
            parser=named_path,
            show_default="with --base: those that changed",
            help="Folders of entries.",
        ),
    ] = None,
    form: Annotated[
        Format,
        typer.Option(
            "--format",
            help="text for people, json for programs, github for annotations of a pull request, "
            "sarif for code scanning, junit for other services.",
        ),
    ] = Format.TEXT,
    as_json: JsonOption = False,
    wheelhouse: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="A folder of wheels: see from them whether locks are whole and fit this machine.",
            show_default="locks are read, and nothing else is known of their packages",
        ),
    ] = None,
    files: Annotated[
        bool,
        typer.Option(
            "--files", help="What is named are files: check the entries that they lie in."
        ),
    ] = False,
    base: Annotated[
        str | None,
        typer.Option(
            metavar="REF",
            parser=named_text,
            help="Judge what HEAD changes relative to this branch, as a pull request to it.",
            show_default=False,
        ),
    ] = None,
    author: Annotated[
        str | None,
        typer.Option(
            metavar="LOGIN",
            parser=named_text,
            help="With --base: who opened the pull request; leaderboard/teams.toml says the team.",
            show_default=False,
        ),
    ] = None,
    summary: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            parser=named_path,
            help="Write the findings as Markdown, too.",
            show_default="with --format github: GITHUB_STEP_SUMMARY, where it is set",
        ),
    ] = None,
    rules: Annotated[  # noqa: ARG001 - its callback prints and exits
        bool,
        typer.Option(
            "--rules", is_eager=True, callback=_print_rules, help="Explain every rule, and exit."
        ),
    ] = False,
) -> None:
    """Name every fault of an entry at once, each with its place and its fix.

    Nothing of the folder is imported or run. Exit code 1 when there is an
    error; warnings alone are fine. With --base and --author it says, too,
    whether a pull request keeps to what its author may change.
    """
    from harness.cli.findings import print_findings, print_problem, write_summary

    form = _form(form, as_json=as_json)
    try:
        asked = _asked(entries or [], files=files, base=base, author=author)
        done = _checked(asked, wheelhouse)
        write_summary(done, summary, github=form is Format.GITHUB)
    except HarnessError as error:
        print_problem(error, form)
        raise
    print_findings(done, form)
    if not done.ok:
        raise typer.Exit(1)


def _asked(entries: list[Path], *, files: bool, base: str | None, author: str | None) -> Asked:
    from harness.cli.checking import Asked, named_entries, pull_request

    if base is not None:
        if entries or files:
            raise UsageError("--base finds the entries that changed", remedy="name none beside it")
        return pull_request(base, author)
    if author is not None:
        raise UsageError("--author says whose pull request it is", remedy="name its --base")
    project = find_project()
    return Asked(project, project.root, tuple(named_entries(entries, project, files=files)))


def _checked(asked: Asked, wheelhouse: Path | None) -> Checked:
    from harness.cli.checking import Checked, looked_into
    from harness.submissions.check import check as check_entry

    context = check_context(asked.challenge)
    reports = [check_entry(entry, context) for entry in asked.entries]
    if wheelhouse is not None:
        reports = looked_into(reports, wheelhouse)
    limits = asked.challenge.rules().limits
    return Checked(asked, tuple(reports), limits, wheels_seen=wheelhouse is not None)


def _form(form: Format, *, as_json: bool) -> Format:
    if as_json and form not in (Format.TEXT, Format.JSON):
        raise UsageError(f"--json and --format {form} exclude each other", remedy="leave out one")
    return Format.JSON if as_json else form


def check_context(project: Challenge) -> CheckContext:
    """Return what an entry is checked against: the tasks' cards and the rules."""
    from harness.submissions.check import CheckContext

    rules = project.rules()
    return CheckContext(
        tasks={card.task.id: card.task.outputs for card in project.cards()},
        max_batch=rules.boards.max_batch,
        entry_bytes=rules.limits.entry_bytes,
        entry_files=rules.limits.entry_files,
        weights_bytes=rules.limits.weights_bytes,
        weights_files=rules.limits.weights_files,
    )


def rules_page() -> str:
    """Return the reference page of the rules, in Markdown."""
    from harness.submissions.faults import RULES

    rows = (f"| `{code}` | {rule.severity} | {rule.explanation} |" for code, rule in RULES.items())
    return "\n".join(
        (
            "# What `check` looks at",
            "",
            "A code never changes its meaning. An error ends the check with exit code 1; a warning",
            "does not. This page is what `python -m harness check --rules` prints.",
            "",
            "| code | severity | what holds |",
            "|---|---|---|",
            *rows,
            "",
        )
    )
