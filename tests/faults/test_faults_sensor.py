"""A sensor that is lost in the midst of a window, or never answers: it fails, by its name."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
from meter_fakes import FakeWork
from projects import write_entry
from runs import Place, place_in

from harness.errors import ConfigurationError, MeasurementError
from harness.meters import plug_in, sources
from harness.meters.plug_in import open_plug_in
from harness.meters.protocol import Edge, Recording, Surroundings, Total
from harness.meters.sources import SourceMeter
from harness.records.meter import DeviceCondition, SourceDescription

HERE = Surroundings(cores=2, machine_cores=2)
DESCRIPTION = SourceDescription(
    name="analyser",
    component="wall",
    grade="wall",
    kind="counter",
    resolution_joules=0.01,
    refresh_seconds=0.0,
    relative_uncertainty=0.002,
    provenance="a laboratory analyser",
)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_in(tmp_path / "project", idle_seconds="0.2")


def test_a_sensor_that_is_lost_in_a_window_fails_the_evaluation_by_name(place: Place) -> None:
    script = "read seconds rest < /proc/uptime; echo $seconds"
    program = place.root / "meter.sh"
    program.write_text(script, encoding="utf-8")
    hurt = f"""
        from harness.evaluation.journal import Journal
        before = Journal.phase
        def unplugged(self, phase, **options):
            before(self, phase, **options)
            if phase == "warm-up" and self._doing.session:
                os.rename({str(program)!r}, {str(program) + ".gone"!r})
        Journal.phase = unplugged
        """
    meter = f"command:sh {program}"

    ended = place.run(write_entry(place.root, "fine"), "--json", "--meter", meter, hurt=hurt)

    summary = ended.document["summary"]
    assert (ended.code, summary["status"], summary["blame"]) == (3, "failed", "organiser")
    assert summary["stage"] == "warm-up"
    assert summary["message"].startswith("command sh ")
    assert str(place.root) not in summary["message"]
    assert summary["joules_per_1000_queries"] is None
    assert place.left() == []


class Silent:
    """A plug-in's source and follower in one, which does not answer in one of its methods."""

    poll_seconds = 0.05

    def __init__(self, method: str) -> None:
        self._method = method
        self.released = Event()

    def _reach(self, method: str) -> None:
        if method == self._method:
            self.released.wait(60)

    def describe(self) -> SourceDescription:
        return DESCRIPTION

    @contextmanager
    def follow(self, work: object) -> Iterator[Silent]:  # noqa: ARG002
        self._reach("follow")
        yield self
        self._reach("close")

    def poll(self) -> Total:
        self._reach("poll")
        return Total(time.monotonic(), 0.0)

    def edge(self) -> Edge:
        self._reach("edge")
        return Edge(time.monotonic(), 0.0, 0.0, 0.0, 0.0)

    def conditions(self) -> tuple[DeviceCondition, ...]:
        self._reach("conditions")
        return ()


def mark_once_polled(recording: Recording) -> None:
    time.sleep(0.2)
    recording.mark()


@pytest.mark.parametrize("method", ["follow", "edge", "conditions", "poll", "close"])
def test_a_plug_in_that_never_answers_is_left_alone_and_named(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(plug_in, "ANSWER_SECONDS", 0.2)
    silent = Silent(method)
    meter = SourceMeter("bench", open_plug_in("bench", lambda *_: [silent], "", HERE))
    try:
        with (
            pytest.raises(
                MeasurementError, match=r"'bench' .analyser.: has not answered"
            ) as caught,
            meter.record(FakeWork()) as recording,
        ):
            mark_once_polled(recording)
    finally:
        silent.released.set()
    assert "repair" in caught.value.remedy


def test_a_plug_in_that_never_opens_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plug_in, "ANSWER_SECONDS", 0.1)
    released = Event()

    def opener(*_: object) -> list[Silent]:
        released.wait(60)
        return []

    try:
        with pytest.raises(ConfigurationError, match="'bench': has not opened within"):
            open_plug_in("bench", opener, "", HERE)
    finally:
        released.set()


def test_a_source_of_the_harness_that_is_stuck_in_its_thread_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sources, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(sources, "_JOIN_SECONDS", 0.1)
    silent = Silent("poll")
    try:
        with (
            pytest.raises(MeasurementError, match="analyser: has been asked, and has not answered"),
            SourceMeter("own", [silent]).record(FakeWork()) as recording,
        ):
            mark_once_polled(recording)
    finally:
        silent.released.set()


def test_an_evaluation_ends_although_a_plug_in_never_answers(place: Place) -> None:
    hurt = textwrap.dedent("""
        import time
        from harness.meters import plug_in, select
        from harness.meters.protocol import Edge, Total
        from harness.records.meter import SourceDescription
        from contextlib import contextmanager
        plug_in.ANSWER_SECONDS = 0.5
        class Silent:
            poll_seconds = 3600.0
            edges = 0
            def describe(self):
                return SourceDescription(
                    name="analyser", component="wall", grade="wall", kind="counter",
                    resolution_joules=0.01, refresh_seconds=0.0, relative_uncertainty=0.002,
                    provenance="a laboratory analyser")
            @contextmanager
            def follow(self, work):
                yield self
            def poll(self):
                return Total(time.monotonic(), 0.0)
            def edge(self):
                self.edges += 1
                if self.edges == 4:
                    while True:
                        time.sleep(1)
                return Edge(time.monotonic(), time.monotonic(), 0.0, 0.0, 1.0)
            def conditions(self):
                return ()
        import harness.meters.sources as sources
        silent = plug_in.open_plug_in("bench", lambda *_: [Silent()], "", None)
        select.select = lambda *_: sources.SourceMeter("bench", silent)
        """)

    ended = place.run(write_entry(place.root, "fine"), "--json", hurt=hurt)

    summary = ended.document["summary"]
    assert (ended.code, summary["status"], summary["blame"]) == (3, "failed", "organiser")
    assert summary["stage"] == "load"
    assert "the meter 'bench' (analyser): has not answered for 0.5 s" in summary["message"]
    assert place.left() == []
