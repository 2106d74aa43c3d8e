"""What a reader must know of a whole board before reading a figure off it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.records.board import BoardEntry
from harness.records.evaluation import EvaluationRecord, Notice
from harness.records.rules import Rules


def board_notes(
    record: EvaluationRecord, entries: Sequence[BoardEntry], rules: Rules
) -> tuple[Notice, ...]:
    """Return the notes of a board; ``record`` is any of its records."""
    return (*_about_energy(record), *_about_standing(record, rules), *_about_rows(entries, rules))


def _about_energy(record: EvaluationRecord) -> Iterator[Notice]:
    if record.meter.grade == "model":
        yield Notice(
            code="modelled-energy",
            message="modelled work, not energy: joules come from CPU time and assumed constants",
            remedy="measure on a machine whose power sensors can be read",
        )
    if record.meter.grade == "simulated":
        yield Notice(
            code="simulated-energy",
            message="the meter is a stand-in: its joules say nothing of this machine",
            remedy="measure without the stand-in",
        )


def _about_standing(record: EvaluationRecord, rules: Rules) -> Iterator[Notice]:
    if record.demonstration:
        yield Notice(
            code="demonstration",
            message="shows what a board looks like, on generated sample data; nobody won anything",
            remedy="evaluate on the challenge's data for a result",
        )
    else:
        yield Notice(
            code="self-reported",
            message="no organiser signed these results: they are what the teams say they saw",
            remedy="have the organiser evaluate the entries",
        )
    if record.rules.digest != rules.reference_to_these.digest:
        yield Notice(
            code="other-rules",
            message="made under other rules"
            f" ({record.rules.version}, digest {record.rules.digest[:8]}) than those in force"
            f" ({rules.version}, digest {rules.reference_to_these.digest[:8]})",
            remedy="evaluate the entries again to have them on a board of the rules in force",
        )


def _about_rows(entries: Sequence[BoardEntry], rules: Rules) -> Iterator[Notice]:
    fewest = rules.boards.min_sessions
    resolved = [entry for entry in entries if entry.joules_per_1000_queries is not None]
    if len(resolved) < len(entries):
        unresolved = ", ".join(e.entry for e in entries if e.joules_per_1000_queries is None)
        yield Notice(
            code="unresolved-energy",
            message=f"the meter does not resolve the energy of {unresolved}: that is no figure, and"
            " not zero",
            remedy="evaluate them with more passes, or with a meter that reads more finely",
        )
    if few := [entry.entry for entry in resolved if entry.sessions < fewest]:
        yield Notice(
            code="too-few-sessions",
            message=f"no interval of energy, for want of {fewest} sessions: {', '.join(few)}",
            remedy="evaluate them with --protocol official",
        )
    if any(entry.at_floor and not entry.baseline for entry in entries):
        multiple = f"{rules.energy.floor_multiple:g}"
        yield Notice(
            code="at-the-floor",
            message=f"entries under {multiple} times the null entry's energy are at the floor: most"
            " of it is the harness's own, and they share one energy on the front",
            remedy="do not read a difference of energy between two of them",
        )
    if entries:
        yield Notice(
            code="no-ranks-yet",
            message="rows stand in the order of quality, which claims nothing: two rows may differ"
            " by chance",
            remedy="read the intervals: rows whose intervals overlap are not told apart",
        )
