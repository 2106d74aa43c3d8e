"""Samples in a file without a name: the same ones by position, and gone with the process."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import OrganiserError
from harness.tasks.protocol import Sample
from harness.tasks.spool import Spool


def blocks_of(samples: Sequence[Sample], sizes: Sequence[int]) -> list[list[bytes]]:
    """Cut samples into blocks of these sizes, and one of the rest."""
    encoded = [each.encode() if isinstance(each, str) else each for each in samples]
    blocks, start = [], 0
    for size in sizes:
        blocks.append(encoded[start : start + size])
        start += size
    return [*blocks, encoded[start:]]


def spooled(
    samples: Sequence[Sample], sizes: Sequence[int] = (), *, memory_bytes: int = 0
) -> Spool:
    spool = Spool(text=bool(samples) and isinstance(samples[0], str), memory_bytes=memory_bytes)
    for block in blocks_of(samples, sizes):
        bounds = np.cumsum([0, *map(len, block)])
        spool.extend(memoryview(b"".join(block)), bounds)
    return spool


ANY = st.lists(st.text(max_size=20)) | st.lists(st.binary(max_size=20))


@given(ANY, st.lists(st.integers(0, 5), max_size=4), st.integers(0, 400), st.data())
def test_what_went_in_comes_out_at_any_position(
    samples: list[Sample], sizes: list[int], memory_bytes: int, data: st.DataObject
) -> None:
    spool = spooled(samples, sizes, memory_bytes=memory_bytes)

    assert len(spool) == len(samples)
    assert spool.samples(range(len(samples))) == samples
    if samples:
        positions = data.draw(st.lists(st.integers(0, len(samples) - 1)))
        assert spool.samples(positions) == [samples[position] for position in positions]
        assert spool.samples(np.array(positions, np.int64)) == spool.samples(positions)


@given(ANY, st.integers(0, 400))
def test_one_by_one_is_the_same_as_in_blocks(samples: list[Sample], memory_bytes: int) -> None:
    spool = Spool(text=bool(samples) and isinstance(samples[0], str), memory_bytes=memory_bytes)
    for sample in samples:
        spool.append(sample)

    assert spool.samples(range(len(samples))) == samples


def test_a_few_stay_in_memory_and_many_go_to_a_file() -> None:
    few = spooled([b"a" * 100], memory_bytes=1_000)
    many = spooled([b"a" * 100] * 20, memory_bytes=1_000)

    assert few.in_memory
    assert not many.in_memory


@pytest.mark.parametrize("memory_bytes", [0, 1_000])
@pytest.mark.parametrize("wrong", [[2], [-1], [0, 99]])
def test_positions_beyond_the_end_are_an_error_of_the_caller(
    memory_bytes: int, wrong: list[int]
) -> None:
    spool = spooled([b"zero", b"one"], memory_bytes=memory_bytes)

    with pytest.raises(IndexError):
        spool.samples(wrong)
    assert spool.samples([]) == []


def test_large_samples_are_found_in_the_file_where_they_lie() -> None:
    samples = [bytes([number]) * 5_000 for number in range(20)]
    spool = spooled(samples)

    stored = spool.stored([3, 19, 3])

    assert stored is not None
    assert len(stored) == 3
    assert list(map(stored.file.read, stored.begins, stored.sizes)) == spool.samples([3, 19, 3])
    with pytest.raises(IndexError):
        spool.stored([20])


@pytest.mark.parametrize(
    ("samples", "memory_bytes"),
    [(["long" * 5_000] * 3, 0), ([b"short"] * 900, 0), ([b"in memory" * 1_000] * 3, 10**6)],
)
def test_texts_and_small_samples_are_to_be_read(samples: list[Sample], memory_bytes: int) -> None:
    assert spooled(samples, memory_bytes=memory_bytes).stored([0, 1]) is None


def test_the_file_stays_as_long_as_samples_in_it_are_on_their_way() -> None:
    stored = spooled([b"x" * 5_000] * 3).stored([2])
    gc.collect()

    assert stored is not None
    assert stored.file.read(stored.begins[0], stored.sizes[0]) == b"x" * 5_000


def descriptors() -> set[str]:
    """Return what the open descriptors of this process lead to, by number."""
    found = set()
    for link in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):  # that of this listing
            found.add(f"{link.name} {link.readlink()}")
    return found


def test_the_file_has_no_name_is_not_inherited_and_goes_with_the_spool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = descriptors()
    spool = spooled([b"secret"] * 10)

    assert list(tmp_path.iterdir()) == []
    (opened,) = descriptors() - before
    number = int(opened.split()[0])
    assert str(tmp_path) in opened
    assert not os.get_inheritable(number)
    assert os.stat(number).st_nlink == 0
    assert os.stat(number).st_mode & 0o077 == 0

    del spool
    gc.collect()
    assert descriptors() == before


KILLED = """
import os, signal, sys, tempfile
import numpy as np
from harness.tasks.spool import Spool
tempfile.tempdir = sys.argv[1]
spool = Spool(text=False, memory_bytes=0)
for _ in range(100):
    spool.append(b"x" * 1000)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_nothing_is_left_by_a_process_that_is_killed(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", KILLED, tmp_path], check=False)

    assert ran.returncode == -9
    assert list(tmp_path.iterdir()) == []


class Usage(NamedTuple):
    """As ``shutil.disk_usage`` gives it."""

    total: int
    used: int
    free: int


def test_a_disk_without_room_is_named_with_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(2**40, 2**40, 3 * 2**20))

    with pytest.raises(OrganiserError) as caught:
        Spool(text=False, expected_bytes=50 * 2**20)

    assert f"{tmp_path}: about 50 MiB of samples are to be kept there" in caught.value.message
    assert "3 MiB are free" in caught.value.message
    assert "TMPDIR" in caught.value.remedy


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (errno.ENOSPC, "about 40 MiB of samples are to be kept there, and it is full after 0 MiB"),
        (errno.EIO, "samples cannot be kept there: Input/output error"),
    ],
)
def test_a_disk_that_fails_meanwhile_is_named(
    monkeypatch: pytest.MonkeyPatch, code: int, found: str
) -> None:
    spool = Spool(text=False, expected_bytes=40 * 2**20)

    def refuse(*_: Any) -> int:  # noqa: ANN401 - whatever it is called with
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "write", refuse)
    with pytest.raises(OrganiserError) as caught:
        spool.append(b"x")
    monkeypatch.undo()

    assert found in caught.value.message
    assert caught.value.remedy


def test_a_folder_that_cannot_be_written_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))

    with pytest.raises(OrganiserError, match="nowhere: samples cannot be kept there"):
        spooled([b"x"])


def test_a_write_that_takes_a_part_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, view: whole(file, view[:3]))
    spool = spooled([b"abcdefgh", b"ijk"])
    monkeypatch.undo()

    assert spool.samples([1, 0]) == [b"ijk", b"abcdefgh"]


def test_a_read_that_gives_a_part_is_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = spooled([b"abcdefgh", b"ijk"])
    whole = os.pread
    monkeypatch.setattr(os, "pread", lambda file, size, begin: whole(file, min(size, 3), begin))
    assert spool.samples([1, 0]) == [b"ijk", b"abcdefgh"]
    monkeypatch.setattr(os, "pread", lambda *_: b"")
    with pytest.raises(OrganiserError, match="file of samples cannot be read: it has lost its end"):
        spool.samples([0])
