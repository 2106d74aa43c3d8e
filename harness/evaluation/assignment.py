"""Which entry runs on what, and how."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.evaluation.places import Places
from harness.records import evaluation as records
from harness.records.environment import EnvironmentReference
from harness.records.evaluation import Hardware, Scenario, SubmissionReference
from harness.records.rules import ProtocolRules, Rules
from harness.sandbox.protocol import Launch
from harness.tasks.protocol import Task, TaskData


@dataclass(frozen=True)
class Assignment:
    """One entry to be evaluated: everything but what all evaluations share."""

    submission: SubmissionReference
    launch: Launch
    task: Task
    data: TaskData
    rules: Rules
    hardware: Hardware
    environment: EnvironmentReference | None = None
    """The entry's own packages; ``None`` for the harness's."""
    machine_cores: int = 0
    """All that the machine has, those included that this process may not use; 0: no others."""
    protocol: records.Protocol = "quick"
    scenario: Scenario = "offline"
    demonstration: bool = False
    places: Places = field(default_factory=Places)
    """Of this machine, and what each is called in the record."""

    @property
    def protocol_rules(self) -> ProtocolRules:
        """The rules of the protocol that was asked for."""
        return self.rules.protocols[self.protocol]

    @property
    def batch_size(self) -> int:
        """How many samples go into one frame."""
        if self.scenario == "single":
            return 1
        return min(self.submission.batch_size, self.rules.boards.max_batch)
