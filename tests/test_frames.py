"""The frames, as docs/reference/frames.md has them: the document is what is tested against."""

from __future__ import annotations

import re
import struct
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandboxes import converse, launch_of, predict, working, write_entry

from harness.errors import OrganiserError, SubmissionError
from harness.records.evaluation import Output
from harness.sandbox import frames

DOCUMENT = Path(__file__).parents[1] / "docs" / "reference" / "frames.md"
TEXTS = ["hé", ""]
BLOBS = [b"\x89PNG", b"\x00"]
ANSWERS: dict[Output, str] = {
    "index": "[7, 0]",
    "scores": "[[0.25, 0.5, 0.25], [1.0, -2.0, 1.0]]",
    "image_score": "[0.75, 0]",
    "boxes": "[[(0.25, 0.5, 0.75, 1.0, 0.5)], []]",
}
SHAPES: dict[Output, tuple[int, int]] = {
    "index": (8, 0),
    "scores": (3, 0),
    "image_score": (8, 0),
    "boxes": (8, 2),
}
"""How many labels, how many boxes."""


def examples_of(document: str) -> dict[str, bytes]:
    blocks = re.findall(r"^```hex (\S+)\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)
    return {
        name: b"".join(bytes.fromhex(line.partition("#")[0]) for line in block.splitlines())
        for name, block in blocks
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Every frame of the document, made by the harness and by its worker."""
    folder = tmp_path_factory.mktemp("entries")
    text_request = b"".join(frames.encode_request(TEXTS))
    found = {
        "request-load": frames.LOAD_REQUEST,
        "request-text": text_request,
        "request-bytes": b"".join(frames.encode_request(BLOBS)),
    }
    for output, answer in ANSWERS.items():
        labels, max_boxes = SHAPES[output]
        entry = write_entry(
            folder / output,
            f"""
            class Model:
                def predict(self, samples):
                    assert samples == {TEXTS!r}
                    return {answer}

            def load(directory):
                return Model()
            """,
        )
        replies, stderr, code = converse(
            entry,
            frames.LOAD_REQUEST + text_request,
            output=output,
            labels=labels,
            max_boxes=max_boxes,
        )
        assert (stderr, code) == ("", 0)
        found["reply-ready"], found["reply-loaded"] = replies[:16], replies[16:32]
        found[f"reply-{output.replace('_', '-')}"] = replies[32:]
    refusing = write_entry(
        folder / "refusing", "import __main__\n\ndef load(_): raise __main__.Refused('no weights')"
    )
    found["reply-failure"] = converse(refusing, frames.LOAD_REQUEST)[0][16:]
    return found


def test_the_examples_of_the_document_are_what_harness_and_worker_make(
    made: dict[str, bytes],
) -> None:
    assert examples_of(DOCUMENT.read_text(encoding="utf-8")) == made


@pytest.mark.parametrize("name", sorted(examples_of(DOCUMENT.read_text(encoding="utf-8"))))
def test_one_wrong_digit_in_the_document_is_found(name: str, made: dict[str, bytes]) -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    begin = document.index(f"```hex {name}\n") + len(f"```hex {name}\n")
    digit = "1" if document[begin] != "1" else "2"
    wrong = examples_of(document[:begin] + digit + document[begin + 1 :])
    assert {other for other in made if wrong[other] != made[other]} == {name}


def test_the_worker_reads_bytes_as_the_document_has_them(tmp_path: Path) -> None:
    entry = write_entry(
        tmp_path,
        """
        class Model:
            def predict(self, samples):
                return [type(sample) is bytes and len(sample) for sample in samples]

        def load(directory):
            return Model()
        """,
    )
    examples = examples_of(DOCUMENT.read_text(encoding="utf-8"))
    replies, _, _ = converse(entry, examples["request-load"] + examples["request-bytes"])
    assert replies[-8:] == struct.pack("<2i", 4, 1)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("index", [7, 0]),
        ("scores", [1, 0]),
        ("image_score", [0.75, 0.0]),
        ("boxes", [[[0.25, 0.5, 0.75, 1.0, 0.5]], []]),
    ],
)
def test_replies_of_the_document_decode(output: Output, expected: list[Any]) -> None:
    reply = examples_of(DOCUMENT.read_text(encoding="utf-8"))[f"reply-{output.replace('_', '-')}"]
    labels, max_boxes = SHAPES[output]
    kind, n, size = frames.HEADER.unpack_from(reply)
    got = frames.decode_predictions(
        reply[16:], n, output=output, labels=labels, max_boxes=max_boxes
    )
    assert (kind, n, size) == (frames.PREDICTIONS, 2, len(reply) - 16)
    assert [np.asarray(part).tolist() for part in got] == expected


@pytest.mark.parametrize("way", ["bwrap", "none"])
def test_the_command_of_the_document_runs(way: str, tmp_path: Path) -> None:
    sandbox = working(way)
    document = DOCUMENT.read_text(encoding="utf-8")
    program = re.search(r"^```python run\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)
    assert program is not None
    (tmp_path / "run").write_text(program[1])
    (tmp_path / "run").chmod(0o755)
    with sandbox.launch(launch_of(tmp_path, entry=None, command=("./run",))) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)
        payload = predict(process, frames.encode_request(TEXTS), 2, deadline_seconds=20)
        process.finish(deadline_seconds=5)
    assert payload == struct.pack("<2i", 3, 0)


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]))))
def test_texts_can_be_cut_out_of_the_blob_again(texts: list[str]) -> None:
    header, offsets, blob = frames.encode_request(texts)
    ends = np.frombuffer(offsets, "<u8").tolist()
    kind = frames.TEXT if texts else frames.BYTES
    assert frames.HEADER.unpack(header) == (kind, len(texts), len(blob))
    assert [blob[a:b].decode() for a, b in pairwise(ends)] == texts


def test_a_text_that_utf_8_cannot_carry_is_the_organisers_fault() -> None:
    with pytest.raises(OrganiserError, match=r"UTF-8.*position 2"):
        frames.encode_request(["fine", "ab\udc80"])


WRONG: list[tuple[Output, bytes, int, str]] = [
    ("index", struct.pack("<2i", 1, 2), 3, "8 bytes of predictions came for 3 samples, not 12"),
    ("index", struct.pack("<3i", 0, -1, 0), 3, "sample 1 of the batch is -1; labels are 0 to 2"),
    ("index", struct.pack("<2i", 2, 3), 2, "sample 1 of the batch is 3"),
    ("scores", struct.pack("<3f", 0, float("nan"), 0), 1, "score of sample 0 .* is NaN"),
    ("scores", struct.pack("<3f", 0, float("inf"), 0), 1, "score of sample 0 .* is infinite"),
    ("image_score", struct.pack("<2f", 0, float("-inf")), 2, "sample 1 .* is infinite"),
    ("boxes", struct.pack("<2H", 0, 3) + bytes(60), 2, "sample 1 .* has 3 boxes; 2 are allowed"),
    ("boxes", struct.pack("<2H", 1, 1) + bytes(20), 2, "2 boxes take 44 bytes, and 24 came"),
    ("boxes", struct.pack("<H5f", 1, 0.5, 0, 0.25, 1, 0), 1, "a box of sample 0 .* x1 <= x2"),
    ("boxes", struct.pack("<H5f", 1, 0, 0, 1.5, 1, 0), 1, "a box of sample 0"),
    ("boxes", struct.pack("<H5f", 1, 0, 0, 1, 1, float("nan")), 1, "a box of sample 0 .* is NaN"),
    ("boxes", struct.pack("<2H5f", 0, 1, 0, 0, 1, 1, float("nan")), 2, "sample 1 .* is NaN"),
]


@pytest.mark.parametrize(("output", "payload", "n", "message"), WRONG)
def test_a_wrong_payload_is_refused_by_name(
    output: Output, payload: bytes, n: int, message: str
) -> None:
    with pytest.raises(SubmissionError, match=message) as caught:
        frames.decode_predictions(payload, n, output=output, labels=3, max_boxes=2)
    assert caught.value.remedy


@given(
    st.binary(max_size=200),
    st.integers(1, 6),
    st.sampled_from(["index", "scores", "image_score", "boxes"]),
)
def test_any_bytes_are_refused_or_are_valid_predictions(
    payload: bytes, n: int, output: Output
) -> None:
    try:
        got = frames.decode_predictions(payload, n, output=output, labels=3, max_boxes=2)
    except SubmissionError:
        return
    assert len(got) == n
    if output in ("index", "scores"):
        assert got.dtype == np.int64
        assert set(got.tolist()) <= {0, 1, 2}
    elif output == "image_score":
        assert np.isfinite(got).all()
    else:
        assert all(boxes.shape[1] == 5 and np.isfinite(boxes).all() for boxes in got)


def test_the_largest_reply_is_known_beforehand() -> None:
    assert frames.reply_bytes(3, output="scores", labels=8, max_boxes=0) == (96, 96)
    assert frames.reply_bytes(3, output="boxes", labels=8, max_boxes=2) == (6, 126)
