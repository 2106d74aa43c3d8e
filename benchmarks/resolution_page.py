"""The page on resolution: what the pools show, and whether the goals are met. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from statistics import fmean, median
from typing import NamedTuple

from resolution_pool import Pool, Run
from resolution_tries import (
    Outcome,
    Pair,
    Variant,
    blocked,
    lengths_of,
    outcome_of,
    pairs_of,
    share_interval,
    spread_of,
    variants_of,
)


class Goal(NamedTuple):
    """What is to be reached of one difference."""

    name: str
    share: float
    """Of tries: told apart at least so often; at most, where the two do the same work."""
    seconds: float
    """The longest that a try may take."""


GOALS = {
    "+5 %": Goal("+5 %", 0.95, 300),
    "+2 %": Goal("+2 %", 0.80, 900),
    "+0 %": Goal("+0 %", 0.05, 900),
}

HEAD = """\
# What difference can be told, and in what time

Written by `benchmarks/resolution.py` from rounds of sessions on file; it holds for the machine, and
the mood, that a pool was made in. Each entry is the same program and does a whole number of equal
units of work for a query (words counted and vectors multiplied, in Python): 200 units the base,
and 200, 204, 210 and 220 those that differ from it by 0, 2, 5 and 10 %, of which a pool may have
some alone.

Pools are made in two ways. **One by one**: a round is one session of each entry, in an order drawn
anew, and each is a session as `evaluate` runs it: a fresh sandbox, the reference kernel before and
after, and the meter that the machine has. Two things are left out: idle windows, since no figure
here is made of them, and the gate, so that sessions that an official evaluation would have repeated
as disturbed are used all the same. How many those were is said. **In turns**, as `duel` has it: the
sandboxes of a round are up at once and the entries take turns, a batch of two queries each (some
8 ms), in an order drawn anew for each turn; the kernel counts the CPU time of each, and nothing is
metered. What such a round costs is shared out equally.

The pools in turns of 26 November 2026 were made when the entries of a round ended in one order, the
base first. To end took the first 2.92 ms of CPU time, the second 2.60, the third 2.84 and the
fourth 2.96 (means of 70 rounds, standard errors of 0.04 to 0.08): of the 230 ms that a round took
of each, the base had 0.14 % too much. Over 4,016 rounds the entry of the same work is cheaper by
0.17 %, with a standard error of 0.05 %. Since then that order is drawn anew, too.

A **try** is a run of neighbouring rounds, of which the sessions of one pair are looked at. As many
as fit are cut from a pool, at most 200, and no two share a round. A try takes as long as its
sessions did, from the first reference kernel to the last. Between the two sessions of a pair lie
the others of the round, up to three of five: in a pool of one difference alone they are nearer in
time. A pair is **told apart** when the 95 % interval of the ratio of its two energies leaves out 1:
Student's t on the logarithms of the ratios within rounds (`paired_ratio` in
`harness/records/statistics.py`), which by its nominal error tells 5 % of pairs apart that are the
same. **Wrong** is a verdict on entries of the same work, or one in the wrong direction. Bounds are
Clopper and Pearson's at 95 %.

The goals: 5 % told apart in at least 95 % of 200 tries of at most five minutes, 2 % in at least
80 % of tries of at most fifteen, 0 % in at most 5 %. A pool holds few long tries and many short
ones. A goal is therefore looked for at every length that its time allows, and the shortest that
reaches it in at least five tries is shown: *met* where its lower bound reaches it too, *missed*
where no length's upper bound does. For 0 % the shortest tries are taken, which are the most.
"""


LEAST_TRIES = 5
"""Fewer show nothing."""


class VerdictOnGoal(NamedTuple):
    """Whether a pool reaches a goal."""

    goal: Goal
    outcome: Outcome
    """The shortest tries that reach it; where none do, those that come nearest."""
    reached: bool
    """By the share that was seen, in several tries."""
    sure: bool
    """By its bound, too."""
    missed: bool
    """The bound leaves out that it is reached, at every length."""


def verdicts_of(pool: Pool, variant: Variant | None = None) -> list[VerdictOnGoal]:
    """Hold a way of telling apart, or what the harness does, to every goal with a pair here."""
    variant = variant or variants_of(pool)[0]
    pairs = [pair for pair in pairs_of(pool) if pair.name in GOALS]
    verdicts = (_verdict(pair, variant, GOALS[pair.name]) for pair in pairs)
    return [found for found in verdicts if found is not None]


def _verdict(pair: Pair, variant: Variant, goal: Goal) -> VerdictOnGoal | None:
    outcomes = [outcome_of(pair, variant, rounds) for rounds in lengths_of(pair)]
    tried = [each for each in outcomes if each.seconds <= goal.seconds]
    if not tried:
        return None
    if not pair.more:  # an error: where there are most tries, it is known best
        most = tried[0]
        low, high = share_interval(most.told_apart, most.tries)
        reached = most.told_apart <= goal.share * most.tries
        return VerdictOnGoal(goal, most, reached, high <= goal.share, low > goal.share)
    several = [each for each in tried if each.tries >= LEAST_TRIES]
    reaching = [each for each in several if each.told_apart >= goal.share * each.tries]
    sure = [each for each in reaching if _bounds(each)[0] >= goal.share]
    shown = (
        sure or reaching or [max(several or tried, key=lambda each: each.told_apart / each.tries)]
    )[0]
    missed = all(_bounds(each)[1] < goal.share for each in tried)
    return VerdictOnGoal(goal, shown, bool(reaching), bool(sure), missed)


def render(pools: Mapping[str, Pool], before: str = "") -> str:
    """Return the page in Markdown.

    What the page ``before`` has of pools that are not at hand, of another machine or day, stays.
    """
    sections = _sections_of(before)
    sections |= {name: "\n".join(_section(name, pool)) for name, pool in pools.items()}
    named = sorted(sections.items())
    return "\n".join([HEAD, *_in_short(named), *(section for _, section in named)])


def _in_short(sections: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield the goals' rows of all pools, side by side."""
    yield "## In short\n"
    yield f"| pool | {' | '.join(sorted(GOALS))} |"
    yield "|---|" + "---|" * len(GOALS)
    for name, section in sections:
        found = {row[1]: row for row in _GOAL_ROW.finditer(section)}
        cells = (
            f"{row[2]}: {row[3]}, {row[4]}" if row else "" for row in map(found.get, sorted(GOALS))
        )
        yield f"| [`{name}`](#pool-{name}) | {' | '.join(cells)} |"
    yield ""


_GOAL_ROW = re.compile(
    r"^\| (\+\d+ %) \| at (?:most|least) .*? \| (\d+ s) \| (.*?) \| \d+ \| (.*?) \|$", re.MULTILINE
)
"""Difference, how long a try is, how many told apart, verdict: as ``_goal_row`` spells them."""


def _sections_of(page: str) -> dict[str, str]:
    """Return what a page says of each pool, by name."""
    parts = re.split(r"^(?=## Pool `)", page, flags=re.MULTILINE)[1:]
    return {part.split("`")[1]: f"{part.rstrip()}\n" for part in parts}


def _section(name: str, pool: Pool) -> Iterator[str]:
    pairs = pairs_of(pool)
    yield f"## Pool `{name}`\n"
    yield _description(pool) + "\n"
    yield "| difference | goal | tries of | told apart | wrong | verdict |"
    yield "|---|---|---|---|---|---|"
    for each in verdicts_of(pool):
        yield _goal_row(each)
    yield "\n### By the length of a try\n"
    own = variants_of(pool)[0]
    yield f"{_capital(own.name)}: told apart of tries (wrong ones), and the bounds of its share.\n"
    yield "| difference | rounds | seconds a pair | told apart | share | wrong |"
    yield "|---|---|---|---|---|---|"
    for pair in pairs:
        for rounds in lengths_of(pair):
            yield _length_row(pair, outcome_of(pair, own, rounds))
    yield "\n### Ways of telling apart, side by side\n"
    yield from _side_by_side(pool, pairs)
    yield ""


def _description(pool: Pool) -> str:
    header = pool.header
    runs = [run for each in pool.rounds for run in each]
    cores = header.cores * header.side_by_side
    share = median(run.other_cpu_seconds / max(_watched(run), 1e-9) / cores for run in runs)
    kernels = sorted(fmean(run.kernel_seconds) for run in runs)
    void = sum(bool(run.void) for run in runs)
    parts = (
        f" in {len(pool.lengths)} parts at once, each on two cores of its own,"
        if pool.lengths
        else ""
    )
    beside = f"beside {header.neighbours} neighbours of its own, " if header.neighbours else ""
    counters = (
        "The processor counts instructions for us"
        if header.instructions == "counted"
        else f"Instructions cannot be counted on it ({header.instructions})"
    )
    taken, how, meter = "session", "", f"meter of grade `{header.meter}`"
    gate = f" The gate would have repeated {void / len(runs):.0%} of the sessions."
    if header.in_turns:
        taken, how, meter, gate = "round", ", in turns", "nothing metered", ""
    return (
        f"{pool.began} to {pool.ended}, {header.processor}, {cores} cores, Linux "
        f"{header.kernel}; {meter}, isolation {header.isolation}. "
        f"{len(pool.rounds)} rounds{parts} of {len(header.entries)} sessions{how} "
        f"({_listed(header.entries)}) of {header.queries} queries, "
        f"{fmean(run.wall_seconds for run in runs):.2f} s each on average, "
        f"{beside}other programs taking {share:.0%} of the machine in the median {taken}.{gate} "
        "The reference kernel's cost: nine in ten within "
        f"{_quantile(kernels, 0.05) * 1000:.0f} to {_quantile(kernels, 0.95) * 1000:.0f} ms. "
        f"{counters}."
    )


def _watched(run: Run) -> float:
    """Return the seconds in which others were looked at: of a session the kernel's are left out."""
    return run.wall_seconds - (0.0 if run.joules is None else sum(run.kernel_seconds))


def _goal_row(each: VerdictOnGoal) -> str:
    goal, found = each.goal, each.outcome
    most = goal.name == "+0 %"
    verdict = "met" if each.sure else "missed" if each.missed else "open"
    if not each.sure and not each.missed:
        verdict = "met as seen; tries too few to be sure" if each.reached else "not shown"
    return (
        f"| {goal.name} | {'at most' if most else 'at least'} {goal.share:.0%} of tries "
        f"of at most {goal.seconds / 60:g} minutes | {found.seconds:.0f} s | {_share(found)} | "
        f"{found.wrong} | {verdict} |"
    )


def _length_row(pair: Pair, outcome: Outcome) -> str:
    low, high = _bounds(outcome)
    return (
        f"| {pair.name} | {outcome.rounds} | {outcome.seconds:.0f} | {outcome.told_apart} of "
        f"{outcome.tries} | {low:.0%} to {high:.0%} | {_wrong(outcome)} |"
    )


def _side_by_side(pool: Pool, pairs: list[Pair]) -> Iterator[str]:
    first = pairs[0]
    yield (
        "The shortest tries that reach the goal, else those that come nearest, as in the first "
        "table. The spread is that of a round: the standard deviation of the logarithm of the "
        f"ratio of {first.name} to the base, beside the correlation of a round with the next. "
        "Signed ranks of five rounds can show nothing at 5 %.\n"
    )
    names = [each.goal.name for each in verdicts_of(pool)]
    yield f"| | spread | correlation | {' | '.join(names)} |"
    yield "|---|---|---|" + "---|" * len(names)
    for variant in variants_of(pool):
        spread = spread_of(first, variant)
        cells = [_cell(each) for each in verdicts_of(pool, variant)]
        yield (
            f"| {variant.name} | {spread.deviation:.1%} | {spread.lag_1:+.2f} | "
            f"{' | '.join(cells)} |"
        )
    yield "\nRatios to the base over the whole pool:\n"
    yield f"| | {' | '.join(pair.name for pair in pairs)} |"
    yield "|---|" + "---|" * len(pairs)
    for variant in variants_of(pool):
        if variant.decide is blocked:
            ratios = [f"{spread_of(pair, variant).ratio:.4f}" for pair in pairs]
            yield f"| {variant.name.partition(',')[0]} | {' | '.join(ratios)} |"


def _cell(each: VerdictOnGoal) -> str:
    return f"{each.outcome.seconds:.0f} s: {_share(each.outcome)}"


def _share(outcome: Outcome) -> str:
    low, high = _bounds(outcome)
    return f"{outcome.told_apart} of {outcome.tries} ({low:.0%} to {high:.0%})"


def _wrong(outcome: Outcome) -> str:
    return f"{outcome.wrong}, at most {share_interval(outcome.wrong, outcome.tries)[1]:.0%}"


def _bounds(outcome: Outcome) -> tuple[float, float]:
    return share_interval(outcome.told_apart, outcome.tries)


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]


def _listed(entries: Iterable[str]) -> str:
    *most, last = entries
    return f"{', '.join(most)} and {last}" if most else last


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
