"""Get the model that ``submission.toml`` declares for training, as ``evaluate`` does for a run."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.cli.check import check_context
from harness.cli.project import Project
from harness.cli.weights import hub
from harness.records.caches import cache_folder
from harness.submissions.check import check
from harness.submissions.weights import Weights

HERE = Path(__file__).resolve().parent


@contextmanager
def fetched(folder: Path | None) -> Iterator[Path]:
    """Give a folder that holds the declared weights, verified, where the entry has them.

    They are taken from ``folder``, else from the cache or the hub.
    """
    manifest = check(HERE, check_context(Project(HERE.parents[1]))).manifest
    if manifest is None:
        raise SystemExit(f"{HERE} does not pass check")
    weights = Weights(cache_folder("weights"), hub, folder=folder)
    weights.prepare(HERE.name, manifest.weights)
    with tempfile.TemporaryDirectory() as name:
        weights.place(HERE.name, manifest.weights, Path(name))
        yield Path(name)
