"""The ratio of the energies of two entries that did not take turns. Pure.

What a machine does changes from one occasion (a campaign, or a day without one) to the next, and
all sessions of an occasion share it: however many they are, they do not show it.

- Where both ran on one occasion, their sessions of that occasion are compared, by Welch's interval.
  Of several such occasions the one with the most sessions counts; of as many as the rules ask for,
  three or more, each gives a ratio, with what varies between them: Student's t over occasions.
- Where no occasion is common to both, as many occasions of each as the rules ask for are compared
  by their means, each occasion counting once, as two samples. Of fewer nothing is said.

Occasions are not weighted by what their sessions vary by: of five sessions that is known too
roughly, and of 100 intervals by such weights, over six days of each that did not differ, 88 held
the truth. Without weights it is 98.2 % of 2,000; intervals are never narrower than if days did not
differ.

What the reference kernel's cost changed by from one side to the other widens the interval on both
sides.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, variance
from typing import NamedTuple

from harness.ranking.energy_ratio import (
    LEAST_SHARED,
    Ratio,
    Series,
    TooFew,
    kernel_log,
    ratio_of,
    worth_of,
)
from harness.records.rules import LEAST_CAMPAIGNS
from harness.records.statistics import (
    LEAST_SPREAD,
    LogEstimate,
    difference,
    of_sessions,
)


class _Occasion(NamedTuple):
    """An entry's sessions of one occasion."""

    estimate: LogEstimate
    kernels: tuple[float, ...]

    @property
    def sessions(self) -> int:
        return len(self.kernels)


def apart(a: Series, b: Series, least: int) -> Ratio | TooFew:
    """Compare two that were run apart; ``least`` is how many occasions show how they differ."""
    mine, theirs = _by_occasion(a), _by_occasion(b)
    if not mine or not theirs:
        fewest = min(len(each.joules) for each in (a, b))
        where = " of one occasion" if fewest >= LEAST_SHARED else ""
        return TooFew(
            f"fewer than {LEAST_SHARED} sessions{where} of one of them have a figure of energy"
        )
    common = sorted(mine.keys() & theirs.keys())
    if common:
        left_out = len(set(a.occasions)) > 1 or len(set(b.occasions)) > 1
        return _in_common([(mine[each], theirs[each]) for each in common], least, left_out=left_out)
    return _of_other_occasions([*mine.values()], [*theirs.values()], least)


def _by_occasion(series: Series) -> Mapping[int, _Occasion]:
    """Return the occasions of which an entry has sessions enough to show a spread, in order."""
    joules: defaultdict[int, list[float]] = defaultdict(list)
    kernels: defaultdict[int, list[float]] = defaultdict(list)
    numbers = series.occasions or (0,) * len(series.joules)
    for number, value, kernel in zip(numbers, series.joules, series.kernels, strict=True):
        joules[number].append(value)
        kernels[number].append(kernel)
    found = {
        number: of_sessions(values, least_spread=LEAST_SPREAD)
        for number, values in sorted(joules.items())
    }
    return {
        number: _Occasion(estimate, tuple(kernels[number]))
        for number, estimate in found.items()
        if estimate is not None and len(joules[number]) >= LEAST_SHARED
    }


def _in_common(
    pairs: Sequence[tuple[_Occasion, _Occasion]], least: int, *, left_out: bool
) -> Ratio:
    """Compare two that ran on the same occasions; ``left_out``: one has sessions of others."""
    pooled = _over([difference(b.estimate, a.estimate) for a, b in pairs], least)
    if pooled is None:
        a, b = max(pairs, key=lambda pair: min(each.sessions for each in pair))
        drift = _drift([a], [b])
        others = ""
        if len(pairs) > 1:
            others = (
                f", of one day or campaign of {len(pairs)} in common: fewer than {least} do not "
                "show how they differ"
            )
        elif left_out:
            others = (
                f", for the {a.sessions} and {b.sessions} sessions of the one day or campaign in "
                "common"
            )
        return ratio_of(
            a.estimate,
            b.estimate,
            (a.sessions, b.sessions),
            worth=(a.sessions, b.sessions),
            method=f"run apart: Welch's interval on logarithms{_wider(drift)}{others}",
            drift=drift,
        )
    mine, theirs = zip(*pairs, strict=True)
    drift = _drift(mine, theirs)
    return Ratio(
        pooled,
        units=len(pairs),
        worth=(_worth(mine), _worth(theirs)),
        scatter=pooled.standard_error * math.sqrt(len(pairs)),
        degrees_a_unit=1.0,
        method=f"run apart, on the same {len(pairs)} days or in the same campaigns: Student's t "
        f"over these, on logarithms{_wider(drift)}",
        pairing="occasions",
        unit="occasions",
        drift=drift,
    )


def _of_other_occasions(
    mine: Sequence[_Occasion], theirs: Sequence[_Occasion], least: int
) -> Ratio | TooFew:
    """Compare two that have no occasion in common."""
    tried = [_over([each.estimate for each in side], least) for side in (mine, theirs)]
    pooled = [each for each in tried if each is not None]
    if len(pooled) < len(tried):
        return TooFew(
            "they were evaluated on different days or in different campaigns, and fewer than "
            f"{least} of each say too little of how these differ",
            needed=least,
            unit="occasions",
        )
    drift = _drift(mine, theirs)
    return ratio_of(
        pooled[0],
        pooled[1],
        (len(mine), len(theirs)),
        worth=(_worth(mine), _worth(theirs)),
        method=f"run apart, on {len(mine)} and {len(theirs)} days or campaigns: Welch's interval "
        f"on the logarithms of their means{_wider(drift)}",
        unit="occasions",
        drift=drift,
    )


def _over(occasions: Sequence[LogEstimate], least: int) -> LogEstimate | None:
    """Return the mean over occasions with what varies between them; ``None`` for too few."""
    if len(occasions) < max(least, LEAST_CAMPAIGNS):
        return None
    logs = [each.log for each in occasions]
    within = math.hypot(*(each.standard_error for each in occasions)) / len(logs)
    error = math.sqrt(variance(logs) / len(logs))
    return LogEstimate(fmean(logs), max(error, within), len(logs) - 1)


def _worth(occasions: Iterable[_Occasion]) -> float:
    return worth_of([each.sessions for each in occasions])


def _wider(drift: float) -> str:
    return f", wider by the reference kernel's change of {100 * math.expm1(drift):.1f} %"


def _drift(mine: Iterable[_Occasion], theirs: Iterable[_Occasion]) -> float:
    """Return by how much the logarithm of the kernel's cost changed from one side to the other."""
    of_mine, of_theirs = (
        fmean(kernel_log(each.kernels) for each in side) for side in (mine, theirs)
    )
    return abs(of_theirs - of_mine)
