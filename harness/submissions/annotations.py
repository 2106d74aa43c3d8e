"""Findings as workflow commands, which GitHub's runner turns into annotations of a pull request.

The form is that of the runner's toolkit (github.com/actions/toolkit, packages/core/src/command.ts):
``::error file=…,line=…,col=…,title=…::message``, with ``%``, carriage return and line feed
percent-encoded, and ``:`` and ``,`` too in a property.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from harness.submissions.faults import Fault, visible
from harness.submissions.findings import Subject, Subjects, worst_first

MAX_SHOWN = 10
"""Annotations of each severity that the service shows for one step; more are dropped there."""


def workflow_commands(subjects: Subjects, log: str) -> str:
    """Return what goes to a step's standard output.

    The first of the errors and of the warnings as annotations; then ``log``, the whole report as
    text, between marks by which the runner takes no line of it for a command: it quotes names that
    strangers chose.
    """
    shown = [*_shown(subjects)]
    more = sum(len(subject.faults) for subject in subjects) - len(shown)
    if more:
        told = f"{more:,} more: the log of this step and the job's summary have them all"
        shown.append(_command("notice", {"title": "Further findings"}, told))
    mark = hashlib.sha256(log.encode("utf-8", "surrogatepass")).hexdigest()
    return "\n".join((*shown, f"::stop-commands::{mark}", log.rstrip("\n"), f"::{mark}::", ""))


def problem(message: str, remedy: str) -> str:
    """Return the line that says why nothing could be judged."""
    told = visible(message.replace("\n", "; ")) + f"\nfix: {visible(remedy)}"
    return _command("error", {"title": "check"}, told) + "\n"


def _shown(subjects: Subjects) -> Iterator[str]:
    counts = {"error": 0, "warning": 0}
    for subject, found in worst_first(subjects):
        counts[found.severity] += 1
        if counts[found.severity] <= MAX_SHOWN:
            yield annotation(subject, found)


def annotation(subject: Subject, found: Fault) -> str:
    """Return one finding as a workflow command, without a line's end."""
    properties = {"file": subject.path(found)}
    if found.line is not None:
        properties["line"] = str(found.line)
        if found.column is not None:
            properties["col"] = str(found.column)
    properties["title"] = f"{found.code} ({subject.name})"
    return _command(found.severity, properties, f"{found.message}\nfix: {found.remedy}")


def _command(name: str, properties: dict[str, str], message: str) -> str:
    spelled = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {spelled}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
