"""Projects with thousands of evaluations, made up after real ones: what ``site_build`` builds from.

Every record is a variation of one that was measured: five of its sessions, each with its windows,
its power trace and its phases, the numbers moved by a few per cent, another entry of another team.
They are named by their digests, so that reading refuses none. No figure of such a board means
anything.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from harness.records.base import pretty_json
from harness.records.evaluation import EvaluationRecord
from harness.records.signing import document_digest
from harness.store.paths import record_path

ROOT = Path(__file__).resolve().parents[1]
LARGEST_BYTES = 100_000
"""Records of the shortest queries hold thousands of sweeps: a few of those would be everything."""
SESSIONS = 5
ENTRIES_A_TEAM = 4
BEGUN = datetime(2027, 1, 4, 6, 0, 0, tzinfo=UTC)
MOVED = frozenset({"seconds", "cpu_seconds", "joules", "watts", "model_joules"})
"""Names of figures that are moved."""

Document = dict[str, Any]


def make_project(root: Path, count: int, *, one_board: bool = False, an_entry: int = 1) -> None:
    """Make a project with ``count`` evaluations at ``root``: on the boards of all tasks, or of one.

    So many are of one entry as ``an_entry`` says. Tasks, rules and keys are this project's; the
    same numbers give the same files.
    """
    (root / "leaderboard").mkdir(parents=True)
    shutil.copy(ROOT / "leaderboard" / "rules.toml", root / "leaderboard" / "rules.toml")
    shutil.copytree(ROOT / "tasks", root / "tasks", ignore=shutil.ignore_patterns("__pycache__"))
    for document in evaluations(count, one_board=one_board, an_entry=an_entry):
        add(root, document)


def evaluations(
    count: int, *, one_board: bool = False, an_entry: int = 1, first: int = 0
) -> Iterator[Document]:
    """Yield the documents of ``count`` evaluations; ``first`` is the number of the first."""
    models = _models()
    if one_board:
        models = models[:1]
    tasks = len(models)
    for number in range(first, first + count):
        entry = number // an_entry
        of_task = models[entry % tasks]
        yield _varied(of_task[entry // tasks % len(of_task)], number, entry)


def add(root: Path, document: Document) -> Path:
    """Write a record where its content belongs."""
    record = msgspec.convert(document, EvaluationRecord)
    path = root / "leaderboard" / "results" / record_path(record, document_digest(document))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pretty_json(document))
    return path


def _models() -> list[list[bytes]]:
    """Return the measured records to vary, by task."""
    by_task: dict[str, list[bytes]] = {}
    for path in sorted((ROOT / "leaderboard" / "results").glob("*/*/*.json")):
        content = path.read_bytes()
        if path.name.endswith(".items.json") or path.name.endswith(".local.json"):
            continue
        document = msgspec.json.decode(content)
        if len(content) > LARGEST_BYTES or document["outcome"]["status"] != "completed":
            continue
        document["sessions"] = document["sessions"][:SESSIONS]
        document["voided"], document["looks"] = [], []
        by_task.setdefault(document["task"]["id"], []).append(msgspec.json.encode(document))
    return [by_task[task] for task in sorted(by_task)]


def _varied(model: bytes, number: int, entry: int) -> Document:
    of_entry, draw = random.Random(entry), random.Random(number)  # noqa: S311 - figures of nothing
    document: Document = msgspec.json.decode(model)
    name = f"made-up-{entry:06d}"
    document["created_utc"] = (BEGUN + timedelta(minutes=number)).isoformat()
    document["campaign"], document["items"] = None, None
    document["submission"] |= {
        "entry": name,
        "team": f"team {entry // ENTRIES_A_TEAM:05d}",
        "name": f"Made up, number {entry}",
        "digest": sha256(name.encode()).hexdigest(),
    }
    scale = of_entry.lognormvariate(0.0, 0.7)
    for session in document["sessions"]:
        _move(session, scale * draw.lognormvariate(0.0, 0.02), draw)
    worse = of_entry.uniform(0.6, 1.0)
    for metric in document["quality"]["metrics"]:
        metric |= {key: metric[key] * worse for key in ("value", "low", "high")}
    return document


def _move(value: Any, factor: float, draw: random.Random) -> None:  # noqa: ANN401 - plain JSON
    """Multiply the figures in ``value`` that are of the entry's work, each a little otherwise."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in MOVED and isinstance(inner, float):
                value[key] = inner * factor * draw.uniform(0.999, 1.001)
            else:
                _move(inner, factor, draw)
    elif isinstance(value, list):
        for inner in value:
            _move(inner, factor, draw)
