"""Make items of an organiser's own files, and say which belong to the train and the test split.

A source is gone through twice: first everything that is wrong with it is found, and how large each
group is; then items are made one at a time, so that a set of any size needs memory for a batch.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import ConfigurationError, UsageError
from harness.tasks.annotations import parse_annotations
from harness.tasks.card import TaskCard
from harness.tasks.generator import SplitName
from harness.tasks.kept import Import, KeptSet
from harness.tasks.listed import Faults, Names, Row, folder_rows, listed_rows
from harness.tasks.protocol import Item
from harness.tasks.tables import spellings_of
from harness.tasks.writing import require_free, write_items

FORMS = ("csv", "jsonl", "folder")
MOST_ITEM_BYTES = 2**31 - 1


@dataclass(frozen=True)
class Halving:
    """How a source that does not say so is split: by whole groups."""

    seed: int = 0
    test_share: float = 0.2
    """1: every item is for the test."""


def import_set(
    card: TaskCard,
    form: str,
    source: Path,
    destination: Path,
    *,
    names: Names,
    halving: Halving | None,
    force: bool,
    public: bool = False,
    on_items: Callable[[int], None] = lambda _: None,
) -> KeptSet:
    """Read ``source``, one of ``FORMS``, into a folder of Parquet; see ``write_items``.

    ``halving``: how it is to be split, where that was asked for. ``public``: whether others have
    the source, so that its labels can be looked up. Raises ``ConfigurationError`` that names
    everything that is wrong with the source, ``UsageError`` for a ``halving`` of one that says how
    it is split.
    """
    require_free(destination.absolute(), force=force)
    reader = _Reader(card, form, source, names)
    groups, says_split = reader.survey()
    if says_split and halving is not None:
        raise UsageError(
            f"{source}: says what is train and what is test; --seed and --test-share would decide "
            "it",
            remedy="leave them out, or import a source that says nothing of splits",
        )
    halving = halving or Halving()
    chosen = set() if says_split else groups_for_test(groups, halving)

    def items() -> Iterator[tuple[SplitName, Item]]:
        for number, (split, item) in enumerate(reader.items(chosen), start=1):
            on_items(number)
            yield split, item

    made = Import(
        form=form,
        public=public,
        seed=None if says_split else halving.seed,
        test_share=None if says_split else halving.test_share,
    )
    return write_items(card, items(), destination, made, force=force)


def groups_for_test(groups: Mapping[str, int], halving: Halving) -> set[str]:
    """Return the groups of the test split: in an order of the seed's, until the share is reached.

    ``groups`` says how many items each has. The last one is in where that comes closer to the
    share. The order is by the SHA-256 of seed and name: the same on every machine, and another for
    every seed.
    """

    def place(group: str) -> bytes:
        return hashlib.sha256(f"{halving.seed}\0{group}".encode()).digest()

    wanted = halving.test_share * sum(groups.values())
    chosen: set[str] = set()
    taken = 0
    for group in sorted(groups, key=place):
        if chosen and taken + groups[group] / 2 > wanted:
            break
        chosen.add(group)
        taken += groups[group]
    return chosen


class _Reader:
    """Goes through a source, as often as it is asked to."""

    def __init__(self, card: TaskCard, form: str, source: Path, names: Names) -> None:
        self._card = card
        self._form = form
        self._source = source
        self._names = names
        self._is_text = card.task.modality == "text"
        self._spellings = spellings_of(card)
        self._home = source if form == "folder" else source.parent

    def survey(self) -> tuple[Counter[str], bool]:
        """Return how many items each group has, and whether the source says which split is whose.

        Raises ``ConfigurationError`` with every fault.
        """
        faults = Faults(self._source)
        groups: Counter[str] = Counter()
        seen: dict[str, str] = {}
        splits = 0
        for number, row in enumerate(self._rows(faults)):
            for found in self._faults(row):
                faults.add(row.where, found)
            item_id = self._id(row, number)
            if item_id in seen:
                faults.add(row.where, f"id {item_id!r} is that of {seen[item_id]}, too")
            seen[item_id] = row.where
            groups[self._group(row, item_id)] += 1
            splits += row.split is not None
        faults.require_none()
        if not seen:
            raise ConfigurationError(
                f"{self._source}: holds no item", remedy="there must be at least one to judge on"
            )
        return groups, splits > 0

    def items(self, chosen: set[str]) -> Iterator[tuple[SplitName, Item]]:
        """Yield every item with its split: what the source says, else by its group."""
        faults = Faults(self._source)  # there are none, unless the source has changed meanwhile
        for number, row in enumerate(self._rows(faults)):
            item_id = self._id(row, number)
            group = self._group(row, item_id)
            is_test = group in chosen if row.split is None else row.split == "test"
            yield "test" if is_test else "train", self._item(row, item_id, group)
        faults.require_none()

    def _rows(self, faults: Faults) -> Iterator[Row]:
        if self._form == "folder":
            return folder_rows(self._card, self._source)
        return listed_rows(self._card, self._source, self._form, self._names, faults)

    def _item(self, row: Row, item_id: str, group: str) -> Item:
        boxes: tuple[tuple[float, float, float, float], ...] = ()
        if self._card.detection is not None:
            boxes = tuple(map(tuple, parse_annotations(row.label).tolist()))
            positive = self._card.positive or 0
            label = positive if boxes else 1 - positive
        else:
            label = self._label(row.label) or 0
        return Item(id=item_id, sample=self._sample(row), label=label, group=group, boxes=boxes)

    def _sample(self, row: Row) -> str | bytes:
        if self._is_text and self._form != "folder":
            return str(row.sample)
        path = self._home / str(row.sample)
        try:
            content = path.read_bytes()
            return content.decode() if self._is_text else content
        except OSError as error:
            raise ConfigurationError(
                f"{row.where}: {path}: cannot be read: {error.strerror}",
                remedy="correct it; nothing was written",
            ) from None
        except UnicodeError as error:
            raise ConfigurationError(
                f"{row.where}: not UTF-8: {error}", remedy="save it as UTF-8; nothing was written"
            ) from None

    def _faults(self, row: Row) -> Iterator[str]:
        yield from self._faults_of_sample(row)
        yield from _faults_of_texts(row)
        if self._card.detection is not None:
            try:
                parse_annotations(row.label)
            except (ValueError, AttributeError) as error:
                found = error if isinstance(error, ValueError) else f"are {row.label!r}, no text"
                yield f"annotations: {found}"
        elif row.label is None and self._form == "folder":
            yield "lies in no folder of a class"
        elif self._label(row.label) is None:
            known = ", ".join(self._card.label_names)
            yield f"label {row.label!r} is no label of {self._card.task.id} ({known})"
        if row.split is not None and row.split not in {"train", "test"}:
            yield f"split is {row.split!r}, neither 'train' nor 'test'"
        if row.split is None and self._names.split is not None:
            yield "says no split"

    def _faults_of_sample(self, row: Row) -> Iterator[str]:
        if not isinstance(row.sample, str):
            yield f"the sample is {row.sample!r}, no text"
            return
        if self._is_text and self._form != "folder":
            return
        path = self._home / row.sample
        try:
            size = path.stat().st_size if row.sample and path.is_file() else None
        except OSError as error:
            yield f"{str(path)!r} cannot be looked at: {error.strerror}"
            return
        if size is None:
            yield f"there is no file {str(path)!r}"
        elif size > MOST_ITEM_BYTES:
            yield f"{path} has {size:,} bytes, and Parquet holds 2 GB an item"

    def _label(self, spelled: Any) -> int | None:  # noqa: ANN401 - whatever JSON holds
        if isinstance(spelled, bool) or not isinstance(spelled, (str, int)):
            return None
        found = self._spellings.get(spelled)
        if found is None and isinstance(spelled, str) and spelled.strip().isdecimal():
            with suppress(ValueError):  # of more digits than Python reads
                found = self._spellings.get(int(spelled))
        return found

    def _id(self, row: Row, number: int) -> str:
        if row.id is not None:
            return str(row.id)
        return str(number) if self._is_text and self._form != "folder" else str(row.sample)

    @staticmethod
    def _group(row: Row, item_id: str) -> str:
        """Return the row's group; what belongs to none stands alone."""
        return item_id if row.group is None else str(row.group)


def _faults_of_texts(row: Row) -> Iterator[str]:
    for name in ("id", "group"):
        value = getattr(row, name)
        if value is not None and (not isinstance(value, (str, int)) or value == ""):
            yield f"{name} is {value!r}: a text or a whole number is wanted"
    for name in ("sample", "id", "group"):
        value = getattr(row, name)
        if isinstance(value, str) and not _is_unicode(value):
            yield f"{name} is {value!r}, which cannot be written as UTF-8"


def _is_unicode(text: str) -> bool:
    """Return whether UTF-8 can hold it: no half of a pair in JSON, no byte of an odd file name."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
