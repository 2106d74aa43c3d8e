"""Train on the sample train split of seed 0, and write the network to ``weights.safetensors``.

    python submissions/wildfire-cnn-torch/train.py [OUTPUT_DIRECTORY]

A cell in the middle of a box is to say so, and how far its sides are; cells in the rest of the box
are left alone. The surest cell of a frame is to say whether there is smoke at all.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from model import COLUMNS, ROWS, Layer, Network, as_input, corners, decode
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
EPOCHS = 24
BATCH = 32
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-3
MIDDLE = 0.5
"""The share of a box's height and width that counts as its middle."""
IGNORED = -1.0
RARE = -4.0
"""The logit of every cell to begin with: smoke is in few."""


def targets(boxes: Sequence[np.ndarray]) -> tuple[Tensor, Tensor]:
    """Return what each cell is to say (1, 0, or ``IGNORED``), and its box: (n, 4, 24, 32)."""
    said = torch.zeros(len(boxes), ROWS, COLUMNS)
    box_of = torch.zeros(len(boxes), 4, ROWS, COLUMNS)
    x = (torch.arange(COLUMNS) + 0.5) / COLUMNS
    y = (torch.arange(ROWS) + 0.5)[:, None] / ROWS
    for number, of_frame in enumerate(boxes):
        for x1, y1, x2, y2 in of_frame:
            inside = (x >= x1) & (x <= x2) & (y >= y1) & (y <= y2)
            said[number][inside & (said[number] == 0)] = IGNORED
        for x1, y1, x2, y2 in of_frame:
            across, down = (x1 + x2) / 2, (y1 + y2) / 2
            half_width = max(MIDDLE * (x2 - x1) / 2, 0.5 / COLUMNS)
            half_height = max(MIDDLE * (y2 - y1) / 2, 0.5 / ROWS)
            middle = ((x - across).abs() <= half_width) & ((y - down).abs() <= half_height)
            said[number][middle] = 1.0
            box_of[number][:, middle] = torch.tensor([x1, y1, x2, y2]).float()[:, None]
    return said, box_of


def loss_of(network: Network, pixels: Tensor, said: Tensor, box_of: Tensor) -> Tensor:
    """Return the loss of a batch: of cells, of their boxes and of whole frames."""
    logits, sides = network(pixels)
    there = said == 1
    count = there.sum().clamp(min=1)
    chance = logits.sigmoid()
    surprise = functional.binary_cross_entropy_with_logits(logits, there.float(), reduction="none")
    off = torch.where(there, 1 - chance, chance)
    cells = (surprise * off * off)[said != IGNORED].sum() / count
    of_frame = functional.binary_cross_entropy_with_logits(
        logits.flatten(1).max(dim=1).values, there.flatten(1).any(dim=1).float()
    )
    drawn = corners(sides).permute(0, 2, 3, 1)[there]
    wanted = box_of.permute(0, 2, 3, 1)[there]
    fit = overlaps(drawn, wanted)
    return cells + of_frame + (1 - fit).sum() / count


def overlaps(these: Tensor, those: Tensor) -> Tensor:
    """Return (m,): the intersection over union of each pair."""
    low, high = torch.maximum(these[:, :2], those[:, :2]), torch.minimum(these[:, 2:], those[:, 2:])
    common = (high - low).clamp(min=0).prod(dim=1)
    areas = [(each[:, 2:] - each[:, :2]).prod(dim=1) for each in (these, those)]
    return common / (areas[0] + areas[1] - common).clamp(min=1e-9)


def mirrored(pixels: Tensor, said: Tensor, box_of: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the frames seen in a mirror, and what is to be said of them."""
    x1, y1, x2, y2 = box_of.flip(3).unbind(1)
    return pixels.flip(3), said.flip(2), torch.stack([1 - x2, y1, 1 - x1, y2], dim=1)


def train(frames: np.ndarray, boxes: Sequence[np.ndarray]) -> Network:
    """Return a network trained on these frames; the same for the same frames on one machine."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    rng = np.random.default_rng(SEED)
    said, box_of = targets(boxes)
    network = Network(norm=True).train()
    torch.nn.init.constant_(network.head.bias[:1], RARE)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = -(-len(frames) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=EPOCHS * batches
    )
    for epoch in range(EPOCHS):
        total = 0.0
        for chosen in np.array_split(rng.permutation(len(frames)), batches):
            light = torch.from_numpy(
                rng.uniform([0.85, -0.3], [1.15, 0.3], (len(chosen), 2))
            ).float()
            pixels = as_input(frames[chosen])
            pixels = pixels * light[:, :1, None, None] + light[:, 1:, None, None]
            batch = (pixels, said[chosen], box_of[chosen])
            loss = loss_of(network, *(mirrored(*batch) if rng.random() < 0.5 else batch))  # noqa: PLR2004 - even odds
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach())
        print(f"epoch {epoch + 1}: loss {total / batches:.4f}", flush=True)
    return network.eval()


def fused(trained: Network) -> Network:
    """Return the network with each norm folded into the convolution before it."""
    plain = Network()
    of_plain = {name: module for name, module in plain.named_modules() if isinstance(module, Layer)}
    for name, module in trained.named_modules():
        if isinstance(module, Layer):
            of_plain[name].convolution = fuse_conv_bn_eval(module.convolution, module.norm)
    plain.narrow, plain.head = trained.narrow, trained.head
    return plain.eval()


def main(output: Path) -> None:
    """Write ``weights.safetensors`` into ``output``."""
    split = load_task(ROOT, "wildfire-smoke").load_data("sample", SEED).warm_up  # the train split
    samples = [sample for sample in split.samples(range(len(split))) if isinstance(sample, bytes)]
    network = fused(train(decode(samples), list(split.boxes or ())))
    halved = {name: weight.half() for name, weight in network.state_dict().items()}
    path = output / "weights.safetensors"
    save_file(halved, path)
    path.chmod(0o644)  # safetensors makes it unreadable for others
    print(f"{sum(weight.numel() for weight in halved.values())} weights")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
