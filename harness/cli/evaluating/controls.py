"""Which entries are evaluated together: those of one task, and the control that the rules name.

A control runs beside several entries of a task, and beside a single one by the official protocol,
which so takes twice the time: without it nothing could be compared with what is measured another
day. A quick evaluation of a single entry is a team's own check, and has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from harness.cli.project import Project
    from harness.records.rules import Rules
    from harness.submissions.check import CheckReport


@dataclass(frozen=True)
class Checked:
    """An entry that passed check."""

    folder: Path
    report: CheckReport


@dataclass(frozen=True)
class Group:
    """Entries of one task that are evaluated together."""

    task: str
    entries: tuple[Checked, ...]
    """Those that were asked for, in that order."""
    control: Checked | None
    """It may be one of them."""

    @property
    def all(self) -> tuple[Checked, ...]:
        """Every entry once; a control that was not asked for last."""
        if self.control is None or self.control in self.entries:
            return self.entries
        return (*self.entries, self.control)


def grouped(
    project: Project,
    rules: Rules,
    checked: Sequence[Checked],
    protocol: Literal["quick", "official"],
) -> list[Group]:
    """Sort entries by task, in the order in which their tasks are first named.

    Raises ``UsageError`` for two of one name, ``ConfigurationError`` for a control that the rules
    name and that cannot be had.
    """
    by_task: dict[str, list[Checked]] = {}
    named: dict[str, Path] = {}
    for each in checked:
        name = each.report.entry
        if name in named:
            raise UsageError(
                f"{each.folder}: an entry {name} is named already: {named[name]}",
                remedy="name every entry once; its folder's name is what it is known by",
            )
        named[name] = each.folder
        by_task.setdefault(_task(each.report), []).append(each)
    return [
        Group(task, tuple(members), _control(project, rules, task, members, protocol))
        for task, members in by_task.items()
    ]


def _control(
    project: Project,
    rules: Rules,
    task: str,
    entries: Sequence[Checked],
    protocol: Literal["quick", "official"],
) -> Checked | None:
    reference = rules.reference.get(task)
    name = None if reference is None else reference.control
    if name is None or (len(entries) == 1 and protocol == "quick"):
        return None
    control = _committed(project, task, name)
    for each in entries:
        if each.report.entry != name:
            continue
        if each.report.digest != control.report.digest:
            raise UsageError(
                f"{each.folder}: is called like the control of {task} and is another entry than "
                f"{control.folder}",
                remedy="give its folder another name",
            )
        return each
    return control


def _committed(project: Project, task: str, name: str) -> Checked:
    """Check the control as it lies in the project."""
    from harness.cli.check import check_context
    from harness.submissions.check import check

    folder = project.submissions / name
    where = f"{project.rules_file}: reference.{task}.control"
    if not folder.is_dir():
        raise ConfigurationError(
            f"{where}: there is no entry {name} in {project.submissions}",
            remedy="restore it, or name an entry that is there",
        )
    report = check(folder, check_context(project))
    if not report.ok:
        faults = [fault for fault in report.faults if fault.severity == "error"]
        raise ConfigurationError(
            f"{where}: {name} does not pass check: {faults[0].path}: {faults[0].message} "
            f"[{faults[0].code}]",
            remedy=f"python -m harness check {folder}; then restore it",
        )
    if _task(report) != task:
        raise ConfigurationError(
            f"{where}: {name} is an entry of {_task(report)}", remedy="name an entry of this task"
        )
    return Checked(folder, report)


def _task(report: CheckReport) -> str:
    if report.manifest is None:  # a report without faults has one
        raise AssertionError(report.entry)
    return report.manifest.submission.task
