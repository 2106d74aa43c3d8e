"""Memory of a build: what was let go is there for what comes next."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.building import collecting

CHECKOUT = Path(__file__).parents[1]
LARGE = """
import resource
from harness.cli.building.collecting import keep_what_is_freed

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(4):
        bytearray(b"x") * (48 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

given_back = faults()
keep_what_is_freed()
faults()
print(given_back, faults())
"""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "mallopt"), reason="a C library that cannot be told to"
)
def test_what_was_large_and_is_let_go_is_taken_again_without_faults() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LARGE], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    given_back, kept = map(int, ran.stdout.split())
    assert given_back > 1_000
    assert kept < given_back / 10


def test_another_c_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _name: object())
    collecting.keep_what_is_freed()
