"""Read a results folder that anybody may have put files into: one bad file never hides the rest."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec import to_builtins

from harness.errors import ConfigurationError
from harness.records.base import (
    Frozen,
    beyond_64_bits,
    convert,
    parse_json,
    parse_plain,
    pretty_json,
    printable,
)
from harness.records.board import Problem
from harness.records.evaluation import SCHEMA_VERSION, EvaluationRecord, ItemOutcomes
from harness.records.signing import DOMAIN, unsigned_content
from harness.records.spelling import canonical, unsigned_as_written
from harness.store.commitment import commitment
from harness.store.keys import KeyRing
from harness.store.paths import (
    DIGITS,
    ITEMS,
    LOCAL,
    PUBLIC,
    created,
    digits_in,
    items_path,
    record_name,
    record_path,
)
from harness.store.scanning import Found, fault_of, scan
from harness.store.unusable import UnusableError

NO_KEYS = KeyRing()


class StoredRecord(Frozen):
    """A record, and where it lies under the results folder."""

    path: str
    """Relative, with forward slashes."""
    record: EvaluationRecord
    digest: str
    """Of its content, the signature apart."""
    signed_by: str | None = None
    """The name of the key whose signature was verified; ``None``: nobody signed it."""

    @property
    def verified(self) -> bool:
        """Whether an organiser's key vouches for it."""
        return self.signed_by is not None

    @property
    def created_utc(self) -> str:
        """When the evaluation began."""
        return self.record.created_utc


def read_all(
    results: Path, keys: KeyRing = NO_KEYS, *, local: bool = True
) -> tuple[tuple[StoredRecord, ...], tuple[Problem, ...]]:
    """Read every record under ``results``; with those that teams report of themselves, or without.

    Signatures are held against ``keys``. Records and problems are sorted by path. Whatever cannot
    be used is a problem with one of the codes ``unreadable``, ``symlink``, ``not-json``,
    ``schema-version``, ``fields``, ``altered``, ``misplaced``, ``unsigned``, ``key-unknown``,
    ``signature-invalid``, ``key-revoked``, ``no-demonstration`` and ``items-altered``. Files
    that do not end in ``.json`` are none of its business; a folder that is not there holds no
    records.
    """
    stored: list[StoredRecord] = []
    problems: list[Problem] = []
    for found in scan(results):
        if not local and is_local(found.path):
            continue
        read, faults = read_one(results, found, keys)
        stored += [] if read is None else [read]
        problems += faults
    return tuple(stored), tuple(problems)


def is_local(path: str) -> bool:
    """Say whether a file is a team's own: it reports of itself."""
    return path.endswith((LOCAL, ".local" + ITEMS))


def read_one(
    results: Path, found: Found, keys: KeyRing
) -> tuple[StoredRecord | None, tuple[Problem, ...]]:
    """Read what was found in a results folder: a record with its sidecar, or what is wrong.

    A sidecar by itself is neither.
    """
    path = found.path
    try:
        if found.fault is not None:
            raise found.fault
        if path.endswith(ITEMS):
            return None, ()
        read = _read_record(results, path, keys)
    except UnusableError as error:
        return None, (Problem(path=printable(path), code=error.code, message=error.message),)
    sidecar = items_path(path, read.record)
    try:  # the record stays: no figure of a board is taken from a sidecar
        _read_items(results, sidecar, read.record)
    except UnusableError as error:
        return read, (Problem(path=printable(sidecar), code=error.code, message=error.message),)
    return read, ()


def _read_record(results: Path, path: str, keys: KeyRing) -> StoredRecord:
    try:
        with open(f"{results}/{path}", "rb", buffering=0) as file:  # noqa: PTH123 - a Path takes as long as this
            content = file.read()
    except OSError as error:
        raise UnusableError("unreadable", f"cannot be read: {error.strerror}") from None
    record = _typed(content)
    unsigned = None if record is None else unsigned_as_written(content, record)
    if unsigned is None or record is None:  # spelt or filled in otherwise: what is it?
        document, record = understood(content, printable(Path(path).name))
        unsigned = unsigned_content(document)
        digest = hashlib.sha256(unsigned).hexdigest()
        _check_place(path, record, digest)
        if content != pretty_json(document):
            raise UnusableError(
                "altered",
                "says the same in another spelling than the harness writes: it was altered"
                + _by_git(content),
            )
    else:
        digest = hashlib.sha256(unsigned).hexdigest()
        _check_place(path, record, digest)
    signed_by = signer_of(DOMAIN + unsigned, record, digest, keys)
    _check_demonstration(record)
    return StoredRecord(path=path, record=record, digest=digest, signed_by=signed_by)


def _by_git(content: bytes) -> str:
    """Say of what was altered that git did it, where it looks so."""
    made = "its lines end in CRLF, as git's core.autocrlf makes them: restore it with that off"
    return f" ({made})" if b"\r\n" in content else ""


def _typed(content: bytes) -> EvaluationRecord | None:
    """Return the record in a file with only such numbers as are exact; ``None`` if it is wrong."""
    try:
        record = _DECODER.decode(content)
        created(record)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        return None
    return record if record.schema == SCHEMA_VERSION else None


_DECODER = msgspec.json.Decoder(EvaluationRecord)


def understood(content: bytes, where: str) -> tuple[dict[str, Any], EvaluationRecord]:
    """Read a record's document and what it says; raise ``UnusableError`` naming what is wrong.

    Nothing is asked of its place, nor of its signature.
    """
    try:
        plain = parse_plain(content, where)
    except ConfigurationError as error:
        raise UnusableError("not-json", error.message) from None
    _check_schema(plain)
    try:
        record = convert(plain, EvaluationRecord, where)
        created(record)
    except ConfigurationError as error:
        raise UnusableError("fields", error.message) from None
    except ValueError as error:  # from created
        raise UnusableError("fields", f"{where}: {error}") from None
    if (field := beyond_64_bits(plain)) is not None:
        raise UnusableError("fields", f"{where}: {field}: is a whole number beyond 64 bits")
    if (field := _inexact(plain, to_builtins(record))) is not None:
        raise UnusableError(
            "fields", f"{where}: {field}: is a whole number beyond what its field holds exactly"
        )
    document: dict[str, Any] = plain  # type: ignore[assignment] # else convert had refused it
    return document, record


def signer_of(message: bytes, record: EvaluationRecord, digest: str, keys: KeyRing) -> str | None:
    """Return the name of the key that signed ``message``, ``None`` where none did.

    Raises ``UnusableError`` where a signature does not count.
    """
    if record.signature is None:
        return None
    moment = created(record)
    return keys.signer_of(record.signature, message, created=moment, digest=digest).name


def _inexact(said: Any, read: Any, field: str = "$") -> str | None:  # noqa: ANN401 - plain JSON
    """Return the first field whose whole number is another once it is read as a float."""
    inner: Iterable[tuple[str, Any, Any]] = ()
    if isinstance(said, dict):
        inner = ((f"{field}.{key}", value, read[key]) for key, value in said.items())
    elif isinstance(said, list):
        pairs = zip(said, read, strict=True)
        inner = ((f"{field}[{at}]", one, other) for at, (one, other) in enumerate(pairs))
    elif isinstance(read, float) and said != read:
        return field
    for name, one, other in inner:
        if (found := _inexact(one, other, name)) is not None:
            return found
    return None


def _check_demonstration(record: EvaluationRecord) -> None:
    """Refuse what ``results.write`` refuses: the word must not hide what a record is."""
    if not record.demonstration:
        return
    if record.data.source != "sample":
        raise UnusableError(
            "no-demonstration",
            f"calls itself a demonstration and is of {record.data.source} data: a demonstration is "
            "of sample data only",
        )
    if record.signature is not None:
        raise UnusableError(
            "no-demonstration",
            "calls itself a demonstration and carries a signature: a demonstration is never signed",
        )


def _check_place(path: str, record: EvaluationRecord, digest: str) -> None:
    """Hold a record's path against its content: each follows from the other."""
    name = record_name(record, digest)
    if path == f"{record.task.id}/{record.submission.entry}/{name}":
        return  # no part of a path that was found is empty, or a dot
    expected = str(record_path(record, digest))
    if path == expected:
        return
    digits = digits_in(Path(path).name)
    if digits is not None and digits != digest[:DIGITS]:
        raise UnusableError(
            "altered",
            f"its content has the digest {digest[:DIGITS]}, and its name says {digits}: it was "
            "altered",
        )
    if path == expected.removesuffix(LOCAL) + PUBLIC:
        raise UnusableError("unsigned", "has the name of a signed record, and carries no signature")
    raise UnusableError("misplaced", f"its content belongs at {expected}: it was moved or renamed")


def _check_schema(plain: object) -> None:
    """Tell a record of another version from one that is wrong."""
    found = plain.get("schema") if isinstance(plain, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found == SCHEMA_VERSION:
        return  # what is no number is a wrong field like any other
    told = (
        f"too new: {_who_reads(plain)}"
        if found > SCHEMA_VERSION
        else "too old: no version of the harness wrote it"
        if found < 1
        else "too old: read it with an older version of the harness"
    )
    raise UnusableError(
        "schema-version", f"schema {found} is {told}; this one reads schema {SCHEMA_VERSION}"
    )


def _who_reads(plain: object) -> str:
    """Say which version reads a record of a later schema: the one that wrote it, if it says so."""
    said = plain.get("harness_version") if isinstance(plain, dict) else None
    if isinstance(said, str) and _VERSION.fullmatch(said):
        return f"harness {said} wrote it; read it with that version, or a newer one"
    return "read it with a newer version of the harness"


_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,39}")


def read_items(results: Path, stored: StoredRecord) -> ItemOutcomes | None:
    """Return the outcomes beside a record that was read; ``None`` where none fit it, or are there.

    Those that do not fit are a problem of ``read_all``.
    """
    try:
        return _read_items(results, items_path(stored.path, stored.record), stored.record)
    except UnusableError:
        return None


def orphaned_items(results: Path, *, local: bool = True) -> tuple[str, ...]:
    """Return the paths of sidecars without a record beside them."""
    paths = {found.path for found in scan(results) if found.fault is None}
    records = {path.removesuffix(PUBLIC) for path in paths if not path.endswith(ITEMS)}
    return tuple(
        printable(path)
        for path in sorted(paths)
        if path.endswith(ITEMS)
        and (local or not path.endswith(".local" + ITEMS))
        and not {path.removesuffix(ITEMS), path.removesuffix(".public" + ITEMS)} & records
    )


def _read_items(results: Path, path: str, record: EvaluationRecord) -> ItemOutcomes | None:
    """Read the sidecar, where there is one, and hold it against the record's commitment to it."""
    sidecar = f"{results}/{path}"
    try:
        if fault_of(os.lstat(sidecar).st_mode) is not None:
            return None  # a link or a pipe is a problem itself
    except OSError:
        return None  # it is private, so most often elsewhere
    if record.items is None:
        raise UnusableError("items-altered", "the record beside it commits to no outcomes")
    try:
        content = Path(sidecar).read_bytes()
        outcomes = _outcomes(content, printable(Path(sidecar).name))
        found = commitment(outcomes.key, content)
    except OSError as error:
        raise UnusableError("items-altered", f"cannot be read: {error.strerror}") from None
    except ConfigurationError as error:
        raise UnusableError("items-altered", error.message) from None
    except ValueError:  # from commitment
        raise UnusableError("items-altered", "its key is not hexadecimal") from None
    if found != record.items.digest:
        why = "is not what the record beside it commits to" + _by_git(content)
        raise UnusableError("items-altered", why)
    return outcomes


def _outcomes(content: bytes, where: str) -> ItemOutcomes:
    read = canonical(content, ItemOutcomes)
    return parse_json(content, ItemOutcomes, where) if read is None else read
