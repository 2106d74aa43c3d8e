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
from harness.tasks.kept import half_of, named_folder, read_set, require_as_kept
from harness.tasks.protocol import Split
from harness.tasks.splits import ItemSplit, without_samples_of

if TYPE_CHECKING:
    from harness.tasks.headers import HeaderLook
    from harness.tasks.spooled import SpooledSplit
    from harness.tasks.tables import Part

WARM_UP_ITEMS = 4_096
"""How many items of a train split are kept, drawn evenly from all: warming up takes far fewer."""


@dataclass(kw_only=True, slots=True)
class LoadedTest:
    """What quality is of, and nothing to warm up with: for who runs nothing."""

    reference: DataReference
    test: Split


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
    reference, read = _read(card, source)
    return _loaded(card, code, reference, read, seed)


def load_test(card: TaskCard, code: TaskCode, source: str, seed: int) -> LoadedTest:
    """Load the test items of a source: no others are generated, or read."""
    if source == "sample":
        test = _generated_split(card, code, seed, "test")
        return LoadedTest(reference=_of_sample(card, test, seed), test=test)
    reference, read = _read(card, source)
    return LoadedTest(reference=reference, test=read.test)


def _read(card: TaskCard, source: str) -> tuple[DataReference, _Read]:
    """Read the test items of a source that is a folder of Parquet."""
    kind, at, revision = source.partition("@")
    if kind == "hub":
        return _from_hub(card, revision if at else None)
    directory = named_folder(source)
    if directory.is_dir():
        return _from_directory(card, directory)
    half = half_of(directory)
    if half is not None:
        raise ConfigurationError(
            f"{directory}: is only half fetched: {half.told}",
            remedy=f"run python -m harness data fetch {card.task.id} --revision {half.revision} "
            f"--to {directory}",
        )
    raise UsageError(
        f"{card.task.id} has no data source {source!r}, and there is no directory of that name",
        remedy=f"it has: {', '.join(card.data_sources)}",
    )


def source_folder(card: TaskCard, source: str) -> Path | None:
    """Return the folder of Parquet that ``source`` names; ``None`` where it names none that is."""
    if source == "sample":
        return None
    kind, at, revision = source.partition("@")
    if kind == "hub":
        from harness.tasks.hub import fetched_set, pinned_revision  # noqa: PLC0415 - seldom

        return fetched_set(card, *pinned_revision(card, revision if at else None))[0]
    directory = named_folder(source)
    if not directory.is_dir():
        return None
    from harness.tasks.directory import data_folder  # noqa: PLC0415 - heavy

    return data_folder(directory, card.task.id)


def load_split(card: TaskCard, code: TaskCode, source: str, seed: int, name: SplitName) -> Split:
    """Load the whole of one split of a source, whatever the other is; train may be empty."""
    folder = source_folder(card, source)
    if folder is None:
        return _generated_split(card, code, seed, name)
    from harness.tasks.spooled import SpooledSplit  # noqa: PLC0415 - heavy

    return SpooledSplit(_parts_of(card, folder, name), card)


def _generated(card: TaskCard, code: TaskCode, seed: int) -> LoadedData:
    test = _generated_split(card, code, seed, "test")
    train = _generated_split(card, code, seed, "train")
    warm_up = without_samples_of(test, train)
    return LoadedData(reference=_of_sample(card, test, seed), test=test, warm_up=warm_up)


def _of_sample(card: TaskCard, test: ItemSplit, seed: int) -> DataReference:
    version = card.sample.generator_version
    return DataReference(
        source="sample",
        digest=data_digest(test, origin=f"sample generator_version={version} seed={seed}"),
        items=len(test),
        public=True,
        seed=seed,
        generator_version=version,
    )


def _generated_split(card: TaskCard, code: TaskCode, seed: int, name: SplitName) -> ItemSplit:
    return ItemSplit(code.generate(seed, name), with_boxes=card.detection is not None)


def _from_hub(card: TaskCard, asked: str | None) -> tuple[DataReference, _Read]:
    from harness.tasks.hub import fetched_set, pinned_revision, require_pinned  # noqa: PLC0415

    hub, revision = pinned_revision(card, asked)
    folder, kept = fetched_set(card, hub, revision)
    read = _read_folder(card, folder)
    reference = DataReference(
        source="hub",
        digest=read.digest,
        items=len(read.test),
        public=True,
        hub_id=hub.id,
        revision=revision,
        unreadable=read.look.unreadable,
    )
    require_pinned(card, revision, reference.digest)
    require_as_kept(folder, kept, reference.digest)
    return reference, read


def _from_directory(card: TaskCard, directory: Path) -> tuple[DataReference, _Read]:
    from harness.tasks.directory import data_folder  # noqa: PLC0415 - heavy

    folder = data_folder(directory, card.task.id)
    kept = read_set(folder)
    read = _read_folder(card, folder)
    reference = DataReference(
        source="directory",
        digest=read.digest,
        items=len(read.test),
        public=kept is not None and kept.public,
        unreadable=read.look.unreadable,
    )
    require_as_kept(folder, kept, reference.digest)
    return reference, read


@dataclass(frozen=True)
class _Read:
    """A test split, what was seen of it on the way, and where the train split is to be read."""

    test: SpooledSplit
    digest: str
    look: HeaderLook
    train: Sequence[Part]


def _read_folder(card: TaskCard, folder: Path) -> _Read:
    """Read the test split; what the files of both splits lack by their schemas is said first."""
    from harness.tasks.headers import HeaderLook  # noqa: PLC0415 - heavy
    from harness.tasks.spooled import RowsDigest, SpooledSplit  # noqa: PLC0415 - heavy
    from harness.tasks.tables import Rows  # noqa: PLC0415 - heavy

    train, parts = _parts(card, folder)
    digest = RowsDigest()
    look = HeaderLook(card.task.modality, card.columns.sample)

    def see(rows: Rows) -> None:
        digest.see(rows)
        look.see(rows)

    test = SpooledSplit(parts, card, see=see)
    _require_items(len(test), folder)
    return _Read(test, digest.hexdigest(), look, train)


def _loaded(
    card: TaskCard, code: TaskCode, reference: DataReference, read: _Read, seed: int
) -> LoadedData:
    """Add the warm-up: what of the train split is not in the test; else generated items."""
    from harness.tasks.spooled import SpooledSplit  # noqa: PLC0415 - heavy

    fresh = without_samples_of(read.test, SpooledSplit(read.train, card, at_most=WARM_UP_ITEMS))
    warm_up = fresh if len(fresh) else _generated_split(card, code, seed, "train")
    notes = (read.look.told(),) if read.look.unreadable else ()
    return LoadedData(reference=reference, test=read.test, warm_up=warm_up, notes=notes)


@dataclass(frozen=True)
class Counted:
    """What a folder of Parquet holds."""

    digest: str
    """Of the test items."""
    train_items: int
    test_items: int


def count_folder(card: TaskCard, folder: Path) -> Counted:
    """Read both splits of a folder of Parquet, and check every row; no sample is kept."""
    from harness.tasks.spooled import RowsDigest, read_through  # noqa: PLC0415 - heavy

    train, test = _parts(card, folder)
    digest = RowsDigest()
    test_items = read_through(test, card, digest.see)
    _require_items(test_items, folder)
    return Counted(digest.hexdigest(), read_through(train, card), test_items)


def _parts(card: TaskCard, folder: Path) -> tuple[Sequence[Part], Sequence[Part]]:
    """Open the files of train and test, and see that they have the columns."""
    test = _parts_of(card, folder, "test")
    return _parts_of(card, folder, "train"), test


def _parts_of(card: TaskCard, folder: Path, name: SplitName) -> Sequence[Part]:
    from harness.tasks.directory import read_parts, split_files  # noqa: PLC0415 - heavy
    from harness.tasks.tables import require_columns  # noqa: PLC0415 - heavy

    parts = read_parts(split_files(folder, name), card)
    require_columns(parts, card)
    return parts


def _require_items(count: int, where: object) -> None:
    if not count:
        raise ConfigurationError(
            f"{where}: the test split has no rows", remedy="there must be at least one to judge on"
        )
