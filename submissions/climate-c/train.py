"""Train on the sample train split of seed 0, and write the weights to ``weights.bin``.

    python submissions/climate-c/train.py [OUTPUT_DIRECTORY]

``features`` and ``answer`` say in Python what ``run.c`` does: a test holds the two together.
"""

from __future__ import annotations

import re
import struct
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
LABELS = 8
BUCKETS = 1 << 15
PREFIX = 5
"""Letters (in UTF-8: bytes) at the beginning of a longer word that are a term of their own."""
REGULARISATION = 1.0
LARGEST = 127

HEADER = struct.Struct("<8sII")
MAGIC = b"TERMS001"
WORD = re.compile(rb"[a-z0-9\x80-\xff]+")
FNV_BASIS, FNV_PRIME = 2166136261, 16777619
PREFIX_MARK = 0x5BD1E995
PAIR_FACTOR = 0x9E3779B1
MASK = 0xFFFFFFFF


def features(text: str) -> list[int]:
    """Return the buckets of a text's terms: words, their beginnings, pairs of neighbours."""
    return [(term ^ term >> 16) % BUCKETS for term in terms(text.encode())]


def terms(text: bytes) -> Iterator[int]:
    """Yield the hashes of terms; letters of ASCII alone lose their case."""
    previous = None
    for word in WORD.findall(text.lower()):
        hashed = fnv(word)
        yield hashed
        if len(word) > PREFIX:
            yield fnv(word[:PREFIX]) ^ PREFIX_MARK
        if previous is not None:
            yield (previous * PAIR_FACTOR + hashed) & MASK
        previous = hashed


def fnv(word: bytes) -> int:
    """Return the 32-bit hash of Fowler, Noll and Vo, variant 1a."""
    hashed = FNV_BASIS
    for byte in word:
        hashed = (hashed ^ byte) * FNV_PRIME & MASK
    return hashed


def answer(weights: npt.NDArray[np.int8], text: str) -> int:
    """Return the label with the largest sum of weights, the lowest on a tie."""
    return int(weights[features(text)].sum(axis=0, dtype=np.int64).argmax())


def read_weights(path: Path) -> npt.NDArray[np.int8]:
    """Read (BUCKETS, LABELS) weights from the file that ``main`` wrote."""
    content = path.read_bytes()
    if HEADER.unpack_from(content) != (MAGIC, BUCKETS, LABELS):
        raise ValueError(f"{path} is of another version")
    return np.frombuffer(content, np.int8, offset=HEADER.size).reshape(BUCKETS, LABELS)


def weigh(quotes: Sequence[str], labels: Sequence[int]) -> npt.NDArray[np.int8]:
    """Return what each bucket weighs for every class.

    Neither an intercept nor the norm of a quote is needed for the largest score to win.
    """
    bags = [features(quote) for quote in quotes]
    ends = np.cumsum([0, *map(len, bags)])
    buckets = np.concatenate(bags)
    counts = csr_matrix((np.ones(len(buckets)), buckets, ends), shape=(len(bags), BUCKETS))
    counts.sum_duplicates()
    weighting = TfidfTransformer()
    regression = LogisticRegression(C=REGULARISATION, fit_intercept=False, max_iter=1000)
    regression.fit(weighting.fit_transform(counts), labels)
    weights = (regression.coef_ * weighting.idf_).T
    weights -= weights.mean(axis=1, keepdims=True)  # the same for all classes: changes no answer
    steps = np.rint(weights * (LARGEST / np.abs(weights).max()))
    return steps.astype(np.int8)


def main(output: Path) -> None:
    """Write ``weights.bin`` into ``output``."""
    task = load_task(ROOT, "climate-disinformation")
    train = task.load_data("sample", SEED).warm_up  # the source's train split
    quotes = [str(quote) for quote in train.samples(range(len(train)))]
    weights = weigh(quotes, train.labels.tolist())
    content = HEADER.pack(MAGIC, BUCKETS, LABELS) + weights.tobytes()
    (output / "weights.bin").write_bytes(content)
    used = int(weights.any(axis=1).sum())
    print(f"{used} of {BUCKETS} buckets weigh something")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
