"""Evaluations that stop when they like the look of it still tell the truth."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parent.parent / "benchmarks"))

import looks

from harness.records.rules import read_rules

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("spread", looks.SPREADS)
@pytest.mark.parametrize(("correlation", "least"), [(0.0, 0.95), (0.33, 0.93)])
def test_intervals_at_the_stop_hold_the_truth(
    spread: float, correlation: float, least: float
) -> None:
    """Within three standard deviations of 4,000 repetitions: 1 %."""
    seen = looks.stopped(
        (5, 8, 12, 18), 0.05, spread, correlation=correlation, repetitions=4000, seed=1
    )

    assert seen.coverage > least - 0.01
    assert 5 <= seen.sessions <= 18


def test_the_page_has_the_table_of_the_rules_as_they_stand() -> None:
    protocol = read_rules(looks.RULES).protocols["official"]
    page = ROOT / "docs" / "explanation" / "protocol.md"
    text = page.read_text(encoding="utf-8")
    assert looks.written(text, looks.table(protocol, looks.REPETITIONS)) == text, (
        "python benchmarks/looks.py --write docs/explanation/protocol.md"
    )


def test_intervals_without_the_correction_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "look_alphas", lambda numbers: (0.05,) * len(numbers))
    monkeypatch.setattr(looks, "widening", lambda _: 1.0)

    seen = looks.stopped((5, 8, 12, 18), 0.05, 0.08, repetitions=4000, seed=1)

    assert seen.coverage < 0.93
