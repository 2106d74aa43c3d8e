"""A split whose items are in memory as they were generated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.tasks.protocol import Item, Sample


class ItemSplit:
    """A ``Split`` over items."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.ids: Sequence[str] = tuple(item.id for item in items)
        self.labels: npt.NDArray[np.int64] = np.array([item.label for item in items], np.int64)
        self.groups: Sequence[str] | None = tuple(item.group for item in items)
        self._samples: tuple[Sample, ...] = tuple(item.sample for item in items)

    def __len__(self) -> int:
        """Return how many items there are."""
        return len(self._samples)

    def samples(self, positions: Sequence[int] | npt.NDArray[np.int64]) -> list[Sample]:
        """Return the samples at these positions, in this order."""
        return [self._samples[position] for position in positions]
