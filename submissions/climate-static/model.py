"""Words of a large vocabulary, and pairs of them, under a linear layer over static word vectors.

A linear layer over a sum of word vectors is a sum of what the layer makes of each word. So no
vector is stored: ``train.py`` has put every word of the vocabulary through the layer, and what a
term weighs for every class is packed into one integer, so that one addition adds all the scores.
"""

from __future__ import annotations

import re
import struct
from itertools import chain, pairwise, repeat
from pathlib import Path

TERMS = "terms.txt"
WEIGHTS = "weights.bin"
LABELS = 8
LANE = 8
"""Bytes of a class's sum: a weight is one byte, and no text is long enough to fill eight."""
SCORES = struct.Struct(f"<{LABELS}Q")
TOKEN = re.compile(r"\w+")


class Static:
    """Adds up the weights of a quote's terms: a word, or two with a space between."""

    def __init__(self, terms: list[str], weights: bytes) -> None:
        """Take ``LABELS`` weights for each term, one byte each, none negative."""
        lanes = bytearray(LANE * len(weights))
        lanes[::LANE] = weights
        rows = (
            int.from_bytes(lanes[at : at + SCORES.size], "little")
            for at in range(0, len(lanes), SCORES.size)
        )
        packed = dict(zip(terms, rows, strict=True))
        self._words = {term: row for term, row in packed.items() if " " not in term}
        self._pairs = {tuple(term.split()): row for term, row in packed.items() if " " in term}

    def predict(self, samples: list[str]) -> list[int]:
        """Return the label with the largest score for each quote; the lowest label on a tie."""
        return [self._label(sample) for sample in samples]

    def _label(self, sample: str) -> int:
        words = TOKEN.findall(sample.lower())
        found = chain(
            map(self._words.get, words, repeat(0)),
            map(self._pairs.get, pairwise(words), repeat(0)),
        )
        scores = SCORES.unpack(sum(found).to_bytes(SCORES.size, "little"))
        return scores.index(max(scores))


def load(directory: Path) -> Static:
    """Read the terms and weights that ``train.py`` wrote."""
    terms = (directory / TERMS).read_text(encoding="utf-8").splitlines()
    return Static(terms, (directory / WEIGHTS).read_bytes())
