"""How long the site takes to build, and how much memory, from thousands of evaluations.

    python benchmarks/site_build.py [--counts 1000 10000] [--one-board] [--an-entry 3] [--page FILE]

Makes a project for each count in a temporary folder (``site_projects``) and runs the whole command,
``python -m harness leaderboard --published``, the start of the process included:

- *cold*: no cache, no site; *nothing*: once more, nothing having changed; *one more*: after one
  evaluation was added; *check*: ``--check``, which reads and makes everything anew;
- *memory*: the most that all processes of a cold build had resident together, by their
  proportional share of pages they have in common (``Pss``), sampled: in a run of its own, since the
  kernel goes through all pages of a process to tell it, which took a fifth of a core;
- *growth*: the exponent of the time by the number of evaluations, between the smallest and the
  largest count: 1 where twice as many take twice as long.

``--one-board`` puts all evaluations onto one board, else they are of the boards of four tasks;
``--an-entry`` says how many are of one entry: each of another is the most there can be to make, and
three are the least that the rules rank together. ``--page`` writes the tables of all four kinds
into FILE, between the marks that stand there. Exits with 1 when a build of 10,000 misses its goal.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from site_projects import ROOT, add, evaluations, make_project

COMMAND = [sys.executable, "-m", "harness", "leaderboard", "--published"]
GOALS = {"cold_seconds": 10.0, "nothing_seconds": 1.0, "one_more_seconds": 2.0, "memory_mb": 1000.0}
GOALS_AT = 10_000
SAMPLE_SECONDS = 0.05
SETTLED_SECONDS = 2.5
BEGIN, END = "<!-- site_build: begin -->", "<!-- site_build: end -->"


class Kind(NamedTuple):
    """How the evaluations of a project lie."""

    one_board: bool
    an_entry: int

    @property
    def title(self) -> str:
        """How its table is called."""
        boards = "All on one board" if self.one_board else "Four boards"
        each = "each of an entry of its own" if self.an_entry == 1 else f"{self.an_entry} an entry"
        return f"{boards}, {each}"


KINDS = [Kind(one_board, an_entry) for an_entry in (1, 3) for one_board in (False, True)]
"""Those of a page."""


class Figures(NamedTuple):
    """What one project's builds took."""

    evaluations: int
    cold_seconds: float
    nothing_seconds: float
    one_more_seconds: float
    check_seconds: float
    memory_mb: float
    """Of all processes together."""


def measured(folder: Path, count: int, kind: Kind) -> Figures:
    """Make a project with ``count`` evaluations in a folder of its own, and build its site.

    Nothing is removed there: for a while after thousands of files were, ext4 takes ten times as
    long to make one, since it looks past each inode that was freed just now.
    """
    root, cache = folder / "project", folder / "cache"
    make_project(root, count, one_board=kind.one_board, an_entry=kind.an_entry)
    time.sleep(SETTLED_SECONDS)  # what is younger is not remembered as unchanged
    variables = {**os.environ, "HARNESS_ROOT": str(root), "HARNESS_CACHE": str(cache)}
    memory = most_bytes(variables)  # byte code is written and what is read is in memory
    set_aside([root / "leaderboard" / "site", cache])
    cold = seconds_of(variables)
    nothing = seconds_of(variables)
    for document in evaluations(1, **kind._asdict(), first=count):
        add(root, document)
    one_more = seconds_of(variables)
    check = seconds_of(variables, "--check")
    return Figures(count, cold, nothing, one_more, check, memory / 1e6)


def set_aside(folders: Iterable[Path]) -> None:
    """Move what a build left away, so that the next one begins with nothing."""
    for folder in folders:
        folder.rename(folder.with_name(f"{folder.name}-before"))


def seconds_of(variables: dict[str, str], *options: str) -> float:
    """Run the command, what was written before being on the disk; return how long it took."""
    os.sync()
    started = time.perf_counter()
    wait_for(begin(variables, *options))
    return time.perf_counter() - started


def most_bytes(variables: dict[str, str]) -> float:
    """Run the command; return the most bytes that it had."""
    process = begin(variables)
    watch = Watch(process.pid)
    watch.start()
    wait_for(process)
    watch.ended.set()
    watch.join()
    return watch.most_bytes


def begin(variables: dict[str, str], *options: str) -> subprocess.Popen[bytes]:
    """Start the command."""
    return subprocess.Popen(
        [*COMMAND, *options], cwd=ROOT, env=variables, stdout=subprocess.DEVNULL
    )


def wait_for(process: subprocess.Popen[bytes]) -> None:
    """Wait until a command has ended well."""
    if code := process.wait():
        raise SystemExit(f"{process.args!r} ended with {code}")


class Watch(threading.Thread):
    """Looks at what a process and all that it started have in memory."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.most_bytes = process, 0.0
        self.ended = threading.Event()

    def run(self) -> None:
        """Look until it has ended."""
        while not self.ended.wait(SAMPLE_SECONDS):
            held = sum(map(_bytes_of, _tree(self.process)))
            self.most_bytes = max(self.most_bytes, held)


def _tree(process: int) -> list[int]:
    found = [process]
    for each in found:
        try:
            tasks = Path(f"/proc/{each}/task").iterdir()
            children = [(task / "children").read_text().split() for task in tasks]
        except OSError:
            continue
        found += [int(child) for of_task in children for child in of_task]
    return found


def _bytes_of(process: int) -> float:
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(1024.0 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def growth(figures: Sequence[Figures]) -> float | None:
    """Return the exponent of the time of a cold build; ``None`` for a single count."""
    first, last = min(figures), max(figures)
    if first.evaluations == last.evaluations:
        return None
    return math.log(last.cold_seconds / first.cold_seconds) / math.log(
        last.evaluations / first.evaluations
    )


def missed(figures: Sequence[Figures]) -> list[str]:
    """Say which goals were missed."""
    return [
        f"{each.evaluations:,} evaluations: {name} {getattr(each, name):.1f}, goal {goal:g}"
        for each in figures
        if each.evaluations == GOALS_AT
        for name, goal in GOALS.items()
        if getattr(each, name) > goal
    ]


def table(figures: Sequence[Figures]) -> str:
    """Spell the figures of one kind of project as a Markdown table."""
    rows = [
        "| evaluations | cold | nothing changed | one more | check | memory |",
        "|---:|---:|---:|---:|---:|---:|",
    ]
    rows += [
        f"| {each.evaluations:,} | {each.cold_seconds:.1f} s | {each.nothing_seconds:.2f} s "
        f"| {each.one_more_seconds:.2f} s | {each.check_seconds:.1f} s | {each.memory_mb:.0f} MB |"
        for each in figures
    ]
    exponent = growth(figures)
    if exponent is not None:
        rows += ["", f"Time of a cold build grows with the number to the power of {exponent:.2f}."]
    return "\n".join(rows)


def write_page(path: Path, tables: Sequence[str], *, begin: str = BEGIN, end: str = END) -> None:
    """Put tables between the marks of a page, in the place of those there."""
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(begin)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise SystemExit(f"{path}: has no place between {begin} and {end}")
    made = "\n\n".join(tables)
    path.write_text(f"{before}{begin}\n\n{made}\n\n{end}{after}", encoding="utf-8")


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--one-board", action="store_true", help="all evaluations on one board")
    parser.add_argument("--an-entry", type=int, default=1, help="how many are of one entry")
    parser.add_argument("--page", type=Path, help="write the tables of all kinds into this page")
    arguments = parser.parse_args()
    if arguments.an_entry < 1:
        parser.error(f"--an-entry {arguments.an_entry}: give 1 or more")
    if arguments.page and (arguments.one_board or arguments.an_entry > 1):
        parser.error("--page measures all kinds: leave --one-board and --an-entry out")
    kinds = KINDS if arguments.page else [Kind(arguments.one_board, arguments.an_entry)]
    tables, all_missed = [], []
    with tempfile.TemporaryDirectory() as place:
        for number, kind in enumerate(kinds):
            figures = [
                measured(Path(place, f"{count}-{number}"), count, kind)
                for count in sorted(arguments.counts)
            ]
            tables.append(f"{kind.title}:\n\n{table(figures)}")
            all_missed += [f"{kind.title}: {each}" for each in missed(figures)]
            print(tables[-1], flush=True)
    if arguments.page:
        write_page(arguments.page, tables)
    for each in all_missed:
        print(f"missed: {each}")
    return 1 if all_missed else 0


if __name__ == "__main__":
    sys.exit(main())
