"""Work out the joint statistics of a board from evidence. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from harness.ranking.candidates import candidates
from harness.ranking.claims import Ranking, rank
from harness.ranking.evidence import Evidence, ItemScores, Margins, ResampledQuality
from harness.ranking.prizes import Prize, best_quality, least_energy
from harness.records.board import Board, BoardStatus
from harness.records.joint import (
    Claim,
    JointEntry,
    JointStatistics,
    PrizeResult,
    PrizeStanding,
    RankRange,
    UnrankedEntry,
    WhyUnranked,
)
from harness.records.joint import Prize as PrizeName
from harness.records.rules import Rules

SUPPORT_DIGITS = 2
"""After the point: more would tell of single draws, and nothing of the entry."""
LEAST_DIGITS = 3
"""Significant ones, of the least difference of quality, ..."""
LEAST_DIGITS_WITHHELD = 1
"""... and where nobody knows the labels; of the least ratio of energies less 1, too, for the bound
of the claims, which is in both, hangs on single items."""
WITHHELD: tuple[BoardStatus, ...] = ("official", "unofficial")
"""Boards on labels that nobody knows. There no entry has a support: the share of draws tells of two
entries that differ on a single item which of them is right on it."""
LEAST_RATIO_DIGITS = 4
"""After the point, of the least ratio of energies."""


def joint_statistics(
    board: Board,
    evidence: Evidence,
    left_out: Mapping[str, WhyUnranked],
    rules: Rules,
    seed: int,
) -> JointStatistics:
    """Rank the entries of ``evidence``, which are rows of ``board``.

    ``left_out`` are rows that could be ranked and are not in the evidence; where there are any,
    nobody gets a prize that one of them could have won. The same arguments give the same
    statistics, whatever the order of entries.
    """
    margins = Margins(quality=rules.ranking.quality_margin, energy=rules.ranking.energy_margin)
    ranking = rank(
        evidence,
        margins,
        draws=rules.ranking.draws,
        seed=seed,
        confidence=rules.ranking.confidence,
    )
    _, others = candidates(board, rules)
    unranked = [*others, *(UnrankedEntry(entry=e, why=why) for e, why in left_out.items())]
    withheld = board.status in WITHHELD
    return JointStatistics(
        confidence=rules.ranking.confidence,
        draws=rules.ranking.draws,
        quality_margin=margins.quality,
        energy_margin=margins.energy,
        entries=tuple(
            JointEntry(
                entry=entry,
                rank=range_of(ranking.rank[n].tolist()),
                front_support=None
                if withheld
                else round(float(ranking.front_support[n]), SUPPORT_DIGITS),
            )
            for n, entry in enumerate(ranking.entries)
        ),
        unranked=tuple(sorted(unranked, key=lambda each: each.entry)),
        claims=tuple(_claims(ranking)),
        least_quality_difference=_few_digits(
            ranking.least_quality_difference, LEAST_DIGITS_WITHHELD if withheld else LEAST_DIGITS
        ),
        least_energy_ratio=_least_ratio(ranking.least_energy_ratio, withheld=withheld),
        prizes=() if left_out else tuple(_prizes(board, ranking, rules)),
        units=_units(evidence.quality),
        apart=_apart(ranking, evidence),
    )


def _units(quality: ItemScores | ResampledQuality) -> int:
    if quality.groups is not None:
        return len(np.unique(quality.groups))
    return len(quality.scores) if isinstance(quality, ItemScores) else quality.items


def _apart(ranking: Ranking, evidence: Evidence) -> tuple[tuple[str, ...], ...]:
    """Return groups whose energies are compared each with each; none where those of all are.

    Every two that are compared share one. There are about as many as occasions, where the pairs
    that are not compared may be half a million. Two at the floor share one energy.
    """
    names, linked = ranking.entries, ranking.compared.copy()
    linked |= np.logical_and.outer(evidence.at_floor, evidence.at_floor)
    np.fill_diagonal(linked, val=False)
    if linked.sum() == len(names) * (len(names) - 1):
        return ()
    left, groups = linked.copy(), []
    for entry, others in enumerate(linked):
        if not others.any():
            groups.append([entry])
        while left[entry].any():
            group, common = [entry], left[entry]
            while common.any():  # first whom it shares no group with yet, then whoever fits
                group.append(int(common.argmax()))
                common = linked[group].all(axis=0)
            left[np.ix_(group, group)] = False
            groups.append(sorted(group))
    return tuple(tuple(names[each] for each in group) for group in groups)


def _prizes(board: Board, ranking: Ranking, rules: Rules) -> Iterator[PrizeResult]:
    """Award the prizes of an official board of enough items; on others there are none.

    Who may compete is read off the published intervals, so that everybody can. Entries that the
    rules name for a part in the method do not, nor do exact copies of them.
    """
    asked = rules.prizes.tasks.get(board.task)
    if board.status != "official" or board.items < rules.prizes.least_items or asked is None:
        return
    row_of = {row.entry: row for row in board.entries}
    rows = [row_of[entry] for entry in ranking.entries]
    reference = rules.reference.get(board.task)
    named = reference and {reference.null, reference.control, reference.energy_class}
    competes = np.array(
        [(named or set()).isdisjoint((row.entry, *row.copies)) for row in rows], np.bool_
    )
    least = least_energy(
        ranking.less_energy,
        np.array([row.quality_interval[0] for row in rows]),
        asked.quality_floor,
        competes,
    )
    yield _result("least-energy", asked.quality_floor, ranking.entries, least)
    best = best_quality(
        ranking.better_quality,
        np.array([row.joules_interval[1] if row.joules_interval else math.inf for row in rows]),
        asked.budget_joules_per_1000_queries,
        competes,
    )
    yield _result("best-quality", asked.budget_joules_per_1000_queries, ranking.entries, best)


def _result(name: PrizeName, limit: float, entries: Sequence[str], prize: Prize) -> PrizeResult:
    standings = [
        PrizeStanding(
            entry=entry, rank=range_of(prize.rank[n].tolist()), wins=bool(prize.winners[n])
        )
        for n, entry in enumerate(entries)
        if prize.competes[n]
    ]
    standings.sort(key=lambda each: (sum(each.rank), each.rank, each.entry))
    return PrizeResult(prize=name, limit=limit, standings=tuple(standings))


def range_of(ends: list[int]) -> RankRange:
    """Return a range of ranks as records keep it."""
    best, worst = ends
    return best, worst


def _claims(ranking: Ranking) -> Iterator[Claim]:
    names, beats = ranking.entries, ranking.beats
    pairs = np.argwhere(beats).tolist()
    by_quality, by_energy = ranking.better_quality[beats], ranking.less_energy[beats]
    for (i, j), quality, energy in zip(pairs, by_quality.tolist(), by_energy.tolist(), strict=True):
        yield Claim(winner=names[i], loser=names[j], by_quality=quality, by_energy=energy)


def _few_digits(value: float | None, digits: int) -> float | None:
    return None if value is None else float(f"{value:.{digits}g}")


def _least_ratio(ratio: float | None, *, withheld: bool) -> float | None:
    if ratio is None or not withheld:
        return None if ratio is None else round(ratio, LEAST_RATIO_DIGITS)
    return 1 + float(f"{ratio - 1:.{LEAST_DIGITS_WITHHELD}g}")
