"""What ``check`` is asked to look at, and what it came to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol

from harness.cli.output import print_note
from harness.cli.project import ROOT_VARIABLE
from harness.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from harness.cli.project import Project
    from harness.records.rules import Limits, Rules
    from harness.submissions.change import ChangeReport
    from harness.submissions.check import CheckReport
    from harness.submissions.findings import Subject
    from harness.submissions.git import Repository
    from harness.tasks import TaskCard


class Challenge(Protocol):
    """What entries are checked against, wherever it is read from."""

    def rules(self) -> Rules:
        """Read the rules."""
        ...

    def cards(self) -> tuple[TaskCard, ...]:
        """Read the cards of all tasks."""
        ...


@dataclass(frozen=True)
class Asked:
    """What is to be checked."""

    challenge: Challenge
    root: Path
    """The project's folder, which paths for other programs begin at."""
    entries: tuple[Path, ...]
    change: ChangeReport | None = None
    """``None``: no pull request was asked about."""


@dataclass(frozen=True)
class Checked:
    """Everything that one call found."""

    asked: Asked
    reports: tuple[CheckReport, ...]
    """Of the entries, one each."""
    limits: Limits
    wheels_seen: bool

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        change = self.asked.change
        return (change is None or change.ok) and all(report.ok for report in self.reports)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The findings as the formats for other programs take them."""
        from harness.submissions.findings import of_change, of_entry

        asked = self.asked
        change = () if asked.change is None else (of_change(asked.change),)
        return change + tuple(
            of_entry(report, _folder(entry, asked.root), wheels_seen=self.wheels_seen)
            for entry, report in zip(asked.entries, self.reports, strict=True)
        )


def _folder(entry: Path, root: Path) -> str:
    """Return an entry's path from the root; its name where it lies elsewhere: no machine's path."""
    here = Path(os.path.abspath(entry))  # noqa: PTH100 - follows no link
    for top in (root, root.resolve()):
        if here.is_relative_to(top):
            return here.relative_to(top).as_posix()
    return here.name or "."  # of the root of all; empty would be a pull request's


def named_entries(named: Sequence[Path], project: Project, *, files: bool) -> list[Path]:
    """Return the folders to check; ``files`` lie in some of them, or in none."""
    if not named:
        raise UsageError("no entry is named", remedy="name its folder: submissions/my-team")
    if not files:
        return [*named]
    entries = {_around(file, project.submissions) for file in named}
    found = sorted(entry for entry in entries if entry is not None)
    if not found:
        print_note("none of these files lies in an entry's folder: nothing to check")
    return found


def _around(file: Path, submissions: Path) -> Path | None:
    here = Path(os.path.abspath(file))  # noqa: PTH100 - follows no link
    for top in (submissions, submissions.resolve()):
        if here.is_relative_to(top) and len(parts := here.relative_to(top).parts) > 1:
            return submissions / parts[0]
    return None


@dataclass(frozen=True)
class Committed:
    """The challenge as a commit has it: its rules and its tasks."""

    repository: Repository
    commit: str
    name: str

    def rules(self) -> Rules:
        """Read the rules; ``ConfigurationError`` names what is wrong with them."""
        from harness.records.rules import parse_rules
        from harness.submissions.judging import MAX_RULES_BYTES, RULES_FILE

        path = RULES_FILE
        content = self.repository.read(self.commit, path, MAX_RULES_BYTES)
        if content is None:
            raise ConfigurationError(
                f"{self.name}:{path}: is no file of that commit",
                remedy="name a branch of the challenge's own repository, whose top folder has it",
            )
        return parse_rules(content, f"{self.name}:{path}")

    def cards(self) -> tuple[TaskCard, ...]:
        """Read the cards of all tasks, by identifier."""
        from harness.submissions.judging import MAX_RULES_BYTES
        from harness.tasks.card import CARD_FILE, parse_card

        paths = (
            f"{node.path}/{CARD_FILE}" for node in self.repository.nodes(self.commit, "tasks/")
        )
        read = ((path, self.repository.read(self.commit, path, MAX_RULES_BYTES)) for path in paths)
        return tuple(
            parse_card(content, PurePosixPath(f"{self.name}:{path}"))
            for path, content in read
            if content is not None
        )


def pull_request(base: str, author: str | None) -> Asked:
    """Judge what ``HEAD`` changes; its entries are to be checked.

    By rules and tasks of the base, in which no pull request of a team has a say. An organiser's has
    one: its entries may be of a task that it adds, and are held against what merging it makes.

    The repository is that of ``HARNESS_ROOT``, else the one around the working directory: the
    project in it is not looked for, because a pull request may have changed where it is.
    """
    from harness.submissions.change import SUBMISSIONS, examine
    from harness.submissions.git import Repository
    from harness.tasks.card import parse_card

    if author is None:
        raise UsageError("--base judges whose change it is", remedy="name who made it: --author")
    repository = Repository(Path(os.environ.get(ROOT_VARIABLE) or Path.cwd()))
    report = examine(repository, base, author, parse_card)
    own = report.organiser and report.is_readable
    challenge = Committed(repository, *((report.head, "HEAD") if own else (report.base, base)))
    folders = tuple(repository.root / SUBMISSIONS / entry for entry in report.entries)
    return Asked(challenge, repository.root, folders, report)


def looked_into(reports: Sequence[CheckReport], wheelhouse: Path) -> list[CheckReport]:
    """Add what the wheels of a folder say of the entries' locks: they are read, never run."""
    from harness.environments.wheelhouse import require_folder

    folder = require_folder(wheelhouse)
    return [_looked_into(report, folder) for report in reports]


def _looked_into(report: CheckReport, wheelhouse: Path) -> CheckReport:
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
