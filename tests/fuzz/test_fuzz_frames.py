"""What an entry may write to its reply channel, in pieces of any size."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest
from fuzzing import Fuzz, Plan, Target, WronglyJudgedError, sweep
from mutations import spoilt_bytes
from sandboxes import launch_of

from harness.errors import SubmissionError
from harness.records.evaluation import Output
from harness.sandbox import frames
from harness.sandbox.replies import Reply, nothing_came

_ODD_FLOATS = (
    b"\0\0\0\0", b"\0\0\0\x80", b"\0\0\xc0\x7f", b"\x01\0\x80\x7f", b"\0\0\x80\x7f",
    b"\0\0\x80\xff",
    b"\xff\xff\x7f\x7f", b"\1\0\0\0", b"\1\0\0\x80", b"\0\0\x80\x3f", b"\1\0\x80\x3f",
    b"\xff\xff\xff\xff",
)  # fmt: skip
"""Zero and minus zero, NaNs, infinities, the greatest, the least, one, just above one."""
_TOKENS = (
    *_ODD_FLOATS, b"PRED", b"FAIL", b"LOAD", b"REDY", b"pred", b"\0" * 16, b"\xff" * 8, b"\0",
    b"FAIL" + b"\0" * 12, b"FAIL\0\0\0\0\1\0\1\0\0\0\0\0", b"\x1b]0;title\x07", b"\x80" * 64,
)  # fmt: skip
_MOST_PIECES = 8


@dataclass(frozen=True)
class Sent:
    """What was asked for, and what came in its place."""

    due: bytes
    n: int
    output: Output
    labels: int
    max_boxes: int
    content: bytes
    cuts: tuple[int, ...]
    """Where the pieces end that it comes in."""


def make(rng: Random) -> Sent:
    due = rng.choice((frames.PREDICTIONS,) * 6 + (frames.READY, frames.LOAD))
    n = rng.choice((1, 1, 2, 3, 5, 17)) if due == frames.PREDICTIONS else 0
    output: Output = rng.choice(("index", "scores", "boxes", "image_score"))
    labels, max_boxes = rng.choice((1, 2, 8)), rng.choice((0, 1, 2, 5))
    content = _frame(due, n, _payload(rng, n, output, labels, max_boxes) if n else b"", rng)
    for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
        content = spoilt_bytes(content, rng, _TOKENS)
    cuts = tuple(
        sorted(rng.randrange(len(content) + 1) for _ in range(rng.randrange(_MOST_PIECES)))
    )
    return Sent(due, n, output, labels, max_boxes, content, cuts)


def _frame(due: bytes, n: int, payload: bytes, rng: Random) -> bytes:
    """Write what is due, or with a header that lies, or a failure."""
    if rng.random() < 0.15:
        payload = rng.choice(
            (b"", b"no weights", b"\xff\xfe", b"\x1b[2J", b"x" * 65_536, b"\n" * 9)
        )
        due, n = b"FAIL", rng.choice((0, 0, 0, 1))
    size = len(payload)
    if rng.random() < 0.2:
        size = rng.choice(
            (0, size - 1, size + 1, size * 2, 65_536, 65_537, 2**31, 2**63, 2**64 - 1)
        )
    if rng.random() < 0.1:
        n = rng.choice((0, n - 1, n + 1, 2**31, 2**32 - 1))
    return struct.pack("<4sIQ", due, n % 2**32, size % 2**64) + payload


def _payload(rng: Random, n: int, output: Output, labels: int, max_boxes: int) -> bytes:
    def number(low: float, high: float) -> bytes:
        return (
            rng.choice(_ODD_FLOATS)
            if rng.random() < 0.04
            else struct.pack("<f", rng.uniform(low, high))
        )

    if output == "index":
        odd = (-1, labels, 2**31 - 1, -(2**31))
        return b"".join(
            struct.pack("<i", rng.choice(odd) if rng.random() < 0.05 else rng.randrange(labels))
            for _ in range(n)
        )
    if output == "scores":
        return b"".join(
            rng.choice((number(-9, 9), b"\0\0\x80\x3f", b"\0\0\0\x80", b"\0\0\0\0"))
            for _ in range(n * labels)
        )
    if output == "image_score":
        return b"".join(number(-1e9, 1e9) for _ in range(n))
    counts = [rng.randrange(max_boxes + 1) for _ in range(n)]
    boxes = [_box(rng, number) for _ in range(sum(counts))]
    if rng.random() < 0.1:
        counts[rng.randrange(n)] = rng.choice((0, max_boxes, max_boxes + 1, 65_535))
    return struct.pack(f"<{n}H", *counts) + b"".join(boxes)


def _box(rng: Random, number: Callable[[float, float], bytes]) -> bytes:
    x, y = sorted((rng.random(), rng.random())), sorted((rng.random(), rng.random()))
    corners = [x[0], y[0], x[1], y[1]]
    if rng.random() < 0.04:
        rng.shuffle(corners)
    whole = struct.pack("<4f", *corners) + number(-9, 9)
    at = 4 * rng.randrange(4)
    return whole[:at] + number(0, 1) + whole[at + 4 :] if rng.random() < 0.04 else whole


class WrongError(Exception):
    """The oracle's: this is no answer to what was asked."""


def decode(sent: Sent) -> Any:  # noqa: ANN401 - the kind of output decides
    """Read a reply as ``docs/reference/frames.md`` has it, number by number, without NumPy."""
    content = sent.content
    if len(content) < 16:
        raise WrongError("truncated")
    kind, n, size = content[:4], *struct.unpack("<IQ", content[4:16])
    payload = content[16:]
    if kind != sent.due or n != sent.n or size != len(payload):
        raise WrongError("another frame")
    if kind != b"PRED":
        if payload:
            raise WrongError("nothing follows")
        return []
    if sent.output == "boxes":
        return _decode_boxes(payload, n, sent.max_boxes)
    width = sent.labels if sent.output == "scores" else 1
    if size != 4 * n * width:
        raise WrongError("another length")
    if sent.output == "index":
        numbers = [each for (each,) in struct.iter_unpack("<i", payload)]
        _require(all(0 <= each < sent.labels for each in numbers))
        return numbers
    floats = [each for (each,) in struct.iter_unpack("<f", payload)]
    _require(all(map(math.isfinite, floats)))
    if sent.output == "image_score":
        return floats
    rows = [floats[i * width : (i + 1) * width] for i in range(n)]
    return [row.index(max(row)) for row in rows]


def _decode_boxes(payload: bytes, n: int, max_boxes: int) -> list[list[tuple[float, ...]]]:
    if len(payload) < 2 * n:
        raise WrongError("no counts")
    at, read = 2 * n, []
    for i in range(n):
        (count,) = struct.unpack_from("<H", payload, 2 * i)
        _require(count <= max_boxes and at + 20 * count <= len(payload))
        read.append([struct.unpack_from("<5f", payload, at + 20 * j) for j in range(count)])
        at += 20 * count
    _require(at == len(payload))
    for x1, y1, x2, y2, score in (box for boxes in read for box in boxes):
        _require(0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1 and math.isfinite(score))
    return read


def _require(holds: bool) -> None:
    if not holds:
        raise WrongError("a value")


def receive(sent: Sent) -> Any:  # noqa: ANN401 - the kind of output decides
    """Take it from a pipe as the harness does, to the decoded values."""
    launch = launch_of(Path(), output=sent.output, labels=sent.labels, max_boxes=sent.max_boxes)
    reply = Reply(sent.due, sent.n, launch)
    with _pipe() as (read_end, write):
        whole = False
        for begin, end in zip((0, *sent.cuts), (*sent.cuts, len(sent.content)), strict=True):
            rest = sent.content[begin:end]
            while rest:
                rest = rest[write(rest) :]
                if whole:  # it was complete before: this is more than was asked for
                    nothing_came(read_end)
                whole = whole or reply.read(read_end)
        write(None)
        if not whole and not reply.read(read_end):
            raise WronglyJudgedError("the channel is closed, and more is waited for")
        nothing_came(read_end)
    if sent.due != frames.PREDICTIONS:
        return []
    return frames.decode_predictions(
        reply.payload(), sent.n, output=sent.output, labels=sent.labels, max_boxes=sent.max_boxes
    )


@contextmanager
def _pipe() -> Iterator[tuple[int, Callable[[bytes | None], int]]]:
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    is_open = True

    def write(content: bytes | None) -> int:
        nonlocal is_open
        if content is not None:
            return os.write(write_end, content[:32_768])  # the pipe takes 64 KiB
        os.close(write_end)
        is_open = False
        return 0

    try:
        yield read_end, write
    finally:
        os.close(read_end)
        if is_open:
            os.close(write_end)


def judge(sent: Sent) -> str:
    try:
        expected = decode(sent)
    except WrongError:
        expected = None
    try:
        found = receive(sent)
    except EOFError:
        found = None
    except SubmissionError as error:
        text = f"{error.message}{error.remedy}"
        if not text.isprintable() or len(text) > 3_000:
            raise WronglyJudgedError(f"not fit to be shown: {text!r:.200}") from None
        found = None
    if found is not None and not isinstance(found, list):
        found = found.tolist()
    elif found is not None:
        found = [[tuple(map(float, box)) for box in boxes] for boxes in found]
    if found != expected:
        raise WronglyJudgedError(f"expected {expected!r:.300}, found {found!r:.300}")
    return "refused" if found is None else "taken"


TARGET = Target("frames", make, judge, frozenset({"taken", "refused"}))


def test_no_reply_is_misread(fuzz: Fuzz) -> None:
    fuzz(TARGET)


@pytest.mark.parametrize("part", ["_require_finite", "reply_bytes"])
def test_a_reader_that_leaves_out_a_check_is_found(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def any_length(*_: object, **__: object) -> tuple[int, int]:
        return 0, 1 << 20

    monkeypatch.setattr(frames, part, any_length)
    assert sweep(TARGET, Plan(cases=600)).failures
