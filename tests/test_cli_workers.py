"""Worker processes: who hears a signal, and what is left of them when the parent has gone."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
PARENT = """
import sys, time
from harness.cli.interrupts import install
from harness.cli.building.workers import workers

install()
try:
    print("begun", flush=True)
    with workers(3) as several:
        for said in several.run(eval, {tasks!r}):
            print(said, flush=True)
except KeyboardInterrupt:
    sys.exit(130)
"""
PID = "__import__('os').getpid()"
NAP = "__import__('time').sleep(1)"


def started(*tasks: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", PARENT.format(tasks=tasks)],
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize("lines", [1, 4])
def test_ctrl_c_is_heard_by_the_parent_alone_and_says_nothing_of_workers(lines: int) -> None:
    parent = started(PID, PID, PID, NAP)  # two of them are idle at last
    assert parent.stdout is not None
    for _ in range(lines):
        assert parent.stdout.readline()
    os.killpg(parent.pid, signal.SIGINT)
    _, said = parent.communicate(timeout=60)
    assert (parent.returncode, said) == (130, b"")


def test_workers_end_with_a_parent_that_is_killed() -> None:
    parent = started(PID, "__import__('time').sleep(600)")
    assert parent.stdout is not None
    assert parent.stderr is not None
    assert parent.stdout.readline() == b"begun\n"
    worker = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    try:
        assert select.select([worker], [], [], 60)[0]  # readable once it has ended
    finally:
        os.close(worker)
        parent.stdout.close()
        parent.stderr.close()


def test_where_no_process_can_be_started_it_is_said_how_to_do_without() -> None:
    program = (
        "import _posixsubprocess, errno, os\n"
        "from harness.errors import OrganiserError\n"
        "from harness.cli.building.workers import workers\n"
        "def refused(*given): raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))\n"
        "_posixsubprocess.fork_exec = refused\n"
        "try:\n"
        "    with workers(2): pass\n"
        "except OrganiserError as error: print(error, error.remedy, sep='\\n')\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    said, remedy = ran.stdout.splitlines()
    assert said == "no process can be started beside this one: Resource temporarily unavailable"
    assert "--processes 1" in remedy
