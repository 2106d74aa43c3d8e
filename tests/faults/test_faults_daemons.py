"""A daemon that an entry started does not outlive a harness that is killed, at any grade."""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from runs import KILLED_IN_PHASE, place_in, slow_entry, until

from harness.errors import HarnessError
from harness.evaluation.leftovers import clear_leftovers
from harness.sandbox import marks
from harness.sandbox.cgroup import find_accounts
from harness.sandbox.ladder import choose

DAEMON = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "{token}"])
    os._exit(0)
os.wait()
"""


def running(token: str) -> list[int]:
    """Return what has a word in its command line, as any user can see it."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if token in (process.info["cmdline"] or [])
    ]


@pytest.fixture
def token() -> Iterator[str]:
    """Give a time that no other sleeps for; end what still sleeps for it."""
    seconds = f"300.{secrets.randbits(40)}"
    yield seconds
    for pid in running(seconds):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("isolation", ["bwrap", "landlock", "none"])
def test_a_daemon_goes_with_the_harness(tmp_path: Path, token: str, isolation: str) -> None:
    try:
        choose(isolation)
    except HarnessError as error:
        pytest.skip(f"not on this machine: {error.message}")
    place = place_in(tmp_path / "project", drain_seconds="1")
    entry = slow_entry(place, top=DAEMON.format(token=token))
    hurt = KILLED_IN_PHASE.format(phase="measured", session=1, after=0.01)
    with place.start(entry, "--isolation", isolation, hurt=_only_measured(hurt)) as process:
        until(lambda: bool(running(token)), "the daemon runs")
        assert process.wait(timeout=60) == -signal.SIGKILL

    until(lambda: not running(token), "the daemon is gone, before any other run")
    until(lambda: not place.survivors(), "all processes are gone")


def _only_measured(hurt: str) -> str:
    """Leave out the calibration, which the daemon would end: it outlives the last answer."""
    return "import harness.evaluation.run as run\nrun.calibrate = lambda *_, **__: 1.0\n" + hurt


def test_what_has_the_mark_of_a_dead_run_is_ended_and_nothing_else(
    tmp_path: Path, token: str
) -> None:
    place = place_in(tmp_path / "project")
    entry = slow_entry(place)
    # A meter's program, say, that hangs: it has no supervisor of ours.
    marked = ("import os, subprocess\nfrom harness.evaluation import turn, journal\n"
              "before = journal.Journal.entry\n"
              "def told(self, name):\n"
              "    before(self, name)\n"
              f"    subprocess.Popen(['sleep', '{token}'], start_new_session=True,\n"
              "                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)\n"
              "    kill()\n"
              "journal.Journal.entry = told\n")  # fmt: skip
    killed = place.run(entry, hurt=marked)
    assert killed.code == -signal.SIGKILL
    (orphan,) = running(token)
    (journal,) = place.journals()
    mark = journal.name.removeprefix(marks.PREFIX).removesuffix(".run.json")
    near = {marks.VARIABLE: mark[:-1] + ("0" if mark[-1] != "0" else "1")}
    with subprocess.Popen(["sleep", token], env=os.environ | near) as bystander:
        (swept,) = clear_leftovers(place.lock_folder)

        assert swept.ended == [orphan]
        assert running(token) == [bystander.pid]
        bystander.kill()
    assert "ended: 1 process;" in swept.told() + ";"
    assert place.left() == []


def test_a_daemon_without_supervisor_and_mark_is_found_by_its_control_group(
    tmp_path: Path, token: str
) -> None:
    if find_accounts().folder is None:
        pytest.skip("no control group can be made here")
    place = place_in(tmp_path / "project")
    scrubbed = DAEMON.replace(
        'os.execvp("sleep", [', 'os.execvpe("sleep", ["sleep", "{token}"], {{}})  # '
    )
    entry = slow_entry(place, top=scrubbed.format(token=token))
    both = """
    alone = kill
    def kill():
        for child in psutil.Process().children():
            child.kill()
        alone()
    """
    hurt = textwrap.dedent(both) + KILLED_IN_PHASE.format(phase="measured", session=1, after=0.01)
    killed = place.run(entry, "--isolation", "none", hurt=_only_measured(hurt))
    assert killed.code == -signal.SIGKILL
    (orphan,) = running(token)

    (swept,) = clear_leftovers(place.lock_folder)

    assert orphan in swept.ended
    assert running(token) == []
    assert any(each.startswith("control group ") for each in swept.removed)
    assert place.left() == []


@pytest.mark.skipif(os.geteuid() != 0, reason="needs another user")
def test_another_users_journal_is_left_alone(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project")
    entry = slow_entry(place)
    hurt = KILLED_IN_PHASE.format(phase="idle-before", session=1, after=0)
    assert place.run(entry, hurt=hurt).code == -signal.SIGKILL
    (journal,) = place.journals()
    os.chown(journal, 65534, 65534)
    before = place.left()

    again = place.run(entry)

    assert (again.code, again.err) == (0, "")
    assert place.left() == before


def test_a_journal_of_another_version_is_kept(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project")
    hurt = KILLED_IN_PHASE.format(phase="idle-before", session=1, after=0)
    assert place.run(slow_entry(place), hurt=hurt).code == -signal.SIGKILL
    (journal,) = place.journals()
    text = journal.read_text(encoding="utf-8")
    journal.write_text(text.replace('"schema":1', '"later":"?","schema":2'), encoding="utf-8")
    before = place.left()

    assert clear_leftovers(place.lock_folder) == ()
    assert place.left() == before


def test_a_run_of_another_container_is_left_to_that_ones_next_run(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project")
    hurt = KILLED_IN_PHASE.format(phase="idle-before", session=1, after=0)
    assert place.run(slow_entry(place), hurt=hurt).code == -signal.SIGKILL
    (journal,) = place.journals()
    text = journal.read_text(encoding="utf-8")
    elsewhere = re.sub(r'"pid_namespace":\d+', '"pid_namespace":1', text)
    journal.write_text(
        elsewhere.replace(str(place.temporary), str(tmp_path / "not seen from here")),
        encoding="utf-8",
    )

    assert clear_leftovers(place.lock_folder) == ()
    assert place.journals() == [journal]


def test_a_journal_that_names_another_folder_removes_nothing(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project")
    entry = slow_entry(place)
    hurt = KILLED_IN_PHASE.format(phase="idle-before", session=1, after=0)
    assert place.run(entry, hurt=hurt).code == -signal.SIGKILL
    (journal,) = place.journals()
    precious = tmp_path / "precious"
    precious.mkdir()
    text = journal.read_text(encoding="utf-8")
    mark = journal.name.removeprefix(marks.PREFIX).removesuffix(".run.json")
    journal.write_text(
        text.replace(str(place.temporary / f"{marks.PREFIX}{mark}"), str(precious)),
        encoding="utf-8",
    )

    clear_leftovers(place.lock_folder)

    assert precious.is_dir()
    assert (place.temporary / f"{marks.PREFIX}{mark}").is_dir()


def test_a_living_runs_journal_is_left_alone(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project", idle_seconds="0.7")
    entry = slow_entry(place)
    with place.start(entry) as process:
        until(lambda: place.doing() == "idle-before", "it is idle")
        assert clear_leftovers(place.lock_folder) == ()
        assert process.wait(timeout=60) == 0
    assert place.left() == []


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts need root")
def test_nothing_is_removed_through_a_mount(tmp_path: Path) -> None:
    place = place_in(tmp_path / "project")
    entry = slow_entry(place)
    hurt = KILLED_IN_PHASE.format(phase="idle-before", session=1, after=0)
    assert place.run(entry, hurt=hurt).code == -signal.SIGKILL
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("kept")
    (folder,) = place.temporary.iterdir()
    (folder / "bound").mkdir()
    subprocess.run(["mount", "--bind", precious, folder / "bound"], check=True)

    (swept,) = clear_leftovers(place.lock_folder)

    assert any(each.startswith("mount ") for each in swept.removed)
    assert (precious / "file").read_text() == "kept"
    assert place.left() == []
