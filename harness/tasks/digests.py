"""Digests of a task and of the data that entries are judged on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.errors import ConfigurationError
from harness.tasks.card import CARD_FILE
from harness.tasks.generator import CODE_FILE
from harness.tasks.protocol import Sample, Split

BLOCK_ITEMS = 1024
ABSENT = (2**64 - 1).to_bytes(8, "little")


def task_digest(directory: Path) -> str:
    """Return the SHA-256 over the names and contents of the card and the code of a task."""
    sha = hashlib.sha256()
    for name in (CARD_FILE, CODE_FILE):
        try:
            content = (directory / name).read_bytes()
        except OSError as error:
            raise ConfigurationError(
                f"{directory / name}: cannot be read: {error.strerror}", remedy="restore the file"
            ) from None
        sha.update(_field(name.encode()) + _field(content))
    return sha.hexdigest()


def data_digest(split: Split, origin: str = "") -> str:
    """Return the SHA-256 over the items of a split, in their order.

    ``origin`` first, then of every item its identifier, sample, label and group, each preceded by
    its length in 8 bytes, little-endian; an absent group is the length 2^64 - 1. Texts are UTF-8,
    the label is its position in decimal. Holds at most ``BLOCK_ITEMS`` samples at once.
    """
    sha = hashlib.sha256(_field(origin.encode()))
    groups = split.groups
    for position, sample in enumerate(stream_samples(split)):
        sha.update(_field(split.ids[position].encode()))
        sha.update(_field(sample.encode() if isinstance(sample, str) else sample))
        sha.update(_field(str(int(split.labels[position])).encode()))
        sha.update(ABSENT if groups is None else _field(groups[position].encode()))
    return sha.hexdigest()


def stream_samples(split: Split) -> Iterator[Sample]:
    """Yield all samples of a split in order, a block at a time."""
    for start in range(0, len(split), BLOCK_ITEMS):
        yield from split.samples(range(start, min(start + BLOCK_ITEMS, len(split))))


def _field(content: bytes) -> bytes:
    return len(content).to_bytes(8, "little") + content
