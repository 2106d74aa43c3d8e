"""Write a set of items as train and test Parquet in the task's own columns, whole or not at all."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import ConfigurationError, UsageError
from harness.tasks.annotations import spell_annotations
from harness.tasks.card import TaskCard
from harness.tasks.data import count_folder
from harness.tasks.generator import SplitName
from harness.tasks.kept import (
    SCHEMA,
    SET_FILE,
    Import,
    KeptFile,
    KeptSet,
    said_of,
    sha256_of,
    write_set,
)
from harness.tasks.protocol import Item

BATCH_ITEMS = 256
BATCH_BYTES = 16 << 20
"""What is gathered before it is written: the memory that writing takes, whatever the set's size."""
STORED = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
"""How the hub stores encoded images and recordings."""


class SplitWriter:
    """Writes the Parquet of one split, a batch at a time."""

    def __init__(self, path: Path, card: TaskCard) -> None:
        self._card = card
        self._is_text = card.task.modality == "text"
        self._schema = _schema(card)
        # Encoded files do not get smaller, and are read faster as they are.
        compression = "zstd" if self._is_text else "none"
        self._file = pq.ParquetWriter(path, self._schema, compression=compression)
        self._items: list[Item] = []
        self._bytes = 0

    def add(self, item: Item) -> None:
        """Take one item."""
        self._items.append(item)
        self._bytes += len(item.sample)
        if len(self._items) >= BATCH_ITEMS or self._bytes >= BATCH_BYTES:
            self._flush()

    def close(self, *, finish: bool = True) -> None:
        """Write what is left, and end the file; unfinished, what is left is let go."""
        if finish:
            self._flush()
        self._file.close()

    def _flush(self) -> None:
        if self._items:
            rows = [self._row(item) for item in self._items]
            self._file.write_table(pa.Table.from_pylist(rows, schema=self._schema))
        self._items, self._bytes = [], 0

    def _row(self, item: Item) -> dict[str, Any]:
        columns = self._card.columns
        sample = item.sample if self._is_text else {"bytes": item.sample, "path": item.id}
        row = {columns.sample: sample}
        if columns.label is not None:
            row[columns.label] = self._card.label_names[item.label]
        if columns.boxes is not None:
            row[columns.boxes] = spell_annotations(np.array(item.boxes, np.float64).reshape(-1, 4))
        if columns.id is not None:
            row[columns.id] = item.id
        for name in columns.groups[:1]:
            row[name] = item.group
        return row


def write_items(
    card: TaskCard,
    items: Iterable[tuple[SplitName, Item]],
    destination: Path,
    made: Import,
    *,
    force: bool,
) -> KeptSet:
    """Write the items of both splits to the folder ``destination``, and read them back.

    The folder is there whole or not at all; with ``force`` it takes the place of a set that is
    there. Raises ``UsageError`` for a folder that may not be replaced, ``ConfigurationError`` where
    it cannot be written or what was written is not as the task's card has it.
    """
    destination = destination.absolute()
    require_free(destination, force=force)
    try:
        with _beside(destination) as folder:
            _write_splits(card, items, folder)
            kept = _seal(card, folder, made)
            _put(folder, destination)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or destination}: cannot be written: {error.strerror}",
            remedy="free some space, or name another folder",
        ) from None
    return kept


def require_free(destination: Path, *, force: bool) -> None:
    """Refuse a place that is taken; with ``force``, one that is taken by anything but a set."""
    if not destination.exists() or (destination.is_dir() and not any(destination.iterdir())):
        return
    if not force:
        raise UsageError(
            f"{destination}: is there already",
            remedy="name a folder that is not there yet, or replace the set in it with --force",
        )
    kept = said_of(destination) if destination.is_dir() else None
    if kept is None:
        raise UsageError(
            f"{destination}: holds no {SET_FILE}, and only a set that was fetched or imported may "
            "be replaced",
            remedy="name another folder",
        )
    own = {SET_FILE, *(file.name for file in kept.files)}
    other = sorted({path.name for path in destination.iterdir()} - own)
    if other:
        raise UsageError(
            f"{destination}: holds {other[0]}, which is no file of the set in it",
            remedy="name another folder, or move what belongs to no set out of that one",
        )


@contextmanager
def _beside(destination: Path) -> Iterator[Path]:
    """Give a folder beside ``destination`` that is gone again unless it was put there."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    folder = destination.with_name(f".{destination.name}.{secrets.token_hex(4)}.tmp")
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _put(folder: Path, destination: Path) -> None:
    """Give ``folder`` the name ``destination``; what had it goes only when that is done."""
    old = folder.with_suffix(".old")
    if destination.exists():
        destination.rename(old)
    try:
        folder.rename(destination)
    except BaseException:
        if old.exists():
            old.rename(destination)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _write_splits(card: TaskCard, items: Iterable[tuple[SplitName, Item]], folder: Path) -> None:
    writers: dict[SplitName, SplitWriter] = {}
    finished = False
    try:
        for split, item in items:
            if split not in writers:
                writers[split] = SplitWriter(folder / f"{split}.parquet", card)
            writers[split].add(item)
        finished = True
    finally:
        for writer in writers.values():
            writer.close(finish=finished)
    if "test" not in writers:
        raise ConfigurationError(
            "no item is in the test split", remedy="there must be at least one to judge on"
        )


def _seal(card: TaskCard, folder: Path, made: Import) -> KeptSet:
    counted = count_folder(card, folder)
    files = sorted(folder.glob("*.parquet"))
    kept = KeptSet(
        schema=SCHEMA,
        task=card.task.id,
        digest=counted.digest,
        test_items=counted.test_items,
        train_items=counted.train_items,
        files=tuple(
            KeptFile(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path))
            for path in files
        ),
        imported=made,
    )
    write_set(folder, kept)
    return kept


def _schema(card: TaskCard) -> pa.Schema:
    columns = card.columns
    fields = [(columns.sample, pa.string() if card.task.modality == "text" else STORED)]
    others = (columns.label, columns.boxes, columns.id, *columns.groups[:1])
    return pa.schema(fields + [(name, pa.string()) for name in others if name is not None])
