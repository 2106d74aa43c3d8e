"""Keep a record once it is there, wherever that is possible: it cost an evaluation."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from harness.cli.interrupts import held
from harness.errors import OrganiserError

if TYPE_CHECKING:
    from harness.evaluation.turn import Turn
    from harness.records.evaluation import EvaluationRecord, ItemOutcomes

Write: TypeAlias = Callable[
    [Path, Callable[[tuple[str, ...]], None]], "tuple[EvaluationRecord, Path]"
]
"""Writes a record into a folder; tells first where; returns it as kept, and its path."""

RESCUED_PREFIX = "frugal-ai-rescued-"


class UnkeptError(OrganiserError):
    """A record has no place on any disk: whoever reports this prints it.

    ``outcomes`` are left out where what is printed goes to a log that others read.
    """

    def __init__(
        self, message: str, *, remedy: str, record: EvaluationRecord, outcomes: ItemOutcomes | None
    ) -> None:
        super().__init__(message, remedy=remedy)
        self.record = record
        self.outcomes = outcomes


class SeveralUnkeptError(OrganiserError):
    """Several records of one campaign have no place, or another than they should have."""

    def __init__(self, errors: Sequence[OrganiserError]) -> None:
        super().__init__(
            "; ".join(dict.fromkeys(each.message for each in errors)),
            remedy="; ".join(dict.fromkeys(each.remedy for each in errors)),
        )
        self.errors = tuple(errors)


def keep(
    write: Write,
    folder: Path,
    record: EvaluationRecord,
    outcomes: ItemOutcomes | None,
    turn: Turn,
) -> tuple[EvaluationRecord, Path]:
    """Have ``write`` write a record into the results folder; return what it returns.

    Where that fails it is written elsewhere, and the ``OrganiserError`` says where; where that
    fails too, ``UnkeptError`` carries it.
    """

    def about_to_write(paths: tuple[str, ...]) -> None:
        turn.journal.phase("writing the record", writing=paths)

    with held():  # an interrupt now would cost the record; it comes right after
        try:
            return write(folder, about_to_write)
        except OrganiserError as error:
            raise _rescued(error, write, folder, turn, record=record, outcomes=outcomes) from None
        finally:
            turn.journal.phase("showing the result")


def _rescued(
    error: OrganiserError,
    write: Write,
    folder: Path,
    turn: Turn,
    *,
    record: EvaluationRecord,
    outcomes: ItemOutcomes | None,
) -> OrganiserError:
    """Write the record to another place; return the error that tells of it."""
    # As text: asking for a working directory that is gone is an error of its own.
    for place in (str(turn.outside), os.path.expanduser("~"), os.curdir):  # noqa: PTH111
        try:
            rescue = Path(tempfile.mkdtemp(prefix=RESCUED_PREFIX, dir=place))
        except OSError:
            continue
        try:
            _, path = write(rescue, lambda _paths: None)
        except OrganiserError:
            shutil.rmtree(rescue, ignore_errors=True)
            continue
        return OrganiserError(
            f"{error.message}; the record is kept in {path}",
            remedy=f"{error.remedy}; then move what is in {rescue} to {folder}",
        )
    # A runner's log may be public, and outcomes hold the labels.
    hidden = outcomes is not None and os.environ.get("CI", "").lower() not in {"", "0", "false"}
    return UnkeptError(
        f"{error.message}; no other place could be written either, and the record follows on "
        "standard output"
        + (", without its items' outcomes: CI is set, and its log may be public" if hidden else ""),
        remedy=f"{error.remedy}; "
        + ("evaluate again: no rank is made without them" if hidden else "keep what was printed"),
        record=record,
        outcomes=None if hidden else outcomes,
    )
