"""What is refused before an evaluation is spent on it, and what is told to do instead."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import msgspec
import pytest
from record_samples import RULES, SOURCE

from harness.cli.evaluating.admission import require_official_isolation, require_official_meter
from harness.cli.evaluating.running import Request, sandbox_for
from harness.errors import ConfigurationError
from harness.records.evaluation import Isolation, IsolationCheck
from harness.records.meter import Grade, MeterDescription
from harness.sandbox import forgetting, ladder

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


@pytest.mark.parametrize(("protocol", "said"), [("official", 1), ("quick", 0)])
def test_a_kernel_that_cannot_be_made_to_forget_is_told_before_anything_runs(
    protocol: Literal["official", "quick"],
    said: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    strong = msgspec.structs.replace(WEAK, grade="A", checks=())
    monkeypatch.setattr(ladder, "choose", lambda *_, **__: SimpleNamespace(probe=lambda _: strong))
    monkeypatch.setattr(forgetting, "SETTING", tmp_path / "none")
    request = Request("sample", protocol, "offline", seed=0, demonstration=False)

    sandbox_for(request, None, RULES, signed=False)

    told = capsys.readouterr().err
    assert told.count("forget what it remembers") == told.count("evaluate as root") == said
    assert told.count(f"{tmp_path}/none: No such file or directory") == said


@pytest.mark.parametrize("grade", ["wall", "sensor", "model"])
def test_every_other_meter_may_be_official(grade: Grade) -> None:
    require_official_meter(MeterDescription(name="m", grade=grade, sources=(SOURCE,)))


def test_a_stand_in_may_not() -> None:
    with pytest.raises(ConfigurationError, match="the meter m is a stand-in"):
        require_official_meter(MeterDescription(name="m", grade="simulated", sources=(SOURCE,)))
