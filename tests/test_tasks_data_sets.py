"""One folder per way in which a data set can be bad, in ``tests/data_sets``, and fine ones.

``case.json`` says what the files hold; they are written here, because git shows no Parquet.
"""

from __future__ import annotations

import io
import json
import wave
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from toy_task import write_task

from harness.errors import ConfigurationError
from harness.tasks import load_task
from harness.tasks.task import FolderTask

CORPUS = Path(__file__).parent / "data_sets"
CASES = sorted(path.name for path in CORPUS.iterdir())
AUDIO_COLUMNS = 'sample = "audio"\nlabel = "label"\ngroup = "scene"'
Case = dict[str, Any]


def case_of(name: str) -> Case:
    case: Case = json.loads((CORPUS / name / "case.json").read_text(encoding="utf-8"))
    return case


def cell(value: Any) -> Any:  # noqa: ANN401 - whatever a column may hold
    """Make what a cell of a case stands for: JSON has no bytes."""
    if not isinstance(value, dict):
        return value
    ((kind, what),) = value.items()
    if kind == "hex":
        return bytes.fromhex(what)
    if kind == "times":
        return what[0] * what[1]
    made = io.BytesIO()
    if kind == "png":
        Image.new("RGB", what).save(made, "PNG")
    elif kind == "wav":
        with wave.open(made, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(what[0])
            out.writeframes(bytes(2 * what[1]))
    else:
        assert kind == "null"
        return None
    return made.getvalue()


def column(cells: Any) -> list[Any]:  # noqa: ANN401 - as above
    if isinstance(cells, list):
        return [cell(value) for value in cells]
    if "each" in cells:
        text, count = cells["each"]
        return [f"{text}{number}" for number in range(count)]
    value, count = cells["all"]
    return [value] * count + [cells["last"]]


def stored(name: str, cells: Any) -> pa.Array:  # noqa: ANN401 - as above
    """Return a column as the hub stores it: encoded files in structs."""
    values = column(cells)
    if name in {"image", "audio"} and not isinstance(values[0], str):
        kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        return pa.array([{"bytes": value, "path": None} for value in values], kind)
    if not values:
        return pa.array([], pa.string())
    return pa.array(values)


def write(case: Case, folder: Path) -> Path:
    """Write the files of a case."""
    folder.mkdir()
    for name, content in case["files"].items():
        if "raw" in content:
            (folder / name).write_text(content["raw"], encoding="utf-8")
            continue
        table = pa.table({column: stored(column, cells) for column, cells in content.items()})
        pq.write_table(table, folder / name)
    for name, kept in case.get("keep", {}).items():
        whole = (folder / name).read_bytes()
        assert len(whole[:kept]) < len(whole)
        (folder / name).write_bytes(whole[:kept])
    return folder


def task_of(case: Case, root: Path) -> FolderTask:
    modality = case.get("modality", "text")
    write_task(root, modality=modality, columns=AUDIO_COLUMNS if modality == "audio" else None)
    return load_task(root, "toy")


@pytest.mark.parametrize("name", [name for name in CASES if "refused" in case_of(name)])
def test_what_is_wrong_is_named(name: str, tmp_path: Path) -> None:
    case = case_of(name)
    folder = write(case, tmp_path / "data")

    with pytest.raises(ConfigurationError) as caught:
        task_of(case, tmp_path).load_data(str(folder), 0)

    said = f"{caught.value.message} | {caught.value.remedy}"
    assert [part for part in case["refused"] if part not in said] == [], said
    assert caught.value.remedy


@pytest.mark.parametrize("name", [name for name in CASES if "items" in case_of(name)])
def test_what_is_odd_is_delivered_as_it_is(name: str, tmp_path: Path) -> None:
    case = case_of(name)
    folder = write(case, tmp_path / "data")

    data = task_of(case, tmp_path).load_data(str(folder), 0)

    cells = case["files"]["test.parquet"]
    (samples,) = (column(cells[name]) for name in ("quote", "image", "audio") if name in cells)
    assert data.test.samples(range(len(data.test))) == samples
    assert data.reference.items == case["items"] == len(samples)
    assert data.reference.unreadable == case.get("unreadable", 0)
    said = " | ".join(data.notes)
    assert [part for part in case.get("told", []) if part not in said] == [], said
    assert bool(said) == ("told" in case)


def test_every_case_expects_something() -> None:
    assert CASES
    for name in CASES:
        assert ("refused" in case_of(name)) != ("items" in case_of(name)), name
