"""Pinning: where the entry's tree runs, seen from inside, and that it cannot leave."""

from __future__ import annotations

import errno
import gc
import json
import os
import threading
from pathlib import Path

import pytest
from sandboxes import launch_of, predict, working, write_entry

from harness.errors import OrganiserError
from harness.sandbox import frames, ladder
from harness.sandbox.affinity import on_cores

CORES = sorted(os.sched_getaffinity(0))
LAST = (CORES[-1],)
ABSENT = max(CORES) + 4096

needs_two = pytest.mark.skipif(len(CORES) < 2, reason="a machine of one core pins nothing")

LOOK = f"""
import json, os, subprocess, sys, threading
def error_of(cores):
    try:
        os.sched_setaffinity(0, cores)
    except OSError as error:
        return error.errno
    return 0
def load(directory):
    mine = sorted(os.sched_getaffinity(0))
    child = "import os; print(sorted(os.sched_getaffinity(0)))"
    theirs = json.loads(subprocess.run([sys.executable, "-c", child], stdout=-1).stdout)
    seen = []
    thread = threading.Thread(target=lambda: seen.extend(os.sched_getaffinity(0)))
    thread.start(); thread.join()
    print(json.dumps([mine, theirs, sorted(seen), error_of({CORES}), error_of(mine)]))
    print(json.dumps(sorted(os.sched_getaffinity(0))))
    class Model:
        def predict(self, samples): return [0] * len(samples)
    return Model()
"""


def look(way: str, folder: Path, cores: tuple[int, ...] | None) -> list[object]:
    """Return what an entry saw of its cores, one value a line."""
    launch = launch_of(write_entry(folder, LOOK), cores=cores)
    with working(way).launch(launch) as process:
        process.ready(deadline_seconds=20)
        process.load(deadline_seconds=20)
        predict(process, frames.encode_request(["?"]), 1, deadline_seconds=20)
        process.finish(deadline_seconds=5)
        return [json.loads(line) for line in process.captured().text.splitlines()]


@needs_two
@pytest.mark.parametrize("way", ["bwrap", "landlock"])
def test_a_pinned_entry_and_its_children_stay_where_they_are(way: str, tmp_path: Path) -> None:
    first, after = look(way, tmp_path, LAST)

    denied = errno.EPERM
    assert first == [[*LAST], [*LAST], [*LAST], denied, denied]
    assert after == [*LAST]


@pytest.mark.parametrize("way", ["bwrap", "landlock", "none"])
def test_an_entry_that_is_not_pinned_has_every_core_and_may_choose(
    way: str, tmp_path: Path
) -> None:
    first, after = look(way, tmp_path, None)

    assert first == [CORES, CORES, CORES, 0, 0]
    assert after == CORES


@needs_two
def test_without_a_filter_the_entry_can_leave_and_the_probe_says_so() -> None:
    working("none")
    checks = {check.name: check for check in ladder.choose("none", LAST).probe(LAST).checks}
    assert not checks["pinned cores"].held
    assert "moved itself" in checks["pinned cores"].seen


@pytest.mark.parametrize(("way", "grade"), [("bwrap", "AB"), ("landlock", "C")])
def test_pinned_cores_are_a_check_of_the_probe(way: str, grade: str) -> None:
    sandbox = working(way)
    pinned, free = sandbox.probe(LAST), sandbox.probe()
    held = {check.name for check in pinned.checks if check.held}

    assert {pinned.grade, free.grade} <= {*grade}  # beside other tests' sandboxes B was seen once
    assert pinned.enforced_by is not None
    assert f"pinned to cores {LAST[0]}" in pinned.enforced_by.cpu
    assert "pinned cores" in held
    assert "pinned cores" not in {check.name for check in free.checks}


@pytest.mark.parametrize("way", ["bwrap", "landlock", "none"])
@pytest.mark.parametrize("cores", [(ABSENT,), (CORES[0], ABSENT)])
def test_cores_that_do_not_exist_are_the_organisers_fault(
    way: str, cores: tuple[int, ...], tmp_path: Path
) -> None:
    launch = launch_of(write_entry(tmp_path, LOOK), cores=cores)
    sandbox = working(way)
    with sandbox.launch(launch_of(tmp_path)):
        pass  # what is kept for the next launch is there now
    gc.collect()  # and what earlier sandboxes kept is not
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - descriptors, not paths

    with pytest.raises(OrganiserError, match=r"cannot be pinned to") as caught:
        sandbox.launch(launch)

    assert str(ABSENT) in caught.value.message
    assert "entry_cores" in caught.value.remedy
    assert sorted(os.sched_getaffinity(0)) == CORES
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


@needs_two
def test_this_thread_moves_and_comes_back_and_others_do_not_move() -> None:
    done = threading.Event()
    beside = threading.Thread(target=done.wait)
    beside.start()
    assert beside.native_id is not None
    try:
        with on_cores(LAST):
            assert os.sched_getaffinity(0) == {*LAST}
            assert sorted(os.sched_getaffinity(beside.native_id)) == CORES
    finally:
        done.set()
        beside.join()
    assert sorted(os.sched_getaffinity(0)) == CORES


def test_an_error_inside_leaves_the_thread_where_it_was() -> None:
    with pytest.raises(KeyError), on_cores(LAST):
        raise KeyError
    assert sorted(os.sched_getaffinity(0)) == CORES


def test_no_cores_means_anywhere() -> None:
    with on_cores(None):
        assert sorted(os.sched_getaffinity(0)) == CORES


@pytest.mark.parametrize("cores", [(), (-1,), (2**70,)])
def test_what_is_no_core_is_refused(cores: tuple[int, ...]) -> None:
    with pytest.raises(OrganiserError), on_cores(cores):
        pass
