"""Hashed words, pairs of words and letter n-grams, embedded and averaged, under a small network.

Letter n-grams let it read words that are new or mistyped. Nothing is kept from one quote to the
next: a cache of words would make later quotes cheaper than the first.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

BUCKETS = 16_384
WIDTH = 24
HIDDEN = 64
LABELS = 8
DROPPED = 0.5
"""Share of each layer's inputs that training leaves out."""
LETTERS = (3, 4, 5)
TOKEN = re.compile(r"\w+")


class Network(nn.Module):
    """From buckets to one score for each label."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.EmbeddingBag(BUCKETS, WIDTH, mode="mean")
        self.layers = nn.Sequential(
            nn.Dropout(DROPPED),
            nn.Linear(WIDTH, HIDDEN),
            nn.ReLU(),
            nn.Dropout(DROPPED),
            nn.Linear(HIDDEN, LABELS),
        )

    def forward(self, bags: list[list[int]]) -> Tensor:
        """Return scores (n, 8) for n bags of buckets; an empty bag is the zero vector."""
        offsets = [0]
        for bag in bags[:-1]:
            offsets.append(offsets[-1] + len(bag))
        buckets = torch.tensor([bucket for bag in bags for bucket in bag], dtype=torch.int64)
        scores: Tensor = self.layers(self.embedding(buckets, torch.tensor(offsets)))
        return scores


class Classifier:
    """Scores quotes with a trained network."""

    def __init__(self, network: Network) -> None:
        self._network = network.eval()

    def predict(self, samples: list[str]) -> Tensor:
        """Return scores (n, 8), float32; not probabilities."""
        with torch.inference_mode():
            scores: Tensor = self._network([features(sample) for sample in samples])
        return scores


def features(text: str) -> list[int]:
    """Return the buckets of a text's terms, in order, repeats kept."""
    return [zlib.crc32(term.encode()) % BUCKETS for term in terms(TOKEN.findall(text.lower()))]


def terms(words: list[str]) -> Iterator[str]:
    """Yield words, pairs of neighbours, and runs of 3 to 5 letters with the words' ends marked."""
    yield from words
    yield from map(" ".join, pairwise(words))
    for word in words:
        yield from letter_runs(f"<{word}>")


def letter_runs(word: str) -> Iterable[str]:
    """Return the runs of letters that are shorter than the word itself."""
    return [
        word[start : start + size]
        for size in LETTERS
        if len(word) > size
        for start in range(len(word) - size + 1)
    ]


def load(directory: Path) -> Classifier:
    """Read the weights that ``train.py`` wrote; they are stored in half precision."""
    torch.set_num_threads(1)  # the work of a batch is too small to share
    network = Network()
    network.load_state_dict(load_file(directory / "weights.safetensors"))
    return Classifier(network)
