"""The kernel's own threads, by a folder that stands in for ``/proc``."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.meters.kernel_threads import kernel_thread_seconds


def process(proc: Path, pid: int, name: str, parent: int, *ticks: int) -> None:
    folder = proc / str(pid)
    folder.mkdir()
    (folder / "comm").write_text(f"{name}\n")
    user, system = ticks or (0, 0)
    (folder / "stat").write_text(
        f"{pid} ({name}) S {parent} 0 0 0 -1 0 0 0 0 0 {user} {system} 0 0 20 0 1 0 0 0 0\n"
    )


def test_they_are_the_children_of_one_and_nobody_else_is(tmp_path: Path) -> None:
    process(tmp_path, 1, "init", 0, 900, 900)
    process(tmp_path, 2, "kthreadd", 0, 1, 1)
    process(tmp_path, 15, "kworker/0:1 (odd) 2", 2, 10, 30)
    process(tmp_path, 16, "ksoftirqd/0", 2, 0, 100)
    process(tmp_path, 99, "python", 1, 500, 500)
    (tmp_path / "self").mkdir()
    (tmp_path / "17").mkdir()  # has ended

    assert kernel_thread_seconds(tmp_path) == pytest.approx(1.4)


def test_in_a_container_none_is_seen(tmp_path: Path) -> None:
    process(tmp_path, 1, "init", 0)
    assert kernel_thread_seconds(tmp_path) is None
    process(tmp_path, 2, "sh", 1)
    process(tmp_path, 3, "python", 2, 50, 50)
    assert kernel_thread_seconds(tmp_path) is None


def test_this_machines_do_not_run_backwards() -> None:
    first, second = kernel_thread_seconds(), kernel_thread_seconds()
    assert (first is None) == (second is None)
    assert first is None or second is None or second >= first
