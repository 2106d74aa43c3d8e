"""The results folder: one record per evaluation, and beside it the outcomes of single items."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import msgspec

from harness.errors import OrganiserError
from harness.records.base import canonical_json, parse_json, pretty_json
from harness.records.evaluation import EvaluationRecord, ItemOutcomes, ItemsCommitment, Signature
from harness.records.signing import document_digest, signed_message
from harness.records.withholding import publishable
from harness.store.commitment import commitment
from harness.store.files import PRIVATE_MODE, PUBLIC_MODE, check_writable, write_once
from harness.store.paths import LOCAL, is_public, items_path, record_path
from harness.store.reading import StoredRecord, orphaned_items, read_all, read_items
from harness.store.scanning import has_items

__all__ = [
    "StoredRecord", "check_writable", "has_items", "orphaned_items", "read_all", "read_items",
    "write",
]  # fmt: skip


class Signs(Protocol):
    """Whoever signs a record before it is kept."""

    def sign(self, message: bytes) -> Signature:
        """Return the signature of a record's ``signed_message``."""
        ...


def write(
    results: Path,
    record: EvaluationRecord,
    outcomes: ItemOutcomes | None,
    signer: Signs | None = None,
    *,
    on_places: Callable[[tuple[str, ...]], None] = lambda _paths: None,
) -> tuple[EvaluationRecord, Path]:
    """Keep a record and, apart from it, the outcomes; return the record as kept, and its path.

    The record as kept carries the commitment to the outcomes' file, and the signature over all the
    rest; what would tell labels that nobody knows is kept back (``records.withholding``).
    ``on_places`` is told, before anything is written, the paths under ``results`` of what will be,
    the record's own last. Raises ``OrganiserError`` when the folder cannot be written, and leaves
    nothing half kept, or when the record must not be published.
    """
    if record.demonstration:
        _check_demonstration(record, signer)
    record = publishable(record, signed=signer is not None)
    sidecar = None if outcomes is None else canonical_json(outcomes)
    if outcomes is not None and sidecar is not None:
        items = ItemsCommitment(digest=commitment(outcomes.key, sidecar))
        record = msgspec.structs.replace(record, items=items)
    # As it will be read: a whole number in a field of floats would change the digest by which
    # the file is named.
    record = parse_json(pretty_json(record), EvaluationRecord, "the record")
    document = msgspec.to_builtins(record)
    if signer is not None:
        signature = signer.sign(signed_message(document))
        record = msgspec.structs.replace(record, signature=signature)
    place = str(record_path(record, document_digest(document)))
    path = results / place
    items_place = items_path(place, record)
    on_places((items_place, place) if sidecar is not None else (place,))
    wrote_items = False
    if sidecar is not None:
        # First, so that no record is ever without the outcomes that it commits to.
        public = not place.endswith(LOCAL) and is_public(record)
        mode = PUBLIC_MODE if public else PRIVATE_MODE
        wrote_items = write_once(results / items_place, sidecar, mode)
    try:
        write_once(path, pretty_json(record))
    except BaseException:  # outcomes without their record are half a result
        if wrote_items:
            (results / items_place).unlink(missing_ok=True)
        raise
    return record, path


def _check_demonstration(record: EvaluationRecord, signer: Signs | None) -> None:
    if signer is not None:
        raise OrganiserError(
            "a demonstration is never signed: it decides nothing",
            remedy="leave out --demonstration, or --sign",
        )
    if record.data.source != "sample":
        raise OrganiserError(
            f"a demonstration is made of sample data only; this one is of {record.data.source}",
            remedy="leave out --demonstration, or use --data sample",
        )
