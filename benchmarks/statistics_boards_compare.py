"""How far a board of two and ``compare`` say the same of the energy of two entries.

    nice python benchmarks/statistics_boards_compare.py [--pairs 4000]

Pairs are made up at random: days without turns, campaigns by turns, both, or campaigns or days of a
control, in common or not; of three to eight sessions; days and rounds move all entries alike, and
the hour of an evaluation its entry alone, of which the reference kernel sees all, half or nothing.
Each pair is put on a board of its own (with the control, where there is one), its quality being as
that of equals, and is compared by itself. Prints how often both say which of the two uses less,
only one of them does, or they say the opposite, with what each compared by. Exits with 1 where they
say the opposite.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
from statistics_boards import MARGINS

from harness.ranking.claims import rank
from harness.ranking.energy_pairs import (
    BY_CAMPAIGN,
    BY_OCCASION,
    BY_RATIO,
    NOT_COMPARED,
    compare_energies,
    in_turns,
)
from harness.ranking.energy_ratio import Series
from harness.ranking.evidence import UNSHARED, Evidence, ItemScores, SessionEnergies
from harness.ranking.paired_energy import compare_energy
from harness.records.rules import LEAST_CAMPAIGNS

Floats = npt.NDArray[np.floating[Any]]
SEED, DRAWS, ITEMS = 2_028, 199, 500
MOST_SESSIONS = 8
KINDS = {
    NOT_COMPARED: "nothing",
    BY_CAMPAIGN: "campaigns",
    BY_OCCASION: "days",
    BY_RATIO: "the control",
}


@dataclass(frozen=True)
class Evaluation:
    """Some sessions of one entry on one occasion."""

    occasion: int
    turns: bool
    rounds: list[int]
    logs: Floats
    kernels: Floats


class Machine:
    """What a machine does to entries, of one pair."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.own = rng.choice([0.0, 0.01, 0.03])
        self.seen = rng.choice([0.0, 0.5, 1.0])
        self.spread = rng.choice([0.005, 0.02])
        self.noise = rng.choice([0.0, 0.01])
        self.day = rng.normal(0, rng.choice([0.0, 0.03, 0.1]), 20)
        self.weather = rng.normal(0, 0.03, (20, MOST_SESSIONS))

    def sessions(self, occasion: int, log: float, *, turns: bool, first: int = 5) -> Evaluation:
        """Evaluate an entry of a true logarithm of energy, in ``first`` sessions or more."""
        number = int(self.rng.integers(first, MOST_SESSIONS + 1))
        own = 0.0 if turns else self.rng.normal(0, self.own)
        machine = self.day[occasion] + own
        logs = log + machine + self.rng.normal(0, self.spread, number)
        if turns:
            logs += self.weather[occasion, :number]
        kernels = 0.1 * np.exp(self.seen * machine + self.rng.normal(0, self.noise, number))
        return Evaluation(occasion, turns, [*range(number)], logs, kernels)


Pair = tuple[list[Evaluation], list[Evaluation], list[Evaluation]]
"""Of both, and of the control."""


def made_up(rng: np.random.Generator) -> Pair:
    """Evaluate two entries, and a control where there is one."""
    machine = Machine(rng)
    logs = 0.0, float(rng.choice([0, 1]) * rng.uniform(-0.08, 0.08))
    kind = rng.choice(["days", "turns", "both", "control"])
    if kind == "control":
        return beside_a_control(machine, logs)
    found: Pair = ([], [], [])
    if kind in {"days", "both"}:
        for side in (0, 1):
            alone = [10 + 4 * side + day for day in range(int(rng.integers(0, 3)))]
            for day in [*range(int(rng.integers(0, 5))), *alone]:
                found[side].append(machine.sessions(day, logs[side], turns=False, first=3))
    if kind in {"turns", "both"}:
        for campaign in range(5, 5 + int(rng.integers(1, 5))):
            for side in (0, 1):
                found[side].append(machine.sessions(campaign, logs[side], turns=True))
    return found


def beside_a_control(machine: Machine, logs: tuple[float, float]) -> Pair:
    """Evaluate two in campaigns of a control, or on its days, which they may have in common."""
    rng = machine.rng
    found: Pair = ([], [], [])
    turns = bool(rng.random() < 0.7)  # noqa: PLR2004 - of pairs
    starts = 0, int(rng.integers(1, 5))
    for side, start in enumerate(starts):
        for occasion in range(start, start + int(rng.integers(2, 5))):
            found[side].append(machine.sessions(occasion, logs[side], turns=turns))
    for occasion in sorted({each.occasion for side in found for each in side}):
        found[2].append(machine.sessions(occasion, 0.3, turns=turns, first=MOST_SESSIONS))
    return found


def on_a_board(evaluations: list[Evaluation], unshared: Iterator[int]) -> SessionEnergies:
    """Return an entry's sessions as a board has them."""
    rounds = [
        turn if each.turns else next(unshared) for each in evaluations for turn in each.rounds
    ]
    return SessionEnergies(
        np.concatenate([each.logs for each in evaluations]),
        np.repeat([e.occasion for e in evaluations], [len(e.logs) for e in evaluations]),
        np.array(rounds) if any(each.turns for each in evaluations) else None,
        kernels=np.concatenate([each.kernels for each in evaluations]),
    )


def by_itself(evaluations: list[Evaluation], controls: list[Evaluation]) -> Series:
    """Return an entry's sessions as ``compare`` has them."""
    mine, theirs = (
        {
            str(each.occasion): dict(zip(each.rounds, np.exp(each.logs).tolist(), strict=True))
            for each in some
            if each.turns
        }
        for some in (evaluations, controls)
    )
    return Series(
        tuple(value for each in evaluations for value in np.exp(each.logs).tolist()),
        tuple(value for each in evaluations for value in each.kernels.tolist()),
        campaigns=mine,
        controls={name: each for name, each in theirs.items() if name in mine},
        occasions=tuple(each.occasion for each in evaluations for _ in each.logs),
    )


def told(number: int) -> tuple[str, str, str] | None:
    """Say how the two agree of a pair, and by what each compared; ``None``: one has no session."""
    rng = np.random.default_rng([SEED, number])
    first, second, control = made_up(rng)
    if not first or not second:
        return None
    sides = [each for each in (first, second, control) if each]
    unshared = count(UNSHARED)
    evidence = Evidence(
        tuple("abc"[: len(sides)]),
        ItemScores((rng.random((ITEMS, len(sides))) < 0.85).astype(np.float32)),  # noqa: PLR2004
        tuple(on_a_board(each, unshared) for each in sides),
        np.zeros(len(sides), dtype=bool),
        control="c" if control else None,
    )
    less = rank(evidence, MARGINS, draws=DRAWS, seed=number).less_energy
    kind = int(compare_energies(evidence).kind[0, 1])
    made = compare_energy(
        by_itself(first, control),
        by_itself(second, control),
        margin=MARGINS.energy,
        least_campaigns=LEAST_CAMPAIGNS,
    )
    board = 1 if less[0, 1] else -1 if less[1, 0] else 0
    pair = {"more": 1, "less": -1}.get(made.status, 0)
    how = {
        (True, True): "both" if board == pair else "the opposite",
        (True, False): "board alone",
        (False, True): "compare alone",
        (False, False): "neither",
    }[board != 0, pair != 0]
    compared = KINDS.get(kind, "rounds" if in_turns(kind) else "sessions")
    return how, compared, made.unit if made.pairing != "campaigns" else "the control"


def main() -> int:
    """Make up pairs, count, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=4_000)
    arguments = parser.parse_args()
    found = Counter(filter(None, map(told, range(arguments.pairs))))
    whole = Counter(how for how, *_ in found.elements())
    for how, number in whole.most_common():
        print(f"{number:6,}  {how}")
        for (also, board, pair), part in found.most_common():
            if also == how:
                print(f"        {part:6,}  board by {board}, compare by {pair}")
    return 1 if whole["the opposite"] else 0


if __name__ == "__main__":
    sys.exit(main())
