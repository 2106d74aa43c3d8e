"""How much longer a session takes to start in a sandbox than the same worker started bare.

    python benchmarks/session_start.py [--rounds 40] [--goal-bwrap 40] [--goal-landlock 110]

From the launch to the worker's hello: the sandbox is up, and no code of the entry has run. Probing,
and the stage that an evaluation builds once, are apart. Bare is the worker's own command without
anything around it. Within a round each sandbox is timed beside a bare start of its own, in turn
before and after it, so that a machine that slows down slows both. Prints medians and ranges of the
times and of the differences; exits with 1 when a median difference is above its goal.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harness.errors import HarnessError  # noqa: E402 - after the path
from harness.records.rules import read_rules  # noqa: E402
from harness.sandbox import frames, interpreter  # noqa: E402
from harness.sandbox.ladder import choose  # noqa: E402
from harness.sandbox.protocol import Launch, Sandbox  # noqa: E402
from harness.sandbox.spawn import abandon, spawn  # noqa: E402

ENTRY = "def load(directory):\n    raise RuntimeError('no code of the entry is to run')\n"
START_SECONDS = 30
TRANSIENT_SECONDS = 0.05
"""After each start, so that the end of one is not the beginning of the next."""


def bare_seconds(launch: Launch) -> float:
    """Start the worker with nothing around it and wait for its hello."""
    command = interpreter.worker_command(
        str(interpreter.WORKER), str(launch.directory), str(launch.entry)
    )
    environment = interpreter.environment(launch.output, launch.labels, launch.max_boxes)
    began = time.perf_counter()
    started = spawn(command, environment)
    os.set_blocking(started.replies, True)
    said = os.read(started.replies, 4096)
    seconds = time.perf_counter() - began
    assert said.startswith(frames.READY), said
    abandon(started)
    return seconds


def sandboxed_seconds(sandbox: Sandbox, launch: Launch) -> float:
    """Launch it in a sandbox and wait for its hello."""
    began = time.perf_counter()
    with sandbox.launch(launch) as process:
        process.ready(deadline_seconds=START_SECONDS)
        return time.perf_counter() - began


def pairs(sandbox: Sandbox, launch: Launch, rounds: int) -> list[tuple[float, float]]:
    """Return the seconds of a bare start and of one in the sandbox, side by side."""
    timed: list[Callable[[], float]] = [
        lambda: bare_seconds(launch),
        lambda: sandboxed_seconds(sandbox, launch),
    ]
    for once in timed:  # pages are read, and the stage is built
        once()
    found = []
    for number in range(rounds):
        order = (0, 1) if number % 2 else (1, 0)
        seconds = [0.0, 0.0]
        for which in order:
            seconds[which] = timed[which]()
            time.sleep(TRANSIENT_SECONDS)
        found.append((seconds[0], seconds[1]))
    return found


def in_words(seconds: Sequence[float]) -> str:
    """Return the median and the range, in milliseconds."""
    least, middle, most = min(seconds), statistics.median(seconds), max(seconds)
    return f"{middle * 1000:6.1f} ms ({least * 1000:.1f} to {most * 1000:.1f})"


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--goal-bwrap", type=float, default=40, help="milliseconds, grades A and B")
    parser.add_argument("--goal-landlock", type=float, default=110, help="milliseconds, grade C")
    arguments = parser.parse_args()
    limits = read_rules(ROOT / "leaderboard" / "rules.toml").limits
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        entry = Path(folder) / "entry"
        entry.mkdir()
        (entry / "model.py").write_text(ENTRY)
        Path(folder).chmod(0o755)
        launch = Launch(
            directory=entry, entry="model:load", command=None, output="index", labels=2,
            max_boxes=0, limits=limits,
        )  # fmt: skip
        for way, goal in (("bwrap", arguments.goal_bwrap), ("landlock", arguments.goal_landlock)):
            try:
                sandbox = choose(way)
            except HarnessError as error:
                print(f"{way}: not here: {error.message}")
                continue
            timed = pairs(sandbox, launch, arguments.rounds)
            more = [boxed - bare for bare, boxed in timed]
            isolation = sandbox.probe()
            print(f"grade {isolation.grade}, {isolation.method}, {arguments.rounds} pairs")
            print(f"  bare       {in_words([bare for bare, _ in timed])}")
            print(f"  sandbox    {in_words([boxed for _, boxed in timed])}")
            print(f"  difference {in_words(more)}, goal at most {goal:g} ms")
            if statistics.median(more) * 1000 > goal:
                missed.append(isolation.grade)
    print(f"goals: {'missed at grade ' + ', '.join(missed) if missed else 'met'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
