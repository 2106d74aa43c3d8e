"""What voids a session, and the nearest that does not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from record_samples import RULES, session

from harness.evaluation.gate import (
    CLOCK_TICK_SECONDS,
    disturbances,
    may_be_its_own,
    who_may_have,
)
from harness.records.meter import DeviceCondition
from harness.records.session import Disturbance, Notice, ReferenceKernel, Session

CORES = 4
SECONDS = 9.0
"""Of the entry's own phases in the sample session: 36 CPU-seconds of the machine."""
LEFT_OPEN = math.sqrt(SECONDS * CLOCK_TICK_SECONDS)


def codes(made: Session, *earlier_kernels: float) -> list[str]:
    return [n.code for n in disturbances(made, earlier_kernels, CORES, RULES.disturbance)]


def with_disturbance(phase: str, **seen: Any) -> Session:  # noqa: ANN401 - fields of several types
    """Make a session in which something was seen in one phase."""
    ordinary = session()
    return replace(
        ordinary,
        phases=tuple(
            replace(w, disturbance=replace(w.disturbance, **seen)) if w.phase == phase else w
            for w in ordinary.phases
        ),
    )


def with_board(phase: str, *, overheated: bool) -> Session:
    """Make a session in which a board was held back in one phase, by heat or by its power limit."""
    ordinary = session()
    board = DeviceCondition(device="gpu-0", throttled_by=("any",), overheated=overheated)
    return replace(
        ordinary,
        phases=tuple(
            replace(w, reading=replace(w.reading, conditions=(board,))) if w.phase == phase else w
            for w in ordinary.phases
        ),
    )


def with_kernel(before: float, after: float) -> Session:
    kernel = ReferenceKernel(before_cpu_seconds=before, after_cpu_seconds=after)
    return replace(session(), kernel=kernel)


@dataclass(frozen=True)
class Case:
    """A session that is void, the nearest one that is not, and what the reason says."""

    void: Session
    stands: Session
    says: str


OTHER = RULES.disturbance.other_cpu_share * SECONDS * CORES + LEFT_OPEN
STEAL = RULES.disturbance.steal_share * SECONDS * CORES + CLOCK_TICK_SECONDS
CASES = {
    "other-processes": Case(
        with_disturbance("load", other_cpu_seconds=OTHER + 0.01),
        with_disturbance("load", other_cpu_seconds=OTHER - 0.01),
        "took 2.9% of the machine's CPU time (limit 2.8%, clock ticks allowed for)",
    ),
    "steal": Case(
        with_disturbance("measured", steal_seconds=STEAL + 0.01),
        with_disturbance("measured", steal_seconds=STEAL - 0.01),
        "withheld 1.1%",
    ),
    "kernel-changed": Case(
        with_kernel(0.1, 0.126), with_kernel(0.1, 0.124), "100 ms before and 126 ms after"
    ),
    "throttled": Case(
        with_disturbance("measured", throttle_events=1),
        with_disturbance("measured", throttle_events=0),
        "throttled once (limit 0)",
    ),
    "device-overheated": Case(
        with_board("measured", overheated=True),
        with_board("measured", overheated=False),
        "gpu-0: throttled by heat in 1 window (limit 0)",
    ),
    "suspended": Case(
        with_disturbance("idle-after", suspended_seconds=0.11),
        with_disturbance("idle-after", suspended_seconds=0.09),
        "the machine was suspended for 0.1 s",
    ),
}


@pytest.mark.parametrize("code", CASES)
def test_each_limit_voids_what_is_beyond_it_and_nothing_else(code: str) -> None:
    case = CASES[code]

    (reason,) = disturbances(case.void, (), CORES, RULES.disturbance)

    assert reason.code == code
    assert case.says in reason.message
    assert reason.remedy
    assert codes(case.stands) == []


def test_what_is_hardly_beyond_its_limit_is_not_said_to_be_at_it() -> None:
    barely = with_disturbance("measured", steal_seconds=STEAL + 0.001)
    (reason,) = disturbances(barely, (), CORES, RULES.disturbance)
    assert "withheld 1.031% of the machine's CPU time (limit 1.028%)" in reason.message


def test_a_board_that_is_hot_while_nothing_runs_on_it_voids_nothing() -> None:
    assert codes(with_board("idle-after", overheated=True)) == []


def test_on_many_cores_a_neighbour_is_held_against_the_entry() -> None:
    own = 4.25  # CPU-seconds of the sample session's own phases
    limit = RULES.disturbance.other_cpu_of_entry * own + LEFT_OPEN
    near, beyond = (
        with_disturbance("measured", other_cpu_seconds=limit + by) for by in (-0.01, 0.01)
    )
    assert disturbances(near, (), 64, RULES.disturbance) == ()
    (reason,) = disturbances(beyond, (), 64, RULES.disturbance)
    assert reason.code == "other-processes"
    assert "beside the entry's 4.25 s (limit 25%" in reason.message


def test_every_reason_is_told_at_once() -> None:
    made = with_disturbance("load", other_cpu_seconds=9.0, steal_seconds=9.0, throttle_events=3)

    assert codes(replace(made, kernel=with_kernel(0.1, 0.2).kernel)) == [
        "other-processes", "steal", "kernel-changed", "throttled",
    ]  # fmt: skip


def test_a_kernel_that_got_faster_voids_too() -> None:
    assert codes(with_kernel(0.2, 0.1)) == ["kernel-changed"]


def test_a_session_on_a_slow_machine_is_known_by_the_evaluations_median() -> None:
    usual = (0.1, 0.1, 0.1, 0.1)
    assert codes(with_kernel(0.126, 0.126), *usual) == ["kernel-slow"]
    assert codes(with_kernel(0.124, 0.124), *usual) == []


def test_a_session_on_a_faster_machine_than_the_others_stands() -> None:
    assert codes(with_kernel(0.05, 0.05), 0.1, 0.1, 0.1, 0.1) == []


def test_what_happens_while_the_machine_idles_spoils_nothing() -> None:
    assert codes(with_disturbance("idle-before", other_cpu_seconds=9.0, steal_seconds=9.0)) == []


def test_an_entrys_own_threads_void_nothing() -> None:
    """Waiting for cores is what more threads than cores bring about."""
    assert codes(with_disturbance("measured", run_queue_seconds=100.0)) == []


@given(
    other=st.floats(0, 100), steal=st.floats(0, 100), more=st.floats(0, 100),
    before=st.floats(0.01, 1), after=st.floats(0.01, 1),
)  # fmt: skip
def test_more_disturbance_never_unvoids(
    other: float, steal: float, more: float, before: float, after: float
) -> None:
    made = with_disturbance("measured", other_cpu_seconds=other, steal_seconds=steal)
    worse = with_disturbance("measured", other_cpu_seconds=other + more, steal_seconds=steal + more)
    kernel = with_kernel(before, after).kernel

    void = set(codes(replace(made, kernel=kernel)))

    assert void <= set(codes(replace(worse, kernel=kernel)))


def test_nothing_is_divided_by_a_session_that_took_no_time() -> None:
    seen = Disturbance(other_cpu_seconds=1.0, harness_cpu_seconds=0.0, steal_seconds=1.0)
    ordinary = session()
    phases = tuple(
        replace(w, reading=replace(w.reading, seconds=0.0), disturbance=seen)
        for w in ordinary.phases
    )
    assert codes(replace(ordinary, phases=phases)) == ["other-processes", "steal"]


def seen(*codes: str) -> tuple[Notice, ...]:
    return tuple(Notice(code=code, message="", remedy="") for code in codes)


@pytest.mark.parametrize(
    ("codes", "own"),
    [
        (["throttled"], True),
        (["kernel-changed"], True),
        (["kernel-slow", "throttled"], True),
        (["device-overheated"], True),
        (["steal"], False),
        (["other-processes"], False),
        (["suspended"], False),
        (["throttled", "other-processes"], False),
        (["kernel-changed", "steal"], False),
    ],
)
def test_only_what_load_brings_about_may_be_the_entry_s_own(codes: list[str], own: bool) -> None:
    assert may_be_its_own(seen(*codes)) is own


def test_who_may_have_is_told_by_number() -> None:
    assert who_may_have([seen("steal")]) == "it was not of the entry's own processes"
    one = who_may_have([seen("throttled"), seen("steal")])
    assert one.startswith("in 1 of 2 disturbed sessions other programs and the host stayed within")
    assert who_may_have([seen("throttled")]).startswith("in 1 of 1 disturbed session other ")


def test_an_entry_is_not_said_to_have_been_alone_where_others_were_at_work_within_limits() -> None:
    """The kernel's threads tipped the scale; nearly all of it was other programs'."""
    made = with_disturbance("load", other_cpu_seconds=OTHER + 0.01)
    made = replace(made, kernel_threads_cpu_seconds=0.02)

    said = who_may_have([disturbances(made, [], CORES, RULES.disturbance)])

    assert "nothing else" not in said
    assert "within their limits" in said
    assert said.endswith(", or what the kernel did for others")


def test_the_kernels_own_threads_are_told_apart_and_may_work_for_the_entry() -> None:
    made = with_disturbance("load", other_cpu_seconds=OTHER + 0.01)
    assert codes(replace(made, kernel_threads_cpu_seconds=0.005)) == ["other-processes"]
    by_the_kernel = replace(made, kernel_threads_cpu_seconds=0.02)
    assert codes(by_the_kernel) == ["kernel-threads"]
    assert may_be_its_own(disturbances(by_the_kernel, [], CORES, RULES.disturbance))
    quiet = with_disturbance("load", other_cpu_seconds=OTHER - 0.01)
    assert codes(replace(quiet, kernel_threads_cpu_seconds=9.0)) == []  # in idle windows
