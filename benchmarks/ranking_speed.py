"""How long a board takes to be ranked, over the bare matrix product that it contains.

    python benchmarks/ranking_speed.py [--entries 50 1000] [--items 2000] [--draws 10000]

The product is (draws, items) by (items, entries) in single precision, by NumPy, beside every
ranking: a machine that is slower, or busy, is so for both. Prints seconds of wall and CPU time, the
ratios, and the peak memory of a process that does nothing else; exits with 1 where a goal is
missed. The goals are 6 s and 1.5 GB for 1,000 entries and 1 s for 50, on two idle cores.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from harness.ranking.claims import rank
from harness.ranking.evidence import Evidence, ItemScores, Margins, SessionEnergies

GOALS = {50: 1.0, 1_000: 6.0}
MOST_GIGABYTES = 1.5
SESSIONS = 5


class Took(NamedTuple):
    """What a step cost."""

    wall_seconds: float
    cpu_seconds: float


class Result(NamedTuple):
    """A board of one size."""

    ranking: Took
    product: Took
    gigabytes: float


def evidence_of(entries: int, items: int) -> Evidence:
    """Make up a board on which entries differ."""
    rng = np.random.default_rng(entries)
    right = np.linspace(0.6, 0.9, entries)
    logs = rng.normal(0, 1, (entries, 1)) + rng.normal(0, 0.01, (entries, SESSIONS))
    campaign, rounds = np.zeros(SESSIONS, np.int64), np.arange(SESSIONS)
    return Evidence(
        tuple(f"entry-{number:04d}" for number in range(entries)),
        ItemScores((rng.random((items, entries)) < right).astype(np.float32)),
        tuple(SessionEnergies(of_entry, campaign, rounds) for of_entry in logs),
        np.zeros(entries, dtype=bool),
    )


def timed(step: Callable[[], object]) -> Took:
    """Run a step once."""
    wall, cpu = time.perf_counter(), time.process_time()
    step()
    return Took(time.perf_counter() - wall, time.process_time() - cpu)


def measure(entries: int, items: int, draws: int) -> Result:
    """Rank a board, and do the bare product, in this process."""
    evidence = evidence_of(entries, items)
    margins = Margins(quality=0.01, energy=0.02)
    ranking = timed(lambda: rank(evidence, margins, draws=draws))
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    signs = np.ones((draws, items), np.float32)
    scores = np.ones((items, entries), np.float32)
    product = timed(lambda: signs @ scores)
    return Result(ranking, product, kilobytes / 1e6)


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, nargs="+", default=[50, 1_000])
    parser.add_argument("--items", type=int, default=2_000)
    parser.add_argument("--draws", type=int, default=10_000)
    arguments = parser.parse_args()
    missed = False
    for entries in arguments.entries:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            seen = alone.submit(measure, entries, arguments.items, arguments.draws).result()
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
