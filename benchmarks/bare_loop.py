"""The loop that ``overhead.py`` compares with: load an entry, predict batch by batch, nothing else.

    python benchmarks/bare_loop.py <entry folder> <file of texts, one a line> <batch size>

Prints the CPU seconds of the loop, and a digest of what was predicted. Standard library only, as
little as possible: whatever is done here is not counted as the harness's cost.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path


def main(entry: Path, texts_file: Path, batch_size: int) -> None:
    """Time the loop over all texts; the first batch is also the warm-up."""
    texts = texts_file.read_text(encoding="utf-8").splitlines()
    sys.path.insert(0, str(entry))
    model = __import__("model").load(entry)
    model.predict(texts[:batch_size])
    labels: list[int] = []
    began = time.process_time()
    for start in range(0, len(texts), batch_size):
        labels += model.predict(texts[start : start + batch_size])
    seconds = time.process_time() - began
    digest = hashlib.sha256(bytes(labels)).hexdigest()
    print(json.dumps({"cpu_seconds": seconds, "predictions": digest}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
