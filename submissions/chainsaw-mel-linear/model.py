"""Clips told apart by how strong each mel band is, and how much that varies: a linear model."""

from __future__ import annotations

import os
from pathlib import Path

# Before NumPy is imported: the threads that its matrix products start cost more than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
from audio import decode, log_mel, mel_filters

MELS = 40
HOP = 1_024
"""Windows do not overlap: half the work, and the statistics are about the same."""
CHAINSAW, ENVIRONMENT = 0, 1


def features(samples: list[bytes], filters: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Describe n clips by (n, 80) numbers; NaN for a clip in which there is nothing to hear."""
    described = np.full((len(samples), 2 * MELS), np.nan, np.float32)
    for row, sample in zip(described, samples, strict=True):
        signal = decode(sample)
        if signal.size:
            bands = log_mel(signal, filters, HOP)
            row[:MELS] = bands.mean(axis=0)
            row[MELS:] = bands.std(axis=0)
            row[:MELS] -= row[:MELS].mean()  # how loud the clip is says nothing
    return described


class MelLinear:
    """The entry's model."""

    def __init__(self, weights: npt.NDArray[np.float32], bias: float, silent: int) -> None:
        self._filters = mel_filters(MELS)
        self._weights = weights
        """(80,)"""
        self._bias = bias
        self._silent = silent
        """The label of a clip without a frame, or that cannot be decoded."""

    def predict(self, samples: list[bytes]) -> npt.NDArray[np.int64]:
        """Return (n,) labels."""
        described = features(samples, self._filters)
        labels = (described @ self._weights + self._bias > 0).astype(np.int64)
        labels[np.isnan(described[:, 0])] = self._silent
        return labels


def load(directory: Path) -> MelLinear:
    """Read the weights that ``train.py`` wrote."""
    with np.load(directory / "linear.npz", allow_pickle=False) as stored:
        return MelLinear(stored["weights"], float(stored["bias"]), int(stored["silent"]))
