"""Remaking the demonstration takes its own records away, and nobody else's."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from record_samples import outcomes, record
from signing_samples import signer

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"
sys.path.append(str(BENCHMARKS))

import demonstration  # noqa: E402 - the benchmarks are scripts, found on the path above

from harness.store.results import write  # noqa: E402


def test_signed_and_self_reported_results_are_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demonstration, "RESULTS", tmp_path)
    _, shown = write(tmp_path, record("shown", demonstration=True), outcomes())
    write(tmp_path, record("signed"), outcomes(), signer())
    write(tmp_path, record("local"), outcomes())

    assert demonstration.committed() == [shown, shown.with_suffix(".public.items.json")]
