"""How firmly an entry is on the front of quality and energy: the share of draws that put it there.

In a draw an entry is off the front if another is at least as good on both axes, and better on one
by more than the rules' margin. So a copy, which is ahead by chance in half of all draws but never
by much, takes nothing from its original; of a front without margins it would take half. Only
entries whose energies are compared keep one another off it, and two stand to each other as they
were compared: one that was measured on another, cheaper day as well is none the cheaper.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from statistics import fmean

import numpy as np

from harness.ranking.energy_pairs import EnergyPairs
from harness.ranking.evidence import (
    Booleans,
    Evidence,
    Floats,
    Integers,
    Margins,
    SessionEnergies,
)
from harness.ranking.resampling import QualityDraws, session_noise

LEAST_ENTRIES = 3
DRAWS = 2_000
"""At most so many: a share is then known to about 0.01."""
AT_FLOOR = -1e6
"""Below the logarithm of any energy, however it is drawn."""
_DECIMALS = 6
"""Of a logarithm, to which moves are the same."""
SAME_QUALITY = 1e-6
"""What drawn qualities that are alike may differ by: they are sums of thousands of float32."""
APART = 1e7
"""Further than two energies, or qualities, are from each other."""


def support(
    evidence: Evidence, quality: QualityDraws, pairs: EnergyPairs, margins: Margins, seed: int
) -> Floats:
    """Return (entries,): in which share of the draws an entry is on the front.

    One without energy is on none, and keeps nobody from it; nor does one of another occasion, whose
    energy is not known against this one's, unless both are at the floor.
    """
    draws = min(DRAWS, len(quality.deviations))
    moved = quality.deviations[:draws] - quality.totals[:draws, np.newaxis] * quality.values
    qualities = quality.values + moved
    energies = _energies(evidence, draws, seed)
    found = np.zeros(len(evidence.entries))
    groups = list(_groups(evidence, pairs))
    asked, against, moves = (np.concatenate(side) for side in zip(*groups, strict=True))
    group_of = np.repeat(np.arange(len(groups)), [len(others) for _, others, _ in groups])
    place = np.concatenate([np.isin(others, some) for some, others, _ in groups])
    # All groups at once, each dearer and better than the last: so none keeps another off the front.
    shift = APART * group_of
    for qualities_drawn, energies_drawn in zip(qualities, energies, strict=True):
        spent = energies_drawn[against] + moves + shift
        on = on_front(qualities_drawn[against] + shift, spent, margins)
        found[asked] += on[place]
    return found / draws


def _groups(evidence: Evidence, pairs: EnergyPairs) -> Iterator[tuple[Integers, Integers, Floats]]:
    """Yield entries held against the same others, these with themselves, and their moves."""
    at_floor = np.logical_and.outer(evidence.at_floor, evidence.at_floor)
    comparable = pairs.compared | at_floor | np.eye(len(evidence.entries), dtype=bool)
    moves = _moves(evidence, pairs)
    # What moves all alike changes no front: who shares a day is then held against the same.
    moves -= np.take_along_axis(moves, comparable.argmax(axis=1)[:, np.newaxis], axis=1)
    told = np.where(comparable, np.round(moves, _DECIMALS) + 0.0, math.inf)  # -0 and 0 are the same
    kinds, kind_of_entry = np.unique(told, axis=0, return_inverse=True)
    for number, kind in enumerate(kinds):
        against = np.flatnonzero(np.isfinite(kind))
        yield np.flatnonzero(kind_of_entry.reshape(-1) == number), against, kind[against]


def _moves(evidence: Evidence, pairs: EnergyPairs) -> Floats:
    """Return (entries, entries): what is added to j's energy where it is held against i.

    Where either has several campaigns or days they differ by those that they were compared by, and
    their own means by all.
    """
    several = np.array(
        [e is not None and len(set(e.campaigns.tolist())) > 1 for e in evidence.energy]
    )
    means = np.array([0.0 if e is None else _mean(e) for e in evidence.energy])
    wanted = pairs.difference - np.subtract.outer(means, means).T
    counts = pairs.compared & np.logical_or.outer(several, several) & ~evidence.at_floor
    moves: Floats = np.where(counts, wanted, 0.0)
    return moves


def _mean(energy: SessionEnergies) -> float:
    """Return the mean of the means of campaigns, of which a row's figure is made."""
    campaigns = sorted(set(energy.campaigns.tolist()))
    return fmean([energy.log_joules[energy.campaigns == each].mean() for each in campaigns])


def on_front(qualities: Floats, log_energies: Floats, margins: Margins) -> Booleans:
    """Return (entries,): who is kept off the front by nobody; infinite energy is out."""
    order = np.argsort(log_energies)
    spent, quality = log_energies[order], qualities[order]
    best = np.concatenate([[-math.inf], np.maximum.accumulate(quality)])
    no_more = best[np.searchsorted(spent, spent, side="right")]
    clearly_less = best[np.searchsorted(spent, spent - margins.log_energy, side="left")]
    better_by = quality + margins.quality + SAME_QUALITY
    kept_off = (no_more > better_by) | (clearly_less >= quality - SAME_QUALITY)
    on = np.empty(len(order), dtype=bool)
    on[order] = ~kept_off & np.isfinite(spent)
    return on


def _energies(evidence: Evidence, draws: int, seed: int) -> Floats:
    """Return (draws, entries): log energies; at the floor all the same and below any other."""
    shared = _shared_by_rounds(evidence)
    columns = [
        np.full(draws, AT_FLOOR) if at_floor else _drawn(entry, energy, shared, draws, seed)
        for entry, energy, at_floor in zip(
            evidence.entries, evidence.energy, evidence.at_floor.tolist(), strict=True
        )
    ]
    return np.stack(columns, axis=1)


def _shared_by_rounds(evidence: Evidence) -> dict[tuple[int, int], float]:
    """Return how far each round's log energies lay from the entries' own means, on average.

    All entries of a round share that, so it moves none among the others. Rounds of fewer than
    three entries are left out: there it cannot be told from the entries' own noise.
    """
    apart: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
    for energy in evidence.energy:
        if energy is not None and energy.rounds is not None:
            own = (energy.log_joules - energy.log_joules.mean()).tolist()
            for key, value in zip(energy.round_keys(), own, strict=True):
                apart[key].append(value)
    return {key: fmean(values) for key, values in apart.items() if len(values) >= LEAST_ENTRIES}


def _drawn(
    entry: str,
    energy: SessionEnergies | None,
    shared: dict[tuple[int, int], float],
    draws: int,
    seed: int,
) -> Floats:
    """Return (draws,): the mean of the sessions, and Student's t times its standard error."""
    if energy is None:
        return np.full(draws, math.inf)
    values, count = energy.log_joules, len(energy.log_joules)
    if count < 2:  # noqa: PLR2004 - two make a spread
        return np.full(draws, _mean(energy))
    own = values - np.array([shared.get(key, 0.0) for key in energy.round_keys()] or 0.0)
    noise = session_noise(entry, draws, count, seed)
    t = noise.mean(axis=1) / (noise.std(axis=1, ddof=1) / math.sqrt(count))
    drawn: Floats = _mean(energy) + t * (own.std(ddof=1) / math.sqrt(count))
    return drawn
