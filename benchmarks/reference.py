"""The repository's own entries, and which records are still of what they are now.

Shared by the programs that evaluate them all: ``demonstration.py`` and ``results.py``.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import harness
from harness.cli.check import check_context
from harness.cli.evaluating.profiles import this_machine
from harness.cli.project import Project
from harness.records.evaluation import EvaluationRecord
from harness.submissions.check import check
from harness.tasks.digests import task_digest

ROOT = Path(__file__).resolve().parent.parent
HARNESS = (sys.executable, "-m", "harness")
TEAM = "reference"
"""Whose entries these are: nobody else's is published."""
INTERRUPTED = frozenset({129, 130, 143})
"""Exit codes of an evaluation that was told to stop."""


class Reference(NamedTuple):
    """One of the repository's own entries."""

    folder: Path
    task: str | None
    """``None`` where its ``submission.toml`` cannot be read."""
    digest: str | None
    fault: str
    """Why it does not pass check; empty where it does."""

    @property
    def name(self) -> str:
        """What records call it."""
        return self.folder.name


class Now(NamedTuple):
    """What a record must carry to be of what stands here now."""

    harness: str
    rules: str
    tasks: Mapping[str, str]
    """Digests by task."""
    machine: str
    """The fingerprint."""

    def made(self, record: EvaluationRecord, entry: Reference) -> bool:
        """Say whether the record is of the entry, its task, the rules and the machine as now."""
        return (
            record.submission.entry == entry.name
            and record.submission.digest == entry.digest
            and record.task.id == entry.task
            and record.task.digest == self.tasks.get(record.task.id)
            and record.rules.digest == self.rules
            and record.hardware.fingerprint == self.machine
            and record.harness_version == self.harness
        )


def look(project: Project) -> Now:
    """Take the digests of what is here."""
    return Now(
        harness=harness.__version__,
        rules=project.rules().reference_to_these.digest,
        tasks={card.task.id: task_digest(project.tasks / card.task.id) for card in project.cards()},
        machine=this_machine().hardware.fingerprint,
    )


def reference_entries(project: Project) -> list[Reference]:
    """Return the repository's own entries by name, and any that does not say whose it is."""
    context = check_context(project)
    found = []
    for path in sorted(project.submissions.glob("*/submission.toml")):
        report = check(path.parent, context)
        submission = report.manifest.submission if report.manifest else None
        if submission is not None and submission.team != TEAM:
            continue
        faults = (
            f"{fault.path}: {fault.message} [{fault.code}]"
            for fault in report.faults
            if fault.severity == "error"
        )
        found.append(
            Reference(
                folder=path.parent,
                task=submission.task if submission else None,
                digest=report.digest,
                fault="" if report.ok else "; ".join(faults),
            )
        )
    return found
