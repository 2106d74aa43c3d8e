"""The reply that a submission to the challenge of 2025 gave: one JSON document.

The figures are of one pass over the test set, as they were then: the energy of a query times the
number of items.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.export.codecarbon import COMPONENTS
from harness.export.loss import WHOLE, without
from harness.export.subject import Subject
from harness.export.units import kilograms, kilowatt_hours, watt_hours
from harness.records.base import pretty_json
from harness.records.sums import total
from harness.store.import_faults import FORMULA, LONGEST_TEXT

NAME = "challenge-2025"
SCHEMA = "challenge-2025.schema.json"
ENDING = "json"
ROUTES = {"text": "/text", "image": "/image", "audio": "/audio"}
OF_IMAGES = frozenset({"boxes", "image_score"})
"""Outputs that no other samples have."""

SCALED = "scaled to one pass over the test set"
CARRIES: Mapping[str, str] = {
    "created_utc": WHOLE,
    "demonstration": WHOLE,
    "data.hub_id": WHOLE,
    "data.items": "in the scale of the energy alone",
    "data.seed": WHOLE,
    "environment.python": "the version alone",
    "hardware.processor": WHOLE,
    "hardware.cores": WHOLE,
    "hardware.memory_gib": WHOLE,
    "hardware.accelerators": WHOLE,
    "hardware.operating_system": WHOLE,
    "meter.name": "as the tracking mode alone",
    "quality.metrics[].name": "the format has accuracy and, of images, three more",
    "quality.metrics[].value": "the format has accuracy and, of images, three more",
    "submission.description": WHOLE,
    "submission.output": "in the route and in which metrics there are alone",
    "submission.team": WHOLE,
    "submission.url": WHOLE,
    "sessions[].sweeps[].queries": "in the scale of the energy alone",
    "sessions[].phases[].phase": SCALED,
    "sessions[].phases[].reading.seconds": SCALED,
    "sessions[].phases[].reading.energy[].component": "what is read at the wall is in the whole, "
    "which does not say so",
    "sessions[].phases[].reading.energy[].joules": f"{SCALED}; idle, start, load and warm-up are "
    "lost",
}
CUT = {"submission.description": f"cut to {LONGEST_TEXT:,} characters, which are the most"}
REASONS: Mapping[str, str] = {
    "quality": "the format has no intervals and no single classes",
    "quality.metrics[].name": "the format has accuracy and, of images, three more: none of these",
    "quality.metrics[].value": "the format has accuracy and, of images, three more: none of these",
    "submission": "the format knows a user's name and a description",
}


def carries(subject: Subject) -> Mapping[str, str]:
    """Return which fields of a record arrive in its reply."""
    metrics = [each for each in CARRIES if each.startswith("quality.metrics[]")]
    found = without(
        CARRIES,
        (all(value is None for value in _quality(subject).values()), metrics),
        (subject.options.modality is not None, ["submission.output"]),
    )
    return found if len(_description(subject)) <= LONGEST_TEXT else {**found, **CUT}


def render(subject: Subject) -> bytes:
    """Return the document."""
    return pretty_json(reply(subject))


def reply(subject: Subject) -> dict[str, object]:
    """Return the document as plain values; what is absent is null, as the format had it."""
    record = subject.record
    scale = record.data.items / subject.queries
    joules = total([*subject.joules.values()]) * scale
    return {
        "username": _no_formula(record.submission.team),
        "space_url": record.submission.url,
        "submission_timestamp": subject.created.strftime("%Y-%m-%dT%H:%M:%S"),
        "model_description": _shortened(_description(subject)),
        **_quality(subject),
        "energy_consumed_wh": watt_hours(joules),
        "emissions_gco2eq": subject.grams(joules),
        "emissions_data": _emissions_data(subject, scale),
        "api_route": ROUTES.get(_modality(subject) or ""),
        "dataset_config": {
            "dataset_name": record.data.hub_id,
            "test_size": None,
            "test_seed": record.data.seed,
        },
    }


def _description(subject: Subject) -> str:
    said = "Demonstration, of no consequence. " if subject.record.demonstration else ""
    return _no_formula(f"{said}{subject.record.submission.description}")


def _no_formula(text: str) -> str:
    """Put what an import would take for a formula behind an apostrophe."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _shortened(text: str) -> str:
    """Cut a text to what an import takes."""
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 1]}…"


def _modality(subject: Subject) -> str | None:
    """Return what the samples are; where nobody knows the task, the output may tell."""
    output = subject.record.submission.output
    return subject.options.modality or ("image" if output in OF_IMAGES else None)


def _quality(subject: Subject) -> dict[str, object]:
    """Return the metrics that a reply of the route has; without boxes there is no mean IoU."""
    found = subject.metrics
    accuracy = found["accuracy"].value if "accuracy" in found else None
    if _modality(subject) != "image":
        return {"accuracy": accuracy}

    def of_one_class(name: str) -> float | None:
        values = [each.value for key, each in found.items() if key.startswith(name)]
        return values[0] if len(values) == 1 else None

    return {
        "classification_accuracy": accuracy,
        "precision": of_one_class("precision:"),
        "recall": of_one_class("recall:"),
        "mean_iou": found["mean_iou"].value if "mean_iou" in found else None,
    }


def _emissions_data(subject: Subject, scale: float) -> dict[str, object]:
    hardware, zone = subject.record.hardware, subject.options.zone
    joules, seconds = total([*subject.joules.values()]) * scale, subject.seconds * scale
    grams = subject.grams(joules)
    emissions = None if grams is None else kilograms(grams)
    watts: dict[str, float | None] = dict.fromkeys(COMPONENTS.values())
    energies = dict(watts)
    for component, part in subject.joules.items():
        if component in COMPONENTS:
            watts[COMPONENTS[component]] = part / subject.seconds
            energies[COMPONENTS[component]] = kilowatt_hours(part * scale)
    return {
        "run_id": subject.identifier,
        "duration": seconds,
        "emissions": emissions,
        "emissions_rate": None if emissions is None else emissions / seconds,
        **{f"{name}_power": watts[name] for name in ("cpu", "gpu", "ram")},
        **{f"{name}_energy": energies[name] for name in ("cpu", "gpu", "ram")},
        "energy_consumed": kilowatt_hours(joules),
        "country_name": subject.options.country_name,
        "country_iso_code": None if zone is None else zone.code,
        "region": None,
        "cloud_provider": None,
        "cloud_region": None,
        "os": hardware.operating_system,
        "python_version": subject.python,
        "codecarbon_version": None,
        "cpu_count": hardware.cores,
        "cpu_model": hardware.processor,
        "gpu_count": len(hardware.accelerators) or None,
        "gpu_model": ", ".join(hardware.accelerators) or None,
        "ram_total_size": hardware.memory_gib or None,
        "tracking_mode": "process" if subject.record.meter.name == "model" else "machine",
        "on_cloud": None,
        "pue": None,
    }
