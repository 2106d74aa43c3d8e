"""Claims made up for tests: no figure here was measured."""

from __future__ import annotations

import csv
import io
from typing import Any

from msgspec.structs import replace

from harness.records.imported import (
    ClaimedCarbon,
    ClaimedEnergy,
    ClaimedMetric,
    ImportedBoard,
    ImportedEntry,
    ImportedResult,
    ImportSource,
)

TASK = "some-task"
DATA_SET = "somebody/some-set"


def result(**changes: Any) -> ImportedResult:  # noqa: ANN401 - any field
    """Make a claim; name any field to change it."""
    made = ImportedResult(
        task=TASK,
        name="a-space",
        team="A user",
        form="challenge-2025",
        source=ImportSource(file="result.json", sha256="ab" * 32, row=1),
        run_id="run-1",
        claimed_at="2025-01-22T12:48:04.456838",
        energy=ClaimedEnergy(field="energy_consumed_wh", value=0.5, unit="Wh"),
        carbon=ClaimedCarbon(field="emissions_gco2eq", value=0.2, unit="g"),
        seconds=12.5,
        quality=(ClaimedMetric(name="accuracy", value=0.75),),
        processor="A processor",
        tool="codecarbon 2.8.2",
    )
    return replace(made, **changes)


def board(*results: ImportedResult) -> ImportedBoard:
    """Put claims on a board."""
    rows = tuple(
        ImportedEntry(path=f"{TASK}/{number}.json", joules=each.energy.joules, result=each)
        for number, each in enumerate(results or (result(),))
    )
    return ImportedBoard(task=TASK, task_title="Some task", entries=rows)


def document() -> Any:  # noqa: ANN401 - plain JSON
    """Return a result of the challenge of 2025, as a submission gave it."""
    return {
        "username": "A user",
        "space_url": "https://example.org/spaces/user/a-space",
        "submission_timestamp": "2025-01-22T12:48:04.456838",
        "model_description": "A baseline",
        "accuracy": 0.75,
        "energy_consumed_wh": 0.5,
        "emissions_gco2eq": 0.2,
        "emissions_data": {
            "run_id": "run-1", "duration": 12.5, "emissions": 0.0002, "emissions_rate": 1.6e-05,
            "cpu_power": 42.5, "gpu_power": 0.0, "ram_power": 5.0, "cpu_energy": 0.0004,
            "gpu_energy": 0.0, "ram_energy": 0.0001, "energy_consumed": 0.0005,
            "country_name": "France", "country_iso_code": "FRA", "region": "ile-de-france",
            "cloud_provider": "", "cloud_region": "", "os": "Linux", "python_version": "3.9.21",
            "codecarbon_version": "2.8.2", "cpu_count": 16, "cpu_model": "A processor",
            "gpu_count": None, "gpu_model": None, "ram_total_size": 123.8,
            "tracking_mode": "machine", "on_cloud": "N", "pue": 1,
        },
        "api_route": "/text",
        "dataset_config": {"dataset_name": DATA_SET, "test_size": 0.2, "test_seed": 42},
    }  # fmt: skip


def row(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any column
    """Return a row of codecarbon's table; name any column to change it."""
    return {
        "timestamp": "2025-01-22T12:48:04", "project_name": "a-project", "run_id": "run-1",
        "duration": 12.5, "emissions": 0.0002, "emissions_rate": 1.6e-05, "cpu_power": 42.5,
        "gpu_power": 0.0, "ram_power": 5.0, "cpu_energy": 0.0004, "gpu_energy": 0,
        "ram_energy": 0.0001, "energy_consumed": 0.0005, "country_name": "France",
        "cpu_model": "A processor", "gpu_model": "", "tracking_mode": "machine",
        "codecarbon_version": "2.8.2", **changes,
    }  # fmt: skip


def table(*rows: dict[str, Any], delimiter: str = ",") -> bytes:
    """Spell rows as codecarbon does."""
    written = io.StringIO()
    given = rows or (row(),)
    writer = csv.DictWriter(written, list(given[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(given)
    return written.getvalue().encode()
