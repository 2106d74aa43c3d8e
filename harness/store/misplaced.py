"""Tell a folder that is no results folder, but part of one or around one, from moved records."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.errors import ConfigurationError
from harness.records.base import convert, parse_plain
from harness.records.board import Problem
from harness.records.evaluation import EvaluationRecord
from harness.records.signing import document_digest
from harness.store.paths import record_path

_PARTS = 3
"""Task, entry and file: a name that is empty, or holds a slash, makes another number of them."""


def results_folders(folder: Path, problems: Sequence[Problem]) -> tuple[Path, ...]:
    """Return the folders under which all misplaced records of ``folder`` lie as they should.

    ``problems`` are those of ``read_all``. Empty when none is misplaced, or one is wherever it is
    looked at from.
    """
    found: set[Path] = set()
    for problem in problems:
        if problem.code != "misplaced":
            continue
        path = (folder / problem.path).resolve()
        place = _place(path)
        if not place or path.parts[-len(place) :] != place:
            return ()
        found.add(path.parents[len(place) - 1])
    return tuple(sorted(found))


def _place(path: Path) -> tuple[str, ...]:
    """Return the path, under a results folder, that a record's content asks for.

    Empty where it is not of a task and of an entry, in folders of their names.
    """
    try:
        plain = parse_plain(path.read_bytes(), path.name)
        record = convert(plain, EvaluationRecord, path.name)
        digest = document_digest(plain)  # type: ignore[arg-type] # else convert had refused it
        parts = record_path(record, digest).parts
    except (OSError, ConfigurationError, ValueError):  # changed since it was read
        return ()
    return parts if len(parts) == _PARTS else ()
