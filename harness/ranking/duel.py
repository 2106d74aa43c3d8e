"""The CPU time of two entries that took turns: their ratio, and whether it tells them apart. Pure.

As energies of a campaign's rounds are compared (``paired_energy``): Student's t on the logarithms
of the rounds' ratios. Nothing is metered, so that there is no meter's error, and nothing of what
days or campaigns differ by: it holds for this machine, now.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from harness.ranking.energy_ratio import Series
from harness.ranking.paired_energy import EnergyFinding, compare_energy, not_compared
from harness.ranking.verdict import TOLD_APART, less_or_more
from harness.records.base import Frozen
from harness.records.statistics import LEAST_CAMPAIGNS

Part: TypeAlias = Literal["queries", "as_ranked"]
NOUN = "CPU time per query"
"""Start, load and warm-up have no share in it."""


class Contestant(Frozen, kw_only=True):
    """One of the two."""

    name: str
    batch_size: int
    cpu_seconds_per_1000_queries: float
    """Mean over rounds, from the first query through the drain."""
    preparation_cpu_seconds: float
    """Of start, load and warm-up, likewise."""


class DuelResult(Frozen, kw_only=True):
    """What came of it; each finding is of b beside a."""

    task: str
    a: Contestant
    b: Contestant
    rounds: int
    queries_a_round: int
    """Of each."""
    amortise_queries: int
    """Over so many the preparation is spread in what is as ranked."""
    margin: float
    """Share of CPU time that counts as none."""
    queries: EnergyFinding
    preparation: EnergyFinding
    as_ranked: EnergyFinding
    """Of queries with their share of the preparation."""
    answers: int
    """Of each to the originals, over all rounds."""
    answers_alike: int
    """Those that decide for the same as the other's."""
    verdict: str
    regressions: tuple[Part, ...]
    """Where the whole interval is worse by more than the margin."""


def compare_costs(costs: Sequence[Sequence[float]], margin: float) -> EnergyFinding:
    """Compare what rounds cost a and b, round by round; ``margin`` is the share that is none."""
    if min(map(min, costs)) <= 0:
        return not_compared("one took less CPU time than can be counted here")
    mine, theirs = (
        Series(joules=tuple(of_one), kernels=(), campaigns={"": dict(enumerate(of_one))})
        for of_one in costs
    )
    return compare_energy(mine, theirs, margin=margin, least_campaigns=LEAST_CAMPAIGNS)


def verdict(a: str, b: str, found: EnergyFinding, as_ranked: EnergyFinding, margin: float) -> str:
    """Return one sentence on the CPU time that queries take of b beside a.

    Where it is the other way round as ranked, that is said too: few read on.
    """
    if found.status in TOLD_APART:
        turned = {found.status, as_ranked.status} == {"less", "more"}
        but = f", but {less_or_more(as_ranked, 'CPU time', a)} as ranked" if turned else ""
        return f"{b} takes {less_or_more(found, NOUN, a)}{but}"
    if found.status == "equivalent":
        return f"{a} and {b} take the same {NOUN}, within {100 * margin:g} %"
    if found.status == "not-compared":
        return f"the {NOUN} of {a} and {b} is not compared: {found.reason}"
    takes = (
        f"it would take about {found.needed:,} rounds"
        if found.needed is not None
        else "more rounds like these would not settle it"
    )
    return f"inconclusive: the {NOUN} of {a} and {b} cannot be told apart; {takes}"


def regressions(found: dict[Part, EnergyFinding], margin: float) -> tuple[Part, ...]:
    """Return where b is certainly worse by more than the margin."""
    return tuple(
        part
        for part, each in found.items()
        if each.ratio_interval is not None and each.ratio_interval[0] > 1 + margin
    )
