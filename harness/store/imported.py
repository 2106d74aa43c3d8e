"""``leaderboard/imported``: claims that were brought in, a file each, beside the results."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import to_builtins
from msgspec.structs import replace

from harness.errors import ConfigurationError, OrganiserError
from harness.records.base import (
    beyond_64_bits,
    convert,
    digest,
    parse_plain,
    pretty_json,
    printable,
)
from harness.records.board import Problem
from harness.records.imported import (
    SCHEMA_VERSION,
    ImportedBoard,
    ImportedEntry,
    ImportedResult,
)
from harness.store.files import write_once
from harness.store.import_faults import MOST, ImportFault, wrong_text
from harness.store.unusable import UnusableError

FOLDER = "imported"
DIGITS = 16
_TASK = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def imported_folder(results: Path) -> Path:
    """Return where the claims lie that are shown beside a results folder."""
    return results.parent / FOLDER


def imported_path(result: ImportedResult) -> str:
    """Return the place of a claim below the folder: its content decides it."""
    return f"{result.task}/{digest(result)[:DIGITS]}.json"


def without_repeated(
    results: Sequence[ImportedResult], kept: Iterable[ImportedEntry]
) -> tuple[list[ImportedResult], list[ImportFault]]:
    """Return the claim that stands for each result, and runs that are claimed twice otherwise.

    A run that was claimed before with the same figures and words is there already, wherever it
    stood then: a table grows, and a file is copied. The claim that came first stands for it, so
    that it stays one file. A run that was claimed with others, or for another task, is a fault.
    """
    faults: list[ImportFault] = []
    seen: dict[str, list[ImportedResult]] = {}
    files: dict[str, str] = {}
    for each in kept:
        seen.setdefault(each.result.run_id, []).append(each.result)
        files.setdefault(each.result.run_id, f"{FOLDER}/{each.path}")
    standing = []
    for result in results:
        known = seen.setdefault(result.run_id, [])
        first = next((each for each in known if _same_claim(each, result)), None)
        if first is None and known:
            row, told = result.source.row, _how_repeated(result, known[0])
            file = files.get(result.run_id, "")
            faults.append(ImportFault(result.source.file, row, "run_id", told, file))
        elif first is None:
            known.append(result)
        standing.append(first or result)
    return standing, faults


def _same_claim(one: ImportedResult, other: ImportedResult) -> bool:
    return replace(one, source=other.source) == other


def _how_repeated(result: ImportedResult, other: ImportedResult) -> str:
    where = f"in {other.source.file}, row {other.source.row}"
    if other.task != result.task:
        return f"was claimed before for the task {other.task}, {where}: one run is of one task"
    differing = [
        field
        for field in result.__struct_fields__
        if field != "source" and getattr(result, field) != getattr(other, field)
    ]
    return f"was claimed before, {where}, with other {', '.join(differing)}"


def write_imported(folder: Path, results: Sequence[ImportedResult]) -> list[tuple[str, bool]]:
    """Keep all of them or none; return each path below the folder, and whether it is new.

    Raises ``OrganiserError`` where one cannot be written; what this call wrote is taken away then.
    """
    written: list[tuple[str, bool]] = []
    try:
        for result in results:
            path = imported_path(result)
            written.append((path, write_once(folder / path, pretty_json(result))))
    except (OrganiserError, KeyboardInterrupt):
        for path, new in written:
            if new:
                (folder / path).unlink(missing_ok=True)
        raise
    return written


def read_imported(folder: Path) -> tuple[tuple[ImportedEntry, ...], tuple[Problem, ...]]:
    """Read all claims; whatever cannot be used is a problem, and hides nothing else.

    Codes are those of ``reading.read_all``: ``unreadable``, ``symlink``, ``not-json``,
    ``schema-version``, ``fields``, ``altered``.
    """
    entries, problems = [], []
    for path in sorted(folder.glob("*/*.json")):
        name = path.relative_to(folder).as_posix()
        try:
            entries.append(_read(path, name))
        except UnusableError as error:
            problem = Problem(
                path=f"{FOLDER}/{printable(name)}", code=error.code, message=error.message
            )
            problems.append(problem)
    return tuple(entries), tuple(problems)


def imported_boards(
    entries: Iterable[ImportedEntry], title: Callable[[str], str]
) -> tuple[ImportedBoard, ...]:
    """Put claims on boards, one a task. Nothing is ranked: they stand by name."""
    by_task: dict[str, list[ImportedEntry]] = {}
    for entry in entries:
        by_task.setdefault(entry.result.task, []).append(entry)
    return tuple(
        ImportedBoard(
            task=task,
            task_title=title(task),
            entries=tuple(sorted(found, key=_by_name)),
        )
        for task, found in sorted(by_task.items())
    )


def _read(path: Path, name: str) -> ImportedEntry:
    if path.is_symlink():
        raise UnusableError("symlink", "is a link, and is not followed")
    if not path.is_file():
        raise UnusableError("unreadable", "is not a regular file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UnusableError("unreadable", f"cannot be read: {error.strerror}") from None
    try:
        plain = parse_plain(content, path.name)
    except ConfigurationError as error:
        raise UnusableError("not-json", error.message) from None
    _check_schema(plain)
    try:
        result = convert(plain, ImportedResult, path.name)
    except ConfigurationError as error:
        raise UnusableError("fields", error.message) from None
    if (field := beyond_64_bits(plain)) is not None:
        raise UnusableError("fields", f"{field}: is a whole number beyond 64 bits")
    for field, why in wrong_values(result):
        raise UnusableError("fields", f"$.{field}: {why}")
    if content != pretty_json(result) or name != imported_path(result):
        raise UnusableError("altered", "is not what its name says that it is: it was altered")
    return ImportedEntry(path=name, joules=result.energy.joules, result=result)


def _check_schema(plain: object) -> None:
    found = plain.get("schema") if isinstance(plain, Mapping) else None
    if isinstance(found, int) and found != SCHEMA_VERSION:
        told = "newer" if found > SCHEMA_VERSION else "older"
        raise UnusableError(
            "schema-version",
            f"schema {found}: read it with a {told} version of the harness; this one reads "
            f"schema {SCHEMA_VERSION}",
        )


def wrong_values(result: ImportedResult) -> Iterator[tuple[str, str]]:
    """Yield the fields that no claim may be kept with, each with what is wrong with it.

    An import asks it before it writes, and reading asks it again: anybody may put a file there.
    """
    if not _TASK.fullmatch(result.task):
        yield "task", "is no name of a task"
    for where, value in _leaves(to_builtins(result), ""):
        if isinstance(value, str):
            if (why := wrong_text(value, lines=where == "description")) is not None:
                yield where, why
        elif isinstance(value, int | float) and not 0 <= value <= MOST:
            yield where, "a figure is negative, or beyond reason"
    if not _SHA256.fullmatch(result.source.sha256):
        yield "source.sha256", "is no SHA-256 in hexadecimal"
    if result.source.row < 1:
        yield "source.row", "rows are counted from 1"
    if result.energy.value == 0:
        yield "energy.value", "is 0, and nothing computes for nothing"
    if any(metric.value > 1 for metric in result.quality):
        yield "quality", "is more than 1"


def _leaves(plain: object, where: str) -> Iterator[tuple[str, object]]:
    """Yield every value with its place: no field that comes later is forgotten."""
    if isinstance(plain, Mapping):
        for name, inner in plain.items():
            yield from _leaves(inner, f"{where}.{name}" if where else name)
    elif isinstance(plain, list | tuple):
        for number, inner in enumerate(plain):
            yield from _leaves(inner, f"{where}[{number}]")
    else:
        yield where, plain


def _by_name(entry: ImportedEntry) -> tuple[str, str, int, str]:
    result = entry.result
    return (result.name, result.source.file, result.source.row, entry.path)
