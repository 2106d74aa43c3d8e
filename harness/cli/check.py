"""``check``: every fault of an entry at once, and nothing of its folder is ever run."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.cli.limits import limit_rows
from harness.cli.options import EntriesArgument, named_path
from harness.cli.output import in_colour, print_json, print_line, write_out
from harness.cli.project import Project, find_project
from harness.errors import ConfigurationError

if TYPE_CHECKING:
    from harness.records.rules import Limits
    from harness.submissions.check import CheckContext, CheckReport
    from harness.submissions.faults import Fault

EXAMPLES = """Examples:

python -m harness check submissions/my-team

python -m harness check submissions/* --format json

python -m harness check submissions/my-team --wheelhouse wheels

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
    wheelhouse: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            parser=named_path,
            help="A folder of wheels: see from them whether locks are whole and fit this machine.",
            show_default="locks are read, and nothing else is known of their packages",
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
    error; warnings alone are fine.
    """
    from harness.submissions.check import check as check_entry

    project = find_project()
    context = check_context(project)
    reports = [check_entry(entry, context) for entry in entries]
    if wheelhouse is not None:
        from harness.environments.wheelhouse import require_folder

        folder = require_folder(wheelhouse)
        reports = [_looked_into(report, folder) for report in reports]
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


def _looked_into(report: CheckReport, wheelhouse: Path) -> CheckReport:
    """Add what the wheels of a folder say of the entry's lock: they are read, never run."""
    from msgspec.structs import replace

    from harness.environments.requires import REMAKE
    from harness.environments.wheelhouse import FETCH, FETCH_ANEW, look
    from harness.submissions.faults import fault

    if report.lock is None:
        return report
    named = report.manifest.environment.requirements if report.manifest else None
    lock = named or "requirements.lock"
    found = look(wheelhouse, report.lock.pins)
    faults = [
        *report.faults,
        *(fault("FRG511", lock, said, REMAKE) for said in found.unmet),
        *(fault("FRG512", lock, said, FETCH_ANEW) for said in found.unfit),
        *(
            fault("FRG512", lock, f"there is no wheel of {package} in the wheelhouse", FETCH)
            for package in found.lacking
        ),
    ]
    return replace(report, faults=tuple(sorted(faults, key=lambda found: found.order)))


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


def print_report(report: CheckReport) -> None:
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
    said = (findings, size, _to_fetch(report), _to_install(report))
    return f"{report.entry}: {outcome} ({', '.join(filter(None, said))})"


def _to_fetch(report: CheckReport) -> str:
    """Say how much an evaluation fetches; empty for nothing."""
    weights = report.manifest.weights if report.manifest else ()
    total = sum(table.bytes for table in weights)
    files = "1 more file" if len(weights) == 1 else f"{len(weights)} more files"
    return f"{files} of {total:,} bytes to fetch" if weights else ""


def _to_install(report: CheckReport) -> str:
    """Say how many packages an evaluation installs, unless it did before; empty without a lock."""
    if report.lock is None:
        return ""
    from harness.environments.cache import was_built
    from harness.records.caches import cache_folder

    packages = len(report.lock.pins)
    what = "1 package" if packages == 1 else f"{packages} packages"
    try:
        known = was_built(report.lock, cache_folder("environments"))
    except ConfigurationError:  # there is no place for a cache
        known = False
    return f"{what} locked, {'installed here before' if known else 'to be installed'}"
