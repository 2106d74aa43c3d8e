"""The truth bench's goals, and whether what was seen meets them."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from meter_truth_boards import BoardCase
from meter_truth_cases import Case, Component
from meter_truth_outcome import OURS, Outcome

LOWEST_SHARE, HIGHEST_SHARE = 0.95, 0.995
SIGNIFICANT = 0.001
STRICTLY_BETTER = ("wraps", "mirrors", "resets", "missing zones")

AnyBenchCase: TypeAlias = Case | BoardCase
Mode: TypeAlias = Literal["virtual", "real"]


class Key(NamedTuple):
    """What windows are put together."""

    mode: Mode
    case: str
    component: Component
    reader: str


@dataclass(frozen=True)
class Summary:
    """Windows of one component, case and meter."""

    windows: int
    figures: int
    refusals: int
    wrong: int
    """Figures that are wrong and came without an error."""
    judged: int
    """Figures with a stated uncertainty and a known truth."""
    covered: int
    rms_error_joules: float
    """Root of the mean square; NaN where there is nothing to compare."""
    mean_truth_joules: float
    mean_stated_joules: float
    most_of_limit: float
    """The largest stated uncertainty, as a share of 0.2 % and the edges."""
    resolution_joules: float
    refusal: str
    """The first one's words."""

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Summary:
        """Put outcomes together."""
        errors = [o.error_joules for o in outcomes if o.error_joules is not None]
        stated = [o.stated_joules for o in outcomes if o.stated_joules is not None]
        covered = [o.covered for o in outcomes if o.covered is not None]
        refusals = [o.refusal for o in outcomes if o.refusal]
        return cls(
            windows=len(outcomes),
            figures=sum(o.joules is not None for o in outcomes),
            refusals=len(refusals),
            wrong=sum(o.wrong_silently for o in outcomes),
            judged=len(covered),
            covered=sum(covered),
            rms_error_joules=math.sqrt(_mean([error**2 for error in errors])),
            mean_truth_joules=_mean([o.truth_joules for o in outcomes if o.truth_joules]),
            mean_stated_joules=_mean(stated),
            most_of_limit=max(
                (o.stated_joules / o.limit_joules for o in outcomes if o.stated_joules), default=0.0
            ),
            resolution_joules=_mean([o.resolution_joules for o in outcomes]),
            refusal=refusals[0] if refusals else "",
        )


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values) if values else math.nan


def summarise(virtual: Iterable[Outcome], real: Iterable[Outcome]) -> dict[Key, Summary]:
    """Group outcomes, in the order in which they came."""
    groups: defaultdict[Key, list[Outcome]] = defaultdict(list)
    modes: tuple[tuple[Mode, Iterable[Outcome]], ...] = (("virtual", virtual), ("real", real))
    for mode, outcomes in modes:
        for outcome in outcomes:
            groups[Key(mode, outcome.case, outcome.component, outcome.reader)].append(outcome)
    return {key: Summary.of(group) for key, group in groups.items()}


@dataclass(frozen=True)
class Goal:
    """One goal, and what came of it."""

    text: str
    misses: tuple[str, ...]
    notes: tuple[str, ...] = ()
    judged: bool = True
    """False where what it needs was not run, or is not installed: then it is not met either."""

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if not self.judged:
            return "not judged"
        return "missed" if self.misses else "met"


def is_covered_as_stated(covered: int, judged: int) -> bool:
    """Say whether a share is not significantly outside 95 % to 99.5 %."""
    from scipy.stats import binomtest

    low = binomtest(covered, judged, LOWEST_SHARE, alternative="less").pvalue
    high = binomtest(covered, judged, HIGHEST_SHARE, alternative="greater").pvalue
    return bool(min(low, high) > SIGNIFICANT)


def judge_ours(cases: Sequence[AnyBenchCase], seen: Mapping[Key, Summary]) -> list[Goal]:
    """Judge what our meter is to do by itself."""
    by_name = {case.name: case for case in cases}
    ours = {key: summary for key, summary in seen.items() if key.reader == OURS}
    uncovered, unsure, wrong, needless = [], [], [], []
    covered = judged = 0
    for key, summary in ours.items():
        case = by_name[key.case]
        where = f"{key.case}, {key.component} ({key.mode})"
        if summary.judged and case.expected == "figure":
            covered, judged = covered + summary.covered, judged + summary.judged
            if not is_covered_as_stated(summary.covered, summary.judged):
                uncovered.append(f"{where}: {summary.covered} of {summary.judged}")
        if summary.most_of_limit > 1 and not _is_polled(case):
            unsure.append(f"{where}: {summary.most_of_limit:.2f} of what is allowed")
        if summary.wrong:
            wrong.append(f"{where}: {summary.wrong} of {summary.windows}")
        if (
            case.expected == "figure"
            and key.component in case.components
            and (lost := summary.windows - summary.figures)
        ):
            needless.append(f"{where}: {lost} of {summary.windows}: {summary.refusal}")
    together = f"all cases together: {covered} of {judged}" if judged else ""
    return [
        Goal(
            "the truth lies within the stated 95 % uncertainty in 95 to 99.5 % of the windows of "
            "each case (binomial, p > 0.001)",
            tuple(uncovered),
            (together,) if together else (),
            judged=judged > 0,
        ),
        Goal(
            "the stated uncertainty is at most 0.2 % and the edges (integrated power apart)",
            tuple(unsure),
            judged=bool(ours),
        ),
        Goal(
            "no case is wrong silently: a figure that is further off, and no error",
            tuple(wrong),
            judged=bool(ours),
        ),
        Goal("no window is refused without cause", tuple(needless), judged=bool(ours)),
    ]


def _is_polled(case: AnyBenchCase) -> bool:
    return isinstance(case, BoardCase) and case.kind == "power"


Standing: TypeAlias = Literal["better", "equal", "worse"]


def stand(case: AnyBenchCase, ours: Summary, peer: Summary) -> Standing:
    """Say how we stand to a peer in one case and component, by what matters most first.

    Figures that are wrong and come without an error; then, where a figure is right, having one;
    then its error, where they differ by more than the resolution.
    """
    if ours.wrong != peer.wrong:
        return "better" if ours.wrong < peer.wrong else "worse"
    if case.expected == "refusal" or math.isnan(ours.rms_error_joules):
        return "equal"
    if ours.figures != peer.figures:
        return "better" if ours.figures > peer.figures else "worse"
    difference = peer.rms_error_joules - ours.rms_error_joules
    if abs(difference) <= ours.resolution_joules:
        return "equal"
    return "better" if difference > 0 else "worse"


def judge_beside(
    cases: Sequence[AnyBenchCase], seen: Mapping[Key, Summary], peer: str
) -> list[Goal]:
    """Judge how our meter stands to a peer on the same windows, in real time."""
    stands: defaultdict[str, dict[str, Standing]] = defaultdict(dict)
    for case in cases:
        for component in sorted({*case.components, *case.unknown}):
            ours = seen.get(Key("real", case.name, component, OURS))
            theirs = seen.get(Key("real", case.name, component, peer))
            if ours and theirs:
                stands[case.group][f"{case.name}, {component}"] = stand(case, ours, theirs)
    worse = [where for group in stands.values() for where, how in group.items() if how == "worse"]
    goals = [Goal(f"never worse than {peer} beyond resolution", tuple(worse), judged=bool(stands))]
    for group in STRICTLY_BETTER:
        hows = stands.get(group, {})
        as_good = [where for where, how in hows.items() if how == "equal"]
        lost = [where for where, how in hows.items() if how == "worse"]
        none = () if "better" in hows.values() else (f"as good as {peer}, not better",)
        goals.append(
            Goal(
                f"strictly better than {peer} on {group}",
                (*lost, *none),
                (f"as good: {'; '.join(as_good)}",) if as_good else (),
                judged=bool(hows),
            )
        )
    return goals
