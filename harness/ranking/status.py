"""How far the records of a board can be trusted. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from harness.records.board import BoardStatus
from harness.records.evaluation import EvaluationRecord
from harness.records.meter import Grade
from harness.records.rules import Rules

STAND_IN: Grade = "simulated"
"""A grade of meters whose joules say nothing of the machine. Joules that are modelled do, from its
CPU time, and head their board as what they are: where there is no sensor they may be official."""


def board_status(record: EvaluationRecord, rules: Rules, *, verified: bool) -> BoardStatus:
    """Return the status of the board that a record stands on.

    What no organiser signed is self-reported, whatever else it says of itself.
    """
    if record.demonstration:
        return "demonstration"
    if not verified:
        return "self-reported"
    if record.data.public:
        return "open"
    return "unofficial" if any(official_lacks(record, rules)) else "official"


def official_lacks(record: EvaluationRecord, rules: Rules) -> Iterator[str]:
    """Yield what keeps a verified record, on labels that nobody knows, from an official board."""
    if record.protocol != "official":
        yield f"made by the {record.protocol} protocol"
    if record.isolation.grade not in rules.boards.official_isolation:
        yield f"at isolation grade {record.isolation.grade}"
    if record.hardware.profile_digest is None:
        yield "on a machine without a hardware profile"
    if record.meter.grade == STAND_IN:
        yield "by a meter that is a stand-in (simulated)"
