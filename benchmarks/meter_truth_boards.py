"""The truth bench's boards: the harness's NVML meter on a stand-in library, peers beside it.

The library is built from C when the bench begins (``tests/stand_ins/nvml``). What a board shows is
a function of the clock: the energy, by formula, at the last of its irregular refreshes. So it needs
no process to advance it, and it runs on a virtual clock, which it reads from a file, as on the real
one. A real board's gain error and part-time sampling are none of this: they are stated apart.
"""

from __future__ import annotations

import gc
import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from unittest.mock import patch

from meter_truth_cases import REFRESHES_PER_WINDOW, Component, Group
from meter_truth_children import Child, meters_here
from meter_truth_outcome import NoWork, Outcome, judge, refused
from meter_truth_real import Trials

from harness.errors import MeasurementError
from harness.meters import nvml
from harness.meters.protocol import Source
from harness.meters.sources import SourceRecording

sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
from stand_ins.nvml import StandIn, VirtualClock, build, compiler

TRIALS_PER_MACHINE = 5
_OPENING_SECONDS = 4.0
"""From starting a meter to its first window: interpreters, imports, ten refreshes watched."""


@dataclass(frozen=True)
class BoardCase:
    """Boards, a window, and what is right."""

    name: str
    boards: StandIn
    kind: Literal["counter", "power"] = "counter"
    group: Group = "boards"
    expected: Literal["figure", "refusal"] = "figure"
    event: Literal["", "reset_at", "freeze_at", "fail_at"] = ""
    real_seconds: float = 0.6
    virtual_seconds: float = 20.0
    note: str = ""
    in_real_time: bool = True
    components: tuple[Component, ...] = ("gpu",)
    unknown: tuple[Component, ...] = ()

    def edges_joules(self, component: Component, *, virtual: bool) -> float:  # noqa: ARG002 - there is one component, and one scale
        """Return what the edges may cost: two refreshes at the highest power of each board."""
        shares = sum(1 + board / 4 for board in range(self.boards.boards))
        top = max(self.boards.high_watts, self.boards.low_watts) * shares
        return REFRESHES_PER_WINDOW * self.boards.refresh_seconds * top

    def truth(self, stand_in: StandIn, began: float, ended: float) -> float:
        """Return what all boards drew between two moments."""
        return sum(
            stand_in.joules(board, ended) - stand_in.joules(board, began)
            for board in range(stand_in.boards)
        )


_BURSTY = StandIn(curve="bursty", period_seconds=0.37)
_PASCAL = 4
"""NVML's number of an architecture without the counter: zeus goes by it."""

CASES: tuple[BoardCase, ...] = (
    BoardCase("gpu steady", StandIn(), note="refreshed every 100 ms"),
    BoardCase("gpu bursty", _BURSTY, note="60 and 300 W in turn, 0.37 s a round"),
    BoardCase("gpu ramping", StandIn(curve="ramp", period_seconds=1.37)),
    BoardCase("gpu fast", replace(_BURSTY, refresh_seconds=0.02), note="refreshed every 20 ms"),
    BoardCase("two gpus", replace(_BURSTY, boards=2)),
    BoardCase(
        "gpu power",
        StandIn(curve="ramp", period_seconds=1.37, counter=0, architecture=_PASCAL),
        kind="power",
        note="no counter: power is integrated; a ramp of 1.37 s, out of step with the refresh",
    ),
    BoardCase(
        "gpu reset", StandIn(), expected="refusal", event="reset_at", group="resets",
        note="steady power; codecarbon notices, warns in its log and goes on by power",
    ),
    BoardCase(
        "gpu freeze", StandIn(), expected="refusal", event="freeze_at", group="resets",
        in_real_time=False,
    ),
    BoardCase(
        "gpu lost", StandIn(), expected="refusal", event="fail_at", group="missing zones",
        in_real_time=False,
    ),
)  # fmt: skip


@contextmanager
def library() -> Iterator[Path | None]:
    """Build the stand-in; nothing where there is no compiler."""
    with TemporaryDirectory() as folder:
        yield build(Path(folder)) if compiler() else None


@contextmanager
def _loaded(stand_in: StandIn, built: Path) -> Iterator[None]:
    """Let pynvml load the stand-in anew: it keeps what it loaded."""
    pynvml = import_module("pynvml")
    with (
        patch.object(pynvml, "nvmlLib", None),
        patch.object(pynvml, "_nvmlGetFunctionPointer_cache", {}),
        patch.dict(os.environ, stand_in.environment() | {nvml.LIBRARY_VARIABLE: str(built)}),
    ):
        yield


def run_virtual(case: BoardCase, trials: int, built: Path, seed: int = 0) -> list[Outcome]:
    """Return what came of so many windows on a virtual clock."""
    outcomes: list[Outcome] = []
    with TemporaryDirectory() as folder:
        while len(outcomes) < trials:
            chance = random.Random(f"{seed} {case.name} {len(outcomes)}")  # noqa: S311 - no secret
            clock = VirtualClock(Path(folder) / "clock", chance.uniform(1e3, 2e3))
            stand_in = replace(case.boards, clock=str(clock.path), seed=chance.randrange(2**31))
            count = 1 if case.event else min(TRIALS_PER_MACHINE, trials - len(outcomes))
            if case.event:
                opened_by = clock() + _OPENING_SECONDS + case.virtual_seconds
                stand_in = replace(stand_in, **{case.event: opened_by})  # type: ignore[arg-type]
            with _loaded(stand_in, built):
                outcomes += _windows(case, stand_in, clock, chance, count)
                gc.collect()  # the library reads its settings anew once it was shut down
    return outcomes


def _windows(
    case: BoardCase, stand_in: StandIn, clock: VirtualClock, chance: random.Random, count: int
) -> list[Outcome]:
    def sleep(seconds: float) -> None:
        clock.sleep(seconds + chance.uniform(50e-6, 250e-6))

    sources: list[Source] = [
        nvml.open_board(board, case.kind, clock=clock, sleep=sleep) for board in nvml.find_boards()
    ]
    outcomes = []
    for _ in range(count):
        sleep(chance.uniform(0.0, 1.0))
        if case.event:  # it comes at its own time: let the window be about it
            into = chance.uniform(0.02, 0.98) * case.virtual_seconds
            sleep(max(0.0, getattr(stand_in, case.event) - into - clock()))
        try:
            with ExitStack() as stack:
                followers = [stack.enter_context(source.follow(NoWork())) for source in sources]
                recording = SourceRecording(sources, followers, NoWork(), clock)
                began = recording.opened_at_seconds
                until = clock() + case.virtual_seconds
                while clock() < until:
                    sleep(sources[0].poll_seconds)
                    for index in range(len(sources)):
                        recording.poll(index)
                reading = recording.mark()
                ended = recording.opened_at_seconds
        except MeasurementError as error:
            outcomes += refused(case, error.message, virtual=True)
            continue
        truth = case.truth(stand_in, began, ended)
        outcomes += judge(case, reading.energy, {"gpu": truth}, virtual=True)
    return outcomes


def run_real(case: BoardCase, trials: int, built: Path, seed: int = 0) -> Trials:
    """Return what so many windows came to in real time, with every meter that is here."""
    chance = random.Random(f"{seed} {case.name}")  # noqa: S311 - not a secret
    came = Trials()
    rounds, windows = (trials, 1) if case.event else (1, trials)
    for _ in range(rounds):
        stand_in = replace(case.boards, seed=chance.randrange(2**31))
        opened_by = time.monotonic() + _OPENING_SECONDS
        if case.event:
            at = opened_by + chance.uniform(0.1, 0.9) * case.real_seconds
            stand_in = replace(stand_in, **{case.event: at})  # type: ignore[arg-type]
        environment = os.environ | stand_in.environment()
        environment |= {nvml.LIBRARY_VARIABLE: str(built), "LD_LIBRARY_PATH": str(built.parent)}
        with ExitStack() as stack:
            readers = {}
            for name in meters_here():
                child = Child("meter_truth_readers.py", name, case.kind, environment=environment)
                stack.callback(child.end)
                readers[name] = child
            for child in readers.values():
                child.greet()
            time.sleep(max(0.0, opened_by - time.monotonic()) if case.event else 0.0)
            for _ in range(windows):
                time.sleep(chance.uniform(0.0, 0.05))
                came.outcomes += _real_window(case, stand_in, readers, chance)
    return came


def _real_window(
    case: BoardCase, stand_in: StandIn, readers: dict[str, Child], chance: random.Random
) -> list[Outcome]:
    said: dict[str, Any] = {}
    for name in reversed(readers):  # peers first: ours aligns, and would leave them a fresh value
        said[name] = readers[name].refusal or readers[name].ask("start")
    time.sleep(case.real_seconds + chance.uniform(0.0, case.boards.refresh_seconds))
    outcomes = []
    for name in reversed(readers):
        reader = readers[name]
        answer = said[name] or reader.ask("stop")
        if "refusal" in answer:
            outcomes += refused(case, answer["refusal"], virtual=False, reader=name)
            continue
        truth = case.truth(stand_in, *answer["edges"])
        outcomes += judge(case, answer, {"gpu": truth}, virtual=False, reader=name)
    return outcomes
