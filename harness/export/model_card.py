"""The front matter of a Hugging Face model card: YAML, to be put at the top of a README.

https://huggingface.co/docs/hub/model-cards-co2 for ``co2_eq_emissions``, whose ``emissions`` are in
**grams** (codecarbon's are in kilograms), and ``model-index`` for metrics. The grams are of the
inference of 1,000 queries, and say so: nothing here measured a training.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from harness.carbon import carbon_range
from harness.errors import UsageError
from harness.export.loss import WHOLE
from harness.export.subject import Subject, without_absent

NAME = "model-card"
SCHEMA = "model-card.schema.json"
ENDING = "md"
ENERGY = "joules_per_1000_queries"
PIPELINES = {"text": "text-classification", "image": "image-classification",
             "audio": "audio-classification"}  # fmt: skip
DETECTION = "object-detection"
LICENCES = frozenset({
    "afl-3.0", "agpl-3.0", "apache-2.0", "artistic-2.0", "bsd-2-clause", "bsd-3-clause",
    "bsd-3-clause-clear", "bsl-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0",
    "cc-by-nc-2.0", "cc-by-nc-3.0", "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0",
    "cc-by-sa-4.0", "cc0-1.0", "cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0",
    "ecl-2.0", "epl-1.0", "epl-2.0", "etalab-2.0", "eupl-1.1", "eupl-1.2", "gpl-2.0", "gpl-3.0",
    "isc", "lgpl-2.1", "lgpl-3.0", "lppl-1.3c", "mit", "mpl-2.0", "ms-pl", "ncsa", "ofl-1.1",
    "osl-3.0", "postgresql", "unlicense", "wtfpl", "zlib",
})  # fmt: skip
"""The licences of SPDX that the hub has by the same names, in lower case; it refuses a card with
any other: https://huggingface.co/docs/hub/repositories-licenses."""
OTHER_LICENCE = "other"

CARRIES: Mapping[str, str] = {
    "harness_version": WHOLE,
    "data.hub_id": WHOLE,
    "data.revision": WHOLE,
    "data.source": WHOLE,
    "hardware.processor": WHOLE,
    "hardware.cores": WHOLE,
    "hardware.accelerators": WHOLE,
    "meter.grade": WHOLE,
    "meter.name": WHOLE,
    "quality.metrics[].name": WHOLE,
    "quality.metrics[].value": WHOLE,
    "submission.licence": "in lower case; as the name of an other one where the hub knows it not",
    "submission.name": WHOLE,
    "submission.output": "in the kind of task alone",
    "task.id": WHOLE,
    "task.title": WHOLE,
    "rules.amortise_queries": "in the energy of 1,000 queries alone",
    "sessions[].sweeps[].queries": "in the energy of 1,000 queries alone",
    "sessions[].phases[].phase": "in the energy of 1,000 queries alone",
    "sessions[].phases[].reading.energy[].joules": "in the energy of 1,000 queries alone",
}
REASONS: Mapping[str, str] = {
    "submission.lifecycle": "the format has one figure of carbon, and this one is of inference",
    "quality": "the format has no intervals and no single classes",
}
_ESCAPED = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffe\uffff]")


def render(subject: Subject) -> bytes:
    """Return the front matter between its two lines; JSON strings are YAML's, too."""
    return ("---\n" + "".join(_yaml(card(subject), 0)) + "---\n").encode()


def card(subject: Subject) -> dict[str, object]:
    """Return the front matter as plain values; raise ``UsageError`` where no zone was named."""
    record, zone = subject.record, subject.options.zone
    joules = subject.figures.joules_per_1000_queries
    grams = subject.grams(joules)
    if zone is None or grams is None:
        span = carbon_range(joules)
        raise UsageError(
            "the card of a model holds one figure of carbon, and none follows from the energy "
            f"alone: on the {span.zones} grids of {span.source} 1,000 queries come to "
            f"{span.low_grams:.3g} g ({span.low_zone}) up to {span.high_grams:.3g} g "
            f"({span.high_zone})",
            remedy="name the grid: --zone FRA",
        )
    hardware = record.hardware
    machine = f"{hardware.processor}, {hardware.cores} cores"
    return {
        **_licence(record.submission.licence.lower()),
        "co2_eq_emissions": {
            "emissions": grams,
            "source": (
                f"Frugal AI harness {record.harness_version}: energy of 1,000 queries by the meter "
                f"{record.meter.name} (grade {record.meter.grade}) times "
                f"{zone.grams_per_kwh:g} g/kWh, {zone.name} {zone.year}, {subject.options.source}"
            ),
            "training_type": "none: inference of 1,000 queries",
            "geographical_location": subject.options.country_name,
            "hardware_used": ", ".join((machine, *hardware.accelerators)),
        },
        "model-index": [
            {
                "name": record.submission.name,
                "results": [
                    {
                        "task": {"type": _pipeline(subject), "name": record.task.title},
                        "dataset": without_absent(
                            {
                                "type": record.data.hub_id or record.data.source,
                                "name": f"{record.task.id}, {record.data.source} data",
                                "revision": record.data.revision,
                            }
                        ),
                        "metrics": list(_metrics(subject)),
                    }
                ],
            }
        ],
    }


def _licence(spelt: str) -> dict[str, object]:
    """Return an expression of SPDX, in lower case, as the hub takes it: without spaces."""
    if spelt in LICENCES:
        return {"license": spelt}
    return {"license": OTHER_LICENCE, "license_name": re.sub(r"[\s()]+", "-", spelt).strip("-")}


def _pipeline(subject: Subject) -> str:
    if subject.record.submission.output == "boxes":
        return DETECTION
    return PIPELINES.get(subject.options.modality or "", "other")


def _metrics(subject: Subject) -> Iterator[dict[str, object]]:
    for metric in subject.metrics.values():
        yield {"type": metric.name.partition(":")[0], "name": metric.name, "value": metric.value}
    yield {
        "type": ENERGY,
        "name": "Energy, joules per 1,000 queries",
        "value": subject.figures.joules_per_1000_queries,
    }


def _yaml(plain: Mapping[str, object], depth: int) -> Iterator[str]:
    """Write a mapping in YAML's block style; every text is a JSON string: none surprises."""
    indent = "  " * depth
    for key, value in plain.items():
        if isinstance(value, Mapping):
            yield f"{indent}{key}:\n"
            yield from _yaml(value, depth + 1)
        elif isinstance(value, list):
            yield f"{indent}{key}:\n"
            for each in value:
                first, *rest = "".join(_yaml(each, depth + 2)).splitlines(keepends=True)
                yield f"{indent}  - {first.lstrip(' ')}"
                yield from rest
        else:
            yield f"{indent}{key}: {_scalar(value)}\n"


def _scalar(value: object) -> str:
    """Spell a text or a number.

    YAML takes ``1e-05`` for a text: a float has a point here, and a sign in its exponent.
    """
    import json  # noqa: PLC0415 - milliseconds

    if isinstance(value, float):
        spelt = repr(value)
        mantissa, mark, exponent = spelt.partition("e")
        return f"{mantissa if '.' in mantissa else mantissa + '.0'}{mark}{exponent}"
    text = json.dumps(value, ensure_ascii=False)
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
