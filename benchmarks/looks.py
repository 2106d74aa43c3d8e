"""What the looks at the interval of energy come to: how many sessions, and how often it is right.

    python benchmarks/looks.py [--write docs/explanation/protocol.md]

Simulated: sessions whose logarithms are normal, independent or correlated with the one before,
stopped as the official protocol stops them, by the rules as they stand. Prints a row for each
spread of the sessions; ``--write`` replaces the table between the page's markers. Takes some
seconds.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.records.rules import ProtocolRules, read_rules
from harness.records.statistics import look_alphas, of_sessions, t_quantile

RULES = Path(__file__).parents[1] / "leaderboard" / "rules.toml"
CORRELATIONS = (0.0, 0.33)
"""Of a session with the one before; the second was seen on a shared virtual machine."""
SPREADS = (0.01, 0.02, 0.03, 0.05, 0.08, 0.11)
"""Standard deviations of the logarithm from session to session."""
BEGIN, END = "<!-- looks: begin -->", "<!-- looks: end -->"
HEADER = (
    "| spread of sessions | mean number of sessions | intervals that hold the truth "
    "| narrow enough at the end | correlated: sessions | hold the truth | narrow enough |\n"
    "|---|---|---|---|---|---|---|"
)
REPETITIONS = 20_000
SEED = 5


@dataclass(frozen=True)
class Stopped:
    """How evaluations of one spread ended."""

    sessions: float
    """How many there were, on average."""
    coverage: float
    """The share whose interval holds the truth."""
    narrow: float
    """The share whose interval was as narrow as is wanted."""


def stopped(
    looks: Sequence[int],
    half_width: float,
    spread: float,
    *,
    correlation: float = 0.0,
    repetitions: int,
    seed: int,
) -> Stopped:
    """Simulate evaluations that are stopped at ``looks`` when the interval is narrow enough."""
    rng = np.random.default_rng(seed)
    logs = rng.standard_normal((repetitions, looks[-1]))  # the truth is 0
    for number in range(1, looks[-1]):
        fresh = math.sqrt(1 - correlation**2) * logs[:, number]
        logs[:, number] = correlation * logs[:, number - 1] + fresh
    logs *= spread
    running = np.ones(repetitions, bool)
    sessions = np.zeros(repetitions)
    holds, narrow = np.zeros(repetitions, bool), np.zeros(repetitions, bool)
    for look, alpha in zip(looks, look_alphas(looks), strict=True):
        seen = logs[:, :look]
        error = widening(look) * seen.std(axis=1, ddof=1) / math.sqrt(look)
        half = t_quantile(look - 1, alpha) * error
        enough = np.expm1(half) <= half_width
        ends = running & (enough | (look == looks[-1]))
        sessions[ends] = look
        holds[ends] = np.abs(seen.mean(axis=1))[ends] <= half[ends]
        narrow[ends] = enough[ends]
        running &= ~ends
    return Stopped(float(sessions.mean()), float(holds.mean()), float(narrow.mean()))


def widening(sessions: int) -> float:
    """Return how much wider intervals of so many sessions are than plain Student's t."""
    values = [1.0 + number for number in range(sessions)]
    mine, plain = of_sessions(values), of_sessions(values, correlation=0.0)
    if mine is None or plain is None:
        raise ValueError(f"{sessions} sessions have no interval")
    return mine.standard_error / plain.standard_error


def row(protocol: ProtocolRules, spread: float, repetitions: int) -> str:
    """Return a row of the table: independent sessions, then correlated ones."""
    cells = [f"{spread:.0%}"]
    for correlation in CORRELATIONS:
        seen = stopped(
            protocol.looks, protocol.half_width, spread,
            correlation=correlation, repetitions=repetitions, seed=SEED,
        )  # fmt: skip
        cells += [f"{seen.sessions:.1f}", f"{seen.coverage:.1%}", f"{seen.narrow:.0%}"]
    return f"| {' | '.join(each.replace('%', ' %') for each in cells)} |"


def table(protocol: ProtocolRules, repetitions: int) -> str:
    """Return what stands between the markers, for the looks of a protocol."""
    looks = protocol.looks
    alpha = look_alphas(looks)[0]
    said = (
        f"Looks after {' and '.join(map(str, looks))} sessions, a half-width of "
        f"{protocol.half_width:.0%} and the alpha of each look, {alpha:.4f}: simulated with normal "
        f"logarithms, {repetitions:,} evaluations a cell (`python benchmarks/looks.py`)."
    ).replace("%", " %")
    rows = [row(protocol, spread, repetitions) for spread in SPREADS]
    return "\n".join([said, "", HEADER, *rows])


def written(page: str, made: str) -> str:
    """Return the page with another table between its markers."""
    before, rest = page.split(BEGIN)
    return f"{before}{BEGIN}\n{made}\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Print how evaluations of each spread end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", type=Path)
    arguments = parser.parse_args()
    made = table(read_rules(RULES).protocols["official"], REPETITIONS)
    print(made)
    if arguments.write is not None:
        page: Path = arguments.write
        text = page.read_text(encoding="utf-8")
        page.write_text(written(text, made), encoding="utf-8")


if __name__ == "__main__":
    main()
