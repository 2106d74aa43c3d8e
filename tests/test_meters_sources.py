from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meter_fakes import Clock, FakeWork

from harness.errors import MeasurementError
from harness.meters.alignment import carry
from harness.meters.protocol import Edge, Total
from harness.meters.sources import SourceMeter, SourceRecording, energy_by_component, weakest_grade
from harness.meters.uncertainty import expanded, of_half_range, of_step
from harness.records.meter import Component, DeviceCondition, Grade, SourceDescription

COMPONENTS: tuple[Component, ...] = ("package", "dram", "gpu")


def described(
    name: str = "one",
    component: Component = "package",
    grade: Grade = "sensor",
    kind: str = "counter",
    relative_uncertainty: float = 0.05,
) -> SourceDescription:
    return SourceDescription(
        name=name,
        component=component,
        grade=grade,
        kind=kind,  # type: ignore[arg-type]
        resolution_joules=0.0,
        refresh_seconds=0.0,
        relative_uncertainty=relative_uncertainty,
        provenance="a fake",
    )


class Fake:
    """A source and its follower: draws ``watts`` on the clock, and fails when it is told to."""

    def __init__(
        self,
        clock: Callable[[], float],
        watts: float = 10.0,
        *,
        name: str = "one",
        component: Component = "package",
        poll_seconds: float = 0.01,
    ) -> None:
        self.clock = clock
        self.watts = watts
        self.offset = 0.0
        self.failure: Exception | None = None
        self.closed = False
        self.polls = 0
        self.poll_seconds = poll_seconds
        self._said = described(name, component)

    def describe(self) -> SourceDescription:
        return self._said

    @contextmanager
    def follow(self, work: object) -> Iterator[Fake]:  # noqa: ARG002
        try:
            yield self
        finally:
            self.closed = True

    def poll(self) -> Total:
        self.polls += 1
        if self.failure:
            raise self.failure
        return Total(self.clock(), self.watts * self.clock() + self.offset)

    def edge(self) -> Edge:
        at, joules = self.poll()
        return Edge(at, joules, 0.1, 0.01, self.watts)

    def conditions(self) -> tuple[DeviceCondition, ...]:
        return (DeviceCondition(device=self._said.name),)


@contextmanager
def recorded(clock: Clock, *fakes: Fake) -> Iterator[SourceRecording]:
    yield SourceRecording(fakes, fakes, FakeWork(), clock)


def test_components_are_kept_apart_and_the_sources_of_one_are_added() -> None:
    clock = Clock()
    fakes = [
        Fake(clock, 10, name="package-0"),
        Fake(clock, 30, name="package-1"),
        Fake(clock, 3, name="dram", component="dram"),
    ]
    with recorded(clock, *fakes) as recording:
        clock.now += 2
        reading = recording.mark()
    assert {part.component: part.joules for part in reading.energy} == {"dram": 6, "package": 80}
    assert reading.joules == 86
    assert [each.device for each in reading.conditions] == ["package-0", "package-1", "dram"]


def test_one_source_that_fails_fails_the_window_and_every_later_one() -> None:
    clock = Clock()
    good, bad = Fake(clock), Fake(clock, name="gpu-0", component="gpu")
    with recorded(clock, good, bad) as recording:
        recording.mark()
        bad.failure = MeasurementError("gpu-0: fell off the bus")
        assert not recording.poll(1)
        assert not recording.poll(0)
        bad.failure = None
        for _ in range(2):
            with pytest.raises(MeasurementError, match="gpu-0: fell off the bus"):
                recording.mark()


def test_a_bug_in_a_poller_is_raised_where_it_is_seen() -> None:
    clock = Clock()
    fake = Fake(clock)
    with recorded(clock, fake) as recording:
        fake.failure = ZeroDivisionError("ours")
        assert not recording.poll(0)
        with pytest.raises(ZeroDivisionError, match="ours"):
            recording.mark()


def test_a_window_below_nothing_is_a_failure() -> None:
    clock = Clock()
    fake = Fake(clock)
    with recorded(clock, fake) as recording:
        clock.now += 1
        fake.offset = -50.0
        for _ in range(2):
            with pytest.raises(MeasurementError, match=r"one: a window of -40 J"):
                recording.mark()


def test_a_fall_within_what_the_edges_are_unsure_by_is_nothing_and_stated_so() -> None:
    clock = Clock()
    fake = Fake(clock, 0.0)
    with recorded(clock, fake) as recording:
        clock.now += 1
        fake.offset = -0.2
        first = recording.mark()
        fake.offset = 0.5
        second = recording.mark()
    assert first.joules == 0
    assert first.energy[0].uncertainty_joules > 0.2  # so it is unresolved, not without energy
    assert second.joules == pytest.approx(0.5)  # windows still add up to what was counted


@pytest.mark.parametrize("offset", [math.nan, math.inf])
def test_energy_that_is_no_number_is_a_failure(offset: float) -> None:
    clock = Clock()
    fake = Fake(clock)
    with recorded(clock, fake) as recording:
        clock.now += 1
        fake.offset = offset
        with pytest.raises(MeasurementError, match="one: a window of"):
            recording.mark()


def test_a_moment_that_is_yet_to_come_is_a_failure() -> None:
    clock = Clock()
    fake = Fake(lambda: clock.now + 5)
    with pytest.raises(MeasurementError, match="5 s ahead"), recorded(clock, fake):
        pass


def test_a_meter_has_the_grade_of_its_weakest_source() -> None:
    grades: list[Grade] = ["wall", "sensor", "model", "simulated"]
    for index, grade in enumerate(grades):
        assert weakest_grade([described(grade=each) for each in grades[: index + 1]]) == grade


def test_a_meter_needs_a_source() -> None:
    with pytest.raises(ValueError, match="needs a source"):
        SourceMeter("none", [])


def pollers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "meter poller"]


def test_every_cadence_has_a_thread_that_ends_with_the_block() -> None:
    fakes = [
        Fake(time.monotonic, name="a", poll_seconds=0.01),
        Fake(time.monotonic, name="b", component="dram", poll_seconds=0.01),
        Fake(time.monotonic, name="c", component="gpu", poll_seconds=0.02),
    ]
    with SourceMeter("fakes", fakes).record(FakeWork()) as recording:
        assert len(pollers()) == 2
        while min(fake.polls for fake in fakes) < 5:
            time.sleep(0.005)
        assert recording.mark().joules > 0
    assert not pollers()
    assert all(fake.closed for fake in fakes)


def test_what_was_opened_is_closed_when_the_block_fails() -> None:
    fakes = [Fake(time.monotonic), Fake(time.monotonic, name="b", component="gpu")]
    fakes[1].failure = MeasurementError("b: is gone")
    with (
        pytest.raises(MeasurementError, match="b: is gone"),
        SourceMeter("fakes", fakes).record(FakeWork()),
    ):
        pytest.fail("a window was opened over a source that fails")
    assert all(fake.closed for fake in fakes)
    with (
        pytest.raises(KeyError),
        SourceMeter("fakes", fakes[:1]).record(FakeWork()),
    ):
        raise KeyError
    assert not pollers()


edges = st.builds(
    Edge,
    at_seconds=st.just(0.0),
    joules=st.floats(0, 1e6),
    timing_joules=st.floats(0, 100),
    resolution_joules=st.floats(0, 100),
    watts=st.floats(0, 1_000),
    peak_watts=st.floats(0, 1_000),
    gathered_joules=st.floats(0, 100),
)
members = st.lists(
    st.tuples(
        st.sampled_from(COMPONENTS),
        st.sampled_from(["counter", "power", "model"]),
        st.floats(0, 1),
        edges,
        edges,
    ),
    min_size=1,
    max_size=6,
)
Member = tuple[Component, str, float, Edge, Edge]


def split(parts: Sequence[Member]) -> tuple[list[SourceDescription], list[Edge], list[Edge]]:
    said = [
        described(str(index), component, kind=kind, relative_uncertainty=share)
        for index, (component, kind, share, _, _) in enumerate(parts)
    ]
    return said, [part[3] for part in parts], [part[4] for part in parts]


@given(members)
def test_uncertainties_follow_the_guide(parts: list[Member]) -> None:
    for found in energy_by_component(*split(parts)):
        mine = [part for part in parts if part[0] == found.component]
        both = [edge for part in mine for edge in part[3:]]
        assert found.joules == pytest.approx(sum(p[4].joules - p[3].joules for p in mine), abs=1e-6)
        resolution = 1.96**2 * sum(edge.resolution_joules**2 for edge in both)
        timing = 1.96**2 * (
            sum(edge.timing_joules**2 for edge in both)
            + sum(part[4].gathered_joules ** 2 for part in mine)
        )
        assert found.resolution_joules == pytest.approx(resolution**0.5)
        assert found.edges_joules == pytest.approx(timing**0.5)
        shares = {
            is_model: sum(
                p[2] * abs(p[4].joules - p[3].joules) for p in mine if (p[1] == "model") == is_model
            )
            for is_model in (False, True)
        }
        assert found.gain_joules == pytest.approx(shares[False])
        assert found.model_joules == pytest.approx(shares[True])
        assert found.uncertainty_joules == pytest.approx((resolution + timing) ** 0.5)


@given(members)
def test_the_order_of_sources_changes_nothing(parts: list[Member]) -> None:
    for one, other in zip(
        energy_by_component(*split(parts)), energy_by_component(*split(parts[::-1])), strict=True
    ):
        assert one.component == other.component
        assert one.joules == pytest.approx(other.joules, abs=1e-6)
        for field in ("resolution_joules", "edges_joules", "gain_joules", "model_joules"):
            assert getattr(one, field) == pytest.approx(getattr(other, field))


@given(members)
def test_a_further_source_never_makes_the_figure_surer(parts: list[Member]) -> None:
    all_of_one = [("package", *part[1:]) for part in parts]
    (few,) = energy_by_component(*split(all_of_one[:1]))  # type: ignore[arg-type]
    (many,) = energy_by_component(*split(all_of_one))  # type: ignore[arg-type]
    assert many.uncertainty_joules >= few.uncertainty_joules * (1 - 1e-9)
    assert many.gain_joules + many.model_joules >= (few.gain_joules + few.model_joules) * (1 - 1e-9)


@given(
    lead=st.floats(0.001, 0.1),
    watts=st.floats(0, 500),
    true_watts=st.floats(0, 500),
    refresh_seconds=st.floats(0, 0.2),
)
def test_a_carried_edge_holds_whatever_the_power_became(
    lead: float, watts: float, true_watts: float, refresh_seconds: float
) -> None:
    """Within the highest power that was seen, in a distribution of half-range / sqrt(3)."""
    edge = Edge(10.0, 100.0, 0.0, 0.0, watts, peak_watts=500.0)
    later = Total(10.0 + lead + 0.001, 100.0 + true_watts * (lead + 0.001))
    carried = carry(edge, 10.0 + lead, later, refresh_seconds)
    assert carried.at_seconds == 10.0 + lead
    assert carried.joules >= edge.joules
    error = abs(carried.joules - (100.0 + true_watts * lead))
    assert error <= carried.timing_joules * math.sqrt(3) * (1 + 1e-6) + 1e-9


@given(st.lists(st.floats(0, 1e6), max_size=6))
def test_the_forms_of_the_guide(standard: list[float]) -> None:
    assert expanded(*standard) == pytest.approx(1.96 * sum(u * u for u in standard) ** 0.5)
    for half_range in standard:
        assert of_half_range(half_range) == pytest.approx(half_range / 3**0.5)
        assert of_step(half_range) == pytest.approx(half_range / 12**0.5)
