"""The data of a task: generated, or from a directory of Parquet; and what is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_task import (
    IMAGE_COLUMNS,
    framed,
    images,
    texts,
    write_detection_task,
    write_parquet,
    write_task,
)

from harness.errors import ConfigurationError, UsageError
from harness.tasks import load_task, spooled
from harness.tasks.data import Counted, count_folder
from harness.tasks.digests import data_digest
from harness.tasks.generator import SplitName, TaskCode
from harness.tasks.protocol import Item, Task, TaskData
from harness.tasks.row_faults import MOST_SHOWN, RowsError
from harness.tasks.splits import ItemSplit


def toy(root: Path, **options: str) -> Task:
    write_task(root, **options)
    return load_task(root, "toy")


def load(root: Path, **splits: pa.Table | list[pa.Table]) -> TaskData:
    """Load the text task's data from a directory with these splits."""
    return toy(root).load_data(str(write_parquet(root / "data", **splits)), 0)


def fault(root: Path, **splits: pa.Table | list[pa.Table]) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        load(root, **splits)
    assert caught.value.remedy
    return caught.value


def replaced(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(column), column, values)


# --- the task itself ---------------------------------------------------------------------------


def test_an_unknown_task_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    write_task(tmp_path)
    for name in ("nothing", "../tasks/toy", "", "."):
        with pytest.raises(UsageError) as caught:
            load_task(tmp_path, name)
        assert "toy" in caught.value.remedy


def test_a_task_digest_is_over_card_and_code_and_not_over_prose(tmp_path: Path) -> None:
    first = toy(tmp_path)
    (first.directory / "card.md").write_text("Some prose.", encoding="utf-8")
    (first.directory / "__pycache__").mkdir(exist_ok=True)
    (first.directory / "__pycache__" / "task.pyc").write_bytes(b"cached")
    assert load_task(tmp_path, "toy").digest == first.digest
    (first.directory / "words.toml").write_text("words = []", encoding="utf-8")
    beside = load_task(tmp_path, "toy").digest
    with (first.directory / "task.py").open("a", encoding="utf-8") as code:
        code.write("# changed\n")
    assert len({first.digest, beside, load_task(tmp_path, "toy").digest}) == 3


def test_variants_come_from_the_task_and_keep_the_samples_kind(tmp_path: Path) -> None:
    task = toy(tmp_path)
    assert str(task.perturb("claim", np.random.default_rng(0))).startswith("claim")
    code = task.directory / "task.py"
    code.write_text(code.read_text().replace("sample + (tail", "len(sample) if TEXT else (tail"))
    with pytest.raises(ConfigurationError, match="perturb: returns int"):
        load_task(tmp_path, "toy").perturb("claim", np.random.default_rng(0))


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("def generate", "def generates", "generate: is not defined"),
        ('"test": 6', '"test": 5', "yields 5 items"),
        ("label=number % 2", "label=number", "item 2: label is 2"),
        ("label=number % 2", "label=str(number)", "item 0: label is '0'"),
        ("sample=sample if TEXT else", "sample=", "item 0: sample is bytes, not str"),
        ('id=f"{split}-{number}"', 'id="same"', "item 1: id 'same' stands twice"),
        ("group=str(number // 2)", "group=None", "item 0: group is None"),
        ("yield Item(", "yield dict(", "item 0: is dict"),
    ],
)
def test_a_generator_that_breaks_its_card_is_refused(
    tmp_path: Path, old: str, new: str, found: str
) -> None:
    code = write_task(tmp_path) / "task.py"
    content = code.read_text(encoding="utf-8")
    assert old in content
    code.write_text(content.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_task(tmp_path, "toy").load_data("sample", 0)
    assert str(code) in caught.value.message
    assert found in caught.value.message


# --- sample ------------------------------------------------------------------------------------


def test_sample_data_is_made_from_its_seed(tmp_path: Path) -> None:
    task = toy(tmp_path)
    data = task.load_data("sample", 7)
    assert data.test.samples([2, 0]) == ["test 7 2", "test 7 0"]
    assert data.test.labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert data.warm_up.samples(range(len(data.warm_up)))[0] == "train 7 0"
    reference = data.reference
    assert (reference.source, reference.public, reference.items) == ("sample", True, 6)
    assert (reference.seed, reference.generator_version) == (7, 3)
    assert task.load_data("sample", 7).reference == reference
    assert task.load_data("sample", 8).reference.digest != reference.digest


def test_the_digest_is_over_length_prefixed_fields_in_order(tmp_path: Path) -> None:
    def field(content: bytes) -> bytes:
        return len(content).to_bytes(8, "little") + content

    data = load(tmp_path, test=texts("test", 2))
    spelled = field(b"")
    for row, label in ((0, b"0"), (1, b"1")):
        quote = f"test quote {row} é".encode()
        spelled += field(f"test/{row}".encode()) + field(quote) + field(label) + field(b"s0")
    assert data.reference.digest == hashlib.sha256(spelled).hexdigest()


def test_seed_and_generator_version_are_part_of_the_digest(tmp_path: Path) -> None:
    folder = write_task(tmp_path)
    code = folder / "task.py"
    code.write_text(code.read_text().replace("{split} {seed} {number}", "{split} {number}"))
    task = load_task(tmp_path, "toy")
    digests = {task.load_data("sample", seed).reference.digest for seed in (0, 1)}
    card = folder / "task.toml"
    card.write_text(card.read_text().replace("generator_version = 3", "generator_version = 4"))
    digests.add(load_task(tmp_path, "toy").load_data("sample", 0).reference.digest)
    assert len(digests) == 3


# --- a directory -------------------------------------------------------------------------------


def test_text_from_a_directory(tmp_path: Path) -> None:
    data = load(tmp_path, train=texts("train", 5), test=texts("test", 4))
    assert data.test.samples([3, 0, 0]) == ["test quote 3 é", *["test quote 0 é"] * 2]
    assert list(data.test.ids) == ["test/0", "test/1", "test/2", "test/3"]
    assert data.test.labels.tolist() == [0, 1, 0, 1]
    assert data.test.groups is not None
    assert list(data.test.groups) == ["s0", "s0", "s1", "s1"]
    assert len(data.warm_up) == 5
    reference = data.reference
    assert (reference.source, reference.public, reference.items) == ("directory", False, 4)
    assert (reference.seed, reference.hub_id) == (None, None)


@pytest.mark.parametrize("as_struct", [True, False])
def test_encoded_images_come_as_they_are_stored(tmp_path: Path, as_struct: bool) -> None:
    table = images("test", 4)
    if not as_struct:
        stored = pa.array([value["bytes"] for value in table["image"].to_pylist()], pa.binary())
        table = replaced(table, "image", stored)
    task = toy(tmp_path, modality="image")
    data = task.load_data(str(write_parquet(tmp_path / "data", test=table)), 0)
    assert data.test.samples([1]) == [b"\x89PNGtest 1"]
    assert list(data.test.ids) == ["0", "1", "2", "3"]
    assert data.test.ids[1:3] == ["1", "2"]


def test_a_folder_named_as_the_task_is_found_inside(tmp_path: Path) -> None:
    task = toy(tmp_path)
    write_parquet(tmp_path / "all" / "toy", test=texts("test", 3))
    write_parquet(tmp_path / "all" / "other", test=texts("test", 2))
    assert task.load_data(str(tmp_path / "all"), 0).reference.items == 3


def test_shards_files_chunks_and_types_do_not_change_what_is_read(tmp_path: Path) -> None:
    whole = texts("test", 9)
    large = pa.table({name: whole[name].cast(pa.large_string()) for name in whole.column_names})
    encoded = pa.table({name: whole[name].dictionary_encode() for name in whole.column_names})
    plain = load(tmp_path / "0", test=whole)
    sharded = load(tmp_path / "1", test=[whole.slice(0, 2), large.slice(2, 4), encoded.slice(6)])
    assert sharded.reference.digest == plain.reference.digest
    order = [8, 0, 3, 2, 6, 5, 1]
    assert sharded.test.samples(order) == plain.test.samples(order)
    assert sharded.test.ids[7] == plain.test.ids[7] == "test/7"
    assert sharded.test.ids[-2:] == ["test/7", "test/8"]


def test_positions_beyond_the_split_are_an_error_of_the_caller(tmp_path: Path) -> None:
    test = load(tmp_path, test=texts("test", 3)).test
    for wrong in ([3], [-1], [0, 99]):
        with pytest.raises(IndexError):
            test.samples(wrong)
    assert test.samples([]) == []


@pytest.mark.parametrize(
    "labels",
    [
        pa.array(["a", "b", "a", "b"]),
        pa.array(["0_a", "b", "a", "1_b"], pa.large_string()),
        pa.array([0, 1, 0, 1], pa.int8()),
        pa.array([0, 1, 0, 1], pa.uint64()),
        pa.array(["a", "b", "a", "b"]).dictionary_encode(),
    ],
)
def test_labels_are_numbers_names_or_aliases(tmp_path: Path, labels: pa.Array) -> None:
    data = load(tmp_path, test=replaced(texts("test", 4), "label", labels))
    assert data.test.labels.tolist() == [0, 1, 0, 1]


def test_without_numbers_in_the_card_numbers_are_positions(tmp_path: Path) -> None:
    folder = write_task(tmp_path)
    card = folder / "task.toml"
    card.write_text(card.read_text().replace("[0, ", "[").replace("[1, ", "["), encoding="utf-8")
    table = replaced(texts("test", 3), "label", pa.array([1, 0, 1]))
    data = load_task(tmp_path, "toy").load_data(str(write_parquet(tmp_path / "d", test=table)), 0)
    assert data.test.labels.tolist() == [1, 0, 1]


def test_numbers_serve_as_identifiers_and_groups(tmp_path: Path) -> None:
    table = replaced(texts("test", 3), "id", pa.array([30, 10, 20]))
    data = load(tmp_path, test=replaced(table, "source", pa.array([5, 5, 6])))
    assert list(data.test.ids) == ["30", "10", "20"]
    assert data.test.groups is not None
    assert list(data.test.groups) == ["5", "5", "6"]


@pytest.mark.parametrize("kind", [pa.null(), pa.string(), pa.int64()])
@pytest.mark.parametrize("shards", [1, 2])
def test_where_identifiers_are_null_throughout_rows_are_told_by_their_numbers(
    tmp_path: Path, kind: pa.DataType, shards: int
) -> None:
    """As in the public set of quotes, whose ``id`` holds nothing."""

    def without_ids(split: str, count: int) -> list[pa.Table]:
        table = replaced(texts(split, count), "id", pa.nulls(count, kind))
        return [table.slice(0, 2), table.slice(2)] if shards > 1 else [table]

    data = load(tmp_path, test=without_ids("test", 5), train=without_ids("train", 4))
    assert list(data.test.ids) == ["0", "1", "2", "3", "4"]
    assert data.reference.digest == data_digest(data.test)
    assert list(data.warm_up.ids) == ["0", "1", "2", "3"]
    counted = count_folder(load_task(tmp_path, "toy").card, tmp_path / "data")
    assert counted == Counted(data.reference.digest, train_items=4, test_items=5)


def test_identifiers_that_only_some_rows_lack_are_missing(tmp_path: Path) -> None:
    nothing = replaced(texts("test", 3), "id", pa.nulls(3, pa.string()))
    error = fault(tmp_path, test=[nothing, texts("test", 3)])
    assert isinstance(error, RowsError)
    assert [fault.row for fault in error.faults] == [0, 1, 2]


def test_warm_up_holds_no_sample_of_the_test_split(tmp_path: Path) -> None:
    train = pa.concat_tables([texts("train", 2), texts("test", 2), texts("train", 2, start=2)])
    data = load(
        tmp_path, train=replaced(train, "id", pa.array(list("uvwxyz"))), test=texts("test", 4)
    )
    assert list(data.warm_up.ids) == ["u", "v", "y", "z"]
    assert data.warm_up.samples([0, 2]) == ["train quote 0 é", "train quote 2 é"]
    assert data.warm_up.labels.tolist() == [0, 1, 0, 1]


@pytest.mark.parametrize("train", [{}, {"train": texts("test", 3)}, {"train": texts("x", 0)}])
def test_warm_up_is_generated_where_the_train_split_gives_none(
    tmp_path: Path, train: dict[str, pa.Table]
) -> None:
    data = load(tmp_path, test=texts("test", 3), **train)
    assert isinstance(data.warm_up, ItemSplit)
    assert len(data.warm_up) == 4


# --- what is refused ---------------------------------------------------------------------------


def test_a_source_that_is_none_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        toy(tmp_path).load_data(str(tmp_path / "nowhere"), 0)
    assert "sample, hub, a directory" in caught.value.remedy


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    table = texts("test", 2)
    for number, name in enumerate(("id", "quote")):
        doubled = table.append_column(name, table[name])
        error = fault(tmp_path / str(number), test=doubled)
        assert f"test.parquet: column {name!r}: stands twice" in error.message


def test_missing_columns_are_all_named_with_those_that_there_are(tmp_path: Path) -> None:
    error = fault(tmp_path, test=texts("test", 3).drop_columns(["quote", "label"]))
    assert "put each task's in DIR/<task>/" in error.remedy
    message = error.message
    assert "test.parquet" in message
    assert "'quote', 'label'" in message
    assert "there are 'id', 'source', 'url'" in message


def test_a_fault_of_the_train_split_names_its_file(tmp_path: Path) -> None:
    error = fault(tmp_path, test=texts("test", 3), train=texts("t", 2).drop_columns(["id"]))
    assert "train.parquet" in error.message


@pytest.mark.parametrize(
    ("column", "values", "found"),
    [
        ("label", ["0_a", "2_c", "1_b"], "row 1 is '2_c', which is no label of toy"),
        ("label", [0, 1, 2], "row 2 is 2, which is no label"),
        ("label", ["a", None, "b"], "row 1 is null"),
        ("label", [0.0, 1.0, 1.0], "holds double"),
        ("label", [True, False, True], "holds bool"),
        ("quote", ["x", "y", None], "row 2 is null"),
        ("quote", [b"x", b"y", b"z"], "holds binary"),
        ("quote", [None, None, None], "holds null"),
        ("id", ["x", "y", "x"], "row 2 is 'x', as is row 0 of"),
        ("id", ["x", None, "y"], "row 1 is null"),
        ("source", [1.5, 2.5, 3.5], "holds double"),
        ("source", ["x", "y", None], "row 2 is null"),
    ],
)
def test_wrong_values_are_named_with_file_column_and_row(
    tmp_path: Path, column: str, values: list[Any], found: str
) -> None:
    error = fault(tmp_path, test=replaced(texts("test", 3), column, pa.array(values)))
    assert f"test.parquet: column {column!r}: " in error.message
    assert found in error.message


def test_every_row_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    first = replaced(texts("test", 3), "label", pa.array(["a", "c", None]))
    broken = pa.array([None, b"\xff", b"fine"], pa.binary()).view(pa.string())
    second = replaced(replaced(first, "quote", broken), "id", pa.array(["x", "y", "test/0"]))
    second = replaced(second, "label", pa.array(["a", "c", "b"]))
    error = fault(tmp_path, test=[first, second])
    assert isinstance(error, RowsError)
    assert error.message.startswith("6 faults:\n")
    places = [(Path(each.where).name[:10], each.row, each.column) for each in error.faults]
    assert places == [
        ("test-00000", 1, "label"),
        ("test-00000", 2, "label"),
        ("test-00001", 0, "quote"),
        ("test-00001", 1, "quote"),
        ("test-00001", 1, "label"),
        ("test-00001", 2, "id"),
    ]


def test_of_many_wrong_rows_the_first_are_named_and_all_are_counted(tmp_path: Path) -> None:
    labels = ["a", *["?"] * (MOST_SHOWN + 1980)]
    error = fault(tmp_path, test=replaced(texts("test", 2001), "label", pa.array(labels)))
    assert isinstance(error, RowsError)
    assert [each.row for each in error.faults] == list(range(1, MOST_SHOWN + 1))
    assert error.count == 2000
    assert error.message.startswith("2,000 faults:\n")
    assert error.message.endswith(f"\n  and {2000 - MOST_SHOWN:,} more")
    assert error.remedy.count("add the spelling") == 1


def test_a_column_of_nothing_but_wrong_rows_names_them(tmp_path: Path) -> None:
    nothing = pa.array([None] * 3, pa.string())
    error = fault(tmp_path, test=replaced(texts("test", 3), "label", nothing))
    assert error.message.count("is null") == 3


def test_rows_are_counted_within_their_file(tmp_path: Path) -> None:
    second = replaced(texts("test", 3, start=3), "label", pa.array(["a", "b", "c"]))
    error = fault(tmp_path, test=[texts("test", 3), second])
    assert "test-00001-of-00002.parquet: column 'label': row 2 is 'c'" in error.message
    twice = fault(tmp_path / "twice", test=[texts("test", 3), texts("test", 2)])
    assert "test-00001-of-00002.parquet: column 'id': row 0 is 'test/0', as is row 0" in (
        twice.message
    )


def test_texts_that_are_not_utf8_are_refused(tmp_path: Path) -> None:
    broken = pa.array([b"fine", b"\xff\xfe", b"fine"], pa.binary()).view(pa.string())
    error = fault(tmp_path, test=replaced(texts("test", 3), "quote", broken))
    assert "column 'quote': row 1 is not UTF-8" in error.message


@pytest.mark.parametrize(
    ("column", "found"),
    [
        (pa.array([{"path": "a.png"}] * 2), "is a struct of path"),
        (pa.array([{"bytes": b"x", "path": "a"}, {"bytes": None, "path": None}]), "row 1 is null"),
        (
            pa.array([{"bytes": b"x", "path": "a"}, {"bytes": None, "path": "b"}]),
            "row 1 names the file 'b', and does not hold it",
        ),
        (pa.array([{"bytes": None, "path": 3}, {"bytes": b"x", "path": None}]), "row 0 is null"),
        (pa.array([{"bytes": b"x"}, None]), "row 1 is null"),
        (pa.array(["a.png", "b.png"]), "holds string"),
    ],
)
def test_images_that_are_not_stored_are_refused(
    tmp_path: Path, column: pa.Array, found: str
) -> None:
    task = toy(tmp_path, modality="image", columns=IMAGE_COLUMNS)
    table = replaced(images("test", 2), "image", column)
    with pytest.raises(ConfigurationError, match=found):
        task.load_data(str(write_parquet(tmp_path / "data", test=table)), 0)


def test_a_directory_without_a_test_split_is_refused(tmp_path: Path) -> None:
    error = fault(tmp_path, train=texts("train", 3))
    assert "no test.parquet" in error.message
    assert "train.parquet" in error.message


def test_a_directory_that_may_not_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = toy(tmp_path)

    def refuse(_: Path) -> bool:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(ConfigurationError, match="cannot be read: Permission denied"):
        task.load_data(str(tmp_path), 0)


def test_an_empty_test_split_is_refused(tmp_path: Path) -> None:
    assert "has no rows" in fault(tmp_path, test=texts("test", 0)).message


def test_a_missing_shard_is_refused(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path / "d", test=[texts("test", 2), texts("test", 2, start=2)])
    (folder / "test-00000-of-00002.parquet").unlink()
    with pytest.raises(ConfigurationError, match="one of 2 shards, and 1 are here; missing: 0"):
        toy(tmp_path).load_data(str(folder), 0)


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["00000-of-00003-0123456789abcdef"], "one of 3 shards, and 1 are here; missing: 1, 2"),
        (["00000-of-00002", "0-of-2"], r"test-00000-of-00002\.parquet: has the number of test-0-"),
        (["00000-of-00002", "00002-of-00002"], "one of 2 shards, and 2 are here; missing: 1"),
        (["00000-of-00002", "00001-of-00003"], "one of 3 shards, and 2 are here; missing: 2"),
        (["00000-of-00001", "extra"], r"both test-00000-of-00001\.parquet and test-extra\.parquet"),
        (["00000-of-00001-ab", "00000-of-00001-cd"], "has the number of"),
    ],
)
def test_shards_that_do_not_make_a_split_are_refused(
    tmp_path: Path, names: list[str], found: str
) -> None:
    write_files(tmp_path / "d", names)
    with pytest.raises(ConfigurationError, match=found):
        toy(tmp_path).load_data(str(tmp_path / "d"), 0)


@pytest.mark.parametrize(
    "names",
    [
        ["00000-of-00002-0123456789abcdef", "00001-of-00002-fedcba9876543210"],
        ["1-of-2", "2-of-2"],
        ["one", "two"],
    ],
)
def test_shards_of_other_names_make_a_split(tmp_path: Path, names: list[str]) -> None:
    write_files(tmp_path / "d", names)
    assert len(toy(tmp_path).load_data(str(tmp_path / "d"), 0).test) == 4


def write_files(folder: Path, names: list[str]) -> None:
    """Write files of the test split with these endings of their names."""
    folder.mkdir()
    for number, name in enumerate(names):
        pq.write_table(texts("test", 2, start=2 * number), folder / f"test-{name}.parquet")


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_folder_with_the_name_of_a_split_is_told(tmp_path: Path, split: str) -> None:
    """As Spark writes: else there would be no such split, or none to warm up with."""
    folder = write_parquet(tmp_path / "d", test=texts("test", 2))
    (folder / f"{split}.parquet").unlink(missing_ok=True)
    write_files(folder / f"{split}.parquet", ["part"])
    with pytest.raises(ConfigurationError, match=rf"{split}\.parquet: is a folder"):
        toy(tmp_path).load_data(str(folder), 0)


def test_a_split_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    folder = write_parquet(tmp_path / "d", test=texts("test", 2))
    write_parquet(folder, test=[texts("test", 2)])
    with pytest.raises(ConfigurationError, match="holds both"):
        toy(tmp_path).load_data(str(folder), 0)


@pytest.mark.parametrize("content", [b"", b"PAR1 but not really", None])
def test_parquet_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes | None) -> None:
    folder = write_parquet(tmp_path / "d", test=texts("test", 500))
    path = folder / "test.parquet"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    with pytest.raises(ConfigurationError, match=r"test\.parquet: cannot be read as Parquet"):
        toy(tmp_path).load_data(str(folder), 0)


def test_corrupt_pages_are_refused(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "data", test=texts("test", 500)) / "test.parquet"
    content = bytearray(path.read_bytes())
    content[60:400] = b"\xff" * 340
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"test\.parquet: "):
        toy(tmp_path).load_data(str(path.parent), 0)


# --- boxes -------------------------------------------------------------------------------------


def load_framed(root: Path, **splits: pa.Table | list[pa.Table]) -> TaskData:
    write_detection_task(root)
    data = str(write_parquet(root / "data", **splits))
    return load_task(root, "toy").load_data(data, 0)


def test_annotations_say_where_the_object_is_and_so_what_the_label_is(tmp_path: Path) -> None:
    data = load_framed(tmp_path, test=framed(["", "0 0.5 0.5 0.2 0.4\n0 0.2 0.2 0.2 0.2", " "]))
    assert data.test.labels.tolist() == [0, 1, 0]
    assert data.test.boxes is not None
    assert [len(boxes) for boxes in data.test.boxes] == [0, 2, 0]
    np.testing.assert_allclose(data.test.boxes[1][0], [0.4, 0.3, 0.6, 0.7])


def test_generated_items_have_their_boxes(tmp_path: Path) -> None:
    write_detection_task(tmp_path)
    test = load_task(tmp_path, "toy").load_data("sample", 0).test
    assert test.boxes is not None
    assert [len(boxes) for boxes in test.boxes] == test.labels.tolist() == [0, 1] * 3


@pytest.mark.parametrize(
    ("annotation", "found"),
    [
        ("0 0.5 0.5 0.2", "row 2 is malformed: line 1 has 4 fields"),
        ("0 0.5 0.5 0.2 0.2\n0 0.5 0.5 0.2 -1", "row 2 is malformed: line 2 is a box of 0.2 by -1"),
        ("smoke 0.5 0.5 0.2 0.2", "row 2 is malformed: line 1 is 'smoke 0.5 0.5 0.2 0.2'"),
        ("0 640 320 20 20", "row 2 is malformed: line 1 reaches from"),
        (None, "row 2 is null"),
    ],
)
def test_malformed_annotations_are_named_with_row_and_column(
    tmp_path: Path, annotation: str | None, found: str
) -> None:
    rows = ["", "0 0.5 0.5 0.2 0.4", annotation, ""]
    with pytest.raises(ConfigurationError) as caught:
        load_framed(tmp_path, test=framed(rows))
    assert f"test.parquet: column 'annotations': {found}" in caught.value.message
    assert caught.value.remedy


def test_every_malformed_annotation_is_named(tmp_path: Path) -> None:
    rows = ["0 0.5 0.5 0.2", "", "0 0.5 0.5 0.2 0.4", None, "smoke", "0 640 320 20 20"]
    with pytest.raises(RowsError) as caught:
        load_framed(tmp_path, test=framed(rows))
    assert [fault.row for fault in caught.value.faults] == [0, 3, 4, 5]
    assert "line 1 has 1 field," in caught.value.faults[2].found


@pytest.mark.parametrize("group", ["scene", "camera"])
def test_of_several_columns_for_groups_the_first_that_is_there_is_taken(
    tmp_path: Path, group: str
) -> None:
    data = load_framed(tmp_path, test=framed([""] * 4, group=group), train=framed([""] * 2))
    assert data.test.groups is not None
    assert list(data.test.groups) == ["scene 0"] * 3 + ["scene 1"]
    both = framed([""] * 4, group=group).append_column(
        "camera" if group == "scene" else "scene", pa.array(list("wxyz"))
    )
    test = load_framed(tmp_path / "both", test=both).test
    assert test.groups is not None
    expected = ["scene 0"] * 3 + ["scene 1"] if group == "scene" else list("wxyz")
    assert list(test.groups) == expected


def test_data_without_any_column_for_groups_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"column 'scene'.* or 'camera'.*: is missing"):
        load_framed(tmp_path, test=framed([""] * 4).drop_columns(["scene"]))


def test_shards_of_one_split_have_the_same_column_for_groups(tmp_path: Path) -> None:
    shards = [framed([""] * 2), framed([""] * 2, group="camera")]
    with pytest.raises(ConfigurationError, match=r"00001-of-00002.parquet: column 'scene'"):
        load_framed(tmp_path, test=shards)


def test_a_shard_may_have_more_columns_for_groups_than_the_first(tmp_path: Path) -> None:
    more = framed([""] * 2, group="camera").append_column("scene", pa.array(["x", "y"]))
    test = load_framed(tmp_path, test=[framed([""] * 2, group="camera"), more]).test
    assert test.groups is not None
    assert list(test.groups) == ["scene 0"] * 4


# --- looking through ---------------------------------------------------------------------------


def test_counting_keeps_no_sample_and_checks_every_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_task(tmp_path)
    task = load_task(tmp_path, "toy")
    folder = write_parquet(tmp_path / "data", train=texts("train", 5), test=texts("test", 4))
    digest = task.load_data(str(folder), 0).reference.digest

    class NoSpool:
        def __init__(self, **_: object) -> None:
            raise AssertionError("samples are kept")

    monkeypatch.setattr(spooled, "Spool", NoSpool)
    assert count_folder(task.card, folder) == Counted(digest, train_items=5, test_items=4)
    write_parquet(folder, train=pa.concat_tables([texts("train", 3), texts("train", 1)]))
    with pytest.raises(ConfigurationError, match="row 3 is 'train/0', as is row 0 of"):
        count_folder(task.card, folder)


def test_the_train_split_is_loaded_without_the_rows_of_the_test(tmp_path: Path) -> None:
    test = replaced(texts("test", 2), "label", pa.array(["a", "none of them"]))
    folder = write_parquet(tmp_path / "data", train=texts("train", 5), test=test)
    write_task(tmp_path)
    assert len(load_task(tmp_path, "toy").load_split(str(folder), 0, "train")) == 5


def test_who_wants_the_test_items_alone_has_no_others_generated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_task(tmp_path)
    whole = load_task(tmp_path, "toy").load_data("sample", 3)
    splits: list[str] = []
    generate = TaskCode.generate

    def asked(self: TaskCode, seed: int, name: SplitName) -> list[Item]:
        splits.append(name)
        return generate(self, seed, name)

    monkeypatch.setattr(TaskCode, "generate", asked)
    alone = load_task(tmp_path, "toy").load_test("sample", 3)

    assert splits == ["test"]
    assert alone.reference == whole.reference
    assert alone.test.ids == whole.test.ids


def test_the_test_items_of_a_directory_are_those_that_are_evaluated(tmp_path: Path) -> None:
    write_task(tmp_path)
    folder = str(write_parquet(tmp_path / "data", train=texts("train", 4), test=texts("test", 3)))
    task = load_task(tmp_path, "toy")
    alone, whole = task.load_test(folder, 0), task.load_data(folder, 0)
    assert (alone.reference, [*alone.test.ids]) == (whole.reference, [*whole.test.ids])
    write_parquet(tmp_path / "data", train=texts("train", 4).set_column(1, "quote", pa.nulls(4)))
    assert task.load_test(folder, 0).reference == whole.reference  # nothing of it is read
