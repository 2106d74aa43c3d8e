"""Train on the sample train split of seed 0, and write the weights to ``weights.json``.

    python submissions/climate-tfidf/train.py [OUTPUT_DIRECTORY]

scikit-learn trains here; ``model.py`` needs neither it nor NumPy to add weights up.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from model import TOKEN
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
STEPS_PER_UNIT = 1000
"""Weights are stored as whole thousandths."""


def weigh(quotes: Sequence[str], labels: Sequence[int]) -> dict[str, list[int]]:
    """Return what each term that at least two quotes have weighs for every class."""
    # Plain counts as term frequency, no intercept and no norm in the answer: see model.py.
    vectorizer = TfidfVectorizer(token_pattern=TOKEN.pattern, ngram_range=(1, 2), min_df=2)
    regression = LogisticRegression(C=2.0, fit_intercept=False, max_iter=1000)
    regression.fit(vectorizer.fit_transform(quotes), labels)
    weights = regression.coef_ * vectorizer.idf_
    weights -= weights.min(axis=0)  # the same for all classes: changes no answer
    rows = np.rint(STEPS_PER_UNIT * weights.T).astype(int).tolist()
    return dict(zip(vectorizer.get_feature_names_out().tolist(), rows, strict=True))


def main(output: Path) -> None:
    """Write ``weights.json`` into ``output``, one term a line."""
    task = load_task(ROOT, "climate-disinformation")
    train = task.load_data("sample", SEED).warm_up  # the source's train split
    quotes = [str(quote) for quote in train.samples(range(len(train)))]
    weights = weigh(quotes, train.labels.tolist())
    rows = [
        f"{json.dumps(term)}: {json.dumps(row, separators=(',', ':'))}"
        for term, row in sorted(weights.items())
    ]
    content = f'{{"labels": {len(task.labels)}, "weights": {{\n' + ",\n".join(rows) + "\n}}\n"
    (output / "weights.json").write_text(content, encoding="utf-8")
    print(f"{len(weights)} terms")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
