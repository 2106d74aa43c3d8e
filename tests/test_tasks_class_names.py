"""What a file calls the numbers in its column of labels, where it was written by ``datasets``."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from toy_task import texts, write_parquet, write_task

from harness.errors import ConfigurationError
from harness.tasks import load_task
from harness.tasks.class_names import METADATA_KEY, class_names
from harness.tasks.data import count_folder
from harness.tasks.protocol import TaskData


def numbered(names: list[str], numbers: list[int]) -> pa.Table:
    """Return a test split with these labels, and what ``datasets`` writes of their names."""
    table = texts("test", len(numbers))
    labels = pa.array(numbers, pa.int64())
    table = table.set_column(table.column_names.index("label"), "label", labels)
    return table.replace_schema_metadata(
        metadata(label={"names": names, "_type": "ClassLabel"}, id={"dtype": "string"})
    )


def metadata(**features: object) -> dict[bytes, bytes]:
    return {METADATA_KEY: json.dumps({"info": {"features": features}, "fingerprint": "x"}).encode()}


def load(root: Path, test: pa.Table | list[pa.Table]) -> TaskData:
    write_task(root)
    return load_task(root, "toy").load_data(str(write_parquet(root / "data", test=test)), 0)


@pytest.mark.parametrize("names", [["b", "a"], ["1_b", "0_a"], ["1", "0"]])
def test_numbers_mean_what_the_file_calls_them(tmp_path: Path, names: list[str]) -> None:
    data = load(tmp_path, numbered(names, [0, 1, 1]))
    assert data.test.labels.tolist() == [1, 0, 0]
    counted = count_folder(load_task(tmp_path, "toy").card, tmp_path / "data")
    assert counted.digest == data.reference.digest


def test_every_file_has_numbers_of_its_own(tmp_path: Path) -> None:
    whole = [numbered(["b", "a"], [0] * 3), numbered(["a", "b"], [0] * 6), texts("test", 9)]
    data = load(tmp_path, [whole[0], whole[1].slice(3), whole[2].slice(6)])
    assert data.test.labels.tolist() == [1, 1, 1, 0, 0, 0, 0, 1, 0]


def test_a_name_that_the_card_does_not_know_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, numbered(["a", "water"], [0, 1, 2, -1]))
    first, water, two, minus = caught.value.message.splitlines()
    assert first == "3 faults:"
    where = f"{tmp_path}/data/test.parquet: column 'label': row"
    assert water.strip() == f"{where} 1 is 1, named 'water' by the file, which is no label of toy"
    assert two.strip() == f"{where} 2 is 2, not named by the file, which is no label of toy"
    assert minus.strip() == f"{where} 3 is -1, not named by the file, which is no label of toy"
    assert "add the spelling to the label's aliases in task.toml" in caught.value.remedy


def test_a_name_that_no_row_has_need_not_be_known(tmp_path: Path) -> None:
    assert load(tmp_path, numbered(["water", "b"], [1, 1])).test.labels.tolist() == [1, 1]


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {METADATA_KEY: b"{"},
        {METADATA_KEY: b"\xff"},
        {METADATA_KEY: b"[" * 100_000},
        {METADATA_KEY: b'{"info": {"features": null}}'},
        metadata(),
        metadata(label={"dtype": "int64", "_type": "Value"}),
        metadata(label=[{"names": ["a"], "_type": "ClassLabel"}]),
        metadata(label={"names": [1, 2], "_type": "ClassLabel"}),
        metadata(other={"names": ["b", "a"], "_type": "ClassLabel"}),
    ],
)
def test_a_schema_without_names_gives_none(schema: dict[bytes, bytes]) -> None:
    assert class_names(schema, "label") is None
    assert class_names(schema, None) is None


def test_what_datasets_itself_writes_is_read(tmp_path: Path) -> None:
    import datasets  # noqa: PLC0415 - heavy, and only for this

    made = datasets.Dataset.from_dict(texts("test", 4).to_pydict())
    made = made.cast_column("label", datasets.ClassLabel(names=["1_b", "0_a"]))
    (tmp_path / "data").mkdir()
    made.to_parquet(str(tmp_path / "data" / "test.parquet"))
    assert made["label"][:] == [1, 0, 1, 0]
    write_task(tmp_path)
    data = load_task(tmp_path, "toy").load_data(str(tmp_path / "data"), 0)
    assert data.test.labels.tolist() == [0, 1, 0, 1]
