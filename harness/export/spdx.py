"""SPDX 3.0.1 with its AI profile: one JSON-LD document.

https://spdx.github.io/spdx-spec/v3.0.1/, the class AIPackage and its EnergyConsumption. The energy
of inference is that of 1,000 queries, which the package's comment says: the format has no queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from harness.export.loss import WHOLE
from harness.export.subject import Subject, without_absent
from harness.export.units import kilowatt_hours
from harness.records.base import pretty_json
from harness.records.evaluation import Lifecycle

NAME = "spdx"
SCHEMA = "spdx.schema.json"
ENDING = "spdx.json"
CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
SPEC_VERSION = "3.0.1"
CREATION = "_:creation"
UNIT = "kilowattHour"
NO_PLACE = "https://spdx.org/rdf/3.0.1/terms/Core/NoAssertion"
NO_LICENCE = "https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"
"""What the licence is concluded to be: the profile wants one, and nobody here concludes any."""

CARRIES: Mapping[str, str] = {
    "created_utc": WHOLE,
    "harness_version": WHOLE,
    "meter.grade": WHOLE,
    "meter.name": WHOLE,
    "data.digest": WHOLE,
    "data.source": WHOLE,
    "quality.metrics[].name": WHOLE,
    "quality.metrics[].value": WHOLE,
    "submission.description": WHOLE,
    "submission.digest": WHOLE,
    "submission.family": WHOLE,
    "submission.licence": WHOLE,
    "submission.name": WHOLE,
    "submission.team": WHOLE,
    "submission.url": WHOLE,
    "submission.version": WHOLE,
    "submission.lifecycle.fine_tuning_kwh": WHOLE,
    "submission.lifecycle.training_kwh": WHOLE,
    "submission.lifecycle.hardware": WHOLE,
    "submission.lifecycle.provenance": WHOLE,
    "submission.lifecycle.source": WHOLE,
    "task.id": WHOLE,
    "task.title": WHOLE,
    "hardware.processor": WHOLE,
    "hardware.cores": WHOLE,
    "hardware.accelerators": WHOLE,
    "rules.amortise_queries": "in the energy of 1,000 queries alone",
    "sessions[].sweeps[].queries": "in the energy of 1,000 queries alone",
    "sessions[].phases[].phase": "in the energy of 1,000 queries alone",
    "sessions[].phases[].reading.energy[].joules": "in the energy of 1,000 queries alone",
}
REASONS: Mapping[str, str] = {
    "quality": "the format has metrics as texts, without intervals",
}


def render(subject: Subject) -> bytes:
    """Return the document."""
    return pretty_json(document(subject))


def document(subject: Subject) -> dict[str, object]:
    """Return the document as plain values."""
    return {"@context": CONTEXT, "@graph": list(_graph(subject))}


def decimal(number: float) -> str:
    """Spell a number as the format's decimal: all its digits, and no exponent."""
    return f"{Decimal(repr(number)):f}"


def _graph(subject: Subject) -> Iterator[dict[str, object]]:
    root = f"urn:uuid:{subject.identifier}"
    package, tool, team, licence, declares, concludes = (
        f"{root}#{part}"
        for part in ("package", "harness", "team", "licence", "declares", "concludes")
    )
    record = subject.record
    yield {
        "type": "CreationInfo",
        "@id": CREATION,
        "created": subject.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "createdBy": [tool],
        "specVersion": SPEC_VERSION,
    }
    yield {
        "type": "SoftwareAgent",
        "spdxId": tool,
        "creationInfo": CREATION,
        "name": f"frugal-ai-harness {record.harness_version}",
    }
    yield {
        "type": "Organization",
        "spdxId": team,
        "creationInfo": CREATION,
        "name": record.submission.team,
    }
    yield _package(subject, package, team)
    yield {
        "type": "simplelicensing_LicenseExpression",
        "spdxId": licence,
        "creationInfo": CREATION,
        "simplelicensing_licenseExpression": record.submission.licence,
    }
    for kind, of, to in (
        ("hasDeclaredLicense", declares, licence),
        ("hasConcludedLicense", concludes, NO_LICENCE),
    ):
        yield {
            "type": "Relationship",
            "spdxId": of,
            "creationInfo": CREATION,
            "from": package,
            "relationshipType": kind,
            "to": [to],
        }
    yield {
        "type": "SpdxDocument",
        "spdxId": f"{root}#document",
        "creationInfo": CREATION,
        "profileConformance": ["core", "software", "simpleLicensing", "ai"],
        "rootElement": [package],
        "element": [package, tool, team, licence, declares, concludes],
    }


def _package(subject: Subject, identifier: str, team: str) -> dict[str, object]:
    record, submission = subject.record, subject.record.submission
    domain = subject.options.modality
    return without_absent(
        {
            "type": "ai_AIPackage",
            "spdxId": identifier,
            "creationInfo": CREATION,
            "name": submission.name,
            "description": submission.description,
            "comment": _comment(subject),
            "software_packageVersion": submission.version,
            "software_primaryPurpose": "model",
            "software_downloadLocation": submission.url or NO_PLACE,
            "suppliedBy": team,
            "releaseTime": subject.created.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "verifiedUsing": [
                {
                    "type": "Hash",
                    "algorithm": "sha256",
                    "hashValue": submission.digest,
                    "comment": "Over the names and contents of the entry's files.",
                }
            ],
            "ai_domain": None if domain is None else [domain],
            "ai_informationAboutApplication": f"{record.task.title} ({record.task.id})",
            "ai_informationAboutTraining": _training(submission.lifecycle),
            "ai_typeOfModel": None if submission.family is None else [submission.family],
            "ai_metric": [
                {"type": "DictionaryEntry", "key": each.name, "value": repr(each.value)}
                for each in subject.metrics.values()
            ],
            "ai_energyConsumption": _energy(subject),
        }
    )


def _comment(subject: Subject) -> str:
    record = subject.record
    machine = f"{record.hardware.processor}, {record.hardware.cores} cores"
    return (
        "The energy of inference is that of 1,000 queries with their share of loading, gross of "
        f"idle, by the meter {record.meter.name} (grade {record.meter.grade}) on "
        f"{', '.join((machine, *record.hardware.accelerators))}; quality and energy are of "
        f"{record.data.source} data {record.data.digest}. The release time is that of the "
        "evaluation."
    )


def _training(lifecycle: Lifecycle | None) -> str | None:
    """Put what the team declares of training in words; ``None`` where it declares nothing."""
    if lifecycle is None:
        return None
    told = {
        "energy": lifecycle.provenance,
        "hardware": lifecycle.hardware,
        "source": lifecycle.source,
    }
    said = "; ".join(f"{name}: {value}" for name, value in told.items() if value is not None)
    return f"As the team declares it: {said}" if said else None


def _energy(subject: Subject) -> dict[str, object]:
    lifecycle = subject.record.submission.lifecycle or Lifecycle()
    inference = kilowatt_hours(subject.figures.joules_per_1000_queries)
    return without_absent(
        {
            "type": "ai_EnergyConsumption",
            "ai_trainingEnergyConsumption": _described(lifecycle.training_kwh),
            "ai_finetuningEnergyConsumption": _described(lifecycle.fine_tuning_kwh),
            "ai_inferenceEnergyConsumption": _described(inference),
        }
    )


def _described(kwh: float | None) -> list[dict[str, object]] | None:
    if kwh is None:
        return None
    return [
        {
            "type": "ai_EnergyConsumptionDescription",
            "ai_energyQuantity": decimal(kwh),
            "ai_energyUnit": UNIT,
        }
    ]
