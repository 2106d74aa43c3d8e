"""What ``check`` found, as the formats for other programs take it: subjects and their places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from harness.records.base import Frozen
from harness.submissions.change import ChangeReport
from harness.submissions.check import CheckReport
from harness.submissions.document import FILE_NAME
from harness.submissions.faults import RULES, Fault, Severity, visible
from harness.submissions.judging import TEAMS_FILE

OF_A_CHANGE = "FRG6"
"""What codes of rules on pull requests begin with."""
SEEN_FROM_WHEELS = ("FRG511", "FRG512")


class Subject(Frozen):
    """An entry, or a pull request."""

    name: str
    """As it is shown."""
    folder: str
    """From the repository's root, with forward slashes; empty for the root itself."""
    faults: tuple[Fault, ...]
    codes: tuple[str, ...]
    """The rules that it was held against."""

    def path(self, found: Fault) -> str:
        """Return the file that a finding is shown at, from the repository's root.

        What is wrong with a whole folder is shown at its ``submission.toml``, and with a whole pull
        request at who the teams are: no reader of these formats shows anything at a folder.
        """
        if not self.folder:
            return TEAMS_FILE if found.path == "." else found.path
        return f"{self.folder}/{FILE_NAME if found.path == '.' else found.path}"

    def count(self, severity: Severity) -> int:
        """Return how many findings there are of a severity."""
        return sum(found.severity == severity for found in self.faults)

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not self.count("error")


Subjects: TypeAlias = Sequence[Subject]


def of_entry(report: CheckReport, folder: str, *, wheels_seen: bool = False) -> Subject:
    """Return an entry that was checked; ``folder`` is its path from the repository's root."""
    left_out = () if wheels_seen else SEEN_FROM_WHEELS
    held = {code for code in RULES if not code.startswith(OF_A_CHANGE) and code not in left_out}
    held |= {found.code for found in report.faults}  # nothing that was found is ever left out
    return Subject(
        name=visible(report.entry),
        folder=visible(folder),
        faults=report.faults,
        codes=tuple(code for code in RULES if code in held),
    )


def of_change(report: ChangeReport) -> Subject:
    """Return a pull request that was judged."""
    codes = tuple(code for code in RULES if code.startswith(OF_A_CHANGE))
    return Subject(name="the pull request", folder="", faults=report.faults, codes=codes)


def worst_first(subjects: Subjects) -> list[tuple[Subject, Fault]]:
    """Return all findings: errors before warnings, else in the order in which they were found."""
    all_found = [(subject, found) for subject in subjects for found in subject.faults]
    return sorted(all_found, key=lambda pair: pair[1].severity != "error")
