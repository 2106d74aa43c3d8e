"""Mark the energy class of each row, counted from the rules' reference entry. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from harness.ranking.energy_class import energy_class, ratio_interval
from harness.records.board import BoardEntry, Interval


def mark_classes(entries: Sequence[BoardEntry], reference: str | None) -> list[BoardEntry]:
    """Mark rows that have an interval of energy and are not at the floor.

    No row where ``reference`` is not such a row itself: a class is counted from it.
    """
    frozen = next((each for each in entries if each.entry == reference), None)
    if frozen is None or frozen.at_floor or frozen.joules_interval is None:
        return [*entries]
    counted_from = frozen.joules_interval
    return [
        replace(each, energy_class=_class_of(each, frozen.entry, counted_from)) for each in entries
    ]


def _class_of(entry: BoardEntry, reference: str, counted_from: Interval) -> str | None:
    ratio = entry.joules_interval
    if entry.entry == reference:
        ratio = (1.0, 1.0)
    elif ratio is not None:
        ratio = ratio_interval(ratio, counted_from)
    return energy_class(ratio, at_floor=entry.at_floor)
