"""Energy, two by two: the difference of logarithms, its standard error and degrees of freedom.

Which sessions tell two entries apart, in this order:

1. rounds that both took part in: Student's t on the differences round by round (paired), so that
   whatever a round had in common cancels. Where these are of as many campaigns as the rules ask
   for, on the differences campaign by campaign, so that what changes from day to day counts. Of
   fewer campaigns only one: the one with the most rounds in common, the first of several. Rounds
   of two days, pooled, would take what the days differ by for nothing, and two do not show it;
2. the ratios to the control entry, one a campaign and at least as many of each entry as the rules
   ask for: two samples, after Welch (B. L. Welch, Biometrika 34 (1947), 28-35);
3. sessions of one campaign, or day, in common: two samples likewise. An entry's sessions followed
   one another there, and on a shared machine each is like the last: their error is widened by what
   that does to a mean. Of several in common the one where the entry with fewer has the most, or
   campaign by campaign where there are enough, as of rounds. None in common: the two are not
   compared.

No error is less than what the edges and steps of the meter's windows leave open, the control's too
where entries are compared by it: steps may be so coarse that sessions seem to be all the same.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from harness.ranking.evidence import Booleans, Evidence, Floats, Integers, SessionEnergies
from harness.records.statistics import LEAST_SPREAD, serial_widening, t_quantile

LEAST_SHARED = 3
"""Rounds that two entries must share, or sessions that each must have, to be compared by them."""
NOT_COMPARED, BY_CAMPAIGN, BY_RATIO, BY_SESSION, BY_ROUND = range(5)
"""By sessions or rounds of the first campaign; of the next one it is two more, and so on."""
A_CAMPAIGN = 2
"""From what is compared by one campaign to the same by the next."""


def in_turns(kind: int) -> bool:
    """Say whether entries are compared column by column."""
    of_one_campaign = kind >= BY_SESSION
    return kind == BY_CAMPAIGN or (of_one_campaign and (kind - BY_ROUND) % A_CAMPAIGN == 0)


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
    for each, columns in by_kind.items():
        if not (chosen := kind[columns.pairs] == each).any():
            continue
        compare = paired if in_turns(each) else two_samples
        apart, squared_error, degrees = compare(columns)
        if each >= BY_SESSION and not in_turns(each):
            squared_error = squared_error * _widening(columns.counts)
        squared_error = np.maximum(squared_error, _left_open(columns, turns=in_turns(each)))
        place = tuple(columns.members[side] for side in np.nonzero(chosen))
        difference[place] = apart[chosen]
        error[place] = np.sqrt(squared_error[chosen])
        freedom[place] = degrees[chosen]
    return EnergyPairs(difference, error, freedom, kind, by_kind)


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


_Figure: TypeAlias = tuple[float, float]
"""A value, and the variance that the meter leaves open of it."""
_Place: TypeAlias = tuple[int, int]
"""A campaign, and a number within it."""


def _columns(evidence: Evidence) -> dict[int, Columns]:
    control = None if evidence.control is None else evidence.entries.index(evidence.control)
    plain = [_by_campaign(energy, None) for energy in evidence.energy]
    found = {BY_CAMPAIGN: _table(dict(enumerate(plain)))}
    if control is not None:
        against = evidence.energy[control]
        ratios = [_by_campaign(energy, against) for energy in evidence.energy]
        found[BY_RATIO] = _table(dict(enumerate(ratios)))
    return found | _of_one_campaign(evidence)


def _of_one_campaign(evidence: Evidence) -> dict[int, Columns]:
    """Return sessions and rounds, campaign by campaign: the same noise for both.

    Each of an entry's campaigns has noise of its own, which hangs on nobody else's.
    """
    by_session = _split([_by_number(energy) for energy in evidence.energy])
    by_round = _split([_by_round(energy) for energy in evidence.energy])
    found: dict[int, Columns] = {}
    drawn = np.zeros(len(evidence.entries), np.int64)
    for number, (campaign, sessions) in enumerate(sorted(by_session.items())):
        for kind, rows in ((BY_SESSION, sessions), (BY_ROUND, by_round.get(campaign, {}))):
            if len(rows) > 1:
                columns = _table(rows)
                first = drawn[columns.members]
                found[kind + A_CAMPAIGN * number] = replace(columns, first=first)
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
                campaigns[here] += in_common > 0
        kind[campaigns >= evidence.least_campaigns] = BY_CAMPAIGN
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


def _variances(energy: SessionEnergies) -> Floats:
    """Return (sessions,): the variance that the meter leaves open of each."""
    if energy.meter_shares is None:
        return np.zeros(len(energy.log_joules))
    variances: Floats = np.square(energy.meter_shares / t_quantile(math.inf))
    return variances


def _figures(energy: SessionEnergies) -> list[_Figure]:
    return [*zip(energy.log_joules.tolist(), _variances(energy).tolist(), strict=True)]


def _by_round(energy: SessionEnergies | None) -> dict[_Place, _Figure]:
    if energy is None:
        return {}
    return dict(zip(energy.round_keys(), _figures(energy), strict=False))


def _by_number(energy: SessionEnergies | None) -> dict[_Place, _Figure]:
    if energy is None:
        return {}
    before: Counter[int] = Counter()
    found = {}
    for campaign, figure in zip(energy.campaigns.tolist(), _figures(energy), strict=True):
        found[campaign, before[campaign]] = figure
        before[campaign] += 1
    return found


def _split(rows: Sequence[Mapping[_Place, _Figure]]) -> dict[int, dict[int, dict[_Place, _Figure]]]:
    """Return campaign by campaign the figures of every entry that has any there, by its number."""
    found: dict[int, dict[int, dict[_Place, _Figure]]] = {}
    for number, row in enumerate(rows):
        for place, figure in row.items():
            found.setdefault(place[0], {}).setdefault(number, {})[place] = figure
    return found


def _by_campaign(
    energy: SessionEnergies | None, control: SessionEnergies | None
) -> dict[_Place, _Figure]:
    """Return the mean of each campaign, less the control's where one is given."""
    if energy is None:
        return {}
    means = {}
    for campaign in sorted(set(energy.campaigns.tolist())):
        mean, variance = _mean_of(energy, campaign)
        if control is not None:
            if campaign not in control.campaigns:
                continue
            of_control, left_open = _mean_of(control, campaign)
            mean -= of_control
            variance = 0.0 if energy is control else variance + left_open
        means[campaign, 0] = mean, variance
    return means


def _mean_of(energy: SessionEnergies, campaign: int) -> _Figure:
    members = energy.campaigns == campaign
    count = int(members.sum())
    mean = float(energy.log_joules[members].mean())
    return mean, float(_variances(energy)[members].sum()) / count**2


def _table(rows: Mapping[int, Mapping[_Place, _Figure]]) -> Columns:
    members = sorted(rows)
    keys = sorted({key for row in rows.values() for key in row})
    place = {key: position for position, key in enumerate(keys)}
    values, left_open = np.zeros((2, len(rows), len(keys)))
    present = np.zeros(values.shape, dtype=bool)
    for number, entry in enumerate(members):
        for key, figure in rows[entry].items():
            values[number, place[key]], left_open[number, place[key]] = figure
            present[number, place[key]] = True
    none_before = np.zeros(len(rows), np.int64)
    return Columns(values, present, np.array(members, np.int64), none_before, left_open)
