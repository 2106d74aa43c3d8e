"""Entries that take turns, batch by batch: which takes less CPU time, whatever the machine does.

Sessions that follow each other differ by what the machine did meanwhile, on a shared one by more
than entries do. Here all sandboxes are up at once. What one entry is asked the other is asked right
after it, in an order drawn anew each time, so that whatever comes and goes more slowly than batches
do takes as much from both (randomised multiple interleaved trials: A. Abedi and T. Brecht, ICPE
2017, doi:10.1145/3030207.3030229). The kernel counts each entry's CPU time by itself; no sensor of
energy can be read so finely. So this is a comparison for whoever works on an entry, and no
evaluation: nothing is metered, and no label is looked at.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from msgspec import structs

from harness.errors import HarnessError
from harness.evaluation.plan import PlannedSweep, plan_sweeps, sealed_rng
from harness.evaluation.session import batches_of, predictions
from harness.records.rules import ProtocolRules
from harness.sandbox.protocol import Launch, Process, Sandbox
from harness.tasks.answers import no_answers, put
from harness.tasks.protocol import Batch, Task, TaskData

_T = TypeVar("_T")

LEAST_TURNS = 2
"""Of each entry in a round, however slow they are."""
TURN_SECONDS = 0.005
"""A turn is longer than a batch where that takes less: what the other one leaves of the caches, and
to be woken, costs up to 0.04 ms, which would be much of a batch of one."""
FAR = 4
"""A round of this many times the queries of another is far from it."""
VARIANT_SECONDS = 10.0
"""For making perturbed variants, once for all rounds; fewer queries are sent where it is over."""


@dataclass(frozen=True)
class Side:
    """One of the entries."""

    name: str
    launch: Launch
    batch_size: int


class Cost(NamedTuple):
    """What a round took of one entry, in a sandbox of its own."""

    preparation_cpu_seconds: float
    """Of start, load and warm-up."""
    queries_cpu_seconds: float
    """From the first query through the drain."""
    queries: int

    def per_1000(self, amortise_queries: float = math.inf) -> float:
        """Return CPU seconds per 1,000 queries, with the preparation spread over so many.

        As ranked energy is made of the phases' energies; by default the preparation has no share.
        """
        of_one = self.queries_cpu_seconds / self.queries
        return 1000 * (of_one + self.preparation_cpu_seconds / amortise_queries)


class Round(NamedTuple):
    """What a round took of all entries, and what they decided; in their order."""

    costs: tuple[Cost, ...]
    decisions: tuple[npt.NDArray[np.int64], ...]
    """(m,) each, of the m originals that were asked; see ``Task.decisions``."""


@dataclass(frozen=True)
class Duel:
    """Entries of one task, and what they are asked.

    Its methods raise what ``run_session`` does, with entry and phase named in the message.
    """

    sides: Sequence[Side]
    task: Task
    data: TaskData
    rules: ProtocolRules
    sandbox: Sandbox
    on_phase: Callable[[str], None] = lambda _: None
    """Told of each phase that begins."""

    def queries_for(self, cpu_seconds: float) -> int:
        """Return how many queries a round needs to take the slowest entry ``cpu_seconds``.

        At least ``LEAST_TURNS`` turns, at most ``max_sweeps`` of the rules. A round that is thrown
        away tells what a query costs. Where it was by far too short, a second, longer one does: in
        a short round the first batches and the end, which cost more, weigh too much.
        """
        wanted = least = LEAST_TURNS * max(side.batch_size for side in self.sides)
        most = self.rules.max_sweeps * len(self.data.test)
        for _ in range(2):
            tried = wanted
            costs = self.run_round(self.plan(tried)).costs
            slowest = max(cost.per_1000() for cost in costs) / 1000
            wanted = most if slowest * most <= cpu_seconds else math.ceil(cpu_seconds / slowest)
            wanted = max(least, wanted)
            if wanted <= FAR * tried:
                break
        return wanted

    def plan(self, queries: int) -> Sequence[PlannedSweep]:
        """Return sweeps of so many queries, or some more, none of them twice.

        Of more queries than there are items the others are perturbed variants.
        """
        test, rng = self.data.test, sealed_rng()
        if queries < len(test):
            return [PlannedSweep("original", rng.permutation(len(test))[:queries], None)]
        sweeps = math.ceil(queries / len(test))
        return plan_sweeps(self.task, test, sweeps, rng, variant_seconds=VARIANT_SECONDS)

    def run_round(self, planned: Sequence[PlannedSweep]) -> Round:
        """Have every entry answer these sweeps in a fresh sandbox: all in one order, drawn anew.

        Where only a part of the originals is asked for, which part is drawn anew, too: so what
        items differ by shows between rounds, and is in the interval.
        """
        sweeps = [_anew(sweep, len(self.data.test)) for sweep in planned]
        originals = next(sweep for sweep in sweeps if sweep.kind == "original")
        source, wanted = self.data.warm_up, self.rules.warm_up_queries
        chosen = sealed_rng().choice(len(source), size=wanted, replace=len(source) < wanted)
        warm_up = source.samples(chosen)
        with ExitStack() as stack:
            running = self._start(stack)
            self.on_phase("warm-up")
            _take_turns(running, "warm-up", lambda size: batches_of(warm_up, size), len(warm_up))
            for each in _drawn(running):
                each.measure()
            self.on_phase("measured")
            for sweep in sweeps:
                of_sweep = partial(sweep.batches, self.data.test)
                keep = sweep.order if sweep is originals else None
                _take_turns(running, "measured", of_sweep, len(sweep.order), keep)
            self.on_phase("drain")
            asked = sum(len(sweep.order) for sweep in sweeps)
            for each in _drawn(running):  # the first of four took 0.3 ms more to end than the next
                each.finish(asked)
        costs = tuple(each.cost for each in running)
        decisions = (self.task.decisions(each.answers[originals.order]) for each in running)
        return Round(costs, tuple(decisions))

    def _start(self, stack: ExitStack) -> list[_Running]:
        """Start and load all entries, in an order drawn anew; they go with the stack."""
        running: dict[int, _Running] = {}
        for at, side in _drawn([*enumerate(self.sides)]):
            self.on_phase(f"{side.name}: start")
            with _named(side, "start"):
                launch = _with_time(side.launch, len(self.sides))
                process = stack.enter_context(self.sandbox.launch(launch))
                process.ready(deadline_seconds=side.launch.limits.start_seconds)
            self.on_phase(f"{side.name}: load")
            with _named(side, "load"):
                process.load(deadline_seconds=side.launch.limits.load_seconds)
            answers = no_answers(len(self.data.test), side.launch.output)
            running[at] = _Running(side, process, answers)
        return [running[at] for at in range(len(self.sides))]


@dataclass
class _Running:
    """An entry that is up."""

    side: Side
    process: Process
    answers: Any
    """(n,) by position, to the originals; ``tasks.answers.no_answers`` where not asked."""
    prepared_cpu_seconds: float = 0.0
    cost: Cost = field(init=False)
    """Once it has ended."""

    def measure(self) -> None:
        with _named(self.side, "warm-up"):
            self.prepared_cpu_seconds = self.process.cpu_seconds()
            self.process.measure()

    def answer(self, batches: Iterable[Batch], positions: npt.NDArray[np.int64] | None) -> int:
        """Have some batches answered and return how many items; keep the answers where asked to.

        ``positions`` are of the items to come, of these and others behind them.
        """
        answered = 0
        for predicted in predictions(self.process, self.side.launch, batches):
            if positions is not None:
                put(self.answers, positions[answered : answered + len(predicted)], predicted)
            answered += len(predicted)
        return answered

    def finish(self, queries: int) -> None:
        with _named(self.side, "drain"):
            ended = self.process.finish(deadline_seconds=self.side.launch.limits.drain_seconds)
        prepared = self.prepared_cpu_seconds
        self.cost = Cost(prepared, max(0.0, ended.cpu_seconds - prepared), queries)


def _drawn(all_of_them: Sequence[_T]) -> Iterator[_T]:
    """Yield all in an order drawn anew: what being first or last costs is then nobody's."""
    for at in sealed_rng().permutation(len(all_of_them)).tolist():
        yield all_of_them[at]


def _take_turns(
    running: Sequence[_Running],
    phase: str,
    batches: Callable[[int], Iterator[Batch]],
    items: int,
    keep: npt.NDArray[np.int64] | None = None,
) -> None:
    """Have all answer ``items``, each its own batches; a turn is of as many items for all.

    That is the longest batch, and twice as many after each turn that took nobody
    ``TURN_SECONDS``. ``keep`` are the positions of the items whose answers are kept.
    """
    turn = max(each.side.batch_size for each in running)
    left = [batches(each.side.batch_size) for each in running]
    done, end, rng = [0] * len(running), 0, sealed_rng()
    while end < items:
        end, longest = end + turn, 0.0
        for at in rng.permutation(len(running)).tolist():
            each, before = running[at], done[at]
            began = time.monotonic()
            count = max(0, math.ceil((min(end, items) - before) / each.side.batch_size))
            with _named(each.side, phase):
                positions = None if keep is None else keep[before:]
                done[at] += each.answer(islice(left[at], count), positions)
            longest = max(longest, time.monotonic() - began)
        if longest < TURN_SECONDS:
            turn *= 2


def _with_time(launch: Launch, times: int) -> Launch:
    """Return it with so many times the wall time: the others' turns are within its own phases."""
    limits = launch.limits
    more = {name: times * getattr(limits, name) for name in _WALL_TIMES}
    return structs.replace(launch, limits=structs.replace(limits, **more))


_WALL_TIMES = ("warm_up_seconds", "measured_seconds", "session_seconds")


def _anew(sweep: PlannedSweep, items: int) -> PlannedSweep:
    if sweep.kind == "original":
        return replace(sweep, order=sealed_rng().permutation(items)[: len(sweep.order)])
    anew = sealed_rng().permutation(len(sweep.order))
    places = None if sweep.places is None else sweep.places[anew]
    return replace(sweep, order=sweep.order[anew], places=places)


@contextmanager
def _named(side: Side, phase: str) -> Iterator[None]:
    """Name the entry and the phase in whatever goes wrong inside."""
    try:
        yield
    except HarnessError as error:
        error.stage = error.stage or phase
        error.message = f"{side.name}: {error.stage}: {error.message}"
        raise
