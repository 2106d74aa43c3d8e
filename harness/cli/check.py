"""``check``: every fault of an entry at once, and nothing of its folder is ever run."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.limits import limit_rows
from harness.cli.options import EntriesArgument
from harness.cli.output import in_colour, print_json, print_line, write_out
from harness.cli.project import Project, find_project

if TYPE_CHECKING:
    from harness.records.rules import Limits
    from harness.submissions.check import CheckContext, CheckReport
    from harness.submissions.faults import Fault

EXAMPLES = """Examples:

python -m harness check submissions/my-team

python -m harness check submissions/* --format json

python -m harness check --rules
"""

_COLOURS = {"error": "red", "warning": "yellow"}


class Format(StrEnum):
    """How findings are printed."""

    TEXT = "text"
    JSON = "json"


def _print_rules(value: bool) -> None:
    if value:
        write_out(rules_page())
        raise typer.Exit


def check(
    entries: EntriesArgument,
    form: Annotated[
        Format,
        typer.Option("--format", help="text for people, json for programs."),
    ] = Format.TEXT,
    rules: Annotated[  # noqa: ARG001 - its callback prints and exits
        bool,
        typer.Option(
            "--rules", is_eager=True, callback=_print_rules, help="Explain every rule, and exit."
        ),
    ] = False,
) -> None:
    """Name every fault of an entry at once, each with its place and its fix.

    Nothing of the folder is imported or run. Exit code 1 when there is an
    error; warnings alone are fine.
    """
    from harness.submissions.check import check as check_entry

    project = find_project()
    context = check_context(project)
    reports = [check_entry(entry, context) for entry in entries]
    limits = project.rules().limits
    if form is Format.JSON:
        documents = [_document(report, limits) for report in reports]
        print_json(documents[0] if len(documents) == 1 else {"results": documents})
    else:
        for report in reports:
            print_report(report)
        print_line("Limits when it runs (leaderboard/rules.toml):")
        for name, allowed in limit_rows(limits):
            print_line(f"    {name:<10}  {allowed}")
    if not all(report.ok for report in reports):
        raise typer.Exit(1)


def _document(report: CheckReport, limits: Limits) -> dict[str, Any]:
    """Return what is printed of one entry, and what it may take when it runs."""
    from msgspec.structs import asdict

    return asdict(report.document) | {"limits": limits}


def check_context(project: Project) -> CheckContext:
    """Return what an entry is checked against: the tasks' cards and the rules."""
    from harness.submissions.check import CheckContext

    rules = project.rules()
    return CheckContext(
        tasks={card.task.id: card.task.outputs for card in project.cards()},
        max_batch=rules.boards.max_batch,
        entry_bytes=rules.limits.entry_bytes,
        entry_files=rules.limits.entry_files,
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


def print_report(report: CheckReport) -> None:
    """Print what was found in one entry, and the verdict."""
    """Print every fault of one entry, and the verdict."""
    for found in report.faults:
        code = in_colour(f"{found.severity} {found.code}", _COLOURS[found.severity])
        print_line(f"{_place(report.entry, found)}: {code} {found.message}")
        print_line(f"    fix: {found.remedy}")
    print_line(_verdict(report))


def _place(entry: str, found: Fault) -> str:
    """Return ``entry/path:line:column``, as far as it is known."""
    path = entry if found.path == "." else f"{entry}/{found.path}"
    return ":".join(str(part) for part in (path, found.line, found.column) if part)


def _verdict(report: CheckReport) -> str:
    counts = {
        severity: sum(found.severity == severity for found in report.faults)
        for severity in _COLOURS
    }
    findings = ", ".join(
        f"{count} {severity}{'s' if count > 1 else ''}"
        for severity, count in counts.items()
        if count
    )
    outcome = in_colour("passes", "green") if report.ok else in_colour("fails", "red")
    size = f"{report.files} files, {report.bytes:,} bytes"
    return f"{report.entry}: {outcome} ({', '.join(filter(None, (findings, size)))})"
