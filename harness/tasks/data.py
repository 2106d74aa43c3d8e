"""The data of one evaluation, in one of three ways: ``sample``, ``hub`` or a directory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import ConfigurationError, UsageError
from harness.records.evaluation import DataReference
from harness.tasks.card import TaskCard
from harness.tasks.digests import data_digest
from harness.tasks.generator import SplitName, TaskCode
from harness.tasks.protocol import Split
from harness.tasks.splits import ItemSplit, without_samples_of

if TYPE_CHECKING:
    from harness.tasks.headers import HeaderLook
    from harness.tasks.spooled import SpooledSplit
    from harness.tasks.tables import Part

WARM_UP_ITEMS = 4_096
"""How many items of a train split are kept, drawn evenly from all: warming up takes far fewer."""


@dataclass(kw_only=True, slots=True)
class LoadedData:
    """What an evaluation runs on; see ``TaskData``."""

    reference: DataReference
    test: Split
    warm_up: Split
    notes: tuple[str, ...] = ()
    """What is to be told of the data, each with its place."""


def load_data(card: TaskCard, code: TaskCode, source: str, seed: int) -> LoadedData:
    """Load a task's data from the source that ``source`` names; see ``Task.load_data``."""
    if source == "sample":
        return _generated(card, code, seed)
    kind, at, revision = source.partition("@")
    if kind == "hub":
        return _from_hub(card, code, revision if at else None, seed)
    directory = Path(source).expanduser()
    if directory.is_dir():
        return _from_directory(card, code, directory, seed)
    raise UsageError(
        f"{card.task.id} has no data source {source!r}, and there is no directory of that name",
        remedy=f"it has: {', '.join(card.data_sources)}",
    )


def _generated(card: TaskCard, code: TaskCode, seed: int) -> LoadedData:
    version = card.sample.generator_version
    test = _generated_split(card, code, seed, "test")
    reference = DataReference(
        source="sample",
        digest=data_digest(test, origin=f"sample generator_version={version} seed={seed}"),
        items=len(test),
        public=True,
        seed=seed,
        generator_version=version,
    )
    train = _generated_split(card, code, seed, "train")
    return LoadedData(reference=reference, test=test, warm_up=without_samples_of(test, train))


def _generated_split(card: TaskCard, code: TaskCode, seed: int, name: SplitName) -> ItemSplit:
    return ItemSplit(code.generate(seed, name), with_boxes=card.detection is not None)


def _from_hub(card: TaskCard, code: TaskCode, asked: str | None, seed: int) -> LoadedData:
    from harness.tasks.hub import pinned_revision, read_hub  # noqa: PLC0415 - heavy

    hub, revision = pinned_revision(card, asked)
    train, test = read_hub(card, hub, revision)
    read = _read_test(card, [test], [train], test.where)
    reference = DataReference(
        source="hub",
        digest=read.digest,
        items=len(read.split),
        public=True,
        hub_id=hub.id,
        revision=revision,
        unreadable=read.look.unreadable,
    )
    return _loaded(card, code, reference, read, train=[train], seed=seed)


def _from_directory(card: TaskCard, code: TaskCode, directory: Path, seed: int) -> LoadedData:
    from harness.tasks.directory import data_folder, read_parts, split_files  # noqa: PLC0415 - heavy

    folder = data_folder(directory, card.task.id)
    test = read_parts(split_files(folder, "test"), card)
    train = read_parts(split_files(folder, "train"), card)
    read = _read_test(card, test, train, folder)
    reference = DataReference(
        source="directory",
        digest=read.digest,
        items=len(read.split),
        public=False,
        unreadable=read.look.unreadable,
    )
    return _loaded(card, code, reference, read, train=train, seed=seed)


@dataclass(frozen=True)
class _Read:
    """A test split, and what was seen of it on the way."""

    split: SpooledSplit
    digest: str
    look: HeaderLook


def _read_test(card: TaskCard, test: Sequence[Part], train: Sequence[Part], where: object) -> _Read:
    """Read the test split; what the files of both splits lack by their schemas is said first."""
    from harness.tasks.headers import HeaderLook  # noqa: PLC0415 - heavy
    from harness.tasks.spooled import RowsDigest, SpooledSplit  # noqa: PLC0415 - heavy
    from harness.tasks.tables import Rows, require_columns  # noqa: PLC0415 - heavy

    for part in (*test, *train):
        require_columns(part, card)
    digest = RowsDigest()
    look = HeaderLook(card.task.modality, card.columns.sample)

    def see(rows: Rows) -> None:
        digest.see(rows)
        look.see(rows)

    split = SpooledSplit(test, card, see=see)
    if not len(split):
        raise ConfigurationError(
            f"{where}: the test split has no rows", remedy="there must be at least one to judge on"
        )
    return _Read(split, digest.hexdigest(), look)


def _loaded(
    card: TaskCard,
    code: TaskCode,
    reference: DataReference,
    read: _Read,
    *,
    train: Sequence[Part],
    seed: int,
) -> LoadedData:
    """Add the warm-up: what of the train split is not in the test; else generated items."""
    from harness.tasks.spooled import SpooledSplit  # noqa: PLC0415 - heavy

    fresh = without_samples_of(read.split, SpooledSplit(train, card, at_most=WARM_UP_ITEMS))
    warm_up = fresh if len(fresh) else _generated_split(card, code, seed, "train")
    notes = (read.look.told(),) if read.look.unreadable else ()
    return LoadedData(reference=reference, test=read.split, warm_up=warm_up, notes=notes)
