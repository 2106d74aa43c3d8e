"""The columns of codecarbon's ``emissions.csv``: a row a session.

The columns are those of the installed codecarbon, taken from its own class. What codecarbon would
estimate and nobody measured, a power usage effectiveness or a place, is an empty cell.
"""

from __future__ import annotations

import ast
import csv
import io
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from harness.carbon.grid import package_folder
from harness.errors import ConfigurationError
from harness.export.loss import WHOLE
from harness.export.subject import Subject, joules_by_component, session_joules
from harness.export.units import kilograms, kilowatt_hours
from harness.records.energy import MEASURED_THROUGH_DRAIN, phase_seconds
from harness.records.evaluation import EvaluationRecord
from harness.records.moments import moment
from harness.records.session import Session

NAME = "codecarbon"
SCHEMA = "codecarbon.schema.json"
ENDING = "csv"
CLASS_FILE = ("output_methods", "emissions_data.py")
CLASS = "EmissionsData"
NEEDED = frozenset({"run_id", "duration", "emissions", "energy_consumed"})
"""Without these it is another format."""
MOMENT = "%Y-%m-%dT%H:%M:%S"
PERCENT = 100
FORMULA = re.compile(r"(^|;)([\s\"]*+)(?=[=+\-@\uff0b\uff0d\uff1d\uff20])")
"""Where a spreadsheet finds a formula in a line; some part cells at a semicolon, too."""
COMPONENTS = {"package": "cpu", "dram": "ram", "gpu": "gpu"}
"""Whose energy stands in which columns; what is metered at the wall is in the whole alone."""

SUMMED = "one sum of each session, from the first measured query through the drain"
CARRIES: Mapping[str, str] = {
    "demonstration": WHOLE,
    "submission.entry": WHOLE,
    "task.id": WHOLE,
    "environment.python": "the version alone",
    "hardware.processor": WHOLE,
    "hardware.cores": WHOLE,
    "hardware.memory_gib": WHOLE,
    "hardware.accelerators": WHOLE,
    "hardware.operating_system": WHOLE,
    "meter.name": "as the tracking mode alone: the model bills the entry, all others the machine",
    "sessions[].index": "in the run's identifier alone",
    "sessions[].started_utc": WHOLE,
    "sessions[].phases[].phase": SUMMED,
    "sessions[].phases[].reading.seconds": SUMMED,
    "sessions[].phases[].reading.cpu_seconds": "in the utilisation of the processor alone",
    "sessions[].phases[].reading.energy[].component": "what is read at the wall is in the whole, "
    "which does not say so",
    "sessions[].phases[].reading.energy[].joules": f"{SUMMED}; idle, start, load and warm-up are "
    "lost",
    "sessions[].phases[].disturbance.other_cpu_seconds": "in the utilisation of the processor",
    "sessions[].phases[].disturbance.harness_cpu_seconds": "in the utilisation of the processor",
}
REASONS: Mapping[str, str] = {
    "quality": "the format knows nothing of answers",
    "sessions[].sweeps[]": "the format knows nothing of queries",
    "meter": "the format says not how energy was read",
    "submission": "the format knows a project's name alone",
}


@cache
def columns(package: Path | None = None) -> tuple[str, ...]:
    """Return the columns of the installed codecarbon, in their order.

    They are read off the source of its class ``EmissionsData``: importing codecarbon looks for the
    hardware of the machine, and prints what it misses. Raises ``ConfigurationError`` where the
    class is not there.
    """
    remedy = "install codecarbon again: pip install --force-reinstall 'codecarbon>=3.3'"
    source = (package or package_folder()).joinpath(*CLASS_FILE)
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError) as error:
        told = error.strerror if isinstance(error, OSError) else "is no Python"
        raise ConfigurationError(f"codecarbon: {source.name}: {told}", remedy=remedy) from None
    found = next((n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == CLASS), None)
    names = tuple(
        field.target.id
        for field in (found.body if found else ())
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    )
    if missing := sorted(NEEDED - {*names}):
        raise ConfigurationError(
            f"codecarbon: {source.name}: {CLASS} has no {', '.join(missing)}", remedy=remedy
        )
    return names


def render(subject: Subject) -> bytes:
    """Return the table: UTF-8, commas, a row a session."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\n")
    names = columns()
    writer.writerow(names)
    for row in rows(subject):
        writer.writerow([_cell(row.get(name)) for name in names])
    return written.getvalue().encode()


def rows(subject: Subject) -> list[dict[str, object]]:
    """Return the rows by column; what is absent is ``None``."""
    return [row(subject, session) for session in subject.sessions]


def row(subject: Subject, session: Session) -> dict[str, object]:
    """Return one session's row."""
    hardware, zone = subject.record.hardware, subject.options.zone
    seconds = phase_seconds(session, *MEASURED_THROUGH_DRAIN)
    joules = session_joules(session)
    grams = subject.grams(joules)
    boards = len(hardware.accelerators)
    made: dict[str, object] = {
        "timestamp": moment(session.started_utc).strftime(MOMENT),
        "project_name": _project_name(subject.record),
        "run_id": subject.session_identifier(session),
        "duration": seconds,
        "emissions": None if grams is None else kilograms(grams),
        "emissions_rate": None if grams is None else kilograms(grams) / seconds,
        "energy_consumed": kilowatt_hours(joules),
        "country_name": subject.options.country_name,
        "country_iso_code": None if zone is None else zone.code,
        "os": hardware.operating_system,
        "python_version": subject.python,
        "cpu_count": hardware.cores,
        "cpu_model": hardware.processor,
        "gpu_count": boards or None,
        "gpu_model": ", ".join(hardware.accelerators) or None,
        "ram_total_size": hardware.memory_gib or None,
        "tracking_mode": "process" if subject.record.meter.name == "model" else "machine",
        "cpu_utilization_percent": PERCENT * subject.cpu_share([session]),
    }
    for component, part in joules_by_component([session], MEASURED_THROUGH_DRAIN).items():
        if component in COMPONENTS:
            made[f"{COMPONENTS[component]}_energy"] = kilowatt_hours(part)
            made[f"{COMPONENTS[component]}_power"] = part / seconds
    return made


def _project_name(record: EvaluationRecord) -> str:
    """Name the task and the entry; the format has no other place to say what is no evaluation."""
    said = " (demonstration)" if record.demonstration else ""
    return f"{record.task.id}/{record.submission.entry}{said}"


def _cell(value: object) -> object:
    """Spell a cell; text that a spreadsheet would run stands behind an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, str):
        return FORMULA.sub(r"\1'\2", " ".join(value.split()))
    return repr(value) if isinstance(value, float) else value
