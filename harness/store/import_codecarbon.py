"""Claims in codecarbon's ``emissions.csv``: a row a run, energies in kWh, emissions in kg."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from harness.records.imported import (
    ClaimedCarbon,
    ClaimedEnergy,
    ImportedResult,
    ImportSource,
)
from harness.store.import_faults import (
    LONGEST_VERSION,
    MOST_ROWS,
    ImportFault,
    RowReader,
    check_parts,
    check_units,
    shown,
)
from harness.store.imported import wrong_values

REQUIRED = ("timestamp", "run_id", "duration", "emissions", "energy_consumed")
PARTS = ("cpu_energy", "gpu_energy", "ram_energy")
FIGURES = (
    "emissions_rate", "cpu_power", "gpu_power", "ram_power", "water_consumed", "cpu_count",
    "gpu_count", "ram_total_size",
)  # fmt: skip
"""Not kept, and looked at nevertheless: a file with nonsense in one column is not to be trusted."""
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def read_codecarbon(
    content: bytes, file: str, sha256: str, *, task: str, team: str | None, name: str | None
) -> tuple[list[ImportedResult], list[ImportFault]]:
    """Read all rows; the results are good for nothing where there is a fault."""
    rows, faults = _rows(content, file)
    results: list[ImportedResult] = []
    for line, row in rows:
        reader = RowReader(file, line, row)
        result = _result(reader, sha256, task=task, team=team, name=name)
        faults += reader.faults
        if result is not None:
            results.append(result)
    if not rows and not faults:
        faults.append(ImportFault(file, None, "", "holds no row"))
    return results, faults


def _rows(
    content: bytes, file: str
) -> tuple[list[tuple[int, dict[str, object]]], list[ImportFault]]:
    """Take a table apart: each row with its line, by column."""
    text, faults = decoded(content, file)
    if text is None:
        return [], faults
    table = csv.reader(io.StringIO(text, newline=""), strict=True)
    found: list[tuple[int, dict[str, object]]] = []
    try:
        header = next(table, [])
        faults += _faults_of_header(header, file)
        if faults:
            return [], faults
        for cells in table:
            if not cells:
                continue
            if len(found) == MOST_ROWS:
                faults.append(ImportFault(file, None, "", f"has more than {MOST_ROWS:,} rows"))
                break
            if len(cells) != len(header):
                told = f"has {len(cells)} cells, and {len(header)} columns have a name"
                faults.append(ImportFault(file, table.line_num, "", told))
                continue
            found.append((table.line_num, dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        faults.append(ImportFault(file, table.line_num, "", f"is no table: {error}"))
    return found, faults


def decoded(content: bytes, file: str) -> tuple[str | None, list[ImportFault]]:
    """Read UTF-8 text without a byte order mark and without zeros, or say why it is none."""
    faults = []
    if content.startswith(BYTE_ORDER_MARK):
        told = "begins with a byte order mark: save it as UTF-8 without one"
        faults.append(ImportFault(file, 1, "", told))
    if b"\0" in content:
        row = content[: content.index(b"\0")].count(b"\n") + 1
        faults.append(ImportFault(file, row, "", "holds a zero byte: it is no text"))
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        faults.append(ImportFault(file, row, "", f"is not UTF-8 at byte {error.start}"))
        return None, faults
    return (None if faults else text), faults


def _faults_of_header(header: list[str], file: str) -> Iterator[ImportFault]:
    if len(header) == 1 and ";" in header[0]:
        yield ImportFault(file, 1, "", "is separated by semicolons: save it with commas")
        return
    if len(header) == 1 and "\t" in header[0]:
        yield ImportFault(file, 1, "", "is separated by tabs: save it with commas")
        return
    for column, times in Counter(header).items():  # strangers give it as many columns as they like
        if times > 1:
            yield ImportFault(file, 1, shown(column), "stands twice in the first row")
    for column in REQUIRED:
        if column not in header:
            yield ImportFault(file, 1, column, "is missing: codecarbon writes this column")


def _result(
    reader: RowReader, sha256: str, *, task: str, team: str | None, name: str | None
) -> ImportedResult | None:
    run_id = reader.string("run_id", required=True)
    moment = reader.string("timestamp", required=True)
    kwh = reader.number("energy_consumed", required=True, positive=True)
    kilograms, seconds = reader.number("emissions"), reader.number("duration", required=True)
    project = reader.string("project_name")
    texts = {
        field: reader.string(field)
        for field in ("cpu_model", "gpu_model", "country_name", "tracking_mode", "os")
    }
    version = reader.string("codecarbon_version", longest=LONGEST_VERSION)
    parts = {field: reader.number(field) for field in PARTS}
    for field in FIGURES:
        reader.number(field)
    check_parts(reader, kwh, parts)
    check_units(reader, kwh=kwh, kilograms=kilograms, seconds=seconds)
    if reader.faults or run_id is None or moment is None or kwh is None:
        return None
    result = ImportedResult(
        task=task,
        name=name or project or "codecarbon",
        team=team,
        form="codecarbon",
        source=ImportSource(file=reader.file, sha256=sha256, row=reader.row),
        run_id=run_id,
        claimed_at=moment,
        energy=ClaimedEnergy(field="energy_consumed", value=kwh, unit="kWh"),
        carbon=None
        if kilograms is None
        else ClaimedCarbon(field="emissions", value=kilograms, unit="kg"),
        seconds=seconds,
        processor=texts["cpu_model"],
        accelerator=texts["gpu_model"],
        country=texts["country_name"],
        tool=None if version is None else f"codecarbon {version}",
        tracking_mode=texts["tracking_mode"],
    )
    for wrong in wrong_values(result):
        reader.fault(*wrong)
    return result
