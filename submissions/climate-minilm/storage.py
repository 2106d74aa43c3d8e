"""Read the model's files as its authors published them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from wordpiece import WordPiece

WEIGHTS = "weights/model.safetensors"
VOCABULARY = "weights/vocab.txt"
TYPES = {"F32": "<f4", "F16": "<f2"}


def read_vocabulary(path: Path) -> WordPiece:
    """Read the model's word pieces, one a line."""
    return WordPiece(path.read_text(encoding="utf-8").splitlines())


def read_tensors(path: Path) -> dict[str, npt.NDArray[Any]]:
    """Map a file of safetensors into memory: of the table of words only what is used is read."""
    content = np.memmap(path, np.uint8, mode="r")
    start = 8 + int(content[:8].view("<u8")[0])
    header = json.loads(content[8:start].tobytes())
    tensors = {}
    for name, entry in header.items():
        if entry.get("dtype") not in TYPES:
            continue  # the positions' numbers, and the file's own notes
        begin, end = entry["data_offsets"]
        numbers = content[start + begin : start + end].view(TYPES[entry["dtype"]])
        tensors[name] = np.asarray(numbers).reshape(entry["shape"])
    return tensors
