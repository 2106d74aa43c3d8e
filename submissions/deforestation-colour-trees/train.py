"""Train on the sample train split of seed 0, and write the trees to ``trees.npz``.

    python submissions/deforestation-colour-trees/train.py [OUTPUT_DIRECTORY]

scikit-learn grows the trees here; ``model.py`` needs NumPy alone to walk them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from model import TREE_DEPTH, Trees, decode, features
from sklearn.ensemble import GradientBoostingClassifier

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
Numbers: TypeAlias = npt.NDArray[Any]
INNER_NODES = 2**TREE_DEPTH - 1


def export(booster: GradientBoostingClassifier) -> tuple[Numbers, Numbers, Numbers]:
    """Lay each grown tree out as a complete one; below an early leaf every leaf is its copy.

    Returns what ``Trees`` takes: features asked about, thresholds, and values of the leaves.
    """
    grown = [estimator.tree_ for estimator in booster.estimators_[:, 0]]
    feature = np.zeros((len(grown), INNER_NODES), dtype=np.int64)
    threshold = np.full((len(grown), INNER_NODES), np.inf)
    leaf = np.zeros((len(grown), INNER_NODES + 1))
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
    train = load_task(ROOT, "deforestation").load_data("sample", SEED).warm_up  # the train split
    tiles = [tile for tile in train.samples(range(len(train))) if isinstance(tile, bytes)]
    described = features(decode(tiles))
    booster = GradientBoostingClassifier(
        init="zero",
        n_estimators=150,
        max_depth=TREE_DEPTH,
        subsample=0.5,
        max_features=0.3,
        random_state=SEED,
    )
    booster.fit(described, train.labels)
    feature, threshold, leaf = export(booster)
    answers = Trees(feature, threshold, leaf).scores(described) > 0
    if not np.array_equal(answers, booster.predict(described)):
        raise RuntimeError("the exported trees answer otherwise than the grown ones")
    np.savez(output / "trees.npz", feature=feature, threshold=threshold, leaf=leaf)
    print(f"{len(described)} tiles, accuracy on them {np.mean(answers == train.labels):.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
