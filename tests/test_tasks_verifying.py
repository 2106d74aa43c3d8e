"""A look through a whole data set: what decoding shows, with file, row and column."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from toy_task import images, texts, write_parquet, write_task

from harness.tasks import load_task
from harness.tasks.decoding import Form, decoder_of
from harness.tasks.generator import SplitName, TaskCode
from harness.tasks.protocol import Item
from harness.tasks.verifying import MOST_SHOWN, DataReport, verify


def tile(number: int, *, size: int = 8, form: str = "PNG") -> bytes:
    pixels = np.random.default_rng(number).integers(0, 255, (size, size, 3), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form)
    return stream.getvalue()


def with_samples(split: str, samples: list[bytes]) -> pa.Table:
    table = images(split, len(samples))
    stored = [{"bytes": sample, "path": None} for sample in samples]
    return table.set_column(0, "image", pa.array(stored, table.schema.field("image").type))


def look(root: Path, modality: str = "text", **splits: pa.Table | list[pa.Table]) -> DataReport:
    write_task(root, modality=modality)
    source = str(write_parquet(root / "data", **splits))
    return verify(load_task(root, "toy"), source, 0)


def test_a_set_with_nothing_wrong_is_counted_by_split_label_and_group(tmp_path: Path) -> None:
    report = look(tmp_path, train=texts("train", 6), test=texts("test", 5))
    assert report.ok
    assert (report.findings, report.counts) == ((), {})
    assert report.splits["test"].labels == {"a": 3, "b": 2}
    assert report.splits["test"].groups == 3
    assert report.splits["train"].items == 6
    assert report.reference is not None
    assert report.reference.digest


def test_generated_data_is_generated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_task(tmp_path)
    splits: list[str] = []
    generate = TaskCode.generate

    def asked(self: TaskCode, seed: int, name: SplitName) -> list[Item]:
        splits.append(name)
        return generate(self, seed, name)

    monkeypatch.setattr(TaskCode, "generate", asked)
    report = verify(load_task(tmp_path, "toy"), "sample", 0)

    assert report.ok
    assert splits == ["test", "train"]


def test_images_that_cannot_be_decoded_are_named_by_file_row_and_column(tmp_path: Path) -> None:
    whole = [tile(number) for number in range(4)]
    first = with_samples("test", whole[:2])
    second = with_samples("test", [whole[2], whole[3][:-30], b"", b"\x89PNG?"])
    train = with_samples("train", [tile(9), tile(10, form="JPEG")[:-200]])
    report = look(tmp_path, "image", train=train, test=[first, second])
    assert not report.ok
    assert report.counts == {"undecodable": 4}
    places = [(Path(each.where).name, each.row, each.column) for each in report.findings]
    assert places == [
        ("test-00001-of-00002.parquet", 1, "image"),
        ("test-00001-of-00002.parquet", 2, "image"),
        ("test-00001-of-00002.parquet", 3, "image"),
        ("train.parquet", 1, "image"),
    ]
    assert "0x" not in "".join(each.message for each in report.findings)
    assert report.splits["test"].decoded == 3
    assert report.splits["test"].forms == {"8 x 8 RGB": 3}


def test_of_many_the_first_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    bad = [b"no image %d" % number for number in range(MOST_SHOWN + 5)]
    report = look(tmp_path, "image", test=with_samples("test", bad))
    assert report.counts == {"undecodable": MOST_SHOWN + 5}
    assert [each.row for each in report.findings] == list(range(MOST_SHOWN))


def test_samples_in_both_splits_are_named(tmp_path: Path) -> None:
    train = texts("train", 4)
    shared = texts("test", 3)["quote"].to_pylist()[2]
    quotes = [*train["quote"].to_pylist()[:3], shared]
    train = train.set_column(1, "quote", pa.array(quotes))
    report = look(tmp_path, train=train, test=texts("test", 3))
    assert report.counts == {"in-both": 1}
    assert report.findings[0].row == 3
    assert "test item 'test/2'" in report.findings[0].message


def test_empty_samples_in_both_splits_are_a_note(tmp_path: Path) -> None:
    """The public set of clips has some: who has heard nothing knows no answer."""
    tables = {
        split: images(split, 2).set_column(
            0, "audio", pa.array([{"bytes": wav(0)}, {"bytes": wav(rows)}])
        )
        for split, rows in (("train", 5), ("test", 9))
    }
    write_task(tmp_path, modality="audio", columns='sample = "audio"\nlabel = "label"')
    source = str(write_parquet(tmp_path / "data", **tables))
    report = verify(load_task(tmp_path, "toy"), source, 0)
    assert report.ok
    assert [note.message for note in report.notes if note.code == "empty"] == [
        "test: 1 sample is empty",
        "train: 1 sample is empty",
    ]
    table = texts("test", 2).set_column(1, "quote", pa.array([" ", "x"]))
    assert look(tmp_path / "text", train=table, test=table).counts == {"in-both": 1}


def test_a_sample_with_two_labels_is_noted_with_its_row(tmp_path: Path) -> None:
    same = texts("test", 5).set_column(1, "quote", pa.array(["x", "x", "x", "", ""]))
    (note,) = [note for note in look(tmp_path, test=same).notes if note.code == "repeated"]
    assert note.message == (
        "test: 3 samples are in an earlier row, too, and 1 of them with another label, such as "
        f"row 1 of {tmp_path}/data/test.parquet"
    )


@pytest.mark.parametrize("split", ["test", "train"])
def test_a_row_that_is_wrong_hides_nothing_of_the_other_split(tmp_path: Path, split: str) -> None:
    other = {"test": "train", "train": "test"}[split]
    bad = with_samples(split, [tile(0), tile(1)])
    bad = bad.set_column(1, "label", pa.array(["a", "water"]))
    tables = {split: bad, other: with_samples(other, [tile(2), b"no image"])}
    report = look(tmp_path, "image", **tables)
    assert report.counts == {"load": 1, "undecodable": 1}
    assert [each.row for each in report.findings] == [1, 1]
    assert list(report.splits) == [other]
    assert report.reference is None


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda table: table.set_column(1, "quote", pa.array(["x", "x", "y"])), "repeated"),
        (lambda table: table.set_column(1, "quote", pa.array([" ", "x", "y"])), "empty"),
        (lambda table: table.set_column(0, "id", pa.nulls(3)), "numbered"),
        (lambda table: table.set_column(2, "label", pa.array(["a", "a", "a"])), "absent-label"),
        (lambda table: table.set_column(3, "source", pa.array(["t", "t", "s0"])), "groups-in-both"),
    ],
)
def test_what_is_not_wrong_and_should_be_known_is_a_note(
    tmp_path: Path, change: Callable[[pa.Table], pa.Table], code: str
) -> None:
    report = look(tmp_path, train=texts("train", 2), test=change(texts("test", 3)))
    assert report.ok
    assert code in [note.code for note in report.notes]


def test_mixed_sizes_are_noted_and_a_modality_without_a_decoder(tmp_path: Path) -> None:
    mixed = with_samples("test", [tile(0), tile(1, size=9), tile(2)])
    report = look(tmp_path / "image", "image", test=mixed)
    assert [note.code for note in report.notes] == ["mixed-forms"]
    assert report.splits["test"].forms == {"8 x 8 RGB": 2, "9 x 9 RGB": 1}
    seen = look(tmp_path / "radar", "radar", test=images("test", 3))
    assert seen.ok
    assert "not-decoded" in [note.code for note in seen.notes]


def test_every_row_that_loading_refuses_is_a_finding(tmp_path: Path) -> None:
    test = texts("test", 3).set_column(2, "label", pa.array(["a", "c", None]))
    train = texts("train", MOST_SHOWN + 9)
    wrong = pa.array([None] * train.num_rows, pa.string())
    report = look(tmp_path, test=test, train=train.set_column(2, "label", wrong))
    assert report.counts == {"load": 2 + train.num_rows}
    first, second, third, *_ = report.findings
    assert (Path(first.where).name, first.row, first.column) == ("test.parquet", 1, "label")
    assert first.message == "is 'c', which is no label of toy"
    assert (second.row, second.message) == (2, "is null")
    assert (Path(third.where).name, third.row) == ("train.parquet", 0)
    assert len(report.findings) == MOST_SHOWN
    assert report.reference is None


@pytest.mark.parametrize("split", ["test", "train"])
def test_what_loading_refuses_twice_is_one_finding(tmp_path: Path, split: str) -> None:
    wrong = texts(split, 3).set_column(2, "label", pa.array(["a", "c", "b"]))
    report = look(tmp_path / "row", **{"test": texts("test", 3), split: wrong})
    assert report.counts == {"load": 1}
    lacking = texts(split, 3).drop_columns(["label"])
    report = look(tmp_path / "column", **{"test": texts("test", 3), split: lacking})
    assert report.counts == {"load": 1}
    assert "column 'label': is missing" in report.findings[0].message


def test_sample_data_can_be_looked_through_too(tmp_path: Path) -> None:
    write_task(tmp_path)
    report = verify(load_task(tmp_path, "toy"), "sample", 3)
    assert report.splits["test"].items == 6
    assert report.reference is not None
    assert report.reference.seed == 3


def wav(frames: int, *, declared: int | None = None, rate: int = 12_000) -> bytes:
    data = b"\1\0" * frames
    size = len(data) if declared is None else declared * 2
    head = struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate,
                       rate * 2, 2, 16)  # fmt: skip
    return head + struct.pack("<4sI", b"data", size) + data


def test_recordings_are_decoded_whole() -> None:
    pytest.importorskip("soundfile")
    decode = decoder_of("audio")
    assert decode is not None
    assert decode(wav(100)) == Form(told="12000 Hz, 1 channels", coding="WAV PCM_16")
    assert decode(wav(0)) == Form(told="12000 Hz, 1 channels", coding="WAV PCM_16", empty=True)
    for unknown in (b"\xff\xff\xff\xff", b"\x00\xf0\xff\x7f"):  # who cannot go back writes these
        assert decode(wav(100)[:40] + unknown + wav(100)[44:]).told
    assert decode(wav(100)[:36] + b"LIST\3\0\0\0abc\0" + wav(100)[36:]).told
    for bad in (b"", b"RIFF", wav(10)[:30], wav(100)[:-40], wav(100, declared=101), tile(0)):
        with pytest.raises(ValueError, match=r"\S"):
            decode(bad)


def test_a_recording_that_does_not_say_how_long_it_is_is_told_as_that() -> None:
    soundfile = pytest.importorskip("soundfile")
    stream = io.BytesIO()
    soundfile.write(stream, np.zeros(500), 12_000, format="FLAC")
    streamed = bytearray(stream.getvalue())
    streamed[21] &= 0xF0  # STREAMINFO's 36 bits of all samples
    streamed[22:26] = bytes(4)
    decode = decoder_of("audio")
    assert decode is not None
    assert decode(stream.getvalue()).coding == "FLAC PCM_16"
    with pytest.raises(ValueError, match="does not say how long it is"):
        decode(bytes(streamed))


def test_a_decompression_bomb_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    decode = decoder_of("image")
    assert decode is not None
    with pytest.raises(ValueError, match="exceeds limit"):
        decode(tile(0))
