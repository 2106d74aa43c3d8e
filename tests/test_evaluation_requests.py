"""Requests of the measured phase are encoded ahead: same content, same order, bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandboxes import launch_of

from harness.evaluation import session
from harness.sandbox import frames
from harness.sandbox.protocol import Request


def batches_of(sizes: list[int], drawn: list[int]) -> Iterator[list[str | bytes]]:
    start = 0
    for number, size in enumerate(sizes):
        drawn.append(number)
        yield [f"text {start + i} é" for i in range(size)]
        start += size


@given(st.lists(st.integers(1, 300), max_size=12), st.integers(1, 4000))
def test_every_batch_is_sent_once_in_order_whatever_is_held(sizes: list[int], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "AHEAD_BYTES", room)
        sent = list(session._encoded(batches_of(sizes, [])))
    assert sent == [
        Request(frames.encode_request(batch), len(batch)) for batch in batches_of(sizes, [])
    ]


def test_no_more_is_encoded_ahead_than_the_bytes_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    one = sum(map(len, frames.encode_request(["text 0 é"])))
    monkeypatch.setattr(session, "AHEAD_BYTES", 3 * one)

    next(session._encoded(batches_of([1] * 9, drawn)))

    assert drawn == [0, 1, 2]


class Counted(bytes):
    """A sample that counts how many of its kind there are."""

    alive = 0
    most = 0

    def __init__(self, *_: object) -> None:
        Counted.alive += 1
        Counted.most = max(Counted.most, Counted.alive)

    def __del__(self) -> None:
        Counted.alive -= 1


class OneAhead:
    """Answers as a process does: when a request is answered, the next one is on its way."""

    def predict(self, requests: Iterable[Request], *, deadline_seconds: float) -> Iterator[bytes]:
        assert deadline_seconds > 0
        unanswered = None
        for request in requests:
            if unanswered is not None:
                yield bytes(4 * unanswered)
            unanswered = request.n
        if unanswered is not None:
            yield bytes(4 * unanswered)


def test_samples_are_let_go_when_they_are_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "AHEAD_BYTES", 1)
    batches = ([Counted(5000) for _ in range(10)] for _ in range(100))
    process: Any = OneAhead()

    answers = list(session.predictions(process, launch_of(tmp_path), batches))

    assert [len(answer) for answer in answers] == [10] * 100
    assert Counted.most <= 40
