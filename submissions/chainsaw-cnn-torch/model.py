"""A small convolutional network over the log-mel spectrum of a clip."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path

# Before NumPy is imported: the threads that its matrix products start cost more than they save.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt
import torch
from audio import FRAMES, WINDOW, decode, fit, log_mel, mel_filters
from safetensors.torch import load_file
from torch import Tensor, nn

MELS = 64
HOP = 512
WINDOWS = (FRAMES - WINDOW) // HOP + 1
WIDTHS = (1, 12, 24, 32, 32)
"""Channels: of the spectrum, and after each convolution."""
LABELS = 2


class Network(nn.Module):
    """From spectra (n, 1, 69, 64) to one score for each label.

    Three convolutions, each followed by a pooling by two, and a fourth; then the mean over time,
    which keeps what stands at which pitch. ``train.py`` has folded the normalisation into them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in pairwise(WIDTHS)
        )
        self.linear = nn.Linear(WIDTHS[-1] * (MELS // 8), LABELS)

    def forward(self, spectra: Tensor) -> Tensor:
        """Return scores (n, 2); not probabilities."""
        found = spectra
        for number, convolution in enumerate(self.convolutions):
            found = torch.relu(convolution(found))
            if number < len(self.convolutions) - 1:
                found = nn.functional.max_pool2d(found, 2)
        scores: Tensor = self.linear(found.mean(dim=2).flatten(1))
        return scores


def spectra(
    samples: list[bytes], filters: npt.NDArray[np.float32]
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Return (n, 1, 69, 64), each of mean 0, and (n,): which clips have sound."""
    made = np.zeros((len(samples), 1, WINDOWS, MELS), np.float32)
    heard = np.zeros(len(samples), np.bool_)
    for number, sample in enumerate(samples):
        signal = decode(sample)
        if signal.size:
            bands = log_mel(fit(signal), filters, HOP)
            made[number, 0] = bands - bands.mean()
            heard[number] = True
    return made, heard


class Classifier:
    """The entry's model."""

    def __init__(self, network: Network, silent: int) -> None:
        self._network = network.eval()
        self._silent = silent
        """The label of a clip without a frame, or that cannot be decoded."""
        self._filters = mel_filters(MELS)

    def predict(self, samples: list[bytes]) -> npt.NDArray[np.float32]:
        """Return scores (n, 2)."""
        if not samples:
            return np.zeros((0, LABELS), np.float32)
        made, heard = spectra(samples, self._filters)
        with torch.inference_mode():
            scores: npt.NDArray[np.float32] = self._network(torch.from_numpy(made)).numpy()
        scores[~heard] = np.eye(LABELS, dtype=np.float32)[self._silent]
        return scores


def load(directory: Path) -> Classifier:
    """Read the weights that ``train.py`` wrote; they are stored in half precision."""
    torch.set_num_threads(1)  # a second core would be paid for, and saves little
    stored = load_file(directory / "weights.safetensors")
    silent = int(stored.pop("silent"))
    network = Network()
    network.load_state_dict(stored)
    return Classifier(network, silent)
