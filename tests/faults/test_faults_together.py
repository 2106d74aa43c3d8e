"""Two runs started together: exactly one runs, and the other says who."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from runs import place_in, slow_entry


def test_of_two_that_are_started_together_one_runs(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project", idle_seconds="1")
    entries = [slow_entry(place, "one"), slow_entry(place, "two")]
    with place.start(entries[0], "--json") as one, place.start(entries[1], "--json") as two:
        processes = [one, two]
        said = [process.communicate(timeout=60) for process in processes]
    codes = [process.returncode for process in processes]

    assert sorted(codes) == [0, 3]
    ran, refused = codes.index(0), codes.index(3)
    assert json.loads(said[ran][0])["summary"]["status"] == "completed"
    error = json.loads(said[refused][0])["error"]
    holder = error["holder"]
    assert holder["pid"] == processes[ran].pid
    assert holder["command"][-5:-3] == ["evaluate", str(entries[ran])]
    assert {"user", "host", "since_utc", "entry", "session", "phase"} < holder.keys()
    for told in (str(processes[ran].pid), holder["user"], holder["since_utc"], str(entries[ran])):
        assert told in error["message"]
    assert error["message"] in said[refused][1]
    assert "wait" in error["remedy"]
    assert len(place.records()) == 2
    assert place.left() == []


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs another user"
)
def test_another_user_is_refused_too_and_told_whose_it_is(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project", idle_seconds="1")
    shared = Path("/tmp") / f"faults-{os.getpid()}"  # noqa: S108 - as /run/lock: for all users
    shared.mkdir()
    try:
        shared.chmod(0o1777)
        with place.start(slow_entry(place), HARNESS_RUN_FOLDER=str(shared)) as process:
            while not list(shared.glob("*.run.json")):
                assert process.poll() is None
            nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
            tried = subprocess.run(
                [*nobody, "flock", "--nonblock", shared / "frugal-ai-harness.lock", "true"],
                check=False,
                timeout=60,
            )
            (journal,) = shared.glob("*.run.json")
            read = subprocess.run(
                [*nobody, "cat", journal], check=False, timeout=60, capture_output=True, text=True
            )
            assert process.wait(timeout=60) == 0
    finally:
        shutil.rmtree(shared)
    assert tried.returncode == 1  # of flock: it is taken
    assert json.loads(read.stdout.partition("\n")[0])["pid"] == process.pid
