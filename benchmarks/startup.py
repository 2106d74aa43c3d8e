"""How long ``check`` and ``--help`` take, over an empty program of the same CLI library.

    python benchmarks/startup.py [--rounds 15] [--goal 1.6]

The programs take turns, so that a machine that slows down slows all of them. Prints the medians
and their ratios to the empty program's; exits with 1 when one is above the goal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EMPTY = """\
import typer

app = typer.Typer()


@app.command()
def main() -> None:
    pass


app()
"""


def environment(byte_code: Path) -> dict[str, str]:
    """Return an environment in which all byte code is kept, whatever this one says of it."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"HARNESS_ROOT": str(ROOT), "PYTHONPYCACHEPREFIX": str(byte_code)}


def wall_seconds(command: list[str], variables: dict[str, str]) -> float:
    """Run ``command`` to its end and return how long it took."""
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=variables, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--goal", type=float, default=1.6)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        variables = environment(Path(folder) / "byte-code")
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        harness = [sys.executable, "-m", "harness"]
        commands = {
            "empty": [sys.executable, str(empty)],
            "check": [*harness, "check", "submissions/climate-tfidf"],
            "--help": [*harness, "--help"],
        }
        for command in commands.values():  # byte code is written and pages are read once
            wall_seconds(command, variables)
        seconds: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, command in commands.items():
                seconds[name].append(wall_seconds(command, variables))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    ratios = {name: median / medians["empty"] for name, median in medians.items()}
    for name, median in medians.items():
        print(f"{name:<7} {median * 1000:6.0f} ms  {ratios[name]:.2f} x")
    above = [name for name, ratio in ratios.items() if ratio > arguments.goal]
    print(f"goal    {arguments.goal:.2f} x: {'missed by ' + ', '.join(above) if above else 'met'}")
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
