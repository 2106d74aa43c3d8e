"""Claims in results of the challenge of 2025: one JSON document, or a list of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.errors import ConfigurationError
from harness.records.base import parse_plain
from harness.records.imported import (
    ClaimedCarbon,
    ClaimedEnergy,
    ClaimedMetric,
    ImportedResult,
    ImportSource,
)
from harness.store.import_codecarbon import BYTE_ORDER_MARK, PARTS
from harness.store.import_faults import (
    LONGEST_VERSION,
    MOST_ROWS,
    NAME_A_TASK,
    Figures,
    ImportFault,
    RowReader,
    check_parts,
    check_twice_told,
    check_units,
    shown,
    wrong_text,
)
from harness.store.imported import wrong_values

ACCURACIES = ("accuracy", "classification_accuracy")
METRICS = {
    "accuracy": "accuracy",
    "classification_accuracy": "accuracy",
    "precision": "precision",
    "classification_precision": "precision",
    "recall": "recall",
    "classification_recall": "recall",
    "mean_iou": "mean_iou",
}
"""What the format calls them, and what they are called here."""
TEXTS = ("username", "space_url", "submission_timestamp", "model_description", "api_route")
LINES = frozenset({"model_description"})
"""Texts that may have several lines."""
TABLES = ("emissions_data", "dataset_config")
KNOWN = frozenset({*TEXTS, *TABLES, *METRICS, "energy_consumed_wh", "emissions_gco2eq"})
KEPT = Figures(
    energy="energy_consumed_wh",
    emissions="emissions_gco2eq",
    much_energy="milliwatt-hours where watt-hours belong",
    much_emissions="milligrams where grams belong",
)
INNER = Figures(energy="emissions_data.energy_consumed", emissions="emissions_data.emissions")
POWERS = ("cpu_power", "gpu_power", "ram_power", "emissions_rate")
FindTask = Callable[[str], str | None]
"""From the name of a data set to the task that is about it, where there is one."""


def read_2025(
    content: bytes,
    file: str,
    sha256: str,
    *,
    find_task: FindTask,
    task: str | None,
    team: str | None,
    name: str | None,
) -> tuple[list[ImportedResult], list[ImportFault]]:
    """Read all documents; the results are good for nothing where there is a fault.

    ``task`` is what was asked for; without it the data set that the document names decides.
    """
    if content.startswith(BYTE_ORDER_MARK):
        told = "begins with a byte order mark: save it as UTF-8 without one"
        return [], [ImportFault(file, None, "", told)]
    try:
        plain = parse_plain(content, file)
    except ConfigurationError as error:
        return [], [ImportFault(file, None, "", error.message.removeprefix(f"{file}: "))]
    documents = plain if isinstance(plain, list) else [plain]
    if not documents or len(documents) > MOST_ROWS:
        told = f"holds {len(documents):,} documents: 1 to {MOST_ROWS:,} can be read"
        return [], [ImportFault(file, None, "", told)]
    results: list[ImportedResult] = []
    faults: list[ImportFault] = []
    for number, document in enumerate(documents, 1):
        if not isinstance(document, dict):
            faults.append(ImportFault(file, number, "", f"is no object: {shown(document)}"))
            continue
        result, found = _result(
            document, file, number, sha256, find_task, task=task, team=team, name=name
        )
        faults += found
        if result is not None:
            results.append(result)
    return results, faults


def _result(
    document: Mapping[str, object],
    file: str,
    number: int,
    sha256: str,
    find_task: FindTask,
    *,
    task: str | None,
    team: str | None,
    name: str | None,
) -> tuple[ImportedResult | None, list[ImportFault]]:
    reader = RowReader(file, number, document)
    for field in sorted(document.keys() - KNOWN):
        reader.fault(shown(field), "is no field of the format")
    emissions, config = (_table(reader, document, field) for field in TABLES)
    inner = RowReader(file, number, {f"emissions_data.{k}": v for k, v in emissions.items()})
    texts = {field: reader.string(field, lines=field in LINES) for field in TEXTS}
    if document.get("submission_timestamp") in (None, ""):
        reader.fault("submission_timestamp", "is missing")
    watt_hours = reader.number("energy_consumed_wh", required=True, positive=True)
    grams = reader.number("emissions_gco2eq")
    quality = _quality(reader, document)
    run_id = inner.string("emissions_data.run_id", required=True)
    seconds = _check_emissions(reader, inner, watt_hours, grams)
    told = {
        field: inner.string(f"emissions_data.{field}")
        for field in ("cpu_model", "gpu_model", "country_name", "tracking_mode")
    }
    version = inner.string("emissions_data.codecarbon_version", longest=LONGEST_VERSION)
    dataset = RowReader(file, number, {"dataset_config.dataset_name": config.get("dataset_name")})
    data_name = dataset.string("dataset_config.dataset_name")
    moment = texts["submission_timestamp"]
    chosen = task or (find_task(data_name) if data_name else None)
    if chosen is None:
        why = "is of no task here" if data_name else "is missing, and nothing else says which task"
        dataset.fault("dataset_config.dataset_name", f"{why}: {NAME_A_TASK}")
    faults = [*reader.faults, *inner.faults, *dataset.faults]
    if faults or None in {chosen, run_id, moment, watt_hours}:
        return None, faults
    assert chosen and run_id and moment and watt_hours  # noqa: S101, PT018 - for the type checker
    result = ImportedResult(
        task=chosen,
        name=name or _name_in(texts) or run_id,
        team=team or texts["username"],
        form="challenge-2025",
        source=ImportSource(file=file, sha256=sha256, row=number),
        run_id=run_id,
        claimed_at=moment,
        energy=ClaimedEnergy(field="energy_consumed_wh", value=watt_hours, unit="Wh"),
        carbon=None
        if grams is None
        else ClaimedCarbon(field="emissions_gco2eq", value=grams, unit="g"),
        seconds=seconds,
        quality=quality,
        description=texts["model_description"],
        url=texts["space_url"],
        dataset=data_name,
        processor=told["cpu_model"],
        accelerator=told["gpu_model"],
        country=told["country_name"],
        tool=None if version is None else f"codecarbon {version}",
        tracking_mode=told["tracking_mode"],
    )
    return result, [ImportFault(file, number, *wrong) for wrong in wrong_values(result)]


def _table(reader: RowReader, document: Mapping[str, object], field: str) -> Mapping[str, object]:
    table = document.get(field)
    if isinstance(table, dict):
        return table
    reader.fault(field, "is missing" if table is None else f"is no object: {shown(table)}")
    return {}


def _quality(reader: RowReader, document: Mapping[str, object]) -> tuple[ClaimedMetric, ...]:
    found: dict[str, float] = {}
    for field, name in METRICS.items():
        value = reader.number(field, most=1.0)
        if value is not None:
            if name in found:
                reader.fault(field, "is claimed twice, under two names")
            found[name] = value
    if all(document.get(field) is None for field in ACCURACIES):
        reader.fault("accuracy", "is missing")
    return tuple(ClaimedMetric(name=name, value=value) for name, value in found.items())


def _check_emissions(
    reader: RowReader, inner: RowReader, watt_hours: float | None, grams: float | None
) -> float | None:
    """Hold what the document says twice against itself, in Wh and kWh, g and kg; return seconds."""
    kwh = inner.number(INNER.energy, required=True, positive=True)
    kilograms = inner.number(INNER.emissions)
    seconds = inner.number("emissions_data.duration")
    for field in POWERS:
        inner.number(f"emissions_data.{field}")
    check_twice_told(reader, (KEPT.energy, watt_hours, "Wh"), (INNER.energy, kwh, "kWh"))
    check_twice_told(reader, (KEPT.emissions, grams, "g"), (INNER.emissions, kilograms, "kg"))
    parts = {field: inner.number(f"emissions_data.{field}") for field in PARTS}
    check_parts(inner, kwh, parts, INNER)
    check_units(inner, kwh=kwh, kilograms=kilograms, seconds=seconds, named=INNER)
    check_units(
        reader,
        kwh=None if watt_hours is None else watt_hours / 1000,
        kilograms=None if grams is None else grams / 1000,
        seconds=seconds,
        named=KEPT,
    )
    return seconds


def _name_in(texts: Mapping[str, str | None]) -> str | None:
    """Return what a result is called: as its space is, else as its description begins.

    ``None`` where a table could not show either: an address ends, and a line begins, in any way.
    """
    space = (texts["space_url"] or "").rstrip("/ ").rpartition("/")[2]
    line = (texts["model_description"] or "").strip().partition("\n")[0].strip()
    return next((each for each in (space, line) if wrong_text(each) is None), None)
