"""Digests of a task and of the data that entries are judged on."""

from __future__ import annotations

import hashlib
from itertools import repeat
from pathlib import Path

from harness.tasks.protocol import Boxes, Split
from harness.tasks.splits import stream_samples

ABSENT = (2**64 - 1).to_bytes(8, "little")
CONVERTERS_FILE = "convert.py"


def task_digest(directory: Path) -> str:
    """Return the SHA-256 over the names and contents of the files that make a task.

    These are the card, the code, and what lies beside them for the code to read; not the prose
    (``*.md``), the converters (the data that they make has a digest of its own), hidden files, or
    what Python caches.
    """
    sha = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        if path.is_file() and path.suffix != ".md" and not _is_left_out(name):
            sha.update(_field(name.as_posix().encode()) + _field(path.read_bytes()))
    return sha.hexdigest()


class DataDigest:
    """The SHA-256 over the items of a split, in their order.

    ``origin`` first, then of every item its identifier, sample, label and group, each preceded by
    its length in 8 bytes, little-endian; an absent group is the length 2^64 - 1. Texts are UTF-8,
    the label is its position in decimal. Where the task has boxes, those of the item come after its
    label, as one field: x1, y1, x2, y2 of each as little-endian doubles.
    """

    def __init__(self, origin: str = "") -> None:
        self._sha = hashlib.sha256(_field(origin.encode()))

    def add(
        self,
        item_id: str,
        sample: bytes | memoryview,
        label: int,
        boxes: Boxes | None,
        group: str | None,
    ) -> None:
        """Take one item."""
        self._sha.update(_field(item_id.encode()) + _length(sample))
        self._sha.update(sample)
        rest = _field(str(label).encode())
        if boxes is not None:
            rest += _field(boxes.astype("<f8").tobytes())
        self._sha.update(rest + (ABSENT if group is None else _field(group.encode())))

    def hexdigest(self) -> str:
        """Return the digest of the items so far, in hexadecimal."""
        return self._sha.hexdigest()


def data_digest(split: Split, origin: str = "") -> str:
    """Return the digest of a split: see ``DataDigest``."""
    digest = DataDigest(origin)
    groups = repeat(None) if split.groups is None else split.groups
    all_boxes = repeat(None) if split.boxes is None else split.boxes
    labels = split.labels.tolist()
    items = zip(split.ids, stream_samples(split), labels, all_boxes, groups, strict=False)
    for item_id, sample, label, boxes, group in items:
        content = sample.encode() if isinstance(sample, str) else sample
        digest.add(item_id, content, label, boxes, group)
    return digest.hexdigest()


def _is_left_out(name: Path) -> bool:
    return name.as_posix() == CONVERTERS_FILE or any(
        part.startswith(".") or part == "__pycache__" for part in name.parts
    )


def _field(content: bytes) -> bytes:
    return _length(content) + content


def _length(content: bytes | memoryview) -> bytes:
    return len(content).to_bytes(8, "little")
