"""Adapt the model on the sample train split of seed 0; write ``changes.safetensors``.

    python submissions/climate-minilm/train.py [OUTPUT_DIRECTORY] [--weights DIR]

Fetches the model that ``submission.toml`` declares, or takes it from DIR, as ``evaluate`` does.
Needs the torch extra.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from encoder import Encoder, Floats, ends_of, means
from fetching import fetched
from model import CHANGES
from safetensors.numpy import save_file
from storage import VOCABULARY, WEIGHTS, read_tensors, read_vocabulary
from tuning import FROZEN, tune

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
AT_ONCE = 64


def lower_states(model: Path, quotes: Sequence[str]) -> tuple[list[Floats], Floats]:
    """Return each quote's pieces after the frozen layers, and the means that are read of them."""
    pieces = read_vocabulary(model / VOCABULARY)
    encoder = Encoder(read_tensors(model / WEIGHTS), layers=FROZEN)
    states, lower = [], []
    for at in range(0, len(quotes), AT_ONCE):
        texts = [pieces.numbers(quote) for quote in quotes[at : at + AT_ONCE]]
        ends = ends_of(texts)
        of_layers = encoder.states(texts)
        states += np.split(of_layers[-1], ends[1:-1])
        lower.append(np.concatenate([means(of_layers[depth], ends) for depth in (0, FROZEN)], 1))
    return states, np.concatenate(lower)


def main(output: Path, folder: Path | None) -> None:
    """Write ``changes.safetensors`` into ``output``."""
    task = load_task(ROOT, "climate-disinformation")
    train = task.load_data("sample", SEED).warm_up  # the source's train split
    quotes = [str(quote) for quote in train.samples(range(len(train)))]
    with fetched(folder) as model:
        states, lower = lower_states(model, quotes)
        tensors = {name: np.array(value) for name, value in read_tensors(model / WEIGHTS).items()}
    changes = tune(tensors, states, lower, train.labels.tolist(), seed=SEED).changes()
    save_file(changes, output / CHANGES)
    (output / CHANGES).chmod(0o644)  # safetensors makes it unreadable for others
    print(f"{sum(change.size for change in changes.values())} numbers")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", nargs="?", type=Path, default=HERE)
    parser.add_argument("--weights", type=Path, metavar="DIR")
    asked = parser.parse_args()
    main(asked.output, asked.weights)
