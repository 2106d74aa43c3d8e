from __future__ import annotations

import random
import threading
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.meters.protocol import Total
from harness.meters.trace import MAX_POINTS, Trace
from harness.records.meter import PowerTrace


@st.composite
def many_steps(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Return up to 2,000 steps of (seconds, watts), of one pace or of a changing one."""
    chance = random.Random(draw(st.integers(0, 2**32)))  # noqa: S311 - a seed is the point
    pace = draw(st.sampled_from([1.0, 1.5, 20.0]))
    count = draw(st.one_of(st.integers(1, 300), st.integers(300, 2_000)))
    return [(0.25 * chance.uniform(1, pace), chance.uniform(0, 500)) for _ in range(count)]


def readings(parts: list[tuple[float, float]], began: float = 100.0) -> list[Total]:
    moments = accumulate((seconds for seconds, _ in parts), initial=began)
    joules = accumulate((seconds * watts for seconds, watts in parts), initial=7.0)
    return [Total(*each) for each in zip(moments, joules, strict=True)]


def total(trace: PowerTrace) -> tuple[float, float]:
    seconds = sum(seconds for seconds, _ in trace.watts)
    return seconds, sum(seconds * watts for seconds, watts in trace.watts)


@given(many_steps())
def test_however_much_is_thinned_time_and_energy_stay_whole(
    parts: list[tuple[float, float]],
) -> None:
    trace = Trace(["package"])
    taken = readings(parts)
    for reading in taken:
        trace.add(0, reading)
    (shown,) = trace.watts()
    assert 1 <= len(shown.watts) <= MAX_POINTS
    seconds, joules = total(shown)
    rounding = len(shown.watts) * 1e-4
    assert seconds == pytest.approx(taken[-1].at_seconds - 100.0, abs=rounding)
    most = max(watts for _, watts in parts) + seconds
    assert joules == pytest.approx(taken[-1].joules - 7.0, abs=rounding * most + 1e-6)


@given(
    st.lists(st.floats(0.2, 0.3), min_size=50, max_size=400),
    st.floats(1, 300),
    st.floats(1, 300),
)
def test_sources_of_one_component_add_up(paces: list[float], first: float, second: float) -> None:
    trace = Trace(["package", "package", "dram"])
    at = 0.0
    for pace in paces:
        at += pace
        trace.add(0, Total(at, first * at))
        trace.add(1, Total(at + 0.01, second * (at + 0.01)))
        trace.add(2, Total(at, 3 * at))
    dram, package = trace.watts()
    assert (dram.component, package.component) == ("dram", "package")
    for _, watts in dram.watts:
        assert watts == pytest.approx(3, abs=0.01)
    for _, watts in package.watts[1:-1]:
        assert watts == pytest.approx(first + second, rel=0.01)


def test_a_peak_that_lasts_is_still_seen_when_thinned() -> None:
    trace = Trace(["gpu"])
    for reading in readings(
        [(0.25, 20.0)] * 4_000 + [(0.25, 300.0)] * 400 + [(0.25, 20.0)] * 4_000
    ):
        trace.add(0, reading)
    (shown,) = trace.watts()
    assert max(watts for _, watts in shown.watts) > 295
    assert min(watts for _, watts in shown.watts) == pytest.approx(20)


def test_what_was_read_once_has_no_power() -> None:
    trace = Trace(["gpu"])
    assert trace.watts() == ()
    trace.add(0, Total(1.0, 1.0))
    assert trace.watts() == ()


def test_readings_at_one_moment_are_one() -> None:
    trace = Trace(["gpu"])
    for at in (1.0, 1.0, 2.0, 2.0):
        trace.add(0, Total(at, 10 * at))
    (shown,) = trace.watts()
    assert shown.watts == ((1.0, 10.0),)


def test_threads_may_add_while_another_looks() -> None:
    trace = Trace(["package", "gpu"])

    def add(index: int) -> None:
        for reading in readings([(0.01, 10.0)] * 3_000):
            trace.add(index, reading)

    threads = [threading.Thread(target=add, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        for shown in trace.watts():
            assert len(shown.watts) <= MAX_POINTS
    for thread in threads:
        thread.join()
    assert len(trace.watts()) == 2
