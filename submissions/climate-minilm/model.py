"""all-MiniLM-L6-v2, its upper layers adapted to the task.

The encoder is written out in NumPy (``encoder.py``, ``wordpiece.py``), so that the lock holds one
package: importing a framework would cost more than reading hundreds of quotes.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # heeded while NumPy is imported

import numpy as np
from encoder import Encoder, Floats
from storage import VOCABULARY, WEIGHTS, read_tensors, read_vocabulary
from wordpiece import WordPiece

CHANGES = "changes.safetensors"


class Classifier:
    """Scores quotes."""

    def __init__(self, pieces: WordPiece, encoder: Encoder, head: Floats, shift: Floats) -> None:
        self._pieces = pieces
        self._encoder = encoder
        self._head = head
        self._shift = shift

    def predict(self, samples: list[str]) -> Floats:
        """Return scores (n, 8), float32; not probabilities."""
        texts = [self._pieces.numbers(sample) for sample in samples]
        scores: Floats = self._encoder.encode(texts) @ self._head.T + self._shift
        return scores


def load(directory: Path) -> Classifier:
    """Read the model, and add to its upper layers what ``train.py`` has learnt."""
    changes = read_tensors(directory / CHANGES)
    return Classifier(
        read_vocabulary(directory / VOCABULARY),
        Encoder(merged(read_tensors(directory / WEIGHTS), changes)),
        changes["head.weight"].astype(np.float32),
        changes["head.bias"].astype(np.float32),
    )


def merged(tensors: Mapping[str, Floats], changes: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the model's tensors with the learnt changes, each a product of two, added."""
    made = dict(tensors)
    for name in [name.removesuffix(".up") for name in changes if name.endswith(".up")]:
        up, down = (changes[f"{name}.{part}"].astype(np.float32) for part in ("up", "down"))
        made[f"{name}.weight"] = made[f"{name}.weight"] + up @ down
    return made
