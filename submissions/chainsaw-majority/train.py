"""Count the labels of the sample train split, and write the most frequent to ``majority.json``.

python submissions/chainsaw-majority/train.py [OUTPUT_DIRECTORY]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

from harness.tasks import load_task

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SEED = 0


def main(output: Path) -> None:
    """Write ``majority.json`` into ``output``."""
    task = load_task(ROOT, "chainsaw")
    train = task.load_data("sample", SEED).warm_up  # the source's train split
    counts = np.bincount(train.labels, minlength=len(task.labels))
    learnt = {"label": int(np.argmax(counts)), "counts": counts.tolist()}  # lowest label on a tie
    (output / "majority.json").write_text(json.dumps(learnt) + "\n", encoding="utf-8")
    print(f"{task.labels[learnt['label']]}: {learnt['counts']}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
