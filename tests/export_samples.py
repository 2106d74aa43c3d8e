"""A record made up for the tests of exports that says something in every field it can."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from record_samples import record

from harness.carbon import Zone
from harness.export.subject import Options, Subject
from harness.records.base import convert
from harness.records.evaluation import FEW_SESSIONS, EvaluationRecord
from harness.store.reading import StoredRecord

ZONE = Zone(code="FRA", name="France", grams_per_kwh=50.0, year=2023)
OPTIONS = Options(zone=ZONE, source="a table (made up)", modality="image")
DIGEST = "0123456789abcdef" * 4
NOTICE = {"code": "a-code", "message": "seen", "remedy": "do"}


def subject(made: EvaluationRecord | None = None, /, **options: Any) -> Subject:  # noqa: ANN401
    """Take a record for export; name any option to change it."""
    stored = StoredRecord(
        path="a-task/an-entry/record.json", record=made or rich(), digest=DIGEST, signed_by=None
    )
    return Subject(stored, msgspec.structs.replace(OPTIONS, **options))


def rich() -> EvaluationRecord:
    """Make a completed record without an empty field, of two sessions and two components."""
    return convert(rich_plain(), EvaluationRecord, "the sample")


def rich_plain() -> Any:  # noqa: ANN401 - plain JSON
    """Return the same as plain values."""
    plain: Any = msgspec.to_builtins(record(joules=(39.0, 41.0)))
    plain["demonstration"] = True
    plain["data"] |= {
        "source": "hub", "generator_version": 3, "hub_id": "a/set", "revision": "ab" * 20,
        "unreadable": 1,
    }  # fmt: skip
    plain["submission"] |= {
        "authors": ["Ada"],
        "family": "a family",
        "url": "https://example.org/model",
        "output": "boxes",
        "lifecycle": {
            "training_kwh": 1.5, "fine_tuning_kwh": 0.25, "provenance": "measured",
            "hardware": "A machine", "source": "A log",
        },
    }  # fmt: skip
    plain["environment"] = {
        "lock_digest": "1c" * 32, "digest": "2d" * 32, "python": "CPython 3.11.7 linux-x86_64",
        "installer": "pip 23", "source": "index", "packages": ["numpy==2.0"], "files": 3,
        "bytes": 9,
    }  # fmt: skip
    plain["rules"]["quality_step"] = 0.01
    plain["hardware"] |= {
        "hypervisor": "kvm", "accelerators": ["Made-up GPU"], "governor": "performance",
        "turbo": False, "power_limits_watts": {"package-0": 65.0}, "profile_digest": "3e" * 32,
        "entry_cores": [0, 1], "operating_system": "Debian GNU/Linux 12 (bookworm)",
    }  # fmt: skip
    plain["isolation"] |= {
        "tool": "bwrap", "kernel": "6.1", "namespaces": ["net"], "host_uid": 61100,
        "seccomp_digest": "4f" * 32, "landlock_abi": 4,
        "enforced_by": {"memory": "m", "processes": "p", "cpu": "c", "disk": "d"},
    }  # fmt: skip
    plain["isolation"]["checks"][0]["remedy"] = "close it"
    (source,) = plain["meter"]["sources"]
    source["constants"] = {"watts": 1.0}
    plain["meter"]["sources"] = [source, {**source, "name": "gpu-0", "component": "gpu"}]
    plain["meter"]["left_out"] = [{"name": "psys", "why": "holds package"}]
    plain["sessions"] = [_session(each, n) for n, each in enumerate(plain["sessions"])]
    kept = ("index", "started_utc", "phases", "kernel", "trace")
    plain["voided"] = [{k: plain["sessions"][0][k] for k in kept} | {"reasons": [NOTICE]}]
    plain["looks"] = [{"sessions": 2, "alpha": 0.05, "half_width": 0.1, "narrow": True}]
    plain["quality"] |= {
        "step": 0.01,
        "metrics": [
            _metric("accuracy", 0.8), _metric("precision:smoke", 0.7),
            _metric("recall:smoke", 0.6), _metric("mean_iou", 0.5),
        ],
        "ranked": "accuracy",
        "per_class": [
            {"label": "smoke", "support": 4, "precision": 0.7, "recall": 0.6, "f1": 0.65}
        ],
    }  # fmt: skip
    plain["task"]["metric"] = "accuracy"
    plain["warnings"] = [NOTICE]
    plain["campaign"] = {
        "id": "ca", "entries": ["a", "b"], "control": "b", "control_digest": "5a" * 32,
        "void": None,
    }  # fmt: skip
    plain["items"] = {"digest": "6b" * 32}
    plain["signature"] = {"key": "7c" * 32, "value": "8d" * 64}
    return plain


def modelled_plain() -> Any:  # noqa: ANN401 - plain JSON
    """Return it as from a machine without sensors: an energy that may be off by twice itself."""
    plain = rich_plain()
    plain["meter"] |= {"name": "model", "grade": "model"}
    for each in plain["sessions"]:
        for window in each["phases"]:
            for part in window["reading"]["energy"]:
                part["model_joules"] = 2 * part["joules"]
    return plain


def quick_plain() -> Any:  # noqa: ANN401 - plain JSON
    """Return it as of too few sessions for an interval of energy."""
    plain = rich_plain()
    plain["protocol"] = "quick"
    plain["warnings"] = [{**NOTICE, "code": FEW_SESSIONS}]
    return plain


def single_plain() -> Any:  # noqa: ANN401 - plain JSON
    """Return it as of one session, which has no interval of energy whatever the warnings say."""
    plain = quick_plain()
    plain["sessions"] = plain["sessions"][:1]
    return plain


def classified_plain() -> Any:  # noqa: ANN401 - plain JSON
    """Return it as of images that have a class and no boxes, on data of no name."""
    plain = rich_plain()
    plain["submission"]["output"] = "index"
    plain["data"] |= {"source": "directory", "hub_id": None}
    metrics = plain["quality"]["metrics"]
    plain["quality"]["metrics"] = [each for each in metrics if each["name"] != "mean_iou"]
    return plain


SAMPLES: Mapping[str, Callable[[], Any]] = {
    "rich": rich_plain,
    "modelled": modelled_plain,
    "quick": quick_plain,
    "single": single_plain,
    "classified": classified_plain,
}
"""Records that say as much, and do not all arrive in the same fields of a format."""


def _metric(name: str, value: float) -> dict[str, object]:
    return {
        "name": name, "value": value, "low": value - 0.1, "high": value + 0.1,
        "interval_method": "made up",
    }  # fmt: skip


def _session(plain: Any, number: int) -> Any:  # noqa: ANN401 - plain JSON
    plain |= {
        "index": number,
        "started_utc": f"2026-01-02T03:0{4 + number}:05+00:00",
        "trace": [{"component": "package", "watts": [[1.0, 2.0]]}],
        "confusion": [[1, 0, 0], [0, 1, 0]],
        "disturbances": [NOTICE],
        "agreement": {
            "variants": 0.9, "variant_items": 3, "rebatched": 0.8, "rebatched_items": 2,
            "previous": 0.7,
        },
        "round": 1,
        "place": 2,
        "remains": {"orphans": 1, "files": 2},
        "kernel_threads_cpu_seconds": 0.5,
        "caches_forgotten": True,
    }  # fmt: skip
    for window in plain["phases"]:
        loading = window["phase"] in {"start", "load", "warm-up"}
        joules = window["reading"]["energy"][0]["joules"]
        part = {
            "component": "package", "joules": joules, "resolution_joules": 0.001,
            "edges_joules": 0.001, "gain_joules": joules * (0.6 if loading else 0.05),
            "model_joules": 0.001,
        }  # fmt: skip
        window["reading"]["energy"] = [part, {**part, "component": "gpu", "joules": joules / 4}]
        window["reading"]["conditions"] = [
            {
                "device": "gpu-0", "temperature_celsius": 50.0, "clock_megahertz": 1000.0,
                "throttled_by": ["heat"], "overheated": True,
            }
        ]  # fmt: skip
        window["disturbance"] |= {
            "other_cpu_seconds": 0.1, "harness_cpu_seconds": 0.1, "run_queue_seconds": 0.1,
            "steal_seconds": 0.1,
            "frequency_megahertz": 2000.0, "throttle_events": 1, "suspended_seconds": 0.1,
            "temperature_celsius": 60.0,
        }  # fmt: skip
    return plain
