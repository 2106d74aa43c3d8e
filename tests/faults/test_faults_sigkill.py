"""Killed with SIGKILL in any phase: nothing runs on, the lock is free, the next run says it.

One run after the other in one place: each clears away what was left of the one before it, and is
then killed itself.
"""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from projects import write_entry
from runs import KILLED_IN_CALL, KILLED_IN_PHASE, Place, place_in, slow_entry, until

NEXT = "an earlier evaluation was interrupted at "


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return place_in(tmp_path / "project")


def in_phase(name: str, session: int, after: float) -> str:
    return KILLED_IN_PHASE.format(phase=name, session=session, after=after)


def test_a_run_that_is_killed_in_whatever_phase_leaves_nothing(place: Place) -> None:
    entry = slow_entry(place)
    told = ""
    for name, session, after in (
        ("being prepared", 0, 0),
        ("start", 0, 0.01),  # of the calibration
        ("load", 0, 0.05),
        ("warm-up", 0, 0.01),
        ("drain", 0, 0),
        ("idle-before", 1, 0),
        ("start", 1, 0),
        ("start", 1, 0.01),
        ("load", 1, 0.05),
        ("warm-up", 1, 0.01),
        ("measured", 1, 0.03),
        ("drain", 1, 0),
        ("idle-after", 1, 0),
    ):
        killed = place.run(entry, hurt=in_phase(name, session, after))

        assert killed.code == -signal.SIGKILL, (name, killed.err)
        assert told in killed.err
        assert len(place.journals()) == 1, name
        until(lambda: not place.survivors(), f"its processes are gone: {name}")
        told = f"{NEXT}slow, session 1, {name}" if session else f"{NEXT}slow, {name}"
    assert place.records() == []

    last = place.run(entry, "--json")

    assert (last.code, place.left()) == (0, [])
    assert told in last.err
    (interrupted,) = last.document["interrupted"]
    assert (interrupted["entry"], interrupted["phase"]) == ("slow", "idle-after")
    assert interrupted["left"] == []
    assert any(str(place.temporary) in each for each in interrupted["removed"])
    assert "interrupted" not in place.run(entry).err  # it is told once


def test_half_a_record_goes_and_a_whole_one_stays(place: Place) -> None:
    # Calls of fsync: the trial whether results can be written, the folder of the sessions that
    # stand, one of those, what is to be kept, the outcomes of single items, the record; of link:
    # the trial, the outcomes, the record.
    entry = write_entry(place.root, "fine")
    kinds: list[list[str]] = []
    for call, nth in (("fsync", 1), ("fsync", 5), ("link", 2), ("fsync", 6), ("link", 3)):
        killed = place.run(entry, hurt=KILLED_IN_CALL.format(name=call, nth=nth))

        assert killed.code == -signal.SIGKILL, (call, nth, killed.err)
        assert (NEXT in killed.err) == bool(kinds)
        kinds.append(sorted(_kind(p) for p in place.results.rglob("*") if p.is_file()))
        shutil.rmtree(place.results / ".unfinished", ignore_errors=True)
    assert kinds == [
        ["trial"],
        ["sessions", "unfinished"],
        ["sessions", "unfinished"],
        ["items", "sessions", "unfinished"],
        ["items", "sessions", "unfinished"],
    ]
    whole = place.run(entry, hurt=in_phase("showing the result", 1, 0))
    assert whole.code == -signal.SIGKILL
    assert "writing the record; " in whole.err
    assert len(place.records()) == 2

    last = place.run(entry, "--json", "--resume")

    assert (last.code, place.left()) == (0, [])
    assert "note: going on with the interrupted evaluation of " in last.err
    assert len(place.records()) == 2  # the same


def _kind(path: Path) -> str:
    if path.name.startswith("..writable."):
        return "trial"
    if path.name.endswith(".tmp"):
        return "unfinished"
    if path.name.endswith(".campaign"):
        return "sessions"
    return "items" if path.name.endswith(".items.json") else "record"
