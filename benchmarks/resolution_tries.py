"""What a pool of rounds shows: which pairs are told apart, how surely, and in what time. Pure.

A *try* is a run of neighbouring rounds of which only the sessions of one pair are looked at. Tries
share no round: as many are cut from a pool as fit in, at most 200, and so they are independent as
far as rounds some seconds apart are. What a try costs is what its sessions took, from the first
reference kernel to the last. A pair is told apart when the 95 % interval of the ratio of the two
entries leaves out 1, by the harness's own statistics (``harness.records.statistics``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate
from statistics import correlation, fmean, stdev
from typing import Literal, NamedTuple, TypeAlias

from resolution_pool import BASE, Pool, Run
from scipy.stats import beta, wilcoxon

from harness.records.statistics import ALPHA, LogEstimate, difference, of_sessions, paired_ratio

MOST_TRIES = 200
LEAST_ROUNDS = 5
"""As few as a board takes."""
SECONDS = (10, 20, 40, 75, 150, 300, 600, 900)
"""How long tries are, if the pool is long enough for one."""

Verdict: TypeAlias = Literal[-1, 0, 1]
"""Less than the base, not told apart, more than the base."""
Values: TypeAlias = Sequence[float]


class Variant(NamedTuple):
    """A way of telling apart."""

    name: str
    value: Callable[[Run], float]
    decide: Callable[[Values, Values], Verdict]


class Pair(NamedTuple):
    """The sessions of an entry, and those of the base in the same rounds."""

    name: str
    more: bool
    """Whether the entry does more work than the base; else as much."""
    ones: list[Run]
    bases: list[Run]
    lengths: tuple[int, ...]
    """Rounds of each part of the pool, in order: no try lies in two of them."""

    @property
    def round_seconds(self) -> float:
        """What one round costs the pair, on average."""
        return fmean(run.wall_seconds for run in self.ones) + fmean(
            run.wall_seconds for run in self.bases
        )


class Outcome(NamedTuple):
    """What became of tries of one length."""

    rounds: int
    seconds: float
    tries: int
    told_apart: int
    """In the right direction; of two entries of the same work, in whichever."""
    wrong: int
    """Told apart although they do the same, or in the wrong direction."""


class Spread(NamedTuple):
    """How rounds differ, on the logarithm of a pair's ratio."""

    ratio: float
    """Over the whole pool, the geometric mean."""
    deviation: float
    lag_1: float
    """Correlation of a round with the one before."""


def blocked(ones: Values, bases: Values) -> Verdict:
    """Compare within rounds: t on the logarithms of their ratios."""
    return _verdict(paired_ratio(ones, bases))


def unblocked(ones: Values, bases: Values) -> Verdict:
    """Compare as if the two had been measured on their own: Welch's t on the logarithms."""
    one, base = of_sessions(ones), of_sessions(bases)
    return _verdict(None if one is None or base is None else difference(one, base))


def ranked(ones: Values, bases: Values) -> Verdict:
    """Compare within rounds by signed ranks: F. Wilcoxon, Biometrics Bulletin 1 (1945), 80-83.

    In a round whose order was drawn, two equal entries exchange places as often as not: the test
    is then exact, whatever the machine does.
    """
    logs = [math.log(one / base) for one, base in zip(ones, bases, strict=True)]
    if not any(logs) or float(wilcoxon(logs).pvalue) >= ALPHA:
        return 0
    order = sorted(range(len(logs)), key=lambda at: abs(logs[at]))
    signed = sum((rank + 1) * math.copysign(1, logs[at]) for rank, at in enumerate(order))
    return 1 if signed > 0 else -1


def _verdict(ratio: LogEstimate | None) -> Verdict:
    interval = None if ratio is None else ratio.interval()
    if interval is None or interval[0] <= 1 <= interval[1]:
        return 0
    return 1 if interval[0] > 1 else -1


def _ranked(run: Run) -> float:
    assert run.joules is not None
    return run.joules


def _normalised(run: Run) -> float:
    return run.cpu_seconds / fmean(run.kernel_seconds)


def _counted(run: Run) -> float:
    assert run.instructions is not None
    return float(run.instructions)


VARIANTS = (
    Variant("ranked energy, blocked by round", _ranked, blocked),
    Variant("ranked energy, not blocked", _ranked, unblocked),
    Variant("CPU time, blocked by round", lambda run: run.cpu_seconds, blocked),
    Variant("CPU time, not blocked", lambda run: run.cpu_seconds, unblocked),
    Variant("CPU time over the kernel's, blocked", _normalised, blocked),
    Variant("CPU time over the kernel's, not blocked", _normalised, unblocked),
    Variant("CPU time, blocked, by signed ranks", lambda run: run.cpu_seconds, ranked),
)
OWN = VARIANTS[0]
"""What the harness does with evaluations."""
IN_TURNS = (
    Variant("CPU time, in turns", lambda run: run.cpu_seconds, blocked),
    Variant("CPU time, in turns, by signed ranks", lambda run: run.cpu_seconds, ranked),
)
"""What a pool of entries that took turns allows; the first is what the harness does."""
COUNTED = Variant("instructions, blocked by round", _counted, blocked)


def variants_of(pool: Pool) -> tuple[Variant, ...]:
    """Return all that the pool and its machine allow; first what the harness does."""
    if pool.header.in_turns:
        return IN_TURNS
    return (*VARIANTS, COUNTED) if pool.header.instructions == "counted" else VARIANTS


def pairs_of(pool: Pool) -> list[Pair]:
    """Return every other entry of a pool with the base."""
    rounds = [{run.entry: run for run in each} for each in pool.rounds]
    units = pool.header.entries
    return [
        Pair(
            name,
            units[name] > units[BASE],
            [each[name] for each in rounds],
            [each[BASE] for each in rounds],
            pool.lengths or (len(rounds),),
        )
        for name in units
        if name != BASE
    ]


def lengths_of(pair: Pair) -> list[int]:
    """Return of how many rounds tries can be: those of ``SECONDS`` that fit into the pool."""
    wanted = (max(LEAST_ROUNDS, int(seconds // pair.round_seconds)) for seconds in SECONDS)
    return sorted({rounds for rounds in wanted if rounds <= max(pair.lengths)})


def outcome_of(pair: Pair, variant: Variant, rounds: int) -> Outcome:
    """Try as often as the pool allows without using a round twice, from its beginning on."""
    ones, bases = (list(map(variant.value, each)) for each in (pair.ones, pair.bases))
    cuts = _cuts(pair.lengths, rounds)[:MOST_TRIES]
    verdicts = [variant.decide(ones[cut], bases[cut]) for cut in cuts]
    spent = sum(run.wall_seconds for run in (*pair.ones, *pair.bases)) / len(pair.ones) * rounds
    more, less = verdicts.count(1), verdicts.count(-1)
    return Outcome(
        rounds=rounds,
        seconds=spent,
        tries=len(cuts),
        told_apart=more if pair.more else more + less,
        wrong=less if pair.more else more + less,
    )


def _cuts(lengths: Sequence[int], rounds: int) -> list[slice]:
    """Return where each part's tries of so many rounds lie, parts being behind each other."""
    begins = accumulate(lengths, initial=0)
    return [
        slice(at, at + rounds)
        for begin, length in zip(begins, lengths, strict=False)
        for at in range(begin, begin + length - rounds + 1, rounds)
    ]


def spread_of(pair: Pair, variant: Variant) -> Spread:
    """Describe the rounds of a pair; at least three of them."""
    logs = [
        math.log(variant.value(one) / variant.value(base))
        for one, base in zip(pair.ones, pair.bases, strict=True)
    ]
    return Spread(math.exp(fmean(logs)), stdev(logs), correlation(logs[:-1], logs[1:]))


def share_interval(count: int, tries: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval of a share: C. Clopper and E. Pearson, Biometrika 26 (1934)."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, count, tries - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, tries - count)) if count < tries else 1.0
    return low, high
