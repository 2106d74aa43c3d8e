"""A machine that sleeps in a window: the session is void, by the kernel's own clocks."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from evaluation_fakes import assignment_in, run
from meter_fakes import StillWatch
from msgspec.structs import replace
from runs import CHECKOUT

from harness.errors import MeasurementError
from harness.evaluation import run as evaluation
from harness.meters import clock
from harness.meters.protocol import Work
from harness.records.evaluation import Completed, Failed
from harness.records.session import Disturbance

# What a suspended machine looks like to its programs: CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC by
# more than before. A time namespace makes it so, for one process, with nothing asleep.
SLEEPER = """
    import ctypes, os
    from harness.meters.disturbance import DisturbanceWatch

    CLONE_NEWTIME = 0x80
    libc = ctypes.CDLL(None, use_errno=True)

    class Idle:
        def cpu_seconds(self):
            return 0.0

    watch = DisturbanceWatch(Idle())
    print(watch.mark().suspended_seconds)
    if libc.unshare(CLONE_NEWTIME):
        raise SystemExit(77)
    with open("/proc/self/timens_offsets", "w") as offsets:
        offsets.write("boottime 100 0")
    entered = os.open("/proc/self/ns/time_for_children", os.O_RDONLY)
    if libc.setns(entered, CLONE_NEWTIME):
        raise SystemExit(77)
    print(watch.mark().suspended_seconds)
    print(watch.mark().suspended_seconds)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="time namespaces need root")
def test_the_watch_sees_for_how_long_a_machine_slept() -> None:
    said = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SLEEPER)],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if said.returncode == 77:
        pytest.skip("this kernel has no time namespaces")
    assert said.returncode == 0, said.stderr
    before, slept, after = map(float, said.stdout.split())
    assert before == pytest.approx(0, abs=0.05)
    assert slept == pytest.approx(100, abs=0.05)
    assert after == pytest.approx(0, abs=0.05)


class Sleeping(StillWatch):
    """Sees the machine sleep in the windows that are numbered."""

    windows = 0
    asleep: frozenset[int] = frozenset()

    def mark(self) -> Disturbance:
        Sleeping.windows += 1
        slept = 42.0 if Sleeping.windows in self.asleep else 0.0
        return replace(super().mark(), suspended_seconds=slept)


@pytest.mark.parametrize("window", [1, 5, 7], ids=["idle-before", "measured", "idle-after"])
def test_a_session_in_which_the_machine_slept_is_void_and_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, window: int
) -> None:
    monkeypatch.setattr(Sleeping, "windows", 0)
    monkeypatch.setattr(Sleeping, "asleep", frozenset({window}))

    made, _, _ = run(assignment_in(tmp_path), watch=Sleeping)

    assert made.outcome == Completed()
    (void,) = made.voided
    (reason,) = void.reasons
    assert reason.code == "suspended"
    assert "suspended for 42.0 s" in reason.message
    assert "awake" in reason.remedy


def test_a_sensor_that_a_sleep_upset_is_told_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept = iter([10.0, 52.0])
    monkeypatch.setattr(evaluation, "suspended_seconds", lambda: next(slept))

    class Upset(StillWatch):
        def __init__(self, work: Work) -> None:
            super().__init__(work)

        def mark(self) -> Disturbance:
            raise MeasurementError("package-0: fell from 7 to 3 J", remedy="look at it")

    made, _, _ = run(assignment_in(tmp_path), watch=Upset)

    assert isinstance(made.outcome, Failed)
    assert made.outcome.stage == "idle-before"
    assert made.outcome.message == (
        "package-0: fell from 7 to 3 J; the machine was suspended for 42.0 s meanwhile"
    )
    assert "awake" in made.outcome.remedy


def test_clocks_that_are_read_apart_on_a_busy_machine_are_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The first three reads are torn: half a second passes within.
    reads = iter([0.0, 100.5, 0.5, 1.0, 101.0, 1.0002])
    monkeypatch.setattr("time.clock_gettime", lambda _which: next(reads))

    assert clock.suspended_seconds() == pytest.approx(100, abs=0.001)


def test_a_system_without_such_a_clock_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("time.CLOCK_BOOTTIME")

    assert clock.suspended_seconds() is None
