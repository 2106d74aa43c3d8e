"""An entry's figures of energy, by where they stand: sessions, rounds, and means of campaigns."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from harness.ranking.energy_ratio import LEAST_SHARED, kernel_log
from harness.ranking.evidence import UNSHARED, Floats, SessionEnergies
from harness.records.statistics import t_quantile

Figure: TypeAlias = tuple[float, float, float]
"""A value, the variance that the meter leaves open of it, and the logarithm of what the reference
kernel cost on its occasion."""
Place: TypeAlias = tuple[int, int]
"""A campaign, and a number within it."""


def _variances(energy: SessionEnergies) -> Floats:
    """Return (sessions,): the variance that the meter leaves open of each."""
    if energy.meter_shares is None:
        return np.zeros(len(energy.log_joules))
    variances: Floats = np.square(energy.meter_shares / t_quantile(math.inf))
    return variances


def _figures(energy: SessionEnergies) -> list[Figure]:
    campaigns = energy.campaigns.tolist()
    kernels = {each: _kernel(energy, each) for each in set(campaigns)}
    return [
        (log, left_open, kernels[campaign])
        for log, left_open, campaign in zip(
            energy.log_joules.tolist(), _variances(energy).tolist(), campaigns, strict=True
        )
    ]


def _kernel(energy: SessionEnergies, campaign: int) -> float:
    if energy.kernels is None:
        return 0.0
    return kernel_log(energy.kernels[energy.campaigns == campaign].tolist())


def in_turns_alone(energy: SessionEnergies | None) -> SessionEnergies | None:
    """Return the sessions that others may have shared the round of."""
    if energy is None or energy.rounds is None:
        return None
    shared = energy.rounds < UNSHARED
    return SessionEnergies(
        energy.log_joules[shared],
        energy.campaigns[shared],
        energy.rounds[shared],
        None if energy.meter_shares is None else energy.meter_shares[shared],
    )


def by_round(energy: SessionEnergies | None) -> dict[Place, Figure]:
    """Return each session's, by campaign and round; of an entry without rounds there is none."""
    if energy is None:
        return {}
    return dict(zip(energy.round_keys(), _figures(energy), strict=False))


def by_number(energy: SessionEnergies | None) -> dict[Place, Figure]:
    """Return each session's, by campaign and its number there."""
    if energy is None:
        return {}
    before: Counter[int] = Counter()
    found = {}
    for campaign, figure in zip(energy.campaigns.tolist(), _figures(energy), strict=True):
        found[campaign, before[campaign]] = figure
        before[campaign] += 1
    return found


def split(rows: Sequence[Mapping[Place, Figure]]) -> dict[int, dict[int, dict[Place, Figure]]]:
    """Return campaign by campaign the figures of every entry that has any there, by its number."""
    found: dict[int, dict[int, dict[Place, Figure]]] = {}
    for number, row in enumerate(rows):
        for place, figure in row.items():
            found.setdefault(place[0], {}).setdefault(number, {})[place] = figure
    return found


def by_campaign(
    energy: SessionEnergies | None, control: SessionEnergies | None
) -> dict[Place, Figure]:
    """Return the mean of each campaign of sessions enough, less the control's if one is given."""
    if energy is None:
        return {}
    means = {}
    turns = set() if control is None else _in_common(energy, control)
    enough = _campaigns(energy) if control is None else _campaigns(energy) & _campaigns(control)
    for campaign in sorted(enough):
        mean, variance, kernel = _mean_of(energy, campaign)
        if control is not None:
            of_control, left_open, beside_control = _mean_of(control, campaign)
            mean -= of_control
            variance = 0.0 if energy is control else variance + left_open
            kernel = 0.0 if campaign in turns else kernel - beside_control
        means[campaign, 0] = mean, variance, kernel
    return means


def _campaigns(energy: SessionEnergies) -> set[int]:
    """Return those of which there are sessions enough to be compared by."""
    counts = Counter(energy.campaigns.tolist())
    return {campaign for campaign, count in counts.items() if count >= LEAST_SHARED}


def _in_common(energy: SessionEnergies, control: SessionEnergies) -> set[int]:
    """Return the campaigns in which the two took turns."""
    return {campaign for campaign, _ in {*energy.round_keys()} & {*control.round_keys()}}


def _mean_of(energy: SessionEnergies, campaign: int) -> Figure:
    members = energy.campaigns == campaign
    count = int(members.sum())
    mean = float(energy.log_joules[members].mean())
    left_open = float(_variances(energy)[members].sum()) / count**2
    return mean, left_open, _kernel(energy, campaign)
