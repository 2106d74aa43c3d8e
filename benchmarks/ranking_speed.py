"""How long a board takes to be ranked, over the bare matrix product that it contains.

    python benchmarks/ranking_speed.py [--entries 50 1000] [--items 2000] [--draws 10000] [--days N]
    python benchmarks/ranking_speed.py --cli [--entries 50 1000] [--page FILE]

The product is (draws, items) by (items, entries) in single precision, by NumPy, beside every
ranking: a machine that is slower, or busy, is so for both. Prints seconds of wall and CPU time, the
ratios, and the peak memory of a process that does nothing else; exits with 1 where a goal is
missed. The goals are 6 s and 1.5 GB for 1,000 entries and 1 s for 50, on two idle cores, of entries
that took turns; with ``--days`` each is evaluated alone instead, on one of so many days.

``--cli`` times ``python -m harness leaderboard`` instead, with draws as the rules have them, on a
project of so many entries of a task's sample (``ranking_speed_project.py``, which takes longer to
make than to rank): start, reading, ranking, joint file and page; first without a cache, then once
more. It prints wall time, and user and system CPU time and memory of all processes together, as a
table that ``--page FILE`` writes between the marks of a page. No goal is set for all that.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
from ranking_speed_project import ROOT, make_project
from site_build import most_bytes, seconds_of, set_aside, write_page

from harness.ranking.claims import rank
from harness.ranking.evidence import Evidence, ItemScores, Margins, SessionEnergies

GOALS = {50: 1.0, 1_000: 6.0}
MOST_GIGABYTES = 1.5
SESSIONS = 5
PR_SET_CHILD_SUBREAPER = 36
BEGIN, END = "<!-- ranking_speed: begin -->", "<!-- ranking_speed: end -->"


class Took(NamedTuple):
    """What a step cost."""

    wall_seconds: float
    cpu_seconds: float


class Result(NamedTuple):
    """A board of one size."""

    ranking: Took
    product: Took
    gigabytes: float


def evidence_of(entries: int, items: int, days: int | None) -> Evidence:
    """Make up a board on which entries differ; without ``days`` they took turns."""
    rng = np.random.default_rng(entries)
    right = np.linspace(0.6, 0.9, entries)
    logs = rng.normal(0, 1, (entries, 1)) + rng.normal(0, 0.01, (entries, SESSIONS))
    rounds = np.arange(SESSIONS) if days is None else None
    return Evidence(
        tuple(f"entry-{number:04d}" for number in range(entries)),
        ItemScores((rng.random((items, entries)) < right).astype(np.float32)),
        tuple(
            SessionEnergies(
                of_entry,
                np.full(SESSIONS, number % (days or 1)),
                rounds,
                kernels=np.full(SESSIONS, 0.1),
            )
            for number, of_entry in enumerate(logs)
        ),
        np.zeros(entries, dtype=bool),
    )


def timed(step: Callable[[], object]) -> Took:
    """Run a step once."""
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def measure(entries: int, items: int, draws: int, days: int | None) -> Result:
    """Rank a board, and do the bare product, in this process."""
    evidence = evidence_of(entries, items, days)
    margins = Margins(quality=0.01, energy=0.02)
    ranking = timed(lambda: rank(evidence, margins, draws=draws))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signs = np.ones((draws, items), np.float32)
    scores = np.ones((items, entries), np.float32)
    product = timed(lambda: signs @ scores)
    return Result(ranking, product, kilobytes / 1e6)


class Command(NamedTuple):
    """What the whole command took, its worker processes included."""

    entries: int
    items: int
    when: str
    wall_seconds: float
    user_seconds: float
    system_seconds: float
    gigabytes: float
    """The most that all of its processes had resident together (``site_build.Watch``)."""


def by_command_line(folder: Path, entries: int) -> list[Command]:
    """Make a project in a folder that stays, and time the command on it twice."""
    root = folder / f"project-{entries}"
    items = make_project(root, entries)
    variables = {"HARNESS_ROOT": str(root), "HARNESS_CACHE": f"{folder}/cache-{entries}"}
    environment = os.environ | variables | {"PYTHONPATH": str(ROOT)}
    memory = [_gigabytes(environment)]
    made = [root / "leaderboard" / name for name in ("site", "joint")]
    set_aside([*made, folder / f"cache-{entries}"])
    times = [_times(environment) for _ in range(2)]
    memory.append(_gigabytes(environment))
    return [
        Command(entries, items, when, *took, held)
        for when, took, held in zip(("first", "again"), times, memory, strict=True)
    ]


def _times(environment: dict[str, str]) -> tuple[float, float, float]:
    """Run the command; return seconds on the clock, and CPU seconds as user and as system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    wall = seconds_of(environment)
    _wait_for_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime


def _gigabytes(environment: dict[str, str]) -> float:
    made = most_bytes(environment) / 1e9
    _wait_for_orphans()
    return made


def _adopt_orphans() -> None:
    """Be the parent of what the command leaves behind: its CPU time is known when it is reaped."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")


def _wait_for_orphans() -> None:
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def table(commands: Sequence[Command]) -> str:
    """Spell what the command took as a Markdown table."""
    rows = [
        "| entries | items | | wall | user CPU | system CPU | memory |",
        "|---:|---:|---|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {each.entries:,} | {each.items:,} | {each.when} | {each.wall_seconds:.2f} s "
        f"| {each.user_seconds:.2f} s | {each.system_seconds:.2f} s | {each.gigabytes:.2f} GB |"
        for each in commands
    ]
    return "\n".join(rows)


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[50, 1_000])
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--days", type=int, help="entries are evaluated alone, on so many days")
    parser.add_argument("--cli", action="store_true", help="time the command instead")
    parser.add_argument("--page", type=Path, help="with --cli: a page to write the table into")
    arguments = parser.parse_args()
    if arguments.page and not arguments.cli:
        parser.error("--page goes with --cli")
    if arguments.days is not None and (arguments.cli or arguments.days < 1):
        parser.error("--days is at least 1, and does not go with --cli")
    if arguments.cli:
        _adopt_orphans()
        # All projects stay till the end: for a while after thousands of files were removed, ext4
        # takes ten times as long to make one, since it looks past each inode that was freed.
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            commands = [by_command_line(folder, each) for each in arguments.entries]
        made = table([each for of_size in commands for each in of_size])
        print(made)
        if arguments.page:
            write_page(arguments.page, [made], begin=BEGIN, end=END)
        return 0
    missed = False
    for entries in arguments.entries:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            asked = (entries, arguments.items, arguments.draws, arguments.days)
            seen = alone.submit(measure, *asked).result()
        ratio = seen.ranking.cpu_seconds / seen.product.cpu_seconds
        print(
            f"{entries:5} entries  {seen.ranking.wall_seconds:6.2f} s wall, "
            f"{seen.ranking.cpu_seconds:6.2f} s CPU, {ratio:5.1f} x the bare product's CPU, "
            f"{seen.gigabytes:.2f} GB"
        )
        goal = GOALS.get(entries)
        missed |= goal is not None and seen.ranking.wall_seconds > goal
        missed |= seen.gigabytes > MOST_GIGABYTES
    print("goal missed" if missed else "goals met")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
