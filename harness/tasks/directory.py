"""A data set in a directory: Parquet files of a train and a test split."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import ConfigurationError
from harness.tasks.card import TaskCard
from harness.tasks.class_names import class_names
from harness.tasks.generator import SplitName
from harness.tasks.tables import Part

NAMES_SHOWN = 8
SHARD = re.compile(r"-(\d+)-of-(\d+)(?:-[0-9a-f]+)?\.parquet$")
"""With the digest that ``datasets`` used to put behind the numbers."""
POINTER = b"version https://git-lfs"
"""How the files begin that Git leaves in place of large ones."""
BATCH_BYTES = 4 * 2**20
"""About how many bytes of samples a batch has, where they are of even size."""
BATCH_ROWS = 1024
"""At most: in a set of short texts a few can be long."""
BUFFER_BYTES = 2**20
"""How much of a column is read at a time; without a buffer, all that a row group has of it."""


def data_folder(directory: Path, task_id: str) -> Path:
    """Return the folder that holds the task's test split: ``directory`` or its own one inside."""
    try:
        for folder in (directory, directory / task_id):
            if split_files(folder, "test"):
                return folder
        found = sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise ConfigurationError(
            f"{directory}: cannot be read: {error.strerror}", remedy="correct its permissions"
        ) from None
    shown = ", ".join(found[:NAMES_SHOWN]) + (" …" if len(found) > NAMES_SHOWN else "")
    raise ConfigurationError(
        f"{directory}: no test.parquet and no test-*.parquet, here or in {task_id}/; "
        f"it holds {shown or 'nothing'}",
        remedy="name a directory with the splits as Parquet, in the columns of the task's hub data",
    )


def split_files(folder: Path, split: SplitName) -> list[Path]:
    """Return the files of a split, in the order of their names; none where it is absent."""
    whole, shards = folder / f"{split}.parquet", sorted(folder.glob(f"{split}-*.parquet"))
    if whole.is_dir():
        raise ConfigurationError(
            f"{whole}: is a folder, and is read as one file",
            remedy=f"move the files in it beside it, as {split}-00000-of-00001.parquet and so on, "
            "and remove the folder",
        )
    if not whole.is_file():
        _require_all_shards(shards)
        return shards
    if shards:
        raise ConfigurationError(
            f"{folder}: holds both {whole.name} and {shards[0].name}",
            remedy="keep the one file or the shards: both would count items twice",
        )
    return [whole]


def read_parts(files: Sequence[Path], card: TaskCard) -> list[Part]:
    """Open the files and read what they say of themselves; the rows are read when asked for."""
    return [_part(path, card) for path in files]


def _part(path: Path, card: TaskCard) -> Part:
    with _naming(path), pq.ParquetFile(path) as file:
        columns = list(file.schema_arrow.names)
        rows = int(file.metadata.num_rows)
        sample_bytes = _sample_bytes(file.metadata, card.columns.sample)
        classes = class_names(file.schema_arrow.metadata or {}, card.columns.label)
        ids = card.columns.id
        unnamed = (
            ids is not None
            and ids in columns
            and _is_null_throughout(file, columns.index(ids), ids)
        )
    at_once = BATCH_ROWS
    if sample_bytes:
        at_once = max(1, min(BATCH_ROWS, BATCH_BYTES * rows // sample_bytes))
    # Every column that may hold groups: which one does is settled by the first part of a split.
    wanted = [name for name in card.columns.named if name in columns]
    read = partial(_read, path, wanted, at_once)
    return Part(str(path), columns, rows, sample_bytes, read, unnamed, classes)


def _read(path: Path, columns: list[str], at_once: int) -> Iterator[Any]:
    with (
        _naming(path),
        pq.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER_BYTES) as file,
    ):
        yield from file.iter_batches(at_once, columns=columns, use_threads=False)


def _is_null_throughout(file: Any, place: int, column: str) -> bool:  # noqa: ANN401 - of pyarrow
    """Say whether no row of a column has a value, by its type or by what the file counted."""
    if pa.types.is_null(file.schema_arrow.field(place).type):
        return True
    groups = [file.metadata.row_group(number) for number in range(file.metadata.num_row_groups)]
    chunks = (group.column(number) for group in groups for number in range(group.num_columns))
    counted = [(c.num_values, c.statistics) for c in chunks if c.path_in_schema == column]
    return bool(counted) and all(
        found is not None and found.has_null_count and found.null_count == rows
        for rows, found in counted
    )


def _sample_bytes(metadata: Any, column: str) -> int:  # noqa: ANN401 - pyarrow has no types
    """Add up what the samples take before compression; of a struct, only its ``bytes``."""
    leaves = (column, f"{column}.bytes")
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    chunks = (group.column(number) for group in groups for number in range(group.num_columns))
    return sum(int(c.total_uncompressed_size) for c in chunks if c.path_in_schema in leaves)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file in whatever reading it gives."""
    try:
        yield
    except (OSError, pa.ArrowException) as error:
        if _is_pointer(path):
            raise ConfigurationError(
                f"{path}: is a pointer of Git LFS, not the file that it stands for",
                remedy="fetch the file: git lfs pull",
            ) from None
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigurationError(
            f"{path}: cannot be read as Parquet: {reason}", remedy="write or fetch the file again"
        ) from None


def _is_pointer(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False


def _require_all_shards(shards: Sequence[Path]) -> None:
    """Refuse a split of which some shards are not here, by the numbers in their names."""
    numbered = [(path, found) for path in shards if (found := SHARD.search(path.name))]
    here: dict[int, Path] = {}
    for path, found in numbered:
        twin = here.setdefault(int(found[1]), path)
        if twin is not path:
            raise ConfigurationError(
                f"{path}: has the number of {twin.name}",
                remedy="keep the one or the other: both may hold the same items",
            )
    other = next((path for path in shards if path not in here.values()), None)
    if here and other is not None:
        raise ConfigurationError(
            f"{other.parent}: holds both {numbered[0][0].name} and {other.name}",
            remedy="keep the numbered shards or the others: both may hold the same items",
        )
    for path, found in numbered:
        count, first = int(found[2]), min(here)
        if (len(here), max(here)) != (count, first + count - 1) or first > 1:
            lacking = islice((n for n in range(count) if n not in here), NAMES_SHOWN)
            named = ", ".join(map(str, lacking))
            raise ConfigurationError(
                f"{path}: one of {count} shards, and {len(here)} are here"
                + (f"; missing: {named}" if named else ""),
                remedy="fetch all of them: results on a part of the data set mean something else",
            )
