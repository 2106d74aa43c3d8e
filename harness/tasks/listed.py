"""The rows of an organiser's own CSV or JSON Lines file, or of a folder for each class.

What a row says is kept as it was written; ``tasks.importing`` makes items of it.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError
from harness.records.base import no_duplicates
from harness.tasks.card import TaskCard

DELIMITERS = (",", ";", "\t")
FILE_COLUMNS = ("path", "file_name")
"""Where the names of files stand, unless it is said: ours, and that of the hub's folders."""
_MOST_CELL = 2**31 - 1


class Faults:
    """Everything that is wrong with a source, told at once; the first of many, and how many."""

    SHOWN = 20

    def __init__(self, source: Path) -> None:
        self._source = source
        self._shown: list[str] = []
        self.count = 0

    def add(self, where: str, found: str) -> None:
        """Take a fault."""
        self.count += 1
        if self.count <= self.SHOWN:
            self._shown.append(f"{where}: {found}")

    def require_none(self) -> None:
        """Raise ``ConfigurationError`` with all of them, where there are any."""
        if self.count == 1:
            raise ConfigurationError(self._shown[0], remedy="correct it; nothing was written")
        if self.count:
            more = self.count - len(self._shown)
            shown = [*self._shown, *([f"and {more:,} more"] if more else [])]
            raise ConfigurationError(
                f"{self._source}: {self.count:,} faults:\n  " + "\n  ".join(shown),
                remedy="correct them; nothing was written",
            )


@dataclass(frozen=True)
class Names:
    """Which columns of a source hold what, where they are not called as in the task's card."""

    sample: str | None = None
    label: str | None = None
    id: str | None = None
    group: str | None = None
    split: str | None = None
    """A column that says ``train`` or ``test``; ``None``: the harness splits by groups."""


@dataclass(frozen=True)
class Row:
    """One item as its source has it; ``None`` for what it does not say."""

    where: str
    """File and row, as a fault is told."""
    sample: Any
    """A text, or the name of a file."""
    label: Any
    """A label, or the annotations of boxes."""
    id: Any
    group: Any
    split: Any


def listed_rows(
    card: TaskCard, source: Path, form: str, names: Names, faults: Faults
) -> Iterator[Row]:
    """Yield the rows of a CSV or JSON Lines file; those that are none are told to ``faults``.

    Raises ``ConfigurationError`` where the file cannot be read, or a CSV lacks a column.
    """
    records = _csv_records(source, faults) if form == "csv" else _jsonl_records(source, faults)
    columns: Names | None = None
    for where, record in records:
        if columns is None or form == "jsonl":  # where every line has its own columns
            try:
                columns = _resolved(card, names, set(record), where)
            except ConfigurationError as error:
                if form == "csv":
                    raise
                faults.add(where, error.message.removeprefix(f"{where}: "))
                continue
        yield Row(
            where=where,
            sample=record.get(columns.sample or ""),
            label=record.get(columns.label or ""),
            id=record.get(columns.id or ""),
            group=record.get(columns.group or ""),
            split=record.get(columns.split or ""),
        )


def folder_rows(card: TaskCard, source: Path) -> Iterator[Row]:
    """Yield the files of ``CLASS/`` or ``CLASS/GROUP/``, or of both below ``train/`` and ``test/``.

    Hidden files are left out.
    """
    if not source.is_dir():
        raise ConfigurationError(f"{source}: is no folder", remedy="name a folder of class folders")
    if card.columns.label is None:
        raise ConfigurationError(
            f"{source}: a folder for each class says nothing of boxes, which {card.task.id} needs",
            remedy="use csv or jsonl, or a converter of the task's",
        )
    paths = sorted(_files_below(source))
    tops = {path.relative_to(source).parts[0] for path in paths if path.parent != source}
    is_split = "test" in tops and tops <= {"train", "test"}
    for path in paths:
        parts = path.relative_to(source).parts
        inner = parts[1:] if is_split else parts
        yield Row(
            where=spelled(path),
            sample=str(path.relative_to(source)),
            label=inner[0] if len(inner) > 1 else None,
            id=None,
            group=inner[1] if len(inner) > 2 else None,  # noqa: PLR2004 - class, group, file
            split=parts[0] if is_split and len(parts) > 1 else None,
        )


def spelled(path: Path) -> str:
    """Return a path as it can be told: names need not be UTF-8."""
    return str(path).encode(errors="backslashreplace").decode()


def _files_below(source: Path) -> Iterator[Path]:
    """Yield what lies below a folder, but for folders and what is hidden.

    Raises ``ConfigurationError`` for a folder that would be passed over in silence.
    """

    def refuse(error: OSError) -> None:
        raise ConfigurationError(
            f"{spelled(Path(error.filename or source))}: cannot be read: {error.strerror}",
            remedy="correct its permissions; nothing was written",
        )

    for at, folders, files in os.walk(source, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in folders:
            path = Path(at, name)
            if path.is_symlink():
                raise ConfigurationError(
                    f"{spelled(path)}: is a link to a folder, and such links are not followed",
                    remedy="put the folder itself there; nothing was written",
                )
        yield from (Path(at, name) for name in files if not name.startswith("."))


def _resolved(card: TaskCard, names: Names, present: set[str], where: str) -> Names:
    """Settle which column holds what; ``ConfigurationError`` names one that is not there."""
    columns = card.columns
    sample = names.sample
    if sample is None and card.task.modality != "text":
        sample = next((name for name in FILE_COLUMNS if name in present), None)
    label = names.label or columns.boxes or columns.label
    resolved = Names(
        sample=sample or columns.sample,
        label=label,
        id=names.id or (columns.id if columns.id in present else None),
        group=names.group or next((name for name in columns.groups if name in present), None),
        split=names.split,
    )
    wanted = (resolved.sample, resolved.label, resolved.id, resolved.group, resolved.split)
    missing = [name for name in wanted if name is not None and name not in present]
    if missing:
        raise ConfigurationError(
            f"{where}: column {', '.join(map(repr, missing))} is missing; there are "
            f"{', '.join(map(repr, sorted(present)))}",
            remedy="rename the columns, or say which they are: --sample, --label, --id, --group, "
            "--split",
        )
    return resolved


def _csv_records(source: Path, faults: Faults) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a CSV, counted from 1 below its header.

    Behind a quote that is never closed nothing can be told apart.
    """
    before = csv.field_size_limit(_MOST_CELL)  # of the whole process
    number = 0
    try:
        with source.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            header = file.readline()
            if not _is_utf8(header):
                raise ConfigurationError(
                    f"{source}: its header is not UTF-8", remedy="save it as UTF-8"
                )
            file.seek(0)
            delimiter = max(DELIMITERS, key=header.count)
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            named = [name for name in reader.fieldnames or () if name]
            if len(set(named)) < len(named):
                doubled = next(name for name in named if named.count(name) > 1)
                raise ConfigurationError(
                    f"{source}: its header has the column {doubled!r} twice",
                    remedy="keep one of the two, or give each a name of its own",
                )
            for number, record in enumerate(reader, start=1):
                where = f"{source}: row {number} (up to line {reader.line_num})"
                found = _fault_of_cells(record)
                if found is None:
                    yield where, record
                else:
                    faults.add(where, found)
    except OSError as error:
        raise _unreadable(source, error) from None
    except (ValueError, csv.Error) as error:
        faults.add(
            f"{source}: row {number + 1} or the one below it",
            f"is not as it should be written, and what follows was not read: {error}",
        )
    finally:
        csv.field_size_limit(before)


def _fault_of_cells(record: dict[Any, Any]) -> str | None:
    if None in record or None in record.values():
        wrong = "more" if None in record else "fewer"
        return f"has {wrong} cells than the header; a cell with line ends or commas is quoted"
    return None if all(map(_is_utf8, record.values())) else "is not UTF-8"


def _is_utf8(text: str) -> bool:
    """Say whether there is nothing in a text that stands for a byte which is not UTF-8."""
    return text.isascii() or not any("\udc80" <= letter <= "\udcff" for letter in text)


def _jsonl_records(source: Path, faults: Faults) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        with source.open("rb") as file:
            for number, line in enumerate(file, start=1):
                where = f"{source}: line {number}"
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                    record = None
                    if text.strip():
                        record = json.loads(text, object_pairs_hook=no_duplicates)
                except UnicodeError as error:
                    faults.add(where, f"is not UTF-8: {error}")
                except (ValueError, RecursionError) as error:
                    faults.add(where, f"is not as it should be written: {error}")
                else:
                    if isinstance(record, dict):
                        yield where, record
                    elif text.strip():
                        faults.add(where, "is no JSON object")
    except OSError as error:
        raise _unreadable(source, error) from None


def _unreadable(source: Path, error: OSError) -> ConfigurationError:
    return ConfigurationError(
        f"{source}: cannot be read: {error.strerror}", remedy="name a file that can be read"
    )
