"""Where a record lies: its place says whose it is, when it was made and what is in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import PurePosixPath

from harness.records.base import digest
from harness.records.evaluation import EvaluationRecord

LOCAL = ".local.json"
"""Ends the names of self-reported records: git ignores them."""
PUBLIC = ".json"
ITEMS = ".items.json"
PRINTED = ".printed.txt"
"""Ends the names of what entries printed: private, and ignored by git."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)")


def record_path(record: EvaluationRecord) -> PurePosixPath:
    """Return the record's place under the results folder.

    ``<task>/<entry>/<yyyymmddThhmmssZ>-<8 hex of the record's digest>``, then ``.json`` for the
    demonstration and ``.local.json`` for what a team reports of itself. Raises ``ValueError`` when
    ``created_utc`` is not a moment in UTC to the second.
    """
    name = f"{_stamp(record.created_utc)}-{digest(record)[:8]}"
    ending = PUBLIC if record.demonstration else LOCAL
    return PurePosixPath(record.task.id, record.submission.entry, name + ending)


def items_path(record_file: str) -> str:
    """Return the path of the sidecar that belongs to a record's path."""
    if record_file.endswith(LOCAL):
        return record_file.removesuffix(LOCAL) + ".local" + ITEMS
    return record_file.removesuffix(PUBLIC) + ".public" + ITEMS


def printed_path(record_file: str) -> str:
    """Return the path, beside a record's, of what the entry printed."""
    return record_file.removesuffix(PUBLIC) + PRINTED


def _stamp(created_utc: str) -> str:
    if not _MOMENT.fullmatch(created_utc):
        raise ValueError(f"created_utc is {created_utc!r}, which is no moment in UTC")
    return datetime.fromisoformat(created_utc).astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
