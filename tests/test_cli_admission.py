"""What is refused before an evaluation is spent on it, and what is told to do instead."""

from __future__ import annotations

import pytest
from record_samples import RULES, SOURCE

from harness.cli.admission import require_official_isolation, require_official_meter
from harness.errors import ConfigurationError
from harness.records.evaluation import Isolation, IsolationCheck
from harness.records.meter import Grade, MeterDescription

WEAK = Isolation(
    grade="C",
    method="Landlock 7 + seccomp",
    checks=(IsolationCheck(name="processes", held=False, seen="listed", remedy="hide them"),),
)


@pytest.mark.parametrize(
    ("requested", "step"),
    [
        ("landlock", "leave out --isolation landlock"),
        ("none", "leave out --isolation none"),
        ("auto", "`python -m harness doctor` gives a remedy"),
        ("bwrap", "`python -m harness doctor` gives a remedy"),
    ],
)
def test_who_asks_for_less_is_told_to_ask_for_more(requested: str, step: str) -> None:
    with pytest.raises(ConfigurationError, match="open: processes") as caught:
        require_official_isolation(WEAK, requested, RULES)
    assert step in caught.value.remedy
    assert "--protocol quick" in caught.value.remedy


@pytest.mark.parametrize("grade", ["wall", "sensor", "model"])
def test_every_other_meter_may_be_official(grade: Grade) -> None:
    require_official_meter(MeterDescription(name="m", grade=grade, sources=(SOURCE,)))


def test_a_stand_in_may_not() -> None:
    with pytest.raises(ConfigurationError, match="the meter m is a stand-in"):
        require_official_meter(MeterDescription(name="m", grade="simulated", sources=(SOURCE,)))
