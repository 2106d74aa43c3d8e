"""What formats say of themselves holds: what is carried shows, and what is lost does not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from export_samples import rich, rich_plain, subject

from harness.export.formats import FORMATS, Format
from harness.export.leaves import leaves_of, schema_leaves
from harness.export.loss import WHOLE, all_losses, losses
from harness.records.base import convert
from harness.records.evaluation import EvaluationRecord

OTHER: dict[str, Any] = {
    "created_utc": "2026-02-03T04:05:06+00:00",
    "data.source": "directory",
    "environment.python": "CPython 3.12.1 linux-x86_64",
    "environment.source": "wheelhouse",
    "hardware.hypervisor": None,
    "hardware.operating_system": "Alpine 3",
    "isolation.grade": "C",
    "meter.grade": "model",
    "meter.name": "model",
    "meter.sources[].component": "wall",
    "meter.sources[].grade": "model",
    "meter.sources[].kind": "model",
    "protocol": "quick",
    "quality.metrics[].name": "other",
    "rules.amortise_queries": 1,
    "scenario": "single",
    "sessions[].phases[].phase": {"drain": "idle-after"},
    "sessions[].phases[].reading.energy[].component": {"package": "dram"},
    "sessions[].phases[].reading.energy[].resolution_joules": 50.0,
    "sessions[].phases[].reading.energy[].edges_joules": 50.0,
    "sessions[].phases[].reading.energy[].gain_joules": 50.0,
    "sessions[].phases[].reading.energy[].model_joules": 50.0,
    "sessions[].started_utc": "2026-01-01T00:00:00+00:00",
    "sessions[].sweeps[].kind": "original",
    "sessions[].trace[].component": "gpu",
    "signature.key": "9e" * 32,
    "signature.value": "9e" * 64,
    "submission.lifecycle.provenance": "estimated",
    "submission.output": "index",
    "voided[].phases[].phase": {"drain": "idle-after"},
    "voided[].phases[].reading.energy[].component": {"package": "dram"},
    "voided[].trace[].component": "gpu",
    "warnings[].code": "few-sessions",
}
"""Values that these fields may have, too; what is not here is altered by its type."""
UNALTERABLE = {
    "outcome.status", "outcome.blame", "outcome.message", "outcome.remedy", "outcome.stage",
    "campaign.void",
}  # fmt: skip
"""Of a failed evaluation, or of one that holds for nothing: neither is exported."""


def altered(value: Any) -> Any:  # noqa: ANN401 - plain JSON
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return value * 1.25
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, list):
        return [altered(each) for each in value]
    return {key: altered(each) for key, each in value.items()}


def change(leaf: str) -> Callable[[Any], Any]:
    if leaf not in OTHER:
        return altered
    given = OTHER[leaf]
    return (lambda value: given.get(value, value)) if isinstance(given, dict) else lambda _: given


def with_other(plain: Any, path: list[str], to: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    first, *rest = path
    name = first.removesuffix("[]")
    if not rest:
        return {**plain, name: to(plain[name])}
    if not first.endswith("[]"):
        return {**plain, name: with_other(plain[name], rest, to)}
    return {**plain, name: [with_other(each, rest, to) for each in plain[name]]}


def shown(form: Format, record: EvaluationRecord) -> bytes:
    return form.render(subject(record))


@pytest.fixture(scope="module")
def originals() -> dict[str, bytes]:
    return {name: shown(form, rich()) for name, form in FORMATS.items()}


def test_the_sample_says_something_in_every_field_that_an_export_can_have() -> None:
    assert set(schema_leaves()) - leaves_of(rich()) == UNALTERABLE - {"outcome.status"}


@pytest.mark.parametrize("leaf", [each for each in schema_leaves() if each not in UNALTERABLE])
def test_a_field_shows_in_a_format_exactly_if_the_format_says_so(
    leaf: str, originals: dict[str, bytes]
) -> None:
    plain = with_other(rich_plain(), leaf.split("."), change(leaf))
    record = convert(plain, EvaluationRecord, leaf)
    assert record != rich()
    wrong = [
        f"{name}: {'is carried, and shows nowhere' if leaf in form.carries else 'shows'}"
        for name, form in FORMATS.items()
        if (shown(form, record) != originals[name]) != (leaf in form.carries)
    ]
    assert not wrong


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_carries_whose_energy_it_is_names_the_wall(name: str) -> None:
    form, field = FORMATS[name], "sessions[].phases[].reading.energy[].component"
    plain = with_other(rich_plain(), field.split("."), lambda _: "wall")
    says_so = b"wall" in shown(form, convert(plain, EvaluationRecord, "of a plug"))
    assert says_so == (form.carries.get(field) == WHOLE)
    told = {each.field: each.why for each in all_losses(form.carries, form.reasons)}
    assert "leaves open" not in told.get(field, "")


@pytest.mark.parametrize("name", FORMATS)
def test_every_field_is_carried_or_its_loss_has_a_reason(name: str) -> None:
    form = FORMATS[name]
    told = {each.field: each for each in all_losses(form.carries, form.reasons)}
    whole = {field for field, how in form.carries.items() if how == WHOLE}
    assert set(told) | whole == set(schema_leaves())
    assert not set(told) & whole
    assert all(each.why for each in told.values())


def test_a_loss_report_names_what_this_record_says_and_nothing_else() -> None:
    form = FORMATS["boamps"]
    told = {each.field for each in losses(rich(), form.carries, form.reasons)}
    assert "signature.value" in told
    assert "outcome.blame" not in told
    assert told <= leaves_of(rich())


def test_a_field_that_there_is_not_cannot_be_carried() -> None:
    with pytest.raises(ValueError, match="no fields of a record: sessions"):
        all_losses({"sessions": WHOLE}, {})


def test_a_field_that_nothing_is_said_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.export.loss.REASONS", {})
    with pytest.raises(ValueError, match=r"nothing is said of campaign\.control"):
        all_losses({}, {})
