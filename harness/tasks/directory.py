"""A data set in a directory: Parquet files of a train and a test split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harness.errors import ConfigurationError
from harness.tasks.card import Columns, TaskCard
from harness.tasks.generator import SplitName
from harness.tasks.tables import Part

NAMES_SHOWN = 8
SHARD = re.compile(r"-(\d+)-of-(\d+)\.parquet$")


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
    """Read the columns that the card names; what is missing is left for ``TableSplit`` to name."""
    return [Part(str(path), _read(path, card.columns)) for path in files]


def _read(path: Path, columns: Columns) -> pa.Table:
    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            named = columns.of(present).named
            if not set(named) <= set(present):  # the schema is enough to say what there is instead
                return file.schema_arrow.empty_table()
            return file.read(columns=named)
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(
            f"{path}: cannot be read as Parquet: {reason}", remedy="write or fetch the file again"
        ) from None


def _require_all_shards(shards: Sequence[Path]) -> None:
    for path in shards:
        numbered = SHARD.search(path.name)
        if numbered and int(numbered[2]) != len(shards):
            raise ConfigurationError(
                f"{path}: one of {int(numbered[2])} shards, and {len(shards)} are here",
                remedy="fetch all of them: results on a part of the data set mean something else",
            )
