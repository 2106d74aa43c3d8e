"""How often a board says anything false, and how much of what is true it says.

    nice python benchmarks/statistics_boards.py [--boards 2000] [--draws 199] [--cells WORD]
        [--processes 1] [--on-file FILE] [--write docs/explanation/statistics-claims.md]

Boards are made up from a known truth, ranked as real ones are, and compared with it. A claim
is false where the entry that it puts ahead is in truth worse by the margin or more on an axis, or
better on neither; a plain statement ("less energy", "better quality") is false where the truth is
equal or the other way round. Goal: any false claim in at most 5 % of the boards of every cell.
Exits with 1 where a cell's share is above 5 % by more than its own uncertainty (Clopper and
Pearson's exact bound, one-sided, 95 %). ``--write`` replaces the table between the page's markers.
With ``--on-file`` every hundred boards are put on file as they are done, and a later run goes on
from there (``statistics_boards_tally.py``): boards of any number of runs add up to ``--boards``.

The answers of the entries hang together through the items' difficulty; energy has a part that a
round shares, noise of its own for every session, and, where the cell says so, a machine whose
sessions follow one another (lag-1 correlation 0.33 in the order in which they ran), a drift over
the rounds, or noise that is skewed (a shifted log-normal one, skewness 1.7).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri
from statistics_boards_tally import (
    HEADER,
    OnFile,
    Tally,
    code_digest,
    lower_bound,
    upper_bound,
    write_table,
)

from harness.ranking.claims import rank
from harness.ranking.evidence import (
    BetweenSessions,
    Booleans,
    Evidence,
    ItemScores,
    Margins,
    SessionEnergies,
)
from harness.ranking.paired_quality import OfSessions
from harness.records.rules import read_rules

Floats = npt.NDArray[np.floating[Any]]
ROOT = Path(__file__).resolve().parent.parent
RANKING = read_rules(ROOT / "leaderboard" / "rules.toml").ranking
MARGINS = Margins(quality=RANKING.quality_margin, energy=RANKING.energy_margin)
GOAL = 0.05
SEED = 2_026
SERIAL = 0.33
SKEW = 0.5
"""Standard deviation of the normal distribution behind the skewed noise."""
RUN = 100
"""Boards that are put on file together."""

Truth = Literal["ties", "quality edge", "energy edge", "steps", "half ties"]


@dataclass(frozen=True)
class Cell:
    """One kind of board."""

    entries: int
    items: int
    sessions: int
    truth: Truth
    likeness: float = 0.8
    """Correlation of two entries' latent answers to an item."""
    variation: tuple[float, float] = (0.02, 0.02)
    """Relative, run to run: from the steadiest entry to the least steady."""
    turns: bool = True
    """Whether the entries took turns, in rounds."""
    serial: bool = False
    drift: float = 0.0
    """Of the log energy, from the first round to the last, on top of 0.02 from round to round."""
    skewed: bool = False
    group: int = 1
    """Items that share their difficulty, and are resampled together."""
    classes: int = 1
    """Quality is balanced over so many classes, of which each is half as frequent as the last."""
    right: float = 0.85
    """Quality of the best entries."""
    whole: float = 0.0
    """Standard deviation of what a whole session has in common in the latent answers."""
    lost: float = 0.0
    """Share of its right answers that every other entry loses by whole groups, too rare to be seen
    in few of them. Where all are equal in truth the others lose as many, item by item."""

    def in_words(self) -> str:
        """Say what is special about it."""
        low, high = self.variation
        plain = Cell(self.entries, self.items, self.sessions, self.truth)
        said = {
            "no rounds": not self.turns,
            f"variation {low:.0%} to {high:.0%}": low != high,
            f"variation {low:.0%}": low == high != plain.variation[0],
            f"likeness {self.likeness:g}": self.likeness != plain.likeness,
            f"{self.right:.0%} right": self.right != plain.right,
            "serial correlation": self.serial,
            f"drift {self.drift:.0%}": self.drift > 0,
            "skew": self.skewed,
            f"groups of {self.group}": self.group > 1,
            f"{self.classes} classes": self.classes > 1,
            f"sessions differ by {self.whole:g}": self.whole > 0,
            f"{self.lost:.1%} lost by whole groups": self.lost > 0,
        }
        return ", ".join(word for word, holds in said.items() if holds)


class Seen(NamedTuple):
    """What one board said."""

    false_claim: bool
    false_statement: bool
    claims: int
    true_pairs: int
    """Pairs of which a claim would have been true."""


def truth_of(cell: Cell) -> tuple[Floats, Floats]:
    """Return quality and log energy (entries,) of the entries in truth."""
    place = np.arange(cell.entries)
    best, none = np.full(cell.entries, cell.right), np.zeros(cell.entries)
    if cell.truth == "quality edge":  # every other entry is worse by the margin, and cheaper
        return best - MARGINS.quality * (place % 2), none - 0.5 * (place % 2)
    if cell.truth == "energy edge":  # every other entry is dearer by the margin, and better
        return best - 0.2 * (1 - place % 2), none + MARGINS.log_energy * (place % 2)
    if cell.truth == "steps":
        return best - 0.4 * place / cell.entries, none + 0.5 * place / cell.entries
    if cell.truth == "half ties":  # half are alike; the others are worse and dearer, step by step
        worse = np.maximum(0, place - cell.entries // 2)
        return best - 0.4 * worse / cell.entries, none + 0.5 * worse / cell.entries
    return best, none


def noise(cell: Cell, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    """Return noise of unit variance and mean zero."""
    if not cell.skewed:
        return rng.normal(size=shape)
    plain = np.exp(SKEW * rng.normal(size=shape))
    mean, square = np.exp(SKEW**2 / 2), np.exp(SKEW**2)
    scaled: Floats = (plain - mean) / (mean * np.sqrt(square - 1))
    return scaled


def followed(cell: Cell, rng: np.random.Generator) -> Floats:
    """Return the machine's noise (entries, sessions), which each session has in part of the last.

    Entries that took turns are in a random order within every round; the others ran one by one.
    """
    count = cell.entries * cell.sessions
    steps = noise(cell, rng, (count,))
    for now in range(1, count):
        steps[now] = SERIAL * steps[now - 1] + np.sqrt(1 - SERIAL**2) * steps[now]
    if not cell.turns:
        return steps.reshape(cell.entries, cell.sessions)
    by_round = steps.reshape(cell.sessions, cell.entries)
    return rng.permuted(by_round, axis=1).T


def energies(cell: Cell, log_joules: Floats, rng: np.random.Generator) -> list[SessionEnergies]:
    """Make the sessions of every entry."""
    shape = (cell.entries, cell.sessions)
    spread = np.linspace(*cell.variation, cell.entries)[rng.permutation(cell.entries)]
    own = followed(cell, rng) if cell.serial else noise(cell, rng, shape)
    rounds = np.arange(cell.sessions)
    shared = cell.drift * rounds / max(1, cell.sessions - 1)
    if cell.turns:
        shared = shared + rng.normal(0, 0.02, cell.sessions)
    logs = log_joules[:, np.newaxis] + spread[:, np.newaxis] * own + shared
    campaign = np.zeros(cell.sessions, np.int64)
    return [SessionEnergies(each, campaign, rounds if cell.turns else None) for each in logs]


def answers(
    cell: Cell, quality: Floats, rng: np.random.Generator
) -> tuple[ItemScores, BetweenSessions | None]:
    """Make the answers of every entry to every item, and what its sessions differ by."""
    groups = np.arange(cell.items) // cell.group
    difficulty = rng.normal(size=int(groups[-1]) + 1)[groups][:, np.newaxis]
    own = rng.normal(size=(cell.items, cell.entries))
    latent = np.sqrt(cell.likeness) * difficulty + np.sqrt(1 - cell.likeness) * own
    chances = 0.5 ** np.arange(cell.classes)
    classes = (
        None
        if cell.classes == 1
        else rng.choice(cell.classes, cell.items, p=chances / chances.sum())
    )
    grouped = None if cell.group == 1 else groups
    if cell.lost > 0:
        difficulty = rng.normal(size=(cell.items, 1))  # groups are alike in what is lost alone
        latent = np.sqrt(cell.likeness) * difficulty + np.sqrt(1 - cell.likeness) * own
        right = (latent < ndtri(cell.right)) & ~losses(cell, groups, rng)
        return ItemScores(right.astype(np.float32), classes, grouped), None
    if cell.whole == 0:
        right = (latent < ndtri(quality)).astype(np.float32)
        return ItemScores(right, classes, grouped), None
    shifts = cell.whole * rng.normal(size=(cell.sessions, cell.entries))
    border = np.sqrt(1 + cell.whole**2) * ndtri(quality)
    by_session = latent[:, np.newaxis] < border + shifts
    share = by_session.mean(axis=1)
    noise = np.square(by_session - share[:, np.newaxis]).sum(axis=0).mean(axis=0) / cell.items**2
    of = [
        OfSessions(tuple(values.tolist()), float(alone))
        for values, alone in zip(by_session.mean(axis=0).T, noise, strict=True)
    ]
    between = BetweenSessions(
        np.array([each.between for each in of]), np.full(cell.entries, cell.sessions - 1.0)
    )
    return ItemScores(share, classes, grouped), between


def losses(cell: Cell, groups: npt.NDArray[np.int64], rng: np.random.Generator) -> Booleans:
    """Return (items, entries): what every other entry loses by whole groups, and the others."""
    lost = np.zeros((cell.items, cell.entries), bool)
    by_groups = rng.random((int(groups[-1]) + 1, len(lost.T[1::2]))) < cell.lost
    lost[:, 1::2] = by_groups[groups]
    if cell.truth == "ties":
        lost[:, ::2] = rng.random(lost[:, ::2].shape) < cell.lost
    return lost


def one_board(cell: Cell, draws: int, number: int) -> Seen:
    """Make, rank and judge the board of a number."""
    rng = np.random.default_rng([SEED, number])
    quality, log_joules = truth_of(cell)
    scores, between = answers(cell, quality, rng)
    evidence = Evidence(
        tuple(f"entry-{number:02d}" for number in range(cell.entries)),
        scores,
        tuple(energies(cell, log_joules, rng)),
        np.zeros(cell.entries, dtype=bool),
        of_sessions=between,
    )
    said = rank(evidence, MARGINS, draws=draws, seed=number)
    better = np.subtract.outer(quality, quality)
    less = -np.subtract.outer(log_joules, log_joules)
    rounding = 1e-12
    holds = (better > -MARGINS.quality + rounding) & (less > -MARGINS.log_energy + rounding)
    holds &= (better > rounding) | (less > rounding)
    wrong_better = said.better_quality & (better <= rounding)
    wrong_less = said.less_energy & (less <= rounding)
    return Seen(
        false_claim=bool((said.beats & ~holds).any()),
        false_statement=bool(wrong_better.any() or wrong_less.any()),
        claims=int((said.beats & holds).sum()),
        true_pairs=int(holds.sum()),
    )


def cells() -> list[Cell]:
    """Return the boards that are tried."""
    truths: tuple[Truth, ...] = ("ties", "quality edge", "energy edge")
    small = Cell(10, 500, 5, "ties")
    found = [Cell(*size, truth) for size in _SIZES for truth in truths]
    found += [
        replace(small, truth=truth, **change)
        for truth in ("ties", "energy edge")
        for change in _OF_ENERGY
    ]
    found += [
        replace(small, truth=truth, **change)
        for truth in ("ties", "quality edge")
        for change in _OF_QUALITY
    ]
    found += [
        Cell(entries, groups * size, 5, truth, likeness=likeness, group=size, lost=lost)
        for truth, likeness, lost in _OF_WHOLE_GROUPS
        for groups, size in ((30, 17), (63, 17), (150, 8), (300, 8))
        for entries in (2, 10)
    ]
    found += [replace(small, truth="half ties"), Cell(50, 1_000, 10, "half ties")]
    found += [Cell(entries, 1_000, 10, "steps") for entries in (2, 5, 10, 20, 50)]
    found += [Cell(10, items, 5, "steps") for items in (86, 1_000)]
    found += [Cell(10, groups * 8, 5, "steps", group=8) for groups in (63, 150, 625)]
    return found


_SIZES = (
    (2, 86, 5), (2, 5_000, 5), (2, 1_000, 30), (10, 86, 5), (10, 1_000, 10), (10, 5_000, 30),
    (50, 86, 5), (50, 1_000, 10), (50, 5_000, 30),
)  # fmt: skip
_OF_ENERGY: tuple[dict[str, Any], ...] = (
    {"variation": (0.01, 0.10)},
    {"turns": False},
    {"turns": False, "variation": (0.01, 0.10)},
    {"skewed": True, "variation": (0.10, 0.10)},
    {"turns": False, "skewed": True, "variation": (0.10, 0.10)},
    {"drift": 0.10},
    {"serial": True},
    {"turns": False, "serial": True},
)
_OF_QUALITY: tuple[dict[str, Any], ...] = (
    {"likeness": 0.98},
    {"items": 86, "right": 0.97},
    {"items": 510, "group": 17},
    {"classes": 3},
    {"whole": 0.1},
    {"whole": 0.3},
)


_OF_WHOLE_GROUPS: tuple[tuple[Truth, float, float], ...] = (
    ("quality edge", 0.98, MARGINS.quality / 0.85),  # of what is right: the margin
    ("ties", 0.98, 0.1),
)


def run(cell: Cell, numbers: range, draws: int, pool: ProcessPoolExecutor | None) -> Tally:
    """Judge the boards of a cell that have these numbers."""
    judge = partial(one_board, cell, draws)
    seen = map(judge, numbers) if pool is None else pool.map(judge, numbers, chunksize=20)
    return tally(seen)


def tally(seen: Iterable[Seen]) -> Tally:
    """Add up what boards said."""
    added = Tally()
    for each in seen:
        added = added.plus(
            Tally(1, each.false_claim, each.false_statement, each.claims, each.true_pairs)
        )
    return added


def row(cell: Cell, seen: Tally) -> str:
    """Return a row of the table."""
    tries, false = seen.boards, seen.false_claims
    said = f"{seen.claims / seen.true_pairs:.0%}" if seen.true_pairs else ""
    return (
        f"| {cell.truth} | {cell.entries} | {cell.items:,} | {cell.sessions} | {cell.in_words()} | "
        f"{tries:,} | {false / tries:.1%} | {upper_bound(false, tries):.1%} | "
        f"{seen.false_statements / tries:.1%} | {said} |"
    )


def note(draws: int, without: int) -> str:
    """Say above the table how it was made, and of how many cells there is nothing."""
    left = f" Of {without} further cells nothing is on file." if without else ""
    return f"Made by `python benchmarks/statistics_boards.py`, with {draws} draws a board.{left}"


def conditions(draws: int) -> dict[str, Any]:
    """Return what boards hang on besides their cell and number."""
    return {
        "draws": draws,
        "margins": [MARGINS.quality, MARGINS.energy],
        "code": code_digest("harness.ranking", [Path(__file__)]),
    }


def main() -> int:
    """Run the cells, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boards", type=int, default=2_000)
    parser.add_argument("--draws", type=int, default=199)
    parser.add_argument("--cells", default="", help="only those whose row contains this")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--on-file", type=Path, help="go on from what is in this file, and add")
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    pool = ProcessPoolExecutor(arguments.processes) if arguments.processes > 1 else None
    filed = OnFile(arguments.on_file, conditions(arguments.draws))
    print(HEADER)
    for cell in cells():
        if arguments.cells not in repr(cell):
            continue
        started = time.perf_counter()
        while (done := filed.of(asdict(cell)).boards) < arguments.boards:
            numbers = range(done, min(done + RUN, arguments.boards))
            filed.add(asdict(cell), run(cell, numbers, arguments.draws, pool))
        print(row(cell, filed.of(asdict(cell))), flush=True)
        print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    seen = {cell: filed.of(asdict(cell)) for cell in cells()}
    rows = [row(cell, of) for cell, of in seen.items() if of.boards]
    above = sum(lower_bound(of.false_claims, of.boards) > GOAL for of in seen.values() if of.boards)
    print(f"{above} of {len(rows)} cells above {GOAL:.0%}")
    if arguments.write is not None:
        write_table(arguments.write, rows, note(arguments.draws, len(seen) - len(rows)))
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
