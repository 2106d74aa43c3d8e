"""Train on the sample train split of seed 0, and write the trees to ``trees.npz``.

    python submissions/wildfire-patch-trees/train.py [OUTPUT_DIRECTORY]

scikit-learn grows the trees here; ``model.py`` needs NumPy alone to walk them. The trees learn
which patches lie in a box; the frame's score is learnt on scenes that the trees have not seen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from model import COLUMNS, ROWS, TREE_DEPTH, Trees, decode, features, summary
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
Numbers: TypeAlias = npt.NDArray[Any]
INNER_NODES = 2**TREE_DEPTH - 1
TREES = 80
CLEAR_KEPT = 0.12
"""Share of the patches without smoke that the trees are grown on: there are many, and alike."""
COVERED = 0.3
"""The share of a patch, from which on it counts as smoke, that lies in a box."""
HELD_OUT = 0.3
"""Share of the scenes that the score of the frame is learnt on."""


def covered(boxes: Sequence[Numbers]) -> Numbers:
    """Return (n, 12, 16): the largest share of each patch that lies in one of the frame's boxes."""
    shares = np.zeros((len(boxes), ROWS, COLUMNS))
    for share, of_frame in zip(shares, boxes, strict=True):
        for x1, y1, x2, y2 in of_frame:
            down = _overlap(y1 * ROWS, y2 * ROWS, ROWS)
            along = _overlap(x1 * COLUMNS, x2 * COLUMNS, COLUMNS)
            np.maximum(share, down[:, np.newaxis] * along, out=share)
    return shares


def _overlap(start: float, end: float, count: int) -> Numbers:
    cell = np.arange(count)
    return np.clip(np.minimum(end, cell + 1) - np.maximum(start, cell), 0.0, 1.0)


def export(booster: GradientBoostingClassifier) -> tuple[Numbers, Numbers, Numbers]:
    """Lay each grown tree out as a complete one; below an early leaf every leaf is its copy.

    Returns what ``Trees`` takes: features asked about, thresholds, and values of the leaves.
    """
    grown = [estimator.tree_ for estimator in booster.estimators_[:, 0]]
    feature = np.zeros((len(grown), INNER_NODES), dtype=np.int64)
    threshold = np.full((len(grown), INNER_NODES), np.inf, dtype=np.float32)
    leaf = np.zeros((len(grown), INNER_NODES + 1), dtype=np.float32)
    for number, tree in enumerate(grown):
        source = {0: 0}
        for node in range(INNER_NODES):
            at = source[node]
            if tree.children_left[at] < 0:
                source[2 * node + 1] = source[2 * node + 2] = at
                continue
            feature[number, node] = tree.feature[at]
            threshold[number, node] = tree.threshold[at]
            source[2 * node + 1] = tree.children_left[at]
            source[2 * node + 2] = tree.children_right[at]
        for place in range(INNER_NODES + 1):
            value = tree.value[source[INNER_NODES + place], 0, 0]
            leaf[number, place] = booster.learning_rate * value
    return feature, threshold, leaf


def main(output: Path) -> None:
    """Write ``trees.npz`` into ``output``."""
    train = load_task(ROOT, "wildfire-smoke").load_data("sample", SEED).warm_up  # the train split
    frames = [frame for frame in train.samples(range(len(train))) if isinstance(frame, bytes)]
    described = features(decode(frames))
    rng = np.random.default_rng(SEED)
    scenes = np.array(list(train.groups or ()))
    names = np.unique(scenes)
    held_out = np.isin(scenes, names[rng.random(len(names)) < HELD_OUT])
    shares = covered(train.boxes or ())[~held_out].ravel()
    used = (shares >= COVERED) | ((shares == 0) & (rng.random(len(shares)) < CLEAR_KEPT))
    patches = described[~held_out].reshape(-1, described.shape[-1])[used]
    booster = GradientBoostingClassifier(
        init="zero", n_estimators=TREES, learning_rate=0.15, max_depth=TREE_DEPTH,
        subsample=0.5, max_features=0.3, random_state=SEED,
    )  # fmt: skip
    booster.fit(patches, shares[used] >= COVERED)
    feature, threshold, leaf = export(booster)
    trees = Trees(feature, threshold, leaf)
    scores = trees.scores(described[held_out].reshape(-1, described.shape[-1]))
    frame = LogisticRegression(C=1.0, max_iter=1_000)
    frame.fit(summary(scores.reshape(-1, ROWS, COLUMNS)), train.labels[held_out])
    weights = np.append(frame.coef_[0], frame.intercept_)
    np.savez(output / "trees.npz", feature=feature, threshold=threshold, leaf=leaf, weights=weights)
    print(f"{len(patches)} patches of {np.sum(~held_out)} frames; {np.sum(held_out)} held out")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
