"""What is verified: a record and what lies beside it."""

from __future__ import annotations

from dataclasses import dataclass

from harness.records.evaluation import EvaluationRecord, ItemOutcomes
from harness.records.finding import Finding, Kind

FORGED = "do not use it: ask whoever made it, and evaluate the entry again"
"""What to do about a record that no evaluation can have written."""


@dataclass(frozen=True)
class Subject:
    """One record of the results folder, as it was read."""

    path: str
    record: EvaluationRecord
    digest: str
    verified: bool
    outcomes: ItemOutcomes | None
    """What the sidecar holds; ``None`` where there is none that fits the record."""
    outcomes_unfit: bool = False
    """Whether there is a sidecar that does not: a problem of reading names it."""

    def found(self, code: str, message: str, remedy: str, kind: Kind = "finding") -> Finding:
        """Make a finding about this record."""
        return Finding(kind=kind, path=self.path, code=code, message=message, remedy=remedy)
