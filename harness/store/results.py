"""The results folder: one record per evaluation, and beside it the outcomes of single items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from harness.errors import OrganiserError
from harness.records.base import canonical_json, parse_json, pretty_json
from harness.records.evaluation import EvaluationRecord, ItemOutcomes, ItemsCommitment
from harness.store.commitment import commitment
from harness.store.files import PRIVATE_MODE, PUBLIC_MODE, check_writable, write_once
from harness.store.paths import items_path, record_path
from harness.store.reading import StoredRecord, read_all

__all__ = ["StoredRecord", "check_writable", "read_all", "write"]


def write(
    results: Path,
    record: EvaluationRecord,
    outcomes: ItemOutcomes | None,
    *,
    on_places: Callable[[tuple[str, ...]], None] = lambda _paths: None,
) -> tuple[EvaluationRecord, Path]:
    """Keep a record and, apart from it, the outcomes; return the record as kept, and its path.

    The record as kept carries the commitment to the outcomes' file. ``on_places`` is told, before
    anything is written, the paths under ``results`` of what will be, the record's own last. Raises
    ``OrganiserError`` when the folder cannot be written, and leaves nothing half kept, or when
    the record must not be published.
    """
    if record.demonstration and record.data.source != "sample":
        raise OrganiserError(
            f"a demonstration is made of sample data only; this one is of {record.data.source}",
            remedy="leave out --demonstration, or use --data sample",
        )
    sidecar = None if outcomes is None else canonical_json(outcomes)
    if outcomes is not None and sidecar is not None:
        items = ItemsCommitment(digest=commitment(outcomes.key, sidecar))
        record = msgspec.structs.replace(record, items=items)
    # As it will be read: a whole number in a field of floats would change the digest by which
    # the file is named.
    record = parse_json(pretty_json(record), EvaluationRecord, "the record")
    place = record_path(record)
    path = results / place
    items_file = results / items_path(str(place))
    on_places((items_path(str(place)), str(place)) if sidecar is not None else (str(place),))
    wrote_items = False
    if sidecar is not None:
        # First, so that no record is ever without the outcomes that it commits to.
        mode = PUBLIC_MODE if record.demonstration else PRIVATE_MODE
        wrote_items = write_once(items_file, sidecar, mode)
    try:
        write_once(path, pretty_json(record))
    except BaseException:  # outcomes without their record are half a result
        if wrote_items:
            items_file.unlink(missing_ok=True)
        raise
    return record, path
