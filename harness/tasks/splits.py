"""Splits over items in memory, and over a part of another split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness.tasks.protocol import Boxes, Item, Sample, Split

BLOCK_ITEMS = 256


class Fingerprinted(Split, Protocol):
    """A split that can tell whether it has a sample in common with another, within this process."""

    @property
    def fingerprints(self) -> npt.NDArray[np.int64]:
        """(n,): see ``fingerprints_of``."""
        ...


class ItemSplit:
    """A ``Split`` over items; ``with_boxes`` where the task looks for an object."""

    def __init__(self, items: Sequence[Item], *, with_boxes: bool = False) -> None:
        self.ids: Sequence[str] = tuple(item.id for item in items)
        self.labels: npt.NDArray[np.int64] = np.array([item.label for item in items], np.int64)
        self.groups: Sequence[str] | None = tuple(item.group for item in items)
        self.boxes: Sequence[Boxes] | None = None
        if with_boxes:
            self.boxes = tuple(np.array(item.boxes, np.float64).reshape(-1, 4) for item in items)
        self._samples: tuple[Sample, ...] = tuple(item.sample for item in items)

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self._samples)

    @property
    def fingerprints(self) -> npt.NDArray[np.int64]:
        """(n,): see ``fingerprints_of``."""
        return fingerprints_of(
            sample.encode() if isinstance(sample, str) else sample for sample in self._samples
        )

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Return the samples at these positions, in this order."""
        numbers = positions.tolist() if isinstance(positions, np.ndarray) else positions
        return [self._samples[number] for number in numbers]  # NumPy's integers index slowly


class Subset:
    """Some items of another ``Split``, which keeps their samples."""

    def __init__(self, whole: Split, positions: npt.NDArray[np.int64]) -> None:
        self._whole = whole
        self._positions = positions
        self.ids: Sequence[str] = tuple(whole.ids[position] for position in positions)
        self.labels: npt.NDArray[np.int64] = whole.labels[positions]
        self.groups: Sequence[str] | None = None
        if whole.groups is not None:
            self.groups = tuple(whole.groups[position] for position in positions)
        self.boxes: Sequence[Boxes] | None = None
        if whole.boxes is not None:
            self.boxes = tuple(whole.boxes[position] for position in positions)

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self._positions)

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Return the samples at these positions, in this order."""
        return self._whole.samples(self._positions[np.asarray(positions, np.int64)])


def without_samples_of(other: Fingerprinted, split: Fingerprinted) -> Split:
    """Return the items of ``split`` whose sample is none of ``other``'s."""
    taken = np.isin(split.fingerprints, other.fingerprints)
    return Subset(split, np.flatnonzero(~taken)) if taken.any() else split


def stream_samples(split: Split) -> Iterator[Sample]:
    """Yield all samples of a split in order, a block at a time."""
    for start in range(0, len(split), BLOCK_ITEMS):
        yield from split.samples(range(start, min(start + BLOCK_ITEMS, len(split))))


def fingerprints_of(contents: Iterable[bytes]) -> npt.NDArray[np.int64]:
    """Return eight bytes a sample: little memory, and where two collide, an item is left out.

    They are Python's own hashes of bytes, whose key is fresh in each process.
    """
    return np.fromiter(map(hash, contents), np.int64)
