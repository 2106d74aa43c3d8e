"""From what was measured of each entry to the energies that a ranking is made from. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count

import numpy as np

from harness.ranking.evidence import UNSHARED, SessionEnergies
from harness.ranking.occasions import Measured, numbers_of


def session_energies(entries: Sequence[Sequence[Measured]]) -> tuple[SessionEnergies, ...]:
    """Return the energies of all sessions of each entry whose evaluation is resolved.

    Every entry has one such evaluation at least.
    """
    numbers = iter(numbers_of([each.occasion for of_entry in entries for each in of_entry]))
    unshared = count(UNSHARED)
    return tuple(
        _energies([(each, next(numbers)) for each in of_entry], unshared) for of_entry in entries
    )


def _energies(
    evaluations: Sequence[tuple[Measured, int]], unshared: Iterator[int]
) -> SessionEnergies:
    joules: list[float] = []
    shares: list[float] = []
    kernels: list[float] = []
    places: list[tuple[int, int]] = []
    in_turns = False
    for evaluation, occasion in evaluations:
        joules += evaluation.joules
        shares += evaluation.meter_shares
        kernels += evaluation.kernels
        for turn in evaluation.rounds:
            named = turn is not None and 0 <= turn < UNSHARED
            in_turns |= named
            # An exact copy in the same campaign ran in the same rounds as its original.
            shared = turn is not None and named and (occasion, turn) not in places
            places.append((occasion, turn if turn is not None and shared else next(unshared)))
    occasion_of, rounds = np.array(places, np.int64).T
    return SessionEnergies(
        np.log(joules),
        occasion_of,
        rounds if in_turns else None,
        np.array(shares),
        np.array(kernels),
    )
