"""What is done beside a command, in a copy of its process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import NamedTuple

import pytest

from harness.cli.building.beside import beside

ALONE = """
import os, sys
from harness.cli.building.beside import beside

def numbers() -> list[int]:
    return [os.getpid(), *range(100_000)]

def in_the_copy(what: str):
    def call() -> list[int]:
        if os.getpid() == parent:
            return [1, 2, 3]
        if what == "fail":
            raise ValueError("no use")
        os.kill(os.getpid(), 9)
    return call

parent = os.getpid()
result = beside(numbers, list[int])
made = result()
print(made[0] != parent, made[1:] == list(range(100_000)), result() is made)
print(beside(in_the_copy("fail"), list[int])(), beside(in_the_copy("die"), list[int])())
never_asked = beside(numbers, list[int])
try:
    os.waitpid(-1, os.WNOHANG)
    print("one is left")
except ChildProcessError:
    print("none is left")
"""


class Named(NamedTuple):
    marks: dict[str, tuple[int, int]]
    names: list[str]


def test_it_is_done_in_a_copy_where_there_is_one_thread() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE], capture_output=True, text=True, timeout=60, check=False
    )
    told = ["True True True", "[1, 2, 3] [1, 2, 3]", "one is left"]
    assert (done.stdout.splitlines(), done.stderr) == (told, "")


def test_it_is_done_here_where_another_thread_might_hold_a_lock() -> None:
    ended = threading.Event()
    other = threading.Thread(target=ended.wait)
    other.start()
    try:
        made = beside(lambda: Named({"a": (1, os.getpid())}, ["b"]), Named)()
    finally:
        ended.set()
        other.join()
    assert made == Named({"a": (1, os.getpid())}, ["b"])


def test_a_call_that_fails_fails_where_it_is_asked_for() -> None:
    def call() -> Named:
        raise PermissionError(13, "no", "there")

    result = beside(call, Named)
    with pytest.raises(PermissionError, match="there"):
        result()


def test_where_no_copy_can_be_made_nothing_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("harness.cli.building.copies._is_alone", lambda: True)
    monkeypatch.setattr(os, "fork", refused)
    before = len([*Path("/proc/self/fd").iterdir()])
    assert beside(lambda: [1], list[int])() == [1]
    assert len([*Path("/proc/self/fd").iterdir()]) == before
