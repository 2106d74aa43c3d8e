"""BoAmps 1.1.0, Boavizta's report of the energy of one AI task: one JSON document.

https://github.com/Boavizta/BoAmps, model/report_schema.json and what it refers to. The task is the
inference of all sessions together, from the first measured query through the drain, and every
component that was metered is a measure of its own; the idle windows are its calibration.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.export.loss import WHOLE, without
from harness.export.subject import Subject, without_absent
from harness.export.units import gigabytes, kilowatt_hours
from harness.records.base import pretty_json
from harness.records.meter import Grade
from harness.records.moments import moment

NAME = "boamps"
SCHEMA = "boamps.schema.json"
ENDING = "json"
FORMAT_VERSION = "1.1.0"
SPECIFICATION = "https://github.com/Boavizta/BoAmps/tree/main/model"
STAGE = "inference"
MOMENT = "%Y-%m-%d %H:%M:%S"
DATA_TYPES = {"text": "text", "image": "image", "audio": "audio"}
OUTPUT_TYPES = {"index": "other", "scores": "tabular", "boxes": "object", "image_score": "tabular"}
QUALITIES = ((0.10, "high"), (0.25, "medium"), (0.50, "low"))
"""How far a figure may be from the truth, by the words of the format."""
NO_QUALITY: frozenset[Grade] = frozenset({"simulated"})
AT_BEST_LOW: frozenset[Grade] = frozenset({"model"})
LONGEST_PART = 60
_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_RELEASE = re.compile(r"(?P<name>.*?) (?P<version>\d[\w.]*( \(.*\))?)")
"""The codename is of the version, so that nothing of it is lost."""

OF_QUALITY = (
    "rules.amortise_queries",
    "sessions[].phases[].reading.energy[].resolution_joules",
    "sessions[].phases[].reading.energy[].edges_joules",
    "sessions[].phases[].reading.energy[].gain_joules",
    "sessions[].phases[].reading.energy[].model_joules",
)
OF_ACCURACY = ("quality.metrics[].name", "quality.metrics[].value")
SUMMED = "one sum over all sessions and sweeps, from the first measured query through the drain"
CARRIES: Mapping[str, str] = {
    "created_utc": WHOLE,
    "demonstration": WHOLE,
    "harness_version": WHOLE,
    "task.id": WHOLE,
    "task.title": WHOLE,
    "task.version": WHOLE,
    "data.items": WHOLE,
    "data.public": WHOLE,
    "data.hub_id": WHOLE,
    "data.revision": WHOLE,
    "submission.name": WHOLE,
    "submission.family": WHOLE,
    "submission.url": WHOLE,
    "submission.team": "as the publisher",
    "submission.output": "as the nearest kind of data that the format knows",
    "environment.python": "the version alone",
    "hardware.processor": WHOLE,
    "hardware.memory_gib": WHOLE,
    "hardware.accelerators": WHOLE,
    "hardware.operating_system": WHOLE,
    "hardware.hypervisor": "as the kind of infrastructure",
    "hardware.cores": "in the utilisation of the processor alone",
    "meter.name": WHOLE,
    "meter.grade": "in the words of the report, and in its quality where it has one",
    "meter.sources[].name": WHOLE,
    "meter.sources[].component": WHOLE,
    "quality.metrics[].name": "accuracy alone",
    "quality.metrics[].value": "of accuracy alone",
    "sessions[].started_utc": "of the first session alone",
    "sessions[].sweeps[].queries": SUMMED,
    "sessions[].phases[].phase": SUMMED,
    "sessions[].phases[].reading.seconds": f"{SUMMED}, and one over idle windows",
    "sessions[].phases[].reading.cpu_seconds": "in the utilisation of the processor alone",
    "sessions[].phases[].reading.energy[].component": WHOLE,
    "sessions[].phases[].reading.energy[].joules": f"{SUMMED}, and one over idle windows; start, "
    "load and warm-up are lost",
    **dict.fromkeys(
        OF_QUALITY, "in the quality of the report alone, which is of the ranked figure"
    ),
    "sessions[].phases[].disturbance.other_cpu_seconds": "in the utilisation of the processor",
    "sessions[].phases[].disturbance.harness_cpu_seconds": "in the utilisation of the processor",
}
REASONS: Mapping[str, str] = {
    **dict.fromkeys(
        OF_QUALITY, "the report has no quality: of too uncertain or simulated energy there is none"
    ),
    "data.revision": "the format has the address of a data set, and this one has none",
    "hardware.hypervisor": "the kind of infrastructure was named",
    "submission.lifecycle": "training is a task of its own, and takes a report of its own",
    "submission.team": "the publisher is another, and the format knows no team",
    "quality": "the format has one accuracy, and no interval",
    "signature": "whether it was signed is in the report's status; the signature is of the record",
}


def carries(subject: Subject) -> Mapping[str, str]:
    """Return which fields of a record arrive in its report."""
    return without(
        CARRIES,
        (_quality(subject) is None, OF_QUALITY),
        ("accuracy" not in subject.metrics, OF_ACCURACY),
        (subject.record.data.hub_id is None, ["data.revision"]),
        (publisher(subject) != subject.record.submission.team, ["submission.team"]),
        (subject.options.infrastructure is not None, ["hardware.hypervisor"]),
    )


def render(subject: Subject) -> bytes:
    """Return the report."""
    return pretty_json(report(subject))


def report(subject: Subject) -> dict[str, object]:
    """Return the report as plain values."""
    return without_absent(
        {
            "header": _header(subject),
            "task": _task(subject),
            "measures": list(_measures(subject)),
            "infrastructure": {
                "infraType": infrastructure(subject),
                "components": list(_components(subject)),
            },
            "system": _system(subject),
            "software": _software(subject),
            "environment": _environment(subject),
            "quality": _quality(subject),
        }
    )


def file_name(subject: Subject) -> str:
    """Return the name that the format gives its files, of characters that are safe in one."""
    parts = (publisher(subject), STAGE, family(subject), infrastructure(subject))
    safe = (_UNSAFE.sub("-", part)[:LONGEST_PART].strip(".-") or "unknown" for part in parts)
    return f"report_{'_'.join(safe)}_{subject.identifier}.json"


def publisher(subject: Subject) -> str:
    """Return who publishes: as named, else whose key signed, else the team."""
    named = subject.options.publisher or subject.stored.signed_by
    return named or subject.record.submission.team


def family(subject: Subject) -> str:
    """Return the family of the task in the format's manner; its own name where it is unknown."""
    modality = subject.options.modality
    detects = subject.record.submission.output in {"boxes", "image_score"}
    if modality is None:
        return subject.record.task.id
    return f"{modality} {'detection' if detects else 'classification'}"


def infrastructure(subject: Subject) -> str:
    """Return where it ran; a hypervisor does not tell whose machine is below it."""
    bare = subject.record.hardware.hypervisor is None
    return subject.options.infrastructure or ("onPremise" if bare else "other")


def quality_of(grade: Grade, relative_uncertainty: float) -> str | None:
    """Return the format's word for how far the energy may be off; ``None`` where none is true."""
    if grade in NO_QUALITY:
        return None
    words = QUALITIES[-1:] if grade in AT_BEST_LOW else QUALITIES
    return next((word for most, word in words if relative_uncertainty <= most), None)


def _quality(subject: Subject) -> str | None:
    return quality_of(subject.record.meter.grade, subject.relative_uncertainty)


def _header(subject: Subject) -> dict[str, object]:
    return {
        "formatVersion": FORMAT_VERSION,
        "formatVersionSpecificationUri": SPECIFICATION,
        "reportId": subject.identifier,
        "reportDatetime": subject.created.strftime(MOMENT),
        "reportStatus": "final" if subject.stored.verified else "draft",
        "publisher": {
            "name": publisher(subject),
            "confidentialityLevel": subject.options.confidentiality,
        },
    }


def _task(subject: Subject) -> dict[str, object]:
    record = subject.record
    data, accuracy = record.data, subject.metrics.get("accuracy")
    uri = None if data.hub_id is None else f"https://huggingface.co/datasets/{data.hub_id}"
    if uri is not None and data.revision is not None:
        uri += f"/tree/{data.revision}"
    return without_absent(
        {
            "taskStage": STAGE,
            "taskFamily": family(subject),
            "nbRequest": subject.queries,
            "algorithms": [
                without_absent(
                    {
                        "algorithmType": record.submission.family,
                        "algorithmName": record.submission.name,
                        "algorithmUri": record.submission.url,
                    }
                )
            ],
            "dataset": [
                without_absent(
                    {
                        "dataUsage": "input",
                        "dataType": DATA_TYPES.get(subject.options.modality or "", "other"),
                        "dataQuantity": data.items,
                        "source": "public" if data.public else "private",
                        "sourceUri": uri,
                    }
                ),
                {"dataUsage": "output", "dataType": OUTPUT_TYPES[record.submission.output]},
            ],
            "measuredAccuracy": None if accuracy is None else accuracy.value,
            "taskDescription": (
                f"{'Demonstration, of no consequence. ' if record.demonstration else ''}"
                f"{record.task.title} ({record.task.id}, version {record.task.version}). "
                f"Energy by a meter of grade {record.meter.grade}, gross of idle, from the first "
                "measured query to the end of the last process, over all sessions; loading is not "
                "in it. Calibration: the idle windows around the sessions."
            ),
        }
    )


def _measures(subject: Subject) -> Iterator[dict[str, object]]:
    """Yield one measure a component: parts that were metered apart are never added up here."""
    record = subject.record
    share = subject.cpu_share(subject.sessions)
    for component, joules in subject.joules.items():
        sources = [each.name for each in record.meter.sources if each.component == component]
        mode = f"{record.meter.name}: {', '.join(sources)}" if sources else record.meter.name
        idle = subject.idle_joules.get(component)
        yield without_absent(
            {
                "measurementMethod": _method(subject, component),
                "version": record.harness_version,
                "cpuTrackingMode": None if component == "gpu" else mode,
                "gpuTrackingMode": mode if component in {"gpu", "wall"} else None,
                "averageUtilizationCpu": share,
                "powerCalibrationMeasurement": None if idle is None else kilowatt_hours(idle),
                "durationCalibrationMeasurement": None if idle is None else subject.idle_seconds,
                "powerConsumption": kilowatt_hours(joules),
                "measurementDuration": subject.seconds,
                "measurementDateTime": min(
                    moment(each.started_utc) for each in subject.sessions
                ).strftime(MOMENT),
            }
        )


def _method(subject: Subject, component: str) -> str:
    tool = "wattmeter, frugal-ai-harness" if component == "wall" else "frugal-ai-harness"
    kind = {"model": ", modelled", "simulated": ", simulated"}.get(subject.record.meter.grade, "")
    return f"{tool} ({component}{kind})"


def _components(subject: Subject) -> Iterator[dict[str, object]]:
    hardware = subject.record.hardware
    yield {"componentType": "cpu", "componentName": hardware.processor, "nbComponent": 1}
    if hardware.memory_gib > 0:
        size = gigabytes(hardware.memory_gib)
        yield {"componentType": "ram", "nbComponent": 1, "memorySize": size}
    for name in dict.fromkeys(hardware.accelerators):
        count = hardware.accelerators.count(name)
        yield {"componentType": "gpu", "componentName": name, "nbComponent": count}


def _system(subject: Subject) -> dict[str, object]:
    """Name the system; the harness runs on Linux alone."""
    told = subject.record.hardware.operating_system
    matched = _RELEASE.fullmatch(told)
    if matched is None:
        return {"os": "linux", "distribution": told}
    release = {"distribution": matched["name"], "distributionVersion": matched["version"]}
    return {"os": "linux", **release}


def _software(subject: Subject) -> dict[str, object] | None:
    python = subject.python
    return None if python is None else {"language": "python", "version": python}


def _environment(subject: Subject) -> dict[str, object] | None:
    zone, country = subject.options.zone, subject.options.country_name
    if country is None:
        return None
    grams = None if zone is None else zone.grams_per_kwh
    return without_absent({"country": country, "powerSourceCarbonIntensity": grams})
