"""The truth bench: whether our meter's figures are true and as sure as they say, and the peers'.

    python benchmarks/meter_truth.py
    python benchmarks/meter_truth.py --cases "steady,one wrap" --virtual-trials 100 --real-trials 0

What is compared. The truth is the counter's own register: the energy that it stands for, by
formula, at a window's edges. Our window lies between the edges that our reading states. A peer
states none: it is judged between the very moments at which it read the counters, which is the best
that can be said of it. A sensor's gain error, and that a board samples part of the time, are not in
this: they are stated apart.

- *On a virtual clock* (``meter_truth_virtual``): 1,000 windows a case, the harness alone, since
  peers bring processes and clocks of their own.
- *In real time* (``meter_truth_real``): 30 windows a case, on a tree that a process of its own
  advances; the peers, where they are installed (``pip install -e .[bench]``), read the same tree at
  the same time, each in its own process. NVIDIA boards: ``meter_truth_boards``.
- *Overhead* (``meter_truth_overhead``).

A figure is *wrong silently* when it came without an error and is off by more than 0.2 % of the
truth and the edges (two refreshes at the highest power), and by more than twice what it states.

Prints tables and the goals, each with its verdict; exits with 1 when one is missed. A goal that
needs what was not run, or is not installed, is not judged, and not met either.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path

import meter_truth_boards as boards
import meter_truth_cases as zones
import meter_truth_real as real
import meter_truth_virtual as virtual
from meter_truth_children import METERS, meters_here
from meter_truth_outcome import OURS, Outcome
from meter_truth_overhead import Overhead, judge_overhead, measure, overhead_rows
from meter_truth_table import goals_text, own_table, peers_table, table
from meter_truth_verdicts import AnyBenchCase, Goal, judge_beside, judge_ours, summarise


@dataclass
class Run:
    """Everything that was seen."""

    cases: list[AnyBenchCase]
    virtually: list[Outcome] = field(default_factory=list)
    really: list[Outcome] = field(default_factory=list)
    voided: list[str] = field(default_factory=list)
    costs: list[Overhead] = field(default_factory=list)

    def goals(self) -> list[Goal]:
        """Judge it."""
        seen = summarise(self.virtually, self.really)
        beside = [judge_beside(self.cases, seen, peer) for peer in METERS if peer != OURS]
        return [*judge_ours(self.cases, seen), *chain(*beside), *judge_overhead(self.costs)]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is asked for, print it, and return the exit code."""
    asked = _asked(arguments)
    began = time.monotonic()
    run = Run(_cases(asked.cases))
    with boards.library() as built:
        for case in run.cases:
            if isinstance(case, boards.BoardCase) and built is None:
                _say(f"{case.name}: not run, there is no C compiler")
            else:
                _run(run, case, built, asked)
    if asked.overhead_seconds:
        run.costs += measure(asked.overhead_seconds)
    print(_conditions(time.monotonic() - began))
    goals = run.goals()
    _show(run, goals, markdown=asked.markdown)
    return int(any(goal.verdict == "missed" for goal in goals))


def _run(run: Run, case: AnyBenchCase, built: Path | None, asked: argparse.Namespace) -> None:
    if asked.virtual_trials:
        _say(f"{case.name}: {asked.virtual_trials} windows on a virtual clock")
        run.virtually += _run_virtual(case, asked.virtual_trials, built, asked.seed)
    if asked.real_trials and (isinstance(case, zones.Case) or case.in_real_time):
        _say(f"{case.name}: {asked.real_trials} windows in real time")
        came = _run_real(case, asked.real_trials, built, asked.seed)
        run.really += came.outcomes
        if came.voided:
            run.voided.append(f"{case.name} {came.voided}")


def _show(run: Run, goals: Sequence[Goal], *, markdown: bool) -> None:
    show = table(markdown=markdown)
    seen = summarise(run.virtually, run.really)

    def title(text: str) -> None:
        print(f"\n{'### ' if markdown else ''}{text}\n")

    if run.virtually:
        title("Our meter on a virtual clock")
        print(show(*own_table(run.cases, seen, "virtual")))
    if run.really:
        title("Our meter in real time")
        print(show(*own_table(run.cases, seen, "real")))
        title("Beside the peers, in real time: errors (rms) on the same windows")
        print(show(*peers_table(run.cases, seen, meters_here())))
        if run.voided:
            voided = ", ".join(run.voided)
            print(f"\nVoid, the stand-in having been interrupted, and repeated: {voided}.")
    if run.costs:
        title("Overhead: four counters of 1 ms")
        print(show(*overhead_rows(run.costs)))
    title("Goals")
    print(goals_text(goals))


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The truth bench of the energy meter.")
    parser.add_argument("--cases", default="", help="comma-separated; all of them without")
    parser.add_argument("--virtual-trials", type=int, default=1000)
    parser.add_argument("--real-trials", type=int, default=30)
    parser.add_argument("--overhead-seconds", type=float, default=20.0, help="0: not measured")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--markdown", action="store_true", help="print tables in Markdown")
    return parser.parse_args(arguments)


def _cases(names: str) -> list[AnyBenchCase]:
    known: dict[str, AnyBenchCase] = {case.name: case for case in zones.CASES}
    known |= {case.name: case for case in boards.CASES}
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise SystemExit(f"no case {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in wanted] or list(known.values())


def _run_virtual(case: AnyBenchCase, trials: int, built: Path | None, seed: int) -> list[Outcome]:
    if isinstance(case, zones.Case):
        return virtual.run_case(case, trials, seed)
    assert built is not None
    return boards.run_virtual(case, trials, built, seed)


def _run_real(case: AnyBenchCase, trials: int, built: Path | None, seed: int) -> real.Trials:
    if isinstance(case, zones.Case):
        return real.run_case(case, trials, seed)
    assert built is not None
    return boards.run_real(case, trials, built, seed)


def _conditions(seconds: float) -> str:
    """Say what was run on what."""
    versions = []
    for name, package in METERS.items():
        try:
            versions.append(f"{name} {version(package or 'frugal-ai-harness')}")
        except PackageNotFoundError:
            versions.append(f"{name} not installed")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{time.strftime('%Y-%m-%d')}, {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} cores, load {load} at the end, Python {platform.python_version()}; "
        f"{'; '.join(versions)}. Took {seconds / 60:.1f} minutes."
    )


def _say(text: str) -> None:
    if sys.stderr.isatty():
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
