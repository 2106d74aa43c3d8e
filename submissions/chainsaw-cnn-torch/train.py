"""Train on the sample train split of seed 0, and write the network to ``weights.safetensors``.

python submissions/chainsaw-cnn-torch/train.py [OUTPUT_DIRECTORY]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from audio import mel_filters
from model import MELS, WIDTHS, Network, spectra
from safetensors.torch import save_file
from torch import Tensor, nn

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
EPOCHS = 30
BATCH = 32
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-2
SMOOTHING = 0.05
TILT = 1.0
"""How far a spectrum is tilted at most, from its middle to its ends: microphones differ."""


class TrainedNetwork(Network):
    """The same with batch normalisation after each convolution, and dropout before the end."""

    def __init__(self) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in WIDTHS[1:])
        self.dropout = nn.Dropout(0.3)

    def forward(self, spectra: Tensor) -> Tensor:
        """Return scores (n, 2)."""
        found = spectra
        for number, (convolution, norm) in enumerate(
            zip(self.convolutions, self.norms, strict=True)
        ):
            found = torch.relu(norm(convolution(found)))
            if number < len(self.convolutions) - 1:
                found = nn.functional.max_pool2d(found, 2)
        scores: Tensor = self.linear(self.dropout(found.mean(dim=2).flatten(1)))
        return scores

    def folded(self) -> Network:
        """Return the network that answers alike without the normalisation."""
        network = Network()
        with torch.no_grad():
            for trained, norm, plain in zip(
                self.convolutions, self.norms, network.convolutions, strict=True
            ):
                scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                plain.weight.copy_(trained.weight * scale[:, None, None, None])
                plain.bias.copy_((trained.bias - norm.running_mean) * scale + norm.bias)
        network.linear.load_state_dict(self.linear.state_dict())
        return network


def varied(chosen: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Turn each spectrum round in time, and tilt it."""
    slope = np.linspace(-1, 1, MELS, dtype=np.float32)
    made = np.empty_like(chosen)
    for row, spectrum in zip(made, chosen, strict=True):
        row[0] = np.roll(spectrum[0], int(rng.integers(spectrum.shape[1])), axis=0)
        row[0] += np.float32(rng.uniform(-TILT, TILT)) * slope
    return made


def train(made: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> Network:
    """Return a network trained on these spectra; the same for the same ones on one machine."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    rng = np.random.default_rng(SEED)
    network = TrainedNetwork().train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    batches = -(-len(made) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, LEARNING_RATE, total_steps=EPOCHS * batches
    )
    loss = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    for _ in range(EPOCHS):
        for chosen in np.array_split(rng.permutation(len(made)), batches):
            optimiser.zero_grad()
            scores = network(torch.from_numpy(varied(made[chosen], rng)))
            loss(scores, torch.from_numpy(labels[chosen])).backward()
            optimiser.step()
            schedule.step()
    return network.eval().folded()


def main(output: Path) -> None:
    """Write ``weights.safetensors`` into ``output``."""
    data = load_task(ROOT, "chainsaw").load_data("sample", SEED).warm_up  # the train split
    clips = [clip for clip in data.samples(range(len(data))) if isinstance(clip, bytes)]
    made, heard = spectra(clips, mel_filters(MELS))
    network = train(made[heard], data.labels[heard])
    silent = np.argmax(np.bincount(data.labels[~heard], minlength=2))  # the lower on a tie
    halved = {name: weight.half().contiguous() for name, weight in network.state_dict().items()}
    weights = {**halved, "silent": torch.tensor(int(silent))}
    path = output / "weights.safetensors"
    save_file(weights, path)
    path.chmod(0o644)  # safetensors makes it unreadable for others
    print(f"{sum(weight.numel() for weight in weights.values())} numbers")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
