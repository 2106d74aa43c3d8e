"""A small convolutional network over the pixels of a tile.

Four layers of 3 x 3 filters, each halving the picture; what is left is averaged and its strongest
answers taken, so that a road counts wherever it runs. Training normalises after each layer;
``train.py`` works that into the filters, so that here it costs nothing.
"""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

SIZE = 64
CHANNELS = (3, 16, 32, 64, 64)
LABELS = 2


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


class Network(nn.Module):
    """From pixels to one score for each label; ``norms`` while it is trained."""

    def __init__(self, *, norms: bool = False) -> None:
        super().__init__()
        self.filters = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(CHANNELS))
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(channels) if norms else nn.Identity() for channels in CHANNELS[1:]
        )
        self.head = nn.Linear(2 * CHANNELS[-1], LABELS)

    def forward(self, tiles: Tensor) -> Tensor:
        """Return scores (n, 2) of tiles (n, 64, 64, 3) in 0 to 255."""
        seen = tiles.permute(0, 3, 1, 2).float() / 255 - 0.5
        for filters, norm in zip(self.filters, self.norms, strict=True):
            seen = functional.relu(functional.max_pool2d(norm(filters(seen)), 2))
        scores: Tensor = self.head(torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], dim=1))
        return scores


class Classifier:
    """The entry's model."""

    def __init__(self, network: Network) -> None:
        self._network = network.eval()

    def predict(self, samples: list[bytes]) -> Tensor:
        """Return scores (n, 2), float32; not probabilities."""
        with torch.inference_mode():
            scores: Tensor = self._network(torch.from_numpy(decode(samples)))
        return scores


def load(directory: Path) -> Classifier:
    """Read the weights that ``train.py`` wrote; they are stored in half precision."""
    torch.set_num_threads(1)  # the work of a batch is too small to share
    network = Network()
    network.load_state_dict(load_file(directory / "weights.safetensors"))
    return Classifier(network.to(memory_format=torch.channels_last))  # as tiles are stored: quicker
