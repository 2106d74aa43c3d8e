from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.submissions import contents
from harness.submissions.contents import HEAD_BYTES, check_contents

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "submission.md"
TEXT = b"some text that repeats, some text that repeats" * 20


def code(name: str, content: bytes) -> str | None:
    found = check_contents(name, content[:HEAD_BYTES])
    return None if found is None else found.code


def zipped(*names: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in names:
            archive.writestr(name, TEXT)
    return made.getvalue()


def tarred() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo("a.txt")
        member.size = len(TEXT)
        archive.addfile(member, io.BytesIO(TEXT))
    return made.getvalue()


def saved(**arrays: object) -> bytes:
    made = io.BytesIO()
    np.savez(made, **arrays)  # type: ignore[arg-type]
    return made.getvalue()


ARCHIVES = {
    "zip": zipped("a.py"),
    "empty zip": zipped(),
    "tar": tarred(),
    "gzip": gzip.compress(TEXT),
    "bzip2": bz2.compress(TEXT),
    "empty bzip2": bz2.compress(b""),
    "xz": lzma.compress(TEXT),
    "compress": b"\x1f\x9d\x90" + TEXT,
    "lzip": b"LZIP\x01" + TEXT,
    "zstandard": b"\x28\xb5\x2f\xfd" + TEXT,
    "lz4": b"\x04\x22\x4d\x18" + TEXT,
    "7z": b"7z\xbc\xaf\x27\x1c" + TEXT,
    "rar": b"Rar!\x1a\x07\x01\x00" + TEXT,
    "cab": b"MSCF\0\0\0\0" + TEXT,
    "ar": b"!<arch>\n" + TEXT,
    "rpm": b"\xed\xab\xee\xdb" + TEXT,
    "cpio": b"070701" + TEXT,
    "xar": b"xar!" + TEXT,
}


@pytest.mark.parametrize("kind", ARCHIVES)
@pytest.mark.parametrize("name", ["notes.txt", "model.onnx", "data.json", "weights.h5", "noname"])
def test_an_archive_is_known_by_its_first_bytes(kind: str, name: str) -> None:
    assert code(name, ARCHIVES[kind]) == "FRG305"


@pytest.mark.parametrize("name", ["a.tar.gz", "A.ZIP", "x/y.whl", "a.7z", "a.tbz2", "a.lzma"])
def test_an_archive_is_known_by_its_name(name: str) -> None:
    assert code(name, b"") == "FRG305"


@pytest.mark.parametrize("name", ["m.pt", "m.pth", "m.ckpt", "m.bin", "m.keras", "m.skops"])
def test_models_that_are_zip_files_are_let_through_under_their_own_names(name: str) -> None:
    assert code(name, zipped("config.json")) is None


def test_arrays_are_let_through_and_other_things_under_their_name_are_not() -> None:
    assert code("w.npz", saved(a=np.zeros(3))) is None
    assert code("w.npz", zipped("helper.py")) == "FRG305"
    assert code("w.npz", saved(a=np.array([{}], dtype=object))) == "FRG306"
    assert code("w.npz", b"PK\x03\x04") == "FRG305"  # cut off: no name to go by


def test_the_length_at_the_beginning_of_a_safetensors_file_may_look_like_anything() -> None:
    header = struct.pack("<Q", 0x088B1F) + b'{"__metadata__":{}'
    assert header.startswith(b"\x1f\x8b\x08\x00")
    assert code("w.safetensors", header) is None
    assert code("w.bin", header) == "FRG305"
    assert code("w.safetensors", gzip.compress(TEXT)) == "FRG305"


@pytest.mark.parametrize("name", ["model.onnx", "model.tflite", "model.gguf", "w.npy", "a.png"])
def test_other_formats_of_models_are_let_through(name: str) -> None:
    beginnings = {"npy": b"\x93NUMPY\x01\0v\0{'descr': '<f4'", "png": b"\x89PNG\r\n\x1a\n"}
    head = beginnings.get(name.rpartition(".")[2], b"\x08\x07\x12\x07pytorch")
    assert code(name, head) is None


@given(st.text(max_size=20), st.binary(max_size=600))
def test_no_file_is_judged_with_a_traceback(name: str, head: bytes) -> None:
    assert code(name, head) in {None, "FRG305", "FRG306"}


def test_the_page_lists_what_is_looked_for() -> None:
    page = PAGE.read_text(encoding="utf-8")
    by_name = re.search(r"- By name: (.*?)\n- By", page, re.DOTALL)
    zipped_models = re.search(r"- Model formats(.*?)\*\*", page, re.DOTALL)
    pickles = re.search(r"\*\*Pickles\*\*(.*?)\n\n", page, re.DOTALL)
    assert by_name
    assert zipped_models
    assert pickles
    assert set(re.findall(r"`(\.\w+)`", by_name[1])) == set(contents._ARCHIVE_NAMES)
    assert set(contents._ZIPPED_MODELS) <= set(re.findall(r"`(\.\w+)`", zipped_models[1]))
    named = set(re.findall(r"`(\.\w+)`", pickles[1]))
    assert named == {*contents._PICKLE_NAMES, *contents._MODEL_NAMES}
