from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

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
    children_waited_for(monkeypatch, 0.0)


def children_waited_for(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Let the harness have waited for children that took this much."""
    usage = SimpleNamespace(ru_utime=seconds * 0.75, ru_stime=seconds * 0.25)
    monkeypatch.setattr("resource.getrusage", lambda _who: usage)


def write_child(proc: Path, parent: int, pid: int, seconds: float, *, waited: float = 0.0) -> None:
    """Give a process a child that took ``seconds`` itself; its name has every trap in it."""
    (proc / str(parent) / "task" / str(parent)).mkdir(parents=True, exist_ok=True)
    children = proc / str(parent) / "task" / str(parent) / "children"
    children.write_text((children.read_text() if children.exists() else "") + f"{pid} ")
    (proc / str(pid)).mkdir(exist_ok=True)
    ticks = f"{round(seconds * TICKS)} 0 {round(waited * TICKS)} 0"
    (proc / str(pid) / "stat").write_text(
        f"{pid} (a) b (c) S {parent} 1 1 0 -1 0 0 0 0 0 {ticks} 20\n"
    )


def write_pressure(proc: Path, text: str) -> None:
    (proc / "pressure").mkdir(exist_ok=True)
    (proc / "pressure" / "cpu").write_text(text)


def write_core(cores: Path, number: int, **files: str) -> None:
    """Write files of one core: a frequency, or counts of throttling."""
    for name, text in files.items():
        folder = "cpufreq" if name == "scaling_cur_freq" else "thermal_throttle"
        (cores / f"cpu{number}" / folder).mkdir(parents=True, exist_ok=True)
        (cores / f"cpu{number}" / folder / name).write_text(text)


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


def test_what_the_harness_started_besides_the_entry_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = FakeWork()
    write_stat(tmp_path, *[0] * 10)
    watch = DisturbanceWatch(work, proc=tmp_path)
    # The entry took 2 s and lives; beside it a program takes 1 s and its child 0.5 s, of which
    # 0.25 s are of one that it waited for; a fourth took 3 s and is gone.
    write_stat(tmp_path, 10, *[0] * 9)
    work.used = 2.0
    write_child(tmp_path, os.getpid(), 1_000_001, 2.0)
    write_child(tmp_path, os.getpid(), 1_000_002, 1.0)
    write_child(tmp_path, 1_000_002, 1_000_003, 0.25, waited=0.25)
    children_waited_for(monkeypatch, 3.0)
    seen = watch.mark()
    assert seen.harness_cpu_seconds == pytest.approx(1.0 + 0.5 + 3.0)
    assert seen.other_cpu_seconds == pytest.approx(10 - 2.0 - 4.5)


def test_an_entry_that_is_waited_for_is_not_billed_to_the_harness(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = FakeWork()
    write_stat(tmp_path, *[0] * 10)
    watch = DisturbanceWatch(work, proc=tmp_path)
    write_stat(tmp_path, 4, *[0] * 9)
    work.used = 4.0  # gone by now: the harness has waited for it
    children_waited_for(monkeypatch, 4.0)
    seen = watch.mark()
    assert seen.harness_cpu_seconds == 0
    assert seen.other_cpu_seconds == 0


def test_waiting_for_cores_is_the_kernels_total(tmp_path: Path) -> None:
    write_stat(tmp_path, *[0] * 10)
    write_pressure(tmp_path, "some avg10=1.00 avg60=0.00 avg300=0.00 total=5000000\nfull total=7\n")
    watch = DisturbanceWatch(FakeWork(), proc=tmp_path)
    write_pressure(tmp_path, "some avg10=1.00 avg60=0.00 avg300=0.00 total=5750000\nfull total=9\n")
    assert watch.mark().run_queue_seconds == pytest.approx(0.75)
    assert watch.mark().run_queue_seconds == 0


@pytest.mark.parametrize("text", [None, "", "full total=3\n", "some total=\n", "some total=-3\n"])
def test_waiting_that_a_kernel_does_not_tell_is_unknown_and_not_zero(
    tmp_path: Path, text: str | None
) -> None:
    write_stat(tmp_path, *[0] * 10)
    if text is not None:
        write_pressure(tmp_path, text)
    assert DisturbanceWatch(FakeWork(), proc=tmp_path).mark().run_queue_seconds is None


def test_frequency_is_the_mean_of_the_cores_that_tell(tmp_path: Path) -> None:
    write_stat(tmp_path, *[0] * 10)
    write_core(tmp_path, 0, scaling_cur_freq="3000000\n")
    write_core(tmp_path, 1, scaling_cur_freq="2000000\n")
    write_core(tmp_path, 2, scaling_cur_freq="<unknown>\n")
    watch = DisturbanceWatch(FakeWork(), proc=tmp_path, cores=tmp_path)
    assert watch.mark().frequency_megahertz == pytest.approx(2500)


def test_throttling_is_counted_within_the_window(tmp_path: Path) -> None:
    write_stat(tmp_path, *[0] * 10)
    for core in (0, 1):
        write_core(tmp_path, core, core_throttle_count="7\n", package_throttle_count="100\n")
    watch = DisturbanceWatch(FakeWork(), proc=tmp_path, cores=tmp_path)
    assert watch.mark().throttle_events == 0
    write_core(tmp_path, 1, core_throttle_count="10\n")
    assert watch.mark().throttle_events == 3
    write_core(tmp_path, 1, core_throttle_count="0\n")  # the core went and came back
    assert watch.mark().throttle_events == 0


def test_a_machine_without_these_files_says_nothing_of_them(tmp_path: Path) -> None:
    write_stat(tmp_path, *[0] * 10)
    seen = DisturbanceWatch(FakeWork(), proc=tmp_path, cores=tmp_path / "none").mark()
    assert (seen.frequency_megahertz, seen.throttle_events) == (None, None)


def test_this_machine_can_be_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    seen = DisturbanceWatch(FakeWork()).mark()
    assert seen.other_cpu_seconds >= 0
    assert seen.harness_cpu_seconds > 0
