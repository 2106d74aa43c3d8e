"""What becomes of a reply in which an entry says that it failed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sandboxes import launch_of

from harness.errors import SubmissionError
from harness.sandbox import frames
from harness.sandbox.replies import MEND, Reply, nothing_came

PROVIDE = (
    "put the module into the entry's folder, or lock its package (docs/how-to/lock-packages.md); "
    "a reference entry may need an extra (README.md)"
)


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("predict raised ValueError: no idea (model.py:3)", MEND),
        ("model:load raised ModuleNotFoundError: No module named 'torch' (model.py:1)", PROVIDE),
    ],
)
def test_a_failure_comes_with_what_to_do(tmp_path: Path, said: str, remedy: str) -> None:
    reading, writing = os.pipe()
    os.write(writing, frames.HEADER.pack(frames.FAILURE, 0, len(said)) + said.encode())
    os.close(writing)
    with pytest.raises(SubmissionError) as failed:
        Reply(frames.READY, 0, launch_of(tmp_path)).read(reading)
    os.close(reading)
    assert (failed.value.message, failed.value.remedy) == (said, remedy)


def test_what_comes_unasked_is_refused_and_a_closed_channel_is_told_from_an_open_one() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    assert nothing_came(reading)
    os.write(writing, b"x")
    with pytest.raises(SubmissionError, match="without being asked"):
        nothing_came(reading)
    os.close(writing)
    assert not nothing_came(reading)
    os.close(reading)
