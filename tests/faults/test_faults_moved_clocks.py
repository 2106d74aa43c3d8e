"""Clocks that move while a real evaluation runs: set back an hour, and ahead as after a sleep."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from runs import Ended, Place, place_in, slow_entry, until
from stand_ins.clock import Clocks
from stand_ins.nvml import compiler

from harness.records.evaluation import Completed, Failed
from harness.store.results import StoredRecord, read_all

pytestmark = pytest.mark.skipif(compiler() is None, reason="needs a C compiler")
HOUR = 3600


@contextmanager
def evaluating(
    place: Place, clocks: Clocks, *options: object
) -> Iterator[tuple[Popen[str], list[Ended]]]:
    """Start an evaluation whose clocks can be moved; its end is put into the list."""
    ended: list[Ended] = []
    with place.start(slow_entry(place), "--json", *options, **clocks.environment) as process:
        yield process, ended
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        ended.append(Ended(process.returncode, out, err))


def at(place: Place, session: int, phase: str) -> None:
    """Wait until an evaluation is there."""

    def there() -> bool:
        for path in place.journals():
            doing: dict[str, Any] = json.loads(path.read_text().partition("\n")[2] or "{}")
            return (doing.get("session"), doing.get("phase")) == (session, phase)
        return False

    until(there, f"session {session} is in the phase {phase}")


def kept(place: Place) -> StoredRecord:
    (stored,), problems = read_all(place.results)
    assert problems == ()
    assert place.left() == []
    return stored


def test_a_wall_clock_that_is_set_back_between_sessions_times_nothing(tmp_path: Path) -> None:
    place, clocks = place_in(tmp_path / "project", looks="[3]"), Clocks(tmp_path)

    with evaluating(place, clocks) as (_, ended):
        at(place, 2, "measured")
        clocks.move(wall_seconds=-HOUR)

    assert ended[0].code == 0, ended[0].err
    stored = kept(place)
    record = stored.record
    assert record.outcome == Completed()
    first, second, third = (
        datetime.fromisoformat(session.started_utc) for session in record.sessions
    )
    assert abs((datetime.now(UTC) - first).total_seconds()) < HOUR  # moved by nothing before
    assert first <= second
    assert HOUR - 60 < (second - third).total_seconds() <= HOUR  # whole seconds
    assert record.voided == ()
    for session in record.sessions:
        lasted = [window.reading.seconds for window in session.phases]
        assert all(0 < seconds < 60 for seconds in lasted)
        assert all(0 < sweep.seconds < 60 for sweep in session.sweeps)
        assert all(
            abs(window.disturbance.suspended_seconds or 0) < 0.05 for window in session.phases
        )
    made = datetime.fromisoformat(record.created_utc)
    assert made <= first  # a record is named after its beginning
    assert Path(stored.path).name.startswith(f"{made:%Y%m%dT%H%M%SZ}-")


def test_a_sleep_in_a_measured_window_makes_its_session_void_and_it_is_repeated(
    tmp_path: Path,
) -> None:
    place, clocks = place_in(tmp_path / "project", looks="[2]"), Clocks(tmp_path)

    with evaluating(place, clocks) as (_, ended):
        at(place, 1, "measured")
        clocks.move(slept_seconds=100)

    assert ended[0].code == 0, ended[0].err
    record = kept(place).record
    assert record.outcome == Completed()
    assert len(record.sessions) == 2
    (void,) = record.voided
    (reason,) = void.reasons
    assert reason.code == "suspended"
    assert reason.message == "the machine was suspended for 100.0 s"
    assert "keep the machine awake" in reason.remedy
    codes = [warning["code"] for warning in ended[0].document["summary"]["warnings"]]
    assert "void-sessions" in codes


def test_a_machine_that_sleeps_in_every_session_is_no_machine_to_measure_on(
    tmp_path: Path,
) -> None:
    """By the official protocol: when the repeats are used up it is the organiser's failure."""
    place, clocks = place_in(tmp_path / "project"), Clocks(tmp_path)

    with evaluating(place, clocks, "--protocol", "official") as (process, ended):
        for slept in range(1, 9):
            until(
                lambda: process.poll() is not None or place.doing() == "idle-before", "it goes on"
            )
            until(lambda: process.poll() is not None or place.doing() == "measured", "it measures")
            clocks.move(slept_seconds=100 * slept)
            until(lambda: process.poll() is not None or place.doing() != "measured", "it is over")
            if process.poll() is not None:
                break

    assert ended[0].code == 3, ended[0].err
    record = kept(place).record
    assert isinstance(record.outcome, Failed)
    assert (record.outcome.stage, record.outcome.blame) == ("disturbance", "organiser")
    assert "suspended" in record.outcome.message
    assert {reason.code for void in record.voided for reason in void.reasons} == {"suspended"}
