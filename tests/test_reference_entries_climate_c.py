"""The entry in C: it is what its Python reference says, and survives whatever it is sent."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
import stat
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.sandbox import frames
from harness.sandbox.spawn import spawn
from harness.tasks import load_task

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "submissions" / "climate-c"
ENVIRONMENT = {"FRUGAL_OUTPUT": "index", "FRUGAL_LABELS": "8", "FRUGAL_MAX_BOXES": "0"}
READY = frames.HEADER.pack(b"REDY", 0, 0)
LOADED = frames.HEADER.pack(b"LOAD", 0, 0)
ACCURACY = 0.610
ODD = [
    "", " ", "?!", "x", "aaaaa", "aaaaaa", "a\x00b", "\x00", "CO2 isn't", "É é",
    "气候变化不是人为的", "المناخ يتغير دائما", "🌍", "word " * 5000, "x" * 200_000,
]  # fmt: skip

test_split = load_task(ROOT, "climate-disinformation").load_data("sample", 0).test
QUOTES = [str(quote) for quote in test_split.samples(range(len(test_split)))]


def import_training() -> Any:  # noqa: ANN401 - a module of an entry
    spec = importlib.util.spec_from_file_location("train_of_climate_c", FOLDER / "train.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


training = import_training()
weights = training.read_weights(FOLDER / "weights.bin")


def reference(texts: list[str]) -> list[int]:
    return [training.answer(weights, text) for text in texts]


def converse(
    requests: bytes,
    program: Path = FOLDER / "run",
    *,
    folder: Path = FOLDER,
    environment: dict[str, str] | None = None,
    address_kib: int | str = "unlimited",
) -> tuple[bytes, int]:
    """Send it everything and close the channel; return all that it sent, and its exit code."""
    limited = ["/bin/sh", "-c", 'ulimit -v "$1"; exec "$0"', str(program), str(address_kib)]
    command = ["/usr/bin/env", "-C", str(folder), *limited]
    started = spawn(command, ENVIRONMENT if environment is None else environment)
    for descriptor in (started.requests, started.replies):
        os.set_blocking(descriptor, True)
    sender = threading.Thread(target=send, args=(started.requests, requests))
    sender.start()
    with os.fdopen(started.replies, "rb") as stream:
        replies = stream.read()
    sender.join()
    os.close(started.stdout)
    os.close(started.stderr)
    _, status = os.waitpid(started.pid, 0)
    return replies, os.waitstatus_to_exitcode(status)


def send(descriptor: int, content: bytes) -> None:
    with open(descriptor, "wb", buffering=0) as stream:
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[stream.write(rest) :]
        except BrokenPipeError:  # it has refused what came before
            pass


def request(texts: list[str]) -> bytes:
    return b"".join(frames.encode_request(texts)) if texts else frame(b"TEXT", 0, [0])


def frame(kind: bytes, n: int, offsets: list[int], blob: bytes = b"", size: int = -1) -> bytes:
    header = frames.HEADER.pack(kind, n, len(blob) if size < 0 else size)
    return header + struct.pack(f"<{len(offsets)}Q", *offsets) + blob


def random_texts(count: int) -> list[str]:
    """Return texts of letters, blanks, signs, other scripts and NULs, the same every time."""
    rng = random.Random(0)  # noqa: S311 - texts, no secrets
    return [
        "".join(rng.choices("abcXYZ019 ,.'\x00éß气مЖ🌍", k=rng.randrange(80))) for _ in range(count)
    ]


def labels_in(replies: bytes, *counts: int) -> list[list[int]]:
    """Read REDY, LOAD and one PRED for each count; nothing may follow."""
    assert replies.startswith(READY + LOADED)
    rest, found = replies[len(READY + LOADED) :], []
    for count in counts:
        assert frames.HEADER.unpack_from(rest) == (b"PRED", count, 4 * count)
        found.append(list(struct.unpack_from(f"<{count}i", rest, frames.HEADER.size)))
        rest = rest[frames.HEADER.size + 4 * count :]
    assert not rest
    return found


def failure_in(replies: bytes) -> str:
    """Return the message of the FAIL that ends the replies."""
    kind, n, size = frames.HEADER.unpack_from(replies, replies.rindex(b"FAIL"))
    message = replies[replies.rindex(b"FAIL") + frames.HEADER.size :]
    assert (kind, n, size) == (b"FAIL", 0, len(message))
    return message.decode()


def answers(texts: list[str], program: Path = FOLDER / "run") -> list[int]:
    replies, code = converse(frames.LOAD_REQUEST + request(texts), program)
    (labels,) = labels_in(replies, len(texts))
    assert code == 0
    return labels


def test_every_quote_gets_the_label_that_the_reference_gives() -> None:
    batches = [QUOTES[at : at + 256] for at in range(0, len(QUOTES), 256)]
    sent = frames.LOAD_REQUEST + b"".join(map(request, batches))
    replies, code = converse(sent)
    labels = [label for batch in labels_in(replies, *map(len, batches)) for label in batch]
    assert code == 0
    assert labels == reference(QUOTES)
    assert float(np.mean(np.array(labels) == test_split.labels)) == pytest.approx(
        ACCURACY, abs=0.005
    )


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=20))
def test_random_texts_get_the_label_that_the_reference_gives(texts: list[str]) -> None:
    assert answers(texts) == reference(texts)


def test_odd_texts_get_the_label_that_the_reference_gives() -> None:
    assert answers(ODD) == reference(ODD)


def test_words_across_the_ends_of_its_buffer_are_read_whole() -> None:
    texts = [" " * pad + "warming " * 9000 for pad in range(9)]
    assert answers([*texts, *QUOTES[:20]]) == reference([*texts, *QUOTES[:20]])


def test_a_text_of_ten_megabytes_costs_it_no_memory() -> None:
    text = "climate sceptics say so " * 430_000
    assert len(text) > 10_000_000
    sent = frames.LOAD_REQUEST + request([text, "", text])
    replies, code = converse(sent, address_kib=4096)
    assert code == 0
    ((one, empty, other),) = labels_in(replies, 3)
    assert one == other == reference([text[: 24 * 100]])[0]
    assert empty == reference([""])[0]


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (request(["early"]), "before LOAD"),
        (frames.LOAD_REQUEST + frame(b"BYTE", 1, [0, 0]), "another type"),
        (frames.LOAD_REQUEST + frame(b"\0\0\0\0", 0, [0]), "another type"),
        (frames.HEADER.pack(b"LOAD", 1, 0), "LOAD carries nothing"),
        (frames.LOAD_REQUEST + frame(b"TEXT", 1, [1, 2], b"ab"), "first offset"),
        (frames.LOAD_REQUEST + frame(b"TEXT", 2, [0, 3, 2], b"ab"), "offset falls"),
        (frames.LOAD_REQUEST + frame(b"TEXT", 1, [0, 1], b"ab"), "the length of the blob"),
        (frames.LOAD_REQUEST + frame(b"TEXT", 1, [0, 2**64 - 1], b"ab"), "the length of the blob"),
    ],
)
def test_a_request_that_is_wrong_is_refused_by_name(sent: bytes, message: str) -> None:
    replies, code = converse(sent)
    assert message in failure_in(replies)
    assert code == 1


@pytest.mark.parametrize(
    "cut",
    [
        frames.LOAD_REQUEST[:7],
        frames.LOAD_REQUEST + request(["half"])[:20],
        frames.LOAD_REQUEST + request(["half"])[:-1],
        frames.LOAD_REQUEST + frame(b"TEXT", 2**32 - 1, [0], size=2**64 - 1),
        frames.LOAD_REQUEST + frame(b"TEXT", 1, [0, 2**63], size=2**63),
    ],
)
def test_a_request_that_breaks_off_ends_it_without_an_answer(cut: bytes) -> None:
    replies, code = converse(cut)
    assert b"PRED" not in replies
    assert code == 1


def test_no_request_at_all_is_a_session_that_ends_well() -> None:
    assert converse(b"") == (READY, 0)
    assert converse(frames.LOAD_REQUEST) == (READY + LOADED, 0)
    assert answers([]) == []


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_after_loading_end_in_an_exit_of_its_own(content: bytes) -> None:
    _, code = converse(frames.LOAD_REQUEST + content)
    assert code in {0, 1}


@pytest.mark.parametrize("wrong", [{"FRUGAL_OUTPUT": "scores"}, {"FRUGAL_LABELS": "2"}])
def test_a_task_of_another_shape_is_refused(wrong: dict[str, str]) -> None:
    replies, code = converse(b"", environment=ENVIRONMENT | wrong)
    assert "FRUGAL_OUTPUT=index" in failure_in(replies)
    assert code == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda _: None, "cannot be opened"),
        (lambda content: content[:-1], "too short"),
        (lambda content: content[:10], "too short"),
        (lambda content: content + b"x", "too long"),
        (lambda content: b"X" + content[1:], "another version"),
    ],
)
def test_weights_that_are_not_its_own_are_refused(
    change: Any,  # noqa: ANN401 - a function of the parameters
    message: str,
    tmp_path: Path,
) -> None:
    content = change((FOLDER / "weights.bin").read_bytes())
    if content is not None:
        (tmp_path / "weights.bin").write_bytes(content)
    replies, code = converse(frames.LOAD_REQUEST, folder=tmp_path)
    assert message in failure_in(replies)
    assert code == 1


def test_what_is_built_from_the_source_answers_as_the_committed_program(tmp_path: Path) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no gcc")
    subprocess.run(
        [FOLDER / "build.sh", tmp_path / "run"],
        env={**os.environ, "CC": "gcc"}, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    texts = [*QUOTES[:200], *ODD, *random_texts(200)]
    assert answers(texts, tmp_path / "run") == answers(texts) == reference(texts)


def test_the_committed_program_is_small_static_and_executable() -> None:
    program = FOLDER / "run"
    content = program.read_bytes()
    assert content[:4] == b"\x7fELF"
    assert b"/ld-" not in content  # no loader: nothing of the machine is needed
    assert len(content) < 50_000
    assert program.stat().st_mode & stat.S_IXUSR


def test_training_again_gives_the_committed_answers(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, FOLDER / "train.py", tmp_path],
        cwd=ROOT, capture_output=True, check=True, timeout=120,
    )  # fmt: skip
    again = training.read_weights(tmp_path / "weights.bin")
    changed = sum(
        training.answer(again, quote) != label
        for quote, label in zip(QUOTES, reference(QUOTES), strict=True)
    )
    # Another processor's sums may move a weight by one step: a near tie may fall otherwise.
    assert changed <= 3
