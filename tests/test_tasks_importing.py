"""An organiser's own files, made into train and test Parquet; and what is refused."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_task import write_task

from harness.errors import ConfigurationError, UsageError
from harness.tasks import load_task
from harness.tasks.converting import convert, find_converters
from harness.tasks.directory import read_parts
from harness.tasks.generator import SplitName
from harness.tasks.importing import Halving, groups_for_test, import_set
from harness.tasks.kept import Import, KeptSet
from harness.tasks.listed import Faults, Names
from harness.tasks.protocol import Item
from harness.tasks.spooled import SpooledSplit
from harness.tasks.task import FolderTask
from harness.tasks.writing import BATCH_BYTES, write_items

BOXES = """
[detection]
positive = "b"
least_score = 0.5
least_overlap = 0.5
"""


def toy(root: Path, modality: str = "text") -> FolderTask:
    write_task(root, modality=modality, hub="")
    return load_task(root, "toy")


def boxed(root: Path) -> FolderTask:
    """Return an image task that asks for boxes."""
    folder = write_task(
        root, modality="image", columns='sample = "image"\nboxes = "annotations"', hub=BOXES
    )
    card = folder / "task.toml"
    text = card.read_text().replace('outputs = ["index", "scores"]', 'outputs = ["image_score"]')
    card.write_text(text)
    return load_task(root, "toy")


def imported(  # noqa: PLR0917 - as the function that it calls
    task: FolderTask,
    form: str,
    source: Path,
    destination: Path,
    names: Names | None = None,
    halving: Halving | None = None,
    *,
    force: bool = False,
) -> KeptSet:
    return import_set(
        task.card,
        form,
        source,
        destination,
        names=names or Names(),
        halving=halving,
        force=force,
    )


def quotes(path: Path, rows: int, delimiter: str = ",") -> Path:
    lines = [delimiter.join(("id", "quote", "label", "source"))]
    lines += [
        delimiter.join((f"i{row}", f'"quote, {row}\né"', ("a", "1_b")[row % 2], f"s{row // 4}"))
        for row in range(rows)
    ]
    path.write_text("\n".join(lines), encoding="utf-8-sig")
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_split_by_groups_and_loads_as_the_tasks_data(
    tmp_path: Path, delimiter: str
) -> None:
    task = toy(tmp_path)
    source = quotes(tmp_path / "quotes.csv", 40, delimiter)
    kept = imported(task, "csv", source, tmp_path / "set")
    data = task.load_data(str(tmp_path / "set"), 0)
    assert data.reference.digest == kept.digest
    assert not data.reference.public
    train = task.load_split(str(tmp_path / "set"), 0, "train")
    assert (kept.test_items, kept.train_items) == (len(data.test), len(train)) == (8, 32)
    assert kept.imported == Import(form="csv", seed=0, test_share=0.2)
    assert data.test.groups is not None
    assert train.groups is not None
    assert set(data.test.groups).isdisjoint(train.groups)
    items = {**dict(zip(data.test.ids, data.test.samples(range(8)), strict=True))}
    for item_id, sample in items.items():
        assert sample == f"quote, {item_id[1:]}\né"
    row = int(data.test.ids[0][1:])
    assert data.test.labels[0] == row % 2


def test_another_seed_makes_another_split_and_the_same_seed_the_same(tmp_path: Path) -> None:
    task, source = toy(tmp_path), quotes(tmp_path / "q.csv", 40)
    digests = [
        imported(task, "csv", source, tmp_path / f"set{number}", halving=Halving(seed=seed)).digest
        for number, seed in enumerate((0, 0, 1))
    ]
    assert digests[0] == digests[1] != digests[2]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_texts_may_be_empty_long_and_in_any_script(tmp_path: Path, form: str) -> None:
    task = toy(tmp_path)
    samples = ["", "x" * 10_000_000, "気候は 変わる 🌍 مناخ", 'a "quoted",\nline']
    source = tmp_path / f"rows.{form}"
    if form == "jsonl":
        lines = [json.dumps({"quote": sample, "label": "a"}) for sample in samples]
        source.write_text("\n".join(lines))
    else:
        with source.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("quote", "label"), *((each, "a") for each in samples)])
    limit = csv.field_size_limit()
    imported(task, form, source, tmp_path / "set", halving=Halving(test_share=1.0))
    assert task.load_data(str(tmp_path / "set"), 0).test.samples(range(4)) == samples
    assert csv.field_size_limit() == limit, "it is of the whole process, and others rely on it"


def test_what_is_written_is_a_batch_at_a_time_however_large_items_are(tmp_path: Path) -> None:
    task = toy(tmp_path)
    for name, count, size, groups in (("many", 600, 10, 3), ("large", 5, BATCH_BYTES // 2, 3)):
        made: Iterator[tuple[SplitName, Item]] = (
            ("test", Item(id=str(row), sample="x" * size, label=0, group="g"))
            for row in range(count)
        )
        write_items(task.card, made, tmp_path / name, Import(form="x"), force=False)
        assert pq.ParquetFile(tmp_path / name / "test.parquet").num_row_groups == groups


def test_a_whole_source_can_be_for_the_test(tmp_path: Path) -> None:
    task, source = toy(tmp_path), quotes(tmp_path / "q.csv", 10)
    kept = imported(task, "csv", source, tmp_path / "set", halving=Halving(test_share=1.0))
    assert (kept.test_items, kept.train_items) == (10, 0)
    assert len(task.load_data(str(tmp_path / "set"), 0).warm_up)  # generated items, then


@given(
    st.dictionaries(st.text(max_size=4), st.integers(1, 9), min_size=1, max_size=30),
    st.floats(0.01, 1.0),
    st.integers(0, 2**32),
)
def test_the_share_is_met_as_closely_as_whole_groups_allow(
    groups: dict[str, int], share: float, seed: int
) -> None:
    chosen = groups_for_test(groups, Halving(seed=seed, test_share=share))
    taken = sum(groups[group] for group in chosen)
    assert chosen
    assert abs(taken - share * sum(groups.values())) <= max(groups.values())


def test_json_lines_may_say_which_split_and_call_columns_as_they_like(tmp_path: Path) -> None:
    task = toy(tmp_path)
    rows = [
        {"text": f"t{row}", "class": row % 2, "where": "test" if row == 3 else "train"}
        for row in range(5)
    ]
    source = tmp_path / "rows.jsonl"
    source.write_text("\n\n".join(map(json.dumps, rows)))
    names = Names(sample="text", label="class", split="where")
    kept = imported(task, "jsonl", source, tmp_path / "set", names)
    assert kept.imported == Import(form="jsonl")
    data = task.load_data(str(tmp_path / "set"), 0)
    assert (list(data.test.ids), data.test.samples([0])) == (["3"], ["t3"])
    assert data.test.labels.tolist() == [1]


def test_a_folder_for_each_class_keeps_files_as_they_are(tmp_path: Path) -> None:
    task = toy(tmp_path, "image")
    source = tmp_path / "tiles"
    for row in range(12):
        path = source / ("a", "1_b")[row % 2] / f"scene{row // 4}" / f"{row}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG %d" % row)
    (source / ".hidden").write_text("left out")
    kept = imported(task, "folder", source, tmp_path / "set", halving=Halving(test_share=0.3))
    assert (kept.test_items, kept.train_items) == (4, 8)
    data = task.load_data(str(tmp_path / "set"), 0)
    assert data.test.groups is not None
    assert len(set(data.test.groups)) == 1
    for sample, label in zip(data.test.samples(range(4)), data.test.labels, strict=True):
        assert int(bytes(sample[5:])) % 2 == label  # type: ignore[arg-type]
    stored = pq.read_table(tmp_path / "set" / "test.parquet").column("image").to_pylist()
    assert all(set(each) == {"bytes", "path"} for each in stored)


def test_folders_of_train_and_test_are_taken_as_that(tmp_path: Path) -> None:
    task = toy(tmp_path)
    for split, count in (("train", 3), ("test", 2)):
        for row in range(count):
            path = tmp_path / "texts" / split / "ab"[row % 2] / f"{row}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{split} {row}")
    kept = imported(task, "folder", tmp_path / "texts", tmp_path / "set")
    assert (kept.test_items, kept.train_items) == (2, 3)
    for halving in (Halving(seed=3), Halving(test_share=1.0)):
        with pytest.raises(UsageError, match="--seed and --test-share would decide it"):
            imported(task, "folder", tmp_path / "texts", tmp_path / "no", halving=halving)
    (tmp_path / "texts" / "README.md").write_text("what this is")
    told = faults(task, "folder", tmp_path / "texts")
    assert told == f"{tmp_path}/texts/README.md: lies in no folder of a class"


def test_boxes_are_written_as_the_hub_writes_them(tmp_path: Path) -> None:
    task = boxed(tmp_path)
    (tmp_path / "0.png").write_bytes(b"smoke")
    (tmp_path / "1.png").write_bytes(b"none")
    rows = [
        {"file_name": "0.png", "annotations": "0 0.5 0.5 0.25 0.5\n3 .2 .2 .1 .1"},
        {"file_name": "1.png", "annotations": ""},
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    imported(task, "jsonl", tmp_path / "rows.jsonl", tmp_path / "set", halving=Halving(0, 1.0))
    written = pq.read_table(tmp_path / "set" / "test.parquet").column("annotations").to_pylist()
    assert written == [
        "0 0.500000 0.500000 0.250000 0.500000\n0 0.200000 0.200000 0.100000 0.100000",
        "",
    ]
    parts = read_parts([tmp_path / "set" / "test.parquet"], task.card)
    assert SpooledSplit(parts, task.card).labels.tolist() == [1, 0]


def faults(task: FolderTask, form: str, source: Path, names: Names | None = None) -> str:
    destination = source.parent / "never"
    with pytest.raises(ConfigurationError) as caught:
        imported(task, form, source, destination, names)
    assert caught.value.remedy
    assert not destination.exists()
    assert not list(source.parent.glob(".never*"))
    return caught.value.message


def test_every_fault_of_a_source_is_named_at_once_with_file_and_row(tmp_path: Path) -> None:
    task = toy(tmp_path, "image")
    source = tmp_path / "tiles.csv"
    source.write_text(
        "path,label,scene,id,part\n0.png,a,s,x,test\n1.png,c,s,x,test\n0.png,,,y,dev\n"
    )
    (tmp_path / "0.png").write_bytes(b"png")
    told = faults(task, "csv", source, Names(id="id", split="part"))
    assert told.splitlines()[0] == f"{source}: 6 faults:"
    for found in (
        f"{source}: row 2 (up to line 3): there is no file '{tmp_path / '1.png'}'",
        f"{source}: row 2 (up to line 3): label 'c' is no label of toy (a, b)",
        f"row 2 (up to line 3): id 'x' is that of {source}: row 1 (up to line 2), too",
        "row 3 (up to line 4): label '' is no label of toy",
        "row 3 (up to line 4): group is ''",
        "row 3 (up to line 4): split is 'dev', neither 'train' nor 'test'",
    ):
        assert found in told


def test_a_number_of_more_digits_than_python_reads_is_no_label(tmp_path: Path) -> None:
    source = tmp_path / "quotes.csv"
    source.write_text(f"quote,label\nx,a\ny,{'9' * 5_000}\n")
    assert "9' is no label of toy (a, b)" in faults(toy(tmp_path), "csv", source)


def test_of_many_faults_the_first_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    task = toy(tmp_path)
    lines = ["quote,label", *["x,none"] * 50]
    (tmp_path / "q.csv").write_text("\n".join(lines))
    told = faults(task, "csv", tmp_path / "q.csv").splitlines()
    assert told[0].endswith("50 faults:")
    assert len(told) == Faults.SHOWN + 2
    assert told[-1] == "  and 30 more"


def test_rows_that_are_none_are_all_named_with_the_faults_of_the_others(tmp_path: Path) -> None:
    task = toy(tmp_path)
    table, lines = tmp_path / "q.csv", tmp_path / "q.jsonl"
    table.write_bytes(b"quote,label\nx,a,more\nx,none\nx\ny,a\n\xff,a\nx\n")
    lines.write_bytes(b'{"quote": "x"\n\xff\n[1]\n\n{"label": "a"}\n{"quote": "x", "label": "z"}\n')

    told = faults(task, "csv", table).splitlines()
    assert told[0].endswith("5 faults:")
    for line, found in zip(
        told[1:], ("more cells", "'none'", "fewer cells", "UTF-8", "fewer cells"), strict=True
    ):
        assert found in line
    told = faults(task, "jsonl", lines).splitlines()
    assert told[0].endswith("5 faults:")
    for line, found in zip(
        told[1:],
        ("line 1: is not as", "line 2: is not UTF-8", "line 3: is no", "line 5: column", "line 6"),
        strict=True,
    ):
        assert found in line


@pytest.mark.parametrize(
    ("form", "content", "found"),
    [
        ("csv", b"quote,label\nx,a,more\n", "row 1 (up to line 2): has more cells"),
        ("csv", b"quote,label\nx\n", "row 1 (up to line 2): has fewer cells"),
        ("csv", b"quote,label\n\xff,a\n", "is not UTF-8"),
        ("csv", b'quote,label\n"x,a\n', "row 1 or the one below it: is not as it should be"),
        ("csv", b"quote,l\xff\nx,a\n", "its header is not UTF-8"),
        ("csv", b"text,label\nx,a\n", "column 'quote' is missing; there are 'label', 'text'"),
        ("csv", b"quote,label,label\nx,a,b\n", "its header has the column 'label' twice"),
        ("csv", b"quote,label\n", "holds no item"),
        (
            "jsonl",
            b'{"quote": "x", "label": "a"}\n{"quote": "y", "label": "a", "label": "b"}',
            "line 2: is not as it should be written: the key 'label' stands twice",
        ),
        ("csv", b"", "holds no item"),
        ("jsonl", b'{"quote": "x", "label": "a"}\n[1]\n', "line 2: is no JSON object"),
        ("jsonl", b'{"quote": 3, "label": "a"}', "line 1: the sample is 3, no text"),
        ("jsonl", b'{"quote": "x", "label": true}', "line 1: label True is no label"),
        ("jsonl", b'{"quote": "x", "label": "a"}\n{"label": "a"}', "line 2: column 'quote'"),
        ("jsonl", b'{"quote": "x", "label": "a", "id": 1.5}', "id is 1.5"),
        (
            "jsonl",
            b'{"quote": "\\ud83d", "label": "a"}',
            "line 1: sample is '\\ud83d', which",
        ),
        ("jsonl", b'{"quote": "x", "label": "a", "id": "\\ud83d"}', "line 1: id is '\\ud83d', wh"),
        (
            "jsonl",
            b'{"quote": "x", "label": "a", "source": "\\ud83d"}',
            "line 1: group is '\\ud83d'",
        ),
    ],
)
def test_a_source_that_is_not_as_it_should_be_is_refused(
    tmp_path: Path, form: str, content: bytes, found: str
) -> None:
    source = tmp_path / "rows"
    source.write_bytes(content)
    assert found in faults(toy(tmp_path), form, source)


def test_a_file_beside_the_class_folders_is_named(tmp_path: Path) -> None:
    (tmp_path / "texts" / "c").mkdir(parents=True)
    (tmp_path / "texts" / "readme.txt").write_text("x")
    (tmp_path / "texts" / "c" / "0.txt").write_text("x")
    told = faults(toy(tmp_path), "folder", tmp_path / "texts")
    assert "readme.txt: lies in no folder of a class" in told
    assert "0.txt: label 'c' is no label" in told


def test_a_file_whose_name_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / "texts" / "a").mkdir(parents=True)
    Path(os.fsdecode(bytes(tmp_path / "texts" / "a") + b"/\xff.txt")).write_text("x")
    told = faults(toy(tmp_path), "folder", tmp_path / "texts")
    assert f"{tmp_path}/texts/a/\\udcff.txt: sample is 'a/\\udcff.txt', which cannot" in told


def test_a_name_that_no_file_can_have_is_a_fault_of_its_row(tmp_path: Path) -> None:
    task = toy(tmp_path, "image")
    (tmp_path / "rows.csv").write_text(f"path,label,scene\n{'x' * 300},a,s\n")
    assert "row 1 (up to line 2): '" in faults(task, "csv", tmp_path / "rows.csv")


def test_no_folder_is_passed_over_in_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = toy(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "texts" / "a").mkdir(parents=True)
    (tmp_path / "texts" / "a" / "0.txt").write_text("x")
    link = tmp_path / "texts" / "b"
    link.symlink_to(tmp_path / "elsewhere")
    assert f"{link}: is a link to a folder" in faults(task, "folder", tmp_path / "texts")
    link.unlink()
    scandir = os.scandir

    def refuse(path: str) -> object:
        if Path(path).name == "a":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    told = faults(task, "folder", tmp_path / "texts")
    assert told == f"{tmp_path / 'texts' / 'a'}: cannot be read: Permission denied"


def test_malformed_boxes_are_named(tmp_path: Path) -> None:
    task = boxed(tmp_path)
    (tmp_path / "0.png").write_bytes(b"smoke")
    (tmp_path / "rows.csv").write_text("path,annotations\n0.png,0 0.5 0.5 9 0.5\n")
    told = faults(task, "csv", tmp_path / "rows.csv")
    assert "row 1 (up to line 2): annotations: line 1 reaches from" in told
    (tmp_path / "smoke").mkdir()
    assert "says nothing of boxes" in faults(task, "folder", tmp_path / "smoke")


def test_a_place_that_is_taken_is_kept_and_a_set_is_replaced_only_by_force(tmp_path: Path) -> None:
    task, source = toy(tmp_path), quotes(tmp_path / "q.csv", 4)
    first = imported(task, "csv", source, tmp_path / "set")
    with pytest.raises(UsageError, match="is there already"):
        imported(task, "csv", source, tmp_path / "set")
    quotes(source, 9)
    second = imported(task, "csv", source, tmp_path / "set", force=True)
    assert first.digest != second.digest
    assert task.load_data(str(tmp_path / "set"), 0).reference.digest == second.digest
    for name in ("thesis.tex", "sales-2024.parquet", "test-sales.parquet"):
        (tmp_path / "set" / name).write_text("years of work")
        with pytest.raises(UsageError, match=f"holds {name}, which is no file of the set"):
            imported(task, "csv", source, tmp_path / "set", force=True)
        (tmp_path / "set" / name).unlink()
    imported(task, "csv", source, tmp_path / "set", force=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["q.csv", "set", "tasks"]


@pytest.mark.parametrize("name", ["sales-2024.parquet", "test.parquet"])
def test_a_folder_that_does_not_say_it_is_a_set_is_not_replaced(tmp_path: Path, name: str) -> None:
    task, source = toy(tmp_path), quotes(tmp_path / "q.csv", 4)
    (tmp_path / "sales").mkdir()
    own = tmp_path / "sales" / name
    own.write_text("years of work")
    for taken in (tmp_path / "sales", own):
        with pytest.raises(UsageError, match=r"holds no set\.json"):
            imported(task, "csv", source, taken, force=True)
    assert own.read_text() == "years of work"


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    task = toy(tmp_path)

    def items() -> Iterator[tuple[SplitName, Item]]:
        yield from ()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_items(task.card, items(), tmp_path / "set", Import(form="x"), force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["tasks"]


CONVERT = """
from harness.tasks.protocol import Item

def lines(source):
    for number, line in enumerate(source.read_text().splitlines()):
        split, label = line.split()
        yield split, Item(id=str(number), sample=line, label=int(label), group=str(number))

CONVERTERS = {"lines": lines}
"""


def converting(root: Path, code: str = CONVERT) -> FolderTask:
    folder = write_task(root)
    (folder / "convert.py").write_text(code)
    return load_task(root, "toy")


def test_a_task_brings_converters_of_its_own(tmp_path: Path) -> None:
    task = converting(tmp_path)
    source = tmp_path / "lines.txt"
    source.write_text("train 0\ntest 1\ntrain 1\n")
    converters = find_converters(task.directory, task.card)
    assert list(converters) == ["lines"]
    made = convert(task.card, converters["lines"], "lines", source)
    kept = write_items(task.card, made, tmp_path / "set", Import(form="lines"), force=False)
    assert (kept.train_items, kept.test_items) == (2, 1)
    assert Counter(task.load_split(str(tmp_path / "set"), 0, "train").labels.tolist()) == {
        0: 1,
        1: 1,
    }


def test_converters_are_no_part_of_what_decides_the_tasks_scores(tmp_path: Path) -> None:
    with_them = converting(tmp_path)
    (with_them.directory / "convert.py").unlink()
    assert load_task(tmp_path, "toy").digest == with_them.digest
    assert find_converters(with_them.directory, with_them.card) == {}


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("train 0\ndev 1", "item 1 of lines (1): is of split 'dev'"),
        ("train 0\ntest 9", "item 1 of lines (1): label is 9"),
        ("train 0\ntest", "after 1 items of lines: not enough values"),
        ("train 0", "no item is in the test split"),
    ],
)
def test_what_a_converter_makes_is_held_to_the_card(
    tmp_path: Path, content: str, found: str
) -> None:
    task = converting(tmp_path)
    (tmp_path / "lines.txt").write_text(content)
    converter = find_converters(task.directory, task.card)["lines"]
    made = convert(task.card, converter, "lines", tmp_path / "lines.txt")
    with pytest.raises(ConfigurationError) as caught:
        write_items(task.card, made, tmp_path / "set", Import(form="lines"), force=False)
    assert found in caught.value.message
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lines.txt", "tasks"]


def test_a_file_of_converters_without_any_is_named(tmp_path: Path) -> None:
    task = converting(tmp_path, "CONVERTERS = ['lines']")
    with pytest.raises(ConfigurationError, match="CONVERTERS: is no mapping"):
        find_converters(task.directory, task.card)
