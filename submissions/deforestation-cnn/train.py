"""Train on a train split, the sample's of seed 0 by default, and write ``weights.safetensors``.

    python submissions/deforestation-cnn/train.py [OUTPUT_DIRECTORY] [--data DATA]

DATA is what ``evaluate --data`` takes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from model import Network, decode
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
EPOCHS = 24
BATCH = 64
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 0.02
SMOOTHING = 0.05
"""Part of each label that is spread over both: of what a cloud hides nobody can be sure."""


def varied(tiles: Tensor) -> Tensor:
    """Turn or mirror a batch, and light each of its tiles otherwise; neither changes a label."""
    turned = torch.rot90(tiles, int(torch.randint(4, ())), (1, 2))
    if int(torch.randint(2, ())):
        turned = turned.flip(2)
    light = 0.85 + 0.3 * torch.rand(len(tiles), 1, 1, 1)
    tint = 0.95 + 0.1 * torch.rand(len(tiles), 1, 1, 3)
    return turned.float() * light * tint


def train(
    tiles: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64], *, epochs: int = EPOCHS
) -> Network:
    """Return a network trained on these tiles; the same for the same tiles on one machine."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    pixels, targets = torch.from_numpy(tiles), torch.from_numpy(labels)
    network = Network(norms=True).train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = epochs * -(-len(tiles) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for _ in range(epochs):
        for chosen in torch.randperm(len(tiles)).split(BATCH):
            optimiser.zero_grad()
            scores = network(varied(pixels[chosen]))
            loss = functional.cross_entropy(scores, targets[chosen], label_smoothing=SMOOTHING)
            loss.backward()
            optimiser.step()
            schedule.step()
    return folded(network.eval())


def folded(network: Network) -> Network:
    """Return the same network with its norms worked into its filters."""
    plain = Network().eval()
    with torch.no_grad():
        for filters, norm, made in zip(network.filters, network.norms, plain.filters, strict=True):
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            made.weight.copy_(filters.weight * scale[:, None, None, None])
            made.bias.copy_((filters.bias - norm.running_mean) * scale + norm.bias)
        plain.head.load_state_dict(network.head.state_dict())
    return plain


def main(output: Path, data: str) -> None:
    """Write ``weights.safetensors`` into ``output``."""
    split = load_task(ROOT, "deforestation").load_data(data, SEED).warm_up  # the train split
    samples = [tile for tile in split.samples(range(len(split))) if isinstance(tile, bytes)]
    network = train(decode(samples), split.labels)
    halved = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    path = output / "weights.safetensors"
    save_file(halved, path)
    path.chmod(0o644)  # safetensors makes it unreadable for others
    print(f"{len(samples)} tiles, {sum(weight.numel() for weight in halved.values())} weights")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, nargs="?", default=HERE, metavar="OUTPUT_DIRECTORY")
    parser.add_argument("--data", default="sample", help="the source of the train split")
    arguments = parser.parse_args()
    main(arguments.output, arguments.data)
