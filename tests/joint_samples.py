"""A project whose results have outcomes of single items, so that they can be ranked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from projects import write_project
from record_samples import outcomes, record
from signing_samples import signer, write_key

from harness.records.evaluation import EvaluationRecord, ItemOutcomes
from harness.records.rules import Rules, read_rules
from harness.store.results import write
from harness.tasks import load_task
from harness.tasks.outcomes import kept_items, kept_predictions
from harness.tasks.task import FolderTask

ITEMS = 600
PRIVATE = {"source": "directory", "public": False, "seed": None}
PRIZES = """
[prizes.tasks.toy]
quality_floor = 0.8
budget_joules_per_1000_queries = 130.0

[reference.toy]
null = "toy-null"
energy_class = "good"
"""
SIDECAR = "*.items.json"


class Place:
    """The project, and how results get into it."""

    def __init__(self, root: Path) -> None:
        self.root = write_project(root)
        self.rules_file = self.root / "leaderboard" / "rules.toml"
        self.rules_file.write_text(self.rules_file.read_text() + PRIZES)
        self.rules: Rules = read_rules(self.rules_file)
        self.task: FolderTask = load_task(self.root, "toy")
        self.results = self.root / "leaderboard" / "results"
        self.joint = self.root / "leaderboard" / "joint"
        write_key(self.root / "leaderboard" / "keys")

    def change_rules(self, old: str, new: str, *, keep: bool = False) -> None:
        """Replace a part of the rules; what is added from now on is made under the new ones.

        Those of before are kept, if that is said.
        """
        text = self.rules_file.read_text()
        assert old in text
        if keep:
            self.keep_rules(text)
        self.rules_file.write_text(text.replace(old, new))
        self.rules = read_rules(self.rules_file)

    def keep_rules(self, text: str) -> None:
        """Keep rules of before."""
        folder = self.rules_file.parent / "rules"
        folder.mkdir(exist_ok=True)
        folder.joinpath("spring.toml").write_text(text)

    def answers(
        self, wrong: Sequence[int], *, items: int = ITEMS, sessions: int = 3
    ) -> ItemOutcomes:
        """Make the outcomes of an entry that answers these items wrongly, in every session."""
        labels = tuple(number % 2 for number in range(items))
        said = tuple(1 - label if n in {*wrong} else label for n, label in enumerate(labels))
        names = tuple(f"i{number}" for number in range(items))
        return outcomes(ids=names, labels=labels, predictions=(said,) * sessions)

    def record(self, entry: str, said: ItemOutcomes, **changes: Any) -> EvaluationRecord:  # noqa: ANN401 - any field
        """Make the record that those outcomes give."""
        task = {
            "id": "toy",
            "title": "Toy",
            "digest": self.task.digest,
            "metric": self.task.ranked_metric,
        }
        data = {"items": len(said.ids), **changes.pop("data", {})}
        made = record(
            entry,
            **{
                "joules": [39.0, 39.1, 38.9],
                "rules": self.rules.reference_to_these,
                "task": task,
                "data": data,
                **changes,
            },
        )
        sessions = kept_predictions(said, made, self.task)
        return replace(made, quality=self.task.score(sessions, kept_items(said)))

    def add(
        self,
        entry: str,
        wrong: Sequence[int] = (),
        *,
        signed: bool = False,
        **changes: Any,  # noqa: ANN401 - any field
    ) -> Path:
        """Write a result of the demonstration, or a signed one on hidden labels."""
        said = changes.pop("said", None) or self.answers(wrong)
        if signed:
            bench = {"profile": "bench", "profile_digest": "0b" * 32}
            changes = {"data": PRIVATE, "hardware": bench, **changes}
        else:
            changes = {"demonstration": True, **changes}
        made = self.record(entry, said, **changes)
        return write(self.results, made, said, signer() if signed else None)[1]

    def add_three(self, **changes: Any) -> None:  # noqa: ANN401 - any field
        """Add entries of which the first beats the last by quality, and the second by energy."""
        self.add("good", range(20), **changes)
        self.add("frugal", range(20, 40), **{"joules": [9.0, 9.1, 8.9], **changes})
        self.add("bad", range(160), **{"joules": [79.0, 79.1, 78.9], **changes})

    def sidecars(self, entry: str = "*") -> list[Path]:
        """Return the outcomes that are here."""
        return sorted(self.results.glob(f"toy/{entry}/{SIDECAR}"))
