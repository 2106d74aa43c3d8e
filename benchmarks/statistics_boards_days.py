"""What a board says of entries that ran apart on days which move each of them by itself.

    nice python benchmarks/statistics_boards_days.py [--boards 200] [--write PAGE]

Six entries of the same quality, five sessions on each of one, two or three days that all of them
had, and no turns. A day moves an entry by 2 %, as it would where the machine is another one in the
hour of that entry than in the hours of the others. The reference kernel beside each session sees
all of it, half, or nothing, and varies by itself: by 0.5 % from session to session, or by 3 %, as
it did beside sessions of the demonstration. Counted are boards with any false statement of less
energy, all six being equal; and, of six in steps of 5 %, what share of the true statements is made.
Each as boards are, and as they would be if the kernel were not looked at. ``--write`` replaces the
table between the page's markers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from site_build import write_page
from statistics_boards import MARGINS

from harness.ranking.claims import rank
from harness.ranking.evidence import Evidence, ItemScores, SessionEnergies

Floats = npt.NDArray[np.floating[Any]]
BEGIN, END = "<!-- days: begin -->", "<!-- days: end -->"
ENTRIES, ITEMS, SESSIONS, DRAWS = 6, 500, 5, 199
STEP = 0.05
"""Of the logarithm of energy, from one entry to the next."""
SEED = 2_027


@dataclass(frozen=True)
class Setting:
    """What a day does, and what the kernel sees of it."""

    days: int
    own: float
    """Standard deviation of what a day does to an entry, of the logarithm."""
    seen: float
    """The kernel's share of it."""
    kernel: float
    """Standard deviation of the kernel's own noise, of one session."""
    spread: float = 0.01
    """Of a session."""


def settings() -> Iterator[Setting]:
    """Yield what is tried."""
    for (own, seen, kernel), days in product(_TRIED, (1, 2, 3)):
        yield Setting(days, own, seen, kernel)


_TRIED = (
    (0.02, 1.0, 0.005), (0.02, 1.0, 0.03), (0.02, 0.5, 0.005), (0.02, 0.0, 0.005),
    (0.0, 0.0, 0.005), (0.0, 0.0, 0.03),
)  # fmt: skip


def evidence_of(of: Setting, step: float, rng: np.random.Generator) -> Evidence:
    """Make up a board whose entries are ``step`` apart in truth."""
    shape = (ENTRIES, of.days, SESSIONS)
    moved = rng.normal(0, of.own, (ENTRIES, of.days, 1)) + rng.normal(0, 0.1, (of.days, 1))
    logs = moved + rng.normal(0, of.spread, shape) + step * np.arange(ENTRIES)[:, None, None]
    kernels = 0.1 * np.exp(of.seen * moved + rng.normal(0, of.kernel, shape))
    numbers = np.repeat(np.arange(of.days), SESSIONS)
    scores = (rng.random((ITEMS, ENTRIES)) < 0.85).astype(np.float32)  # noqa: PLR2004 - right
    return Evidence(
        tuple(f"entry-{number}" for number in range(ENTRIES)),
        ItemScores(scores),
        tuple(
            SessionEnergies(each.ravel(), numbers, kernels=beside.ravel())
            for each, beside in zip(logs, kernels, strict=True)
        ),
        np.zeros(ENTRIES, dtype=bool),
    )


def without_kernels(evidence: Evidence) -> Evidence:
    """Return the same board, of sessions beside which nothing was timed."""
    energy = [None if each is None else replace(each, kernels=None) for each in evidence.energy]
    return replace(evidence, energy=tuple(energy))


def tried(of: Setting, boards: int) -> tuple[list[float], list[float]]:
    """Return how many boards say anything false, and the share of true statements that is made.

    First without, then with what the kernel saw.
    """
    false, made = np.zeros(2), np.zeros(2)
    dearer = np.triu(np.ones((ENTRIES, ENTRIES), dtype=bool), 1)
    for number in range(boards):
        for step in (0.0, STEP):
            evidence = evidence_of(of, step, np.random.default_rng([SEED, number]))
            less = [
                rank(each, MARGINS, draws=DRAWS, seed=number).less_energy
                for each in (without_kernels(evidence), evidence)
            ]
            if step:
                made += [each[dearer].mean() for each in less]
            else:
                false += [each.any() for each in less]
    return (false / boards).tolist(), (made / boards).tolist()


def row(of: Setting, boards: int) -> str:
    """Return a row of the table."""
    (false_before, false), (made_before, made) = tried(of, boards)
    does = f"{of.own:.0%}" if of.own else "nothing"
    sees = f"{of.seen:.0%}" if of.own else ""
    return (
        f"| {of.days} | {does} | {sees} | {of.kernel:.1%} | {false_before:.1%} | {false:.1%} | "
        f"{made_before:.0%} | {made:.0%} |"
    )


HEADER = (
    "| days in common | a day moves each entry by | the kernel sees | it varies by itself by | "
    "any false statement, without | with what it saw | true ones made, without | with what it saw |"
    "\n|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def main() -> int:
    """Try all settings, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=200)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    rows = [HEADER]
    print(HEADER)
    for each in settings():
        rows.append(row(each, arguments.boards))
        print(rows[-1], flush=True)
    if arguments.write is not None:
        write_page(arguments.write, ["\n".join(rows)], begin=BEGIN, end=END)
    return 0


if __name__ == "__main__":
    sys.exit(main())
