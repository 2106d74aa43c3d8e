"""Findings in the form that was asked for, and their summary."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.limits import limit_rows
from harness.cli.output import in_colour, print_json, print_line, print_note, write_out
from harness.errors import ConfigurationError, HarnessError, UsageError

if TYPE_CHECKING:
    from harness.cli.checking import Checked
    from harness.submissions.change import ChangeReport
    from harness.submissions.check import CheckReport
    from harness.submissions.faults import Fault

SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
"""Names the file that GitHub's runner shows as the summary of a step."""

_COLOURS = {"error": "red", "warning": "yellow"}
_Colour = Callable[[str, str], str]


def _plain(text: str, colour: str) -> str:  # noqa: ARG001 - the other way is in_colour
    return text


def print_findings(done: Checked, form: str) -> None:
    """Print what was found, in the form named."""
    if form == "json":
        print_json(_document(done))
    elif form == "github":
        from harness.submissions.annotations import workflow_commands

        write_out(workflow_commands(done.subjects, "\n".join(_text(done, _plain))))
    elif form == "sarif":
        from harness.submissions.sarif import sarif

        print_json(sarif(done.subjects))
    elif form == "junit":
        from harness.submissions.junit import junit

        write_out(junit(done.subjects))
    else:
        for line in _text(done, in_colour):
            print_line(line)


def print_problem(error: HarnessError, form: str) -> None:
    """Annotate a pull request with why it could not be judged; the caller says it otherwise."""
    if form == "github":
        from harness.submissions.annotations import problem

        write_out(problem(error.message, error.remedy))


def write_summary(done: Checked, named: Path | None, *, github: bool) -> None:
    """Write the findings as Markdown to a file that was named, or that the runner names.

    The runner's file is added to, for the step may have written to it before; it takes
    ``MAX_BYTES`` in all. Another file is written anew.
    """
    given = os.environ.get(SUMMARY_VARIABLE) or None
    path = named or (Path(given) if github and given else None)
    if path is None:
        return
    from harness.submissions.job_summary import MAX_BYTES, markdown

    if str(path) != given:
        from harness.cli.writing import write_file

        write_file(path, markdown(done.subjects, MAX_BYTES).encode())
        return
    try:
        before = path.stat().st_size if path.exists() else 0
        with path.open("ab") as file:
            file.write(markdown(done.subjects, MAX_BYTES - before).encode())
    except OSError as error:
        told = f"{path}: the summary cannot be written: {error.strerror}"
        if named is not None:
            raise UsageError(told, remedy="name a file that can be written") from None
        print_note(told)  # the findings themselves are printed all the same


def _document(done: Checked) -> Any:  # noqa: ANN401 - JSON
    from msgspec.structs import asdict

    documents = [asdict(report.document) | {"limits": done.limits} for report in done.reports]
    if done.asked.change is not None:
        return {"change": _change_document(done.asked.change), "results": documents}
    return documents[0] if len(documents) == 1 else {"results": documents}


def _change_document(change: ChangeReport) -> dict[str, Any]:
    from msgspec.structs import asdict

    from harness.submissions.faults import visible

    entries = [visible(entry) for entry in change.entries]
    return asdict(change) | {"ok": change.ok, "entries": entries}


def _text(done: Checked, colour: _Colour) -> Iterator[str]:
    if done.asked.change is not None:
        yield from _change_lines(done.asked.change, colour)
    for report in done.reports:
        yield from report_lines(report, colour)
    if done.reports and done.ok:  # else the faults are what to read, at the end of the screen
        yield "Limits when it runs (leaderboard/rules.toml):"
        for name, allowed in limit_rows(done.limits):
            yield f"    {name:<10}  {allowed}"


def print_report(report: CheckReport) -> None:
    """Print every fault of one entry, and the verdict."""
    for line in report_lines(report, in_colour):
        print_line(line)


def report_lines(report: CheckReport, colour: _Colour) -> Iterator[str]:
    """Yield every fault of one entry, and the verdict."""
    for found in report.faults:
        path = report.entry if found.path == "." else f"{report.entry}/{found.path}"
        yield from _fault_lines(path, found, colour)
    yield _verdict(report, colour)


def _change_lines(change: ChangeReport, colour: _Colour) -> Iterator[str]:
    for found in change.faults:
        yield from _fault_lines(found.path, found, colour)
    outcome = colour("passes", "green") if change.ok else colour("fails", "red")
    whose = "an organiser" if change.organiser else f"team {change.team or 'unknown'}"
    size = (
        _counted(change.paths, "path", "paths"),
        _counted(len(change.entries), "entry", "entries"),
    )
    faults = _findings(change.faults)
    said = ", ".join(filter(None, (faults, whose, f"{size[0]} changed", f"{size[1]} to check")))
    yield f"the pull request of {change.author}: {outcome} ({said})"


def _fault_lines(path: str, found: Fault, colour: _Colour) -> Iterator[str]:
    place = ":".join(str(part) for part in (path, found.line, found.column) if part)
    code = colour(f"{found.severity} {found.code}", _COLOURS[found.severity])
    yield f"{place}: {code} {found.message}"
    yield f"    fix: {found.remedy}"


def _verdict(report: CheckReport, colour: _Colour) -> str:
    outcome = colour("passes", "green") if report.ok else colour("fails", "red")
    size = f"{report.files} files, {report.bytes:,} bytes"
    said = (_findings(report.faults), size, _to_fetch(report), _to_install(report))
    return f"{report.entry}: {outcome} ({', '.join(filter(None, said))})"


def _findings(faults: tuple[Fault, ...]) -> str:
    counts = {each: sum(found.severity == each for found in faults) for each in _COLOURS}
    return ", ".join(
        _counted(count, severity, f"{severity}s") for severity, count in counts.items() if count
    )


def _counted(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


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
