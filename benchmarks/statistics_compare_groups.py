"""How often the interval of ``compare`` holds a difference where groups of items err whole.

    python benchmarks/statistics_compare_groups.py [--tries 1000]

Two entries answer groups of ten items. Both err on a share of single items, and the second on a
share of whole groups besides, which may be too rare to be among those seen. Prints for each setting
how often the interval holds the difference, and how wide it is on average. Exits with 1 where it is
held in less than 88 %: so much is left to the skew of the percentiles of a few groups.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product

import numpy as np

from harness.ranking.paired_quality import UNKNOWN, Resampled, compare_quality

SIZE = 10
RESAMPLES = 1_000
LEAST = 0.88
GROUPS = 11, 30, 63, 150, 400
WHOLE = 0.0, 0.02, 0.05, 0.1
SINGLE = 0.0, 0.05, 0.2


def held(
    groups: int, whole: float, single: float, tries: int, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the share of tries that hold the truth, and the mean width of the interval."""
    weights = rng.multinomial(groups, np.full(groups, 1 / groups), size=RESAMPLES) / groups
    truth = -whole * (1 - single)
    hits, widths = 0, 0.0
    for _ in range(tries):
        a, b = rng.random((2, groups, SIZE)) >= single
        b &= rng.random((groups, 1)) >= whole
        apart = b.mean(axis=1) - a.mean(axis=1)
        evidence = Resampled(float(apart.mean()), weights @ apart, groups, groups, "bootstrap")
        found = compare_quality(
            evidence, items=groups * SIZE, margin=0.02, of_sessions=(UNKNOWN, UNKNOWN)
        )
        low, high = found.difference_interval
        hits += low <= truth <= high
        widths += high - low
    return hits / tries, widths / tries


def main() -> int:
    """Run all settings, print the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--tries", type=int, default=1_000)
    tries = parser.parse_args().tries
    rng = np.random.default_rng(2_026)
    print("| groups | lost whole | single items | holds the truth | width |")
    print("|---:|---:|---:|---:|---:|")
    least = 1.0
    for groups, whole, single in product(GROUPS, WHOLE, SINGLE):
        share, width = held(groups, whole, single, tries, rng)
        least = min(least, share)
        print(f"| {groups} | {whole:.0%} | {single:.0%} | {share:.1%} | {width:.3f} |", flush=True)
    print(f"least: {least:.1%}")
    return 1 if least < LEAST else 0


if __name__ == "__main__":
    sys.exit(main())
