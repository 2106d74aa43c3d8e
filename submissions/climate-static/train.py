"""Train on the sample train split of seed 0; write ``terms.txt`` and ``weights.bin``.

    python submissions/climate-static/train.py [OUTPUT_DIRECTORY] [--weights DIR]

Takes the word vectors of all-MiniLM-L6-v2, which the entry ``climate-minilm`` declares: fetched, or
from DIR, as ``evaluate`` does for that entry. ``model.py`` needs neither them nor a library.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from model import LABELS, TERMS, TOKEN, WEIGHTS
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MINILM = ROOT / "submissions" / "climate-minilm"
SEED = 0
COMMON = 14_000
"""Whole words that are taken of the model's word pieces, which stand in the order of frequency."""
VECTOR_SHARE = 0.7
"""How much vectors count beside terms of their own; set by hand, as is the next."""
REGULARISATION = 2.0
LARGEST = 255
CLIPPED = 99.9
"""Percentile of the weights that is the largest step: few are larger, and they are cut."""


def read_vectors(
    seen: Sequence[str], weights: Path | None
) -> tuple[list[str], npt.NDArray[np.float32]]:
    """Return common words and those ``seen``, and the vector of each: the mean of its pieces.

    The vectors are as the model's first layer is given them, but for a word's place in its text.
    They are moved so that their mean is zero, and scaled so that their mean length is one.
    """
    sys.path.append(str(MINILM))
    from encoder import Norm  # noqa: PLC0415 - of the other entry
    from fetching import fetched  # noqa: PLC0415
    from storage import VOCABULARY, read_tensors, read_vocabulary  # noqa: PLC0415
    from storage import WEIGHTS as TENSORS  # noqa: PLC0415

    with fetched(weights) as folder:
        pieces = read_vocabulary(folder / VOCABULARY)
        written = (folder / VOCABULARY).read_text(encoding="utf-8").splitlines()
        tensors = read_tensors(folder / TENSORS)
        table = Norm(tensors, "embeddings.LayerNorm")(
            tensors["embeddings.word_embeddings.weight"]
            + tensors["embeddings.token_type_embeddings.weight"][0]
        )
    common = [piece for piece in written if piece.isascii() and piece.isalnum()][:COMMON]
    words = [*common, *sorted(set(seen) - set(common))]
    vectors = np.stack([table[pieces.numbers(word)[1:-1]].mean(axis=0) for word in words])
    vectors -= vectors.mean(axis=0)
    return words, vectors / np.linalg.norm(vectors, axis=1).mean()


def weigh(
    quotes: Sequence[str], labels: Sequence[int], weights: Path | None
) -> dict[str, npt.NDArray[np.float64]]:
    """Return what each term weighs for every class.

    A quote is the sum of its terms, each a direction of its own, and of its words' vectors, all
    weighted by how few quotes have them. Both parts are divided by the norm of the first, and there
    is no intercept: then the largest score wins without either, see ``climate-tfidf``.
    """
    own = CountVectorizer(token_pattern=TOKEN.pattern, ngram_range=(1, 2), min_df=2)
    of_terms = own.fit_transform(quotes)
    seen = {word for quote in quotes for word in TOKEN.findall(quote.lower())}
    words, vectors = read_vectors(sorted(seen), weights)
    of_words = CountVectorizer(token_pattern=TOKEN.pattern, vocabulary=words).transform(quotes)
    rarity_of_words = rarity(of_words)
    vectors = vectors * (VECTOR_SHARE * rarity_of_words[:, None])

    weighted = of_terms @ diags(rarity(of_terms))
    norms = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1))).clip(1e-9)
    both = hstack([weighted, csr_matrix(of_words @ vectors)]).multiply(1 / norms)
    regression = LogisticRegression(C=REGULARISATION, fit_intercept=False, max_iter=1000)
    regression.fit(both.tocsr(), labels)

    terms = own.get_feature_names_out().tolist()
    made = dict(zip(words, vectors @ regression.coef_[:, len(terms) :].T, strict=True))
    own_weights = (regression.coef_[:, : len(terms)] * rarity(of_terms)).T
    for term, row in zip(terms, own_weights, strict=True):
        made[term] = made[term] + row if term in made else row
    return made


def rarity(counts: csr_matrix) -> npt.NDArray[np.float64]:
    """Return the inverse document frequency of each column, as scikit-learn has it."""
    having = np.asarray((counts > 0).sum(axis=0)).ravel()
    weights: npt.NDArray[np.float64] = np.log((1 + counts.shape[0]) / (1 + having)) + 1
    return weights


def in_bytes(weights: npt.NDArray[np.float64]) -> bytes:
    """Return weights in whole steps, each term's least at zero, which changes no answer."""
    weights = weights - weights.min(axis=1, keepdims=True)
    steps = np.rint(weights * (LARGEST / np.percentile(weights.max(axis=1), CLIPPED)))
    return steps.clip(0, LARGEST).astype(np.uint8).tobytes()


def main(output: Path, weights: Path | None) -> None:
    """Write ``terms.txt`` and ``weights.bin`` into ``output``."""
    task = load_task(ROOT, "climate-disinformation")
    train = task.load_data("sample", SEED).warm_up  # the source's train split
    quotes = [str(quote) for quote in train.samples(range(len(train)))]
    found = weigh(quotes, train.labels.tolist(), weights)
    terms = sorted(found)
    rows = np.stack([found[term] for term in terms])
    if rows.shape[1] != LABELS:
        raise SystemExit(f"the task has {rows.shape[1]} labels, not {LABELS}")
    (output / TERMS).write_text("\n".join(terms) + "\n", encoding="utf-8")
    (output / WEIGHTS).write_bytes(in_bytes(rows))
    print(f"{len(terms)} terms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", nargs="?", type=Path, default=HERE)
    parser.add_argument("--weights", type=Path, metavar="DIR")
    asked = parser.parse_args()
    main(asked.output, asked.weights)
