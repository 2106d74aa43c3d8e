"""A project with a board of many entries for ``ranking_speed.py``: records, and items beside them.

Each is a variation of one that was measured and is committed: another entry of another team, whose
energy is scaled, and of whose answers some are others. Its quality is of these answers. The same
number gives the same files; no figure of such a board means anything.
"""

from __future__ import annotations

import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from harness.records.evaluation import EvaluationRecord, ItemOutcomes
from harness.records.session import PhaseWindow, Session
from harness.store.reading import read_items
from harness.store.results import read_all, write
from harness.tasks import load_task
from harness.tasks.outcomes import kept_items, kept_predictions

ROOT = Path(__file__).resolve().parents[1]
TASK, ENTRY = "climate-disinformation", "climate-static"
SESSIONS = 5


def make_project(root: Path, entries: int) -> int:
    """Make a project with a board of so many entries at ``root``; return its number of items."""
    (root / "leaderboard").mkdir(parents=True)
    shutil.copy(ROOT / "leaderboard" / "rules.toml", root / "leaderboard" / "rules.toml")
    shutil.copytree(ROOT / "tasks", root / "tasks", ignore=shutil.ignore_patterns("__pycache__"))
    task = load_task(root, TASK)
    model, outcomes = _measured()
    for number in range(entries):
        rng = np.random.default_rng([entries, number])
        answered = _answered(outcomes, len(task.labels), rng)
        made = _entry(model, number, float(np.exp(rng.normal(0, 0.7))), rng)
        predictions = kept_predictions(answered, made, task)
        made = replace(
            made,
            quality=task.score(predictions, kept_items(answered)),
            sessions=tuple(
                replace(session, confusion=task.confusion(each, kept_items(answered).labels))
                for session, each in zip(made.sessions, predictions, strict=True)
            ),
        )
        write(root / "leaderboard" / "results", made, answered)
    return len(outcomes.ids)


def _measured() -> tuple[EvaluationRecord, ItemOutcomes]:
    """Return the record to vary, and its outcomes, cut to ``SESSIONS``."""
    results = ROOT / "leaderboard" / "results"
    stored, _ = read_all(results, local=False)
    found = next(each for each in stored if each.record.submission.entry == ENTRY)
    outcomes = read_items(results, found)
    if outcomes is None:
        raise SystemExit(f"{found.path}: the outcomes of single items are not beside it")
    record = replace(
        found.record, sessions=found.record.sessions[:SESSIONS], voided=(), looks=(), campaign=None,
        warnings=(), items=None,
    )  # fmt: skip
    return record, replace(outcomes, predictions=outcomes.predictions[:SESSIONS])


def _entry(
    model: EvaluationRecord, number: int, factor: float, rng: np.random.Generator
) -> EvaluationRecord:
    name = f"made-up-{number:06d}"
    submission = replace(
        model.submission, entry=name, team=f"team {number:06d}", name=f"Made up {number}",
        digest=sha256(name.encode()).hexdigest(),
    )  # fmt: skip
    noise = np.exp(rng.normal(0, 0.01, len(model.sessions)))
    sessions = tuple(
        _scaled(session, factor * float(each))
        for session, each in zip(model.sessions, noise, strict=True)
    )
    return replace(model, submission=submission, sessions=sessions)


def _scaled(session: Session, factor: float) -> Session:
    """Scale all energy of a session: of its windows, and of their traces."""

    def window(each: PhaseWindow) -> PhaseWindow:
        parts = tuple(replace(part, joules=factor * part.joules) for part in each.reading.energy)
        return replace(each, reading=replace(each.reading, energy=parts))

    traces = tuple(
        replace(each, watts=tuple((seconds, factor * watts) for seconds, watts in each.watts))
        for each in session.trace
    )
    return replace(session, phases=tuple(map(window, session.phases)), trace=traces)


def _answered(outcomes: ItemOutcomes, labels: int, rng: np.random.Generator) -> ItemOutcomes:
    """Change up to a third of the answers, in all sessions alike, to answers drawn at random."""
    changed = rng.random(len(outcomes.ids)) < rng.uniform(0, 1 / 3)
    drawn = rng.integers(labels, size=len(outcomes.ids)).tolist()
    predictions = tuple(
        tuple(new if other else old for new, other, old in zip(drawn, changed, row, strict=True))
        for row in outcomes.predictions
    )
    return replace(outcomes, predictions=predictions, key=sha256(rng.bytes(32)).hexdigest())
