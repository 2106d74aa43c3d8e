from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import Clock, FakeWork, recording

from harness.errors import ConfigurationError
from harness.meters.replay import Replay, Trace, read_trace

STEPS = ((1.0, 10.0), (0.5, 40.0), (2.0, 0.0))  # 30 J in 3.5 s


def played(steps: tuple[tuple[float, float], ...], seconds: list[float]) -> list[float]:
    clock, work = Clock(), FakeWork()
    joules = []
    with recording(Replay(Trace(watts=steps), clock=clock), clock, work) as windows:
        for step in seconds:
            clock.now += step
            joules.append(windows.mark().joules)
    return joules


def test_a_trace_plays_exactly_and_from_the_top_again() -> None:
    windows = [0.5, 0.5, 0.25, 0.25, 2.0, 1.0, 0.25]
    assert played(STEPS, windows) == pytest.approx([5, 5, 10, 10, 0, 10, 10])


def test_a_window_over_many_rounds_holds_all_of_them() -> None:
    assert played(STEPS, [35.0, 1.25]) == pytest.approx([300, 20])


@given(
    steps=st.lists(st.tuples(st.floats(0.01, 100), st.floats(0, 500)), min_size=1, max_size=8).map(
        tuple
    ),
    cuts=st.lists(st.floats(0, 50), min_size=1, max_size=10),
)
def test_consecutive_windows_add_up_to_the_whole(
    steps: tuple[tuple[float, float], ...], cuts: list[float]
) -> None:
    parts = played(steps, cuts)
    (whole,) = played(steps, [sum(cuts)])
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(whole, rel=1e-6, abs=1e-6)


def test_the_window_tells_time_and_work_beside_the_trace() -> None:
    clock, work = Clock(), FakeWork()
    with recording(Replay(Trace(watts=STEPS), clock=clock), clock, work) as windows:
        clock.now += 2
        work.used = 0.75
        reading = windows.mark()
    assert (reading.seconds, reading.cpu_seconds) == (2, 0.75)


def test_a_replay_is_simulated() -> None:
    assert Replay(Trace(watts=STEPS)).describe().grade == "simulated"


def test_a_trace_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_text('{"watts": [[1, 10], [0.5, 40.0]]}')
    assert read_trace(path).watts == ((1.0, 10.0), (0.5, 40.0))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not valid JSON"),
        ("[]", "object"),
        ('{"watts": []}', "no step"),
        ('{"watts": [[1]]}', "watts"),
        ('{"watts": [[0, 5]]}', r"watts\[0\]"),
        ('{"watts": [[1, 5], [1, -5]]}', r"watts\[1\]"),
        ('{"watts": [[1, NaN]]}', "NaN"),
        ('{"watts": [[1, 5]], "volts": 5}', "volts"),
    ],
)
def test_a_faulty_trace_is_named_with_the_step(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "trace.json"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=said) as caught:
        read_trace(path)
    assert str(path) in caught.value.message


def test_a_trace_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none.json: cannot be read"):
        read_trace(tmp_path / "none.json")


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="pipe: is not a file"):
        read_trace(tmp_path / "pipe")


def test_a_trace_of_more_joules_than_a_number_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trace.json"
    path.write_text('{"watts": [[1e308, 1e308]]}')
    with pytest.raises(ConfigurationError, match="more joules than a number holds"):
        read_trace(path)
