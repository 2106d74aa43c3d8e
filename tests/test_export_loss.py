"""Reports of losses hold: what is carried shows in the document, and what is lost does not."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from export_samples import SAMPLES, rich, rich_plain, subject

from harness.export.formats import FORMATS, Format
from harness.export.leaves import leaves_of, schema_leaves
from harness.export.loss import WHOLE, all_losses
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
    "submission.output": {"boxes": "index", "index": "boxes"},
    "voided[].phases[].phase": {"drain": "idle-after"},
    "voided[].phases[].reading.energy[].component": {"package": "dram"},
    "voided[].trace[].component": "gpu",
    "warnings[].code": "few-sessions",
}
"""Values that these fields may have, too; what is not here is altered by its type."""
YET_OTHER: dict[str, Any] = {
    "data.source": "hub",
    "meter.grade": "sensor",
    "meter.name": "rapl",
    "protocol": "official",
    "warnings[].code": "a-code",
}
"""What they may have where the sample has that value already."""
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
    if isinstance(given, dict):
        return lambda value: given.get(value, value)
    return lambda value: YET_OTHER.get(leaf, given) if value == given else given


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


def made_of(plain: Any) -> EvaluationRecord:  # noqa: ANN401 - plain JSON
    return convert(plain, EvaluationRecord, "a sample")


@cache
def original(sample: str, name: str) -> bytes:
    return shown(FORMATS[name], made_of(SAMPLES[sample]()))


@cache
def lost(sample: str, name: str) -> set[str]:
    told = FORMATS[name].losses(subject(made_of(SAMPLES[sample]())))
    return {each.field for each in told if each.kind == "lost"}


def test_the_sample_says_something_in_every_field_that_an_export_can_have() -> None:
    assert set(schema_leaves()) - leaves_of(rich()) == UNALTERABLE - {"outcome.status"}


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("leaf", [each for each in schema_leaves() if each not in UNALTERABLE])
def test_a_field_shows_in_a_document_exactly_if_its_losses_do_not_call_it_lost(
    leaf: str, sample: str
) -> None:
    plain = SAMPLES[sample]()
    record = made_of(plain)
    if leaf not in leaves_of(record):
        return
    other = made_of(with_other(plain, leaf.split("."), change(leaf)))
    assert other != record
    silent = {
        name for name, form in FORMATS.items() if shown(form, other) == original(sample, name)
    }
    assert silent == {name for name in FORMATS if leaf in lost(sample, name)}


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_that_carries_whose_energy_it_is_names_the_wall(name: str) -> None:
    form, field = FORMATS[name], "sessions[].phases[].reading.energy[].component"
    plain = with_other(rich_plain(), field.split("."), lambda _: "wall")
    says_so = b"wall" in shown(form, convert(plain, EvaluationRecord, "of a plug"))
    carries = form.carries(subject())
    assert says_so == (carries.get(field) == WHOLE)
    told = {each.field: each.why for each in all_losses(carries, form.reasons)}
    assert "leaves open" not in told.get(field, "")


@pytest.mark.parametrize("name", FORMATS)
def test_every_field_is_carried_or_its_loss_has_a_reason(name: str) -> None:
    form = FORMATS[name]
    carries = form.carries(subject())
    told = {each.field: each for each in all_losses(carries, form.reasons)}
    whole = {field for field, how in carries.items() if how == WHOLE}
    assert set(told) | whole == set(schema_leaves())
    assert not set(told) & whole
    assert all(each.why for each in told.values())


def test_a_loss_report_names_what_this_record_says_and_nothing_else() -> None:
    form = FORMATS["boamps"]
    told = {each.field for each in form.losses(subject())}
    assert "signature.value" in told
    assert "outcome.blame" not in told
    assert told <= leaves_of(rich())


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ("submission.team", {"publisher": "Others"}),
        ("hardware.hypervisor", {"infrastructure": "privateCloud"}),
    ],
)
def test_what_is_named_instead_of_a_field_is_its_loss(field: str, named: dict[str, str]) -> None:
    form = FORMATS["boamps"]
    told = {each.field: each for each in form.losses(subject(**named))}
    assert told[field].kind == "lost"
    plain = with_other(rich_plain(), field.split("."), change(field))
    assert form.render(subject(made_of(plain), **named)) == form.render(subject(**named))
    assert {each.field: each.kind for each in form.losses(subject())}[field] == "reduced"


def test_without_an_accuracy_nothing_of_the_quality_arrives_in_boamps() -> None:
    plain = rich_plain()
    plain["quality"]["metrics"][0]["name"] = "other"
    told = {each.field: each.kind for each in FORMATS["boamps"].losses(subject(made_of(plain)))}
    assert told["quality.metrics[].name"] == told["quality.metrics[].value"] == "lost"


def test_without_any_metric_of_2025_nothing_of_the_quality_arrives_there() -> None:
    plain = rich_plain()
    for number, metric in enumerate(plain["quality"]["metrics"]):
        metric["name"] = f"other-{number}"
    form = FORMATS["challenge-2025"]
    told = {each.field: each.kind for each in form.losses(subject(made_of(plain)))}
    assert told["quality.metrics[].name"] == told["quality.metrics[].value"] == "lost"


@pytest.mark.parametrize("modality", ["image", None])
def test_where_nobody_knows_the_task_its_output_arrives_in_the_reply_of_2025(
    modality: str | None,
) -> None:
    form = FORMATS["challenge-2025"]
    told = {each.field: each.kind for each in form.losses(subject(modality=modality))}
    assert told["submission.output"] == ("reduced" if modality is None else "lost")
    plain = rich_plain()
    plain["submission"]["output"] = "index"
    shows = form.render(subject(made_of(plain), modality=modality)) != form.render(
        subject(modality=modality)
    )
    assert shows == (modality is None)


@pytest.mark.parametrize(
    ("field", "beyond"),
    [
        ("isolation", {"every-eval-ever: isolation.grade"}),
        (
            "sessions[].phases[].disturbance",
            {
                f"{name}: sessions[].phases[].disturbance.{whose}_cpu_seconds"
                for name in ("boamps", "codecarbon")
                for whose in ("other", "harness")
            },
        ),
        *(
            (field, set())
            for field in (
                "sessions[].disturbances", "sessions[].trace", "sessions[].confusion",
                "sessions[].agreement", "rules.digest", "voided", "signature", "items",
            )
        ),
    ],
)  # fmt: skip
def test_what_the_docs_say_that_no_format_carries_none_carries(
    field: str, beyond: set[str]
) -> None:
    assert any(leaf.startswith(field) for leaf in schema_leaves())
    carried = {
        f"{name}: {leaf}" for name, form in FORMATS.items() for leaf in form.carries(subject())
    }
    assert {each for each in carried if each.partition(": ")[2].startswith(field)} == beyond


def test_a_field_that_there_is_not_cannot_be_carried() -> None:
    with pytest.raises(ValueError, match="no fields of a record: sessions"):
        all_losses({"sessions": WHOLE}, {})


def test_a_field_that_nothing_is_said_of_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.export.loss.REASONS", {})
    with pytest.raises(ValueError, match=r"nothing is said of campaign\.control"):
        all_losses({}, {})
