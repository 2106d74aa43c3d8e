"""Rounds for the pools of ``resolution.py`` in which the entries take turns, batch by batch.

As ``python -m harness duel`` has two of them do (``harness.evaluation.duel``): all sandboxes are up
at once, and no meter runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import psutil
from msgspec.structs import replace
from resolution_pool import Run

if TYPE_CHECKING:
    from harness.evaluation.duel import Duel
    from harness.records.rules import Rules
    from harness.sandbox.protocol import Launch, Sandbox
    from harness.tasks.protocol import Split, Task, TaskData

QUERIES_A_TURN = 2
"""Of some 4 ms each: the shorter turns are, the less comes between them."""


class Turns:
    """Entries that take turns."""

    def __init__(
        self,
        launches: Mapping[str, Launch],
        sandbox: Sandbox,
        rules: Rules,
        *,
        texts: Callable[[int], Split],
        warm_up: int,
        kernel: Callable[[], float],
    ) -> None:
        """Take so many texts to warm up with; ``kernel`` returns the reference kernel's cost."""
        from harness.evaluation.duel import Duel, Side

        self._kernel, self._amortise = kernel, rules.energy.amortise_queries
        sides = [Side(name, launch, QUERIES_A_TURN) for name, launch in launches.items()]
        protocol = replace(rules.protocols["quick"], warm_up_queries=warm_up)

        def duel(items: int) -> Duel:
            data = cast("TaskData", _Data(texts(items), texts(warm_up)))
            return Duel(sides, cast("Task", _Alike()), data, protocol, sandbox)

        self._duel = duel

    def calibrate(self, seconds: float) -> int:
        """Return how many queries of a round the slowest entry answers in so much CPU time."""
        enough = 100_000
        return self._duel(enough).queries_for(seconds)

    def round(self, queries: int) -> list[Run]:
        """Have all of them answer so many queries; each bears an equal share of what it cost."""
        began, before = time.monotonic(), psutil.cpu_times()
        own = time.process_time()
        kernel_before = self._kernel()
        duel = self._duel(queries + 1)  # of more items than are asked: all are originals
        costs = duel.run_round(duel.plan(queries)).costs
        kernels = kernel_before, self._kernel()
        after, own = psutil.cpu_times(), time.process_time() - own
        wall = time.monotonic() - began
        theirs = sum(each.preparation_cpu_seconds + each.queries_cpu_seconds for each in costs)
        others = max(0.0, _busy(after) - _busy(before) - own - theirs)
        names = [side.name for side in self._duel(1).sides]
        return [
            Run(
                entry=name,
                joules=None,
                cpu_seconds=cost.per_1000(self._amortise),
                kernel_seconds=kernels,
                wall_seconds=wall / len(costs),
                other_cpu_seconds=others / len(costs),
                steal_seconds=(after.steal - before.steal) / len(costs),
                void=(),
                instructions=None,
            )
            for name, cost in zip(names, costs, strict=True)
        ]


class _Alike:
    """A task whose answers are numbers."""

    def decisions(self, predictions: Any) -> Any:  # noqa: ANN401 - as ``Task`` has it
        return np.asarray(predictions)


class _Data:
    """Texts, and others to warm up with."""

    def __init__(self, test: Split, warm_up: Split) -> None:
        self.test, self.warm_up = test, warm_up


def _busy(times: Any) -> float:  # noqa: ANN401 - psutil's own
    return float(times.user + times.nice + times.system + times.irq + times.softirq)
