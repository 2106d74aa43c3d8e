"""Read one record from wherever it lies: a file that somebody was sent has no place to be held to.

What its name and its folder would say of it cannot be checked, so that only its own signature does.
"""

from __future__ import annotations

from pathlib import Path

from harness.errors import ConfigurationError, UsageError
from harness.records.evaluation import EvaluationRecord
from harness.records.signing import document_digest, signed_message
from harness.store.keys import KeyRing
from harness.store.reading import NO_KEYS, StoredRecord, signer_of, understood
from harness.store.unusable import UnusableError

_REMEDIES = {
    "not-json": "name a record as evaluate wrote it, or fetch it again",
    "schema-version": "use the version of the harness that is named, or evaluate again",
    "fields": "name a record as evaluate wrote it, or fetch it again",
    "signature-invalid": "fetch the record again from whoever signed it",
    "key-revoked": "ask the organiser for a record that counts",
}
LARGEST_BYTES = 1 << 28
"""No record is a hundredth as large; what is larger is something else."""


def read_single(path: Path, keys: KeyRing | None) -> StoredRecord:
    """Read a record by itself; its path stays as it was named.

    ``keys`` are the organisers' public keys, ``None`` where there is no project to have them of: a
    signature then stays unverified, as does one by a key that is none of theirs. Raises
    ``UsageError`` where no file is there, ``ConfigurationError`` where it is no record that this
    version can read, was altered, or carries a signature that does not count.
    """
    content = _content(path)
    try:
        document, record = understood(content, str(path))
        digest = document_digest(document)
        signed_by = _signed_by(signed_message(document), record, digest, keys or NO_KEYS)
    except UnusableError as error:
        told = error.message if error.message.startswith(str(path)) else f"{path}: {error.message}"
        raise ConfigurationError(told, remedy=_REMEDIES[error.code]) from None
    return StoredRecord(path=str(path), record=record, digest=digest, signed_by=signed_by)


def _content(path: Path) -> bytes:
    if not path.is_file():
        found = "is not a file" if path.exists() else "does not exist"
        raise UsageError(f"{path}: {found}", remedy="name a record, as evaluate prints it")
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ConfigurationError(f"{path}: is too large to be a record", remedy="name a record")
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}", remedy="make it a file that can be read"
        ) from None


def _signed_by(message: bytes, record: EvaluationRecord, digest: str, keys: KeyRing) -> str | None:
    try:
        return signer_of(message, record, digest, keys)
    except UnusableError as error:
        if error.code == "key-unknown":  # nobody here can say whether it is good
            return None
        raise
