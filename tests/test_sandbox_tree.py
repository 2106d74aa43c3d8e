"""The process tree, read from /proc while it lives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from harness.sandbox import tree
from harness.sandbox.tree import Tree

HOLD = "import sys; {work}; print('ready', flush=True); sys.stdin.read()"


@contextmanager
def holding(work: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that works, says so, and stays until it is let go."""
    command = [sys.executable, "-S", "-c", HOLD.format(work=work)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.communicate()


def test_the_tree_is_the_process_and_all_below_it() -> None:
    nested = "import subprocess; p = subprocess.Popen(['sleep', '5']); q = p.pid"
    with holding(nested) as process:
        pids = list(Tree(process.pid).pids())
        assert pids[0] == process.pid
        assert len(pids) == 2
        assert Tree(process.pid).usage().processes == 2
        os.kill(pids[1], 9)


def test_huge_pages_count_as_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b"Name:\tx\nHugetlbPages:\t    2048 kB\nRssAnon:\t 4 kB\nRssShmem:\t 1 kB\nThreads:\t3\n"
    monkeypatch.setattr(tree, "_read", lambda path: said if path.endswith("/status") else b"")
    assert Tree(1).usage() == (2053 * 1024, 1024, 1, 3)


def test_tables_of_pages_count_as_memory_though_no_page_is_there() -> None:
    work = (
        "import mmap; n = 5000; m = mmap.mmap(-1, n << 21, mmap.MAP_PRIVATE | 0x4000, 1); "
        "m.madvise(15); [m[i << 21] for i in range(n)]"  # a page of tables each 2 MiB
    )
    with holding(work) as process:
        held = Tree(process.pid)
        assert held.usage().memory_bytes > 5000 * 4096
        assert held.proportional_memory_bytes() > 5000 * 4096


def test_children_of_any_thread_are_found() -> None:
    threaded = (
        "import subprocess, threading; e = threading.Event(); "
        "t = threading.Thread(target=lambda: (subprocess.Popen(['sleep', '5']), e.set(), "
        "threading.Event().wait(0.5)), daemon=True); t.start(); e.wait()"
    )
    with holding(threaded) as process:
        pids = list(Tree(process.pid).pids())
        assert len(pids) == 2
        os.kill(pids[1], 9)


def test_memory_is_what_the_process_holds() -> None:
    with holding("held = b'x' * 50_000_000") as process:
        assert 50_000_000 < Tree(process.pid).usage().memory_bytes < 80_000_000


def test_pages_that_a_fork_shares_are_counted_once_in_the_proportional_figure() -> None:
    fork = "import os, time; held = b'x' * 50_000_000; os.fork() or (time.sleep(5), os._exit(0))"
    with holding(fork) as process:
        tree = Tree(process.pid)
        assert tree.usage().memory_bytes > 100_000_000
        assert 50_000_000 < tree.proportional_memory_bytes() < 80_000_000
        os.kill(list(tree.pids())[1], 9)


def test_cpu_time_is_finer_than_a_tick_and_includes_reaped_children() -> None:
    spin = "import time\\nwhile time.process_time() < {seconds}: pass"
    alone = f'exec("{spin.format(seconds=0.25)}")'
    with holding(alone) as process:
        tree = Tree(process.pid)
        seconds = tree.cpu_seconds()
        assert 0.25 <= seconds < 0.6
        assert seconds != pytest.approx(round(seconds, 2), abs=1e-6)
    reaped = (
        "import subprocess; subprocess.run([sys.executable, '-S', '-c', "
        f"'{spin.format(seconds=0.25)}'])"
    )
    with holding(reaped) as process:
        assert Tree(process.pid).cpu_seconds() >= 0.25


def test_cpu_time_never_falls_even_when_the_tree_is_gone() -> None:
    with holding("sum(range(100_000))") as process:
        tree = Tree(process.pid)
        before = tree.cpu_seconds()
        assert before > 0
    assert tree.cpu_seconds() == before
    assert tree.usage() == (0, 0, 1, 0)  # the root is named whether it lives or not
