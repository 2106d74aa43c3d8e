"""Read a results folder that anybody may have put files into: one bad file never hides the rest."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ConfigurationError
from harness.records.base import Frozen, convert, parse_json, parse_plain
from harness.records.board import Problem
from harness.records.evaluation import SCHEMA_VERSION, EvaluationRecord, ItemOutcomes
from harness.store.commitment import commitment
from harness.store.paths import ITEMS, LOCAL, items_path, record_path


class StoredRecord(Frozen):
    """A record, and where it lies under the results folder."""

    path: str
    """Relative, with forward slashes."""
    record: EvaluationRecord


class _UnusableError(Exception):
    """A file that cannot be used: a stable code, and why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def read_all(
    results: Path, *, local: bool = True
) -> tuple[tuple[StoredRecord, ...], tuple[Problem, ...]]:
    """Read every record under ``results``; with those that teams report of themselves, or without.

    Records and problems are sorted by path. Whatever cannot be used is a problem with one of the
    codes ``unreadable``, ``symlink``, ``not-json``, ``schema-version``, ``fields``,
    ``signature-unverified``, ``misplaced`` and ``items-altered``. Files that do not end in
    ``.json`` are none of its business; a folder that is not there holds no records.
    """
    stored: list[StoredRecord] = []
    problems: list[Problem] = []
    for path, fault in _find(results):
        if not local and path.endswith((LOCAL, ".local" + ITEMS)):
            continue
        try:
            if fault is not None:
                raise fault
            if path.endswith(ITEMS):
                continue
            record = _read_record(results, path)
            stored.append(StoredRecord(path=path, record=record))
            _check_items(results, items_path(path), record)
        except _UnusableError as error:
            # Only the sidecar's problem is raised after the record is kept: no figure of a board
            # is taken from a sidecar.
            where = items_path(path) if error.code == "items-altered" else path
            problems.append(Problem(path=_shown(where), code=error.code, message=error.message))
    return tuple(stored), tuple(problems)


def _find(results: Path) -> list[tuple[str, _UnusableError | None]]:
    """List the JSON files, sorted by path, each with what keeps it from being opened at all."""
    return sorted(_walk(results), key=lambda found: found[0])


def _walk(results: Path) -> Iterator[tuple[str, _UnusableError | None]]:
    faults: list[OSError] = []
    for folder, folders, files in os.walk(results, onerror=faults.append):
        here = Path(folder)
        for name in folders:
            if (here / name).is_symlink():
                path = (here / name).relative_to(results).as_posix()
                yield path, _UnusableError("symlink", "is a link to a folder, and is not followed")
        for name in files:
            if name.endswith(".json"):
                path = (here / name).relative_to(results).as_posix()
                yield path, _fault_of(here / name)
    for error in faults:
        if isinstance(error, FileNotFoundError):
            continue
        path = Path(str(error.filename)).relative_to(results).as_posix()
        yield path, _UnusableError("unreadable", f"cannot be listed: {error.strerror}")


def _fault_of(path: Path) -> _UnusableError | None:
    """Say why a file must not be opened: a link may lead anywhere, a pipe may never answer."""
    try:
        mode = path.lstat().st_mode
    except OSError as error:
        return _UnusableError("unreadable", f"cannot be read: {error.strerror}")
    if stat.S_ISLNK(mode):
        return _UnusableError("symlink", "is a link, and is not followed")
    if not stat.S_ISREG(mode):
        return _UnusableError("unreadable", "is not a regular file")
    return None


def _read_record(results: Path, path: str) -> EvaluationRecord:
    try:
        content = (results / path).read_bytes()
    except OSError as error:
        raise _UnusableError("unreadable", f"cannot be read: {error.strerror}") from None
    where = _shown(Path(path).name)
    try:
        plain = parse_plain(content, where)
    except ConfigurationError as error:
        raise _UnusableError("not-json", error.message) from None
    _check_schema(plain)
    try:
        record = convert(plain, EvaluationRecord, where)
        expected = str(record_path(record, plain))
    except ConfigurationError as error:
        raise _UnusableError("fields", error.message) from None
    except ValueError as error:  # from record_path: created_utc
        raise _UnusableError("fields", f"{where}: {error}") from None
    if record.signature is not None:
        raise _UnusableError(
            "signature-unverified", "is signed, and this version cannot verify signatures"
        )
    if path != expected:
        raise _UnusableError(
            "misplaced", f"its content belongs at {expected}: it was moved, renamed or altered"
        )
    return record


def _check_schema(plain: object) -> None:
    """Tell a record of another version from one that is wrong."""
    found = plain.get("schema") if isinstance(plain, dict) else None
    if not isinstance(found, int) or isinstance(found, bool) or found == SCHEMA_VERSION:
        return  # what is no number is a wrong field like any other
    told = (
        "too new: read it with a newer version of the harness"
        if found > SCHEMA_VERSION
        else "too old: no version of the harness wrote it"
        if found < 1
        else "too old: read it with an older version of the harness"
    )
    raise _UnusableError(
        "schema-version", f"schema {found} is {told}; this one reads schema {SCHEMA_VERSION}"
    )


def _check_items(results: Path, path: str, record: EvaluationRecord) -> None:
    """Hold the sidecar, where there is one, against the record's commitment to it."""
    sidecar = results / path
    if _fault_of(sidecar) is not None:
        return  # it is private, so most often elsewhere; a link or a pipe is a problem of its own
    if record.items is None:
        raise _UnusableError("items-altered", "the record beside it commits to no outcomes")
    try:
        content = sidecar.read_bytes()
        outcomes = parse_json(content, ItemOutcomes, _shown(sidecar.name))
        found = commitment(outcomes.key, content)
    except OSError as error:
        raise _UnusableError("items-altered", f"cannot be read: {error.strerror}") from None
    except ConfigurationError as error:
        raise _UnusableError("items-altered", error.message) from None
    except ValueError:  # from commitment
        raise _UnusableError("items-altered", "its key is not hexadecimal") from None
    if found != record.items.digest:
        raise _UnusableError("items-altered", "is not what the record beside it commits to")


def _shown(path: str) -> str:
    """Spell a path that may not be UTF-8 so that it can be printed and written."""
    return path.encode(errors="surrogateescape").decode(errors="replace")
