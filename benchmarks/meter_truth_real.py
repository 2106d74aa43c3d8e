"""The truth bench in real time: a stand-in tree in one process, each meter in another.

All meters read the same tree and have their windows open at the same time. Each is judged between
its own edges: ours between those that it states, a peer between the moments when it read.

A trial in which the stand-in itself was interrupted while it published a value next to an edge is
void, and repeated: how often is told. When it was late with a refresh, the edges are allowed as
long as the refreshes that they fell in were.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meter_truth_cases import Case, Component, Zone
from meter_truth_children import Child, meters_here
from meter_truth_outcome import Outcome, judge, refused
from stand_in_powercap import Truth

MEMORY = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it
LONGEST_PUBLISHING_SECONDS = 150e-6
"""Writing and renaming take some tens of microseconds; the process was interrupted if more."""
_PEER_POLL_SECONDS = 1.2
"""zeus looks every second far from a wrap, and ten times a second near one: let it have looked."""
_MOST_TRIES = 3
"""Times as many trials, at most, as were asked for."""


@dataclass
class Trials:
    """What came of a case."""

    outcomes: list[Outcome] = field(default_factory=list)
    voided: int = 0


@contextmanager
def _stand_in(case: Case, seed: int) -> Iterator[tuple[Child, Path]]:
    """Advance a tree in memory for as long as the block lasts."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        root = Path(folder) / "powercap"
        words = ("--commands", "--case", case.name, "--seconds", "36000", "--seed", str(seed))
        child = Child("stand_in_powercap.py", str(root), *words)
        try:
            child.greet()
            yield child, root
        finally:
            child.end()


def run_case(case: Case, trials: int, seed: int = 0) -> Trials:
    """Return what so many windows came to with every meter that is here."""
    came = Trials()
    chance = random.Random(f"{seed} {case.name}")  # noqa: S311 - not a secret
    with ExitStack() as stack:
        stand_in, root = stack.enter_context(_stand_in(case, seed))
        meters: dict[str, Child] = {}
        for name in meters_here():
            meters[name] = Child("meter_truth_readers.py", name, "rapl", str(root))
            stack.callback(meters[name].end)
        for meter in meters.values():
            meter.greet()
        done = 0
        while done < trials and done + came.voided < trials * _MOST_TRIES:
            found = _trial(case, stand_in, meters, chance)
            if found is None:
                came.voided += 1
            else:
                came.outcomes += found
                done += 1
    return came


def _trial(
    case: Case, stand_in: Child, meters: dict[str, Child], chance: random.Random
) -> list[Outcome] | None:
    """Run one window of all meters at once; ``None`` when the stand-in was interrupted."""
    stand_in.ask("heal")
    strikes_after = chance.uniform(0.05, 0.95) * _room(case)
    if case.name == "one wrap":
        stand_in.ask(f"near {_PEER_POLL_SECONDS + strikes_after}")
        time.sleep(_PEER_POLL_SECONDS)
    else:
        time.sleep(chance.uniform(0.005, 0.05))
    stand_in.ask("forget")
    answers = _in_turn(meters, "start", {})
    began = time.monotonic()
    if case.event and case.event.kind != "wrap":
        time.sleep(strikes_after)
        with ExitStack() as stack:
            if case.event.kind == "block":
                for meter in meters.values():
                    stack.enter_context(meter.stopped())
                time.sleep(case.event.seconds)
            else:
                stand_in.ask("strike")
    more = chance.uniform(0.0, max(zone.refresh_seconds for zone in case.zones))
    time.sleep(max(0.0, began + case.real_seconds + more - time.monotonic()))
    answers = _in_turn(meters, "stop", answers)
    time.sleep(0.005)  # one more refresh, between which and the last one the truth is known
    outcomes: list[Outcome] = []
    for name, said in answers.items():
        judged = _judged(case, name, said, stand_in)
        if judged is None:
            return None
        outcomes += judged
    return outcomes


def _room(case: Case) -> float:
    """Return how far into the window its event may come, so that it is over before the end."""
    blocked = case.event.seconds if case.event and case.event.kind == "block" else 0.0
    return case.real_seconds - blocked


def _in_turn(meters: dict[str, Child], word: str, said: dict[str, Any]) -> dict[str, Any]:
    """Ask the peers first: ours aligns to a refresh, and would leave them a fresh value."""
    return {
        name: said.get(name) or meters[name].refusal or meters[name].ask(word)
        for name in reversed(meters)
    }


def _judged(case: Case, name: str, said: dict[str, Any], stand_in: Child) -> list[Outcome] | None:
    if "refusal" in said:
        return refused(case, said["refusal"], virtual=False, reader=name)
    truths: dict[Component, float] = {}
    late: dict[Component, float] = {}
    for zone, (began, ended) in _counted(case, said, stand_in):
        if max(began.held_up_seconds, ended.held_up_seconds) > LONGEST_PUBLISHING_SECONDS:
            return None
        assert zone.billed is not None
        truths[zone.billed] = truths.get(zone.billed, 0.0) + ended.joules - began.joules
        refreshes = began.refresh_seconds + ended.refresh_seconds - 2 * zone.refresh_seconds
        late[zone.billed] = late.get(zone.billed, 0.0) + refreshes * zone.curve.top_watts
    return judge(case, said, truths, virtual=False, reader=name, late_joules=late)


def _counted(
    case: Case, said: dict[str, Any], stand_in: Child
) -> Iterator[tuple[Zone, tuple[Truth, Truth]]]:
    """Ask for what each register had counted at a meter's edges.

    A zone that a peer did not read is taken between the moments at which it read the others.
    """
    reads = said.get("reads", {})
    edges = said.get("edges") or _means(reads)
    for zone in case.zones:
        if zone.billed is not None:
            began, ended = reads.get(zone.folder, edges)
            counted = stand_in.ask(f"truth {began!r} {ended!r}")[zone.folder]
            yield zone, (Truth(*counted[0]), Truth(*counted[1]))


def _means(reads: dict[str, list[float]]) -> list[float]:
    if not reads:
        return [0.0, 0.0]
    return [sum(ends) / len(reads) for ends in zip(*reads.values(), strict=True)]
