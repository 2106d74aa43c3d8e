"""A clock that is set back, again and again: it only names moments, and times nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from projects import write_entry
from runs import place_in

from harness.store.results import read_all

# Every look at the clock finds it an hour before the last one: in Python's own ways to read it.
SET_BACK = """
    import datetime as module, time
    looks = 0
    def wall():
        global looks
        looks += 1
        return {first} - 3600 * looks
    class SetBack(module.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(wall(), tz)
    import harness.evaluation.journal as journal, harness.evaluation.run as run
    import harness.evaluation.session as session
    for each in (journal, run, session):
        each.datetime = SetBack
    time.time = lambda: float(wall())
    time.time_ns = lambda: wall() * 10**9
    time.clock_gettime = (lambda real: lambda which: float(wall())
        if which == time.CLOCK_REALTIME else real(which))(time.clock_gettime)
    """
NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}\.local\.json")


@pytest.mark.parametrize("first", [1_800_000_000, 100_000], ids=["set back", "a clock that died"])
def test_a_clock_that_runs_backwards_spoils_no_figure(tmp_path: Path, first: int) -> None:
    place = place_in(tmp_path / "project", looks="[2]")

    ended = place.run(write_entry(place.root, "fine"), "--json", hurt=SET_BACK.format(first=first))

    assert ended.code == 0, ended.err
    (stored,), problems = read_all(place.results)
    assert problems == ()
    assert NAME.fullmatch(Path(stored.path).name)
    assert stored.record.sessions[0].started_utc > stored.record.sessions[1].started_utc
    for session in stored.record.sessions:
        assert all(window.reading.seconds > 0 for window in session.phases)
        assert all(sweep.seconds > 0 for sweep in session.sweeps)
        assert all(window.disturbance.suspended_seconds == 0 or
                   abs(window.disturbance.suspended_seconds or 0) < 0.05
                   for window in session.phases)  # fmt: skip
    assert place.left() == []
