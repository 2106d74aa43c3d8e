"""A small convolutional network that draws boxes around smoke.

It sees the frame at half its resolution, which a JPEG decoder gives for a fraction of the cost, and
answers for each cell of 8 x 8 pixels of the whole frame: is this the middle of a plume, and how far
from here is each side of its box?
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

WIDTH, HEIGHT = 128, 96
STRIDE = 4
ROWS, COLUMNS = HEIGHT // STRIDE, WIDTH // STRIDE
FINE, COARSE = 32, 48
"""Channels at a quarter and at an eighth of what the network sees."""
CANDIDATES = 24
"""Cells of a frame that are looked at for boxes."""
MOST_BOXES = 4
LEAST_SCORE = 0.05
LARGEST_OVERLAP = 0.3
"""Intersection over union with a surer box, from which on a box is of the same plume."""


class Layer(nn.Module):
    """A convolution of 3 x 3, and what is below zero cut off; ``norm`` while it learns."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, *, norm: bool) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 3, stride, 1)
        self.norm = nn.BatchNorm2d(outputs) if norm else nn.Identity()

    def forward(self, field: Tensor) -> Tensor:
        """Return (n, outputs, height / stride, width / stride)."""
        return functional.relu(self.norm(self.convolution(field)))


class Network(nn.Module):
    """From pixels to a logit and the four sides of a box for each cell."""

    def __init__(self, *, norm: bool = False) -> None:
        super().__init__()
        self.down = nn.Sequential(
            Layer(3, 12, 2, norm=norm), Layer(12, 24, 2, norm=norm), Layer(24, FINE, norm=norm)
        )
        self.deep = nn.Sequential(
            Layer(FINE, COARSE, 2, norm=norm),
            Layer(COARSE, COARSE, norm=norm),
            Layer(COARSE, COARSE, norm=norm),
        )
        self.narrow = nn.Conv2d(COARSE, FINE, 1)
        self.merge = Layer(FINE, FINE, norm=norm)
        self.head = nn.Conv2d(FINE, 5, 1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Return (n, 24, 32) logits, and (n, 4, 24, 32) distances to the sides, in cells."""
        fine = self.down(pixels)
        coarse = functional.interpolate(self.narrow(self.deep(fine)), scale_factor=2.0)
        out = self.head(self.merge(fine + coarse))
        return out[:, 0], torch.exp(out[:, 1:].clamp(-4.0, 4.0))


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


def as_input(frames: npt.NDArray[np.uint8]) -> Tensor:
    """Return (n, 3, 96, 128), about 0."""
    return torch.from_numpy(frames).permute(0, 3, 1, 2).float().div(64.0).sub(2.0)


def corners(sides: Tensor) -> Tensor:
    """Return (n, 4, 24, 32) x1, y1, x2, y2 from 0 to 1, of distances in cells."""
    x = torch.arange(COLUMNS) + 0.5
    y = (torch.arange(ROWS) + 0.5)[:, None]
    left, top, right, bottom = sides.unbind(1)
    return torch.stack(
        [(x - left) / COLUMNS, (y - top) / ROWS, (x + right) / COLUMNS, (y + bottom) / ROWS], dim=1
    ).clamp(0.0, 1.0)


class Detector:
    """Draws boxes with a trained network."""

    def __init__(self, network: Network) -> None:
        self._network = network.eval()

    def predict(self, samples: list[bytes]) -> list[list[list[float]]]:
        """Return the boxes of each frame: x1, y1, x2, y2, score."""
        if not samples:
            return []
        with torch.inference_mode():
            logits, sides = self._network(as_input(decode(samples)))
            scores, cells = logits.sigmoid().flatten(1).topk(CANDIDATES)
            places = cells[:, None].expand(-1, 4, -1)
            boxes = corners(sides).flatten(2).gather(2, places).transpose(1, 2)
            found = torch.cat([boxes, scores[..., None]], dim=2)
        return [_apart(candidates) for candidates in found.tolist()]


def _apart(candidates: list[list[float]]) -> list[list[float]]:
    """Keep the surest box, and each further one that is not of the same plume."""
    kept: list[list[float]] = []
    for box in candidates:
        if box[4] < LEAST_SCORE or len(kept) == MOST_BOXES:
            break
        if all(_overlap(box, other) < LARGEST_OVERLAP for other in kept):
            kept.append(box)
    return kept


def _overlap(one: list[float], other: list[float]) -> float:
    width = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    height = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    covered = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1])
    return width * height / max(covered - width * height, 1e-9)


def load(directory: Path) -> Detector:
    """Read the weights that ``train.py`` wrote; they are stored in half precision."""
    torch.set_num_threads(1)  # the work of a batch is too small to share
    network = Network()
    network.load_state_dict(load_file(directory / "weights.safetensors"))
    return Detector(network)
