"""Train on the sample train split of seed 0, and write the weights to ``linear.npz``.

    python submissions/chainsaw-mel-linear/train.py [OUTPUT_DIRECTORY]

scikit-learn fits them here; ``model.py`` needs NumPy alone.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from audio import mel_filters
from model import MELS, features
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0
REGULARISATION = 0.3
"""scikit-learn's C."""


def main(output: Path) -> None:
    """Write ``linear.npz`` into ``output``."""
    train = load_task(ROOT, "chainsaw").load_data("sample", SEED).warm_up  # the train split
    clips = [clip for clip in train.samples(range(len(train))) if isinstance(clip, bytes)]
    described = features(clips, mel_filters(MELS))
    heard = ~np.isnan(described[:, 0])
    fitted = make_pipeline(
        StandardScaler(), LogisticRegression(C=REGULARISATION, max_iter=5_000)
    ).fit(described[heard], train.labels[heard])
    scaler, linear = fitted.steps[0][1], fitted.steps[1][1]
    weights = linear.coef_[0] / scaler.scale_  # the scaling is part of the weights
    bias = linear.intercept_[0] - weights @ scaler.mean_
    silent = np.argmax(np.bincount(train.labels[~heard], minlength=2))  # the lower on a tie
    np.savez(
        output / "linear.npz",
        weights=weights.astype(np.float32),
        bias=np.float32(bias),
        silent=np.int64(silent),
    )
    right = fitted.predict(described[heard]) == train.labels[heard]
    print(f"{len(clips)} clips, accuracy on those with sound {np.mean(right):.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
