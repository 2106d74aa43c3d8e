"""Train on the sample train split of seed 0, and write the network to ``weights.safetensors``.

python submissions/climate-embedding-torch/train.py [OUTPUT_DIRECTORY]
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from model import Network, features
from safetensors.torch import save_file
from torch import nn

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
EPOCHS = 15
BATCH = 64
LEARNING_RATE = 5e-3
WEIGHT_DECAY = 1e-4
SMOOTHING = 0.1
"""Part of each label that is spread over all labels: some are wrong."""
FORGOTTEN = 0.3
"""Share of a quote's terms that each epoch leaves out, so that none is relied on."""


def train(quotes: Sequence[str], labels: Sequence[int]) -> Network:
    """Return a network trained on these quotes; the same for the same quotes on one machine."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    rng = np.random.default_rng(SEED)
    bags = [np.array(features(quote)) for quote in quotes]
    targets = torch.tensor(labels)
    network = Network().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    for _ in range(EPOCHS):
        for chosen in np.array_split(rng.permutation(len(bags)), -(-len(bags) // BATCH)):
            kept = [bags[at][rng.random(len(bags[at])) > FORGOTTEN].tolist() for at in chosen]
            optimiser.zero_grad()
            loss(network(kept), targets[chosen]).backward()
            optimiser.step()
    return network


def main(output: Path) -> None:
    """Write ``weights.safetensors`` into ``output``."""
    task = load_task(ROOT, "climate-disinformation")
    split = task.load_data("sample", SEED).warm_up  # the source's train split
    quotes = [str(quote) for quote in split.samples(range(len(split)))]
    network = train(quotes, split.labels.tolist())
    halved = {name: weight.half() for name, weight in network.state_dict().items()}
    path = output / "weights.safetensors"
    save_file(halved, path)
    path.chmod(0o644)  # safetensors makes it unreadable for others
    print(f"{sum(weight.numel() for weight in halved.values())} weights")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
