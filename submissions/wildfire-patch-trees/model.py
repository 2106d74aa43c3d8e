"""Frames told apart by their patches: smoke is a soft, pale, grey patch where edges are missing.

A frame is decoded at half its resolution, which a JPEG decoder gives for a fraction of the cost,
and cut into patches. Trees score each patch by what is in it and by how it differs from those
around it; the frame's score comes from its smokiest patches.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

WIDTH, HEIGHT = 128, 96
PATCH = 8
ROWS, COLUMNS = HEIGHT // PATCH, WIDTH // PATCH
TREE_DEPTH = 4
STEEP = 24.0
"""The least change of luma, from one pixel to the next, that counts as an edge."""
FEW = 4
"""How many of the numbers of a patch are held against those above, below and in its row."""
SMOKIEST = (1, 4, 12)
"""The mean score of so many patches goes into the score of the frame."""

Numbers = npt.NDArray[np.float32]


def decode(samples: list[bytes]) -> npt.NDArray[np.uint8]:
    """Return (n, 96, 128, 3) luma and chromas; a frame that cannot be decoded is black."""
    frames = np.zeros((len(samples), HEIGHT, WIDTH, 3), dtype=np.uint8)
    for frame, sample in zip(frames, samples, strict=True):
        try:
            with Image.open(io.BytesIO(sample)) as image:
                image.draft("YCbCr", (WIDTH, HEIGHT))
                picture = image if image.mode == "YCbCr" else image.convert("YCbCr")
                if picture.size != (WIDTH, HEIGHT):
                    picture = picture.resize((WIDTH, HEIGHT))
                frame[:] = np.asarray(picture)
        except Exception:  # noqa: BLE001, S112 - Pillow raises whatever a broken file made it run into
            continue
    return frames


def features(frames: npt.NDArray[np.uint8]) -> Numbers:
    """Describe each patch of (n, 96, 128, 3) pixels: (n, 12, 16, 27) numbers."""
    pixels = frames.astype(np.float32)
    luma = pixels[..., 0]
    along = np.abs(np.diff(luma, axis=2, append=luma[:, :, -1:]))
    down = np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))
    means = [_pooled(plane) for plane in (luma, pixels[..., 1], pixels[..., 2], along, down)]
    spread = np.sqrt(np.maximum(_pooled(luma * luma) - means[0] * means[0], 0.0))
    edges = _pooled((along + down > STEEP).astype(np.float32))
    here = np.stack([*means, spread, edges], axis=-1)
    place = np.empty((*here.shape[:3], 1), np.float32)
    place[..., 0] = np.arange(ROWS, dtype=np.float32)[:, np.newaxis]
    return np.concatenate([here, place, *_around(here)], axis=-1)


def _pooled(plane: Numbers) -> Numbers:
    """Return the mean of each patch."""
    pooled: Numbers = plane.reshape(len(plane), ROWS, PATCH, COLUMNS, PATCH).mean(axis=(2, 4))
    return pooled


def _around(here: Numbers) -> list[Numbers]:
    """Return how each patch differs: from those beside it, above it and below it, and its row."""
    padded = np.pad(here, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    beside = (padded[:, 2:-2, :-4] + padded[:, 2:-2, 4:]) / 2
    above, below = padded[:, :-4, 2:-2], padded[:, 4:, 2:-2]
    row = here.mean(axis=2, keepdims=True)
    first = here[..., :FEW]
    return [
        here - beside,
        first - above[..., :FEW],
        first - below[..., :FEW],
        first - row[..., :FEW],
    ]


class Trees:
    """A sum of complete binary trees, stored level by level: node i has 2 i + 1 and 2 i + 2."""

    def __init__(
        self,
        feature: npt.NDArray[np.int64],
        threshold: Numbers,
        leaf: Numbers,
    ) -> None:
        self._feature = feature
        """(trees, 15): which number a node asks about."""
        self._threshold = threshold
        """(trees, 15): up to here to the left."""
        self._leaf = leaf
        """(trees, 16): what each leaf adds to the score."""

    def scores(self, described: Numbers) -> Numbers:
        """Return (n,) log-odds of (n, features)."""
        total = np.zeros(len(described), np.float32)
        row = np.arange(len(described))
        for feature, threshold, leaf in zip(
            self._feature, self._threshold, self._leaf, strict=True
        ):
            node = np.zeros(len(described), np.int64)
            for _ in range(TREE_DEPTH):
                node = 2 * node + 1 + (described[row, feature[node]] > threshold[node])
            total += leaf[node - len(feature)]
        return total


def summary(scores: Numbers) -> npt.NDArray[np.float64]:
    """Return (n, 6): means of the smokiest of (n, 12, 16) patches, as they are and smoothed."""
    padded = np.pad(scores, ((0, 0), (1, 1), (1, 1)), mode="edge")
    smooth = sum(
        padded[:, down : down + ROWS, along : along + COLUMNS]
        for down in range(3)
        for along in range(3)
    )
    columns = []
    for field in (scores, np.asarray(smooth) / 9):
        falling = -np.sort(-field.reshape(len(field), ROWS * COLUMNS).astype(np.float64), axis=1)
        columns += [falling[:, :count].mean(axis=1) for count in SMOKIEST]
    return np.stack(columns, axis=1)


class PatchTrees:
    """The entry's model."""

    def __init__(self, trees: Trees, weights: npt.NDArray[np.float64]) -> None:
        self._trees = trees
        self._weights = weights
        """(7,): what each number of the summary counts for, and a constant."""

    def predict(self, samples: list[bytes]) -> npt.NDArray[np.float32]:
        """Return (n,): how likely each frame shows smoke."""
        described = features(decode(samples))
        patches = self._trees.scores(described.reshape(-1, described.shape[-1]))
        odds = summary(patches.reshape(-1, ROWS, COLUMNS)) @ self._weights[:-1] + self._weights[-1]
        return (1 / (1 + np.exp(-np.clip(odds, -30, 30)))).astype(np.float32)


def load(directory: Path) -> PatchTrees:
    """Read what ``train.py`` wrote."""
    with np.load(directory / "trees.npz", allow_pickle=False) as stored:
        trees = Trees(stored["feature"], stored["threshold"], stored["leaf"])
        return PatchTrees(trees, stored["weights"])
