"""Marks that an entry has only beside others: the Pareto front and the floor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby

from msgspec.structs import replace

from harness.records.board import BoardEntry
from harness.records.rules import EnergyRules


def mark_front(entries: Sequence[BoardEntry]) -> list[BoardEntry]:
    """Mark the front: no other is as good on both axes and better on one, by point estimates.

    Equals stand there together. The floor is marked first: entries at it share one energy, for
    below it the harness's own noise would decide. An entry whose energy is not resolved is not on
    the front, nor does it keep another from it.
    """
    best_of_less = -math.inf  # quality, of whatever uses less energy
    on_front: set[int] = set()
    in_order = sorted(range(len(entries)), key=lambda n: _energy(entries[n]))
    for energy, alike in groupby(in_order, key=lambda n: _energy(entries[n])):
        level = [*alike]
        best = max(entries[n].quality for n in level)
        if energy < math.inf and best > best_of_less:
            on_front.update(n for n in level if entries[n].quality == best)
            best_of_less = best
    return [
        # Of most it is known already; to make one anew takes as long as all else here.
        entry if entry.on_front == (n in on_front) else replace(entry, on_front=n in on_front)
        for n, entry in enumerate(entries)
    ]


def mark_floor(
    entries: Sequence[BoardEntry], null: str | None, rules: EnergyRules
) -> list[BoardEntry]:
    """Mark the null entry, and those whose energy is mostly what the harness itself costs.

    ``null`` is the rules' null entry of the task. Where it is not on the board, or its energy is
    not resolved, the floor is not known and nobody is marked as being at it.
    """
    floor = floor_joules(entries, null, rules)
    return [_with_floor(entry, null, floor) for entry in entries]


def _with_floor(entry: BoardEntry, null: str | None, floor: float | None) -> BoardEntry:
    is_null = entry.entry == null
    at_floor = floor is not None and (is_null or _energy(entry) < floor)
    if (entry.baseline, entry.at_floor) == (is_null, at_floor):
        return entry
    return replace(entry, baseline=is_null, at_floor=at_floor)


def floor_joules(
    entries: Sequence[BoardEntry], null: str | None, rules: EnergyRules
) -> float | None:
    """Return the joules per 1,000 queries below which an entry is at the floor."""
    own = next((e.joules_per_1000_queries for e in entries if e.entry == null), None)
    return None if own is None else rules.floor_multiple * own


def _energy(entry: BoardEntry) -> float:
    """Return what the front compares: joules per 1,000 queries, all equal at the floor."""
    if entry.joules_per_1000_queries is None:
        return math.inf
    return 0.0 if entry.at_floor else entry.joules_per_1000_queries
