"""Requests on their way into a pipe: whole and in order, from memory and from a file."""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fcntl import F_GETPIPE_SZ, fcntl
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sandboxes import launch_of, predict, working, write_entry

from harness.errors import OrganiserError
from harness.sandbox import frames
from harness.sandbox.protocol import Span
from harness.sandbox.requests import AT_ONCE_BYTES, Unsent
from harness.tasks.sample_file import SampleFile

CONTENT = np.random.default_rng(0).bytes(3_000_000)


def kept(content: bytes = CONTENT) -> SampleFile:
    file = SampleFile()
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) :]
    return file


FILE = kept()


@contextmanager
def a_pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        yield read, write
    finally:
        os.close(read)
        os.close(write)


def arrived(unsent: Unsent) -> bytes:
    """Return what comes out at the other end, read whenever the pipe takes no more."""
    content = b""
    with a_pipe() as (read, write):
        os.set_blocking(read, False)
        while unsent:
            unsent.write(write)
            with suppress(BlockingIOError):  # of an empty part
                content += os.read(read, 1 << 24)
        with suppress(BlockingIOError):
            content += os.read(read, 1 << 24)
    return content


def joined(parts: list[bytes | Span]) -> bytes:
    return b"".join(
        CONTENT[part.begin : part.begin + part.size] if isinstance(part, Span) else part
        for part in parts
    )


SPANS = st.builds(
    lambda begin, size: Span(FILE, begin, size),
    st.integers(0, len(CONTENT) - 200_000),
    st.integers(1, 200_000) | st.integers(1, 5),
)
PARTS = st.lists(SPANS | st.binary(max_size=20) | st.builds(bytes, st.integers(0, 100_000)))


def refusing(*_: Any, **__: Any) -> int:  # noqa: ANN401 - of os.splice
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


@given(PARTS)
def test_parts_arrive_whole_and_in_order(parts: list[bytes | Span]) -> None:
    assert arrived(Unsent(parts)) == joined(parts)


@given(PARTS)
def test_a_file_system_that_cannot_splice_is_read(parts: list[bytes | Span]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "splice", refusing)
        assert arrived(Unsent(parts)) == joined(parts)


def test_what_lies_in_a_file_is_not_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pread", refusing)

    assert arrived(Unsent([Span(FILE, 5, 1_000_000)])) == CONTENT[5:1_000_005]


def test_a_file_that_lost_its_end_is_the_organisers_fault() -> None:
    unsent = Unsent([b"head", Span(FILE, len(CONTENT) - 10, 20)])

    with a_pipe() as (_, write), pytest.raises(OrganiserError, match="it has lost its end"):
        unsent.write(write)


def test_nothing_is_left_for_a_pipe_that_nobody_reads() -> None:
    read, write = os.pipe()
    os.close(read)
    for part in (b"head", Span(FILE, 0, 10)):
        unsent = Unsent([part])
        unsent.write(write)
        assert not unsent
    os.close(write)


def test_a_pipe_that_is_full_is_not_waited_for() -> None:
    with a_pipe() as (_, write):
        unsent = Unsent([Span(FILE, 0, fcntl(write, F_GETPIPE_SZ) + 1)])
        unsent.write(write)
        unsent.write(write)
        assert unsent


def test_limits_can_be_looked_at_while_the_entry_reads_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "splice", lambda _source, _pipe, count, _begin, **_: count)
    unsent = Unsent([Span(FILE, 0, 1_000)] * 5_000)

    with a_pipe() as (_, write):
        unsent.write(write)
        assert unsent
        for _ in range(5_000_000 // AT_ONCE_BYTES):
            unsent.write(write)
        assert not unsent


@pytest.mark.parametrize("way", ["bwrap", "landlock"])
def test_an_entry_cannot_hold_the_lock_of_the_pipe_that_it_reads(way: str, tmp_path: Path) -> None:
    entry = write_entry(
        tmp_path / "entry",
        """
        import os
        import socket

        def load(directory):
            into, _ = socket.socketpair()
            try:
                os.splice(3, into.fileno(), 1)  # waits for a request, where it is let
            except PermissionError:
                return type("Model", (), {"predict": lambda self, samples: [0] * len(samples)})()
            raise RuntimeError("could move a request")
        """,
    )
    with working(way).launch(launch_of(entry)) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=5)


@pytest.mark.parametrize("way", ["bwrap", "none"])
def test_an_entry_gets_the_samples_that_lie_in_a_file(way: str, tmp_path: Path) -> None:
    sizes = [700_000, 0, 1, 50_000, 1_500_000]
    begins = [11, 5, 2_999_999, 1_000_000, 1_234]
    samples = [CONTENT[a : a + size] for a, size in zip(begins, sizes, strict=True)]
    entry = write_entry(
        tmp_path / "entry",
        f"""
        from hashlib import sha256

        KNOWN = {[sha256(sample).hexdigest() for sample in samples]}

        class Model:
            def predict(self, samples):
                seen = [sha256(sample).hexdigest() for sample in samples]
                return [7 * (a == b) for a, b in zip(seen, KNOWN, strict=True)]

        def load(directory):
            return Model()
        """,
    )
    with working(way).launch(launch_of(entry)) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)
        request = frames.encode_stored(FILE, begins, sizes)
        assert predict(process, request, 5, deadline_seconds=20) == struct.pack("<5i", *[7] * 5)
        process.finish(deadline_seconds=5)


@given(st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 9_000))))
def test_a_stored_request_is_the_same_on_the_wire(places: list[tuple[int, int]]) -> None:
    samples = [CONTENT[begin : begin + size] for begin, size in places]
    stored = frames.encode_stored(FILE, [begin for begin, _ in places], [s for _, s in places])

    assert joined(stored) == b"".join(frames.encode_request(samples))
