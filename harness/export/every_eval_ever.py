"""every_eval_ever 0.3.0, a common form of evaluation results: one JSON document.

https://github.com/evaleval/every_eval_ever, eval.schema.json. It has no field for energy, so that
energy is one more metric, with its unit, of which less is better.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.export.loss import WHOLE, without
from harness.export.subject import Subject, without_absent
from harness.ranking.figures import seconds_per_1000
from harness.records.base import pretty_json
from harness.records.evaluation import MetricValue
from harness.records.statistics import CONFIDENCE

NAME = "every-eval-ever"
SCHEMA = "every-eval-ever.schema.json"
ENDING = "json"
SCHEMA_VERSION = "0.3.0"
LIBRARY = "frugal-ai-harness"
ENERGY = "frugal_ai.joules_per_1000_queries"
ENERGY_UNIT = "joules per 1,000 queries"
SECONDS = "frugal_ai.seconds_per_1000_queries"
UNBOUNDED = "Infinity"

POOLED = "in joules per 1,000 queries, over all sessions, alone"
CARRIES: Mapping[str, str] = {
    "created_utc": WHOLE,
    "harness_version": WHOLE,
    "protocol": WHOLE,
    "scenario": WHOLE,
    "data.digest": WHOLE,
    "data.hub_id": WHOLE,
    "data.items": WHOLE,
    "data.revision": WHOLE,
    "data.source": WHOLE,
    "hardware.processor": WHOLE,
    "hardware.cores": WHOLE,
    "hardware.accelerators": WHOLE,
    "hardware.profile": WHOLE,
    "isolation.grade": WHOLE,
    "looks[].alpha": "in the interval of energy alone",
    "meter.grade": WHOLE,
    "meter.name": WHOLE,
    "quality.items": WHOLE,
    "quality.metrics[].high": WHOLE,
    "quality.metrics[].interval_method": WHOLE,
    "quality.metrics[].low": WHOLE,
    "quality.metrics[].name": WHOLE,
    "quality.metrics[].value": WHOLE,
    "quality.ranked": WHOLE,
    "rules.amortise_queries": "in joules per 1,000 queries alone",
    "rules.version": WHOLE,
    "submission.digest": WHOLE,
    "submission.entry": WHOLE,
    "submission.family": WHOLE,
    "submission.licence": WHOLE,
    "submission.name": WHOLE,
    "submission.team": WHOLE,
    "submission.url": WHOLE,
    "submission.version": WHOLE,
    "task.id": WHOLE,
    "task.title": WHOLE,
    "task.version": WHOLE,
    "warnings[].code": "in whether energy has an interval alone",
    "sessions[].sweeps[].queries": POOLED,
    "sessions[].phases[].phase": POOLED,
    "sessions[].phases[].reading.seconds": "in the mean seconds per 1,000 queries alone",
    "sessions[].phases[].reading.energy[].joules": POOLED,
    "sessions[].phases[].reading.energy[].resolution_joules": "in the meter's uncertainty alone",
    "sessions[].phases[].reading.energy[].edges_joules": "in the meter's uncertainty alone",
    "sessions[].phases[].reading.energy[].gain_joules": "in the meter's uncertainty alone",
    "sessions[].phases[].reading.energy[].model_joules": "in the meter's uncertainty alone",
}
REASONS: Mapping[str, str] = {
    "looks[].alpha": "it is of the interval of energy, and there are too few sessions for one",
    "signature": "who signed is in the relation of the evaluator; the signature is of the record",
}


def carries(subject: Subject) -> Mapping[str, str]:
    """Return which fields of a record arrive in its document."""
    return without(
        CARRIES,
        (subject.joules_interval is None, ["looks[].alpha"]),
        (subject.figures.joules_interval is None, ["warnings[].code"]),  # of one session
    )


def render(subject: Subject) -> bytes:
    """Return the document."""
    return pretty_json(document(subject))


def document(subject: Subject) -> dict[str, object]:
    """Return the document as plain values."""
    record = subject.record
    epoch = str(int(subject.created.timestamp()))
    model = model_identifier(subject)
    signer = subject.stored.signed_by
    return {
        "schema_version": SCHEMA_VERSION,
        "evaluation_id": f"{record.task.id}/{model}/{epoch}",
        "evaluation_timestamp": epoch,
        "retrieved_timestamp": epoch,
        "source_metadata": {
            "source_name": "Frugal AI leaderboard",
            "source_type": "evaluation_run",
            "source_organization_name": (
                subject.options.publisher or signer or record.submission.team
            ),
            "evaluator_relationship": "third_party" if subject.stored.verified else "first_party",
        },
        "model_info": {
            "name": record.submission.name,
            "id": model,
            "developer": record.submission.team,
            "additional_details": {
                "deployment_type": "self_deployed",
                "model_availability": "unknown",
                **without_absent(
                    {
                        "version": record.submission.version,
                        "family": record.submission.family,
                        "licence": record.submission.licence,
                        "digest_sha256": record.submission.digest,
                        "url": record.submission.url,
                    }
                ),
            },
        },
        "eval_library": {
            "name": LIBRARY,
            "version": record.harness_version,
            "additional_details": without_absent(
                {
                    "rules_version": record.rules.version,
                    "protocol": record.protocol,
                    "scenario": record.scenario,
                    "isolation_grade": record.isolation.grade,
                    "hardware_profile": record.hardware.profile,
                    "processor": f"{record.hardware.processor}, {record.hardware.cores} cores",
                    "accelerators": ", ".join(record.hardware.accelerators) or None,
                }
            ),
        },
        "evaluation_results": list(_results(subject)),
    }


def model_identifier(subject: Subject) -> str:
    """Return ``team/entry``, the manner of the hub, without a surprise in it."""
    parts = (subject.record.submission.team, subject.record.submission.entry)
    return "/".join(_slug(part) for part in parts)


def _slug(text: str) -> str:
    kept = "".join(each if each.isalnum() or each in "._-" else "-" for each in text)
    return kept.strip("-") or "unknown"


def _results(subject: Subject) -> Iterator[dict[str, object]]:
    quality = subject.record.quality
    for metric in subject.metrics.values():
        yield _of_quality(subject, metric, quality.items if quality is not None else 0)
    yield _of_energy(subject)
    yield _result(
        subject,
        SECONDS,
        {"metric_unit": "seconds per 1,000 queries", "lower_is_better": True},
        {"score": seconds_per_1000(subject.sessions)},
    )


def _of_quality(subject: Subject, metric: MetricValue, items: int) -> dict[str, object]:
    ranked = subject.record.quality is not None and metric.name == subject.record.quality.ranked
    return _result(
        subject,
        metric.name,
        {
            "metric_unit": "proportion",
            "lower_is_better": False,
            "max_score": 1.0,
            "additional_details": {"ranked": "true" if ranked else "false"},
        },
        {
            "score": metric.value,
            "uncertainty": {
                "confidence_interval": {
                    "lower": metric.low,
                    "upper": metric.high,
                    "confidence_level": CONFIDENCE,
                    "method": metric.interval_method,
                },
                "num_samples": items,
            },
        },
    )


def _of_energy(subject: Subject) -> dict[str, object]:
    found, meter = subject.figures, subject.record.meter
    interval = subject.joules_interval
    uncertainty = interval and {
        "confidence_interval": {
            "lower": interval[0],
            "upper": interval[1],
            "confidence_level": CONFIDENCE,
            "method": "Student's t on the logarithms of sessions",
        }
    }
    left_open = found.joules_uncertainty
    return _result(
        subject,
        ENERGY,
        {
            "evaluation_description": "Energy of 1,000 queries with their share of loading, gross "
            "of idle.",
            "metric_unit": ENERGY_UNIT,
            "lower_is_better": True,
            "additional_details": {
                "meter": meter.name,
                "meter_grade": meter.grade,
                "amortise_queries": str(subject.record.rules.amortise_queries),
            },
        },
        without_absent(
            {
                "score": found.joules_per_1000_queries,
                "details": {
                    "meter_uncertainty_random_joules": repr(left_open.random),
                    "meter_uncertainty_systematic_joules": repr(left_open.systematic),
                },
                "uncertainty": uncertainty,
            }
        ),
    )


def _result(
    subject: Subject, metric: str, config: dict[str, object], score: dict[str, object]
) -> dict[str, object]:
    record = subject.record
    return {
        "evaluation_result_id": f"{subject.identifier}/{metric}",
        "evaluation_name": record.task.id,
        "source_data": _source_data(subject),
        "metric_config": {
            "metric_id": metric,
            "metric_name": metric,
            "score_type": "continuous",
            "min_score": 0.0,
            "max_score": UNBOUNDED,
            **config,
        },
        "score_details": score,
    }


def _source_data(subject: Subject) -> dict[str, object]:
    data, task = subject.record.data, subject.record.task
    details = without_absent(
        {
            "source": data.source,
            "digest_sha256": data.digest,
            "revision": data.revision,
            "task_version": str(task.version),
        }
    )
    if data.hub_id is None:
        details["items"] = str(data.items)
        return {"dataset_name": task.title, "source_type": "other", "additional_details": details}
    return {
        "dataset_name": task.title,
        "source_type": "hf_dataset",
        "hf_repo": data.hub_id,
        "samples_number": data.items,
        "additional_details": details,
    }
