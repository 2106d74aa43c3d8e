"""Average the boxes of the sample train split, and write the one box to ``box.json``.

python submissions/wildfire-mean-box/train.py [OUTPUT_DIRECTORY]
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
    """Write ``box.json`` into ``output``."""
    train = load_task(ROOT, "wildfire-smoke").load_data("sample", SEED).warm_up  # the train split
    boxes = np.concatenate(list(train.boxes or ()))
    learnt = {
        "box": [round(corner, 6) for corner in boxes.mean(axis=0).tolist()],
        "score": round(float(np.mean(train.labels == 1)), 6),
        "boxes": len(boxes),
        "frames": len(train),
    }
    (output / "box.json").write_text(json.dumps(learnt) + "\n", encoding="utf-8")
    print(learnt)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
