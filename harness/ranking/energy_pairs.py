"""Energy, two by two: the difference of logarithms, its standard error and degrees of freedom.

Which sessions tell two entries apart, in this order:

1. rounds that both took part in: Student's t on the differences round by round (paired), so that
   whatever a round had in common cancels. Where these are of as many campaigns as the rules ask
   for, on the differences campaign by campaign, each over the rounds in common, so that what
   changes from day to day counts. Of fewer campaigns only one: the one with the most rounds in
   common, the first of several. Rounds of two days, pooled, would take what the days differ by for
   nothing, and two do not show it;
2. the ratios to the control entry, one a campaign and at least as many of each entry as the rules
   ask for: two samples, after Welch (B. L. Welch, Biometrika 34 (1947), 28-35);
3. sessions of one campaign, or day, in common: two samples likewise. An entry's sessions followed
   one another there, and on a shared machine each is like the last: their error is widened by what
   that does to a mean. Of several in common the one where the entry with fewer has the most, or
   campaign by campaign where there are enough, as of rounds. None in common: the two are not
   compared.

No error is less than what the edges and steps of the meter's windows leave open, the control's too
where entries are compared by it: steps may be so coarse that sessions seem to be all the same.

Of two that did not take turns, what the reference kernel's cost changed by from one's sessions to
the other's is left open, to either side, as ``energy_apart`` has it: no number of sessions shows
what the machine did in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from harness.ranking.energy_figures import (
    Figure,
    Place,
    by_campaign,
    by_number,
    by_round,
    in_turns_alone,
    split,
)
from harness.ranking.energy_ratio import LEAST_SHARED
from harness.ranking.evidence import Booleans, Evidence, Floats, Integers
from harness.records.statistics import LEAST_SPREAD, serial_widening

NOT_COMPARED, BY_CAMPAIGN, BY_OCCASION, BY_RATIO, BY_SESSION, BY_ROUND = range(6)
"""By campaigns or days enough, with turns or without, or by sessions or rounds of the first one; of
the next one it is two more, and so on."""
A_CAMPAIGN = 2
"""From what is compared by one campaign to the same by the next."""


def in_turns(kind: int) -> bool:
    """Say whether entries are compared column by column."""
    of_one_campaign = kind >= BY_SESSION
    by_rounds = of_one_campaign and (kind - BY_ROUND) % A_CAMPAIGN == 0
    return by_rounds or kind in {BY_CAMPAIGN, BY_OCCASION}


@dataclass(frozen=True, eq=False)
class Columns:
    """Figures of some entries, its members, that stand beside each other, and which there are.

    A board of many days has many of these, and an entry has figures in few.
    """

    values: Floats
    """(members, columns)"""
    present: Booleans
    members: Integers
    """(members,): which entries of the board they are."""
    first: Integers
    """(members,): which of an entry's columns of noise is that of its first figure here."""
    left_open: Floats | None = None
    """(members, columns): the variance that the meter leaves open of each; ``None``: none."""
    kernels: Floats | None = None
    """(members, columns): the logarithm of what the reference kernel cost on the occasion of each;
    ``None``: entries took turns, so that it was the same for both."""

    @property
    def pairs(self) -> tuple[Integers, Integers]:
        """Return where of (entries, entries) the pairs of members are, as NumPy asks for it."""
        return self.members[:, np.newaxis], self.members

    @property
    def counts(self) -> Integers:
        """Return (members,): how many figures an entry has."""
        counts: Integers = self.present.sum(axis=1)
        return counts


@dataclass(frozen=True, eq=False)
class EnergyPairs:
    """Every pair of entries; in all of these [i, j] is positive where i uses less than j."""

    difference: Floats
    """(entries, entries): of log joules per 1,000 queries; 0 where not compared."""
    error: Floats
    """(entries, entries): its standard error; infinite where not compared."""
    freedom: Floats
    """(entries, entries): degrees of freedom of the error; 1 where not compared."""
    drift: Floats
    """(entries, entries): by how much the machine may have changed from one to the other, as the
    reference kernel saw it; never negative, and 0 where they took turns."""
    kind: Integers
    """(entries, entries): by what the two were compared."""
    by_kind: dict[int, Columns]
    """What the comparisons were made of; of sessions in no order, column for column."""

    @property
    def compared(self) -> Booleans:
        """Return (entries, entries): whether anything is known of the pair."""
        compared: Booleans = self.kind != NOT_COMPARED
        return compared

    @property
    def noises(self) -> Integers:
        """Return (entries,): how many columns of noise each needs for its figures."""
        noises: Integers = np.zeros(len(self.kind), np.int64)
        for each in self.by_kind.values():
            noises[each.members] = np.maximum(noises[each.members], each.first + each.counts)
        return noises


def compare_energies(evidence: Evidence) -> EnergyPairs:
    """Compare every two entries by their sessions."""
    by_kind = _columns(evidence)
    kind = _kinds(evidence, by_kind)
    count = len(evidence.entries)
    difference = np.zeros((count, count))
    error = np.full((count, count), np.inf)
    freedom = np.ones((count, count))
    drift = np.zeros((count, count))
    for each, columns in by_kind.items():
        if not (chosen := kind[columns.pairs] == each).any():
            continue
        if each == BY_CAMPAIGN:
            apart, squared_error, degrees = _over_campaigns(kind, by_kind)
        else:
            compare = paired if in_turns(each) else two_samples
            apart, squared_error, degrees = compare(columns)
            if each >= BY_SESSION and not in_turns(each):
                squared_error = squared_error * _widening(columns.counts)
            squared_error = np.maximum(squared_error, _left_open(columns, turns=in_turns(each)))
        place = tuple(columns.members[side] for side in np.nonzero(chosen))
        difference[place] = apart[chosen]
        error[place] = np.sqrt(squared_error[chosen])
        freedom[place] = degrees[chosen]
        if columns.kernels is not None:
            drift[place] = _drift(columns, columns.kernels, turns=in_turns(each))[chosen]
    return EnergyPairs(difference, error, freedom, drift, kind, by_kind)


def paired(columns: Columns, least_spread: float = LEAST_SPREAD) -> tuple[Floats, Floats, Floats]:
    """Return difference, squared standard error and freedom of every pair, by shared columns.

    Columns may have leading axes (…, members, columns). What stands for pairs that share fewer
    than two columns means nothing.
    """
    present = columns.present.astype(columns.values.dtype)
    values = np.where(columns.present, columns.values, 0)
    across = np.swapaxes(values, -1, -2)
    shared = np.maximum(present @ present.T, 2)
    sums = present @ across
    sums = sums - np.swapaxes(sums, -1, -2)
    squares = np.square(values) @ present.T
    squares = squares + np.swapaxes(squares, -1, -2) - 2 * (values @ across)
    difference = sums / shared
    spread = (squares - shared * np.square(difference)) / (shared - 1)
    spread = np.maximum(spread, 2 * least_spread**2)
    return difference, spread / shared, shared - 1


def _over_campaigns(kind: Integers, by_kind: dict[int, Columns]) -> tuple[Floats, Floats, Floats]:
    """Return (entries, entries): what ``paired`` does, by what two differ by in each campaign.

    That is over the rounds that both had there: one may have ended rounds before the other, and
    what the machine did in the others is in one of them alone.
    """
    sums, squares, left_open, number = np.zeros((4, *kind.shape))
    for each, columns in by_kind.items():
        here = columns.pairs
        if each >= BY_SESSION and in_turns(each) and (kind[here] == BY_CAMPAIGN).any():
            counts = _shared(columns) >= LEAST_SHARED
            apart = np.where(counts, paired(columns)[0], 0)
            sums[here] += apart
            squares[here] += np.square(apart)
            left_open[here] += np.where(counts, _left_open(columns, turns=True), 0)
            number[here] += counts
    campaigns = np.maximum(number, 2)
    difference = sums / campaigns
    spread = (squares - campaigns * np.square(difference)) / (campaigns - 1)
    squared_error = np.maximum(spread, 2 * LEAST_SPREAD**2) / campaigns
    return difference, np.maximum(squared_error, left_open / campaigns**2), campaigns - 1


def two_samples(
    columns: Columns, least_spread: float = LEAST_SPREAD
) -> tuple[Floats, Floats, Floats]:
    """Return difference, squared standard error and freedom (Welch's) of every pair.

    Columns may have leading axes, as in ``paired``.
    """
    means, parts, degrees = sample_means(columns, least_spread)
    squared = parts[..., :, np.newaxis] + parts[..., np.newaxis, :]
    quartic = np.square(parts) / degrees
    freedom = np.square(squared) / (quartic[..., :, np.newaxis] + quartic[..., np.newaxis, :])
    return means[..., np.newaxis, :] - means[..., :, np.newaxis], squared, freedom


def sample_means(columns: Columns, least_spread: float) -> tuple[Floats, Floats, Floats]:
    """Return mean, squared standard error and freedom (members,) of every entry by itself."""
    counts = np.maximum(columns.counts, 2).astype(columns.values.dtype)
    values = np.where(columns.present, columns.values, 0)
    means = values.sum(axis=-1) / counts
    centred = np.where(columns.present, values - means[..., np.newaxis], 0)
    spreads = np.square(centred).sum(axis=-1) / (counts - 1)
    return means, np.maximum(spreads, least_spread**2) / counts, counts - 1


def _widening(counts: Integers) -> Floats:
    """Return (members, members): what widens a pair most."""
    of_entry = np.array([serial_widening(max(2, count)) for count in counts.tolist()])
    widening: Floats = np.maximum.outer(of_entry, of_entry)
    return widening


def _left_open(columns: Columns, *, turns: bool) -> Floats:
    """Return (members, members): the variance that the meter leaves open of every difference.

    Of the mean over the columns that two share, where they took turns, else of the mean of each.
    """
    if columns.left_open is None:
        return np.zeros((len(columns.values),) * 2)
    present = columns.present.astype(np.float64)
    if turns:
        shared = present @ present.T
        parts = columns.left_open @ present.T / np.square(np.maximum(shared, 1))
        both: Floats = parts + parts.T
        return both
    of_mean = columns.left_open.sum(axis=1) / np.square(np.maximum(columns.counts, 1))
    of_both: Floats = np.add.outer(of_mean, of_mean)
    return of_both


def _drift(columns: Columns, kernels: Floats, *, turns: bool) -> Floats:
    """Return (members, members): what the kernel changed by between the figures of two."""
    if turns:
        present = columns.present.astype(np.float64)
        sums = kernels @ present.T
        shared = np.maximum(present @ present.T, 1)
        of_shared: Floats = np.abs(sums - sums.T) / shared
        return of_shared
    means = kernels.sum(axis=1) / np.maximum(columns.counts, 1)
    of_all: Floats = np.abs(np.subtract.outer(means, means))
    return of_all


def _columns(evidence: Evidence) -> dict[int, Columns]:
    control = None if evidence.control is None else evidence.entries.index(evidence.control)
    in_rounds = [by_campaign(in_turns_alone(energy), None) for energy in evidence.energy]
    plain = [by_campaign(energy, None) for energy in evidence.energy]
    found = {
        BY_CAMPAIGN: replace(_table(dict(enumerate(in_rounds))), kernels=None),
        BY_OCCASION: _table(dict(enumerate(plain))),
    }
    if control is not None:
        against = evidence.energy[control]
        ratios = [by_campaign(energy, against) for energy in evidence.energy]
        found[BY_RATIO] = _table(dict(enumerate(ratios)))
    return found | _of_one_campaign(evidence)


def _of_one_campaign(evidence: Evidence) -> dict[int, Columns]:
    """Return sessions and rounds, campaign by campaign: the same noise for both.

    Each of an entry's campaigns has noise of its own, which hangs on nobody else's.
    """
    of_sessions = split([by_number(energy) for energy in evidence.energy])
    of_rounds = split([by_round(energy) for energy in evidence.energy])
    found: dict[int, Columns] = {}
    drawn = np.zeros(len(evidence.entries), np.int64)
    for number, (campaign, sessions) in enumerate(sorted(of_sessions.items())):
        for kind, rows in ((BY_SESSION, sessions), (BY_ROUND, of_rounds.get(campaign, {}))):
            if len(rows) > 1:
                columns = _table(rows)
                found[kind + A_CAMPAIGN * number] = replace(
                    columns,
                    first=drawn[columns.members],
                    kernels=None if kind == BY_ROUND else columns.kernels,
                )
        for entry, row in sessions.items():
            drawn[entry] += len(row)
    return found


def _kinds(evidence: Evidence, by_kind: dict[int, Columns]) -> Integers:
    """Return (entries, entries): by what to compare; the first that is possible, see above."""
    count = len(evidence.entries)
    kind = np.full((count, count), NOT_COMPARED)
    for first in (BY_SESSION, BY_ROUND):
        if first == BY_ROUND and BY_RATIO in by_kind:
            enough = by_kind[BY_RATIO].counts >= evidence.least_campaigns
            kind[np.logical_and.outer(enough, enough)] = BY_RATIO
        most, campaigns = np.zeros((2, count, count), np.int64)
        for each, columns in by_kind.items():
            if each >= BY_SESSION and (each - first) % A_CAMPAIGN == 0:
                in_common = _shared(columns) if in_turns(each) else _fewer(columns)
                here = columns.pairs
                more = (in_common > most[here]) & (in_common >= LEAST_SHARED)
                kind[here] = np.where(more, each, kind[here])
                most[here] = np.maximum(most[here], in_common)
                campaigns[here] += in_common >= LEAST_SHARED
        enough = campaigns >= evidence.least_campaigns
        kind[enough] = BY_OCCASION if first == BY_SESSION else BY_CAMPAIGN
    np.fill_diagonal(kind, NOT_COMPARED)
    return kind


def _fewer(columns: Columns) -> Integers:
    """Return (members, members): how many figures the one with fewer of them has."""
    fewer: Integers = np.minimum.outer(columns.counts, columns.counts)
    return fewer


def _shared(columns: Columns) -> Integers:
    present = columns.present.astype(np.int64)
    shared: Integers = present @ present.T
    return shared


def _table(rows: Mapping[int, Mapping[Place, Figure]]) -> Columns:
    members = sorted(rows)
    keys = sorted({key for row in rows.values() for key in row})
    place = {key: position for position, key in enumerate(keys)}
    values, left_open, kernels = np.zeros((3, len(rows), len(keys)))
    present = np.zeros(values.shape, dtype=bool)
    for number, entry in enumerate(members):
        for key, figure in rows[entry].items():
            here = number, place[key]
            values[here], left_open[here], kernels[here] = figure
            present[here] = True
    none_before = np.zeros(len(rows), np.int64)
    return Columns(values, present, np.array(members, np.int64), none_before, left_open, kernels)
