"""A project whose tasks have data on a stand-in hub, and one user's caches; fetched by a process.

The hub's libraries read HF_ENDPOINT when they are imported, so each set of fetches runs in a
process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
from toy_task import HUB, write_parquet, write_task

Seen: TypeAlias = dict[str, dict[str, Any]]
"""What the program below prints, by the name of the fetch."""
FETCHER = """
import json, pathlib, sys, time
from harness.errors import HarnessError
from harness.tasks import load_task
from harness.tasks.fetching import fetch

class Told:
    def __init__(self): self.terms, self.sizes = [], []
    def note(self, text): pass
    def fetched(self, name, done, total): self.sizes.append([name, done, total])
    def agree(self, listing): self.terms.append([listing.licence, listing.gated, listing.bytes])

root, asked = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
results = {}
for name, (task_id, revision, to) in asked.items():
    told, started = Told(), time.monotonic()
    try:
        task = load_task(root, task_id)
        into = None if to is None else pathlib.Path(to)
        fetched = fetch(task.card, revision, into, told.agree, told)
        source = to or f"hub@{fetched.kept.revision}"
        data = task.load_data(source, 0)
    except HarnessError as error:
        seen = {"error": type(error).__name__, "message": error.message, "remedy": error.remedy}
    else:
        samples = data.test.samples(range(len(data.test)))
        seen = {
            "folder": fetched.folder,
            "new": fetched.new,
            "digest": data.reference.digest,
            "kept": fetched.kept.digest,
            "licence": fetched.kept.licence,
            "source": data.reference.source,
            "public": data.reference.public,
            "hub": [data.reference.hub_id, data.reference.revision],
            "labels": data.test.labels.tolist(),
            "samples": [s if isinstance(s, str) else s.hex() for s in samples],
            "warm_up": len(data.warm_up),
        }
    seen["seconds"] = time.monotonic() - started
    results[name] = seen | {"terms": told.terms, "sizes": told.sizes}
print(json.dumps(results))
"""
TEXT_README = """---
license: cc-by-4.0
configs:
- config_name: default
  data_files:
  - split: train
    path: data/train-*
  - split: test
    path: data/test-*
---
"""


@dataclass
class Place:
    """A project, and the caches of one user."""

    root: Path

    def environment(self, endpoint: str, **more: str) -> dict[str, str]:
        """Return the environment of a process that this hub and these caches are for."""
        own = {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(self.root / "hf"),
            "HF_HUB_OFFLINE": "0",
            "HF_HUB_DISABLE_XET": "1",
            "HARNESS_CACHE": str(self.root / "cache"),
            "HARNESS_ROOT": str(self.root),
        }
        return os.environ | own | more

    def fetch(
        self, endpoint: str, asked: dict[str, tuple[str, str | None, Path | None]], **env: str
    ) -> Seen:
        """Fetch ``{name: (task, revision, folder)}`` in one process; return what was seen."""
        spelled = {
            name: (task, revision, to and str(to)) for name, (task, revision, to) in asked.items()
        }
        ran = subprocess.run(
            [sys.executable, "-c", FETCHER, str(self.root), json.dumps(spelled)],
            env=self.environment(endpoint, **env),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        seen: Seen = json.loads(ran.stdout)
        return seen

    def task(self, name: str, modality: str = "text", **hub: str) -> None:
        """Write a task that reads ``org/<name>``; ``hub`` are further lines of its [hub] table."""
        columns = f'sample = "{modality}"\nlabel = "label"\ngroup = "scene"'
        more = "".join(f'{key} = "{value}"\n' for key, value in hub.items())
        write_task(
            self.root,
            task_id=name,
            modality=modality,
            columns=None if modality == "text" else columns,
            hub=HUB.replace("org/toys", f"org/{name}") + more,
        )


def shards(root: Path, **splits: pa.Table | list[pa.Table]) -> dict[str, bytes]:
    """Return Parquet files by their path on the hub; a copy of them lies in ``root``."""
    several = {
        name: [tables] if isinstance(tables, pa.Table) else tables
        for name, tables in splits.items()
    }
    folder = write_parquet(root, **several)
    return {f"data/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.parquet"))}
