"""Tiles told apart by their colours and by the directions that the edges of bare soil take.

People's clearings have straight sides at right angles, nature's have sides in every direction.
With the angle a of the edge at each pixel, the mean of exp(i k a) is long where directions repeat
every 360/k degrees; its length does not change when the tile is turned.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

SIZE = 64
TREE_DEPTH = 3
EDGE = 48.0
"""The least gradient that counts as an edge: of red less green, summed over 2 x 2 pixels."""
BINS = 16
_TINY = 1e-3


def decode(samples: list[bytes]) -> npt.NDArray[np.uint8]:
    """Return (n, 64, 64, 3) RGB pixels; a tile that cannot be decoded is black."""
    tiles = np.zeros((len(samples), SIZE, SIZE, 3), dtype=np.uint8)
    for tile, sample in zip(tiles, samples, strict=True):
        try:
            with Image.open(io.BytesIO(sample)) as image:
                picture = image.convert("RGB")
                if picture.size != (SIZE, SIZE):
                    picture = picture.resize((SIZE, SIZE))
                tile[:] = np.asarray(picture)
        except Exception:  # noqa: BLE001, S112 - Pillow raises whatever a broken file made it run into
            continue
    return tiles


def features(tiles: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Describe (n, 64, 64, 3) pixels by (n, 41) numbers."""
    pixels = tiles.reshape(len(tiles), SIZE * SIZE, 3)
    green = pixels[..., 1].astype(np.int16)
    redness = pixels[..., 0] - green  # soil is redder than leaves, whatever the light
    parts = [
        pixels.mean(axis=1, dtype=np.float64),
        _histograms((redness + 64) >> 3),
        _histograms(green >> 4),
        _edges(redness.reshape(-1, SIZE, SIZE).astype(np.float32)),
    ]
    return np.hstack(parts).astype(np.float32)


def _histograms(bins: npt.NDArray[np.int16]) -> npt.NDArray[np.int64]:
    """Count, for each row of (n, pixels), the pixels in each of 16 bins."""
    tiles = len(bins)
    numbered = np.clip(bins, 0, BINS - 1) + np.arange(tiles)[:, None] * BINS
    return np.bincount(numbered.ravel(), minlength=tiles * BINS).reshape(tiles, BINS)


def _edges(field: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return (n, 6): count and strength of edge pixels; length of the mean, k = 2, 4, 8, 16."""
    tiles = len(field)
    smooth = field[:, :-1, :-1] + field[:, 1:, :-1] + field[:, :-1, 1:] + field[:, 1:, 1:]
    gradient = np.empty((tiles, SIZE - 3, SIZE - 3), dtype=np.complex64)
    gradient.real = smooth[:, 1:-1, 2:] - smooth[:, 1:-1, :-2]
    gradient.imag = smooth[:, 2:, 1:-1] - smooth[:, :-2, 1:-1]
    strength = np.abs(gradient)
    edge = strength > EDGE
    owner = np.nonzero(edge)[0]
    strength = strength[edge]
    turning = gradient[edge] / strength
    total = np.bincount(owner, strength, tiles)
    columns = [np.bincount(owner, minlength=tiles).astype(np.float64), total]
    for _ in range(4):
        turning = turning * turning
        weighted = strength * turning
        x = np.bincount(owner, weighted.real, tiles)
        y = np.bincount(owner, weighted.imag, tiles)
        columns.append(np.hypot(x, y) / (total + _TINY))
    return np.stack(columns, axis=1)


class Trees:
    """A sum of complete binary trees, stored level by level: node i has 2 i + 1 and 2 i + 2."""

    def __init__(
        self,
        feature: npt.NDArray[np.int64],
        threshold: npt.NDArray[np.float64],
        leaf: npt.NDArray[np.float64],
    ) -> None:
        self._feature = feature
        """(trees, 7): which number a node asks about."""
        self._threshold = threshold
        """(trees, 7): up to here to the left."""
        self._leaf = leaf
        """(trees, 8): what each leaf adds to the score."""

    def scores(self, described: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Return (n,) log-odds of the tile being cleared."""
        tree = np.arange(len(self._feature))
        node = np.zeros((len(described), len(tree)), dtype=np.int64)
        row = np.arange(len(described))[:, None]
        for _ in range(TREE_DEPTH):
            right = described[row, self._feature[tree, node]] > self._threshold[tree, node]
            node = 2 * node + 1 + right
        score: npt.NDArray[np.float64] = self._leaf[tree, node - self._feature.shape[1]].sum(axis=1)
        return score


class ColourTrees:
    """The entry's model."""

    def __init__(self, trees: Trees) -> None:
        self._trees = trees

    def predict(self, samples: list[bytes]) -> npt.NDArray[np.int64]:
        """Return (n,) labels: 1 where the tile is likelier cleared than not."""
        scores = self._trees.scores(features(decode(samples)))
        return (scores > 0).astype(np.int64)


def load(directory: Path) -> ColourTrees:
    """Read the trees that ``train.py`` wrote."""
    with np.load(directory / "trees.npz", allow_pickle=False) as stored:
        return ColourTrees(Trees(stored["feature"], stored["threshold"], stored["leaf"]))
