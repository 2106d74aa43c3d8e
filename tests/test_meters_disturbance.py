from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from meter_fakes import FakeWork

from harness.errors import MeasurementError
from harness.meters.disturbance import DisturbanceWatch

TICKS = os.sysconf("SC_CLK_TCK")


@pytest.fixture(autouse=True)
def _no_harness_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.process_time", lambda: 0.0)


def write_stat(proc: Path, *fields: float) -> None:
    """Write seconds of user, nice, system, idle, iowait, irq, softirq, steal, guest, guest_nice."""
    ticks = " ".join(str(round(field * TICKS)) for field in fields)
    (proc / "stat").write_text(f"cpu  {ticks}\ncpu0 {ticks}\nctxt 5\n")


def test_other_work_is_what_the_machine_did_less_the_entry_and_the_harness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = FakeWork()
    write_stat(tmp_path, 100, 10, 20, 500, 5, 1, 2, 3, 0, 0)
    watch = DisturbanceWatch(work, proc=tmp_path)
    write_stat(tmp_path, 104, 11, 22, 900, 55, 2, 3, 3.5, 2, 1)
    work.used = 3.0
    monkeypatch.setattr("time.process_time", lambda: 0.5)
    seen = watch.mark()
    assert seen.other_cpu_seconds == pytest.approx(4 + 1 + 2 + 1 + 1 - 3.0 - 0.5)
    assert seen.harness_cpu_seconds == pytest.approx(0.5)
    assert seen.steal_seconds == pytest.approx(0.5)


def test_idle_io_wait_and_a_guests_share_of_user_time_are_no_work(tmp_path: Path) -> None:
    write_stat(tmp_path, *[0] * 10)
    watch = DisturbanceWatch(FakeWork(), proc=tmp_path)
    write_stat(tmp_path, 1, 0, 0, 50, 60, 0, 0, 0, 1, 0)
    assert watch.mark().other_cpu_seconds == pytest.approx(1)


def test_windows_share_their_edges(tmp_path: Path) -> None:
    write_stat(tmp_path, *[0] * 10)
    watch = DisturbanceWatch(FakeWork(), proc=tmp_path)
    write_stat(tmp_path, 2, *[0] * 9)
    assert watch.mark().other_cpu_seconds == pytest.approx(2)
    assert watch.mark().other_cpu_seconds == 0
    write_stat(tmp_path, 5, *[0] * 9)
    assert watch.mark().other_cpu_seconds == pytest.approx(3)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(busy=st.floats(0, 100), entry=st.floats(0, 100), steal=st.floats(-5, 5))
def test_nothing_is_ever_negative(tmp_path: Path, busy: float, entry: float, steal: float) -> None:
    work = FakeWork()
    write_stat(tmp_path, *[0] * 7, 10, 0, 0)
    watch = DisturbanceWatch(work, proc=tmp_path)
    write_stat(tmp_path, busy, *[0] * 6, 10 + steal, 0, 0)
    work.used = entry
    seen = watch.mark()
    assert seen.other_cpu_seconds >= 0
    assert seen.steal_seconds >= 0


@pytest.mark.parametrize("content", [None, "", "cpu 1 2 3\n", "cpu a b c d e f g h\n", "intr 1\n"])
def test_a_proc_that_does_not_tell_is_named(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "stat").write_text(content)
    with pytest.raises(MeasurementError, match="stat") as caught:
        DisturbanceWatch(FakeWork(), proc=tmp_path)
    assert "/proc" in caught.value.remedy


def test_this_machine_can_be_watched() -> None:
    seen = DisturbanceWatch(FakeWork()).mark()
    assert seen.other_cpu_seconds >= 0
