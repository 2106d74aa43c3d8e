"""The first blocks of EfficientNet-Lite0, trained on photographs and left as they are, and a head.

What the early blocks look for (edges, textures, and how they meet) is found in tiles as well as in
photographs; what the late ones know is what dogs and cars look like, and they hold most of the
weights. So the network is cut, and a head of one layer learns which of its answers, side by side,
are people's work. Normalisation is worked into the filters.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

SIZE = 64
STEM = 32
LABELS = 2


class Block(NamedTuple):
    """An inverted bottleneck of the network: M. Tan and Q. Le, EfficientNet (ICML 2019), Lite0."""

    kernel: int
    stride: int
    expansion: int
    channels: int


BLOCKS = (
    Block(3, 1, 1, 16),
    Block(3, 2, 6, 24),
    Block(3, 1, 6, 24),
    Block(5, 2, 6, 40),
    Block(5, 1, 6, 40),
)
"""The first five of sixteen."""
HEAD = 48


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


class Filters(nn.Module):
    """A convolution padded as TensorFlow pads it: what is left over goes right and below."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> None:
        super().__init__()
        self.filters = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)
        before = (kernel - stride) // 2
        self._padding = (before, kernel - stride - before) * 2

    def forward(self, seen: Tensor) -> Tensor:
        """Return (n, outputs, height / stride, width / stride); sides are multiples of stride."""
        filtered: Tensor = self.filters(functional.pad(seen, self._padding))
        return filtered


class Bottleneck(nn.Module):
    """Widen, filter each channel, narrow again; added to the input where the shape stays."""

    def __init__(self, inputs: int, block: Block) -> None:
        super().__init__()
        wide = inputs * block.expansion
        self.widen = Filters(inputs, wide, 1, 1, 1) if block.expansion > 1 else None
        self.filter = Filters(wide, wide, block.kernel, block.stride, wide)
        self.narrow = Filters(wide, block.channels, 1, 1, 1)
        self._added = block.stride == 1 and inputs == block.channels

    def forward(self, seen: Tensor) -> Tensor:
        """Return (n, channels, height / stride, width / stride)."""
        wide = seen if self.widen is None else functional.relu6(self.widen(seen))
        narrow: Tensor = self.narrow(functional.relu6(self.filter(wide)))
        return narrow + seen if self._added else narrow


class Backbone(nn.Module):
    """From pixels to what the first blocks see in them."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = Filters(3, STEM, 3, 2, 1)
        inputs = (STEM, *(block.channels for block in BLOCKS[:-1]))
        self.blocks = nn.ModuleList(map(Bottleneck, inputs, BLOCKS))

    def forward(self, tiles: Tensor) -> Tensor:
        """Return (n, 40, 8, 8) of tiles (n, 64, 64, 3) in 0 to 255."""
        seen = (tiles.permute(0, 3, 1, 2).float() - 127) / 128  # as it was trained
        seen = functional.relu6(self.stem(seen))
        for block in self.blocks:
            seen = block(seen)
        return seen


class Head(nn.Module):
    """From what the backbone sees to one score for each label; ``norm`` while it is trained."""

    def __init__(self, *, norm: bool = False) -> None:
        super().__init__()
        self.filters = nn.Conv2d(BLOCKS[-1].channels, HEAD, 3, padding=1)
        self.norm = nn.BatchNorm2d(HEAD) if norm else nn.Identity()
        self.drop = nn.Dropout(0.2)
        self.scores = nn.Linear(2 * HEAD, LABELS)

    def forward(self, seen: Tensor) -> Tensor:
        """Return scores (n, 2): of means and of strongest answers, wherever they are."""
        found = functional.relu(self.norm(self.filters(seen)))
        pooled = torch.cat([found.mean((2, 3)), found.amax((2, 3))], dim=1)
        scores: Tensor = self.scores(self.drop(pooled))
        return scores


class Network(nn.Module):
    """The backbone, and the head on it."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.head = Head()

    def forward(self, tiles: Tensor) -> Tensor:
        """Return scores (n, 2) of tiles (n, 64, 64, 3) in 0 to 255."""
        scores: Tensor = self.head(self.backbone(tiles))
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
