"""The reference kernel: the same fixed work before and after every session.

A shared machine gives the same program 6-11 % more or less speed from one minute to the next
while steal and load look idle; only work of known size shows it. About half of the kernel is
SHA-256 over a fixed buffer (compiled, streaming, like a library's inner loop), the rest integer
arithmetic in the interpreter (small objects, one step after the other, like an entry's own
Python). It needs nothing but the standard library, touches no disk, and takes about an eighth of
a second of one core: long against the clock's grain, short against a session.

Its cost compares a machine with itself only: how fast SHA-256 is depends on the processor, on the
build of OpenSSL and on the version of Python.
"""

from __future__ import annotations

import hashlib
import time

from harness.errors import MeasurementError

_BUFFER = bytes(range(256)) * 4096
"""One mebibyte."""
_PASSES = 96
_STEPS = 500_000
_MULTIPLIER, _INCREMENT, _MASK = 1_103_515_245, 12_345, 0x7FFF_FFFF
"""A linear congruential generator modulo 2^31: each step needs the one before."""

EXPECTED = ("5a310b10d915ba91", 1_711_753_697)
"""What the work comes to on every machine."""


def run_reference_kernel() -> float:
    """Do the fixed work once and return the CPU seconds that this thread spent on it.

    Raises ``MeasurementError`` when the result is wrong: a processor or memory that miscalculates
    measures nothing.
    """
    began = time.thread_time()
    result = _work()
    seconds = time.thread_time() - began
    if result != EXPECTED:
        raise MeasurementError(
            f"the reference kernel came to {result} in place of {EXPECTED}",
            remedy="test this machine's processor and memory; nothing it computes can be trusted",
        )
    return seconds


def _work() -> tuple[str, int]:
    digest = hashlib.sha256()
    for _ in range(_PASSES):
        digest.update(_BUFFER)
    state = 1
    for _ in range(_STEPS):
        state = (state * _MULTIPLIER + _INCREMENT) & _MASK
    return digest.hexdigest()[:16], state
