"""Copies that do the work: who hears a signal, what is left of them, and what may go wrong."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.building.workers import Here, workers

CHECKOUT = Path(__file__).parents[1]
PARENT = """
import os, signal, sys, threading, time
from harness.cli.interrupts import install
from harness.cli.building.workers import workers
from harness.errors import HarnessError, OrganiserError

def pid(_n): return os.getpid()
def nap(n): time.sleep(n); return n
def killed(n):
    if n == 3: os.kill(os.getpid(), 9)
    return n
def wrong(n):
    if n == 3: raise OrganiserError("the third is wrong", remedy="leave it out")
    return n
def bug(n): return 1 / (n - 3)
class Local(Exception):
    def __init__(self, one, two): super().__init__(one)
def odd(n): raise Local("cannot be", "handed over")
def large(n): return bytes(n) * 5_000_000
def two_steps():
    yield "made"
    yield os.getpid()
    time.sleep(0.1)
    print("at last", flush=True)

install()
try:
    {body}
except KeyboardInterrupt:
    sys.exit(130)
"""
RUN = """
    print("begun", flush=True)
    with workers(3) as several:
        for number, said in several.run({call}, {given}):
            print(number, said, flush=True)
"""


def program(body: str) -> list[str]:
    return [sys.executable, "-c", PARENT.format(body=body)]


def started(call: str, given: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        program(RUN.format(call=call, given=given)),
        cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def said(body: str) -> list[str]:
    ran = subprocess.run(
        program(body), cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.splitlines()


def caught(call: str) -> list[str]:
    """Return what is told of an error in a copy."""
    return said(f"""
    try:
        with workers(2) as several:
            for each in several.run({call}, range(6)):
                pass
    except Exception as error:
        notes = getattr(error, "__notes__", [])
        print(type(error).__name__, error, getattr(error, "remedy", ""), *notes, sep="\\n")
    """)


@pytest.mark.parametrize("lines", [1, 4])
def test_ctrl_c_is_heard_by_the_parent_alone_and_says_nothing_of_copies(lines: int) -> None:
    parent = started("nap", "[0, 0, 0, 1]")  # two of them are idle at last
    assert parent.stdout is not None
    for _ in range(lines):
        assert parent.stdout.readline()
    os.killpg(parent.pid, signal.SIGINT)
    _, told = parent.communicate(timeout=60)
    assert (parent.returncode, told) == (130, b"")


def test_copies_end_with_a_parent_that_is_killed() -> None:
    parent = started("pid", "(time.sleep(n and 600) or n for n in range(2))")
    assert parent.stdout is not None
    assert parent.stderr is not None
    assert parent.stdout.readline() == b"begun\n"
    # It waits for more to do, and the first is known to be a copy only by what it answered.
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
    while not (found := children.read_text().split()):
        select.select([], [], [], 0.01)
    copy = os.pidfd_open(int(found[0]))
    parent.kill()
    parent.wait()
    try:
        assert select.select([copy], [], [], 60)[0]  # readable once it has ended
    finally:
        os.close(copy)
        parent.stdout.close()
        parent.stderr.close()


def test_all_is_done_once_and_in_as_many_copies_as_were_asked_for() -> None:
    told = said("""
    with workers(3) as several:
        made = dict(several.run(pid, (time.sleep(0.01) or n for n in range(40))))
        print(sorted(made) == [*range(40)], len({*made.values()}), os.getpid() in made.values())
        large_ones = dict(several.run(large, range(6)))
        print([len(large_ones[n]) for n in range(6)] == [5_000_000 * n for n in range(6)])
        print([*several.run(pid, [])])
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("none is left", len(os.listdir("/proc/self/fd")))
    """)
    assert told[:3] == ["True 3 False", "True", "[]"]
    assert told[3].startswith("none is left")


def test_what_is_left_when_the_first_is_wanted_no_more_ends() -> None:
    told = said("""
    before = len(os.listdir("/proc/self/fd"))
    with workers(2) as several:
        for number, _ in several.run(large, [9, 9, 9, 9, 9, 9, 9, 9]):
            break
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("none is left", len(os.listdir("/proc/self/fd")) - before)
    """)
    assert told == ["none is left 0"]


def test_who_is_free_takes_what_is_next() -> None:
    told = said("""
    def slow_at_first(n):
        time.sleep(0 if n else 1.5)
        return os.getpid()
    with workers(2) as several:
        given = (time.sleep(0.15) or n for n in range(5))
        made = dict(several.run(slow_at_first, given))
    print(len({made[n] for n in range(1, 5)}), made[0] in [made[n] for n in range(1, 5)])
    """)
    assert told == ["1 False"]


def test_another_takes_the_place_of_a_copy_that_has_grown() -> None:
    told = said("""
    def grown(n):
        if n in (1, 4):
            bytes(range(256)) * (1 << 20)
        time.sleep(0.01)
        return os.getpid()
    with workers(2) as several:
        made = dict(several.run(grown, range(40)))
    print(sorted(made) == [*range(40)], len({*made.values()}) in (3, 4))
    with workers(1 + 1) as several:
        print(sorted(dict(several.run(grown, [1] * 5))))
    """)
    assert told == ["True True", "[0, 1, 2, 3, 4]"]


def test_while_all_that_have_grown_owe_an_answer_nothing_is_done_here() -> None:
    told = said("""
    def grown(n):
        bytes(range(256)) * (1 << 19)
        time.sleep(0.1)
        return os.getpid()
    given = (time.sleep(0.7 if n == 4 else 0) or n for n in range(6))
    with workers(2) as several:
        made = dict(several.run(grown, given))
    print(sorted(made) == [*range(6)], os.getpid() in made.values())
    """)
    assert told == ["True False"]


def test_the_second_of_two_steps_is_taken_when_it_is_asked_for() -> None:
    told = said("""
    with workers(2) as several:
        second = several.begin(two_steps)
        first = dict(several.run(pid, range(4)))
        copy = second()
        print(copy != os.getpid(), copy in first.values(), flush=True)
    print("ended")
    """)
    assert told == ["True False", "at last", "ended"]
    assert Here().begin(lambda: iter(["made", "written"]))() == "written"


def test_an_error_in_a_copy_is_raised_here() -> None:
    assert caught("wrong") == ["OrganiserError", "the third is wrong", "leave it out"]
    kind, message, _, *notes = caught("bug")
    assert (kind, message) == ("ZeroDivisionError", "division by zero")
    assert any("return 1 / (n - 3)" in each or "in bug" in each for each in notes)
    kind, message, *_ = caught("odd")
    assert (kind, message) == ("RuntimeError", "Traceback (most recent call last):")


def test_a_copy_that_is_killed_ends_the_build_with_a_word() -> None:
    kind, message, remedy = caught("killed")
    assert kind == "OrganiserError"
    assert "was ended from outside" in message
    assert "--processes 1" in remedy


def test_beside_another_thread_nothing_is_copied() -> None:
    told = said("""
    ended = threading.Event()
    threading.Thread(target=ended.wait).start()
    with workers(3) as several:
        print({*dict(several.run(pid, range(5))).values()} == {os.getpid()})
        print(several.begin(two_steps)() == os.getpid())
    ended.set()
    """)
    assert told == ["True", "at last", "True"]


def test_the_threads_of_numpys_matrices_hinder_no_copy() -> None:
    told = said("""
    import numpy as np
    def product(n):
        made = float((ones @ ones)[0, 0])
        return os.getpid(), made
    ones = np.ones((600, 600))
    ones @ ones
    with workers(2) as several:
        made = dict(several.run(product, range(4)))
        pids, sums = map(set, zip(*made.values()))
        print(len(pids - {os.getpid()}), sums)
    print(float((ones @ ones)[0, 0]))
    """)
    assert told == ["2 {600.0}", "600.0"]


def test_a_copy_beside_a_thread_that_is_none_of_pythons_never_begins() -> None:
    told = said("""
    from harness.cli.building import copies
    copies._is_alone = lambda: False
    with workers(3) as several:
        print({*dict(several.run(pid, range(5))).values()} == {os.getpid()})
        print(several.begin(two_steps)() == os.getpid())
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        print("none is left")
    """)
    assert told == ["True", "at last", "True", "none is left"]


@pytest.mark.parametrize("number", ["SIGTERM", "SIGHUP"])
def test_a_signal_that_is_ignored_from_the_start_ends_no_copy(number: str) -> None:
    told = said(f"""
    signal.signal(signal.{number}, signal.SIG_IGN)  # as nohup and trap do
    def told_to_end(n): os.kill(os.getpid(), signal.{number}); return n
    with workers(2) as several:
        print(sorted(several.run(told_to_end, range(4))))
    """)
    assert told == ["[(0, 0), (1, 1), (2, 2), (3, 3)]"]


def test_what_had_not_begun_when_the_copies_are_ended_never_does(tmp_path: Path) -> None:
    told = said(f"""
    def noted(n):
        open(f"{tmp_path}/{{n}}", "x").close()
        time.sleep(0.3)
        return n
    with workers(2) as several:
        next(several.run(noted, range(40)))
        under_way = len(os.listdir("{tmp_path}"))
    print(len(os.listdir("{tmp_path}")) - under_way)
    """)
    assert int(told[0]) <= 1  # one may have begun while that was counted


def test_many_runs_leave_no_more_behind_than_one() -> None:
    told = said("""
    def two_steps(): yield from (1, 2)
    with workers(2) as several:
        counts = []
        for _ in range(5):
            all(several.run(pid, range(4)))
            several.begin(two_steps)()
            counts.append(len(os.listdir("/proc/self/fd")))
        children = open(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read().split()
        print(len({*counts}), len(children) <= 3)
    """)
    assert told == ["1 True"]


@pytest.mark.parametrize("possible", [0, 1])
def test_where_no_more_processes_can_be_started_fewer_do_it(possible: int) -> None:
    told = said(f"""
    fork, left = os.fork, [None] * {possible}
    def limited():
        if left:
            left.pop()
            return fork()
        raise BlockingIOError(11, "Resource temporarily unavailable")
    os.fork = limited
    with workers(3) as several:
        made = dict(several.run(pid, range(9)))
        print(sorted(made) == [*range(9)], len({{*made.values()}}), os.getpid() in made.values())
    """)
    assert told == [f"True 1 {not possible}"]


def test_one_process_is_this_one() -> None:
    with workers(1) as alone:
        assert isinstance(alone, Here)
        assert [*alone.run(lambda n: (os.getpid(), n), range(2))] == [
            (0, (os.getpid(), 0)), (1, (os.getpid(), 1)),
        ]  # fmt: skip
