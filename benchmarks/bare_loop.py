"""The loop that ``overhead.py`` compares with: load an entry, predict batch by batch, nothing else.

    python benchmarks/bare_loop.py <entry folder> <file of texts, one a line> <batch size>

Each line on standard input is a number of batches to go on by. When they are done, the CPU seconds
that they took are printed as one line; at the end of the input a digest of what was predicted.
Standard library only, as little as possible: whatever is done here is not counted as the harness's
cost.
"""

from __future__ import annotations

import hashlib
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
    print("ready", flush=True)
    for line in sys.stdin:
        began = time.process_time()
        for start in range(len(labels), len(labels) + int(line) * batch_size, batch_size):
            labels += model.predict(texts[start : start + batch_size])
        print(time.process_time() - began, flush=True)
    print(hashlib.sha256(bytes(labels)).hexdigest())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
