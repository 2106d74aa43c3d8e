"""How long ``evaluate`` takes beyond the entry's own running time, with its defaults.

    python benchmarks/fixed_cost.py [--rounds 3]

Wall time of the whole command on the sample data, less what its record says the entry took: load,
warm-up and measured windows of every session. What is left is the harness's: starting, generating
the data, probing the sandbox, calibrating, idle windows, making variants, scoring, writing. The
entry's own time in the calibration, of which no record is kept, counts as the harness's too.
Prints the medians; exits with 1 when one is above the goal.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ENTRIES = ("climate-tfidf", "deforestation-colour-trees")
OWN_PHASES = ("load", "warm-up", "measured")
GOAL_SECONDS = 20.0


def evaluate(entry: str, results: Path) -> tuple[float, float]:
    """Run ``evaluate`` on one reference entry; return its wall seconds and the entry's own."""
    command = [sys.executable, "-m", "harness", "evaluate", f"submissions/{entry}"]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--output", str(results), "--json"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    seconds = time.perf_counter() - began
    return seconds, own_seconds(json.loads(done.stdout)["record"])


def own_seconds(record: dict[str, Any]) -> float:
    """Return the entry's own running time over all sessions of a record."""
    return sum(
        float(window["reading"]["seconds"])
        for session in record["sessions"]
        for window in session["phases"]
        if window["phase"] in OWN_PHASES
    )


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    seconds: dict[str, list[tuple[float, float]]] = {entry: [] for entry in ENTRIES}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.rounds):
            for entry in ENTRIES:
                seconds[entry].append(evaluate(entry, Path(folder)))
    above = []
    for entry, runs in seconds.items():
        fixed = statistics.median(wall - own for wall, own in runs)
        wall, own = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{entry:<27} wall {wall:5.1f} s, entry {own:5.1f} s, fixed {fixed:5.1f} s")
        if fixed > GOAL_SECONDS:
            above.append(entry)
    print(
        f"goal: fixed <= {GOAL_SECONDS:g} s: {'missed by ' + ', '.join(above) if above else 'met'}"
    )
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
