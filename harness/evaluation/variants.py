"""Whether variants cost what their originals cost, and whether there were variants at all.

A table of answers, or a cache, answers originals for less than variants; what works on each item
does not. The two are compared within each session, so that a machine that is slower in one session
than in another does not count, and Student's t over the sessions says how sure the ratio is.

Work is told by CPU time, which says nothing of what an accelerator does: where one is metered, by
the time that passed as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import TypeAlias

from harness.evaluation.gate import CLOCK_TICK_SECONDS
from harness.records.evaluation import EvaluationRecord
from harness.records.rules import CautionRules
from harness.records.session import Notice, Session, Sweep
from harness.records.statistics import of_sessions


@dataclass(frozen=True)
class CostRatio:
    """What variants cost over originals, a query."""

    value: float
    """The geometric mean over sessions; infinite where originals cost nothing."""
    interval: tuple[float, float] | None
    """At 95 %; ``None`` where one session, or a cost of nothing, gives none."""

    @property
    def differs(self) -> bool:
        """Whether it differs from 1 by more than chance explains; taken so without an interval."""
        return self.interval is None or not self.interval[0] <= 1 <= self.interval[1]


Measure: TypeAlias = Callable[[Sweep], float]
"""What tells the work of a sweep, in seconds."""


def variant_cost_ratio(
    sessions: Sequence[Session], measure: Measure = lambda sweep: sweep.cpu_seconds
) -> CostRatio | None:
    """Return the ratio of costs; ``None`` where there were not both in a session.

    ``None`` too where both are too cheap for the clock.
    """
    both = [session for session in sessions if {s.kind for s in session.sweeps} >= _BOTH]
    if not both:
        return None
    of_kind = [[s for session in both for s in _sweeps(session, kind)] for kind in sorted(_BOTH)]
    if max(median(map(measure, sweeps)) for sweeps in of_kind) < CLOCK_TICK_SECONDS:
        return None
    costs = [
        (_cost(_sweeps(s, "variant"), measure), _cost(_sweeps(s, "original"), measure))
        for s in both
    ]
    if min(min(pair) for pair in costs) <= 0:
        variants, originals = (fmean(each) for each in zip(*costs, strict=True))
        return CostRatio(variants / originals if originals > 0 else math.inf, None)
    ratios = [variants / originals for variants, originals in costs]
    estimate = of_sessions(ratios, correlation=0.0)  # what sessions share falls out of a ratio
    if estimate is None:
        return CostRatio(ratios[0], None)
    return CostRatio(estimate.value, estimate.interval())


def about_variants(record: EvaluationRecord, cautions: CautionRules) -> Iterator[Notice]:
    """Warn of variants that cost otherwise than their originals, and of a want of them."""
    measures: dict[str, Measure] = {"the CPU time": lambda sweep: sweep.cpu_seconds}
    if "gpu" in record.meter.components:
        measures["the time"] = lambda sweep: sweep.seconds
    said = list(_about_costs(record, cautions, measures))
    yield from sorted(said, key=lambda notice: notice.code)[:1]  # what is sure before what is not
    yield from _about_a_want(record)


def _about_costs(
    record: EvaluationRecord, cautions: CautionRules, measures: Mapping[str, Measure]
) -> Iterator[Notice]:
    low, high = cautions.variant_cost_ratio
    for name, measure in measures.items():
        ratio = variant_cost_ratio(record.sessions, measure)
        if ratio is None or low <= ratio.value <= high:
            continue
        seen = f"perturbed variants cost {ratio.value:.2f} times {name} of the originals"
        if ratio.interval is not None:
            seen += f" (95 % {ratio.interval[0]:.2f} to {ratio.interval[1]:.2f})"
        if ratio.differs:
            yield Notice(
                code="variants-cost-otherwise",
                message=seen,
                remedy="a cache or a table of answers would show like this: see what the entry "
                "does for an item that it knows",
            )
        else:
            yield Notice(
                code="variants-cost-unclear",
                message=f"{seen}: whether they cost alike cannot be told",
                remedy="use a quieter or steadier machine, or more sessions",
            )


def _about_a_want(record: EvaluationRecord) -> Iterator[Notice]:
    """Warn where a session had variants of a part of the items, or none."""
    had = [
        max((sweep.queries for sweep in _sweeps(session, "variant")), default=0)
        for session in record.sessions
        if session.sweeps
    ]
    items = max(
        (s.queries for each in record.sessions for s in _sweeps(each, "original")), default=0
    )
    least = min(had, default=items)
    if least >= items:
        return
    yield Notice(
        code="few-variants",
        message=f"a session had variants of {least:,} of {items:,} items only: more have no room, "
        "or take too long to make"
        if least
        else "a session had no variants: answers that were kept from elsewhere would not show",
        remedy="use a smaller test set, or raise variant_seconds in the rules",
    )


_BOTH = frozenset({"original", "variant"})


def _sweeps(session: Session, kind: str) -> list[Sweep]:
    return [sweep for sweep in session.sweeps if sweep.kind == kind]


def _cost(sweeps: Sequence[Sweep], measure: Measure) -> float:
    """Return the seconds of a query, in the median sweep."""
    return median(measure(sweep) / sweep.queries for sweep in sweeps)
