"""Words and pairs of neighbouring words, weighted by TF-IDF, under logistic regression.

The largest score wins, so whatever is the same for all classes of a quote need not be computed: no
norm, no softmax, and no intercept, as training has none. A score is then a sum of weights, one for
each term of the quote; what a term weighs for every class is packed into one integer, so that one
addition adds all the scores. That needs the standard library only: importing scikit-learn would
cost more than answering thousands of quotes.
"""

from __future__ import annotations

import json
import re
import struct
from itertools import chain, pairwise, repeat
from pathlib import Path

TOKEN = re.compile(r"\w+")


class Tfidf:
    """Adds up the weights of a quote's terms.

    ``weights`` maps a term (a word, or two with a space between) to one whole number per class,
    none negative: a class's score then never borrows from its neighbour's 64 bits.
    """

    def __init__(self, weights: dict[str, list[int]], labels: int) -> None:
        self._scores = struct.Struct(f"<{labels}Q")
        pack = self._scores.pack
        packed = {term: int.from_bytes(pack(*row), "little") for term, row in weights.items()}
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
        scores = self._scores.unpack(sum(found).to_bytes(self._scores.size, "little"))
        return scores.index(max(scores))


def load(directory: Path) -> Tfidf:
    """Read the weights that ``train.py`` wrote."""
    learnt = json.loads((directory / "weights.json").read_text(encoding="utf-8"))
    return Tfidf(learnt["weights"], learnt["labels"])
