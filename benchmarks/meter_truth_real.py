"""The truth bench in real time: a stand-in tree in one process, each meter in another.

All meters have their windows open at the same time, on the same registers. Each is judged between
its own edges: ours between those that it states, a peer between the moments when it read.

A trial in which the stand-in itself was interrupted while it published a value next to an edge of
ours has no exact truth: it is void, and repeated. How often is told.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from meter_truth_cases import Case, Component
from meter_truth_outcome import Outcome, judge, refused
from meter_truth_readers import NAMES

HERE = Path(__file__).resolve().parent
MEMORY = Path("/dev/shm")  # noqa: S108 - a fresh folder is made in it
WORST_DOUBT_SECONDS = 25e-6
"""A rename takes some microseconds; one of ours was interrupted when it took more."""
_PEER_POLL_SECONDS = 1.2
"""zeus looks every second far from a wrap, and ten times a second near one: let it have looked."""
_AGAIN = 3
"""Times as many trials, at most, as were asked for."""


class Child:
    """A process that answers lines with lines of JSON."""

    refusal: dict[str, Any] | None = None
    """Why it never came to work, once it was greeted."""

    def __init__(
        self, script: str, *arguments: str, environment: dict[str, str] | None = None
    ) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def greet(self) -> None:
        """Wait until it is ready."""
        greeting = self._answer()
        self.refusal = greeting if isinstance(greeting, dict) else None

    def ask(self, line: str) -> Any:
        """Send a line; return what comes back."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return {"refusal": "the process has ended"}
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else {"refusal": "the process has ended"}

    def end(self) -> None:
        """End it: its input ends, and if that does not help, it is told to."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@dataclass
class Trials:
    """What came of a case."""

    outcomes: list[Outcome] = field(default_factory=list)
    voided: int = 0


@contextmanager
def _stand_in(case: Case, seed: int, readers: Sequence[str]) -> Iterator[tuple[Child, list[Path]]]:
    """Advance a tree for each reader, all showing the same registers."""
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        roots = [Path(folder) / name for name in readers]
        twins = [part for root in roots[1:] for part in ("--twin", str(root))]
        child = Child(
            "stand_in_powercap.py",
            str(roots[0]),
            *twins,
            *("--commands", "--case", case.name, "--seconds", "3600", "--seed", str(seed)),
        )
        try:
            child.greet()
            yield child, roots
        finally:
            child.end()


def installed_readers() -> list[str]:
    """Return the meters that can be read with: ours, and the peers that are installed."""
    return [name for name in NAMES if find_spec(name)]


def run_case(case: Case, trials: int, seed: int = 0) -> Trials:
    """Return what so many windows came to with every meter that is here."""
    names = installed_readers()
    came = Trials()
    chance = random.Random(f"{seed} {case.name}")  # noqa: S311 - not a secret
    with ExitStack() as stack:
        stand_in, roots = stack.enter_context(_stand_in(case, seed, names))
        readers = {}
        for name, root in zip(names, roots, strict=True):
            readers[name] = Child("meter_truth_readers.py", name, "rapl", str(root))
            stack.callback(readers[name].end)
        for reader in readers.values():
            reader.greet()
        for _ in range(trials * _AGAIN):
            if len(came.outcomes) >= trials * _per_trial(case, len(names)):
                break
            found = _trial(case, stand_in, readers, chance)
            if found is None:
                came.voided += 1
            else:
                came.outcomes += found
    return came


def _per_trial(case: Case, readers: int) -> int:
    return readers * len({*case.components, *case.unknown})


def _trial(
    case: Case, stand_in: Child, readers: dict[str, Child], chance: random.Random
) -> list[Outcome] | None:
    """Run one window of all meters at once; ``None`` when the stand-in was interrupted."""
    stand_in.ask("heal")
    strikes_after = chance.uniform(0.05, 0.95) * case.real_seconds
    if case.event and case.event.kind == "block":
        strikes_after = chance.uniform(0.05, 0.4) * (case.real_seconds - case.event.seconds)
    if case.name == "one wrap":
        stand_in.ask(f"near {_PEER_POLL_SECONDS + strikes_after}")
        time.sleep(_PEER_POLL_SECONDS)
    else:
        time.sleep(chance.uniform(0.005, 0.05))
    stand_in.ask("forget")
    said: dict[str, Any] = {}
    for name in reversed(readers):  # peers first: ours aligns, and would leave them a fresh value
        said[name] = readers[name].refusal or readers[name].ask("start")
    began = time.monotonic()
    if case.event and case.event.kind != "wrap":
        time.sleep(strikes_after)
        stand_in.ask("strike")
    more = chance.uniform(0.0, max(zone.refresh_seconds for zone in case.zones))
    time.sleep(max(0.0, began + case.real_seconds + more - time.monotonic()))
    for name in reversed(readers):
        if said[name] is None:
            said[name] = readers[name].ask("stop")
    time.sleep(0.005)  # one more refresh, between which and the last one the truth is known
    outcomes: list[Outcome] = []
    for name in readers:
        judged = _judged(case, name, said[name], stand_in)
        if judged is None:
            return None
        outcomes += judged
    return outcomes


def _judged(case: Case, name: str, said: dict[str, Any], stand_in: Child) -> list[Outcome] | None:
    if "refusal" in said:
        return refused(case, said["refusal"], virtual=False, reader=name)
    truths = _truths(case, said, stand_in)
    if truths is None:
        return None
    return judge(case, said, truths or {}, virtual=False, reader=name)


def _truths(case: Case, said: dict[str, Any], stand_in: Child) -> dict[Component, float] | None:
    """Return what the registers counted between a meter's edges; ``None`` where that is in doubt.

    A zone that a peer did not read is taken between the moments at which it read the others.
    """
    reads = said.get("reads", {})
    edges = said.get("edges") or _means(reads)
    moments = {zone.folder: reads.get(zone.folder, edges) for zone in case.zones if zone.billed}
    doubtful = False
    truths: dict[Component, float] = {}
    for zone in case.zones:
        if zone.billed is None:
            continue
        began, ended = moments[zone.folder]
        counted = stand_in.ask(f"truth {began!r} {ended!r}")[zone.folder]
        doubtful |= max(doubt for _, doubt in counted) > WORST_DOUBT_SECONDS
        truths[zone.billed] = truths.get(zone.billed, 0.0) + counted[1][0] - counted[0][0]
    return None if doubtful and "edges" in said else truths


def _means(reads: dict[str, list[float]]) -> list[float]:
    if not reads:
        return [0.0, 0.0]
    return [sum(ends) / len(reads) for ends in zip(*reads.values(), strict=True)]
