"""Requests of the measured phase are encoded ahead: same content, same order, bounded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluation import session
from harness.sandbox import frames

Batch = tuple[npt.NDArray[np.int64], list[str | bytes]]


def batches_of(sizes: list[int], drawn: list[int]) -> Iterator[Batch]:
    start = 0
    for number, size in enumerate(sizes):
        drawn.append(number)
        yield np.arange(start, start + size), [f"text {start + i} é" for i in range(size)]
        start += size


@given(st.lists(st.integers(1, 300), max_size=12), st.integers(1, 4000))
def test_every_batch_is_sent_once_in_order_whatever_is_held(sizes: list[int], room: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "AHEAD_BYTES", room)
        sent = list(session._encoded(batches_of(sizes, [])))
    wanted = list(batches_of(sizes, []))
    assert [request for _, request in sent] == [frames.encode_request(b) for _, b in wanted]
    assert [p.tolist() for p, _ in sent] == [p.tolist() for p, _ in wanted]


def test_no_more_is_encoded_ahead_than_the_bytes_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    one = sum(map(len, frames.encode_request(["text 0 é"])))
    monkeypatch.setattr(session, "AHEAD_BYTES", 3 * one)

    next(session._encoded(batches_of([1] * 9, drawn)))

    assert drawn == [0, 1, 2]
