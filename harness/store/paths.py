"""Where a record lies: its place says whose it is, when it was made and what is in it."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from pathlib import PurePosixPath

from harness.records.evaluation import EvaluationRecord
from harness.records.moments import moment

LOCAL = ".local.json"
"""Ends the names of self-reported records: git ignores them."""
PUBLIC = ".json"
ITEMS = ".items.json"
PRINTED = ".printed.txt"
"""Ends the names of what entries printed: private, and ignored by git."""

DIGITS = 8
"""Of the record's digest, in its name."""

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+00:00|Z)")
_TO_SECONDS = len("yyyy-mm-ddThh:mm:ss")
_NAME = re.compile(r"\d{8}T\d{6}Z-([0-9a-f]{8})(?:\.local)?\.json")


def record_path(record: EvaluationRecord, digest: str) -> PurePosixPath:
    """Return the place under the results folder of a record whose digest this is.

    ``<task>/<entry>/<yyyymmddThhmmssZ>-<8 hex of the digest>``, then ``.json`` for what an
    organiser signed and for the demonstration, and ``.local.json`` for what a team reports of
    itself. Raises ``ValueError`` when ``created_utc`` is not a moment in UTC to the second.
    """
    return PurePosixPath(record.task.id, record.submission.entry, record_name(record, digest))


def record_name(record: EvaluationRecord, digest: str) -> str:
    """Return the last part of ``record_path``."""
    # Not by strftime, for which the C library looks at the file of the time zone.
    stamp = created(record).isoformat()[:_TO_SECONDS].replace("-", "").replace(":", "")
    ending = PUBLIC if record.demonstration or record.signature is not None else LOCAL
    return f"{stamp}Z-{digest[:DIGITS]}{ending}"


def items_path(record_file: str, record: EvaluationRecord) -> str:
    """Return the path of the sidecar that belongs to the record at ``record_file``.

    ``*.public.items.json``, which git keeps, for published records on sample data; nobody else's
    outcomes are anybody's business.
    """
    if record_file.endswith(LOCAL):
        return record_file.removesuffix(LOCAL) + ".local" + ITEMS
    public = ".public" if is_public(record) else ""
    return record_file.removesuffix(PUBLIC) + public + ITEMS


def printed_path(record_file: str) -> str:
    """Return the path, beside a record's, of what the entry printed."""
    return record_file.removesuffix(PUBLIC) + PRINTED


def is_public(record: EvaluationRecord) -> bool:
    """Say whether a published record's outcomes may be published: they give no label away."""
    return record.data.source == "sample"


def digits_in(name: str) -> str | None:
    """Return what a record's file name says its digest begins with; ``None`` for another name."""
    matched = _NAME.fullmatch(name)
    return None if matched is None else matched[1]


def created(record: EvaluationRecord) -> datetime:
    """Return when the evaluation began; raise ``ValueError`` when that is no moment in UTC."""
    return _moment(record.created_utc)


@lru_cache(maxsize=16)  # asked for several times of each record
def _moment(text: str) -> datetime:
    try:
        if _MOMENT.fullmatch(text):
            return moment(text)
    except ValueError:
        pass
    raise ValueError(f"created_utc is {text!r}, which is no moment in UTC")
