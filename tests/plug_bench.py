"""A stand-in plug, opened and recorded on a clock that only waiting moves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from meter_fakes import Clock, FakeWork
from plug_stand_in import StandInPlug, serve

from harness.meters.http import parse_address
from harness.meters.plug import PlugSource, open_plug
from harness.meters.plug_answer import Maker
from harness.meters.sources import SourceRecording
from harness.records.meter import PowerTrace, WindowReading


class WaitingClock(Clock):
    """Moves by being slept on."""

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class PlugBench:
    """One plug, and what is read of it."""

    def __init__(self, maker: Maker, address: str, plug: StandInPlug, clock: WaitingClock) -> None:
        self.plug = plug
        self.clock = clock
        self._maker = maker
        self._address = parse_address(address, maker.meter, channels=True)
        self._recording: SourceRecording | None = None

    def open(self) -> PlugSource:
        return open_plug(
            self._maker,
            self._address,
            timeout_seconds=1.0,
            clock=self.clock,
            sleep=self.clock.sleep,
        )

    @contextmanager
    def record(self) -> Iterator[None]:
        """Open the plug, and the first window."""
        self.source = self.open()
        work = FakeWork()
        with self.source.follow(work) as follower:
            self._recording = SourceRecording([self.source], [follower], work, self.clock)
            yield

    def run(self, seconds: float) -> None:
        """Let time go by, polled as a meter polls."""
        assert self._recording is not None
        until = self.clock.now + seconds
        while self.clock.now < until:
            self.clock.now += self.source.poll_seconds
            self._recording.poll(0)

    def mark(self) -> WindowReading:
        assert self._recording is not None
        return self._recording.mark()

    def glance(self) -> None:
        """Poll before there can be anything new."""
        assert self._recording is not None
        self.clock.now += 0.05
        self._recording.poll(0)

    def trace(self) -> tuple[PowerTrace, ...]:
        assert self._recording is not None
        return self._recording.trace()

    def run_and_mark(self, windows: int) -> None:
        """Read so many windows of ten seconds."""
        for _ in range(windows):
            self.run(10.0)
            self.mark()

    def window(self, watts: float, seconds: float) -> tuple[WindowReading, float]:
        """Draw so much for so long; return what was read, and the true energy of that window."""
        assert self._recording is not None
        self.plug.set_watts(watts)
        began = self._recording._opened.at_seconds
        self.run(seconds)
        reading = self.mark()
        ended = self._recording._opened.at_seconds
        return reading, self.plug.joules(ended) - self.plug.joules(began)


@contextmanager
def bench(maker: Maker, **properties: Any) -> Iterator[PlugBench]:  # noqa: ANN401 - the plug's own
    clock = WaitingClock()
    plug = StandInPlug(clock=clock, **properties)
    with serve(plug) as address:
        yield PlugBench(maker, address, plug, clock)
