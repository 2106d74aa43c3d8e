"""What a format cannot carry: by field, with a reason, derived from what it says it carries."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from harness.export.leaves import leaves_of, schema_leaves
from harness.records.base import Frozen
from harness.records.evaluation import EvaluationRecord

WHOLE = ""
"""What a format says of a field that it carries as it is."""

REASONS: Mapping[str, str] = {
    "campaign": "no place for evaluations that took turns",
    "created_utc": "no place for the moment of the evaluation",
    "data": "no place for which data exactly, and how it came",
    "demonstration": "no word for a demonstration",
    "environment": "no place for the packages that it ran with",
    "hardware": "no place for this of the machine",
    "harness_version": "no place for the version of the harness",
    "isolation": "no place for how the entry was kept apart",
    "items": "a commitment is of use only beside the record that makes it",
    "looks": "no place for when the evaluation looked whether to stop",
    "meter": "no place for what the meter says of itself",
    "outcome": "only completed evaluations are exported: it need not be said",
    "protocol": "no place for the protocol",
    "quality": "no place for this of the quality",
    "rules": "no place for the rules that it was made under",
    "scenario": "no place for whether queries came one at a time",
    "schema": "it is of the harness's own record",
    "sessions[]": "no place for single sessions",
    "sessions[].agreement": "no place for whether answers agree",
    "sessions[].confusion": "no place for a confusion matrix",
    "sessions[].disturbances": "no place for what disturbed a session",
    "sessions[].kernel": "no place for the reference kernel",
    "sessions[].phases[].disturbance": "no place for what else the machine did",
    "sessions[].phases[].reading.conditions": "no place for temperatures and clocks",
    "sessions[].phases[].reading.energy[]": "no place for what the meter leaves open",
    "sessions[].phases[].reading.energy[].component": "no place for which device used how much",
    "sessions[].sweeps[]": "no place for single passes over the test set",
    "sessions[].trace": "no place for power over time",
    "signature": "it signs the record as the harness spells it, and nothing else",
    "submission": "no place for this of the entry",
    "submission.lifecycle": "no place for energy before the evaluation",
    "task": "no place for which task exactly",
    "voided": "no place for sessions that were repeated",
    "warnings": "no place for warnings",
}
"""By field and all that is in it; the longest that fits counts. Formats put their own in front."""


def without(carries: Mapping[str, str], *absent: tuple[bool, Collection[str]]) -> dict[str, str]:
    """Leave out the fields of each group that is said to be absent."""
    gone = {field for is_absent, fields in absent if is_absent for field in fields}
    return {field: how for field, how in carries.items() if field not in gone}


class Loss(Frozen):
    """One field of a record that does not arrive, or not whole."""

    field: str
    kind: str
    """``lost``, or ``reduced``: something of it is in the document."""
    why: str


def losses(
    record: EvaluationRecord, carries: Mapping[str, str], reasons: Mapping[str, str]
) -> tuple[Loss, ...]:
    """Say of every field in which a record says something what becomes of it, unless it arrives."""
    present = leaves_of(record)
    return tuple(each for each in all_losses(carries, reasons) if each.field in present)


def all_losses(carries: Mapping[str, str], reasons: Mapping[str, str]) -> tuple[Loss, ...]:
    """Say the same of every field that a record can have.

    ``carries`` names the fields that arrive, with ``WHOLE`` or how they are reduced.
    Raises ``ValueError`` for a name that is no field, and for a field that nothing is said of.
    """
    leaves = schema_leaves()
    if unknown := sorted(carries.keys() - set(leaves)):
        raise ValueError(f"no fields of a record: {', '.join(unknown)}")
    return tuple(_losses(leaves, carries, {**REASONS, **reasons}))


def _losses(
    leaves: tuple[str, ...], carries: Mapping[str, str], reasons: Mapping[str, str]
) -> Iterator[Loss]:
    for leaf in leaves:
        if leaf not in carries:
            yield Loss(field=leaf, kind="lost", why=_reason(leaf, reasons))
        elif carries[leaf] != WHOLE:
            yield Loss(field=leaf, kind="reduced", why=carries[leaf])


def _reason(leaf: str, reasons: Mapping[str, str]) -> str:
    fitting = [
        name for name in reasons if leaf == name or leaf.startswith((f"{name}.", f"{name}["))
    ]
    if not fitting:
        raise ValueError(f"nothing is said of {leaf}")
    return reasons[max(fitting, key=len)]
